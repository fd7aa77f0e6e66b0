import type { Trunk } from './ports.ts';

/**
 * `registering`, `checking` (probed, without an account): until the first answer, or until enough stayed
 * away; `unwatched`: neither registers nor is probed, so nobody knows; `refused`: the carrier does not take our account, somebody has to look at it.
 */
export type TrunkState =
  'registered' | 'registering' | 'checking' | 'reachable' | 'unwatched' | 'refused' | 'unreachable';

export type TrunkTrouble =
  | 'no-password'
  | 'wrong-password'
  | 'unknown-account'
  | 'account-refused'
  | 'no-answer'
  | 'no-address'
  | 'probe-unanswered';

/** How a trunk stands now. */
export type TrunkStatus = {
  trunk: Trunk;
  state: TrunkState;
  /** Unix ms: since when it is in this state. */
  since: number;
  trouble: TrunkTrouble | null;
  /** Of the carrier's last refusal; null when it gave none. */
  sipStatus: number | null;
  /** Calls can go out over it now. */
  carriesCalls: boolean;
};

type Words = { ja: string; en: string };

/** What is wrong and what to do about it. */
export const TRUNK_TROUBLE_WORDS: Record<TrunkTrouble, Words> = {
  'no-password': {
    ja: 'パスワードが登録されていないか、この環境では読み取れません。パスワードを書いた設定ファイルを適用してください。',
    en: 'No password is known, or it was sealed elsewhere. Apply the file with the password in it.',
  },
  'wrong-password': {
    ja: '通信事業者がパスワードを受け付けません。ユーザー名・認証ID・パスワードを確かめてください。',
    en: 'The carrier does not accept the password. Check username, authUser and password.',
  },
  'unknown-account': {
    ja: '通信事業者がこのユーザー名を知りません。契約の番号とドメインを確かめてください。',
    en: 'The carrier does not know this username. Check username and domain.',
  },
  'account-refused': {
    ja: '通信事業者が登録を拒否しました。契約の状態を問い合わせてください。',
    en: 'The carrier refuses the registration. Ask it about the account.',
  },
  'no-answer': {
    ja: '通信事業者のサーバーから応答がありません。ネットワークと登録先を確かめてください。',
    en: 'The carrier does not answer. Check the network and the registrars.',
  },
  'no-address': {
    ja: '登録先のホスト名が見つかりません。綴りと DNS を確かめてください。',
    en: 'The registrar cannot be found by its name. Check the spelling and the DNS.',
  },
  'probe-unanswered': {
    ja: '確認（OPTIONS）に応答がありません。相手先のアドレスとネットワークを確かめてください。',
    en: 'OPTIONS get no answer. Check the address of the trunk and the network.',
  },
};
