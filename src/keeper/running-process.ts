import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { AppError } from '../base/index.ts';
import { insist } from '../base/index.ts';
import type { Clock, Logger } from '../base/index.ts';
import { identify, isAlive, removePidFile, writePidFile } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** A process we look after: our own child, or one left by a keeper that died. */
export type RunningProcess = {
  identity: ProcessIdentity;
  /** Settles when it has ended: `code 1`, `signal SIGKILL`, or `gone` where nobody told us. */
  ended: Promise<string>;
};

/**
 * For our own programs: how much room new objects have, twice over, in MB. Left alone, V8 takes up to 108 MB under
 * load. What the media process makes is used up at once. In the app a step of a call waits for the database
 * and for telephones: with less room its objects are taken for old ones, and the dear collections of these come
 * twice as often (bench/README.md).
 *
 * What is old in the media process may double until all of it is looked through. Left alone, V8 does that
 * twice as often where calls come and go quickly, and for 10 to 20 ms of it no beat is made.
 */
export const NODE_FLAGS = {
  app: ['--max-semi-space-size=16'],
  media: ['--max-semi-space-size=4', '--heap-growing-percent=100'],
} satisfies Record<string, readonly string[]>;

/** How often an adopted process is looked at: it is not our child, so no event tells its end. */
const WATCH_INTERVAL_MS = 200;

/** Starts a program in its own process group, so that Ctrl-C in our terminal is not its business. */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<RunningProcess & { child: ChildProcess }> {
  const child = spawn(command, args, { ...options, detached: true });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `code ${code ?? 0}` : `signal ${signal}`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(notStarted(command, cause)));
  });
  // One that is over before it can be looked at still has a pid; nothing will ever match it.
  const identity = identify(child.pid ?? 0) ?? { pid: child.pid ?? 0, startedAt: 'over' };
  return { identity, ended, child };
}

/** How often a pid file that found no room on the disk is tried again. */
const PID_FILE_RETRY_MS = 2_000;

/**
 * Writes the pid file of a process we look after. A full disk must not take from us what is started: the file
 * follows as soon as there is room.
 */
export function keepPidFile(
  path: string,
  { identity, ended }: RunningProcess,
  { clock, log, more = {} }: { clock: Clock; log: Logger; more?: object },
): void {
  let isAlive = true;
  void ended.then(() => {
    isAlive = false;
  });
  void insist(() => writePidFile(path, identity, more), {
    clock,
    everyMs: PID_FILE_RETRY_MS,
    isWanted: () => isAlive,
    onFailure: ({ message }) => {
      // What it says of the one before is wrong by now.
      removePidFile(path);
      log.error({ reason: message }, 'a pid file cannot be written; it is tried again');
    },
  });
}

function notStarted(command: string, cause: NodeJS.ErrnoException): AppError {
  return new AppError(
    'keeper.not-started',
    `${command} cannot be started (${cause.code ?? cause.message}).`,
    { cause },
  );
}

/** Looks after a process that was there before us. */
export function adoptProcess(identity: ProcessIdentity, clock: Clock): RunningProcess {
  const ended = new Promise<string>((resolve) => {
    const look = (): void => {
      if (isAlive(identity)) clock.setTimer(WATCH_INTERVAL_MS, look);
      else resolve('gone');
    };
    look();
  });
  return { identity, ended };
}
