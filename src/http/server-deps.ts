import type { Clock, Logger, Random } from '../base/index.ts';
import type { CallCommands, CallOperations, CallQueries, FloorEvents } from '../calls/index.ts';
import type { Config } from '../config/index.ts';
import type { About } from '../contract/index.ts';
import type { DeliveryStore, MailboxStore } from '../delivery/index.ts';
import type { MessageEvent, MessageStore } from '../messages/index.ts';
import type { AuditStore, People } from '../people/index.ts';
import type { RecordingStore } from '../recordings/index.ts';
import type { Directory, NumberPlan, PresenceBook, TrunkStatus } from '../subscribers/index.ts';
import type { Backup, Center, MetricFamily, Readiness, RecordingAudio } from './ports.ts';

/** Everything the HTTP side is built of. Each route file is handed the few it needs. */
export type ServerDeps = {
  config: Pick<Config, 'http' | 'mail' | 'timeZone' | 'demo'>;
  version: string;
  /** New with every process; pages see by it that the app was restarted. */
  bootId: string;
  /** `dist/web`, built by vite; absent in tests. */
  webRoot: string | null;
  demoAccounts: NonNullable<About['demoAccounts']>;
  clock: Clock;
  random: Random;
  log: Logger;
  people: People;
  audit: AuditStore;
  commands: CallCommands;
  operations: CallOperations;
  calls: CallQueries;
  floor: FloorEvents;
  directory: Directory & PresenceBook;
  numbers: NumberPlan;
  messages: MessageStore;
  /** Calls every listener after a message was committed or its delivery state changed. */
  messageEvents: { subscribe(listener: (event: MessageEvent) => void): () => void };
  /** How each trunk stands now. */
  trunks: () => readonly TrunkStatus[];
  /** Calls every listener when a trunk's state has changed. */
  trunkEvents: { subscribe(listener: (status: TrunkStatus) => void): () => void };
  deliveries: DeliveryStore;
  /** Says that a message was committed or changed: screens and the outbox are told. */
  announce: (event: MessageEvent) => void;
  /** Wakes the outbox worker: something is due now. */
  wakeDelivery: () => void;
  /** Null where mails really go out. */
  mailbox: MailboxStore | null;
  recordings: RecordingStore;
  recordingAudio: RecordingAudio;
  center: Center;
  backup: Backup;
  readiness: () => Promise<Readiness>;
  /** Read at each `/metrics`. */
  metrics: readonly (() => MetricFamily[] | Promise<MetricFamily[]>)[];
};
