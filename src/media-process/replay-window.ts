const WINDOW_BITS = 128;
const WORD_BITS = 32;

/**
 * Which of the last 128 packet indexes were received (RFC 3711 §3.3.2). `isNew` before the packet
 * is authenticated, `accept` after: a forged packet never moves the window.
 */
export class ReplayWindow {
  readonly #seen = new Uint32Array(WINDOW_BITS / WORD_BITS);
  #highest = -1;

  isNew(index: number): boolean {
    if (index > this.#highest) return true;
    if (index <= this.#highest - WINDOW_BITS) return false;
    const slot = index % WINDOW_BITS;
    return ((this.#seen[slot >>> 5] ?? 0) & (1 << (slot & 31))) === 0;
  }

  accept(index: number): void {
    if (index > this.#highest) {
      const from = Math.max(this.#highest + 1, index - WINDOW_BITS + 1);
      for (let skipped = from; skipped < index; skipped++) this.#mark(skipped % WINDOW_BITS, false);
      this.#highest = index;
    }
    this.#mark(index % WINDOW_BITS, true);
  }

  #mark(slot: number, seen: boolean): void {
    const word = this.#seen[slot >>> 5] ?? 0;
    const bit = 1 << (slot & 31);
    this.#seen[slot >>> 5] = seen ? word | bit : word & ~bit;
  }
}
