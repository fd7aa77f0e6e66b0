import type { PlaybackId } from '../base/index.ts';
import { FRAME_SAMPLES, SILENT_FRAME } from '../media/index.ts';

const ECHO_FRAMES = 50;

/** Something that is played to one leg, frame by frame. */
export interface Playback {
  readonly id: PlaybackId;
  /**
   * The next 20 ms, good until the next call; `SILENT_FRAME` where that is silence, undefined when it has ended.
   * `spoken` is what the leg itself says now.
   */
  next(spoken: Int16Array): Int16Array | undefined;
}

/** Samples from memory: a tone or a prompt, once or in a loop. */
export class SamplePlayback implements Playback {
  readonly id: PlaybackId;
  readonly #samples: Int16Array;
  readonly #loop: boolean;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  #at = 0;

  constructor(id: PlaybackId, samples: Int16Array, loop: boolean) {
    this.id = id;
    this.#samples = samples;
    this.#loop = loop && samples.length > 0;
  }

  next(): Int16Array | undefined {
    const [samples, frame] = [this.#samples, this.#frame];
    if (this.#at >= samples.length) return undefined;
    let bits = 0;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = samples[this.#at++] ?? 0;
      frame[i] = sample;
      bits |= sample;
      if (this.#loop && this.#at === samples.length) this.#at = 0;
    }
    return bits === 0 ? SILENT_FRAME : frame;
  }
}

/** The leg hears itself one second later. */
export class EchoPlayback implements Playback {
  readonly id: PlaybackId;
  /** One more than the echo is late: what is heard now stays while what is said now is kept. */
  readonly #past = Array.from({ length: ECHO_FRAMES + 1 }, () => new Int16Array(FRAME_SAMPLES));
  #at = 0;

  constructor(id: PlaybackId) {
    this.id = id;
  }

  next(spoken: Int16Array): Int16Array | undefined {
    const now = this.#past[this.#at];
    this.#past[(this.#at + ECHO_FRAMES) % this.#past.length]?.set(spoken);
    this.#at = (this.#at + 1) % this.#past.length;
    return now;
  }
}
