import { BEAT_MS, FRAME_SAMPLES, JitterBuffer, TURNS, Turn } from '../../src/media/index.ts';
import type { Beat, FrameKind } from '../../src/media/index.ts';

const BEFORE: Beat = { atMs: 0, frame: 0, turn: TURNS - 1 };

/** A jitter buffer that is read in its turn, on a clock that begins with 0. */
export class BeatenLine {
  readonly turn = new Turn(TURNS - 1, BEFORE);
  readonly buffer = new JitterBuffer(this.turn);
  #latest = BEFORE;

  /** When the first frame is played with the turn as it is now. */
  get firstFrameMs(): number {
    return (this.turn.beat + 1) * BEAT_MS;
  }

  /** Beats until `untilMs`; `before` is told of each beforehand, `onFrame` of each frame that is read. */
  beatUntil(
    untilMs: number,
    onFrame: (frame: Int16Array, kind: FrameKind) => void = () => undefined,
    before: (atMs: number) => void = () => undefined,
  ): void {
    const pcm = new Int16Array(FRAME_SAMPLES);
    while (this.#latest.atMs + BEAT_MS <= untilMs) {
      const { atMs, frame, turn } = this.#latest;
      const next = (turn + 1) % TURNS;
      this.#latest = { atMs: atMs + BEAT_MS, frame: frame + (next === 0 ? 1 : 0), turn: next };
      before(this.#latest.atMs);
      if (this.turn.isDue(this.#latest)) onFrame(pcm, this.buffer.pop(pcm, this.#latest));
    }
  }
}
