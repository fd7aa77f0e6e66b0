import { describe, expect, it } from 'vitest';
import { FrameReader, writeFrame } from '../bench/sound-code.ts';
import type { Heard, Side } from '../bench/sound-code.ts';
import { MULAW_DECODE, MULAW_ENCODE, emptyRtpHeader } from '../src/media/index.ts';
import { BeatenLine } from './harness/beats.ts';

const CALL = 77;

type Line = {
  ppm?: number;
  frames?: number;
  /** By how much longer the network takes from frame 40 on, and by how much more from frame 70 on. */
  slowerMs?: [number, number];
  /** What comes in the place of a frame; null: nothing. */
  planted?: Map<number, Heard | null>;
};

const said = (frame: number, call = CALL, side: Side = 'caller'): Heard => ({ side, frame, call });

/** What is read of a call's frames behind a jitter buffer. */
function hear(given: Line): {
  frames: number[];
  /** Where each begins in what is heard. */
  starts: number[];
  foreign: Heard[];
  worn: number;
  grown: number;
} {
  const { ppm = 0, frames: count = 300, slowerMs = [0, 0], planted } = given;
  const line = new BeatenLine();
  const payload = new Uint8Array(160);
  const bytes = new Uint8Array(160);
  const reader = new FrameReader();
  const frames: number[] = [];
  const starts: number[] = [];
  const foreign: Heard[] = [];
  const deliver = (frame: number): void => {
    const what = planted?.has(frame) ? planted.get(frame) : said(frame);
    if (!what) return;
    writeFrame(payload, 0, what);
    const header = { ...emptyRtpHeader(), ssrc: 1, sequence: frame, timestamp: frame * 160 };
    line.buffer.insert({ ...header, payloadEnd: 160 }, payload, MULAW_DECODE, arrivalOf(frame));
  };
  const arrivalOf = (frame: number): number =>
    7 +
    (frame * 20) / (1 + ppm * 1e-6) +
    (frame < 40 ? 0 : slowerMs[0]) +
    (frame < 70 ? 0 : slowerMs[1]);
  let next = 0;
  const onFrame = (pcm: Int16Array): void => {
    pcm.forEach((sample, i) => (bytes[i] = MULAW_ENCODE[sample & 0xffff]!));
    reader.push(bytes, 0, 160, (heard) => {
      starts.push(reader.startsAt);
      if (heard.call === CALL && heard.side === 'caller') frames.push(heard.frame);
      else foreign.push({ ...heard });
    });
  };
  line.beatUntil(count * 20, onFrame, (atMs) => {
    while (arrivalOf(next) <= atMs) deliver(next++);
  });
  return { frames, starts, foreign, worn: reader.worn, grown: line.buffer.counters.grown };
}

const missingOf = (frames: number[]): number[] => {
  const heard = new Set(frames);
  return Array.from({ length: Math.max(...frames) + 1 }, (_, i) => i).filter((i) => !heard.has(i));
};

describe('the sound of the benches', () => {
  it.each([0, 200, -200])('is read frame by frame behind a clock %i ppm off', (ppm) => {
    const { frames, starts, foreign, worn } = hear({ ppm });
    expect({ missing: missingOf(frames), foreign, worn }).toEqual({
      missing: [],
      foreign: [],
      worn: 0,
    });
    expect(frames.length).toBe(Math.max(...frames) + 1);
    const apart = starts.slice(60).map((start, i) => start - (starts[59 + i] ?? 0));
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(158);
    expect(Math.max(...apart)).toBeLessThanOrEqual(162);
  });

  it('is read wherever a delay grows, and taken for nobody else', () => {
    let grown = 0;
    for (let eighths = 80; eighths <= 480; eighths += 5) {
      const line = hear({ slowerMs: [eighths / 8, 4], frames: 100 });
      grown += line.grown;
      expect(line.foreign).toEqual([]);
      expect(missingOf(line.frames)).toEqual([]);
    }
    expect(grown).toBeGreaterThan(80);
  });

  it('shows a frame that was lost, one that was said twice, and a stranger', () => {
    const planted = new Map<number, Heard | null>([
      [100, null],
      [151, said(150)],
      [200, said(200, CALL + 1)],
      [250, said(250, CALL, 'operator')],
    ]);
    const { frames, foreign } = hear({ planted });
    expect(missingOf(frames)).toEqual([100, 151, 200, 250]);
    expect(frames.filter((frame) => frame === 150)).toHaveLength(2);
    expect(foreign).toEqual([said(200, CALL + 1), said(250, CALL, 'operator')]);
  });

  it.each([
    ['silence', 0xff],
    ['a low sound', MULAW_ENCODE[500]],
    ['a low sound below zero', MULAW_ENCODE[-500 & 0xffff]],
  ])('takes a marker with %s behind it for no frame at all', (_, rest) => {
    const reader = new FrameReader();
    const heard: Heard[] = [];
    for (const side of ['caller', 'operator'] as const) {
      const bytes = new Uint8Array(960).fill(rest ?? 0xff);
      writeFrame(bytes, 160, said(7, CALL, side));
      bytes.fill(rest ?? 0xff, 168);
      reader.push(bytes, 0, 960, (frame) => heard.push({ ...frame }));
    }
    expect(heard).toEqual([]);
    expect(reader.worn).toBe(2);
  });
});
