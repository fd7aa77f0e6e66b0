import { readFileSync, readdirSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Ticks of /proc are hundredths of a second on every Linux we know. */
const TICKS_PER_SECOND = 100;

/** One line about where a figure was measured. */
export function machineFacts(): string {
  const [first] = cpus();
  const model = first?.model.trim() ?? 'unknown';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const load = loadavg().map((value) => value.toFixed(2));
  const when = new Date().toISOString().slice(0, 16);
  return `${when}Z · ${model}, ${cpus().length} cores, ${memory} · Linux ${release()} · Node ${process.versions.node} · load ${load.join(' ')}`;
}

/** CPU time a process has used so far, in ms. */
export function cpuMsOf(pid: number): number {
  return (1000 * ticksOf(pid).own) / TICKS_PER_SECOND;
}

/** The same with all of its children, dead ones included. */
export function familyCpuMsOf(pid: number): number {
  const parent = ticksOf(pid);
  const living = childrenOf(pid).reduce((sum, child) => sum + ticksOf(child).own, 0);
  return (1000 * (parent.own + parent.deadChildren + living)) / TICKS_PER_SECOND;
}

/** Memory of a process (PSS: a page shared by n counts 1/n), in kB. */
export function memoryKbOf(pid: number): number {
  return pssKb(pid);
}

/** The same with its children. */
export function familyMemoryKbOf(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + pssKb(each), 0);
}

/** Busy and stolen time of each core so far, in ms. */
export function coreTimes(): { busyMs: number[]; stolenMs: number } {
  const rows = readFileSync('/proc/stat', 'latin1')
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => line.split(/\s+/).slice(1).map(Number));
  const ms = (ticks: number): number => (1000 * ticks) / TICKS_PER_SECOND;
  const busy = rows.map((row) =>
    [0, 1, 2, 5, 6].reduce((sum, column) => sum + (row[column] ?? 0), 0),
  );
  return {
    busyMs: busy.map(ms),
    stolenMs: ms(rows.reduce((sum, row) => sum + (row[7] ?? 0), 0)),
  };
}

function ticksOf(pid: number): { own: number; deadChildren: number } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
    return { own: user + system, deadChildren: childUser + childSystem };
  } catch {
    return { own: 0, deadChildren: 0 };
  }
}

function pssKb(pid: number): number {
  try {
    return Number(
      /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0,
    );
  } catch {
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' '))
      .map(Number)
      .filter((child) => child > 0);
  } catch {
    return [];
  }
}
