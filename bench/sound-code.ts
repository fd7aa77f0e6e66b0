import { FRAME_SAMPLES, MULAW_DECODE, MULAW_ENCODE } from '../src/media/index.ts';

/**
 * Sound that says which frame of which call and of which side it is:
 *
 *   samples 0–7    marker, loud: plus then minus from sample 4 on (the operator's: minus then plus)
 *   samples 8–135  32 bits of 4 samples, soft, plus or minus: 13 of the frame's number, 11 of the
 *                  call's, 8 to check them
 *   samples 136–159 silence
 *
 * It is read wherever a frame begins in the stream and survives a sample left out or put in, a mixer
 * that adds silence, and G.711. What a receiver repeats to hide a loss counts once.
 */
export type Side = 'caller' | 'operator';

export const MAX_FRAME = 2 ** 13;
export const MAX_CALL = 2 ** 11;

const MARKER_HALF = 4;
const BITS_AT = 2 * MARKER_HALF;
const BIT_SAMPLES = 4;
const BITS = 32;
const LOUD = 8000;
const SOFT = 1000;
const LOUD_AT_LEAST = 3000;
/** From the change of sign inside the marker to the last bit's middle. */
const REACH = MARKER_HALF + BITS * BIT_SAMPLES;

const code = (amplitude: number): number => MULAW_ENCODE[amplitude & 0xffff] ?? 0xff;

function word(frame: number, call: number): number {
  const check = Math.imul(Math.imul(frame, 0x9e3779b1) ^ call, 0x85ebca6b) >>> 24;
  return frame | (call << 13) | (check << 24);
}

/** Writes the μ-law bytes of one frame into `out` at `at`. */
export function writeFrame(
  out: Uint8Array,
  at: number,
  said: { side: Side; frame: number; call: number },
): void {
  const up = said.side === 'caller' ? LOUD : -LOUD;
  const bits = word(said.frame, said.call);
  out.fill(code(up), at, at + MARKER_HALF);
  out.fill(code(-up), at + MARKER_HALF, at + BITS_AT);
  for (let bit = 0; bit < BITS; bit++) {
    const from = at + BITS_AT + bit * BIT_SAMPLES;
    out.fill(code((bits >> bit) & 1 ? SOFT : -SOFT), from, from + BIT_SAMPLES);
  }
  out.fill(code(0), at + BITS_AT + BITS * BIT_SAMPLES, at + FRAME_SAMPLES);
}

export type Heard = { side: Side; frame: number; call: number };

/** Reads frames out of a stream of μ-law samples that comes in pieces of any length. */
export class FrameReader {
  readonly #window = new Int16Array(4 * FRAME_SAMPLES);
  #filled = 0;
  readonly #heard: Heard = { side: 'caller', frame: 0, call: 0 };
  #bad = 0;

  /** Markers whose bits did not agree with their check. */
  get bad(): number {
    return this.#bad;
  }

  /** Takes `bytes[from..to)`; `onFrame` gets the same object each time. */
  push(bytes: Uint8Array, from: number, to: number, onFrame: (heard: Heard) => void): void {
    for (let at = from; at < to; at += FRAME_SAMPLES) {
      const end = Math.min(to, at + FRAME_SAMPLES);
      for (let i = at; i < end; i++) {
        this.#window[this.#filled++] = MULAW_DECODE[bytes[i] ?? 0xff] ?? 0;
      }
      this.#scan(onFrame);
    }
  }

  #scan(onFrame: (heard: Heard) => void): void {
    const window = this.#window;
    let at = 1;
    for (; at + REACH < this.#filled; at++) {
      const before = window[at - 1] ?? 0;
      if (before < LOUD_AT_LEAST && before > -LOUD_AT_LEAST) continue;
      // A stretched frame may have one sample between the two halves.
      const now = window[at] ?? 0;
      const next = window[at + 1] ?? 0;
      const turns = (loud: number): boolean => before * loud < 0 && Math.abs(loud) > LOUD_AT_LEAST;
      if (!turns(now) && !turns(next)) continue;
      this.#read(turns(now) ? at : at + 1, before > 0 ? 'caller' : 'operator', onFrame);
      at += REACH - BIT_SAMPLES;
    }
    const keepFrom = Math.min(at - 1, this.#filled);
    window.copyWithin(0, keepFrom, this.#filled);
    this.#filled -= keepFrom;
  }

  #read(minusAt: number, side: Side, onFrame: (heard: Heard) => void): void {
    let bits = 0;
    for (let bit = 0; bit < BITS; bit++) {
      const middle = minusAt + MARKER_HALF + bit * BIT_SAMPLES + (BIT_SAMPLES >> 1);
      if ((this.#window[middle] ?? 0) > 0) bits |= 1 << bit;
    }
    const heard = this.#heard;
    heard.side = side;
    heard.frame = bits & (MAX_FRAME - 1);
    heard.call = (bits >> 13) & (MAX_CALL - 1);
    if (word(heard.frame, heard.call) === bits) onFrame(heard);
    else this.#bad++;
  }
}
