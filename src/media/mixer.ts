/** One frame of the media plane: 20 ms at 8 kHz. */
export const FRAME_SAMPLES = 160;
export const FRAME_MS = 20;
export const SAMPLE_RATE_HZ = 8000;

/**
 * The frame of silence. Never written to: where a frame is this very array, nothing needs to be added up or
 * encoded to know what it becomes.
 */
export const SILENT_FRAME: Int16Array = new Int16Array(FRAME_SAMPLES);

/**
 * A sum of frames with gains, saturated to 16 bit at the end so that many loud speakers never wrap
 * around. Used again and again: `clear`, `add` for everybody the listener hears (not itself: mix-minus is
 * who is added), `writeTo`.
 */
export class MixFrame {
  readonly #sum = new Float64Array(FRAME_SAMPLES);
  #parts = 0;
  #alone: Int16Array | undefined;

  /** Nothing was added since `clear`: the frame is silence. */
  get empty(): boolean {
    return this.#parts === 0;
  }

  /** The only frame added, at gain 1: the sum is what it is. Two parties are nothing to add up. */
  get alone(): Int16Array | undefined {
    return this.#alone;
  }

  clear(): void {
    if (this.#parts > 0 && !this.#alone) this.#sum.fill(0);
    this.#alone = undefined;
    this.#parts = 0;
  }

  add(frame: Int16Array, gain: number): void {
    this.#parts++;
    if (this.#parts === 1 && gain === 1) {
      this.#alone = frame;
      return;
    }
    if (this.#alone) this.#addUp(this.#alone, 1);
    this.#alone = undefined;
    this.#addUp(frame, gain);
  }

  #addUp(frame: Int16Array, gain: number): void {
    const sum = this.#sum;
    for (let i = 0; i < FRAME_SAMPLES; i++) sum[i] = (sum[i] ?? 0) + (frame[i] ?? 0) * gain;
  }

  writeTo(out: Int16Array): void {
    if (this.#alone) {
      out.set(this.#alone);
      return;
    }
    const sum = this.#sum;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = Math.round(sum[i] ?? 0);
      out[i] = sample > 32767 ? 32767 : sample < -32768 ? -32768 : sample;
    }
  }
}
