import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError } from '../base/index.ts';
import { BACKUP_FORMAT, MAX_LINE_BYTES, readLine } from './backup-format.ts';
import type { BackupHead, BackupLine, TableDigest } from './backup-format.ts';
import { quoted, readTables } from './catalog.ts';
import type { TableShape } from './catalog.ts';
import type { Database, Queryable } from './database.ts';
import { programVersion } from './migrate.ts';
import { openOlderTables, takeOverOlderTables } from './older-backup.ts';

const BATCH_ROWS = 500;
const BATCH_BYTES = 1024 * 1024;

/** What makes a database one in use; first-start rows such as a setup link do not. */
const IN_USE = ['user', 'subscriber', 'operator', 'trunk', 'call', 'message'];

export type RestoreResult = { tables: number; rows: number };

/**
 * Reads a backup into this database inside one transaction: a damaged file, a newer schema or a
 * database in use leaves everything as it was. One of an older schema is brought forward. Reports that were still to be sent when the backup
 * was made may have gone out since; they go out again marked as possible duplicates.
 */
export async function restoreBackup(
  database: Database,
  bytes: AsyncIterable<Uint8Array>,
  options: { replace: boolean },
): Promise<RestoreResult> {
  const schema = await programVersion();
  return database.transact(async (tx) => {
    await tx.rows({ text: 'set local statement_timeout = 0' });
    await tx.rows({ text: 'set local idle_in_transaction_session_timeout = 0' });
    await tx.rows({ text: `set local time zone 'UTC'` });
    const shapes = await readTables(tx);
    await makeRoom(tx, shapes, options.replace);
    const restoration = new Restoration(tx, shapes, schema);
    for await (const line of linesOf(bytes)) await restoration.take(line);
    const result = await restoration.finish();
    await tx.rows({
      text: `update delivery set state = 'uncertain', lease_until = null, possible_duplicate = true,
          next_attempt_at = coalesce(next_attempt_at, now())
        where state in ('queued', 'sending', 'retrying', 'uncertain')`,
    });
    return result;
  });
}

async function makeRoom(tx: Queryable, shapes: TableShape[], replace: boolean): Promise<void> {
  const tables = shapes.map((shape) => quoted(shape.table)).join(', ');
  await tx.rows({ text: `lock table ${tables} in access exclusive mode` });
  for (const table of replace ? [] : IN_USE) {
    const [row] = await tx.rows<{ used: boolean }>({
      text: `select exists (select from ${quoted(table)}) as used`,
    });
    if (row?.used !== true) continue;
    throw new AppError(
      'restore-not-empty',
      'This database is in use. Restore into a new installation, or say that its contents are ' +
        'to be replaced (--replace).',
    );
  }
  await tx.rows({ text: `truncate ${tables} restart identity` });
}

/** One run over the lines of a backup; knows what must come next. */
class Restoration {
  readonly #tx: Queryable;
  readonly #ours: readonly TableShape[];
  /** What the rows are read into: ours, or as they were when the backup was made. */
  #shapes: Map<string, TableShape>;
  readonly #schema: number;
  readonly #digests: TableDigest[] = [];
  #head: BackupHead | null = null;
  #table: { name: string; columns: string[]; hash: Hash; rows: number } | null = null;
  #batch: string[] = [];
  #batchBytes = 0;
  #complete = false;

  constructor(tx: Queryable, shapes: TableShape[], schema: number) {
    this.#tx = tx;
    this.#ours = shapes;
    this.#shapes = byTable(shapes);
    this.#schema = schema;
  }

