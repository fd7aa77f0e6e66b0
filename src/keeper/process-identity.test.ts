import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify, isAlive, readPidFile, signalProcess, writePidFile } from './process-identity.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'denwaban-identity-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

test('a process is itself, a pid with another start time is not', () => {
  const self = identify(process.pid);
  expect(self).toBeDefined();
  expect(self && isAlive(self)).toBe(true);
  const namesake = { pid: process.pid, startedAt: 'before the last boot:1' };
  expect(isAlive(namesake)).toBe(false);
  expect(signalProcess(namesake, 'SIGKILL')).toBe(false);
});

test('a process that ended is nobody', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
  await once(child, 'spawn');
  const identity = identify(child.pid ?? 0);
  expect(identity && signalProcess(identity, 'SIGKILL')).toBe(true);
  await once(child, 'exit');
  expect(identity && isAlive(identity)).toBe(false);
});

test('a pid file counts only while that very process lives', () => {
  const path = join(dir, 'x.json');
  const self = identify(process.pid);
  if (!self) throw new Error('this process cannot be identified');
  writePidFile(path, self, { argument: 'a' });
  expect(readPidFile(path)).toEqual({ ...self, argument: 'a' });
  writeFileSync(path, readFileSync(path, 'utf8').replace('"startedAt":"', '"startedAt":"0'));
  expect(readPidFile(path)).toBeUndefined();
});

test.each(['', '{', '[]', '{"pid":-1,"startedAt":"x"}', '{"pid":1}'])(
  'a damaged pid file (%s) is no pid file',
  (text) => {
    const path = join(dir, 'x.json');
    writeFileSync(path, text);
    expect(readPidFile(path)).toBeUndefined();
  },
);
