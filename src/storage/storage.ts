import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { Clock, E164, Logger } from '../base/index.ts';
import { asId } from '../base/index.ts';
import type { CallQueries } from '../calls/index.ts';
import type { DeliveryStore, MailboxStore } from '../delivery/index.ts';
import type {
  CallStore,
  FloorStore,
  OutboundLedger,
  RecordingIndex,
  RegistrationStore,
  TrunkSecrets,
} from '../engine/index.ts';
import type { MessageStore } from '../messages/index.ts';
import type { ApiTokenStore, AuditStore, SetupLinkStore } from '../people/index.ts';
import type { ExpiredRecordings, RecordingStore } from '../recordings/index.ts';
import type { Directory, PresenceBook } from '../subscribers/index.ts';
import { takeBackup } from './backup.ts';
import { createCenter } from './center.ts';
import type { Center } from './center.ts';
import { createCallQueries } from './call-queries.ts';
import { createCallStore } from './call-store.ts';
import { Database } from './database.ts';
import type { DatabaseAddress } from './database.ts';
import { createDeliveryStore } from './delivery-store.ts';
import { MemoryDirectory } from './directory.ts';
import { createFloorStore } from './floor-store.ts';
import { GroupedStatements } from './grouped-statements.ts';
import { createMailboxStore } from './mailbox-store.ts';
import { createMessageStore } from './message-store.ts';
import { migrate } from './migrate.ts';
import { createApiTokenStore, createAuditStore, createSetupLinkStore } from './people-stores.ts';
import { createOutboundLedger, createTrunkSecrets } from './outbound-store.ts';
import { createRecordingStore } from './recording-store.ts';
import { createRegistrationStore } from './registration-store.ts';
import { restoreBackup } from './restore.ts';
import type { RestoreResult } from './restore.ts';
import { tidy } from './retention.ts';
import { SecretBox } from './secret-box.ts';
import type { TidyResult } from './retention.ts';

export type StorageOptions = {
  address: DatabaseAddress;
  log: Logger;
  clock: Clock;
  maxConnections?: number;
  /** Reads a number as people write it; without it only `+81…` is one. */
  parseNumber?: (text: string) => E164 | null;
  /** Opens the passwords of our accounts at carriers; without it those sealed before stay shut. */
  trunkKey?: string;
};

type StorageHealth = { ready: boolean; detail: string };

/** Every store of the product on one PostgreSQL. Nothing connects before it is first used. */
export type Storage = {
  /** For better-auth, which brings its own SQL. */
  pool: Pool;
  /** Brings the schema to this program's version; returns it. */
  migrate(): Promise<number>;
  calls: CallStore;
  callQueries: CallQueries;
  floor: FloorStore;
  registrations: RegistrationStore;
  trunkSecrets: TrunkSecrets;
  outbound: OutboundLedger;
  directory: Directory & PresenceBook;
  messages: MessageStore;
  deliveries: DeliveryStore;
  mailbox: MailboxStore;
  recordings: RecordingStore & RecordingIndex & ExpiredRecordings;
  audit: AuditStore;
  setupLinks: SetupLinkStore;
  apiTokens: ApiTokenStore;
  center: Center;
  backup: {
    /** One gzip stream; recordings' sound is not in it. */
    take(): AsyncIterable<Uint8Array>;
    /** All or nothing; refuses a database in use unless `replace`. Reloads the directory. */
    restore(
      bytes: AsyncIterable<Uint8Array>,
      options: { replace: boolean },
    ): Promise<RestoreResult>;
  };
  /** Removes what has outlived its use; how many rows of which table. */
  tidy(): Promise<TidyResult>;
  health(): Promise<StorageHealth>;
  close(): Promise<void>;
};

const DEFAULT_CONNECTIONS = 16;

export function openStorage(options: StorageOptions): Storage {
  const log = options.log.child({ module: 'storage' });
  const database = new Database(options.address, {
    log,
    maxConnections: options.maxConnections ?? DEFAULT_CONNECTIONS,
  });
  const grouped = new GroupedStatements(options.address, database, log);
  const directory = new MemoryDirectory(database);
  const secrets = new SecretBox(options.trunkKey ?? randomBytes(32).toString('base64'));
  return {
    pool: database.pool,
    migrate: () => migrate(database, log),
    calls: createCallStore(database, grouped),
    callQueries: createCallQueries(database),
    floor: createFloorStore(database, grouped),
    registrations: createRegistrationStore(database),
    trunkSecrets: createTrunkSecrets(database, secrets),
    outbound: createOutboundLedger(database),
    directory,
    messages: createMessageStore(database, grouped),
    deliveries: createDeliveryStore(database),
    mailbox: createMailboxStore(database),
    recordings: createRecordingStore(database, grouped),
    audit: createAuditStore(database),
    setupLinks: createSetupLinkStore(database),
    apiTokens: createApiTokenStore(database),
    center: createCenter(database, {
      clock: options.clock,
      directory,
      parseNumber: options.parseNumber ?? parseE164,
      secrets,
    }),
    backup: {
      take: () => takeBackup(database, options.clock),
      async restore(bytes, { replace }): Promise<RestoreResult> {
        const result = await restoreBackup(database, bytes, { replace });
        await directory.reload();
        return result;
      },
    },
    tidy: () => tidy(database, options.clock.now()),
    health: () => healthOf(database),
    async close(): Promise<void> {
      await grouped.close();
      await database.close();
    },
  };
}

function parseE164(text: string): E164 | null {
  return /^\+[1-9]\d{4,14}$/.test(text) ? asId<E164>(text) : null;
}

async function healthOf(database: Database): Promise<StorageHealth> {
  try {
    const [row] = await database.rows<{ version: string }>({
      text: `select current_setting('server_version') as version`,
    });
    return { ready: true, detail: `PostgreSQL ${row?.version ?? ''}`.trim() };
  } catch (thrown) {
    return { ready: false, detail: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
