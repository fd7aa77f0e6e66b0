/** As many as one request carries. */
const AT_ONCE = 32;

/** The keys of a telephone in what was typed or pasted, full-width ones too. */
export function keyTonesIn(text: string): string {
  return text.normalize('NFKC').replaceAll(/[^0-9*#]/g, '');
}

/**
 * Sends digits in the order of their keys: what is pressed while some are on their way goes after
 * them, together. After a refusal what waits is dropped; half a code helps nobody.
 */
export class DigitQueue {
  readonly #send: (digits: string) => Promise<void>;
  #waiting = '';
  #isSending = false;

  constructor(send: (digits: string) => Promise<void>) {
    this.#send = send;
  }

  /** Resolves when these, or those that were under way before them, are sent. */
  async send(digits: string): Promise<void> {
    this.#waiting += digits;
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#waiting !== '') {
        const next = this.#waiting.slice(0, AT_ONCE);
        this.#waiting = this.#waiting.slice(AT_ONCE);
        await this.#send(next);
      }
    } finally {
      this.#waiting = '';
      this.#isSending = false;
    }
  }
}
