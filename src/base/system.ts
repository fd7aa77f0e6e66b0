import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type { Clock, Timer } from './clock.ts';
import type { Random } from './ids.ts';

/** The machine's own clock. Only composition roots and tests import this file. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, callback) => new SystemTimer(delayMs, callback),
};

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(delayMs: number, callback: () => void) {
    this.#handle = setTimeout(callback, delayMs);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/** Ids and tags want a few bytes each, many times a second: drawn by the page, each byte given once. */
const PAGE_BYTES = 4096;
let page = Buffer.alloc(0);

export const systemRandom: Random = {
  bytes(length) {
    if (length > PAGE_BYTES / 8) return randomBytes(length);
    if (page.length < length) page = randomBytes(PAGE_BYTES);
    const drawn = page.subarray(0, length);
    page = page.subarray(length);
    return drawn;
  },
};

/** Timers, sockets and open files of this process: what a leak shows in. */
export function processGauges(): Record<string, number> {
  const resources = process.getActiveResourcesInfo();
  return {
    timers: resources.filter((kind) => kind === 'Timeout').length,
    sockets: resources.filter((kind) => /^(UDP|TCP|Pipe)/.test(kind)).length,
    openFiles: openFiles(),
    residentBytes: process.memoryUsage.rss(),
  };
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    // Only Linux tells.
    return 0;
  }
}
