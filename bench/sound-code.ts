import { FRAME_SAMPLES, MULAW_DECODE, MULAW_ENCODE } from '../src/media/index.ts';

/**
 * Sound that says which frame of which call and of which side it is:
 *
 *   samples 0–7     marker, loud: plus then minus from sample 4 on (the operator's: minus then plus)
 *   samples 8–151   48 bits of 3 samples, soft, plus or minus: 13 of the frame's number, 11 of the
 *                   call's, 24 to check both and the side
 *   samples 152–159 silence
 *
 * It is read wherever a frame begins in the stream and survives a sample left out or put in, a mixer that
 * adds silence, and G.711. What a receiver repeats to hide a loss counts once. Where a jitter buffer went back
 * in the middle of a frame, all of it was heard, in two pieces, and it is put together again; where one left
 * samples out, the frame is `worn`: not heard, and nobody else's.
 */
export type Side = 'caller' | 'operator';

export const MAX_FRAME = 2 ** 13;
export const MAX_CALL = 2 ** 11;

const MARKER_HALF = 4;
const BITS_AT = 2 * MARKER_HALF;
const BIT_SAMPLES = 3;
const HALF_BITS = 24;
const BITS = 2 * HALF_BITS;
const LOUD = 8000;
const SOFT = 1000;
const LOUD_AT_LEAST = 3000;
/** A stretched frame's marker is seen a sample early or late. */
const ALIGNMENTS = [0, 1, -1] as const;
/** From the change of sign inside the marker to behind the last bit. */
const CODE = MARKER_HALF + BITS * BIT_SAMPLES;
/** So far at most a jitter buffer goes back within a frame; more repeats the frame's marker too. */
const MOST_BACK = FRAME_SAMPLES;
/** Frames in a row of which one may be put together. */
const MOST_DUE = 3;
const REACH = CODE + MOST_BACK + 1;

const code = (amplitude: number): number => MULAW_ENCODE[amplitude & 0xffff] ?? 0xff;

/** 24 bits in which any two frames, calls or sides differ by chance only: one in 17 million is taken for another. */
function checkOf({ side, frame, call }: Heard): number {
  // Not zero for zero: a marker with silence behind it must not be read as the first frame of the first call.
  let hash = (frame | (call << 13) | (side === 'caller' ? 0 : 1 << 24)) ^ 0x9e3779b1;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 8;
}

function bitsOf(said: Heard): number[] {
  const id = said.frame | (said.call << 13);
  const check = checkOf(said);
  return Array.from(
    { length: BITS },
    (_, bit) => (bit < HALF_BITS ? id >> bit : check >> (bit - HALF_BITS)) & 1,
  );
}

/** Writes the μ-law bytes of one frame into `out` at `at`. */
export function writeFrame(out: Uint8Array, at: number, said: Heard): void {
  const up = said.side === 'caller' ? LOUD : -LOUD;
  out.fill(code(up), at, at + MARKER_HALF);
  out.fill(code(-up), at + MARKER_HALF, at + BITS_AT);
  for (const [bit, isSet] of bitsOf(said).entries()) {
    const from = at + BITS_AT + bit * BIT_SAMPLES;
    out.fill(code(isSet ? SOFT : -SOFT), from, from + BIT_SAMPLES);
  }
  out.fill(code(0), at + BITS_AT + BITS * BIT_SAMPLES, at + FRAME_SAMPLES);
}

export type Heard = { side: Side; frame: number; call: number };

/** Reads frames out of a stream of μ-law samples that comes in pieces of any length. */
export class FrameReader {
  /** How many samples came before the window, and where among all of them the frame told of begins. */
  #gone = 0;
  startsAt = 0;
  readonly #window = new Int16Array(4 * FRAME_SAMPLES);
  #filled = 0;
  readonly #heard: Heard = { side: 'caller', frame: 0, call: 0 };
  /** The frame read last: the only one whose follower may be put together from two pieces. */
  readonly #before: Heard = { side: 'caller', frame: -1, call: -1 };
  #worn = 0;

  /** Markers behind which no frame can be read: it was cut into, by a change of delay or a loss. */
  get worn(): number {
    return this.#worn;
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
    while (at + CODE + 1 < this.#filled) {
      const turn = this.#turnAt(at);
      if (turn < 0) {
        at++;
        continue;
      }
      const side: Side = (window[at - 1] ?? 0) > 0 ? 'caller' : 'operator';
      this.startsAt = this.#gone + turn - MARKER_HALF;
      if (this.#readWhole(turn, side)) {
        this.#tell(onFrame);
        at = turn + CODE - BIT_SAMPLES;
        continue;
      }
      // What a piece went back to lies behind the frame's end.
      if (turn + REACH >= this.#filled) break;
      if (this.#readPieces(turn, side)) this.#tell(onFrame);
      else this.#worn++;
      at = turn + MARKER_HALF;
    }
    const keepFrom = Math.min(at - 1, this.#filled);
    window.copyWithin(0, keepFrom, this.#filled);
    this.#filled -= keepFrom;
    this.#gone += keepFrom;
  }

  /** Where the marker whose first half ends before `at` turns; a stretched one may have a sample between. */
  #turnAt(at: number): number {
    const before = this.#window[at - 1] ?? 0;
    if (before < LOUD_AT_LEAST && before > -LOUD_AT_LEAST) return -1;
    for (const turn of [at, at + 1]) {
      const now = this.#window[turn] ?? 0;
      if (before * now < 0 && Math.abs(now) > LOUD_AT_LEAST) return turn;
    }
    return -1;
  }

  #tell(onFrame: (heard: Heard) => void): void {
    Object.assign(this.#before, this.#heard);
    onFrame(this.#heard);
  }

  #readWhole(turn: number, side: Side): boolean {
    return ALIGNMENTS.some((off) => this.#read(side, (bit) => this.#bitAt(turn + off, bit)));
  }

  #read(side: Side, bitOf: (bit: number) => number): boolean {
    let id = 0;
    let check = 0;
    for (let bit = 0; bit < HALF_BITS; bit++) {
      id |= bitOf(bit) << bit;
      check |= bitOf(bit + HALF_BITS) << bit;
    }
    const heard = this.#heard;
    heard.side = side;
    heard.frame = id & (MAX_FRAME - 1);
    heard.call = id >> 13;
    return checkOf(heard) === check;
  }

  #bitAt(turn: number, bit: number): number {
    const middle = turn + MARKER_HALF + bit * BIT_SAMPLES + (BIT_SAMPLES >> 1);
    return (this.#window[middle] ?? 0) > 0 ? 1 : 0;
  }

  /**
   * A frame that was due: its first bits behind its marker, the others further back by what was heard twice.
   * Only one that follows the one before is looked for, so that no other can be taken for it.
   */
  #readPieces(turn: number, side: Side): boolean {
    const { side: sideBefore, frame, call } = this.#before;
    if (side !== sideBefore || frame < 0) return false;
    for (let after = 1; after <= MOST_DUE; after++) {
      const due = { side, frame: (frame + after) % MAX_FRAME, call };
      Object.assign(this.#heard, due);
      const bits = bitsOf(due);
      const first = bits.findIndex((bit, i) => bit !== this.#bitAt(turn, i));
      for (let back = 1; back <= MOST_BACK; back++) {
        const wrong = bits.findLastIndex((bit, i) => bit !== this.#bitAt(turn + back, i));
        if (wrong < first) return true;
      }
    }
    return false;
  }
}
