import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, openSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../base/index.ts';
import { commandLine, identify, readPidFile, writePidFile } from './process-identity.ts';
import type { SystemCalls } from './system-calls.ts';

/** Where the parts of an installation's data are. */
export type DataFolder = {
  dir: string;
  /** 0700: pid files, `ports.json`, the compile cache. */
  runDir: string;
  /** Parent of all socket folders: the data folder, or a short one when a path grew too long. */
  socketParent: string;
};

/** A Unix socket's path fits 107 bytes on Linux, 103 on macOS. */
const SOCKET_PATH_LIMIT_BYTES = 100;
/** The longest name below `socketParent`. */
const LONGEST_SOCKET = 'postgres-socket/.s.PGSQL.5432';

/**
 * Makes the data folder and its runtime folder. `runtimeDir` is the signed-in user's own runtime
 * folder, if there is one.
 */
export function openDataFolder(configured: string, runtimeDir: string | undefined): DataFolder {
  try {
    makePassable(configured, mkdirSync(configured, { recursive: true }));
    const dir = realpathSync(configured);
    if (isOurs(dir)) chmodSync(dir, lstatSync(dir).mode | 0o711);
    const runDir = join(dir, 'run');
    mkdirSync(runDir, { recursive: true, mode: 0o700 });
    return { dir, runDir, socketParent: socketParent(dir, runtimeDir) };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw folderError(configured, cause as NodeJS.ErrnoException);
  }
}

/** The folders just made, from the first new one down, whatever the umask made of them. */
function makePassable(dir: string, firstMade: string | undefined): void {
  if (firstMade === undefined) return;
  for (let made = dir; made.startsWith(firstMade); made = dirname(made)) chmodSync(made, 0o711);
}

/** Empty or filled by us, and owned by this user: the others in it must be able to pass through. */
function isOurs(dir: string): boolean {
  const names = readdirSync(dir);
  return lstatSync(dir).uid === process.getuid?.() && (names.length === 0 || names.includes('run'));
}

function folderError(dir: string, cause: NodeJS.ErrnoException): AppError {
  const reasons: Record<string, string> = {
    EACCES:
      'this user may not write there: choose another in DENWABAN_DATA_DIR, or give it to them',
    EPERM: 'this user may not write there: choose another in DENWABAN_DATA_DIR, or give it to them',
    EROFS: 'the disk is read-only: choose another in DENWABAN_DATA_DIR',
    ENOSPC: 'the disk is full: make room, or choose another in DENWABAN_DATA_DIR',
    ENOTDIR: 'a part of this path is a file: choose another in DENWABAN_DATA_DIR',
    EEXIST: 'a file has this name: choose another in DENWABAN_DATA_DIR',
  };
  const reason = reasons[cause.code ?? ''] ?? cause.message;
  return new AppError(
    'keeper.folder-unusable',
    `The data folder ${dir} cannot be used: ${reason}.`,
    {
      cause,
    },
  );
}

function socketParent(dir: string, runtimeDir: string | undefined): string {
  if (Buffer.byteLength(join(dir, LONGEST_SOCKET)) <= SOCKET_PATH_LIMIT_BYTES) return dir;
  const uid = process.getuid?.() ?? 0;
  const name = `denwaban-${uid}-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;
  // Root's database runs as another user, who could not enter root's own runtime folder.
  const parents = uid === 0 ? ['/run', tmpdir(), '/tmp'] : [runtimeDir ?? tmpdir(), '/tmp'];
  const fitting = parents
    .map((parent) => join(parent, name))
    .filter((path) => Buffer.byteLength(join(path, LONGEST_SOCKET)) <= SOCKET_PATH_LIMIT_BYTES);
  for (const path of fitting) if (makeOwnFolder(path, uid)) return path;
  throw new AppError(
    'keeper.folder-too-long',
    `The path of the data folder is too long for sockets (${dir}), and no short folder for them ` +
      'can be made under the system’s temporary folder: choose a shorter DENWABAN_DATA_DIR.',
  );
}

/** Under a shared /tmp anybody may have made this name first, or a link of it. */
function makeOwnFolder(path: string, uid: number): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 });
    const stat = lstatSync(path);
    if (!stat.isDirectory() || stat.uid !== uid) return false;
    chmodSync(path, uid === 0 ? 0o711 : 0o700);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where our processes keep what they compiled, so that one that died is back sooner. One entry per
 * file of the program and version of Node.
 */
export function compileCache(folder: DataFolder): string {
  return join(folder.runDir, 'compiled');
}

/**
 * Makes this process the folder's only keeper for as long as it lives: the kernel gives the lock
 * up with its holder, however that ends. The pid file beside it is for the sentence.
 */
export function claimDataFolder(folder: DataFolder, calls: SystemCalls | undefined): void {
  const pidPath = join(folder.runDir, 'keeper.json');
  const holder = readPidFile(pidPath);
  const lock = openSync(join(folder.runDir, 'keeper.lock'), 'a', 0o600);
  const free = calls ? calls.tryLock(lock) : holder === undefined;
  if (!free) {
    const who = holder ? ` (process ${holder.pid}: ${commandLine(holder.pid)})` : '';
    throw new AppError(
      'keeper.already-running',
      `Denwaban is already running on ${folder.dir}${who}: stop that one first, or give this ` +
        'one its own folder in DENWABAN_DATA_DIR.',
    );
  }
  const self = identify(process.pid);
  if (self) writePidFile(pidPath, self);
}