  async take(text: string): Promise<void> {
    const line = readLine(text);
    if (line === null || this.#complete) throw damaged('there is a line that is none of a backup');
    if (this.#head === null) {
      await this.#begin(line);
      return;
    }
    switch (line.type) {
      case 'head':
        throw damaged('it begins twice');
      case 'table':
        this.#beginTable(line);
        return;
      case 'row':
        await this.#row(line.json);
        return;
      case 'end':
        await this.#endTable(line.digest);
        return;
      case 'manifest':
        this.#compare(line.manifest);
    }
  }

  async finish(): Promise<RestoreResult> {
    if (!this.#complete || !this.#head) throw damaged('its end is missing');
    const { schema } = this.#head;
    if (schema < this.#schema) await takeOverOlderTables(this.#tx, schema, this.#ours);
    for (const { table, identity } of this.#ours) {
      for (const column of identity) {
        await this.#tx.rows({
          text: `select setval(pg_get_serial_sequence($1, $2),
            coalesce((select max(${quoted(column)}) from ${quoted(table)}), 0) + 1, false)`,
          values: [quoted(table), column],
        });
      }
    }
    const rows = this.#digests.reduce((sum, digest) => sum + digest.rows, 0);
    return { tables: this.#digests.length, rows };
  }

  async #begin(line: BackupLine): Promise<void> {
    if (line.type !== 'head') throw damaged('its first line is missing');
    const { format, schema } = line.head;
    if (format > BACKUP_FORMAT || schema > this.#schema) {
      throw new AppError(
        'restore-newer',
        `This backup was made by a newer Denwaban (schema ${schema}; this program knows ` +
          `${this.#schema}). Install that version or a later one, then restore.`,
      );
    }
    this.#head = line.head;
    if (schema < this.#schema) this.#shapes = byTable(await openOlderTables(this.#tx, schema));
  }

  #beginTable({ table, columns }: { table: string; columns: string[] }): void {
    const shape = this.#shapes.get(table);
    if (this.#table || !shape) throw damaged(`table ${table} is not one that can stand there`);
    const unknown = columns.find((column) => !shape.columns.includes(column));
    if (unknown !== undefined) throw damaged(`table ${table} has no column ${unknown}`);
    this.#table = { name: table, columns, hash: createHash('sha256'), rows: 0 };
  }

  async #row(json: string): Promise<void> {
    if (!this.#table) throw damaged('a row stands outside of a table');
    this.#table.hash.update(`${json}\n`);
    this.#table.rows++;
    this.#batch.push(json);
    this.#batchBytes += json.length;
    if (this.#batch.length >= BATCH_ROWS || this.#batchBytes >= BATCH_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (!this.#table || this.#batch.length === 0) return;
    const table = quoted(this.#table.name);
    const columns = this.#table.columns.map(quoted).join(', ');
    const values = [`[${this.#batch.join(',')}]`];
    this.#batch = [];
    this.#batchBytes = 0;
    try {
      await this.#tx.rows({
        text: `insert into ${table} (${columns})
          select ${columns} from json_populate_recordset(null::${table}, $1)`,
        values,
      });
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.retryable) throw thrown;
      throw damaged(`rows of table ${this.#table.name} cannot be read`, thrown);
    }
  }

  async #endTable(digest: TableDigest): Promise<void> {
    await this.#flush();
    const table = this.#table;
    const right =
      table?.name === digest.table &&
      table.rows === digest.rows &&
      table.hash.digest('hex') === digest.sha256;
    if (!right) throw damaged(`table ${digest.table} is not what was written`);
    this.#digests.push(digest);
    this.#table = null;
  }

  #compare(manifest: TableDigest[]): void {
    const same = JSON.stringify(manifest) === JSON.stringify(this.#digests);
    if (this.#table || !same) throw damaged('a table is missing');
    this.#complete = true;
  }
}

function byTable(shapes: readonly TableShape[]): Map<string, TableShape> {
  return new Map(shapes.map((shape) => [shape.table, shape]));
}

function damaged(what: string, cause?: unknown): AppError {
  return new AppError(
    'restore-damaged',
    `This is not a whole Denwaban backup: ${what}. Nothing was changed; take another copy.`,
    { cause },
  );
}

/** The lines of a gzip stream, one at a time. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const gunzip = createGunzip();
  const source = Readable.from(bytes);
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  try {
    for await (const chunk of gunzip) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_BYTES) throw damaged('a line has no end');
      yield* lines;
    }
    rest += decoder.decode();
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    if (thrown instanceof TypeError || isZlibError(thrown)) {
      throw damaged('its bytes cannot be unpacked', thrown);
    }
    throw thrown;
  } finally {
    source.destroy();
  }
  if (rest !== '') throw damaged('its last line is torn');
}

function isZlibError(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'string' &&
    thrown.code.startsWith('Z_')
  );
}
