import { execFileSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { removeDir, startKeeper, temporaryDir } from './keeper-process.ts';

const READY_FOLDER = 'DENWABAN_TEST_READY_FOLDER';

/**
 * Before the first file of a suite: a data folder with the database that a first start makes, of
 * which every product of the suite gets a copy. The tests of that first start begin with nothing.
 */
export async function setup(): Promise<void> {
  const dir = temporaryDir();
  process.env[READY_FOLDER] = dir;
  const keeper = startKeeper(dir);
  await keeper.ready();
  process.kill(keeper.pid, 'SIGTERM');
  await keeper.ended;
}

export async function teardown(): Promise<void> {
  const dir = process.env[READY_FOLDER];
  if (dir !== undefined) await removeDir(dir);
}

/** Puts the copy into a new data folder; without the set-up it stays as it is. */
export function makeReady(dataDir: string): void {
  const from = process.env[READY_FOLDER];
  if (from === undefined) return;
  // As the keeper does with a folder that is empty.
  chmodSync(dataDir, statSync(from).mode);
  const script = 'cp -a "$1"/postgres "$1"/postgres-program-* "$2"/';
  execFileSync('/bin/sh', ['-c', script, 'sh', from, dataDir]);
}
