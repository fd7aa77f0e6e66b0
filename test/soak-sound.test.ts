import { expect, test } from 'vitest';
import { expectedOf, holesIn } from './soak/sound-checks.ts';
import type { Line } from './soak/soak-phones.ts';
import { TONE_FRAMES } from './soak/tone-lines.ts';

/* The ear of the soak: what it takes for a hole, and where it looks for one. */

const SECOND = 50;
const many = (frame: Uint8Array, count: number): Uint8Array[] =>
  Array.from({ length: count }, () => frame);
const SILENT = new Uint8Array(160).fill(0xff);
const line = (party: Line['party'], fromMs: number): Line =>
  ({ party, ended: undefined, sound: { spokeFromMs: fromMs, faults: [] } }) as unknown as Line;

test('a tone that stops for three frames is a hole, and one of another party does not fill it', () => {
  const { caller, operator } = TONE_FRAMES;
  const channels = {
    startedMs: 10_000,
    caller: Buffer.concat(many(caller, 2 * SECOND)),
    ours: Buffer.concat([
      ...many(operator, SECOND),
      ...many(TONE_FRAMES.contact, 3),
      ...many(operator, 20),
      ...many(SILENT, 2),
      ...many(operator, 25),
    ]),
  };
  const stretch = [10_000, 12_000] as const;
  const byMs = 10_600;
  expect(holesIn(channels, { party: 'caller', stretch, byMs })).toEqual([]);
  expect(holesIn(channels, { party: 'operator', stretch, byMs })).toEqual([[11_000, 11_060]]);
  const contact = { party: 'contact', stretch: [10_000, 11_060] } as const;
  expect(holesIn(channels, { ...contact, byMs: 11_000 })).toEqual([]);
  expect(holesIn(channels, { ...contact, byMs })).toEqual([[10_000, 11_000]]);
});

test('each party is looked for while it is heard, whole from its first word on, and late only behind a death', () => {
  const changes = [
    { atMs: 10_000, phase: 'talking', event: 'operator.answered' },
    { atMs: 20_000, phase: 'held', event: 'operator.held' },
    { atMs: 21_000, phase: 'talking', event: 'operator.retrieved' },
    { atMs: 30_000, phase: 'talking', event: 'recording.paused' },
    { atMs: 40_000, phase: 'ended', event: 'caller.hung-up' },
  ];
  const lines = [line('caller', 10_000), line('operator', 10_000)];
  const deaths = [
    { part: 'app', atMs: 21_500, readyMs: 24_000 },
    { part: 'media', atMs: 28_000, readyMs: 29_000 },
  ];
  expect(expectedOf(lines, changes, deaths)).toEqual([
    { party: 'caller', stretch: [10_000, 27_400], byMs: 10_600 },
    { party: 'operator', stretch: [10_000, 19_400], byMs: 10_600 },
    { party: 'operator', stretch: [21_000, 27_400], byMs: 25_500 },
  ]);
});
