import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallView } from '../../src/contract/index.ts';
import { TestPhone } from '../harness/engine-rig.ts';
import { applyOffice } from '../harness/office.ts';
import { has } from '../harness/peers.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { RTP_ANSWER } from '../harness/rig-floor.ts';
import { SmallDisk } from '../harness/small-disk.ts';

/* The whole product on a disk of its own, which somebody fills. */

describe.skipIf(!has('tmpfs'))('the disk of the data folder is full', () => {
  let disk: SmallDisk;
  let platform: Platform;
  let trunk: TestPhone;
  let operator: TestPhone;

  beforeAll(async () => {
    disk = SmallDisk.open(400);
    [trunk, operator] = await Promise.all([TestPhone.open(), TestPhone.open()]);
    platform = await startPlatform({ dataDir: disk.dir });
    const device = { kind: 'sip', uri: operator.uri };
    await applyOffice(platform, { operators: [{ id: 'one', name: '電話 一', device }] });
  });
  afterAll(async () => {
    disk.makeRoom();
    await platform.stop();
    await Promise.all([trunk.close(), operator.close()]);
    disk.close();
  });

  const call = (from: string) =>
    trunk.call(platform.ports.sip, '0301234567', { from, sdp: RTP_ANSWER });
  const rows = async <Row>(text: string): Promise<Row[]> => {
    const ports = readFileSync(join(disk.dir, 'run', 'ports.json'), 'utf8');
    const { databaseUrl } = JSON.parse(ports) as { databaseUrl: string };
    const client = new Client({ connectionString: databaseUrl });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows as Row[];
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  /** Undefined while its file is not written. */
  const pidOfApp = (): number | undefined => {
    try {
      return platform.pidOf('app');
    } catch {
      return undefined;
    }
  };
  const readiness = async (): Promise<Record<string, { ready: boolean; detail: string }>> =>
    (await platform.api<Record<string, { ready: boolean; detail: string }>>('GET', '/readyz')).body;
  const freeBytes = async (): Promise<number> => {
    const { body } = await platform.api<string>('GET', '/metrics');
    return Number(/^denwaban_disk_free_bytes\{what="data"\} (\d+)/m.exec(body)?.[1]);
  };

  test('calls go on, it is said, nothing stored is lost, and with room again all goes on by itself', async () => {
    const first = call('09000000001');
    await until(() => operator.invites.length === 1, 10_000);
    operator.invites[0]!.accept({ sdp: RTP_ANSWER });
    await until(() => first.seen.dialog !== null, 10_000);
    // Little room is said while there is some.
    expect((await readiness())['disk']).toMatchObject({ ready: true });
    expect((await readiness())['disk']?.detail).toContain('little room');

    disk.fill();
    // The log of PostgreSQL needs its next file: it ends itself, and cannot start again.
    const cannotStart = 'PostgreSQL cannot start because the disk of the data folder is full';
    await until(async () => {
      await rows('select pg_current_xact_id(); select pg_switch_wal()').catch(() => []);
      return platform.output.includes(cannotStart);
    }, 30_000);
    await until(async () => (await readiness())['database']?.ready === false, 10_000);
    await until(async () => (await readiness())['disk']?.ready === false, 10_000);
    expect((await readiness())['disk']?.detail).toContain('make room');
    expect(await freeBytes()).toBeLessThan(32 * 1024 ** 2);

    // Who signs in is told what to do about it.
    const body = { email: 'hanako@example.com', password: 'not-a-password' };
    const refused = await platform.api<{ code: string }>('POST', '/api/v1/session', body);
    expect([refused.status, refused.body.code]).toEqual([503, 'disk-full']);

    // Who calls hears it ring; who hangs up is gone.
    const second = call('09000000002');
    await until(() => second.seen.statuses.includes(180), 5_000);
    const bye = await trunk.bye(first.seen.dialog!);
    expect(bye).toMatchObject({ kind: 'answered', response: { status: 200 } });

    const keeper = platform.keeperPid;
    disk.makeRoom();
    await platform.untilReady();
    expect(platform.keeperPid).toBe(keeper);
    await until(async () => (await readiness())['disk']?.ready === true, 10_000);
    // The operator is told by BYE that her caller has gone, and gets the next.
    await until(() => operator.requests.some(({ method }) => method === 'BYE'), 20_000);
    await until(() => operator.invites.length === 2, 20_000);
    operator.invites[1]!.accept({ sdp: RTP_ANSWER });
    await until(() => second.seen.dialog !== null, 10_000);
    await trunk.bye(second.seen.dialog!);
    const ended = async (): Promise<CallView[]> =>
      rows<CallView>(`select id from call where phase = 'ended'`);
    await until(async () => (await ended()).length === 2, 20_000);
    const recordings = await rows<{ state: string }>('select state from recording');
    expect(recordings).toHaveLength(2);
  });

  test('an app that dies then is replaced, though not even a pid file has room', async () => {
    const ready = (): number => platform.output.split('"msg":"ready"').length;
    const before = ready();
    disk.fill();
    const dead = platform.kill('app');
    await until(() => ready() > before, 20_000);
    expect((await readiness())['database']).toMatchObject({ ready: true });
    disk.makeRoom();
    await until(() => ![dead, undefined].includes(pidOfApp()), 10_000);
    await platform.untilReady();
  });
});
