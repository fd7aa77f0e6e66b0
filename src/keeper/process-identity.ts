import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const identitySchema = z.object({
  pid: z.number().int().positive(),
  /** When it was started, in the system's own notation; with the pid it names one process ever. */
  startedAt: z.string().min(1),
});

/** One process for all time: a pid alone comes back with another program behind it. */
export type ProcessIdentity = z.infer<typeof identitySchema>;

/** The process that has this pid now; `undefined` when there is none or only its zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** Sends a signal to exactly this process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

/** Command line of a process, its arguments joined by spaces; empty when it cannot be known. */
export function commandLine(pid: number): string {
  return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** The processes whose command line holds all these texts (Linux; elsewhere none are found). */
export function findByCommandLine(texts: readonly string[]): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => texts.every((text) => commandLine(pid).includes(text)))
    .flatMap((pid) => identify(pid) ?? []);
}

export function writePidFile(path: string, identity: ProcessIdentity, more: object = {}): void {
  writeFileSync(`${path}.new`, JSON.stringify({ ...identity, ...more }));
  renameSync(`${path}.new`, path);
}

/** The process a pid file names, with whatever else it holds, if that very process still lives. */
export function readPidFile(path: string): (ProcessIdentity & Record<string, unknown>) | undefined {
  try {
    const parsed = z.looseObject(identitySchema.shape).parse(JSON.parse(readText(path)));
    return isAlive(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function removePidFile(path: string): void {
  rmSync(path, { force: true });
}

/**
 * /proc/<pid>/stat: field 3 is the state, 20 the threads, 22 the start in clock ticks since this boot. The second field may hold spaces and
 * brackets, so counting starts after the last bracket.
 */
function startOnLinux(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const [threads, ticks] = [Number(fields[17]), fields[19]];
  // One whose first thread has ended still holds its sockets until the last one has.
  const isOver = state === 'X' || (state === 'Z' && !(threads > 1));
  if (ticks === undefined || isOver) return undefined;
  return `${bootId()}:${ticks}`;
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim();
}

function startByPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return text === '' || text.startsWith('Z') ? undefined : text.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
