import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { AppError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import { connectionConfig, databaseError } from './database.ts';
import type { Database, DatabaseAddress, Queryable, Statement } from './database.ts';
import { StatementGroup } from './statement-group.ts';
import type { PreparedStatements } from './statement-group.ts';

/** Statements of one transaction; more wait for the next. */
const MAX_GROUP = 100;
/**
 * When several calls want something at a time, groups begin so far apart: each costs a wake of the server, a
 * sync and an answer, whatever is in it. A call alone never waits.
 */
const BEAT_MS = 12;
const SEVERAL = 4;
/** Whoever holds a row longer than this must not hold up the statements of other calls. */
const LOCK_TIMEOUT_MS = 200;
/** A server that has not answered by then hangs: calls go on without it. */
const ANSWER_TIMEOUT_MS = 10_000;

type Waiting = {
  statement: Statement;
  resolve: (rows: unknown[]) => void;
  reject: (error: AppError) => void;
};

/**
 * Statements of many calls on one connection. What is asked while a group is under way goes together with the
 * next: one write to the server, one transaction, one wait for the disk. A result is given only when
 * its group is committed. A group in which one statement fails is rolled back and its statements are run
 * each by itself, so a fault stays with its own call.
 *
 * For short statements with an identity of their own: each must be right whichever others share its
 * transaction.
 */
export class GroupedStatements implements Queryable {
  readonly #address: DatabaseAddress;
  readonly #alone: Database;
  readonly #log: Logger;
  readonly #waiting: Waiting[] = [];
  #client: Client | undefined;
  #prepared: PreparedStatements = new Map();
  #sending = false;

  constructor(address: DatabaseAddress, alone: Database, log: Logger) {
    this.#address = address;
    this.#alone = alone;
    this.#log = log;
  }

  rows<R>(statement: Statement): Promise<R[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statement, resolve: (rows) => resolve(rows as R[]), reject });
      if (!this.#sending) void this.#sendAll();
    });
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    // What else this turn of the event loop asks for goes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MAX_GROUP);
      const next = performance.now() + BEAT_MS;
      await this.#send(group);
      const early = next - performance.now();
      if (group.length >= SEVERAL && this.#waiting.length < MAX_GROUP && early > 0) {
        await sleep(early);
      }
    }
    this.#sending = false;
  }

  async #send(group: Waiting[]): Promise<void> {
    try {
      const answer = this.#ask(group.map(({ statement }) => statement));
      const rows = await withinTime(answer);
      group.forEach(({ resolve }, index) => resolve(rows[index] ?? []));
    } catch (thrown) {
      await this.#failed(group, databaseError(thrown));
    }
  }

  async #ask(statements: readonly Statement[]): Promise<unknown[][]> {
    const client = await this.#connected();
    return client.query(new StatementGroup(statements, this.#prepared)).done;
  }

  async #failed(group: Waiting[], error: AppError): Promise<void> {
    await this.#drop();
    if (error.code === 'database-unreachable') {
      for (const { reject } of group) reject(error);
      return;
    }
    this.#log.warn({ statements: group.length, reason: error.message }, 'statements run alone');
    await Promise.all(
      group.map(({ statement, resolve, reject }) =>
        this.#alone.rows<unknown>(statement).then(resolve, reject),
      ),
    );
  }

  /** After a failure nobody knows which statements the connection has prepared. */
  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // Not in order: a server that hangs would not hear it.
    client?.connection.stream.destroy();
    await client?.end().catch(() => undefined);
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client;
    const client = new Client({
      ...connectionConfig(this.#address),
      lock_timeout: LOCK_TIMEOUT_MS,
    });
    client.on('error', (error) => {
      this.#log.warn({ reason: error.message }, 'the connection of the calls was lost');
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    this.#prepared = new Map();
    this.#client = client;
    return client;
  }
}

async function withinTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const text = `The database did not answer within ${ANSWER_TIMEOUT_MS / 1000} s.`;
      reject(new AppError('database-unreachable', text, { retryable: true }));
    }, ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
