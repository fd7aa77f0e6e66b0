import type { NotReached, RelayReason, Termination } from './call.ts';

/** How an end is said to the outside and to people. */
export type TerminationNotice = {
  /** The final response to an INVITE not yet answered. */
  sipStatus: number;
  /** ITU-T Q.850 cause, for the Reason header (RFC 3326) of BYE, CANCEL and refusals. */
  q850Cause: number;
  ja: string;
  en: string;
};

type Reason = Termination['reason'];

/** Who it was that lost the line nobody knows. */
export const LINE_LOST: Termination = { class: 'indeterminate', reason: 'line-lost' };

const NOTICES: Record<Exclude<Reason, 'hung-up' | NotReached>, TerminationNotice> = {
  abandoned: {
    sipStatus: 487,
    q850Cause: 16,
    ja: '応答前にお客様が切断しました',
    en: 'The caller hung up before an answer',
  },
  unattended: {
    sipStatus: 480,
    q850Cause: 19,
    ja: '応答できる担当がいませんでした',
    en: 'Nobody was there to answer',
  },
  'media-lost': {
    sipStatus: 504,
    q850Cause: 41,
    ja: 'お客様側の音声が途切れたため終了しました',
    en: 'The caller’s audio was lost',
  },
  'line-lost': {
    sipStatus: 480,
    q850Cause: 41,
    ja: '回線が切れました',
    en: 'The line went dead',
  },
  'media-plane-lost': {
    sipStatus: 503,
    q850Cause: 47,
    ja: '音声処理の障害により終了しました',
    en: 'Our audio processing failed',
  },
  'no-common-codec': {
    sipStatus: 488,
    q850Cause: 65,
    ja: '共通の音声方式がないため接続できませんでした',
    en: 'No audio codec in common',
  },
  'ack-missing': {
    sipStatus: 408,
    q850Cause: 102,
    ja: '応答の確認が届かなかったため終了しました',
    en: 'Our answer was never acknowledged',
  },
  'app-restarted': {
    sipStatus: 500,
    q850Cause: 27,
    ja: 'システムの再起動により終了しました',
    en: 'The system restarted',
  },
  'operator-lost': {
    sipStatus: 480,
    q850Cause: 38,
    ja: 'オペレーターとの接続が失われました',
    en: 'The operator’s connection was lost',
  },
  shutdown: {
    sipStatus: 503,
    q850Cause: 42,
    ja: 'システムの停止により終了しました',
    en: 'The system was shut down',
  },
  'max-duration': {
    sipStatus: 503,
    q850Cause: 31,
    ja: '通話時間の上限に達したため終了しました',
    en: 'The longest permitted call time was reached',
  },
  'internal-error': {
    sipStatus: 500,
    q850Cause: 127,
    ja: 'システムの内部エラーにより終了しました',
    en: 'An internal error ended the call',
  },
};

type Why = 'no-answer' | 'no-key' | 'busy' | 'wrong-number' | 'refused' | 'unreachable';

/** Said of somebody who could not be had: `ja` and `en` go on from the name. */
const NOT_REACHED: Record<Why, TerminationNotice> = {
  'no-answer': {
    sipStatus: 480,
    q850Cause: 18,
    ja: 'が電話に出ませんでした',
    en: 'did not answer',
  },
  'no-key': {
    sipStatus: 480,
    q850Cause: 18,
    ja: 'の応答が確認できませんでした',
    en: 'pressed no key: most likely a voicemail',
  },
  busy: { sipStatus: 486, q850Cause: 17, ja: 'は話し中でした', en: 'was engaged' },
  'wrong-number': {
    sipStatus: 404,
    q850Cause: 1,
    ja: 'の番号は使われていません',
    en: 'has a number that is not in use',
  },
  refused: {
    sipStatus: 403,
    q850Cause: 21,
    ja: 'への発信は断られました',
    en: 'has a number that may not be called',
  },
  unreachable: {
    sipStatus: 503,
    q850Cause: 38,
    ja: 'につながる回線がありませんでした',
    en: 'could not be reached: no line',
  },
};

const PARTIES = {
  contact: { ja: '担当者', en: 'The contact' },
  customer: { ja: 'お客様', en: 'The customer' },
};

/** How a call-back ends of which one party could not be had. */
export function notReached(party: keyof typeof PARTIES, reason: RelayReason): Termination {
  const why = whyOf(reason);
  if (why === 'no-key') return { class: 'upstream', reason: 'contact-no-key' };
  return { class: 'upstream', reason: `${party}-${why}` };
}

function whyOf(reason: RelayReason): Why {
  switch (reason) {
    case 'busy':
    case 'no-key':
    case 'wrong-number':
    case 'unreachable':
      return reason;
    case 'not-allowed':
    case 'too-many-calls':
      return 'refused';
    default:
      return 'no-answer';
  }
}

export function isNotReached(reason: string): reason is NotReached {
  return partsOf(reason) !== null;
}

function partsOf(reason: string): { party: keyof typeof PARTIES; why: Why } | null {
  const [party, ...rest] = reason.split('-');
  const why = rest.join('-');
  const isOne = party === 'contact' || (party === 'customer' && why !== 'no-key');
  return isOne && Object.hasOwn(NOT_REACHED, why) ? { party, why: why as Why } : null;
}

const HANGERS_UP: Record<Termination['class'], { ja: string; en: string }> = {
  caller: { ja: 'お客様が切断しました', en: 'The caller hung up' },
  operator: { ja: 'オペレーターが切断しました', en: 'The operator hung up' },
  contact: { ja: '担当者が切断しました', en: 'The contact hung up' },
  platform: { ja: 'システムが切断しました', en: 'The system hung up' },
  upstream: { ja: '回線側から切断されました', en: 'The carrier ended the call' },
  indeterminate: { ja: '通話が終了しました', en: 'The call ended' },
};

/** The one place where a termination becomes SIP, Q.850 and words. */
export function noticeOf(termination: Termination): TerminationNotice {
  const { reason } = termination;
  if (reason === 'hung-up') {
    return { sipStatus: 480, q850Cause: 16, ...HANGERS_UP[termination.class] };
  }
  const parts = partsOf(reason);
  if (parts === null) return NOTICES[reason as keyof typeof NOTICES];
  const { ja, en } = PARTIES[parts.party];
  const said = NOT_REACHED[parts.why];
  return { ...said, ja: `${ja}${said.ja}`, en: `${en} ${said.en}` };
}

/** ITU-T Q.850 classes 000 and 001: causes up to here are normal events, above it faults. */
const LAST_NORMAL_CAUSE = 31;

/**
 * What the far end's own word for the end means here: the cause of its Reason header (RFC 3326) or
 * the final response it gave. Without either, and for a normal clearing, that party hung up.
 */
export function terminationOf(
  said: { sipStatus: number | null; q850Cause: number | null },
  party: 'caller' | 'operator',
): Termination {
  const status = said.sipStatus ?? 0;
  const cause = said.q850Cause ?? 0;
  if (status === 488 || status === 606 || cause === 65) {
    return { class: 'upstream', reason: 'no-common-codec' };
  }
  if (status === 408 || cause === 102) return { class: 'upstream', reason: 'ack-missing' };
  const fault = (status >= 500 && status < 600) || cause > LAST_NORMAL_CAUSE;
  return { class: fault ? 'upstream' : party, reason: 'hung-up' };
}
