import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Random } from './ids.ts';

/** The machine's own clock. Only composition roots and tests import this file. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

export const systemRandom: Random = { bytes: (length) => randomBytes(length) };
