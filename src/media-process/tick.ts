import type { Clock, Timer } from '../base/index.ts';
import { BEAT_MS, FRAME_MS, TURNS } from '../media/index.ts';
import type { Beat } from '../media/index.ts';

/** After a stall this many missed frames are made up for; time before that is skipped. */
const MAX_CATCH_UP = 50;
/** Of frames made up for, only the latest are sent: a burst would fill the peer's jitter buffer. */
const MAX_SENT_AT_ONCE = 5;

export type TickWork = {
  /** The part of a frame that this beat is for; `live` = its packets are to be sent. */
  onBeat(beat: Beat, live: boolean): void;
  /** This many frames are gone: time passes, nothing is made of them. */
  onSkip(frames: number): void;
  /** Nobody waits for a beat: those of a frame may come together. */
  isIdle(): boolean;
};

/**
 * The beat of the media process, on an absolute schedule: beat n is due at start + 4 ms · n whatever
 * happened before, so that nothing drifts against the clock. `defer` runs the work after the sockets that
 * tell by themselves (the browsers') have been read, so that a late beat does not make packets late that are there.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #work: TickWork;
  readonly #defer: (work: () => void) => void;
  #latest: Beat;
  #dueMs = 0;
  #timer: Timer | undefined;
  #stopped = false;
  /** Beats that began later than this many milliseconds, frames never made, frames never sent. */
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
    this.#latest = { atMs: clock.monotonic(), frame: 0, turn: TURNS - 1 };
  }

  get latest(): Beat {
    return this.#latest;
  }

  start(): void {
    this.#dueMs = this.#latest.atMs + (this.#work.isIdle() ? FRAME_MS : BEAT_MS);
    const beat = (): void =>
      this.#defer(() => {
        if (this.#stopped) return;
        this.#run();
        this.start();
      });
    // A timer fires by whole milliseconds: at once is not to be had, and too early it would have to be set again.
    const waitMs = Math.ceil(this.#dueMs - this.#clock.monotonic());
    if (waitMs > 0) this.#timer = this.#clock.setTimer(waitMs, beat);
    else beat();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #run(): void {
    const nowMs = this.#clock.monotonic();
    this.#noteLate(nowMs - this.#dueMs);
    let due = Math.floor((nowMs - this.#latest.atMs) / BEAT_MS);
    const frames = Math.ceil(due / TURNS) - MAX_CATCH_UP;
    if (frames > 0) {
      this.counters['tick.skipped'] += frames;
      const { atMs, frame, turn } = this.#latest;
      this.#latest = { atMs: atMs + frames * FRAME_MS, frame: frame + frames, turn };
      this.#work.onSkip(frames);
      due -= frames * TURNS;
    }
    this.counters['tick.unsent'] += Math.max(0, Math.ceil(due / TURNS) - MAX_SENT_AT_ONCE);
    for (; due > 0; due--) {
      this.#latest = nextBeat(this.#latest);
      this.#work.onBeat(this.#latest, due <= MAX_SENT_AT_ONCE * TURNS);
    }
  }

  #noteLate(lateMs: number): void {
    if (lateMs > 10) this.counters['tick.late-10ms']++;
    if (lateMs > 50) this.counters['tick.late-50ms']++;
    if (lateMs > 200) this.counters['tick.late-200ms']++;
    this.worstLateMs = Math.max(this.worstLateMs, lateMs);
  }
}

function nextBeat({ atMs, frame, turn }: Beat): Beat {
  const isNewFrame = turn + 1 === TURNS;
  return {
    atMs: atMs + BEAT_MS,
    frame: isNewFrame ? frame + 1 : frame,
    turn: isNewFrame ? 0 : turn + 1,
  };
}
