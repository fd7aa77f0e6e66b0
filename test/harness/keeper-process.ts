import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const FIXTURE = fileURLToPath(new URL('../fixtures/keeper/main.ts', import.meta.url));
const WITHIN_MS = 60_000;

export const isRoot = process.getuid?.() === 0;
export const ORDINARY_USER = 65534;

/** A keeper over stand-ins, in its own process, on its own data folder and free ports. */
export type KeeperProcess = {
  dir: string;
  pid: number;
  /** What it said on standard error. */
  said(): string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves when all children are up. */
  ready(): Promise<void>;
  ports(): { http: number; sip: number; webrtc: number };
  pidOf(child: 'app' | 'media' | 'postgres' | 'keeper'): number;
  /** A line per thing that happened in the app stand-ins: pid, what. */
  appLog(): string[];
  mediaLog(): string[];
};

export type KeeperStart = { env?: Record<string, string>; uid?: number };

export function startKeeper(dir: string, { env = {}, uid }: KeeperStart = {}): KeeperProcess {
  const child = spawn(process.execPath, [FIXTURE], {
    cwd: '/',
    env: {
      PATH: process.env['PATH'],
      DENWABAN_DATA_DIR: dir,
      DENWABAN_BIND: '127.0.0.1',
      DENWABAN_HTTP_PORT: '0',
      DENWABAN_SIP_PORT: '0',
      DENWABAN_WEBRTC_PORT: '0',
      DENWABAN_RTP_PORTS: '20000-20099',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdout.resume();
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    // Children that outlive a killed keeper hold its output open.
    child.once('exit', (code, signal) => {
      void sleep(300).then(() => resolve({ code, signal }));
    });
  });
  const json = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(dir, 'run', name), 'utf8')) as Record<string, unknown>;
  const lines = (name: string): string[] => {
    try {
      return readFileSync(join(dir, 'run', name), 'utf8')
        .split('\n')
        .filter(Boolean);
    } catch {
      return [];
    }
  };
  const self: KeeperProcess = {
    dir,
    pid: child.pid!,
    said: () => said,
    ended,
    ready: async () => {
      const over = ended.then(({ code }) => {
        throw new Error(`the keeper ended with ${code}: ${said}`);
      });
      const up = eventually(() => {
        const app = self.pidOf('app');
        return parentOf(app) === child.pid && lines('app.log').includes(`${app} listening`);
      });
      await Promise.race([up, over]);
    },
    ports: () => json('ports.json') as ReturnType<KeeperProcess['ports']>,
    pidOf: (name) => json(`${name}.json`)['pid'] as number,
    appLog: () => lines('app.log'),
    mediaLog: () => lines('media.log'),
  };
  return self;
}

export async function stopKeeper(keeper: KeeperProcess): Promise<void> {
  process.kill(keeper.pid, 'SIGTERM');
  await keeper.ended;
}

/** Until it holds; what throws meanwhile does not hold yet. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  let last: unknown = new Error('never held');
  const deadline = Date.now() + WITHIN_MS;
  while (Date.now() < deadline) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    await sleep(20);
  }
  throw last;
}

/** A folder of our own that is gone after the test, with every process that still works on it. */
export function temporaryDir(options: { owner?: number; name?: string } = {}): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), options.name ?? 'dwk-')));
  if (options.owner !== undefined) chownSync(dir, options.owner, options.owner);
  return dir;
}

export async function removeDir(dir: string): Promise<void> {
  for (const pid of processesOf(dir)) kill(pid);
  await eventually(() => processesOf(dir).length === 0);
  rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
}

/** The living processes whose command line, folder or settings name this data folder. */
export function processesOf(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => isAlive(pid))
    .filter((pid) => ['cmdline', 'environ'].some((file) => readProc(pid, file).includes(dir)));
}

export function isAlive(pid: number): boolean {
  const stat = readProc(pid, 'stat');
  return stat !== '' && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(readProc(pid, 'status'))?.[1]);
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}
