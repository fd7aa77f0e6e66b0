import type { Clock } from '../base/index.ts';
import type { SipRequest, SipResponse } from './message.ts';
import type { TimerValues } from './timers.ts';

/** What every transaction machine is given. */
export type TransactionOptions = {
  request: SipRequest;
  clock: Clock;
  timers: TimerValues;
  /** A stream underneath: no retransmissions, no waiting for them (§17). */
  reliable: boolean;
  send: (message: SipRequest | SipResponse) => void;
  /** Called once, when the machine has reached Terminated and holds no timer any more. */
  onTerminated: () => void;
};

/** What the transaction user is told about its request. */
export interface ClientTransactionUser {
  onResponse(response: SipResponse): void;
  /** Timer B or F: to the user as if a 408 had come (§8.1.3.1). */
  onTimeout(): void;
  onTransportError(): void;
}
