/** One frame of the media plane: 20 ms at 8 kHz. */
export const FRAME_SAMPLES = 160;
export const FRAME_MS = 20;
export const SAMPLE_RATE_HZ = 8000;

/**
 * A sum of frames with gains, saturated to 16 bit at the end so that many loud speakers never wrap
 * around. Reused every tick: `clear`, `add` for everybody the listener hears (not itself: mix-minus is
 * who is added), `writeTo`.
 */
export class MixFrame {
  readonly #sum = new Float64Array(FRAME_SAMPLES);
  #parts = 0;

  /** Nothing was added since `clear`: the frame is silence. */
  get empty(): boolean {
    return this.#parts === 0;
  }

  clear(): void {
    if (this.#parts > 0) this.#sum.fill(0);
    this.#parts = 0;
  }

  add(frame: Int16Array, gain: number): void {
    const sum = this.#sum;
    for (let i = 0; i < FRAME_SAMPLES; i++) sum[i] = (sum[i] ?? 0) + (frame[i] ?? 0) * gain;
    this.#parts++;
  }

  writeTo(out: Int16Array): void {
    const sum = this.#sum;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = Math.round(sum[i] ?? 0);
      out[i] = sample > 32767 ? 32767 : sample < -32768 ? -32768 : sample;
    }
  }
}
