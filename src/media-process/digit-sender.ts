import { dtmfPayloads } from '../media/index.ts';

const DIGIT_MS = 160;
/** Frames of sound between two digits: as a hand on the keys would leave them. */
const PAUSE_FRAMES = 5;
/** More digits than this waiting are refused. */
const MAX_WAITING = 64;

export type DigitFrame = { payload: Uint8Array; timestamp: number; marker: boolean };

/** The digits a leg sends, one packet per frame; all packets of a digit carry its beginning's time. */
export class DigitSender {
  readonly #waiting: string[] = [];
  #payloads: Uint8Array[] = [];
  #timestamp = 0;
  #pause = 0;

  /** False when too many are waiting. */
  push(digits: string): boolean {
    if (this.#waiting.length + digits.length > MAX_WAITING) return false;
    for (const digit of digits) this.#waiting.push(digit);
    return true;
  }

  /** What is sent instead of this frame's sound, if anything. */
  next(timestamp: number): DigitFrame | undefined {
    if (this.#pause > 0) {
      this.#pause--;
      return undefined;
    }
    const marker = this.#payloads.length === 0 && this.#begin(timestamp);
    const payload = this.#payloads.shift();
    if (!payload) return undefined;
    if (this.#payloads.length === 0) this.#pause = PAUSE_FRAMES;
    return { payload, timestamp: this.#timestamp, marker };
  }

  #begin(timestamp: number): boolean {
    const digit = this.#waiting.shift();
    if (digit === undefined) return false;
    this.#payloads = dtmfPayloads(digit, DIGIT_MS) ?? [];
    this.#timestamp = timestamp;
    return true;
  }
}
