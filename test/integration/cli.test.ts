import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/system.ts';
import { run } from '../../src/cli/run.ts';
import { parseConfig } from '../../src/config/index.ts';
import type { Config } from '../../src/config/index.ts';
import { listen } from '../../src/http/index.ts';
import { CLI_TOKEN, httpRig } from '../harness/http-rig.ts';
import type { HttpRig } from '../harness/http-rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'denwaban-cli-'));
let rig: HttpRig;
let said: string[] = [];
const terminal = {
  out: (line: string) => void said.push(line),
  error: (line: string) => void said.push(line),
};

const means = { terminal, clock: systemClock, random: systemRandom };

function configOf(dataDir: string): Config {
  const parsed = parseConfig(
    { DENWABAN_DATA_DIR: dataDir, DENWABAN_BIND: '127.0.0.1', DENWABAN_SIP_PORT: '0' },
    { cwd: folder, isRoot: false },
  );
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.config;
}

const denwaban = (...args: string[]): Promise<number> =>
  run(args, { readConfig: () => configOf(folder), ...means });

beforeAll(async () => {
  rig = await httpRig({ users: false });
  const port = await listen(rig.app, { host: '127.0.0.1', port: 0 });
  mkdirSync(join(folder, 'run'));
  writeFileSync(join(folder, 'run', 'ports.json'), JSON.stringify({ http: port, sip: 0 }));
  writeFileSync(join(folder, 'run', 'cli-token'), `${CLI_TOKEN}\n`);
});
beforeEach(() => {
  said = [];
});
afterAll(async () => {
  await rig.close();
  rmSync(folder, { recursive: true });
});

it('the example is applied, and applying it again changes nothing', async () => {
  expect(await denwaban('apply', 'examples/center.yaml')).toBe(0);
  expect(said).toContain('  created  subscriber sakura-law');
  expect(said).toContain('  created  account sato@denwaban.example.jp');
  // The office that was there before had this number.
  expect(said).toContain('  warning  number 03-0123-4567 moves from aozora to sakura-law');
  said = [];
  expect(await denwaban('apply', 'examples/center.yaml')).toBe(0);
  expect(said.at(-1)).toMatch(/^center\.yaml applied: 0 created, 0 changed, \d+ unchanged\.$/);
  const signedIn = await rig.people.signIn({
    email: 'yamada@sakura-law.example.jp',
    password: 'sakura-demo-2026',
    address: '192.0.2.1',
    userAgent: '',
  });
  expect(signedIn.ok && signedIn.user.role).toBe('member');
});

it('a faulty file is refused by line and field, and changes nothing', async () => {
  const path = join(folder, 'faulty.yaml');
  writeFileSync(path, 'version: 1\noperators:\n  - id: Sato\n    name: 佐藤\n');
  expect(await denwaban('apply', path)).toBe(1);
  expect(said[0]).toMatch(/^faulty\.yaml:3:5 operators\[0\]\.id: /);
  expect(said.at(-1)).toContain('Nothing was changed');
});

it('an export can be applied', async () => {
  const path = join(folder, 'export.yaml');
  expect(await denwaban('export', path)).toBe(0);
  said = [];
  expect(await denwaban('apply', path)).toBe(0);
  expect(said.at(-1)).toMatch(/0 created, 0 changed/);
});

it('accounts are made, listed and given a new password', async () => {
  const made = await denwaban('user', 'create', 'kato@example.jp', '--role', 'supervisor');
  expect(made).toBe(0);
  expect(said.at(-1)).toMatch(/^Password: [a-z2-9-]{23}$/);
  said = [];
  await denwaban('user', 'list');
  expect(said).toContain('supervisor     kato@example.jp  kato');
  expect(await denwaban('user', 'reset-password', 'kato@example.jp')).toBe(0);
  expect(said.at(-1)).toMatch(/^New password: /);
  expect(await denwaban('user', 'reset-password', 'nobody@example.jp')).toBe(2);
});

