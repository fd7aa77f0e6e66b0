/** Where nothing was received: a value that no companded code stands for. */
export const ABSENT = -32_768;
/** Played samples stay this long, to be played again when the delay must grow at once. */
export const BEHIND_SAMPLES = 1600;

/** Powers of two, so that a timestamp's low bits are its place: a quarter of a second, up to one. */
const LEAST_SAMPLES = 2048;
const MOST_SAMPLES = 8192;

const NONE = new Int16Array(0);

/**
 * Samples at their RTP timestamps, from `BEHIND_SAMPLES` before where is read to as far ahead as packets
 * came so far: a quiet line needs a quarter of the memory of one that jitters, and one from which nothing
 * came none. It begins with `clear`.
 */
export class SampleRing {
  samples = NONE;
  mask = LEAST_SAMPLES - 1;

  clear(): void {
    if (this.samples === NONE) this.samples = new Int16Array(LEAST_SAMPLES);
    this.samples.fill(ABSENT);
  }

  /** Before something is written that ends so many samples after `readTimestamp`; up to 6592. */
  makeRoom(ahead: number, readTimestamp: number): void {
    let size = this.samples.length;
    while (size < MOST_SAMPLES && ahead > size - BEHIND_SAMPLES) size *= 2;
    if (size !== this.samples.length) this.#widen(size, readTimestamp);
  }

  #widen(size: number, readTimestamp: number): void {
    const wider = new Int16Array(size).fill(ABSENT);
    for (let i = 0; i < this.samples.length; i++) {
      const at = readTimestamp - BEHIND_SAMPLES + i;
      wider[at & (size - 1)] = this.samples[at & this.mask] ?? ABSENT;
    }
    this.samples = wider;
    this.mask = size - 1;
  }

  /** These samples are not needed any more: their places are free for later ones. */
  forget(from: number, count: number): void {
    const begin = from & this.mask;
    const end = begin + count;
    const size = this.samples.length;
    this.samples.fill(ABSENT, begin, Math.min(end, size));
    if (end > size) this.samples.fill(ABSENT, 0, end - size);
  }
}
