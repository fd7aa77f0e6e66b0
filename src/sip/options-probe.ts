import type { Clock } from '../base/index.ts';
import { TimerSet } from './timers.ts';
import type { Peer } from './transport.ts';
import type { SipUserAgent } from './user-agent.ts';

export type ProbeOptions = {
  /** Request-URI and To: `sip:carrier.example`. */
  uri: string;
  from: { uri: string; displayName?: string };
  /**
   * Where to ask, the preferred place first; before each ping, so that a change in the DNS, or an address that
   * was not to be had at the start, is found. It must come to an end by itself.
   */
  locate: () => Promise<readonly Peer[]>;
  /** Between two pings while all is well; default 30 s. */
  intervalMs?: number;
  route?: readonly string[];
};

export type ProbeDeps = {
  clock: Clock;
  agent: Pick<SipUserAgent, 'request'>;
  /** Only when the state changes. */
  onChange: (state: ProbeState) => void;
};

/** `unknown` until the first answer, or until as many failures as make a trunk `down`. */
export type ProbeState = 'unknown' | 'up' | 'down';

const DEFAULT_INTERVAL_MS = 30_000;
/** A doubt is cleared up sooner than the next regular ping. */
const DOUBT_INTERVAL_MS = 10_000;
const PATIENCE_MS = 8_000;
const FAILURES_TO_DOWN = 3;
const SUCCESSES_TO_UP = 2;

/**
 * Asks a trunk with OPTIONS whether it is there (RFC 3261 §11).
 *
 *     unknown ──1 answer──▶ up ──3 failures in a row──▶ down ──2 answers in a row──▶ up
 *
 * Any answer will do, a refusal too, except 408 and the 5xx: such a trunk takes no calls. After a failure the
 * next of its servers is asked: one that answers is enough. The trunk
 * service of the engine owns one for each probed trunk; what real calls meet counts as well
 * (`note`).
 */
export class OptionsProbe {
  readonly #options: ProbeOptions;
  readonly #deps: ProbeDeps;
  readonly #timers: TimerSet<'ping' | 'patience'>;
  #state: ProbeState = 'unknown';
  /** Answers in a row, or failures in a row as a negative number. */
  #streak = 0;
  /** Rises with every ping; an answer to an older one is too late. */
  #turn = 0;
  #running = false;

  constructor(options: ProbeOptions, deps: ProbeDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#timers = new TimerSet(deps.clock);
  }

  get state(): ProbeState {
    return this.#state;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#ping();
  }

  stop(): void {
    this.#running = false;
    this.#turn++;
    this.#timers.stopAll();
  }

  /** What a call over this trunk has shown: an answer of any kind, or none. */
  note(alive: boolean): void {
    if (this.#running) this.#count(alive);
  }

  #ping(): void {
    const turn = ++this.#turn;
    this.#timers.start('patience', PATIENCE_MS, () => this.#concluded(turn, false));
    void this.#ask(turn).then((alive) => this.#concluded(turn, alive));
  }

  async #ask(turn: number): Promise<boolean> {
    const { uri, from, locate, route } = this.#options;
    const places = await locate().catch((): Peer[] => []);
    const destination = places[Math.max(0, -this.#streak) % places.length];
    if (destination === undefined || turn !== this.#turn) return false;
    const asked = { method: 'OPTIONS', uri, from, destination, ...(route ? { route } : {}) };
    const outcome = await this.#deps.agent.request(asked);
    return outcome.kind === 'answered' && isAlive(outcome.response.status);
  }

  #concluded(turn: number, alive: boolean): void {
    if (turn !== this.#turn) return;
    this.#turn++;
    this.#timers.stop('patience');
    this.#count(alive);
    const { intervalMs = DEFAULT_INTERVAL_MS } = this.#options;
    const isSettled = this.#state === (alive ? 'up' : 'down');
    const delayMs = isSettled ? intervalMs : Math.min(intervalMs, DOUBT_INTERVAL_MS);
    this.#timers.start('ping', delayMs, () => this.#ping());
  }

  #count(alive: boolean): void {
    const isSameWay = alive === this.#streak > 0;
    this.#streak = (isSameWay ? this.#streak : 0) + (alive ? 1 : -1);
    const next = this.#nextState();
    if (next === this.#state) return;
    this.#state = next;
    this.#deps.onChange(next);
  }

  #nextState(): ProbeState {
    if (this.#streak <= -FAILURES_TO_DOWN) return 'down';
    const enough = this.#state === 'down' ? SUCCESSES_TO_UP : 1;
    return this.#streak >= enough ? 'up' : this.#state;
  }
}

function isAlive(status: number): boolean {
  return status !== 408 && (status < 500 || status >= 600);
}
