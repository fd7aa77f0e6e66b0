import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeReady, makeReadyFolder, setup } from './harness/ready-folder.ts';

const READY_FOLDER = 'DENWABAN_TEST_READY_FOLDER';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'denwaban-ready-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('a suite beside another one in the same process uses the folder that is there', async () => {
  vi.stubEnv(READY_FOLDER, '/of/another/suite');
  expect(await setup()).toBeUndefined();
  expect(process.env[READY_FOLDER]).toBe('/of/another/suite');
  expect(readdirSync(folder)).toEqual([]);
});

test('a keeper that cannot start leaves no folder', async () => {
  vi.stubEnv(READY_FOLDER, undefined);
  const settings = { env: { DENWABAN_DEMO: 'maybe' } };
  await expect(makeReadyFolder(settings)).rejects.toThrow('the keeper ended with 78');
  expect(process.env[READY_FOLDER]).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});

test('a product has the database of its own, and what is compiled with the others', () => {
  const [ready, dataDir] = [join(folder, 'ready'), join(folder, 'data')];
  for (const name of ['postgres', 'postgres-program-1']) {
    mkdirSync(join(ready, name), { recursive: true });
  }
  mkdirSync(dataDir);
  vi.stubEnv(READY_FOLDER, ready);
  makeReady(dataDir);
  expect(readdirSync(dataDir)).toEqual(['postgres', 'postgres-program-1', 'run']);
  expect(readlinkSync(join(dataDir, 'run', 'compiled'))).toBe(join(ready, 'run', 'compiled'));
});
