import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { Database } from '../../src/storage/database.ts';
import { migrate, readMigrations } from '../../src/storage/migrate.ts';
import type { Migration } from '../../src/storage/migrate.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { dumpSchema } from '../harness/schema-dump.ts';

const databases: TestDatabase[] = [];
const pools: Database[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await Promise.all(databases.splice(0).map((database) => database.drop()));
});

async function empty(): Promise<TestDatabase> {
  const database = await testDatabase({ empty: true });
  databases.push(database);
  return database;
}

function connect(database: TestDatabase): Database {
  const pool = new Database(database.address, { log: silentLogger, maxConnections: 2 });
  pools.push(pool);
  return pool;
}

function migration(version: number, sql: string): Migration {
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { version, name: `m${version}`, sql, checksum };
}

describe('migrations', () => {
  it('make the schema of schema.sql (`vitest -u` writes it anew)', async () => {
    const database = await testDatabase();
    databases.push(database);
    const dump = await dumpSchema((text) => database.sql(text));
    await expect(dump).toMatchFileSnapshot('../../src/storage/schema.sql');
  });

  it('are numbered without a gap', async () => {
    const versions = (await readMigrations()).map((m) => m.version);
    expect(versions).toEqual(versions.map((_, i) => i + 1));
  });

  it('work once when many processes start at the same moment, and do nothing the second time', async () => {
    const database = await empty();
    const versions = await Promise.all(
      Array.from({ length: 8 }, () => migrate(connect(database), silentLogger)),
    );
    expect(new Set(versions).size).toBe(1);
    const applied = await database.sql('select version from schema_migration');
    expect(applied).toHaveLength(versions[0]!);
    expect(await migrate(connect(database), silentLogger)).toBe(versions[0]);
  });

  it('keep what an older program wrote', async () => {
    const database = await empty();
    const all = await readMigrations();
    await migrate(connect(database), silentLogger, all.slice(0, 4));
    await database.sql(
      `insert into recording (id, call_id, path, started_at, state)
       values ('rec_1', 'call_1', 'a.rec', now(), 'complete')`,
    );
    await database.sql(
      `insert into recording_listen (recording_id, user_name, at) values ('rec_1', '山田', now())`,
    );
    await migrate(connect(database), silentLogger);
    await database.sql('delete from recording');
    const listens = await database.sql('select recording_id, user_name from recording_listen');
    expect(listens).toEqual([{ recording_id: 'rec_1', user_name: '山田' }]);
    const upgraded = await dumpSchema((text) => database.sql(text));
    const fresh = await testDatabase();
    databases.push(fresh);
    expect(upgraded).toBe(await dumpSchema((text) => fresh.sql(text)));
  });

  it('give every leg of a call its own row', async () => {
    const database = await empty();
    await migrate(connect(database), silentLogger, (await readMigrations()).slice(0, 11));
    const state = { version: 2, phase: 'talking', arrivedAt: 0 };
    const legs = [{ id: 'leg_b' }, { id: 'leg_a' }];
    await database.sql(
      `insert into call (id, state, legs, pending_effects, owner)
       values ('call_1', $1, $2, '[]', 'b'), ('call_2', $1, '[]', '[]', 'b')`,
      [JSON.stringify(state), JSON.stringify(legs)],
    );
    await migrate(connect(database), silentLogger);
    const found = await database.open().calls.openCalls();
    expect(found.map(({ legs: of }) => of)).toEqual([legs, []]);
  });

  it('leave nothing of a file that fails, and go on from there', async () => {
    const database = await empty();
    const pool = connect(database);
    const first = migration(1, 'create table a (id int);');
    const broken = migration(2, 'create table b (id int); create table a (id int);');
    await expect(migrate(pool, silentLogger, [first, broken])).rejects.toThrow('already exists');
    const tables = `select relname from pg_class where relname in ('a', 'b')`;
    expect(await database.sql(tables)).toEqual([{ relname: 'a' }]);
    const whole = migration(2, 'create table b (id int);');
    expect(await migrate(pool, silentLogger, [first, whole])).toBe(2);
    expect(await database.sql(tables)).toHaveLength(2);
  });

  it('refuse a newer schema and a changed file in a sentence', async () => {
    const database = await empty();
    const pool = connect(database);
    const two = [migration(1, 'create table a (id int);'), migration(2, 'select 1;')];
    await migrate(pool, silentLogger, two);
    await expect(migrate(pool, silentLogger, two.slice(0, 1))).rejects.toMatchObject({
      code: 'schema-newer',
      message: expect.stringContaining('newer Denwaban (schema 2; this program knows 1)') as string,
    });
    const changed = [migration(1, 'create table a (id bigint);'), two[1]!];
    await expect(migrate(pool, silentLogger, changed)).rejects.toMatchObject({
      code: 'schema-differs',
    });
  });
});
