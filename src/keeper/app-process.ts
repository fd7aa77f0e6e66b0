import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { toError } from '../base/index.ts';
import type { Clock, Logger } from '../base/index.ts';
import { childEnv } from '../config/index.ts';
import type { Internal } from '../config/index.ts';
import { compileCache } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { endLeftOver } from './left-over.ts';
import type { Listeners } from './listeners.ts';
import { NODE_FLAGS, keepPidFile, startProcess } from './running-process.ts';
import type { RunningProcess } from './running-process.ts';
import type { StopStep } from './stop-steps.ts';

/** SIGUSR2: no new calls, the running ones may end. SIGINT: end them now. */
export const APP_STOP: readonly StopStep[] = [
  { signal: 'SIGUSR2', waitMs: 30_000 },
  { signal: 'SIGINT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

/** SIGTERM: go without touching a call; the next app adopts them. */
const APP_HAND_OVER: readonly StopStep[] = [
  { signal: 'SIGTERM', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

const GENERATION_WIDTH = 20;

type Options = {
  entry: string;
  folder: DataFolder;
  listeners: Listeners;
  mediaSocket: string;
  databaseUrl: string;
  demo: boolean;
  clock: Clock;
  log: Logger;
};

/**
 * Starts one app, with the listening sockets as descriptors 3 (SIP UDP), 4 (SIP TCP) and, twice,
 * because whoever stops serving one closes it, 5 and 6 (HTTP).
 */
export async function launchApp(options: Options): Promise<RunningProcess> {
  const { entry, folder, listeners, mediaSocket, databaseUrl, clock, log } = options;
  const internal: Internal = {
    generation: nextGeneration(folder.runDir, log),
    ...(listeners.fds.length > 0 && {
      sipUdpFd: 3,
      sipTcpFd: 4,
      httpFd: 5,
      httpWaitingFd: 6,
    }),
    mediaSocket,
    databaseUrl,
    runDir: folder.runDir,
  };
  const running = await startProcess(
    process.execPath,
    [...NODE_FLAGS.app, entry, runDirArgument(folder)],
    {
      env: childEnv({
        DENWABAN_INTERNAL: JSON.stringify(internal),
        DENWABAN_HTTP_PORT: String(listeners.ports.http),
        DENWABAN_SIP_PORT: String(listeners.ports.sip),
        DENWABAN_WEBRTC_PORT: String(listeners.ports.webrtc),
        DENWABAN_DATA_DIR: folder.dir,
        DENWABAN_DEMO: String(options.demo),
        NODE_COMPILE_CACHE: compileCache(folder),
      }),
      stdio: ['ignore', 'inherit', 'inherit', ...listeners.fds, ...listeners.fds.slice(2)],
    },
  );
  keepPidFile(pidFile(folder), running, { clock, log });
  return running;
}

/** An app whose keeper died still holds the sockets: it goes before new ones are opened. */
export async function endOldApp(
  entry: string,
  folder: DataFolder,
  clock: Clock,
  log: Logger,
): Promise<void> {
  await endLeftOver({
    pidFile: pidFile(folder),
    marks: [entry, runDirArgument(folder)],
    steps: APP_HAND_OVER,
    clock,
    log,
  });
}

function pidFile(folder: DataFolder): string {
  return join(folder.runDir, 'app.json');
}

/** For `ps`, and for finding an app that no pid file names; the app itself does not read it. */
function runDirArgument(folder: DataFolder): string {
  return `--run-dir=${folder.runDir}`;
}

/** The one given last, which a full disk may not have taken. */
let lastGiven = 0;

function nextGeneration(runDir: string, log: Logger): number {
  const path = join(runDir, 'generation');
  let last = 0;
  try {
    last = Number.parseInt(readFileSync(path, 'utf8'), 10) || 0;
  } catch {
    // The first app of this folder.
  }
  lastGiven = Math.max(last, lastGiven) + 1;
  try {
    overwrite(path, String(lastGiven).padEnd(GENERATION_WIDTH));
  } catch (thrown) {
    log.error({ reason: toError(thrown).message }, 'the generation of the app is not on the disk');
  }
  return lastGiven;
}

/** In its place and with the same length: that takes no room on a disk that has none. */
function overwrite(path: string, text: string): void {
  if (!existsSync(path)) {
    writeFileSync(path, text);
    return;
  }
  const file = openSync(path, 'r+');
  try {
    writeSync(file, text, 0);
  } finally {
    closeSync(file);
  }
}
