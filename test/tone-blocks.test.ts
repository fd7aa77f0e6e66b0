import { describe, expect, it } from 'vitest';
import {
  BLOCK_SAMPLES,
  BlockSequence,
  analyseBlocks,
  blockPositions,
  compareTiming,
  foreignLevelDb,
  hearsSpeaker,
} from './harness/tone-blocks.ts';
import { decodeMulaw, encodeMulaw } from '../src/media/index.ts';

const caller = new BlockSequence({ seed: 7, lane: 0 });
const operator = new BlockSequence({ seed: 7, lane: 1 });

describe('BlockSequence and its ear', () => {
  it('reads back every block, once and in order', () => {
    const report = analyseBlocks(caller.render(0, 310 * BLOCK_SAMPLES), caller);
    expect(report.seen.map((block) => block.index)).toEqual(
      Array.from({ length: 310 }, (_, index) => index),
    );
    expect(report).toMatchObject({ missing: [], repeated: [], outOfOrder: [] });
  });

  it('starts anywhere in the sequence', () => {
    const report = analyseBlocks(caller.render(400 * BLOCK_SAMPLES + 700, 16_000), caller, 400);
    expect(report.seen.map((block) => block.index)[1]).toBe(401);
  });

  it('notices a missing, a repeated and a moved block', () => {
    const block = (index: number): Int16Array =>
      caller.render(index * BLOCK_SAMPLES, BLOCK_SAMPLES);
    const join = (...order: number[]): Int16Array =>
      Int16Array.from(order.flatMap((index) => [...block(index)]));
    expect(analyseBlocks(join(0, 1, 3, 4), caller).missing).toEqual([2]);
    expect(analyseBlocks(join(0, 1, 0, 1, 2), caller).repeated).toEqual([0, 1]);
    expect(analyseBlocks(join(0, 2, 1, 3), caller).outOfOrder).toEqual([2]);
  });

  it('hears a block through a click in its middle, and misses one of which most is lost', () => {
    const middle = 12 * BLOCK_SAMPLES + BLOCK_SAMPLES / 2;
    const without = (samples: number): Int16Array => {
      const pcm = caller.render(0, 30 * BLOCK_SAMPLES);
      return pcm.fill(0, middle - samples / 2, middle + samples / 2);
    };
    const replayed = (samples: number): Int16Array => {
      const [head, tail] = [caller.render(0, middle), caller.render(middle - samples, 40_000)];
      return Int16Array.from([...head, ...tail]);
    };
    for (const samples of [40, 160, 240]) {
      expect(analyseBlocks(without(samples), caller).missing, `gap ${samples}`).toEqual([]);
      expect(analyseBlocks(replayed(samples), caller).missing, `replay ${samples}`).toEqual([]);
    }
    expect(analyseBlocks(without(1300), caller).missing).toEqual([12]);
  });

  it('hears nothing of another speaker and nothing in silence', () => {
    expect(analyseBlocks(operator.render(0, 80_000), caller).seen).toEqual([]);
    expect(analyseBlocks(new Int16Array(80_000), caller).seen).toEqual([]);
  });

  it('tells a speaker in the background from a glitch of another', () => {
    const own = caller.render(0, 80_000);
    const other = operator.render(0, 80_000);
    const both = Int16Array.from(own, (sample, i) => sample + (other[i] ?? 0) * 0.2);
    const glitched = Int16Array.from(own, (sample, i) => (i % 5000 < 160 ? 0 : sample));
    expect(hearsSpeaker(both, operator)).toBe(true);
    expect(hearsSpeaker(glitched, operator)).toBe(false);
  });

  it('finds offset and drift between two channels to a fraction of a millisecond', () => {
    const left = caller.render(-800, 480_000);
    // A clock 50 ppm slow as a drift control lets it through: one sample more in 20,000.
    const right = Int16Array.from({ length: 480_000 }, (_, i) =>
      Math.round(operator.sampleAt(i - 960 - Math.floor(i / 20_000))),
    );
    const timing = compareTiming(blockPositions(left, caller), blockPositions(right, operator));
    expect(timing.offsetMs).toBeCloseTo(-20 - 1.5, 0);
    expect(timing.driftMsPerMinute).toBeCloseTo(-3, 0);
  });

  it('takes a delay that was set anew for no drift, however often, and still sees the drift beside it', () => {
    const said = blockPositions(caller.render(0, 480_000), caller);
    // 100 ms more after each of two stalls, and from 13 s after it 12 ms less every 2 s.
    const delayOf = (block: number): number =>
      [25, 155].reduce((sum, stall) => {
        const steps = Math.max(0, Math.min(7, Math.floor((block - stall - 65) / 10)));
        return block > stall ? sum + 800 - 96 * steps : sum;
      }, 0);
    const drift = (ppm: number): number =>
      compareTiming(
        said,
        new Map([...said].map(([block, at]) => [block, at * (1 + ppm * 1e-6) + delayOf(block)])),
      ).driftMsPerMinute;
    expect(drift(0)).toBeCloseTo(0, 1);
    expect(Math.abs(drift(50))).toBeCloseTo(3, 0);
  });

  it('takes blocks that losses put at wrong places for no drift and for no change of the delay', () => {
    const said = blockPositions(caller.render(0, 480_000), caller);
    const isWrong = (block: number): boolean => block > 60 && block % 33 < 3;
    // Before its clock is known the line runs 200 ppm off; then it keeps its delay.
    const sag = (block: number): number => Math.min(block, 50) * BLOCK_SAMPLES * 200e-6;
    const heard = new Map(
      [...said].map(([block, at]) => [block, at - sag(block) + (isWrong(block) ? 100 : 0)]),
    );
    expect(Math.abs(compareTiming(said, heard).driftMsPerMinute)).toBeLessThan(1);
  });

  it('measures cross-talk of -50 dB and its absence', () => {
    const own = caller.render(0, 80_000);
    const other = operator.render(0, 80_000);
    const throughG711 = decodeMulaw(encodeMulaw(own));
    expect(foreignLevelDb(throughG711, operator, caller).worst).toBeLessThan(-55);
    const leaking = Int16Array.from(own, (sample, i) => sample + (other[i] ?? 0) * 0.00316);
    expect(foreignLevelDb(own, operator, caller).worst).toBeLessThan(-60);
    const level = foreignLevelDb(leaking, operator, caller).worst;
    expect(level).toBeGreaterThan(-53);
    expect(level).toBeLessThan(-47);
  });
});
