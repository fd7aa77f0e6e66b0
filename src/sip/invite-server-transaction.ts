import { assert } from '../base/index.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { createResponse } from './response.ts';
import { serializeMessage } from './serialize-message.ts';
import { TimerSet } from './timers.ts';
import type { TransactionOptions } from './transaction.ts';

export type InviteServerState =
  'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated';

/** §17.2.1: how long the user may take before the transaction says 100 by itself. */
const TRYING_MS = 200;

/** What the transaction user of an INVITE server transaction is told. */
export interface InviteServerUser {
  /** Timer H: nobody acknowledged our rejection. */
  onTimeout(): void;
  /** RFC 6026: an INVITE that came again after our 2xx; the user may send its 2xx again. */
  onRepeatedInvite(): void;
}

/**
 * RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §7.1.
 *
 *     Proceeding ──2xx──▶ Accepted ──Timer L──▶ Terminated
 *        └──300-699──▶ Completed ──ACK──▶ Confirmed ──Timer I──▶ Terminated
 *                          └──Timer H──▶ Terminated
 *
 * 2xx responses are repeated by the transaction user until the ACK (§13.3.1.4), not here.
 */
export class InviteServerTransaction {
  readonly #options: TransactionOptions;
  readonly #timers: TimerSet<'trying' | 'G' | 'H' | 'I' | 'L'>;
  #user: InviteServerUser | undefined;
  #state: InviteServerState = 'proceeding';
  /** Until a final response. */
  #request: SipRequest | undefined;
  #lastResponse: string | undefined;
  #intervalMs: number;

  constructor(request: SipRequest, options: TransactionOptions) {
    this.#request = request;
    this.#options = options;
    this.#timers = new TimerSet(options.clock);
    this.#intervalMs = options.timers.t1Ms;
  }

  get state(): InviteServerState {
    return this.#state;
  }

  setUser(user: InviteServerUser): void {
    this.#user = user;
  }

  /**
   * The user has the INVITE. The 100 waits as long as it may: a caller who has heard nothing sends the
   * INVITE again, so that a process that dies before it has stored the call loses none.
   */
  awaitUser(): void {
    if (this.#state !== 'proceeding' || this.#lastResponse !== undefined) return;
    this.#timers.start('trying', TRYING_MS, () => {
      if (this.#request) this.respond(createResponse(this.#request, 100));
    });
  }

  /** The INVITE came again, or its ACK. True when the ACK was ours to swallow. */
  receive(request: SipRequest): boolean {
    switch (this.#state) {
      case 'proceeding':
        this.#proceeding(request);
        return true;
      case 'accepted':
        return this.#accepted(request);
      case 'completed':
        this.#completed(request);
        return true;
      case 'confirmed':
      case 'terminated':
        return true;
    }
  }

  /** A provisional response or a rejection; false when the state does not allow it. */
  respond(response: SipResponse): boolean {
    if (this.#state !== 'proceeding') return false;
    assert(response.status < 200 || response.status >= 300, 'a 2xx is not sent by the transaction');
    this.#timers.stop('trying');
    this.#lastResponse = serializeMessage(response);
    this.#options.send(this.#lastResponse);
    if (response.status >= 300) this.#enterCompleted();
    return true;
  }

  /** The user sends a 2xx and repeats it by itself (RFC 6026 §7.1); false when it is too late. */
  accept(): boolean {
    if (this.#state !== 'proceeding') return false;
    this.#enterAccepted();
    return true;
  }

  transportFailed(): void {
    if (this.#state === 'completed') this.#timeout();
  }

  /** Forgets the INVITE without a word, as for a scanner. */
  abandon(): void {
    this.#terminate();
  }

  #proceeding(request: SipRequest): void {
    if (request.method === 'INVITE') this.#sendAgain();
  }

  #accepted(request: SipRequest): boolean {
    if (request.method === 'ACK') return false;
    this.#user?.onRepeatedInvite();
    return true;
  }

  #completed(request: SipRequest): void {
    if (request.method !== 'ACK') {
      this.#sendAgain();
      return;
    }
    this.#state = 'confirmed';
    this.#timers.stop('G', 'H');
    if (this.#options.reliable) this.#terminate();
    else this.#timers.start('I', this.#options.timers.t4Ms, () => this.#terminate());
  }

  #enterAccepted(): void {
    this.#state = 'accepted';
    this.#request = undefined;
    this.#lastResponse = undefined;
    this.#timers.stop('trying');
    this.#timers.start('L', 64 * this.#options.timers.t1Ms, () => this.#terminate());
  }

  #enterCompleted(): void {
    this.#state = 'completed';
    this.#request = undefined;
    this.#timers.start('H', 64 * this.#options.timers.t1Ms, () => this.#timeout());
    if (!this.#options.reliable) this.#startTimerG();
  }

  #startTimerG(): void {
    this.#timers.start('G', this.#intervalMs, () => {
      this.#intervalMs = Math.min(2 * this.#intervalMs, this.#options.timers.t2Ms);
      this.#startTimerG();
      this.#sendAgain();
    });
  }

  #sendAgain(): void {
    if (this.#lastResponse !== undefined) this.#options.send(this.#lastResponse);
  }

  #timeout(): void {
    this.#terminate();
    this.#user?.onTimeout();
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#timers.stopAll();
    this.#options.onTerminated();
  }
}
