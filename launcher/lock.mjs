import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './fault.mjs';

const RETRY_MS = 300;

/**
 * Runs `work` while no other process of this folder does. The lock names whoever works under it by
 * pid and start time, `work`'s own child included (`hold(pid)`), so one left by a kill is found out.
 *
 * @param {string} path
 * @param {() => void} onWait called once when somebody else has it
 * @param {(hold: (pid: number) => void) => Promise<void>} work
 */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}`;
  const holders = [identityOf(process.pid)];
  writeFileSync(own, JSON.stringify(holders));
  try {
    for (let waited = false; !take(own, path); waited = true) {
      if (!waited) onWait();
      await sleep(RETRY_MS);
    }
  } finally {
    rmSync(own, { force: true });
  }
  try {
    await work((pid) => {
      holders.push(identityOf(pid));
      writeFileSync(own, JSON.stringify(holders));
      renameSync(own, path);
    });
  } finally {
    rmSync(path, { force: true });
  }
}

/** A hard link is made or refused in one step, on every file system we meet. */
function take(own, path) {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const text = read(path);
  if (text !== '' && !isHeld(text)) putAside(path, text);
  return false;
}

function isHeld(text) {
  try {
    return JSON.parse(text).some(({ pid, startedAt }) => identityOf(pid).startedAt === startedAt);
  } catch {
    return false;
  }
}

/** Two may find the same stale lock: whoever then moves the other's fresh one puts it back. */
function putAside(path, stale) {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== stale) linkSync(aside, path);
  } catch {
    // Somebody else was quicker.
  }
  rmSync(aside, { force: true });
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Start time: /proc/<pid>/stat field 22 on Linux, counted from the last bracket; else from ps. */
function identityOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat !== '') return { pid, startedAt: fields[0] === 'Z' ? 'over' : fields[19] };
  if (process.platform === 'linux') return { pid, startedAt: 'over' };
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return {
      pid,
      startedAt: execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], options).trim(),
    };
  } catch {
    return { pid, startedAt: 'over' };
  }
}
