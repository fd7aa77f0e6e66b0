import { sleep } from '../base/index.ts';
import type { Clock } from '../base/index.ts';
import { signalProcess } from './process-identity.ts';
import type { RunningProcess } from './running-process.ts';

/** One step of an ending: send the signal, then give the process this long. */
export type StopStep = { signal: NodeJS.Signals; waitMs: number };

/**
 * Ends a process step by step; false when it outlived them all. `hurry` is asked once per step for
 * a promise that cuts its wait short.
 */
export async function endProcess(
  running: RunningProcess,
  steps: readonly StopStep[],
  clock: Clock,
  hurry?: () => Promise<unknown>,
): Promise<boolean> {
  const ended = running.ended.then(() => true);
  for (const { signal, waitMs } of steps) {
    signalProcess(running.identity, signal);
    const timer = new AbortController();
    const waits: Promise<unknown>[] = [sleep(clock, waitMs, timer.signal)];
    if (hurry) waits.push(hurry());
    const over = await Promise.race([ended, ...waits.map((wait) => wait.then(no, no))]);
    timer.abort(new Error('over'));
    if (over) return true;
  }
  return false;
}

function no(): boolean {
  return false;
}
