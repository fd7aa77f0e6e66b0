import type { Clock, Timer } from '../base/index.ts';
import { FRAME_MS } from '../media/index.ts';

/** After a stall this many missed ticks are made up for; time before that is skipped. */
const MAX_CATCH_UP = 50;
/** Of ticks made up for, only the latest are sent: a burst would fill the peer's jitter buffer. */
const MAX_SENT_AT_ONCE = 5;

export type TickWork = {
  /** One frame for the schedule's time `tickMs`; `live` = its packets are to be sent. */
  onTick(tickMs: number, live: boolean): void;
  /** This many frames are gone: time passes, nothing is made of them. */
  onSkip(frames: number): void;
};

/**
 * The 20 ms beat of the media process, on an absolute schedule: tick n is due at start + 20 · n whatever
 * happened before, so that nothing drifts against the clock. `defer` runs the work after the sockets
 * that are ready have been read, so that a late beat does not make packets late that are there.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #work: TickWork;
  readonly #defer: (work: () => void) => void;
  #lastTickMs: number;
  #timer: Timer | undefined;
  #stopped = false;
  /** Ticks that began later than this many milliseconds, frames never made, frames never sent. */
  readonly counters = {
    'tick.late-10ms': 0,
    'tick.late-50ms': 0,
    'tick.late-200ms': 0,
    'tick.skipped': 0,
    'tick.unsent': 0,
  };
  worstLateMs = 0;

  constructor(clock: Clock, work: TickWork, defer: (work: () => void) => void = setImmediate) {
    this.#clock = clock;
    this.#work = work;
    this.#defer = defer;
    this.#lastTickMs = clock.monotonic();
  }

  /** Scheduled time of the latest tick. */
  get lastTickMs(): number {
    return this.#lastTickMs;
  }

  start(): void {
    const waitMs = this.#lastTickMs + FRAME_MS - this.#clock.monotonic();
    this.#timer = this.#clock.setTimer(Math.max(0, waitMs), () =>
      this.#defer(() => {
        if (this.#stopped) return;
        this.#run();
        this.start();
      }),
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #run(): void {
    const behindMs = this.#clock.monotonic() - this.#lastTickMs;
    let due = Math.floor(behindMs / FRAME_MS);
    this.#noteLate(behindMs - FRAME_MS);
    if (due > MAX_CATCH_UP) {
      const frames = due - MAX_CATCH_UP;
      this.counters['tick.skipped'] += frames;
      this.#lastTickMs += frames * FRAME_MS;
      this.#work.onSkip(frames);
      due = MAX_CATCH_UP;
    }
    this.counters['tick.unsent'] += Math.max(0, due - MAX_SENT_AT_ONCE);
    for (; due > 0; due--) {
      this.#lastTickMs += FRAME_MS;
      this.#work.onTick(this.#lastTickMs, due <= MAX_SENT_AT_ONCE);
    }
  }

  #noteLate(lateMs: number): void {
    if (lateMs > 10) this.counters['tick.late-10ms']++;
    if (lateMs > 50) this.counters['tick.late-50ms']++;
    if (lateMs > 200) this.counters['tick.late-200ms']++;
    this.worstLateMs = Math.max(this.worstLateMs, lateMs);
  }
}
