import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  eventually,
  isAlive,
  isRoot,
  kill,
  processesOf,
  removeDir,
  startKeeper,
  stopKeeper,
  temporaryDir,
} from '../harness/keeper-process.ts';
import type { KeeperProcess } from '../harness/keeper-process.ts';
import { makeReady } from '../harness/ready-folder.ts';

let dir: string;

beforeEach(() => {
  dir = temporaryDir();
});

afterEach(async () => {
  await removeDir(dir);
});

async function started(at = dir): Promise<KeeperProcess> {
  const keeper = startKeeper(at);
  await keeper.ready();
  return keeper;
}

/** A start on data that a first start has made; the others make it themselves. */
async function startedAgain(): Promise<KeeperProcess> {
  makeReady(dir);
  return started();
}

async function sql(keeper: KeeperProcess, text: string): Promise<Record<string, unknown>[]> {
  const ports = readFileSync(join(keeper.dir, 'run', 'ports.json'), 'utf8');
  const { databaseUrl } = JSON.parse(ports) as { databaseUrl: string };
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

const postmasterPid = (): string => join(dir, 'postgres', 'postmaster.pid');

test('the server keeps every commit, has no network port and compares text the same everywhere', async () => {
  const keeper = await started();
  const names = [
    'fsync',
    'synchronous_commit',
    'full_page_writes',
    'listen_addresses',
    'max_connections',
  ];
  const settings = await sql(
    keeper,
    `select name, setting from pg_settings where name in ('${names.join("','")}')`,
  );
  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    listen_addresses: '',
    max_connections: '100',
  });
  const [row] = await sql(
    keeper,
    `select pg_encoding_to_char(encoding) as encoding, datlocprovider, datlocale from pg_database
     where datname = current_database()`,
  );
  expect(row).toEqual({ encoding: 'UTF8', datlocprovider: 'b', datlocale: 'C.UTF-8' });
  await stopKeeper(keeper);
});

describe('kill -9', () => {
  // The first initialisation takes about a second; these moments fall all over it.
  test.each([30, 90, 200, 350, 600, 900])(
    'of the keeper %i ms into the first initialisation does no harm',
    async (delayMs) => {
      const first = startKeeper(dir);
      await eventually(() => existsSync(join(dir, 'run', 'keeper.json')));
      await sleep(delayMs);
      kill(first.pid);
      await first.ended;
      const next = await started();
      expect(await sql(next, 'select 1 as one')).toEqual([{ one: 1 }]);
      await stopKeeper(next);
      await eventually(() => processesOf(dir).length === 0);
      // What the first one's initdb wrote until its end may be left to the start after.
      const left = (): string[] => readdirSync(dir).filter((name) => name.includes('.new-'));
      if (left().length > 0) await stopKeeper(await started());
      expect(left()).toEqual([]);
    },
  );

  test('of everything during the first initialisation does no harm', async () => {
    const first = startKeeper(dir);
    await eventually(() => readdirSync(dir).some((name) => name.startsWith('postgres.new-')));
    await sleep(250);
    for (const pid of [first.pid, ...processesOf(dir)]) kill(pid);
    await first.ended;
    expect(existsSync(join(dir, 'postgres'))).toBe(false);
    const next = await started();
    expect(await sql(next, 'select 1 as one')).toEqual([{ one: 1 }]);
    await stopKeeper(next);
  });

  test('of PostgreSQL: it is back with every committed row, the app lives on', async () => {
    const keeper = await startedAgain();
    await sql(keeper, 'create table t as select generate_series(1, 1000) as n');
    const [app, postgres] = [keeper.pidOf('app'), keeper.pidOf('postgres')];
    kill(postgres);
    await eventually(async () => {
      const [row] = await sql(keeper, 'select count(*)::int as count from t');
      return row?.['count'] === 1000;
    });
    expect(keeper.pidOf('postgres')).not.toBe(postgres);
    expect(keeper.pidOf('app')).toBe(app);
    await stopKeeper(keeper);
  });

  test('of everything: the next start recovers', async () => {
    const keeper = await startedAgain();
    await sql(keeper, 'create table t as select 7 as n');
    for (const pid of [keeper.pid, ...processesOf(dir)]) kill(pid);
    await keeper.ended;
    expect(existsSync(postmasterPid())).toBe(true);
    const next = await started();
    expect(await sql(next, 'select n from t')).toEqual([{ n: 7 }]);
    await stopKeeper(next);
  });
});

