import type { Clock, Random } from '../base/index.ts';
import { cseqOf, isToken } from './message.ts';
import type { SipMessage, SipRequest, SipResponse } from './message.ts';
import { TimerSet } from './timers.ts';
import type { TimerValues } from './timers.ts';
import { parseDigits } from './uri.ts';

const MAX_RSEQ = 4_294_967_295;

/** RSeq of a provisional response that wants a PRACK (RFC 3262 §4); undefined for a plain one. */
export function reliableSeqOf(response: SipResponse): number | undefined {
  if (response.status <= 100 || response.status >= 200) return undefined;
  if (!requires100rel(response)) return undefined;
  return parseDigits(response.headers.get('RSeq') ?? '', MAX_RSEQ);
}

export function requires100rel(message: SipMessage): boolean {
  return message.headers.tokens('Require').includes('100rel');
}

/** RFC 3262 §7.2: which response of which request a PRACK is for. */
export function parseRAck(
  value: string,
): { rseq: number; seq: number; method: string } | undefined {
  const [rseqText = '', seqText = '', method = '', ...rest] = value.trim().split(/[ \t]+/);
  const rseq = parseDigits(rseqText, MAX_RSEQ);
  const seq = parseDigits(seqText, MAX_RSEQ);
  if (rseq === undefined || seq === undefined || !isToken(method) || rest.length > 0) {
    return undefined;
  }
  return { rseq, seq, method };
}

export function formatRAck(rseq: number, response: SipResponse): string {
  return `${rseq} ${cseqOf(response)?.number ?? 0} INVITE`;
}

export type ReliableProvisionalsOptions = {
  clock: Clock;
  random: Random;
  timers: TimerValues;
  /** 64·T1 without a PRACK: the INVITE is to be rejected (RFC 3262 §3). */
  onTimeout: () => void;
};

/** The provisional responses of one INVITE that are repeated until their PRACK (RFC 3262 §3). */
export class ReliableProvisionals {
  readonly #options: ReliableProvisionalsOptions;
  readonly #timers: TimerSet<'repeat' | 'giveUp'>;
  #rseq: number;
  #send: (() => void) | undefined;
  /** One at a time: what comes while the PRACK is missing waits; only the latest is worth sending. */
  #next: ((rseq: number) => void) | undefined;

  constructor(options: ReliableProvisionalsOptions) {
    this.#options = options;
    this.#timers = new TimerSet(options.clock);
    // §3: from 1 to 2**31 - 1, not to be guessed.
    const [a = 0, b = 0, c = 0] = options.random.bytes(3);
    this.#rseq = 1 + (a << 16) + (b << 8) + c;
  }

  /** Calls `send` with the RSeq, and again with doubling intervals, until the PRACK. */
  start(send: (rseq: number) => void): void {
    if (this.#send) {
      this.#next = send;
      return;
    }
    const rseq = ++this.#rseq;
    const once = (): void => send(rseq);
    this.#send = once;
    const { t1Ms } = this.#options.timers;
    this.#timers.start('giveUp', 64 * t1Ms, () => {
      this.stop();
      this.#options.onTimeout();
    });
    this.#repeat(once, t1Ms);
    once();
  }

  /** A PRACK came. False when it is for none of ours, or for one that has had its PRACK: 481. */
  acknowledged(prack: SipRequest, inviteSeq: number): boolean {
    const rack = parseRAck(prack.headers.get('RAck') ?? '');
    const isOurs = rack?.rseq === this.#rseq && rack.seq === inviteSeq && rack.method === 'INVITE';
    if (!isOurs || !this.#send) return false;
    const next = this.#next;
    this.stop();
    if (next) this.start(next);
    return true;
  }

  stop(): void {
    this.#timers.stopAll();
    this.#send = undefined;
    this.#next = undefined;
  }

  #repeat(send: () => void, intervalMs: number): void {
    this.#timers.start('repeat', intervalMs, () => {
      this.#repeat(send, 2 * intervalMs);
      send();
    });
  }
}
