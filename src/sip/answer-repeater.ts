import type { Clock } from '../base/index.ts';
import type { DialogState } from './dialog.ts';
import { TimerSet } from './timers.ts';
import type { TimerValues } from './timers.ts';
import type { Peer } from './transport.ts';

/** A 2xx to an INVITE as plain data: stored before it is sent, any process can go on repeating it. */
export type StoredAnswer = {
  /** The whole response as it goes onto the wire. */
  response: string;
  /** Where it goes. */
  destination: Peer;
  /** The dialog as it is with this answer. */
  dialog: DialogState;
  /** CSeq of the INVITE: its ACK carries the same number. */
  seq: number;
  /** The INVITE had no offer: this one makes it, and the ACK answers it. */
  offers?: boolean;
};

export type AnswerRepeaterOptions = {
  seq: number;
  offers: boolean;
  clock: Clock;
  timers: TimerValues;
  send: () => void;
  /** With the answer it carries to our offer, else ''. */
  onAck: (sdp: string) => void;
  /** 64·T1 without an ACK: the session is to be ended with BYE (§13.3.1.4). */
  onTimeout: () => void;
};

/** RFC 3261 §13.3.1.4: the 2xx is repeated end to end, on any transport, until its ACK comes. */
export class AnswerRepeater {
  readonly #options: AnswerRepeaterOptions;
  readonly #timers: TimerSet<'repeat' | 'giveUp'>;
  #intervalMs: number;
  #done = false;

  constructor(options: AnswerRepeaterOptions) {
    this.#options = options;
    this.#timers = new TimerSet(options.clock);
    this.#intervalMs = options.timers.t1Ms;
  }

  start(): void {
    this.#timers.start('giveUp', 64 * this.#options.timers.t1Ms, () => {
      this.#finish();
      this.#options.onTimeout();
    });
    this.#startRepeat();
    this.#options.send();
  }

  get seq(): number {
    return this.#options.seq;
  }

  /** Its ACK is to bring the answer to our offer. */
  get awaitsSdp(): boolean {
    return !this.#done && this.#options.offers;
  }

  /** Still without ACK. */
  get running(): boolean {
    return !this.#done;
  }

  /** The INVITE came again: the 2xx was lost, so it goes out at once. */
  repeatNow(): void {
    if (!this.#done) this.#options.send();
  }

  acknowledged(sdp: string): void {
    if (this.#done) return;
    this.#finish();
    this.#options.onAck(sdp);
  }

  /** The dialog is over: nobody waits for this answer any more. */
  stop(): void {
    this.#finish();
  }

  #startRepeat(): void {
    this.#timers.start('repeat', this.#intervalMs, () => {
      this.#intervalMs = Math.min(2 * this.#intervalMs, this.#options.timers.t2Ms);
      this.#startRepeat();
      this.#options.send();
    });
  }

  #finish(): void {
    this.#done = true;
    this.#timers.stopAll();
  }
}
