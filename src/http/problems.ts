import type { FastifyReply } from 'fastify';
import type { Problem } from '../contract/index.ts';

type Entry = { status: number; ja: string; en: string };
const entry = (status: number, ja: string, en: string): Entry => ({ status, ja, en });

/** Every refusal the API speaks. docs/errors.md is this table for people; a test compares them. */
export const PROBLEMS = {
  'invalid-request': entry(
    400,
    '入力に誤りがあります。示された項目を直して、もう一度送ってください。',
    'The request is not valid. Correct the fields named and send it again.',
  ),
  'bad-sdp': entry(
    400,
    'ブラウザの音声接続の情報を読み取れませんでした。ページを再読み込みしてください。',
    "The browser's audio offer could not be read. Reload the page.",
  ),
  'not-signed-in': entry(401, 'サインインしてください。', 'Sign in first.'),
  'wrong-password': entry(
    401,
    'メールアドレスまたはパスワードが違います。',
    'The e-mail address or the password is wrong.',
  ),
  'not-allowed': entry(
    403,
    'この操作をする権限がありません。管理者に確認してください。',
    'Your account may not do this. Ask an administrator.',
  ),
  'foreign-origin': entry(
    403,
    '別のサイトからの要求のため受け付けませんでした。DENWABAN_PUBLIC_URL のアドレスで開き直してください。',
    'Refused: the request came from another site. Open the address in DENWABAN_PUBLIC_URL.',
  ),
  'not-your-call': entry(
    403,
    'この通話は別のオペレーターが応対しています。',
    'Another operator has this call.',
  ),
  'setup-link-wrong': entry(
    403,
    '初期設定のリンクが無効です。新しいリンクを「npm run denwaban -- first-admin」で表示してください。',
    'This setup link is not valid. Print a new one: npm run denwaban -- first-admin',
  ),
  'not-found': entry(404, '見つかりません。', 'There is no such thing here.'),
  'no-such-call': entry(404, 'この通話はありません。', 'There is no such call.'),
  'no-draft': entry(
    404,
    'この通話には入力中の伝言がありません。',
    'This call has no message being written.',
  ),
  'unknown-number': entry(
    404,
    'この番号はどの契約者のものでもありません。',
    'This number belongs to no subscriber.',
  ),
  'no-such-contact': entry(
    404,
    'この契約者にその担当者は登録されていません。',
    'The subscriber has no such contact.',
  ),
  'not-offered': entry(
    409,
    'この通話はもう呼び出されていません。',
    'This call is not offered to you any more.',
  ),
  'call-over': entry(409, 'この通話は終了しています。', 'This call is over.'),
  'not-possible-now': entry(
    409,
    'いまの通話の状態では、この操作はできません。',
    'The call does not allow this now.',
  ),
  'already-taken': entry(
    409,
    'この通話は別の席が先に取りました。',
    'Another desk has taken this call already.',
  ),
  'operator-not-free': entry(
    409,
    '相手のオペレーターはいま応対できません。別の人に引き継ぐか、保留のままお待ちください。',
    'The other operator is not free. Choose somebody else, or wait with the caller on hold.',
  ),
  'not-on-the-floor': entry(
    409,
    '「受電開始」をしてから操作してください。',
    'Start taking calls (受電開始) first.',
  ),
  'operator-busy': entry(
    409,
    '応対中または後処理中のため操作できません。先に終えてください。',
    'You are on a call, or still finishing one. End it first.',
  ),
  'audio-not-ready': entry(
    409,
    '音声の準備ができていません。マイクを確認し、「受電開始」をやり直してください。',
    'Your audio is not ready. Check the microphone and start taking calls again.',
  ),
  'telephone-not-ready': entry(
    409,
    '席の電話機が登録されていません。電話機の電源とネットワークを確認してください。',
    'The telephone of your desk is not registered. Check its power and its network.',
  ),
  'browser-needed': entry(
    409,
    'この操作は電話機の席ではできません。ブラウザーで受電する席から操作してください。',
    'A telephone desk cannot do this. Use a desk that takes its calls in the browser.',
  ),
  'desk-elsewhere': entry(
    409,
    '別の画面で受電中です。「こちらで受電する」で切り替えられます。',
    'Another tab holds your audio. Take it over with 「こちらで受電する」.',
  ),
  'already-sent': entry(
    409,
    'この伝言は送信済みです。',
    'This message was sent and does not change any more.',
  ),
  'delivery-not-stopped': entry(
    409,
    'この報告は送信待ちか受付済みのため、再送の必要はありません。',
    'This report is waiting or was accepted: it need not be sent again.',
  ),
  'setup-done': entry(
    409,
    '管理者はすでに登録されています。サインインしてください。',
    'There is an administrator already. Sign in.',
  ),
  'user.email-taken': entry(
    409,
    'このメールアドレスのアカウントはすでにあります。',
    'An account with this e-mail address exists.',
  ),
  'user.place-taken': entry(
    409,
    'この受電席は別のアカウントのものです。先にそちらから外してください。',
    'This desk belongs to another account. Take it from that one first.',
  ),
  'user.place-needed': entry(
    409,
    '電話秘書のアカウントには受電席が必要です。先に受電席を割り当ててください。',
    'An operator’s account needs a desk. Give it one first.',
  ),
  'user.in-call': entry(
    409,
    'この受電席は応対中または後処理中です。終わってから変えてください。',
    'This desk is on a call, or still finishing one. Change it afterwards.',
  ),
  'user.last-administrator': entry(
    409,
    '最後の管理者は変更できません。先に別の管理者を作ってください。',
    'The last administrator must stay one. Make another administrator first.',
  ),
  'center-conflict': entry(
    409,
    '設定ファイルの内容が登録済みのものと衝突しています。',
    'The file claims something that belongs to another entry.',
  ),
  'restore-not-empty': entry(
    409,
    'このデータベースは使用中です。新しい環境に復元するか、置き換えを指定（--replace）してください。',
    'This database is in use. Restore into a new installation, or say --replace.',
  ),
  'restore-newer': entry(
    409,
    'このバックアップは新しい版のものです。先にプログラムを更新してください。',
    'This backup is of a newer version. Upgrade the program first.',
  ),
  'setup-link-expired': entry(
    410,
    '初期設定のリンクの有効期限（1時間）が過ぎました。新しいリンクを「npm run denwaban -- first-admin」で表示してください。',
    'This setup link is older than one hour. Print a new one: npm run denwaban -- first-admin',
  ),
  'recording-gone': entry(
    410,
    '録音ファイルがありません。',
    'The file of this recording is not there any more.',
  ),
  'too-large': entry(
    413,
    '送られた内容が大きすぎます。文章を短くするか、分けて送ってください。',
    'Too much was sent at once. Shorten the text or send it in parts.',
  ),
  'field-too-long': entry(
    413,
    '入力欄の文字数が上限を超えています。短くしてください。',
    'The text of this field is longer than the field allows. Shorten it.',
  ),
  'unsupported-content': entry(
    415,
    'JSON 形式（application/json）で送ってください。',
    'Send JSON (application/json).',
  ),
  'range-not-satisfiable': entry(
    416,
    '録音のその位置には音声がありません。',
    'The recording has no such part.',
  ),
  'message-incomplete': entry(
    422,
    '伝言に不足または誤りがあります。示された項目を直してください。',
    'The message is not complete. Correct the fields named.',
  ),
  'restore-damaged': entry(
    422,
    'このファイルはバックアップとして読み取れません。別のバックアップを使ってください。',
    'This file cannot be read as a backup. Use another one.',
  ),
  'no-number': entry(
    422,
    '電話番号がないか、電話番号として読み取れません。番号を確認してください。',
    'There is no telephone number, or it cannot be read as one. Check the number.',
  ),
  'number-not-allowed': entry(
    422,
    'この番号へは、発信の規則によりかけられません。',
    'The rules for outbound calls do not allow this number.',
  ),
  'not-digits': entry(
    422,
    '送れるのは数字と * # だけです。相手の電話機が受け付けない場合もあります。',
    'Only digits, * and # can be sent, and the other telephone must take them.',
  ),
  'no-common-codec': entry(
    422,
    'ブラウザと共通の音声形式がありません。Chrome、Edge、Firefox、Safari の最新版を使ってください。',
    'The browser offers no audio format we speak (G.711). Use a current browser.',
  ),
  'center-invalid': entry(
    422,
    '設定ファイルに誤りがあります。示された箇所を直してください。',
    'The file has faults. Correct the places named.',
  ),
  'too-many-requests': entry(
    429,
    '要求が多すぎます。少し待ってからやり直してください。',
    'Too many requests. Wait a little and try again.',
  ),
  'too-many-tries': entry(
    429,
    'サインインの失敗が続いたため一時的に止めています。5分ほど待ってからやり直してください。',
    'Too many failed sign-ins. Wait five minutes and try again.',
  ),
  'too-many-calls': entry(
    429,
    '電話が集中していて、これ以上は受けられません。少し待ってからやり直してください。',
    'More calls at once than this server takes. Try again in a moment.',
  ),
  internal: entry(
    500,
    'サーバーで問題が起きました。もう一度試し、続くときは管理者に連絡してください。',
    'Something went wrong on the server. Try again; if it stays, tell the administrator.',
  ),
  'media-unavailable': entry(
    503,
    '音声の処理が再起動しています。数秒後にやり直してください。',
    'The audio service is restarting. Try again in a few seconds.',
  ),
  'database-unreachable': entry(
    503,
    'データベースに接続できません。自動で再接続します。少し待ってからやり直してください。',
    'The database cannot be reached; we connect again by ourselves. Try again in a moment.',
  ),
  'disk-full': entry(
    503,
    'サーバーのディスクに空きがないため、保存できませんでした。管理者に空きを作るよう伝え、そのあとでやり直してください。',
    'This was not done: the server’s disk is full, and nothing can be saved. Tell the administrator to make room, then try again.',
  ),
  'not-saved': entry(
    503,
    'いま保存できないため、この操作は行いませんでした。通話はそのまま続いています。少し待ってからやり直してください。',
    'This was not done, because it cannot be saved now. The call goes on as it is. Try again in a moment.',
  ),
  'shutting-down': entry(
    503,
    'サーバーを停止しています。少し待ってからやり直してください。',
    'The server is stopping. Try again in a moment.',
  ),
} as const satisfies Record<string, Entry>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

export type Issue = NonNullable<Problem['issues']>[number];

export function problemBody(code: ProblemCode, issues?: Issue[]): Problem {
  const { ja, en } = PROBLEMS[code];
  return { code, message: en, messageJa: ja, ...(issues && { issues }) };
}

/** Answers a request with a refusal. */
export function refuse(reply: FastifyReply, code: ProblemCode, issues?: Issue[]): FastifyReply {
  return reply
    .code(PROBLEMS[code].status)
    .type('application/json; charset=utf-8')
    .send(problemBody(code, issues));
}
