import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ORDINARY_USER,
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
  makeReady(dir);
});

afterEach(async () => {
  await removeDir(dir);
});

/** As before the very first start. */
async function beginWithNothing(): Promise<void> {
  await removeDir(dir);
  dir = temporaryDir();
}

async function started(...args: Parameters<typeof startKeeper>): Promise<KeeperProcess> {
  const keeper = startKeeper(...args);
  await keeper.ready();
  return keeper;
}

async function whoServes(url: string): Promise<number> {
  const response = await fetch(url);
  return ((await response.json()) as { pid: number }).pid;
}

function readAll(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.once('error', reject);
    socket.once('close', () => resolve(text));
  });
}

describe('start and stop', () => {
  test('the three processes run, the chosen ports answer, and nothing is left after SIGTERM', async () => {
    const keeper = await started(dir);
    const { http, sip } = keeper.ports();
    expect(await whoServes(`http://127.0.0.1:${http}/`)).toBe(keeper.pidOf('app'));
    expect(await readAll(sip)).toBe(String(keeper.pidOf('app')));
    expect(isAlive(keeper.pidOf('media'))).toBe(true);
    expect(isAlive(keeper.pidOf('postgres'))).toBe(true);
    expect(statSync(join(dir, 'run')).mode & 0o777).toBe(0o700);

    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toMatchObject({ code: 0 });
    expect(keeper.appLog().at(-1)).toContain('SIGUSR2');
    expect(keeper.mediaLog().at(-1)).toContain('SIGTERM');
    await eventually(() => processesOf(dir).length === 0);
    const left = readdirSync(join(dir, 'run'));
    expect(left.filter((name) => name.endsWith('.json'))).toEqual([]);
    expect(readdirSync(join(dir, 'postgres-socket'))).toEqual([]);
  });

  test('a second start on the same data is refused in a sentence with the pid and the folder', async () => {
    const keeper = await started(dir);
    const second = startKeeper(dir);
    expect(await second.ended).toMatchObject({ code: 1 });
    expect(second.said()).toContain(`already running on ${dir} (process ${keeper.pid}`);
    expect(isAlive(keeper.pidOf('app'))).toBe(true);
    await stopKeeper(keeper);
  });

  test('of two starts at the same moment exactly one runs', async () => {
    const both = [startKeeper(dir), startKeeper(dir)];
    const loser = await Promise.race(both.map((k) => k.ended.then(() => k)));
    expect(loser.said()).toContain('already running');
    const winner = both.find((k) => k !== loser)!;
    await winner.ready();
    await stopKeeper(winner);
  });

  test('one press of Ctrl-C that arrives three times waits for calls; another press does not', async () => {
    const keeper = await started(dir, { env: { FAKE_APP_IGNORES: 'SIGUSR2' } });
    for (let i = 0; i < 3; i++) process.kill(keeper.pid, 'SIGINT');
    await eventually(() => keeper.appLog().at(-1)?.endsWith('SIGUSR2') === true);
    await sleep(700);
    expect(isAlive(keeper.pidOf('app'))).toBe(true);
    process.kill(keeper.pid, 'SIGINT');
    expect(await keeper.ended).toMatchObject({ code: 0 });
    expect(keeper.appLog().at(-1)).toContain('SIGINT');
  });

  test('an app that cannot work as things are set up ends the keeper instead of a restart loop', async () => {
    const keeper = startKeeper(dir, { env: { FAKE_APP_EXIT_CODE: '78' } });
    expect(await keeper.ended).toMatchObject({ code: 78 });
    await eventually(() => processesOf(dir).length === 0);
  });

  test('a stop during the first initialisation leaves no process', async () => {
    await beginWithNothing();
    const keeper = startKeeper(dir);
    await eventually(() => readdirSync(dir).some((name) => name.startsWith('postgres.new-')));
    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toMatchObject({ code: 0 });
    await eventually(() => processesOf(dir).length === 0);
  });

  test.each(['HTTP', 'SIP'])('a %s port that is taken is named with its variable', async (name) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const keeper = startKeeper(dir, { env: { [`DENWABAN_${name}_PORT`]: String(port) } });
    expect(await keeper.ended).toMatchObject({ code: 1 });
    expect(keeper.said()).toContain(`port ${port} is in use by`);
    expect(keeper.said()).toContain(`process ${process.pid}`);
    expect(keeper.said()).toContain(`DENWABAN_${name}_PORT`);
    await new Promise((resolve) => server.close(resolve));
  });

  test('wrong settings are sentences and exit code 78', async () => {
    const keeper = startKeeper(dir, { env: { DENWABAN_SIPPORT: '5060', DENWABAN_DEMO: 'maybe' } });
    expect(await keeper.ended).toMatchObject({ code: 78 });
    expect(keeper.said().trim().split('\n')).toEqual([
      'DENWABAN_SIPPORT is not a setting of Denwaban; did you mean DENWABAN_SIP_PORT?',
      'DENWABAN_DEMO must be true or false.',
    ]);
  });
});

