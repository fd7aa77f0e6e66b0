import { sleep, toError } from '../base/index.ts';
import type { Clock } from '../base/index.ts';

export type SnapshotOptions<T> = {
  build: () => Promise<T | null>;
  /** Two snapshots with the same key say the same: the second is not sent. */
  keyOf: (snapshot: T) => string;
  send: (snapshot: T) => void;
  onError: (error: Error) => void;
  clock: Clock;
  /** The shortest time between two snapshots; 0 sends each change at once. */
  minGapMs: number;
};

const RETRY_MS = 1_000;

/**
 * Sends a whole snapshot after each change. Changes that come while one is built, or in one turn
 * of the event loop, make one snapshot; a failed build is tried again.
 */
export class SnapshotPusher<T> {
  readonly #options: SnapshotOptions<T>;
  readonly #stop = new AbortController();
  #dirty = false;
  #running = false;
  #lastKey: string | null = null;

  constructor(options: SnapshotOptions<T>) {
    this.#options = options;
  }

  /** Something changed. */
  poke(): void {
    this.#dirty = true;
    if (!this.#running && !this.#stop.signal.aborted) void this.#run();
  }

  stop(): void {
    this.#stop.abort(new Error('the connection is closed'));
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#dirty && !this.#stop.signal.aborted) {
      await Promise.resolve();
      this.#dirty = false;
      const pauseMs = (await this.#push()) ? this.#options.minGapMs : RETRY_MS;
      if (pauseMs > 0) await this.#pause(pauseMs);
    }
    this.#running = false;
  }

  async #push(): Promise<boolean> {
    const { build, keyOf, send, onError } = this.#options;
    try {
      const snapshot = await build();
      if (snapshot === null || this.#stop.signal.aborted) return true;
      const key = keyOf(snapshot);
      if (key !== this.#lastKey) send(snapshot);
      this.#lastKey = key;
      return true;
    } catch (thrown) {
      this.#dirty = true;
      onError(toError(thrown));
      return false;
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(this.#options.clock, ms, this.#stop.signal).catch(() => undefined);
  }
}