it('a token is made, used and revoked', async () => {
  expect(await denwaban('token', 'create', 'wallboard', '--role', 'supervisor')).toBe(0);
  const secret = said.at(-1) ?? '';
  expect(secret).toMatch(/^denwaban_[\w-]{43}$/);
  const { port } = JSON.parse(
    readFileSync(join(folder, 'run', 'ports.json'), 'utf8').replace('http', 'port'),
  ) as { port: number };
  const elsewhere = ['--url', `http://127.0.0.1:${port}`, '--token', secret];
  said = [];
  expect(await denwaban('user', 'list', ...elsewhere)).toBe(1);
  expect(said[0]).toContain('may not do this');
  said = [];
  expect(await denwaban('token', 'list')).toBe(0);
  expect(said.join('\n')).toMatch(/supervisor +wallboard {2}\(until \d{4}-\d\d-\d\d, last used/);
  expect(await denwaban('token', 'revoke', 'wallboard')).toBe(0);
  said = [];
  expect(await denwaban('user', 'list', ...elsewhere)).toBe(1);
  expect(said[0]).toBe('Sign in first.');
  expect(await denwaban('token', 'create', 'x', '--days', 'many')).toBe(2);
  expect(await denwaban('token', 'revoke', 'nothing')).toBe(2);
});

it('the first administrator gets a link', async () => {
  expect(await denwaban('first-admin')).toBe(0);
  expect(said.at(-1)).toMatch(/\/setup\?token=[\w-]{43}$/);
});

it('a backup is one private file and comes back', async () => {
  const path = join(folder, 'office.backup');
  expect(await denwaban('backup', path)).toBe(0);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await denwaban('backup', path)).toBe(1);
  said = [];
  expect(await denwaban('restore', path)).toBe(1);
  expect(said.join('\n')).toContain('--replace');
  expect(await denwaban('restore', path, '--replace')).toBe(0);
  writeFileSync(path, readFileSync(path).subarray(0, 200));
  expect(await denwaban('restore', path, '--replace')).toBe(1);
});

it('a certificate is good for its names, and its authority stays the same', async () => {
  expect(await denwaban('certificate', 'denwaban.test', '192.0.2.5')).toBe(0);
  const certificates = join(folder, 'certificates');
  const read = (name: string): X509Certificate =>
    new X509Certificate(readFileSync(join(certificates, name)));
  const [leaf, authority] = [read('server.pem'), read('authority.pem')];
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(leaf.checkHost('denwaban.test')).toBe('denwaban.test');
  expect(leaf.checkIP('192.0.2.5')).toBe('192.0.2.5');
  expect(statSync(join(certificates, 'server-key.pem')).mode & 0o777).toBe(0o600);
  await denwaban('certificate', 'other.test');
  expect(read('authority.pem').fingerprint256).toBe(authority.fingerprint256);
  expect(await denwaban('certificate', 'not a name')).toBe(2);
});

it('the doctor sees the running parts', async () => {
  await denwaban('doctor');
  expect(said).toContain('ok    database   PostgreSQL');
});

it('without a running Denwaban a sentence says so', async () => {
  const elsewhere = join(folder, 'elsewhere');
  expect(await run(['user', 'list'], { readConfig: () => configOf(elsewhere), ...means })).toBe(1);
  expect(said[0]).toContain('No Denwaban is running on');
  said = [];
  expect(await denwaban('user', 'list', '--url', 'http://127.0.0.1:9', '--token', 'x')).toBe(1);
  expect(said[0]).toContain('does not answer');
});

it('what it does not know it says, with the commands there are', async () => {
  expect(await denwaban('frobnicate')).toBe(2);
  expect(said.join('\n')).toContain('npm run denwaban -- <command>');
  expect(await denwaban('apply')).toBe(2);
  expect(await denwaban('user', 'list', '--frob')).toBe(2);
});
