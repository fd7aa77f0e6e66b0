import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/system.ts';
import { run } from '../../src/cli/run.ts';
import { parseConfig } from '../../src/config/index.ts';
import type { Config } from '../../src/config/index.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { testSmtp } from '../harness/smtp.ts';
import { CENTER } from '../harness/storage-records.ts';

/** What docs/operations.md promises, tried on the whole product. */
let platform: Platform;
let said: string[] = [];
const terminal = {
  out: (line: string) => void said.push(line),
  error: (line: string) => void said.push(line),
};
const means = { terminal, clock: systemClock, random: systemRandom };

beforeAll(async () => {
  platform = await startPlatform();
});
beforeEach(() => {
  said = [];
});
afterAll(() => platform.stop());

function config(env: Record<string, string> = {}): Config {
  const parsed = parseConfig(
    { DENWABAN_DATA_DIR: platform.dataDir, DENWABAN_BIND: '127.0.0.1', ...env },
    { cwd: '/', isRoot: false },
  );
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.config;
}

const denwaban = (...args: string[]): Promise<number> =>
  run(args, { readConfig: () => config(), ...means });

it('a test call that no trunk may make says what is missing', async () => {
  expect(await denwaban('call', '03-0123-4567')).toBe(1);
  expect(said.at(-1)).toContain('A trunk must have 127.0.0.1');
});

it('a test call is answered, heard, and hung up', async () => {
  const office = {
    ...CENTER,
    settings: { maxWaitSeconds: 5 },
    trunks: [{ ...CENTER.trunks[0]!, addresses: ['127.0.0.0/8'] }],
    operators: [],
  };
  expect((await platform.api('POST', '/api/v1/apply', office)).status).toBe(200);
  expect(await denwaban('call', '--seconds', '2'), said.join('\n')).toBe(0);
  expect(said.join('\n')).toMatch(/Calling 03-0123-4567 .*answered.*Sound came back for \d/s);
  await until(async () => {
    const { body } = await platform.api<{ messages: object[] }>('GET', '/api/v1/messages');
    return body.messages.length === 1;
  }, 10_000);
});

it('the doctor finds the usual mistakes, and nothing wrong where nothing is', async () => {
  const smtp = await testSmtp();
  const mail = { DENWABAN_MAIL_FROM: 'denwaban@example.jp' };
  const examine = async (env: Record<string, string>): Promise<number> => {
    said = [];
    return run(['doctor'], { readConfig: () => config({ ...mail, ...env }), ...means });
  };
  const applied = await platform.api('POST', '/api/v1/apply', CENTER);
  expect(applied.status).toBe(200);
  expect(await examine({ DENWABAN_SMTP_URL: smtp.url }), said.join('\n')).toBe(0);
  const good = said.join('\n');
  expect(good).toMatch(/^ok {3} database/m);
  expect(good).toMatch(/^ok {3} mail +goes out through 127\.0\.0\.1:\d+/m);
  expect(good).toMatch(/^ok {3} sip +127\.0\.0\.1:\d+ answers OPTIONS/m);
  expect(good).toMatch(/^ok {3} office/m);
  await smtp.close();
  expect(
    await examine({
      DENWABAN_SMTP_URL: smtp.url,
      DENWABAN_PUBLIC_URL: 'http://denwaban.example.jp:8080',
    }),
  ).toBe(1);
  const bad = said.join('\n');
  expect(bad).toMatch(/^WRONG mail .*cannot be reached \(ECONNREFUSED\): check DENWABAN_SMTP_URL/m);
  expect(bad).toMatch(/^WRONG microphone .*no secure origin/m);
  const [subscriber] = CENTER.subscribers;
  const mute = { ...subscriber!, id: 'mute', numbers: [], mailRoutes: [], members: [] };
  await platform.api('POST', '/api/v1/apply', { version: 1, subscribers: [mute] });
  expect(await examine({})).toBe(1);
  expect(said.join('\n')).toMatch(/^WRONG office +mute has no number/m);
  expect(said.join('\n')).toMatch(/^note +office +mute gets no mails/m);
});
