import type { Clock } from '../base/index.ts';

const PAUSE_MS = 30 * 60_000;
const MAX_ENTRIES = 5_000;

/**
 * A player fetches one recording in many ranges: that is one listen. Another one begins when this
 * person has not fetched it for half an hour.
 */
export class ListenLog {
  readonly #clock: Clock;
  readonly #lastFetch = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isNew(listener: string, recordingId: string): boolean {
    const key = `${listener} ${recordingId}`;
    const now = this.#clock.monotonic();
    const last = this.#lastFetch.get(key);
    this.#lastFetch.delete(key);
    this.#lastFetch.set(key, now);
    const oldest = this.#lastFetch.keys().next();
    if (this.#lastFetch.size > MAX_ENTRIES && !oldest.done) this.#lastFetch.delete(oldest.value);
    return last === undefined || now - last > PAUSE_MS;
  }
}
