import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from './config.ts';
import { loadConfig, parseEnvFile, readInternal } from './env.ts';
import { VARIABLES, exampleEnv } from './variables.ts';

const here = { cwd: '/srv/denwaban', isRoot: false };

function problemsOf(env: Record<string, string>): string[] {
  const result = parseConfig(env, here);
  return result.ok ? [] : result.problems;
}

test('without any variable everything has its documented default', () => {
  expect(parseConfig({}, here)).toEqual({
    ok: true,
    config: {
      http: {
        port: 8080,
        bind: '0.0.0.0',
        publicUrl: 'http://localhost:8080',
        trustProxy: false,
      },
      sip: { port: 5060, bind: '0.0.0.0' },
      media: { rtpPorts: [20000, 29999], webrtcPort: 19000, bind: '0.0.0.0' },
      data: { dir: '/srv/denwaban/data' },
      recordings: { keptDays: 365 },
      database: { kind: 'embedded' },
      mail: { from: '電話番 <denwaban@localhost>' },
      timeZone: 'Asia/Tokyo',
      logLevel: 'info',
      demo: false,
    },
  });
});

test('every setting arrives, typed', () => {
  const result = parseConfig(
    {
      DENWABAN_HTTP_PORT: '0',
      DENWABAN_SIP_PORT: '5070',
      DENWABAN_RTP_PORTS: '40000-40099',
      DENWABAN_WEBRTC_PORT: '3478',
      DENWABAN_BIND: '192.0.2.1',
      DENWABAN_PUBLIC_URL: 'https://denwaban.example.jp/',
      DENWABAN_TLS_CERT: 'cert.pem',
      DENWABAN_TLS_KEY: '/etc/key.pem',
      DENWABAN_TRUST_PROXY: '10.0.0.5, 192.168.0.0/24',
      DENWABAN_SIP_HOST: 'sip.example.jp',
      DENWABAN_MEDIA_ADDRESS: '203.0.113.9',
      DENWABAN_DATA_DIR: '/data',
      DENWABAN_RECORDING_DAYS: '0',
      DENWABAN_TIME_ZONE: 'America/New_York',
      DENWABAN_DATABASE_URL: 'postgresql://u:p@db/denwaban',
      DENWABAN_SMTP_URL: 'smtps://u:p@mail.example.jp:465',
      DENWABAN_MAIL_FROM: '電話番 <denwaban@example.jp>',
      DENWABAN_API_TOKEN: 'x'.repeat(24),
      DENWABAN_LOG_LEVEL: 'debug',
      DENWABAN_DEMO: 'true',
    },
    here,
  );
  expect(result).toEqual({
    ok: true,
    config: {
      http: {
        port: 0,
        bind: '192.0.2.1',
        publicUrl: 'https://denwaban.example.jp',
        tls: { certPath: '/srv/denwaban/cert.pem', keyPath: '/etc/key.pem' },
        trustProxy: ['10.0.0.5', '192.168.0.0/24'],
      },
      sip: { port: 5070, bind: '192.0.2.1', host: 'sip.example.jp' },
      media: {
        rtpPorts: [40000, 40099],
        webrtcPort: 3478,
        bind: '192.0.2.1',
        address: '203.0.113.9',
      },
      data: { dir: '/data' },
      recordings: { keptDays: null },
      database: { kind: 'server', url: 'postgresql://u:p@db/denwaban' },
      mail: {
        smtpUrl: 'smtps://u:p@mail.example.jp:465',
        from: '電話番 <denwaban@example.jp>',
      },
      timeZone: 'America/New_York',
      logLevel: 'debug',
      demo: true,
      apiToken: 'x'.repeat(24),
    },
  });
});

test('for root the data folder is /var/lib/denwaban', () => {
  const result = parseConfig({}, { cwd: '/root/denwaban', isRoot: true });
  expect(result.ok && result.config.data.dir).toBe('/var/lib/denwaban');
});

test('a variable set to nothing has its default', () => {
  const result = parseConfig({ DENWABAN_HTTP_PORT: '', DENWABAN_SMTP_URL: ' ' }, here);
  expect(result.ok && result.config.http.port).toBe(8080);
  expect(result.ok && result.config.mail.smtpUrl).toBe(undefined);
});

