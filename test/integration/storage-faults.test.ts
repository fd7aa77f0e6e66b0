import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asId, silentLogger } from '../../src/base/index.ts';
import { systemClock } from '../../src/base/system.ts';
import { openStorage } from '../../src/storage/index.ts';
import type { DatabaseAddress, Storage } from '../../src/storage/index.ts';
import { toJson } from '../../src/storage/database.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { message } from '../harness/storage-records.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  await database.drop();
});

const opened: Storage[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close()));
});
function open(address: DatabaseAddress): Storage {
  const storage = openStorage({ address, log: silentLogger, clock: systemClock });
  opened.push(storage);
  return storage;
}

const kill = (): Promise<unknown> =>
  database.sql(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`);

describe('a database that goes away', () => {
  it('is an error that may pass, and no more than that: the next statement works', async () => {
    const storage = database.open();
    await Promise.all(Array.from({ length: 5 }, () => storage.health()));
    for (let round = 0; round < 5; round++) {
      await kill();
      const results = await Promise.allSettled(
        Array.from({ length: 5 }, () => storage.callQueries.waitingCount()),
      );
      for (const result of results) {
        if (result.status === 'rejected') {
          expect(result.reason).toMatchObject({ code: 'database-unreachable', retryable: true });
        }
      }
    }
    expect(await storage.callQueries.waitingCount()).toBe(0);
  });

  it('in the middle of a transaction leaves nothing half done', async () => {
    const storage = database.open();
    await database.sql(`create function cut() returns trigger language plpgsql as
      $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$`);
    await database.sql(
      'create trigger cut before insert on delivery for each row execute function cut()',
    );
    await expect(storage.messages.send(message(1))).rejects.toMatchObject({
      code: 'database-unreachable',
    });
    await database.sql('drop function cut cascade');
    expect(await storage.messages.message(asId('msg_0001'))).toBeNull();
    expect((await storage.messages.send(message(1))).created).toBe(true);
  });

  it('that never was there is said in a sentence', async () => {
    const socket = { directory: '/tmp/denwaban-nowhere', port: 5432, user: 'x', database: 'x' };
    const storage = open({ socket });
    await expect(storage.migrate()).rejects.toMatchObject({
      code: 'database-unreachable',
      retryable: true,
    });
    expect(await storage.health()).toMatchObject({
      ready: false,
      detail: expect.stringContaining('cannot be reached') as string,
    });
  });

  it('that has another name is refused, which waiting does not heal', async () => {
    const storage = open({ connectionString: database.url.replace(database.name, 'nowhere') });
    await expect(storage.callQueries.waitingCount()).rejects.toMatchObject({
      code: 'database-refused',
      retryable: false,
    });
  });
});

it('a user who may not make tables is told who can', async () => {
  const role = `${database.name}_guest`;
  await database.sql(`create role ${role} login`);
  try {
    const url = database.url.replace(/\/\/[^@]+@/, `//${role}@`);
    await expect(open({ connectionString: url }).migrate()).rejects.toMatchObject({
      code: 'database-refused',
      message: expect.stringContaining('OWNER TO') as string,
    });
  } finally {
    await database.sql(`drop role ${role}`);
  }
});

describe('documents', () => {
  it('are stored whatever a device sent', async () => {
    const hostile = { a: 'x\0y', b: '\ud800', c: '\\u0000', d: '\\', e: '😀', '\0': 1 };
    const [row] = await database.sql<{ doc: unknown }>('select $1::jsonb as doc', [
      toJson(hostile),
    ]);
    expect(row?.doc).toEqual({
      a: 'x\ufffdy',
      b: '\ufffd',
      c: '\\u0000',
      d: '\\',
      e: '😀',
      '\ufffd': 1,
    });
  });
});
