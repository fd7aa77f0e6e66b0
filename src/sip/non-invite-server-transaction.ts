import type { SipResponse } from './message.ts';
import { serializeMessage } from './serialize-message.ts';
import { TimerSet } from './timers.ts';
import type { TransactionOptions } from './transaction.ts';

export type NonInviteServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';

/**
 * RFC 3261 §17.2.2.
 *
 *     Trying ──1xx──▶ Proceeding ──200-699──▶ Completed ──Timer J──▶ Terminated
 *        └──200-699──▶ Completed
 *
 * A user that never answers must not keep the transaction for ever: after 64·T1, when the client
 * has given up (Timer F), the machine ends by itself.
 */
export class NonInviteServerTransaction {
  readonly #options: TransactionOptions;
  readonly #timers: TimerSet<'J' | 'unanswered'>;
  #state: NonInviteServerState = 'trying';
  #lastResponse: string | undefined;

  constructor(options: TransactionOptions) {
    this.#options = options;
    this.#timers = new TimerSet(options.clock);
    this.#timers.start('unanswered', 64 * options.timers.t1Ms, () => this.#terminate());
  }

  get state(): NonInviteServerState {
    return this.#state;
  }

  /** The request came again. */
  receive(): void {
    switch (this.#state) {
      case 'trying':
      case 'terminated':
        return;
      case 'proceeding':
      case 'completed':
        if (this.#lastResponse !== undefined) this.#options.send(this.#lastResponse);
        return;
    }
  }

  /** The user's response; false when a final one has been sent. */
  respond(response: SipResponse): boolean {
    switch (this.#state) {
      case 'trying':
      case 'proceeding':
        this.#answer(response);
        return true;
      case 'completed':
      case 'terminated':
        return false;
    }
  }

  transportFailed(): void {
    this.#terminate();
  }

  abandon(): void {
    this.#terminate();
  }

  #answer(response: SipResponse): void {
    this.#lastResponse = serializeMessage(response);
    this.#options.send(this.#lastResponse);
    if (response.status < 200) {
      this.#state = 'proceeding';
      return;
    }
    this.#state = 'completed';
    this.#timers.stop('unanswered');
    const { reliable, timers } = this.#options;
    if (reliable) this.#terminate();
    else this.#timers.start('J', 64 * timers.t1Ms, () => this.#terminate());
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#timers.stopAll();
    this.#options.onTerminated();
  }
}
