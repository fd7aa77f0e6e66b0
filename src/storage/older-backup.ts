import { quoted, readTables } from './catalog.ts';
import type { TableShape } from './catalog.ts';
import type { Queryable } from './database.ts';
import { readMigrations } from './migrate.ts';

/** Stands for the time of the transaction only. */
const ASIDE = 'denwaban_restore';

/**
 * Tables as they were at an older schema, in a place of their own beside ours: what is read from here on
 * goes there. Returns their shapes.
 */
export async function openOlderTables(tx: Queryable, schema: number): Promise<TableShape[]> {
  await tx.rows({ text: `create schema ${ASIDE}` });
  await tx.rows({ text: `set local search_path = ${ASIDE}` });
  for (const { version, sql } of await readMigrations()) {
    if (version <= schema) await tx.rows({ text: sql });
  }
  return readTables(tx);
}

/**
 * Brings them forward as an upgrade does a database of that time, and their rows into `shapes`, which are
 * ours and empty.
 */
export async function takeOverOlderTables(
  tx: Queryable,
  schema: number,
  shapes: Iterable<TableShape>,
): Promise<void> {
  for (const { version, sql } of await readMigrations()) {
    if (version > schema) await tx.rows({ text: sql });
  }
  await tx.rows({ text: 'set local search_path to default' });
  for (const { table, columns } of shapes) {
    const names = columns.map(quoted).join(', ');
    await tx.rows({
      text: `insert into ${quoted(table)} (${names}) select ${names} from ${ASIDE}.${quoted(table)}`,
    });
  }
  await tx.rows({ text: `drop schema ${ASIDE} cascade` });
}
