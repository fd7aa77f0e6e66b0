import type { PlaybackId } from '../base/index.ts';
import { FRAME_SAMPLES } from '../media/index.ts';
import type { MixFrame } from '../media/index.ts';

const ECHO_FRAMES = 50;

/** Something that is played to one leg, frame by frame. */
export interface Playback {
  readonly id: PlaybackId;
  /** Adds the next 20 ms; `spoken` is what the leg itself says now. False when it has ended. */
  addTo(mix: MixFrame, spoken: Int16Array): boolean;
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

  addTo(mix: MixFrame): boolean {
    if (this.#at >= this.#samples.length) return false;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      this.#frame[i] = this.#samples[this.#at] ?? 0;
      this.#at++;
      if (this.#loop && this.#at === this.#samples.length) this.#at = 0;
    }
    mix.add(this.#frame, 1);
    return true;
  }
}

/** The leg hears itself one second later. */
export class EchoPlayback implements Playback {
  readonly id: PlaybackId;
  readonly #past = Array.from({ length: ECHO_FRAMES }, () => new Int16Array(FRAME_SAMPLES));
  #at = 0;

  constructor(id: PlaybackId) {
    this.id = id;
  }

  addTo(mix: MixFrame, spoken: Int16Array): boolean {
    const frame = this.#past[this.#at];
    if (frame) {
      mix.add(frame, 1);
      frame.set(spoken);
    }
    this.#at = (this.#at + 1) % ECHO_FRAMES;
    return true;
  }
}
