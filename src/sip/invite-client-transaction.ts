import { cseqOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { SipHeaders } from './sip-headers.ts';
import { splitList } from './name-address.ts';
import { serializeMessage } from './serialize-message.ts';
import { TimerSet } from './timers.ts';
import type { ClientTransactionUser, TransactionOptions } from './transaction.ts';

export type InviteClientState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

/**
 * RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §7.2.
 *
 *     Calling ──1xx──▶ Proceeding ──2xx──▶ Accepted ──Timer M──▶ Terminated
 *        └──300-699, ACK──▶ Completed ──Timer D──▶ Terminated
 */
export class InviteClientTransaction {
  /** Until a final response. */
  #request: SipRequest | undefined;
  readonly #options: TransactionOptions;
  readonly #user: ClientTransactionUser;
  readonly #timers: TimerSet<'A' | 'B' | 'D' | 'M'>;
  #state: InviteClientState = 'calling';
  #intervalMs: number;
  #ack: string | undefined;

  constructor(request: SipRequest, options: TransactionOptions, user: ClientTransactionUser) {
    this.#request = request;
    this.#options = options;
    this.#user = user;
    this.#timers = new TimerSet(options.clock);
    this.#intervalMs = options.timers.t1Ms;
  }

  get state(): InviteClientState {
    return this.#state;
  }

  start(): void {
    const { timers, reliable } = this.#options;
    this.#timers.start('B', 64 * timers.t1Ms, () => this.#timeout());
    if (!reliable) this.#startTimerA();
    this.#sendRequest();
  }

  /** Goes on with an INVITE that a former process sent and that has rung since. */
  resume(): void {
    this.#state = 'proceeding';
  }

  receive(response: SipResponse): void {
    switch (this.#state) {
      case 'calling': {
        this.#calling(response);
        return;
      }
      case 'proceeding': {
        this.#proceeding(response);
        return;
      }
      case 'completed': {
        this.#completed(response);
        return;
      }
      case 'accepted': {
        this.#accepted(response);
        return;
      }
      case 'terminated':
        return;
    }
  }

  transportFailed(): void {
    if (this.#state !== 'calling' && this.#state !== 'completed') return;
    const wasCalling = this.#state === 'calling';
    this.#terminate();
    if (wasCalling) this.#user.onTransportError();
  }

  /** The user gives up on a call that only rings (no answer came to its CANCEL, §9.1). */
  abandon(): void {
    this.#terminate();
  }

  #calling(response: SipResponse): void {
    this.#timers.stop('A', 'B');
    if (response.status < 200) {
      this.#state = 'proceeding';
      this.#user.onResponse(response);
    } else this.#final(response);
  }

  #proceeding(response: SipResponse): void {
    if (response.status < 200) this.#user.onResponse(response);
    else this.#final(response);
  }

  /** §17.1.1.2: a final response that comes again gets the ACK again, the user hears nothing. */
  #completed(response: SipResponse): void {
    if (response.status >= 300 && this.#ack !== undefined) this.#options.send(this.#ack);
  }

  /** RFC 6026 §7.2: further 2xx, of this or of another fork, all go to the user. */
  #accepted(response: SipResponse): void {
    if (response.status >= 200 && response.status < 300) this.#user.onResponse(response);
  }

  #final(response: SipResponse): void {
    const { timers, reliable } = this.#options;
    if (response.status < 300) {
      this.#state = 'accepted';
      this.#timers.start('M', 64 * timers.t1Ms, () => this.#terminate());
    } else {
      this.#state = 'completed';
      this.#acknowledge(response);
      if (!reliable) this.#timers.start('D', 64 * timers.t1Ms, () => this.#terminate());
    }
    this.#request = undefined;
    this.#user.onResponse(response);
    if (response.status >= 300 && reliable) this.#terminate();
  }

  #startTimerA(): void {
    this.#timers.start('A', this.#intervalMs, () => {
      this.#intervalMs *= 2;
      this.#startTimerA();
      this.#sendRequest();
    });
  }

  #sendRequest(): void {
    if (this.#request) this.#options.send(serializeMessage(this.#request));
  }

  #acknowledge(rejection: SipResponse): void {
    if (!this.#request) return;
    this.#ack = serializeMessage(ackForRejection(this.#request, rejection));
    this.#options.send(this.#ack);
  }

  #timeout(): void {
    this.#terminate();
    this.#user.onTimeout();
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#timers.stopAll();
    this.#options.onTerminated();
  }
}

/** §17.1.1.3: the ACK of a non-2xx belongs to the INVITE's transaction and carries its branch. */
export function ackForRejection(invite: SipRequest, response: SipResponse): SipRequest {
  const headers = new SipHeaders()
    .add('Via', splitList(invite.headers.get('Via') ?? '')[0] ?? '')
    .copyFrom(invite.headers, 'Route')
    .add('Max-Forwards', '70')
    .copyFrom(invite.headers, 'From')
    .copyFrom(response.headers, 'To')
    .copyFrom(invite.headers, 'Call-ID')
    .add('CSeq', `${cseqOf(invite)?.number ?? 0} ACK`);
  return { kind: 'request', method: 'ACK', uri: invite.uri, headers, body: '' };
}
