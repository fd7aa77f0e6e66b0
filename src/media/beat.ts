import { FRAME_MS } from './mixer.ts';

/** The media process beats this often, five times a frame. */
export const BEAT_MS = 4;
/** The beats of a frame: in one of them a leg is listened to, in one it is sent to, every frame anew. */
export const TURNS = FRAME_MS / BEAT_MS;
const LAST_TURN = TURNS - 1;

/** One beat, `turn` (0 … `TURNS` - 1) of the frame with this number. */
export type Beat = {
  /** When it was due, on the monotonic clock. */
  atMs: number;
  frame: number;
  turn: number;
};

/** Whether this beat is the last of its frame. */
export function endsFrame({ turn }: Beat): boolean {
  return turn === LAST_TURN;
}

/**
 * What is to be done once in every frame, at the same beat of each. When the turn moves, the work is still done
 * once in the frame in which it moved: at the next beat, when the new turn was over already.
 */
export class Turn {
  #turn: number;
  #doneInFrame: number;
  #doneAtMs: number;

  /** `latest`: the last beat that was made. A turn that is not after it counts as done in its frame. */
  constructor(turn: number, latest: Beat) {
    this.#turn = turn;
    const isOver = turn <= latest.turn;
    this.#doneInFrame = isOver ? latest.frame : latest.frame - 1;
    this.#doneAtMs = latest.atMs + (turn - latest.turn) * BEAT_MS - (isOver ? 0 : FRAME_MS);
  }

  /** Which beat of a frame it is. */
  get beat(): number {
    return this.#turn;
  }

  /** When it was last due. */
  get lastMs(): number {
    return this.#doneAtMs;
  }

  isDue(beat: Beat): boolean {
    return this.#doneInFrame < beat.frame && this.#turn <= beat.turn;
  }

  /** It was due and is done. */
  done(beat: Beat): void {
    this.#doneInFrame = beat.frame;
    this.#doneAtMs = beat.atMs + (this.#turn - beat.turn) * BEAT_MS;
  }

  /** Frames that nobody made. */
  skip(frames: number): void {
    this.#doneInFrame += frames;
    this.#doneAtMs += frames * FRAME_MS;
  }

  moveTo(turn: number): void {
    this.#doneAtMs += (turn - this.#turn) * BEAT_MS;
    this.#turn = turn;
  }
}
