import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';
import { toError } from './errors.ts';

/**
 * Does it now and, when that fails, again every `everyMs` until it is done or nobody wants it any more. The first
 * failure is told; `work` that is not asynchronous has been tried when this returns.
 */
export async function insist(
  work: () => void | Promise<void>,
  options: {
    clock: Clock;
    everyMs: number;
    onFailure: (error: Error) => void;
    isWanted?: () => boolean;
  },
): Promise<void> {
  const { clock, everyMs, onFailure, isWanted = () => true } = options;
  for (let tries = 0; isWanted(); tries++) {
    try {
      await work();
      return;
    } catch (thrown) {
      if (tries === 0) onFailure(toError(thrown));
      await sleep(clock, everyMs);
    }
  }
}
