import { describe, expect, it } from 'vitest';
import { FRAME_SAMPLES, MixFrame } from './mixer.ts';
import { toneSamples } from './tones.ts';

const flat = (value: number): Int16Array => new Int16Array(FRAME_SAMPLES).fill(value);

describe('MixFrame', () => {
  it('adds with gains', () => {
    const mix = new MixFrame();
    const out = flat(1);
    mix.add(flat(1000), 1);
    mix.add(flat(-300), 0.5);
    mix.writeTo(out);
    expect(out).toEqual(flat(850));
  });

  it('saturates at the end, not on the way', () => {
    const mix = new MixFrame();
    const out = flat(0);
    for (const value of [30_000, 30_000, -30_000, -29_000]) mix.add(flat(value), 1);
    mix.writeTo(out);
    expect(out).toEqual(flat(1000));
    mix.add(flat(-32_000), 2);
    mix.writeTo(out);
    expect(out).toEqual(flat(-32_768));
    mix.clear();
    expect(mix.empty).toBe(true);
    mix.add(flat(32_000), 4);
    mix.writeTo(out);
    expect(out).toEqual(flat(32_767));
  });
});

describe('tones', () => {
  const level = (samples: Int16Array, from: number, to: number): number =>
    Math.max(...samples.subarray(from * 8000, to * 8000).map(Math.abs));

  it('ring, pause and beep for as long as they should', () => {
    const ringback = toneSamples('ringback');
    expect(ringback).toHaveLength(24_000);
    expect(level(ringback, 0, 1)).toBeGreaterThan(5000);
    expect(level(ringback, 1, 3)).toBe(0);
    expect(level(toneSamples('busy'), 0.1, 0.4)).toBeGreaterThan(5000);
    expect(level(toneSamples('busy'), 0.5, 1)).toBe(0);
    expect(toneSamples('wait')).toHaveLength(40_000);
    expect(level(toneSamples('wait'), 0.3, 5)).toBe(0);
    expect(toneSamples('beep')).toHaveLength(3200);
  });

  it('modulates ringback by 16 Hz: loud and soft within a 32nd of a second', () => {
    const ringback = toneSamples('ringback');
    const peak = level(ringback, 4 / 64 + 0.01, 4 / 64 + 0.02);
    const valley = level(ringback, 4 / 64 + 3 / 64 - 0.003, 4 / 64 + 3 / 64 + 0.003);
    expect(peak).toBeGreaterThan(4 * valley);
  });
});
