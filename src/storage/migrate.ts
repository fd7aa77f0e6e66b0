import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { AppError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import type { Database, Queryable } from './database.ts';

export type Migration = { version: number; name: string; sql: string; checksum: string };

const MIGRATIONS_DIR = new URL('./migrations/', import.meta.url);
const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;
/** Any constant; all that matters is that every process of ours takes the same lock. */
const LOCK_KEY = 7_303_014;
/** As `server_version_num` writes it. */
const OLDEST_SERVER = 150_000;

/** The numbered SQL files, in order. They are only ever added to. */
export async function readMigrations(directory: URL = MIGRATIONS_DIR): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for (const file of (await readdir(directory)).sort()) {
    const match = FILE_NAME.exec(file);
    if (!match) continue;
    const sql = await readFile(new URL(file, directory), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    migrations.push({ version: Number(match[1]), name: match[2] ?? '', sql, checksum });
  }
  return migrations;
}

/** The schema version this program was made for. */
export async function programVersion(): Promise<number> {
  return (await readMigrations()).at(-1)?.version ?? 0;
}

/**
 * Brings the schema to the program's version, each file in a transaction of its own. Any number of
 * processes may do this at once: the first works, the others wait and then find nothing to do.
 */
export async function migrate(
  database: Database,
  log: Logger,
  migrations?: Migration[],
): Promise<number> {
  const known = migrations ?? (await readMigrations());
  await assertUsable(database);
  return database.withConnection(async (connection) => {
    await connection.rows({ text: 'set statement_timeout = 0' });
    await connection.rows({ text: `select pg_advisory_lock(${LOCK_KEY})` });
    try {
      return await applyMissing(connection, known, log);
    } finally {
      await connection
        .rows({ text: `select pg_advisory_unlock(${LOCK_KEY})` })
        .catch(() => undefined);
      await connection.rows({ text: 'reset statement_timeout' }).catch(() => undefined);
    }
  });
}

/** Older servers lack what our SQL uses; another encoding cannot hold what people write. */
async function assertUsable(database: Database): Promise<void> {
  const [row] = await database.rows<{ version: string; number: number; encoding: string }>({
    text: `select current_setting('server_version') as version, current_setting('server_encoding')
      as encoding, current_setting('server_version_num')::integer as number`,
  });
  if (row === undefined) return;
  const sentence = serverFault(row);
  if (sentence !== null) throw new AppError('database-unusable', sentence);
}

/** What keeps us from working on a server; null when nothing does. */
export function serverFault(server: {
  version: string;
  number: number;
  encoding: string;
}): string | null {
  const { version, number, encoding } = server;
  if (number < OLDEST_SERVER) {
    return (
      `The database is PostgreSQL ${version}; Denwaban needs 15 or newer: upgrade the server, or ` +
      'name another one in DENWABAN_DATABASE_URL.'
    );
  }
  if (encoding === 'UTF8') return null;
  return (
    `The database is encoded in ${encoding}, which cannot hold every name: make one with ` +
    'CREATE DATABASE … ENCODING UTF8 TEMPLATE template0, and name it in DENWABAN_DATABASE_URL.'
  );
}

async function applyMissing(
  connection: Queryable,
  known: Migration[],
  log: Logger,
): Promise<number> {
  await connection.rows({
    text: `create table if not exists schema_migration (
      version integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`,
  });
  const applied = await connection.rows<{ version: number; name: string; checksum: string }>({
    text: 'select version, name, checksum from schema_migration order by version',
  });
  checkApplied(applied, known);
  const done = new Set(applied.map((row) => row.version));
  for (const migration of known.filter((m) => !done.has(m.version))) {
    await applyOne(connection, migration);
    log.info({ version: migration.version, name: migration.name }, 'database schema migrated');
  }
  return known.at(-1)?.version ?? 0;
}

function checkApplied(
  applied: { version: number; name: string; checksum: string }[],
  known: Migration[],
): void {
  const newest = known.at(-1)?.version ?? 0;
  const last = applied.at(-1)?.version ?? 0;
  if (last > newest) {
    throw new AppError(
      'schema-newer',
      `The database was written by a newer Denwaban (schema ${last}; this program knows ${newest}). ` +
        'Start the newer version, or restore a backup made before the upgrade.',
    );
  }
  const byVersion = new Map(known.map((m) => [m.version, m]));
  for (const row of applied) {
    if (byVersion.get(row.version)?.checksum === row.checksum) continue;
    throw new AppError(
      'schema-differs',
      `Migration ${row.version} (${row.name}) in the database is not the one of this program. ` +
        'The installation was changed or mixed: install the release again.',
    );
  }
}

async function applyOne(connection: Queryable, migration: Migration): Promise<void> {
  await connection.rows({ text: 'begin' });
  try {
    await connection.rows({ text: migration.sql });
    await connection.rows({
      text: 'insert into schema_migration (version, name, checksum) values ($1, $2, $3)',
      values: [migration.version, migration.name, migration.checksum],
    });
    await connection.rows({ text: 'commit' });
  } catch (thrown) {
    await connection.rows({ text: 'rollback' }).catch(() => undefined);
    throw thrown;
  }
}
