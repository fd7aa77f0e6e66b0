import type { Clock, Logger } from '../base/index.ts';
import { findByCommandLine, readPidFile, removePidFile } from './process-identity.ts';
import { adoptProcess } from './running-process.ts';
import { endProcess } from './stop-steps.ts';
import type { StopStep } from './stop-steps.ts';

type Options = {
  pidFile: string;
  /** Texts that together are found in no other program's command line. */
  marks: readonly string[];
  steps: readonly StopStep[];
  clock: Clock;
  log: Logger;
};

/**
 * Ends what an earlier keeper left running: the process its pid file names, and one it started in
 * the moment it was killed, before the pid file was written.
 */
export async function endLeftOver({ pidFile, marks, steps, clock, log }: Options): Promise<void> {
  const named = readPidFile(pidFile);
  const found = findByCommandLine(marks).filter(({ pid }) => pid !== named?.pid);
  for (const identity of named ? [named, ...found] : found) {
    log.info({ pid: identity.pid }, 'ending a process of an earlier start');
    await endProcess(adoptProcess(identity, clock), steps, clock);
  }
  removePidFile(pidFile);
}
