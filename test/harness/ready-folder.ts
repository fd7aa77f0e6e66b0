import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { removeDir, startKeeper, stopKeeper, temporaryDir } from './keeper-process.ts';
import type { KeeperStart } from './keeper-process.ts';

const READY_FOLDER = 'DENWABAN_TEST_READY_FOLDER';

/**
 * Before the first file of a suite: a data folder with the database that a first start makes, of
 * which every product of the suite gets a copy, and with what Node compiles, which they share as the
 * starts of one installation do. The tests of that first start begin with nothing.
 * Suites that run in one process share it. Resolves with what removes it.
 */
export function setup(): Promise<(() => Promise<void>) | undefined> {
  return makeReadyFolder();
}

/** As `setup`, by a keeper that is started in this way. */
export async function makeReadyFolder(
  start?: KeeperStart,
): Promise<(() => Promise<void>) | undefined> {
  if (process.env[READY_FOLDER] !== undefined) return undefined;
  const dir = temporaryDir();
  try {
    const keeper = startKeeper(dir, start);
    await keeper.ready();
    await stopKeeper(keeper);
  } catch (thrown) {
    await removeDir(dir);
    throw thrown;
  }
  process.env[READY_FOLDER] = dir;
  return async () => {
    Reflect.deleteProperty(process.env, READY_FOLDER);
    await removeDir(dir);
  };
}

/** Puts the copy into a new data folder; without the set-up it stays as it is. */
export function makeReady(dataDir: string): void {
  const from = process.env[READY_FOLDER];
  if (from === undefined) return;
  // As the keeper does with a folder that is empty.
  chmodSync(dataDir, statSync(from).mode);
  const script = 'cp -a "$1"/postgres "$1"/postgres-program-* "$2"/';
  execFileSync('/bin/sh', ['-c', script, 'sh', from, dataDir]);
  mkdirSync(join(dataDir, 'run'), { mode: 0o700 });
  symlinkSync(compiledIn(from), compiledIn(dataDir));
}

/** For a process of the product that a test starts itself: a keeper gives it to its own children. */
export function compiledTogether(): { NODE_COMPILE_CACHE?: string } {
  const ready = process.env[READY_FOLDER];
  return ready === undefined ? {} : { NODE_COMPILE_CACHE: compiledIn(ready) };
}

/** Where the keeper has it. */
function compiledIn(dataDir: string): string {
  return join(dataDir, 'run', 'compiled');
}
