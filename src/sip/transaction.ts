import type { Clock } from '../base/index.ts';
import type { SipResponse } from './message.ts';
import type { TimerValues } from './timers.ts';

/**
 * What every transaction machine is given. A machine goes on for up to 32 s after its last message: what it may have
 * to say again it keeps as text, not as the message it was.
 */
export type TransactionOptions = {
  clock: Clock;
  timers: TimerValues;
  /** A stream underneath: no retransmissions, no waiting for them (§17). */
  reliable: boolean;
  send: (text: string) => void;
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
