import type { Clock } from '../base/index.ts';

export type FloodGateOptions = {
  clock: Clock;
  /** True for an address of a trunk or of a registered or configured phone. */
  isKnown: (address: string) => boolean;
};

/** Messages a second and at once. A phone that registers for the first time sends a handful. */
const STRANGER = { perSecond: 10, burst: 50 };
/** A trunk at its busiest, ten times over: only a peer gone mad comes here. */
const KNOWN = { perSecond: 5_000, burst: 10_000 };
const MAX_ADDRESSES = 10_000;

type Bucket = { tokens: number; filledAt: number; limit: typeof STRANGER };

/** Per-source flood control: a bucket of messages for each address, known peers have a large one. */
export class FloodGate {
  readonly #options: FloodGateOptions;
  readonly #buckets = new Map<string, Bucket>();
  #dropped = 0;

  constructor(options: FloodGateOptions) {
    this.#options = options;
  }

  /** Messages that were not admitted. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * False: drop it without a word. Responses are counted apart and generously: those to our own
   * requests come from carriers that need not be known as callers.
   */
  admits(address: string, kind: 'request' | 'response'): boolean {
    const key = `${kind} ${address}`;
    const isKnown = (): boolean => kind === 'response' || this.#options.isKnown(address);
    const bucket = this.#buckets.get(key) ?? this.#newBucket(key, isKnown());
    this.#fill(bucket);
    // A phone that has registered since is no stranger any more.
    if (bucket.tokens < 1 && bucket.limit === STRANGER && isKnown()) {
      bucket.limit = KNOWN;
      bucket.tokens = KNOWN.burst;
    }
    if (bucket.tokens < 1) {
      this.#dropped++;
      return false;
    }
    bucket.tokens--;
    return true;
  }

  #newBucket(key: string, isKnown: boolean): Bucket {
    // The oldest goes: forgotten strangers begin with a full bucket, which bounds nothing worse.
    const oldest = this.#buckets.size >= MAX_ADDRESSES ? this.#buckets.keys().next() : undefined;
    if (oldest?.value !== undefined) this.#buckets.delete(oldest.value);
    const filledAt = this.#options.clock.monotonic();
    const limit = isKnown ? KNOWN : STRANGER;
    const bucket: Bucket = { tokens: limit.burst, filledAt, limit };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #fill(bucket: Bucket): void {
    const now = this.#options.clock.monotonic();
    const { perSecond, burst } = bucket.limit;
    const grown = bucket.tokens + ((now - bucket.filledAt) / 1000) * perSecond;
    bucket.tokens = Math.min(burst, grown);
    bucket.filledAt = now;
  }
}