describe('what a dead server left', () => {
  /** A stopped cluster whose lock file names this process. */
  async function lockedBy(pid: number): Promise<void> {
    const keeper = await startedAgain();
    const lock = readFileSync(postmasterPid(), 'utf8').split('\n');
    await stopKeeper(keeper);
    writeFileSync(postmasterPid(), [String(pid), ...lock.slice(1)].join('\n'));
    const socketLock = join(dir, 'postgres-socket', '.s.PGSQL.5432.lock');
    writeFileSync(socketLock, [String(pid), ...lock.slice(1)].join('\n'));
  }

  test('a lock file whose pid is another program now does not stop the start', async () => {
    await lockedBy(process.pid);
    const keeper = await started();
    expect(await sql(keeper, 'select 1 as one')).toEqual([{ one: 1 }]);
    await stopKeeper(keeper);
  });

  test('a lock file whose pid is a zombie does not stop the start', async () => {
    // The shell starts a child, becomes another program, and never asks for the child's end.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 300']);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    await eventually(() => existsSync(`/proc/${zombie}`) && !isAlive(zombie));
    await lockedBy(zombie);
    const keeper = await started();
    expect(existsSync(`/proc/${zombie}`)).toBe(true);
    await stopKeeper(keeper);
    parent.kill('SIGKILL');
  });

  test('a running server that only its own lock file names is adopted', async () => {
    const first = await startedAgain();
    const postgres = first.pidOf('postgres');
    kill(first.pid);
    await first.ended;
    rmSync(join(dir, 'run', 'postgres.json'));
    const next = await started();
    expect(readFileSync(postmasterPid(), 'utf8').split('\n')[0]).toBe(String(postgres));
    await stopKeeper(next);
    expect(isAlive(postgres)).toBe(false);
  });
});

describe('places', () => {
  test.each([
    ['with spaces and Japanese', "受電 データ 'x' 100%, y"],
    ['longer than a socket path may be', 'a'.repeat(120)],
    ['long, in Japanese', 'あ'.repeat(60)],
  ])('a folder %s works', async (_what, name) => {
    chmodSync(dir, 0o755);
    const place = join(dir, name, 'data');
    const keeper = await started(place);
    expect(await sql(keeper, 'select 1 as one')).toEqual([{ one: 1 }]);
    const response = await fetch(`http://127.0.0.1:${keeper.ports().http}/`);
    const { internal } = (await response.json()) as { internal: { mediaSocket: string } };
    expect(statSync(internal.mediaSocket).isSocket()).toBe(true);
    expect(Buffer.byteLength(internal.mediaSocket)).toBeLessThanOrEqual(100);
    await stopKeeper(keeper);
    if (!internal.mediaSocket.startsWith(place)) {
      expect(existsSync(dirname(internal.mediaSocket))).toBe(false);
    }
  });

  test('a folder whose name a shell would read differently is refused', async () => {
    chmodSync(dir, 0o755);
    const keeper = startKeeper(join(dir, 'a$HOME'));
    expect(await keeper.ended).toMatchObject({ code: 1 });
    expect(keeper.said()).toContain('choose a DENWABAN_DATA_DIR without');
  });

  test.skipIf(!isRoot)(
    'the programs run from a copy, so an install under 0700 does no harm',
    async () => {
      const keeper = await startedAgain();
      const command = readFileSync(`/proc/${keeper.pidOf('postgres')}/cmdline`, 'utf8');
      expect(command.startsWith(dir)).toBe(true);
      expect(statSync(`/proc/${keeper.pidOf('postgres')}`).uid).not.toBe(0);
      await stopKeeper(keeper);
    },
  );

  test.skipIf(!isRoot)(
    'a folder the database user cannot reach is refused, and left as it is',
    async () => {
      const closed = join(dir, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      chmodSync(dir, 0o755);
      const keeper = startKeeper(join(closed, 'data'));
      expect(await keeper.ended).toMatchObject({ code: 1 });
      expect(keeper.said()).toContain(`may not enter ${closed}:`);
      expect(keeper.said()).toContain('DENWABAN_DATA_DIR');
      expect(keeper.said()).toContain(`chmod o+x '${closed}'`);
      expect(statSync(closed).mode & 0o777).toBe(0o700);
      await eventually(() => processesOf(dir).length === 0);
    },
  );

  test.each([
    ['17', 'of PostgreSQL 17, but this Denwaban brings PostgreSQL 18: make a backup'],
    ['19', 'of PostgreSQL 19, but this Denwaban brings PostgreSQL 18: start the newer Denwaban'],
  ])('data of PostgreSQL %s is refused with the way on', async (version, sentence) => {
    mkdirSync(join(dir, 'run'));
    mkdirSync(join(dir, 'postgres'));
    writeFileSync(join(dir, 'postgres', 'PG_VERSION'), `${version}\n`);
    const keeper = startKeeper(dir);
    expect(await keeper.ended).toMatchObject({ code: 1 });
    expect(keeper.said()).toContain(sentence);
  });

  test.skipIf(!isRoot)('a full disk is said in a sentence', async (context) => {
    chmodSync(dir, 0o755);
    const place = join(dir, 'small');
    mkdirSync(place);
    const mount = spawn('mount', ['-t', 'tmpfs', '-o', 'size=70M', 'tmpfs', place]);
    const [code] = (await once(mount, 'exit')) as [number];
    if (code !== 0) context.skip('this system does not let us mount');
    try {
      const keeper = startKeeper(place);
      expect(await keeper.ended).toMatchObject({ code: 1 });
      expect(keeper.said()).toMatch(/disk of the data folder is full: make room/);
      await eventually(() => processesOf(dir).length === 0);
    } finally {
      await once(spawn('umount', ['-l', place]), 'exit');
    }
  });
});