describe('the app dies', () => {
  test('datagrams and a connection made while no app lives are served by the next one', async () => {
    const keeper = await started(dir);
    const first = keeper.pidOf('app');
    const { sip, http } = keeper.ports();
    // The second death in a row is followed by a pause, in which nobody reads the sockets.
    kill(first);
    await eventually(
      () => keeper.appLog().at(-1)?.endsWith('listening') === true && keeper.pidOf('app') !== first,
    );
    const second = keeper.pidOf('app');
    kill(second);
    await eventually(() => !isAlive(second));
    const phone = createSocket('udp4');
    const errors: Error[] = [];
    const answers: string[] = [];
    phone.on('error', (error) => errors.push(error));
    phone.on('message', (message) => answers.push(message.toString()));
    await new Promise<void>((resolve) => phone.connect(sip, '127.0.0.1', resolve));
    for (let i = 0; i < 20; i++) phone.send(`INVITE ${i}`);
    const overTcp = readAll(sip);
    const overHttp = whoServes(`http://127.0.0.1:${http}/`);
    await eventually(() => answers.length === 20);
    const third = keeper.pidOf('app');
    expect(third).not.toBe(second);
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `${third} INVITE ${i}`));
    expect(errors).toEqual([]);
    expect(await overTcp).toBe(String(third));
    expect(await overHttp).toBe(third);
    phone.close();
    await stopKeeper(keeper);
  });

  test('an app that goes by itself is replaced alone', async () => {
    const keeper = await started(dir);
    const [app, media, postgres] = [
      keeper.pidOf('app'),
      keeper.pidOf('media'),
      keeper.pidOf('postgres'),
    ];
    process.kill(app, 'SIGTERM');
    await eventually(
      () => keeper.pidOf('app') !== app && keeper.appLog().at(-1)?.endsWith('listening') === true,
    );
    expect(keeper.appLog()).toContain(`${app} SIGTERM`);
    expect(keeper.appLog()).toContain(`${keeper.pidOf('app')} generation 2`);
    expect([keeper.pidOf('media'), keeper.pidOf('postgres')]).toEqual([media, postgres]);
    await stopKeeper(keeper);
  });
});

describe('the media process dies', () => {
  test('another one has its control socket again, and the app lives on', async () => {
    const keeper = await started(dir);
    const [app, media] = [keeper.pidOf('app'), keeper.pidOf('media')];
    kill(media);
    await eventually(
      () => keeper.mediaLog().length === 2 && existsSync(join(dir, 'run', 'media.sock')),
    );
    expect(keeper.pidOf('media')).not.toBe(media);
    expect(keeper.pidOf('app')).toBe(app);
    const [before, after] = keeper.mediaLog().map((line) => line.replace(/^\d+ /, ''));
    expect(after).toBe(before);
    await stopKeeper(keeper);
  });
});

