import { AnswerRepeater } from './answer-repeater.ts';
import type { StoredAnswer } from './answer-repeater.ts';
import type { InviteServerUser } from './invite-server-transaction.ts';
import type { TransactionLayer } from './transaction-layer.ts';
import type { UserAgentCore } from './user-agent-core.ts';

export interface AnswerObserver {
  /** The ACK of our 2xx came; `sdp` is '' when it carries none. */
  onAck?(sdp: string): void;
  /** 32 s without ACK: whoever answered is expected to send BYE (§13.3.1.4). */
  onAckTimeout?(): void;
}

/** Sends a 2xx and repeats it until its ACK comes. Starting the same answer again only sends it. */
export function startAnswer(
  core: UserAgentCore,
  answer: StoredAnswer,
  observer: AnswerObserver,
): void {
  const live = core.dialogs.get(answer.dialog) ?? core.dialogs.put(answer.dialog);
  const { seq } = answer;
  if (live.answer?.running && live.answer.seq === seq) {
    live.answer.repeatNow();
    return;
  }
  // Who sends a further INVITE has the former answer: its ACK was lost, or comes behind (§13.2.2.4).
  live.answer?.acknowledged('');
  live.answer = new AnswerRepeater({
    seq,
    offers: answer.offers === true,
    clock: core.clock,
    timers: core.timers,
    send: () => core.layer.sendText(answer.response, answer.destination),
    onAck: (sdp) => observer.onAck?.(sdp),
    onTimeout: () => observer.onAckTimeout?.(),
  });
  live.answer.start();
}

/** Says a 2xx again when its INVITE comes again: the transaction stays for 32 s, and keeps no more than this. */
export function repeatingAnswer(
  layer: TransactionLayer,
  { response, destination }: Pick<StoredAnswer, 'response' | 'destination'>,
): InviteServerUser {
  return {
    onTimeout: () => undefined,
    onRepeatedInvite: () => layer.sendText(response, destination),
  };
}
