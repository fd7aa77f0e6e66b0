import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Clock } from '../base/index.ts';
import { BACKUP_FORMAT, writeHeading } from './backup-format.ts';
import type { TableDigest } from './backup-format.ts';
import { quoted, readTables } from './catalog.ts';
import type { TableShape } from './catalog.ts';
import type { Database, Queryable } from './database.ts';

/** Rows in memory at a time. */
const PAGE_ROWS = 500;

/**
 * The whole database as one stream, as it stood at one instant. Memory stays bounded whatever its
 * size; a reader who stops early ends the transaction.
 */
export function takeBackup(database: Database, clock: Clock): AsyncIterable<Uint8Array> {
  const lines = Readable.from(backupLines(database, clock), { objectMode: false });
  const gzip = createGzip();
  lines.on('error', (error) => gzip.destroy(error));
  gzip.on('close', () => lines.destroy());
  return lines.pipe(gzip);
}

async function* backupLines(database: Database, clock: Clock): AsyncGenerator<string> {
  const connection = await database.lease();
  let failed = true;
  try {
    await connection.rows({ text: 'begin isolation level repeatable read read only' });
    await connection.rows({ text: 'set local statement_timeout = 0' });
    await connection.rows({ text: 'set local idle_in_transaction_session_timeout = 0' });
    const [schema] = await connection.rows<{ version: number }>({
      text: 'select max(version) as version from schema_migration',
    });
    const createdAt = new Date(clock.now()).toISOString();
    yield writeHeading({
      denwaban: 'backup',
      format: BACKUP_FORMAT,
      schema: schema?.version ?? 0,
      createdAt,
    });
    const manifest: TableDigest[] = [];
    for (const shape of await readTables(connection)) {
      manifest.push(yield* tableLines(connection, shape));
    }
    yield writeHeading({ manifest });
    await connection.rows({ text: 'commit' });
    failed = false;
  } finally {
    // Whoever stops reading in the middle leaves an open transaction: the connection goes with it.
    connection.release(failed);
  }
}

async function* tableLines(
  connection: Queryable,
  { table, columns }: TableShape,
): AsyncGenerator<string, TableDigest> {
  yield writeHeading({ table, columns });
  await connection.rows({
    text: `declare dump no scroll cursor for
      select row_to_json(r)::text as line
      from (select ${columns.map(quoted).join(', ')} from ${quoted(table)} order by 1) r`,
  });
  const hash = createHash('sha256');
  let rows = 0;
  for (;;) {
    const page = await connection.rows<{ line: string }>({
      text: `fetch forward ${PAGE_ROWS} from dump`,
    });
    if (page.length === 0) break;
    const text = page.map(({ line }) => `${line}\n`).join('');
    hash.update(text);
    rows += page.length;
    yield text;
  }
  await connection.rows({ text: 'close dump' });
  const digest: TableDigest = { table, rows, sha256: hash.digest('hex') };
  yield writeHeading({ end: table, rows, sha256: digest.sha256 });
  return digest;
}
