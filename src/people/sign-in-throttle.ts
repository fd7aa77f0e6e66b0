import type { Clock } from '../base/index.ts';

const WINDOW_MS = 5 * 60_000;
const MAX_KEYS = 10_000;

type Failures = { count: number; since: number };

/**
 * Counts refused sign-ins per account and address, and per address alone: five wrong passwords
 * stop one address on one account for five minutes, while the account's owner elsewhere signs in
 * as always. Bounded: the oldest key gives way.
 */
export class SignInThrottle {
  readonly #clock: Clock;
  readonly #limits = { pair: 5, address: 50 };
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until this address may try this account again; 0 when it may now. */
  waitMs(email: string, address: string): number {
    const { pair, address: alone } = this.#keys(email, address);
    return Math.max(
      this.#waitOf(pair, this.#limits.pair),
      this.#waitOf(alone, this.#limits.address),
    );
  }

  failed(email: string, address: string): void {
    for (const key of Object.values(this.#keys(email, address))) this.#count(key);
  }

  succeeded(email: string, address: string): void {
    this.#failures.delete(this.#keys(email, address).pair);
  }

  #keys(email: string, address: string): { pair: string; address: string } {
    return { pair: `${address} ${email.toLowerCase()}`, address };
  }

  #waitOf(key: string, limit: number): number {
    const entry = this.#failures.get(key);
    if (entry === undefined || entry.count < limit) return 0;
    return Math.max(0, entry.since + WINDOW_MS - this.#clock.monotonic());
  }

  #count(key: string): void {
    const now = this.#clock.monotonic();
    const known = this.#failures.get(key);
    const current = known && known.since + WINDOW_MS > now ? known : { count: 0, since: now };
    this.#failures.delete(key);
    this.#failures.set(key, { count: current.count + 1, since: current.since });
    if (this.#failures.size <= MAX_KEYS) return;
    const oldest = this.#failures.keys().next();
    if (!oldest.done) this.#failures.delete(oldest.value);
  }
}
