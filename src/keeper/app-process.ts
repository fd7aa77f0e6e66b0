import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Logger } from '../base/index.ts';
import { childEnv } from '../config/index.ts';
import type { Internal } from '../config/index.ts';
import { compileCache } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { endLeftOver } from './left-over.ts';
import type { Listeners } from './listeners.ts';
import { writePidFile } from './process-identity.ts';
import { startProcess } from './running-process.ts';
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

type Options = {
  entry: string;
  folder: DataFolder;
  listeners: Listeners;
  mediaSocket: string;
  databaseUrl: string;
  demo: boolean;
};

/**
 * Starts one app, with the listening sockets as descriptors 3 (SIP UDP), 4 (SIP TCP) and, twice,
 * because whoever stops serving one closes it, 5 and 6 (HTTP).
 */
export async function launchApp(options: Options): Promise<RunningProcess> {
  const { entry, folder, listeners, mediaSocket, databaseUrl } = options;
  const internal: Internal = {
    generation: nextGeneration(folder.runDir),
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
  const running = await startProcess(process.execPath, [entry, runDirArgument(folder)], {
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
  });
  writePidFile(pidFile(folder), running.identity);
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

function nextGeneration(runDir: string): number {
  const path = join(runDir, 'generation');
  let last = 0;
  try {
    last = Number.parseInt(readFileSync(path, 'utf8'), 10) || 0;
  } catch {
    // The first app of this folder.
  }
  writeFileSync(path, String(last + 1));
  return last + 1;
}
