import type { SipRequest, SipResponse } from './message.ts';
import { serializeMessage } from './serialize-message.ts';
import { TimerSet } from './timers.ts';
import type { ClientTransactionUser, TransactionOptions } from './transaction.ts';

/** More that send one and the same request than there ever are. */
const MAX_USERS = 10;

export type NonInviteClientState = 'trying' | 'proceeding' | 'completed' | 'terminated';

/**
 * RFC 3261 §17.1.2.
 *
 *     Trying ──1xx──▶ Proceeding ──200-699──▶ Completed ──Timer K──▶ Terminated
 *        └──200-699──▶ Completed            Timer F in Trying and Proceeding ──▶ Terminated
 */
export class NonInviteClientTransaction {
  readonly #request: string;
  readonly #options: TransactionOptions;
  readonly #users: ClientTransactionUser[];
  readonly #timers: TimerSet<'E' | 'F' | 'K'>;
  #state: NonInviteClientState = 'trying';
  #intervalMs: number;
  #finalResponse: SipResponse | undefined;

  constructor(request: SipRequest, options: TransactionOptions, user: ClientTransactionUser) {
    this.#request = serializeMessage(request);
    this.#options = options;
    this.#users = [user];
    this.#timers = new TimerSet(options.clock);
    this.#intervalMs = options.timers.t1Ms;
  }

  get state(): NonInviteClientState {
    return this.#state;
  }

  start(): void {
    const { timers, reliable } = this.#options;
    this.#timers.start('F', 64 * timers.t1Ms, () => this.#timeout());
    if (!reliable) this.#timers.start('E', this.#intervalMs, () => this.#timerE());
    this.#options.send(this.#request);
  }

  /** Somebody else sends this very request: it is on its way already, and both hear what comes of it. */
  join(user: ClientTransactionUser): void {
    if (this.#finalResponse) user.onResponse(this.#finalResponse);
    else if (this.#users.length < MAX_USERS) this.#users.push(user);
    else user.onTransportError();
  }

  receive(response: SipResponse): void {
    switch (this.#state) {
      case 'trying': {
        this.#trying(response);
        return;
      }
      case 'proceeding': {
        this.#proceeding(response);
        return;
      }
      case 'completed':
      case 'terminated':
        // §17.1.2.2: Completed exists only to absorb further responses.
        return;
    }
  }

  transportFailed(): void {
    if (this.#state !== 'trying' && this.#state !== 'proceeding') return;
    this.#terminate();
    for (const user of this.#users) user.onTransportError();
  }

  #trying(response: SipResponse): void {
    if (response.status < 200) {
      this.#state = 'proceeding';
      this.#tell(response);
    } else this.#final(response);
  }

  #proceeding(response: SipResponse): void {
    if (response.status < 200) this.#tell(response);
    else this.#final(response);
  }

  #final(response: SipResponse): void {
    const { timers, reliable } = this.#options;
    this.#state = 'completed';
    this.#finalResponse = response;
    this.#timers.stop('E', 'F');
    if (!reliable) this.#timers.start('K', timers.t4Ms, () => this.#terminate());
    this.#tell(response);
    if (reliable) this.#terminate();
  }

  #tell(response: SipResponse): void {
    for (const user of this.#users) user.onResponse(response);
  }

  /** In Trying the interval doubles up to T2, in Proceeding it is T2. */
  #timerE(): void {
    const { t2Ms } = this.#options.timers;
    this.#intervalMs = this.#state === 'proceeding' ? t2Ms : Math.min(2 * this.#intervalMs, t2Ms);
    this.#timers.start('E', this.#intervalMs, () => this.#timerE());
    this.#options.send(this.#request);
  }

  #timeout(): void {
    this.#terminate();
    for (const user of this.#users) user.onTimeout();
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#timers.stopAll();
    this.#options.onTerminated();
  }
}