test.each([
  ['DENWABAN_HTTP_PORT', '65536'],
  ['DENWABAN_SIP_PORT', 'sip'],
  ['DENWABAN_RTP_PORTS', '20000'],
  ['DENWABAN_RTP_PORTS', '30000-20000'],
  ['DENWABAN_RTP_PORTS', '20000-20001'],
  ['DENWABAN_BIND', 'localhost'],
  ['DENWABAN_PUBLIC_URL', 'denwaban.example.jp'],
  ['DENWABAN_PUBLIC_URL', 'http://example.jp/denwaban'],
  ['DENWABAN_TRUST_PROXY', 'yes please'],
  ['DENWABAN_SIP_HOST', 'a b'],
  ['DENWABAN_MEDIA_ADDRESS', '2001:db8::1'],
  ['DENWABAN_TIME_ZONE', 'Japan/Tokyo'],
  ['DENWABAN_DATABASE_URL', 'mysql://u:hunter2@db/denwaban'],
  ['DENWABAN_MAIL_FROM', '電話番'],
  ['DENWABAN_API_TOKEN', 'hunter2'],
  ['DENWABAN_LOG_LEVEL', 'loud'],
  ['DENWABAN_DEMO', '1'],
])('%s=%s is one sentence that names the variable and no value', (name, value) => {
  const problems = problemsOf({ [name]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(new RegExp(`^${name} must .+\\.$`));
  expect(problems[0]).not.toContain('hunter2');
});

test.each([
  [{ DENWABAN_TLS_CERT: 'c' }, ['DENWABAN_TLS_CERT', 'DENWABAN_TLS_KEY']],
  [{ DENWABAN_HTTP_PORT: '5060' }, ['DENWABAN_HTTP_PORT', 'DENWABAN_SIP_PORT']],
  [{ DENWABAN_WEBRTC_PORT: '5060' }, ['DENWABAN_SIP_PORT', 'DENWABAN_WEBRTC_PORT']],
  [{ DENWABAN_SIP_PORT: '20001' }, ['DENWABAN_SIP_PORT', 'DENWABAN_RTP_PORTS']],
  [{ DENWABAN_WEBRTC_PORT: '29999' }, ['DENWABAN_WEBRTC_PORT', 'DENWABAN_RTP_PORTS']],
  [{ DENWABAN_SMTP_URL: 'smtp://mail' }, ['DENWABAN_SMTP_URL', 'DENWABAN_MAIL_FROM']],
  [{ DENWABAN_PUBLIC_URL: 'https://d.example.jp' }, ['DENWABAN_PUBLIC_URL', 'DENWABAN_TLS_CERT']],
])('settings that contradict each other are named together: %o', (env, names) => {
  const problems = problemsOf(env);
  expect(problems).toHaveLength(1);
  for (const name of names) expect(problems[0]).toContain(name);
});

test('two free ports do not count as the same port', () => {
  expect(
    problemsOf({ DENWABAN_HTTP_PORT: '0', DENWABAN_SIP_PORT: '0', DENWABAN_WEBRTC_PORT: '0' }),
  ).toEqual([]);
});

test('example.env is written from the table of variables', () => {
  expect(readFileSync('example.env', 'utf8')).toBe(exampleEnv());
});

test('the example as it stands means the defaults', () => {
  const uncommented = exampleEnv().replaceAll(/^#(DENWABAN_)/gm, '$1');
  const env = parseEnvFile(uncommented) as Record<string, string>;
  expect(Object.keys(env)).toEqual(Object.keys(VARIABLES));
  expect(parseConfig(env, here)).toEqual(parseConfig({}, here));
});

describe('the environment', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'denwaban-config-'));
  });

  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test('an unknown variable of ours is an error that names the nearest known one', () => {
    expect(() => loadConfig({ DENWABAN_HTPP_PORT: '1' }, dir)).toThrow(
      'DENWABAN_HTPP_PORT is not a setting of Denwaban; did you mean DENWABAN_HTTP_PORT?',
    );
    expect(loadConfig({ HTTP_PORT: '1', DENWABAN_TEST_ANY: '1' }, dir).http.port).toBe(8080);
  });

  test('every fault is reported at once', () => {
    const load = (): unknown => loadConfig({ DENWABAN_X: '1', DENWABAN_DEMO: 'x' }, dir);
    expect(load).toThrow(/DENWABAN_X is not .*\nDENWABAN_DEMO must be/);
  });

  test('a .env file is read, and the environment wins over it', () => {
    writeFileSync(
      join(dir, '.env'),
      [
        '# a comment',
        'export DENWABAN_SIP_PORT=5070 # why',
        'DENWABAN_HTTP_PORT="8081"',
        "DENWABAN_MAIL_FROM='電話番 <a@example.jp>'",
        'OTHER=1',
      ].join('\n'),
    );
    const config = loadConfig({ DENWABAN_HTTP_PORT: '8082' }, dir);
    expect([config.sip.port, config.http.port]).toEqual([5070, 8082]);
    expect(config.mail.from).toBe('電話番 <a@example.jp>');
  });

  test('a named settings file that is missing is a sentence', () => {
    expect(() => loadConfig({ DENWABAN_ENV_FILE: 'none.env' }, dir)).toThrow(
      `The settings file ${join(dir, 'none.env')} cannot be read (ENOENT).`,
    );
  });

  test('what the keeper hands over is read back, and absent without a keeper', () => {
    const internal = {
      generation: 3,
      mediaSocket: '/m',
      databaseUrl: 'postgresql:///d',
      runDir: '/r',
    };
    expect(readInternal({ DENWABAN_INTERNAL: JSON.stringify(internal) })).toEqual(internal);
    expect(readInternal({})).toBeUndefined();
  });
});
