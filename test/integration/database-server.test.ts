import { chmodSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { systemClock } from '../../src/base/system.ts';
import { openStorage } from '../../src/storage/index.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { eventually, removeDir, temporaryDir } from '../harness/keeper-process.ts';
import { freePort } from '../harness/smtp.ts';
import { launchPlatform, startPlatform } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';

/** DENWABAN_DATABASE_URL: the whole product on a server of somebody else's. */
const platforms: Platform[] = [];
const databases: TestDatabase[] = [];
afterEach(async () => {
  await Promise.all(platforms.splice(0).map((platform) => platform.stop()));
  await Promise.all(databases.splice(0).map((database) => database.drop()));
});

async function empty(): Promise<TestDatabase> {
  const database = await testDatabase({ empty: true });
  databases.push(database);
  return database;
}

async function launched(url: string): Promise<Platform> {
  const platform = await launchPlatform({ env: { DENWABAN_DATABASE_URL: url } });
  platforms.push(platform);
  return platform;
}

describe('a database server', () => {
  it('holds everything, and several starts at once migrate it once', async () => {
    const database = await empty();
    const env = { DENWABAN_DATABASE_URL: database.url };
    const both = await Promise.all([startPlatform({ env }), startPlatform({ env })]);
    platforms.push(...both);
    const answers = await Promise.all(both.map((platform) => platform.api('GET', '/readyz')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const counted = 'select count(*) from schema_migration';
    const [applied] = await database.sql<{ count: string }>(counted);
    expect(Number(applied?.count)).toBeGreaterThan(4);
  });

  it('that is not there keeps nobody waiting for an answer', async () => {
    const port = await freePort();
    const platform = await launched(`postgresql://denwaban@127.0.0.1:${port}/denwaban`);
    await eventually(async () => (await platform.api('GET', '/healthz')).status === 200);
    const ready = await platform.api('GET', '/readyz');
    expect(ready).toMatchObject({ status: 503, body: { database: { ready: false } } });
    expect(JSON.stringify(ready.body)).toContain('cannot be reached');
    const asked = await platform.api('GET', '/api/v1/about');
    expect(asked).toMatchObject({ status: 503, body: { code: 'database-unreachable' } });
    expect(platform.output).toMatch(/^The database cannot be reached\. Check that it runs/m);
  });

  it('whose database is made later is used from then on', async () => {
    const database = await empty();
    const { url, name } = database;
    const later = `${name}_later`;
    const platform = await launched(url.replace(name, later));
    await eventually(async () => {
      const { status, body } = await platform.api('GET', '/readyz');
      return status === 503 && JSON.stringify(body).includes('refused the sign-in');
    });
    await database.sql(`create database ${later}`);
    await platform.untilReady();
    await platform.stop();
    await database.sql(`drop database ${later} with (force)`);
  });

  it('with a newer schema ends the start in a sentence, and is left as it is', async () => {
    const database = await empty();
    const storage = openStorage({
      address: database.address,
      log: silentLogger,
      clock: systemClock,
    });
    await storage.migrate();
    await storage.close();
    await database.sql(
      `insert into schema_migration (version, name, checksum) values (9999, 'later', 'x')`,
    );
    const platform = await launched(database.url);
    expect(await platform.ended).toBe(78);
    expect(platform.output).toMatch(/^The database was written by a newer Denwaban \(schema 9999/m);
    expect(platform.output).toContain('Denwaban stops: app ended with code 78');
  });
});

it('a data folder with Japanese letters and spaces in a long path serves as well as any', async () => {
  const parent = temporaryDir();
  chmodSync(parent, 0o755);
  const dataDir = `${parent}/電話番 の データ/${'長'.repeat(30)}`;
  try {
    const platform = await startPlatform({ dataDir });
    expect((await platform.api('GET', '/readyz')).status).toBe(200);
    await platform.stop();
  } finally {
    await removeDir(parent);
  }
});