describe('the keeper dies', () => {
  test('the others live on; the next start adopts media and PostgreSQL and replaces the app', async () => {
    const first = await started(dir);
    const [app, media, postgres] = [
      first.pidOf('app'),
      first.pidOf('media'),
      first.pidOf('postgres'),
    ];
    const ports = first.ports();
    kill(first.pid);
    await first.ended;
    expect([app, media, postgres].map(isAlive)).toEqual([true, true, true]);
    expect(await whoServes(`http://127.0.0.1:${ports.http}/`)).toBe(app);

    const env = {
      DENWABAN_HTTP_PORT: String(ports.http),
      DENWABAN_SIP_PORT: String(ports.sip),
      DENWABAN_WEBRTC_PORT: String(ports.webrtc),
    };
    const next = await started(dir, { env });
    expect([next.pidOf('media'), next.pidOf('postgres')]).toEqual([media, postgres]);
    expect(isAlive(app)).toBe(false);
    expect(next.appLog()).toContain(`${app} SIGTERM`);
    expect(await whoServes(`http://127.0.0.1:${ports.http}/`)).toBe(next.pidOf('app'));

    // An adopted process is not our child; its death is noticed all the same.
    kill(media);
    kill(postgres);
    await eventually(() => isAlive(next.pidOf('media')) && next.pidOf('media') !== media);
    await eventually(() => isAlive(next.pidOf('postgres')) && next.pidOf('postgres') !== postgres);
    await stopKeeper(next);
    await eventually(() => processesOf(dir).length === 0);
  });

  test('a media process for other settings is replaced, one without a pid file too', async () => {
    const first = await started(dir);
    const media = first.pidOf('media');
    kill(first.pid);
    await first.ended;
    const second = await started(dir, { env: { DENWABAN_RTP_PORTS: '21000-21099' } });
    expect(isAlive(media)).toBe(false);
    const stray = second.pidOf('media');
    const strayApp = second.pidOf('app');
    kill(second.pid);
    await second.ended;
    for (const name of ['media.json', 'app.json', 'postgres.json']) rmSync(join(dir, 'run', name));
    const third = await started(dir);
    expect([isAlive(stray), isAlive(strayApp)]).toEqual([false, false]);
    await stopKeeper(third);
  });

  test('pid files that name processes of somebody else touch nobody', async () => {
    const keeper = await started(dir);
    await stopKeeper(keeper);
    const stale = JSON.stringify({ pid: process.pid, startedAt: 'another boot:1', argument: '' });
    for (const name of ['keeper', 'app', 'media', 'postgres']) {
      writeFileSync(join(dir, 'run', `${name}.json`), stale);
    }
    const next = await started(dir);
    await stopKeeper(next);
  });
});

describe.skipIf(!isRoot)('an ordinary user', () => {
  test('runs everything as themselves', async () => {
    const own = temporaryDir({ owner: ORDINARY_USER });
    try {
      const keeper = await started(own, { uid: ORDINARY_USER });
      const uidOf = (pid: number): number => statSync(`/proc/${pid}`).uid;
      const pids = (['app', 'media', 'postgres'] as const).map((name) => keeper.pidOf(name));
      expect(pids.map(uidOf)).toEqual(pids.map(() => ORDINARY_USER));
      await stopKeeper(keeper);
    } finally {
      await removeDir(own);
    }
  });

  test('is told when the data folder is not theirs', async () => {
    const keeper = startKeeper(join(dir, 'data'), { uid: ORDINARY_USER });
    expect(await keeper.ended).toMatchObject({ code: 1 });
    expect(keeper.said()).toContain('this user may not write there');
    expect(keeper.said()).toContain('DENWABAN_DATA_DIR');
  });
});

test('with DENWABAN_DATABASE_URL no server of our own is started', async () => {
  await beginWithNothing();
  const url = 'postgresql://user:secret@127.0.0.1:1/denwaban';
  const keeper = await started(dir, { env: { DENWABAN_DATABASE_URL: url } });
  const response = await fetch(`http://127.0.0.1:${keeper.ports().http}/`);
  expect(await response.json()).toMatchObject({ internal: { databaseUrl: url } });
  expect(existsSync(join(dir, 'postgres'))).toBe(false);
  expect(readFileSync(join(dir, 'run', 'ports.json'), 'utf8')).not.toContain('secret');
  await stopKeeper(keeper);
});
