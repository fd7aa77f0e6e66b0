/** How long a process must have run for its next death to count as the first. */
const STABLE_MS = 10_000;
const DELAYS_MS = [0, 250, 500, 1000, 2000, 5000];

/** The waits before each restart: at once the first time, then longer, never more than 5 s. */
export class BackOff {
  #failures = 0;

  /** To be asked at every death; `ranMs` is how long the process lived. */
  nextDelayMs(ranMs: number): number {
    if (ranMs >= STABLE_MS) this.#failures = 0;
    const delayMs = DELAYS_MS[Math.min(this.#failures, DELAYS_MS.length - 1)] ?? 0;
    this.#failures += 1;
    return delayMs;
  }
}
