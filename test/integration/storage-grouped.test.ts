import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { Database } from '../../src/storage/database.ts';
import { GroupedStatements } from '../../src/storage/grouped-statements.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

let database: TestDatabase;
let alone: Database;
let grouped: GroupedStatements;

beforeAll(async () => {
  database = await testDatabase({ empty: true });
  await database.sql('create table note (id integer primary key, text text not null)');
});
afterAll(async () => {
  await database.drop();
});

beforeEach(() => {
  alone = new Database(database.address, { log: silentLogger, maxConnections: 4 });
  grouped = new GroupedStatements(database.address, alone, silentLogger);
});
afterEach(async () => {
  await grouped.close();
  await alone.pool.end();
  await database.sql('delete from note');
});

const insert = (id: number): Promise<{ id: number }[]> =>
  grouped.rows<{ id: number }>({
    name: 'note-insert',
    text: 'insert into note values ($1, $2) returning id',
    values: [id, 'x'],
  });

async function stored(): Promise<number[]> {
  const rows = await database.sql<{ id: number }>('select id from note order by id');
  return rows.map(({ id }) => id);
}

it('gives each statement its own rows, and only what is committed', async () => {
  const ids = Array.from({ length: 250 }, (_, id) => id);
  const first = insert(1000).then(async (rows) => ({ rows, seen: await stored() }));
  const results = await Promise.all(ids.map(insert));
  expect(results.map(([row]) => row?.id)).toEqual(ids);
  const { rows, seen } = await first;
  expect(rows).toEqual([{ id: 1000 }]);
  expect(seen).toContain(1000);
  expect(await stored()).toEqual([...ids, 1000]);
});

it('a statement that fails harms no other of its group', async () => {
  await insert(7);
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, id) => insert(id)));
  const failed = results.flatMap(({ status }, id) => (status === 'rejected' ? [id] : []));
  expect(failed).toEqual([7]);
  expect(await stored()).toEqual(Array.from({ length: 20 }, (_, id) => id));
});

it('what is asked soon after a large group goes together', async () => {
  const transaction = async (): Promise<string | undefined> => {
    const rows = await grouped.rows<{ id: string }>({ text: 'select pg_current_xact_id() as id' });
    return rows[0]?.id;
  };
  const askTwo = async (): Promise<boolean> => {
    await Promise.all(Array.from({ length: 20 }, transaction));
    const first = transaction();
    await sleep(1);
    const second = transaction();
    return (await first) === (await second);
  };
  // Where the server took longer than the beat for the large group, nothing has to wait.
  let together = false;
  for (let i = 0; i < 50 && !together; i++) together = await askTwo();
  expect(together).toBe(true);
});

it('a row that somebody holds stops only who asks for it', async () => {
  await Promise.all([insert(1), insert(2)]);
  const holder = new Client(database.url);
  await holder.connect();
  await holder.query('begin');
  await holder.query('select from note where id = 1 for update');
  const change = (id: number): Promise<unknown> =>
    grouped.rows({
      name: 'note-change',
      text: `update note set text = 'y' where id = $1`,
      values: [id],
    });
  let isChanged = false;
  const held = change(1).then(() => (isChanged = true));
  await change(2);
  expect(isChanged).toBe(false);
  await holder.query('commit');
  await holder.end();
  await held;
  const texts = await database.sql<{ text: string }>('select text from note order by id');
  expect(texts).toEqual([{ text: 'y' }, { text: 'y' }]);
});

it('goes on after its connection was lost', async () => {
  await insert(1);
  await database.sql(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`);
  // The first to notice may be told so; nothing is kept of it.
  await insert(2).catch((thrown: unknown) => {
    expect(thrown).toMatchObject({ code: 'database-unreachable', retryable: true });
  });
  await insert(3);
  expect(await stored()).toContain(3);
});
