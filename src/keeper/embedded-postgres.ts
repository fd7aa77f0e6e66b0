import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError, sleep } from '../base/index.ts';
import type { Clock, Logger } from '../base/index.ts';
import { assertReachable, databaseAccount } from './account.ts';
import type { Account } from './account.ts';
import type { DataFolder } from './data-folder.ts';
import { installBinaries, removeOtherBinaries } from './postgres-binaries.ts';
import {
  DATABASE,
  DATABASE_USER,
  clusterDir,
  createCluster,
  postgresEnv,
  postgresFailure,
  weightOfLine,
  writeClusterSettings,
} from './postgres-cluster.ts';
import { probePostgres } from './postgres-probe.ts';
import { commandLine, identify, readPidFile, signalProcess } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { adoptProcess, keepPidFile, startProcess } from './running-process.ts';
import type { RunningProcess } from './running-process.ts';
import type { StopStep } from './stop-steps.ts';

/** Fast shutdown first; then immediate, which the next start recovers from. */
export const POSTGRES_STOP: readonly StopStep[] = [
  { signal: 'SIGINT', waitMs: 60_000 },
  { signal: 'SIGQUIT', waitMs: 10_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

/** Recovery after a power cut may take minutes; nothing is gained by giving up on it. */
const READY_WITHIN_MS = 600_000;
const PROBE_INTERVAL_MS = 30;
const REPORT_INTERVAL_MS = 5_000;
const ORPHANS_WITHIN_MS = 15_000;

/** The PostgreSQL that comes along, on a Unix socket in the data folder. */
export class EmbeddedPostgres {
  readonly #folder: DataFolder;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #socketDir: string;
  readonly #clusterDir: string;
  readonly #pidFile: string;

  constructor(folder: DataFolder, clock: Clock, log: Logger) {
    this.#folder = folder;
    this.#clock = clock;
    this.#log = log;
    this.#socketDir = join(folder.socketParent, 'postgres-socket');
    this.#clusterDir = clusterDir(folder.dir);
    this.#pidFile = join(folder.runDir, 'postgres.json');
  }

  /** For `pg` and libpq. */
  get url(): string {
    const host = encodeURIComponent(this.#socketDir);
    return `postgresql:///${DATABASE}?host=${host}&user=${DATABASE_USER}`;
  }

  /** Adopts the server that is running on this data, or starts one; ready for queries at return. */
  async launch(signal: AbortSignal): Promise<RunningProcess> {
    const left = this.#findRunning();
    if (left) {
      const adopted = adoptProcess(left, this.#clock);
      if (await this.#becomesReady(adopted, signal)) {
        this.#log.info({ pid: left.pid }, 'adopted the running PostgreSQL');
        return adopted;
      }
    }
    return this.#start(signal);
  }

  async #start(signal: AbortSignal): Promise<RunningProcess> {
    assertPlainPath(this.#folder.dir);
    const account = databaseAccount(this.#clusterDir);
    if (account) assertReachable(this.#folder.dir, account);
    await this.#clearStaleLock(signal);
    const binaries = installBinaries(this.#folder.dir);
    removeOtherBinaries(this.#folder.dir, binaries);
    if (!existsSync(this.#clusterDir)) this.#log.info({}, 'the database is being created');
    await createCluster({ dataDir: this.#folder.dir, binaries, account, signal });
    this.#prepareSocketDir(account);
    const settings = writeClusterSettings(this.#clusterDir, this.#socketDir, account);
    const running = await startProcess(
      binaries.postgres,
      ['-D', this.#clusterDir, '-c', `config_file=${settings}`],
      {
        ...(account && { uid: account.uid, gid: account.gid }),
        cwd: '/',
        env: postgresEnv(),
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    keepPidFile(this.#pidFile, running, { clock: this.#clock, log: this.#log });
    let output = '';
    running.child.stderr?.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      output = (output + text).slice(-4000);
      this.#logLines(text);
    });
    if (await this.#becomesReady(running, signal)) return running;
    signalProcess(running.identity, 'SIGQUIT');
    throw postgresFailure(output);
  }

  /** What PostgreSQL writes, as lines of our own log. */
  #logLines(text: string): void {
    for (const line of text.split('\n').filter(Boolean)) {
      this.#log[weightOfLine(line)]({ line }, 'PostgreSQL says');
    }
  }

  /** True when it answers a real connection; false when it ended before that. */
  async #becomesReady(running: RunningProcess, signal: AbortSignal): Promise<boolean> {
    const life = new AbortController();
    void running.ended.then(() => life.abort());
    const startMs = this.#clock.monotonic();
    let reportMs = startMs + REPORT_INTERVAL_MS;
    const socket = join(this.#socketDir, '.s.PGSQL.5432');
    for (;;) {
      const state = await probePostgres(socket, DATABASE_USER, DATABASE);
      if (state === 'ready') return true;
      // Stopping: the caller has the process and ends it.
      if (life.signal.aborted) return false;
      if (signal.aborted) return true;
      const nowMs = this.#clock.monotonic();
      if (nowMs - startMs > READY_WITHIN_MS) return false;
      if (nowMs > reportMs) {
        this.#log.info(
          { state, waitedMs: Math.round(nowMs - startMs) },
          'PostgreSQL is recovering',
        );
        reportMs = nowMs + REPORT_INTERVAL_MS;
      }
      await sleep(this.#clock, PROBE_INTERVAL_MS);
    }
  }

  /** The live server of this cluster, if there is one: by our pid file, else by its own. */
  #findRunning(): ProcessIdentity | undefined {
    const ours = readPidFile(this.#pidFile);
    if (ours && this.#isServer(ours.pid)) return { pid: ours.pid, startedAt: ours.startedAt };
    const pid = this.#lockFile()?.pid;
    return pid !== undefined && this.#isServer(pid) ? identify(pid) : undefined;
  }

  /** Its command line names our cluster, so a pid that came back as another program is not it. */
  #isServer(pid: number): boolean {
    return commandLine(pid).includes(`postgres -D ${this.#clusterDir} `);
  }

  /**
   * PostgreSQL takes any process with the pid in its lock file for a living server, a zombie or
   * somebody else's too, and refuses to start. We know better, but must not take the lock away
   * while processes of the dead server still use its shared memory.
   */
  async #clearStaleLock(signal: AbortSignal): Promise<void> {
    const lock = this.#lockFile();
    if (!lock) return;
    const deadlineMs = this.#clock.monotonic() + ORPHANS_WITHIN_MS;
    while (attachedTo(lock.sharedMemoryId) > 0) {
      if (this.#clock.monotonic() > deadlineMs || signal.aborted) {
        throw new AppError(
          'keeper.database-orphans',
          `Processes of a PostgreSQL that died still work on ${this.#clusterDir}: end them ` +
            '(ps shows them as "postgres:"), then start again.',
          { retryable: true },
        );
      }
      await sleep(this.#clock, PROBE_INTERVAL_MS);
    }
    rmSync(join(this.#clusterDir, 'postmaster.pid'), { force: true });
  }

  /** postmaster.pid: line 1 the pid, line 7 key and id of the shared memory. */
  #lockFile(): { pid: number; sharedMemoryId: number } | undefined {
    try {
      const lines = readFileSync(join(this.#clusterDir, 'postmaster.pid'), 'utf8').split('\n');
      const sharedMemoryId = Number(lines[6]?.trim().split(/\s+/)[1] ?? -1);
      return { pid: Number(lines[0]), sharedMemoryId };
    } catch {
      return undefined;
    }
  }

  /** No server of ours runs at this moment, so whatever lies there is left over. */
  #prepareSocketDir(account: Account | undefined): void {
    mkdirSync(this.#socketDir, { recursive: true, mode: 0o700 });
    chmodSync(this.#socketDir, 0o700);
    if (account) chownSync(this.#socketDir, account.uid, account.gid);
    for (const name of readdirSync(this.#socketDir)) {
      rmSync(join(this.#socketDir, name), { force: true });
    }
  }
}

/** `initdb` hands its own path to a shell, between double quotes and not escaped. */
function assertPlainPath(dir: string): void {
  if (!/["$`\\\r\n]/.test(dir)) return;
  throw new AppError(
    'keeper.folder-unusable',
    `PostgreSQL cannot work in ${dir}: choose a DENWABAN_DATA_DIR without " $ \` or \\ in its path.`,
  );
}

/** How many processes have a System V segment attached: columns key, shmid, …, nattch (7th). */
function attachedTo(sharedMemoryId: number): number {
  try {
    const rows = readFileSync('/proc/sysvipc/shm', 'utf8').split('\n').slice(1);
    const row = rows
      .map((line) => line.trim().split(/\s+/))
      .find(([, id]) => {
        return Number(id) === sharedMemoryId;
      });
    return Number(row?.[6] ?? 0);
  } catch {
    return 0;
  }
}
