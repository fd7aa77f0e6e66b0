import type { Clock } from './clock.ts';

const WINDOW_MS = 5 * 60_000;
const MAX_KEYS = 10_000;
/** Wrong passwords within the window. `pairUnderAttack`: of one address once the account has had its share. */
const LIMITS = { pair: 5, address: 50, account: 20, pairUnderAttack: 1 };

type Failures = { count: number; since: number };

/**
 * Counts refused sign-ins, by page or by telephone: five wrong passwords stop one address on one
 * account for five minutes, fifty stop it on all, while the account's owner elsewhere signs in as
 * always. An account that is tried from many addresses gives each of them one try: that slows those
 * who guess, and the owner, whose first try is right, still comes in. Bounded: the oldest key gives way.
 */
export class SignInThrottle {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until this address may try this account again; 0 when it may now. */
  waitMs(account: string, address: string): number {
    const keys = keysOf(account, address);
    const isAttacked = this.#waitOf(keys.account, LIMITS.account) > 0;
    return Math.max(
      this.#waitOf(keys.pair, isAttacked ? LIMITS.pairUnderAttack : LIMITS.pair),
      this.#waitOf(keys.address, LIMITS.address),
    );
  }

  failed(account: string, address: string): void {
    for (const key of Object.values(keysOf(account, address))) this.#count(key);
  }

  /** The password was right: this address is not guessing at this account. */
  succeeded(account: string, address: string): void {
    this.#failures.delete(keysOf(account, address).pair);
  }

  /** `failed` was said of a try before it was known to be right. */
  takeBack(account: string, address: string): void {
    for (const key of Object.values(keysOf(account, address))) {
      const known = this.#failures.get(key);
      if (known) known.count--;
    }
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

function keysOf(account: string, address: string): Record<'pair' | 'address' | 'account', string> {
  const name = account.toLowerCase();
  return { pair: `${address} ${name}`, address, account: ` ${name}` };
}
