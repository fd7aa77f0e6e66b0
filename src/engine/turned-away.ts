import type { Clock, Logger, Timer } from '../base/index.ts';
import type { FloorEvents } from '../calls/index.ts';

/** After so long without one that was turned away the crowd is over. */
const QUIET_MS = 10_000;

export type TurnedAwayDeps = { clock: Clock; log: Logger; events: FloorEvents };

/**
 * Calls that were refused because more came than this machine carries. They leave no call behind, so the log, the
 * desks and `/metrics` are told that there were any, once for each crowd.
 */
export class TurnedAway {
  readonly #deps: TurnedAwayDeps;
  #total = 0;
  /** Of the crowd that is there. */
  #crowd = 0;
  #lastAt = 0;
  #timer: Timer | null = null;

  constructor(deps: TurnedAwayDeps) {
    this.#deps = deps;
  }

  /** Since the process began. */
  get total(): number {
    return this.#total;
  }

  note(): void {
    const { clock, log } = this.#deps;
    this.#total++;
    this.#crowd++;
    this.#lastAt = clock.monotonic();
    if (this.#timer !== null) return;
    log.error({}, 'calls are turned away: more come than this machine carries');
    this.#say('turning-away');
    this.#lookAfter(QUIET_MS);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #lookAfter(delayMs: number): void {
    const { clock, log } = this.#deps;
    this.#timer = clock.setTimer(delayMs, () => {
      const restMs = this.#lastAt + QUIET_MS - clock.monotonic();
      if (restMs > 0) {
        this.#lookAfter(restMs);
        return;
      }
      this.#timer = null;
      log.warn({ turnedAway: this.#crowd }, 'all calls are taken again');
      this.#crowd = 0;
      this.#say('all-taken');
    });
  }

  #say(code: 'turning-away' | 'all-taken'): void {
    this.#deps.events.publish({ type: 'notice', operatorId: null, callId: null, code });
  }
}
