import type {
  CallView,
  LiveServerFrame,
  MessageView,
  NotReached,
} from '../../src/contract/index.ts';
import type { AudioPhase } from './desk-audio.ts';

export type NoticeCode =
  | Extract<LiveServerFrame, { type: 'notice' }>['notice']['code']
  // What the page itself finds.
  | 'call-back-failed'
  | 'hang-up-refused'
  | 'delivery-failed';

export type Notice = {
  id: number;
  code: NoticeCode;
  callId: string | null;
  /** Of `call-back-failed`: who could not be had, and why, where that is known. */
  why?: NotReached | undefined;
};

const MOST_SHOWN = 3;

/** The trouble that is over with it, and need not be shown any longer; else the notice itself. */
const ENDED_BY: Partial<Record<NoticeCode, NoticeCode>> = {
  'saved-again': 'not-saved',
  'recording-again': 'recording-failed',
  'disk-room': 'disk-full',
  'all-taken': 'turning-away',
};
/** What the server says again after each welcome for as long as it is true. */
const SAID_AGAIN: ReadonlySet<NoticeCode> = new Set(['not-saved', 'disk-full', 'turning-away']);
/** What is said about "this call". */
const OF_ONE_CALL: ReadonlySet<NoticeCode> = new Set([
  'recording-failed',
  'recording-again',
  'hang-up-refused',
]);

/** What is on the screen already is not said a second time when the server says it again. */
export function addNotice(notices: readonly Notice[], notice: Notice): readonly Notice[] {
  const isKnown = SAID_AGAIN.has(notice.code) && notices.some(({ code }) => code === notice.code);
  if (isKnown) return notices;
  const replaced = ENDED_BY[notice.code];
  const kept = notices.filter(({ code }) => code !== replaced && code !== notice.code);
  return [...kept, notice].slice(-MOST_SHOWN);
}

/**
 * The connection is new, and `said` is what came with it before the first snapshot: that any other trouble has
 * ended meanwhile was told to nobody here.
 */
export function noticesAfterWelcome(
  notices: readonly Notice[],
  said: ReadonlySet<NoticeCode>,
): Notice[] {
  return notices.filter(({ code }) => !SAID_AGAIN.has(code) || said.has(code));
}

/** Sound that is back, or is not wanted any more, is not lost. */
export function noticesWithSound(notices: readonly Notice[], phase: AudioPhase): Notice[] {
  const isOver = phase === 'up' || phase === 'off';
  return notices.filter(({ code }) => !isOver || code !== 'audio-lost');
}

/** `callId`: the call that is shown; null when there is none. */
export function noticesBesideCall(notices: readonly Notice[], callId: string | null): Notice[] {
  return notices.filter((notice) => !OF_ONE_CALL.has(notice.code) || notice.callId === callId);
}

/** That `call`, which is shown, was cut by a fault its own header says, for as long as she writes; then she knows. */
export function noticesBesideHeader(
  notices: readonly Notice[],
  call: Pick<CallView, 'id' | 'phase' | 'termination'> | null,
): Notice[] {
  const told = call?.phase === 'wrap-up' && call.termination !== null ? call.id : null;
  return notices.filter(
    ({ code, callId }) => code !== 'call-ended-by-fault' || told === null || callId !== told,
  );
}

/** The calls that are not recorded, after what was told of one. */
export function unrecordedAfter(
  before: ReadonlySet<string>,
  { code, callId }: { code: NoticeCode; callId: string | null },
): ReadonlySet<string> {
  if (callId === null) return before;
  if (code === 'recording-failed') return new Set([...before, callId]);
  return code === 'recording-again' ? new Set([...before].filter((id) => id !== callId)) : before;
}

/** The message has a report that nobody tries to send any more. */
export function hasFailed({ deliveries }: Pick<MessageView, 'deliveries'>): boolean {
  return deliveries.some(({ state }) => state === 'failed');
}
