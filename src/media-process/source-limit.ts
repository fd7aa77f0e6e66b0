const MAX_SOURCES = 4_096;

/**
 * Counts what a source got wrong since the last `reset` and says when to stop listening to it.
 * When more sources than fit are wrong, the later ones are not followed: memory stays bounded and
 * each of their packets still has to pass every check.
 */
export class SourceLimit {
  readonly #failures = new Map<string, number>();
  readonly #allowed: number;

  constructor(allowedPerReset: number) {
    this.#allowed = allowedPerReset;
  }

  isExceeded(address: string, port: number): boolean {
    if (this.#failures.size === 0) return false;
    return (this.#failures.get(`${address} ${port}`) ?? 0) >= this.#allowed;
  }

  fail(address: string, port: number): void {
    const key = `${address} ${port}`;
    const known = this.#failures.get(key);
    if (known === undefined && this.#failures.size >= MAX_SOURCES) return;
    this.#failures.set(key, (known ?? 0) + 1);
  }

  reset(): void {
    this.#failures.clear();
  }
}
