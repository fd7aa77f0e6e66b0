import { adminJa, mailboxJa } from './ja-admin.ts';
import { consoleJa } from './ja-console.ts';
import { customerJa } from './ja-customer.ts';
import { portalJa } from './ja-portal.ts';

/** Every text of the pages, Japanese; `en.ts` has the same keys. Each area has its own file. */
export const ja = {
  common: {
    product: '電話番',
    loading: '読み込み中',
    problem: '問題が起きました',
    retry: 'もう一度試す',
    close: '閉じる',
    cancel: 'やめる',
    notFound: 'ページが見つかりません',
    toHome: '最初の画面へ',
    showPassword: 'パスワードを表示する',
  },
  callPhase: {
    waiting: '待ち',
    offering: '呼出中',
    connecting: '接続中',
    talking: '通話中',
    reconnecting: '再接続中',
    held: '保留中',
    relaying: '担当者呼出中',
    consulting: '担当者と通話中',
    'three-way': '三者通話中',
    relayed: '取次ぎ済み',
    parked: 'パーク中',
    'handing-over': '引き継ぎ中',
    'calling-contact': '折返し・担当者呼出中',
    'calling-customer': '折返し・お客様呼出中',
    unattended: '案内中',
    'wrap-up': '後処理中',
    ended: '終了',
  },
  menu: {
    open: '{{name}} のメニュー',
    look: '見た目',
    scheme: { light: '明るい', dark: '暗い', auto: '端末に合わせる' },
    language: '言語 / Language',
    signOut: 'サインアウト',
    areas: '画面の切り替え',
    console: '受電画面',
    admin: '管理画面',
    messages: 'すべての伝言',
  },
  signIn: {
    title: 'サインイン',
    email: 'メールアドレス',
    password: 'パスワード',
    submit: 'サインイン',
    emailNeeded: 'メールアドレスを入れてください。',
    passwordNeeded: 'パスワードを入れてください。',
    ended:
      'サインインの有効期限が切れました。もう一度サインインしてください。書きかけの伝言は保存されています。',
    setupNeeded:
      '管理者がまだいません。起動したときに表示された「最初の管理者」のリンクを開いてください。',
    demo: 'お試し用アカウント（デモ）',
    demoHint: '選ぶとすぐにサインインします。',
  },
  role: {
    operator: '電話秘書',
    supervisor: 'スーパーバイザー',
    administrator: '管理者',
    member: '契約者',
  },
  setup: {
    title: '最初の管理者をつくる',
    lead: 'この電話番を管理する人のアカウントをつくります。このリンクは一度だけ使えます。',
    name: 'お名前',
    email: 'メールアドレス',
    password: 'パスワード',
    passwordHint: '10文字以上。覚えやすい言葉をいくつか並べるのがおすすめです。',
    repeat: 'パスワード（もう一度）',
    mismatch: '2つのパスワードが違います。',
    tooShort: '10文字以上にしてください。',
    nameNeeded: 'お名前を入れてください。',
    emailNeeded: 'メールアドレスを入れてください（例: name@example.jp）。',
    submit: 'つくって始める',
    noToken:
      'リンクに必要な文字が足りません。起動したときに表示されたリンク全体を開いてください。新しいリンクは npm run denwaban -- first-admin で表示できます。',
  },
  insecure: {
    title: 'このアドレスではマイクを使えません',
    why: '{{origin}} は暗号化されていない接続です。ブラウザーは、https:// または http://localhost で開いたページにだけマイクを使わせるため、このままでは電話を受けられません。',
    localhost: 'このコンピューターで動かしているなら、http://localhost で開いてください。',
    certificate: '社内で使うなら、サーバーで証明書をつくり、https:// で開いてください。',
    proxy:
      '証明書を持つプロキシ（リバースプロキシ）があるなら、そこから開いてください（例: {{url}}）。',
    english: '',
  },
  delivery: {
    queued: '送信待ち',
    sending: '送信中',
    accepted: '受付済み',
    retrying: '再試行中',
    uncertain: '確認中',
    failed: '失敗',
    none: '送信先なし',
    acceptedHint: '相手のメールサーバーが受け取りました。',
    uncertainHint: '送れたかどうかを確認しています。届いたものに【再送】が付くことがあります。',
    nextAttempt: '次は {{time}}',
    attempts: '{{count}}回目',
  },
  console: consoleJa,
  portal: portalJa,
  customer: customerJa,
  mailbox: mailboxJa,
  admin: adminJa,
} as const;

type Words<T> = { readonly [K in keyof T]: T[K] extends string ? string : Words<T[K]> };
export type Texts = Words<typeof ja>;
