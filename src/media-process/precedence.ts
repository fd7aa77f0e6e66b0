import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Logger } from '../base/index.ts';
import { toError } from '../base/index.ts';

/** Before everything that has no 20 ms deadline, behind what the machine itself needs. */
const NICE = -11;

/**
 * The beat's thread goes before other programs when the machine is busy: a late beat is heard, a
 * late page is not. Allowed to root and by systemd's `LimitNICE`; without it calls work as well as
 * the machine has time.
 */
export function takePrecedence(log: Logger): void {
  try {
    setPriority(NICE);
  } catch (thrown) {
    const { message } = toError(thrown);
    log.info({ reason: message }, 'no precedence over other programs (root or LimitNICE)');
    return;
  }
  try {
    // With sched_autogroup the kernel weighs whole sessions, and the keeper gave us one of our own.
    writeFileSync('/proc/self/autogroup', String(NICE));
  } catch (thrown) {
    log.debug({ reason: toError(thrown).message }, 'no autogroup to raise');
  }
}
