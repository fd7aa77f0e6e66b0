import type { Clock, Logger, Random } from '../base/index.ts';
import type { DialogTable } from './dialog-table.ts';
import type { HashFunction } from './digest.ts';
import type { LargeRequests } from './large-requests.ts';
import type { SessionPolicy } from './session-timer.ts';
import type { TimerValues } from './timers.ts';
import type { TransactionLayer } from './transaction-layer.ts';
import type { TransportProtocol } from './transport.ts';

/** What the parts of one user agent share. */
export type UserAgentCore = {
  readonly clock: Clock;
  readonly random: Random;
  readonly hash: HashFunction;
  readonly log: Logger;
  readonly timers: TimerValues;
  readonly layer: TransactionLayer;
  readonly dialogs: DialogTable;
  readonly largeRequests: LargeRequests;
  readonly userAgentName: string;
  /** Methods we serve, for Allow. */
  readonly allow: string;
  /** Option tags we understand, for Supported and Require. */
  readonly supported: readonly string[];
  /** What we want of session timers (RFC 4028); absent: they are not spoken. */
  readonly session: SessionPolicy | undefined;
  /** Our Contact URI on this transport. */
  contactUri(protocol: TransportProtocol, user: string): string;
};
