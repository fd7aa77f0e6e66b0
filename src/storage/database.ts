import { Pool, types } from 'pg';
import type { ClientConfig, PoolClient } from 'pg';
import { AppError, toError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';

/** One statement. With a `name` the server parses it once per connection. */
export type Statement = { name?: string; text: string; values?: unknown[] };

/** Where statements are sent: the pool, or the one connection of a transaction. */
export interface Queryable {
  rows<R>(statement: Statement): Promise<R[]>;
}

/** Where the database is: a URL, or the Unix socket of the embedded one. */
export type DatabaseAddress =
  | { connectionString: string }
  | { socket: { directory: string; port: number; user: string; database: string } };

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;

/** The pool, with the driver's failures translated into the product's errors. */
export class Database implements Queryable {
  readonly pool: Pool;

  constructor(address: DatabaseAddress, options: { log: Logger; maxConnections: number }) {
    this.pool = new Pool({ ...connectionConfig(address), max: options.maxConnections });
    // An idle connection that dies is replaced at the next query; without a listener it would end
    // the process.
    this.pool.on('error', (error) => {
      options.log.warn({ reason: error.message }, 'an idle database connection was lost');
    });
  }

  async rows<R>(statement: Statement): Promise<R[]> {
    try {
      return (await this.pool.query(statement)).rows as R[];
    } catch (thrown) {
      throw databaseError(thrown);
    }
  }

  /** Commits when `work` returns, rolls back when it throws. */
  async transact<T>(work: (tx: Queryable) => Promise<T>, begin = 'begin'): Promise<T> {
    return this.withConnection(async (tx) => {
      await tx.rows({ text: begin });
      try {
        const result = await work(tx);
        await tx.rows({ text: 'commit' });
        return result;
      } catch (thrown) {
        await tx.rows({ text: 'rollback' }).catch(() => undefined);
        throw thrown;
      }
    });
  }

  /** One connection for the time of `work`; thrown away afterwards when it broke. */
  async withConnection<T>(work: (connection: Queryable) => Promise<T>): Promise<T> {
    const connection = await this.lease();
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  }

  /** One connection until it is released, as one to throw away if so said. */
  async lease(): Promise<Queryable & { release(throwAway?: boolean): void }> {
    const client = await this.#connect();
    let broken: Error | undefined;
    const onError = (error: Error): void => void (broken = error);
    client.on('error', onError);
    return {
      async rows<R>(statement: Statement): Promise<R[]> {
        try {
          return (await client.query(statement)).rows as R[];
        } catch (thrown) {
          const error = databaseError(thrown);
          if (error.code === 'database-unreachable') broken = error;
          throw error;
        }
      },
      release(throwAway = false): void {
        client.removeListener('error', onError);
        client.release(broken ?? throwAway);
      },
    };
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.pool.connect();
    } catch (thrown) {
      throw databaseError(thrown);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

/** How every connection of ours is opened. */
export function connectionConfig(address: DatabaseAddress): ClientConfig {
  return {
    ...addressConfig(address),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'denwaban',
    types: { getTypeParser },
  };
}

function addressConfig(address: DatabaseAddress): ClientConfig {
  if ('connectionString' in address) return { connectionString: address.connectionString };
  const { directory, port, user, database } = address.socket;
  return { host: directory, port, user, database };
}

const readInt8 = (text: string): number => Number(text);

/** bigint as number: counters and milliseconds here stay far below 2^53. */
const getTypeParser: typeof types.getTypeParser = (oid, format) =>
  oid === types.builtins.INT8
    ? readInt8
    : (types.getTypeParser(oid, format) as (value: string) => unknown);

/** How an instant (Unix ms) goes into a `timestamptz`. */
export function toTimestamp(instantMs: number): string;
export function toTimestamp(instantMs: number | null): string | null;
export function toTimestamp(instantMs: number | null): string | null {
  return instantMs === null ? null : new Date(instantMs).toISOString();
}

/** How a `timestamptz` comes back as Unix ms. */
export function toInstant(date: Date): number;
export function toInstant(date: Date | null): number | null;
export function toInstant(date: Date | null): number | null {
  return date === null ? null : date.getTime();
}

/**
 * A document for `jsonb`, which cannot hold U+0000 or half a surrogate pair: what a caller's device
 * sent must not make a call unstorable.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!json.includes('\\u')) return json;
  return json.replaceAll(/\\\\|\\u(?:0000|d[89a-f][0-9a-f]{2})/g, (found) =>
    found === '\\\\' ? found : '\ufffd',
  );
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EACCES',
  // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped; too_many_connections
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '53300',
]);
const LOST = /terminated|timeout exceeded when trying to connect|not queryable|timeout expired/i;

/** A driver's failure as the product's error; what is ours already passes unchanged. */
export function databaseError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const error = toError(thrown);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (UNREACHABLE.has(code) || code.startsWith('08') || LOST.test(error.message)) {
    return new AppError(
      'database-unreachable',
      'The database cannot be reached. Check that it runs and that its address is right; ' +
        'Denwaban connects again by itself.',
      { retryable: true, cause: error },
    );
  }
  if (code === '42501') {
    return new AppError(
      'database-refused',
      `The database does not let its user work (${error.message}): make the user of ` +
        'DENWABAN_DATABASE_URL the owner of the database (ALTER DATABASE … OWNER TO …).',
      { cause: error },
    );
  }
  if (code.startsWith('28') || code === '3D000') {
    return new AppError(
      'database-refused',
      `The database refused the sign-in: ${error.message}. Check DENWABAN_DATABASE_URL.`,
      { cause: error },
    );
  }
  const passing =
    ['40001', '40P01', '57014', '55P03'].includes(code) ||
    // A full disk, no memory, an error in reading or writing: until somebody makes room.
    /^5[38]/.test(code);
  return new AppError('database-failed', `The database refused a statement: ${error.message}`, {
    retryable: passing,
    cause: error,
  });
}

/** Whether an insert met a row that is already there. */
export function isUniqueViolation(thrown: unknown): boolean {
  if (!(thrown instanceof AppError)) return false;
  const cause = thrown.cause;
  return cause instanceof Error && 'code' in cause && cause.code === '23505';
}
