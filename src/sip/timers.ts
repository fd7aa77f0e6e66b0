import type { Clock, Timer } from '../base/index.ts';

/** The base values of RFC 3261 §17.1.1.1, in milliseconds. */
export type TimerValues = { t1Ms: number; t2Ms: number; t4Ms: number };

export const DEFAULT_TIMERS: TimerValues = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** Named timers of one machine: starting one again replaces it, `stopAll` leaves nothing behind. */
export class TimerSet<Name extends string> {
  readonly #clock: Clock;
  readonly #running = new Map<Name, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(name: Name, delayMs: number, callback: () => void): void {
    this.stop(name);
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#running.delete(name);
      callback();
    });
    this.#running.set(name, timer);
  }

  stop(...names: Name[]): void {
    for (const name of names) {
      this.#running.get(name)?.cancel();
      this.#running.delete(name);
    }
  }

  stopAll(): void {
    for (const timer of this.#running.values()) timer.cancel();
    this.#running.clear();
  }
}
