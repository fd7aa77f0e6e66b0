import { afterEach, expect, it } from 'vitest';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';

let platform: Platform | null = null;
afterEach(async () => {
  await platform?.stop();
  platform = null;
});

const PASSWORD = 'geheim-bei-der-leitung';
const LOOPBACK = { id: 'loopback', name: '試験用', addresses: ['127.0.0.0/8'] };
const PROBED = { id: 'probed', name: '確認中', addresses: ['192.0.2.1'], probeSeconds: 60 };
const CARRIER = {
  id: 'carrier',
  name: 'IP電話',
  register: {
    registrars: ['sip:carrier.invalid'],
    username: '0301234567',
    password: PASSWORD,
  },
  outbound: {},
};

type Trunks = {
  trunks: { key: string; state: string; trouble: { code: string; ja: string } | null }[];
};

it('the state of a trunk is on the API, in /readyz and /metrics, and its password nowhere', async () => {
  const running = await startPlatform();
  platform = running;
  const applied = await running.api('POST', '/api/v1/apply', {
    version: 1,
    trunks: [LOOPBACK, PROBED, CARRIER],
  });
  expect(applied.status).toBe(200);
  const stateOf = async (key: string): Promise<Trunks['trunks'][number] | undefined> => {
    const { body } = await running.api<Trunks>('GET', '/api/v1/trunks');
    return body.trunks.find((trunk) => trunk.key === key);
  };
  // Asked, and silent so far: it is not one that nobody watches.
  await until(async () => (await stateOf('probed'))?.state === 'checking', 20_000);
  await until(async () => (await stateOf('carrier'))?.state === 'unreachable', 20_000);
  expect((await stateOf('carrier'))?.trouble).toMatchObject({ code: 'no-address' });
  expect(await stateOf('loopback')).toMatchObject({ state: 'unwatched', trouble: null });

  const ready = await running.api('GET', '/readyz');
  expect(ready.status).toBe(200);
  expect(JSON.stringify(ready.body)).toContain('carrier unreachable since');
  const metrics = await running.api<string>('GET', '/metrics');
  expect(metrics.body).toContain('denwaban_trunk_up{trunk="carrier"} 0');
  expect(metrics.body).toContain('denwaban_trunk_up{trunk="loopback"} 1');

  const exported = await running.api('GET', '/api/v1/export');
  const said = [ready, metrics, exported, await running.api('GET', '/api/v1/trunks')];
  expect(JSON.stringify(said)).not.toContain(PASSWORD);
  expect(running.output).not.toContain(PASSWORD);
});
