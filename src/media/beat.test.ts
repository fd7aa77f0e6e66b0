import { describe, expect, it } from 'vitest';
import { BEAT_MS, FRAME_MS, TURNS, Turn, endsFrame } from './index.ts';
import type { Beat } from './index.ts';

const START: Beat = { atMs: 1000, frame: 7, turn: 2 };

/** The beats after `START`. */
function beats(count: number): Beat[] {
  return Array.from({ length: count }, (_, i) => {
    const turn = START.turn + 1 + i;
    return {
      atMs: START.atMs + (i + 1) * BEAT_MS,
      frame: START.frame + Math.floor(turn / TURNS),
      turn: turn % TURNS,
    };
  });
}

/** At which beats, counted from `START`, it was done. */
function doneAt(turn: Turn, count: number, meanwhile: (beat: number) => void = () => {}): number[] {
  return beats(count).flatMap((beat, i) => {
    meanwhile(i + 1);
    if (!turn.isDue(beat)) return [];
    turn.done(beat);
    return [i + 1];
  });
}

describe('a turn', () => {
  it.each([
    [0, [3, 8, 13]],
    [1, [4, 9, 14]],
    [2, [5, 10, 15]],
    [3, [1, 6, 11]],
    [4, [2, 7, 12]],
  ])('of beat %i comes once a frame, first when it is not over yet', (beat, expected) => {
    expect(doneAt(new Turn(beat, START), 15)).toEqual(expected);
  });

  it('says when it was last due, also before it was ever done', () => {
    for (let beat = 0; beat < TURNS; beat++) {
      const turn = new Turn(beat, START);
      const [first = 0] = doneAt(new Turn(beat, START), TURNS);
      expect(turn.lastMs).toBe(START.atMs + first * BEAT_MS - FRAME_MS);
      doneAt(turn, TURNS);
      expect(turn.lastMs).toBe(START.atMs + first * BEAT_MS);
    }
  });

  it('comes once in every frame, wherever and whenever it moves', () => {
    for (let from = 0; from < TURNS; from++) {
      for (let to = 0; to < TURNS; to++) {
        for (let when = 1; when <= TURNS; when++) {
          const turn = new Turn(from, START);
          const frames = doneAt(turn, 6 * TURNS, (beat) => {
            if (beat === 2 * TURNS + when) turn.moveTo(to);
          }).map((beat) => beats(beat).at(-1)!.frame);
          const whole = frames.filter((frame) => frame > START.frame && frame < START.frame + 6);
          expect(whole).toEqual([8, 9, 10, 11, 12]);
          expect(turn.beat).toBe(to);
        }
      }
    }
  });

  it('is done at the next beat when it moved to one that is over', () => {
    const turn = new Turn(4, START);
    const done = doneAt(turn, 14, (beat) => {
      if (beat === 5) turn.moveTo(1);
    });
    expect(done).toEqual([2, 5, 9, 14]);
    expect(turn.lastMs).toBe(START.atMs + 14 * BEAT_MS);
  });

  it('knows of frames that nobody made', () => {
    const turn = new Turn(1, START);
    turn.skip(100);
    expect(turn.lastMs).toBe(START.atMs - BEAT_MS + 100 * FRAME_MS);
    const after = {
      atMs: START.atMs + 100 * FRAME_MS + BEAT_MS,
      frame: START.frame + 100,
      turn: 3,
    };
    expect(endsFrame(after)).toBe(false);
    expect(turn.isDue(after)).toBe(false);
    turn.moveTo(0);
    expect(turn.isDue({ ...after, turn: 4 })).toBe(false);
  });
});
