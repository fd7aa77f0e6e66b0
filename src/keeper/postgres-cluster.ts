import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../base/index.ts';
import type { Account } from './account.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

export const DATABASE = 'denwaban';
export const DATABASE_USER = 'denwaban';

const UNFINISHED = 'postgres.new-';

/**
 * Collation is PostgreSQL's own C.UTF-8, which no upgrade of the operating system changes. `trust`
 * holds on the Unix socket alone, in a folder only the cluster's owner and root can enter; they
 * could read the files just as well.
 */
const INITDB_OPTIONS = [
  '--encoding=UTF8',
  `--locale=${process.platform === 'linux' ? 'C.UTF-8' : 'C'}`,
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  `--username=${DATABASE_USER}`,
  '--auth=trust',
  '--no-instructions',
];

type Options = {
  dataDir: string;
  binaries: PostgresBinaries;
  account: Account | undefined;
  signal: AbortSignal;
};

/** The folder of the cluster; whether it is there yet is `createCluster`'s business. */
export function clusterDir(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/**
 * Makes the cluster beside its final place and renames it when it is complete, so that a start
 * killed in the middle leaves nothing that looks like a database.
 */
export async function createCluster({
  dataDir,
  binaries,
  account,
  signal,
}: Options): Promise<void> {
  const dir = clusterDir(dataDir);
  removeUnfinished(dataDir);
  if (existsSync(dir)) {
    assertVersion(dir, binaries.major);
    return;
  }
  const unfinished = mkdtempSync(join(dataDir, UNFINISHED));
  if (account) chownSync(unfinished, account.uid, account.gid);
  const run = (command: string, args: string[], input = ''): Promise<void> =>
    runToEnd({ command, args, input, account, signal });
  try {
    await run(binaries.initdb, [...INITDB_OPTIONS, '--pgdata', unfinished]);
    const single = ['--single', '-D', unfinished, 'postgres'];
    await run(binaries.postgres, single, `CREATE DATABASE ${DATABASE}\n`);
    renameSync(unfinished, dir);
    syncFolder(dataDir);
    // By now the `initdb` of a killed start has come to its end too.
    removeUnfinished(dataDir);
  } catch (error) {
    removeUnfinished(dataDir);
    throw error;
  }
}

/** A killed start's `initdb` may still be writing there: what resists is left for the next start. */
function removeUnfinished(dataDir: string): void {
  for (const name of readdirSync(dataDir).filter((entry) => entry.startsWith(UNFINISHED))) {
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 3 });
    } catch {
      continue;
    }
  }
}

function assertVersion(dir: string, major: number): void {
  const found = Number.parseInt(readFileSync(join(dir, 'PG_VERSION'), 'utf8'), 10);
  if (found === major) return;
  const remedy =
    found > major
      ? 'start the newer Denwaban that wrote it, or restore a backup of this version'
      : 'make a backup with the Denwaban that wrote it, and restore that into an empty data folder';
  throw new AppError(
    'keeper.database-version',
    `The database in ${dir} is of PostgreSQL ${found}, but this Denwaban brings PostgreSQL ` +
      `${major}: ${remedy}.`,
  );
}

/** Written when they differ, so that an upgrade's settings reach an old cluster. */
export function writeClusterSettings(
  dir: string,
  socketDir: string,
  account: Account | undefined,
): string {
  const path = join(dir, 'denwaban.conf');
  const settings = clusterSettings(socketDir);
  // What is there already needs no room on a full disk.
  if (existsSync(path) && readFileSync(path, 'utf8') === settings) return path;
  writeFileSync(`${path}.new`, settings, { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  if (account) chownSync(`${path}.new`, account.uid, account.gid);
  renameSync(`${path}.new`, path);
  return path;
}

function clusterSettings(socketDir: string): string {
  // A list of paths: each may be in double quotes, the whole value is in single ones.
  const directories = `"${socketDir.replaceAll('"', '""')}"`.replaceAll("'", "''");
  return [
    "listen_addresses = ''",
    'port = 5432',
    `unix_socket_directories = '${directories}'`,
    'unix_socket_permissions = 0700',
    'max_connections = 100',
    '# Nobody looks for its statements in the list of processes.',
    'update_process_title = off',
    'shared_buffers = 128MB',
    'fsync = on',
    'synchronous_commit = on',
    'full_page_writes = on',
    '# A page is written into the log whole when it is changed first after a checkpoint: seldom, then.',
    'max_wal_size = 1GB',
    '# Upkeep of large tables goes before no call: it pauses ten times as long as usual, and reads less.',
    "autovacuum_vacuum_cost_delay = '20ms'",
    'default_statistics_target = 20',
    '# Parallel workers need more /dev/shm than containers give.',
    'max_parallel_workers_per_gather = 0',
    "idle_in_transaction_session_timeout = '60s'",
    "timezone = 'UTC'",
    "log_timezone = 'UTC'",
    "lc_messages = 'C'",
    "default_text_search_config = 'pg_catalog.simple'",
    'log_min_messages = warning',
    'log_checkpoints = off',
    '# What people wrote must not reach the log: no statements, no values.',
    'log_min_error_statement = panic',
    'log_error_verbosity = terse',
    'wal_level = minimal',
    'max_wal_senders = 0',
    'max_logical_replication_workers = 0',
    "log_line_prefix = ''",
    '',
  ].join('\n');
}

type Run = {
  command: string;
  args: string[];
  input: string;
  account: Account | undefined;
  signal: AbortSignal;
};

function runToEnd({ command, args, input, account, signal }: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(account && { uid: account.uid, gid: account.gid }),
      cwd: '/',
      env: postgresEnv(),
      detached: true,
      signal,
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(postgresFailure(output));
    });
  });
}

/**
 * PostgreSQL looks at PG* variables; the user's own are none of its business here. A backend frees and asks for
 * the same few megabytes with every statement: glibc is told to keep them, instead of giving them back to
 * the kernel each time, which took a quarter of the database's time.
 */
export function postgresEnv(): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    MALLOC_TOP_PAD_: '4194304',
    MALLOC_TRIM_THRESHOLD_: '33554432',
  };
}

/** How much a line of PostgreSQL's own log means: `LOG:  …`, `WARNING:  …`, `ERROR:  …`, `FATAL:  …`. */
export function weightOfLine(line: string): 'debug' | 'warn' | 'error' {
  // So it answers whoever asks whether it is up yet, us above all.
  if (
    /^FATAL: {2}the database system is (starting up|not yet accepting|shutting down)/.test(line)
  ) {
    return 'debug';
  }
  if (/^(FATAL|PANIC):/.test(line)) return 'error';
  return line.startsWith('LOG:') ? 'debug' : 'warn';
}

/** What PostgreSQL said, as our sentence. */
export function postgresFailure(output: string): AppError {
  if (/No space left on device|could not extend file|Disk quota exceeded/i.test(output)) {
    return new AppError(
      'keeper.disk-full',
      'PostgreSQL cannot start because the disk of the data folder is full: make room there.',
      { retryable: true },
    );
  }
  if (/shared memory|semaphores/i.test(output) && /No space|Cannot allocate/i.test(output)) {
    return new AppError(
      'keeper.no-memory',
      'PostgreSQL cannot start because the system gives it no shared memory: free some memory.',
      { retryable: true },
    );
  }
  const last = output.trim().split('\n').slice(-3).join(' / ');
  return new AppError('keeper.database-failed', `PostgreSQL does not start. It says: ${last}`);
}

/** Makes the rename itself survive a power cut. */
function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
