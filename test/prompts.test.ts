import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { holdMusic } from '../prompts/hold-music.ts';
import { decodeMulaw } from '../src/media/index.ts';

const FOLDER = new URL('../prompts/', import.meta.url);
const RATE_HZ = 8000;
/** 20 ms windows more than 45 dB under full scale are pauses, not speech. */
const WINDOW_SAMPLES = 160;
const PAUSE_DBFS = -45;

const speech = readFileSync(new URL('prompts.tsv', FOLDER), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => {
    const [name = '', text = ''] = line.split('\t');
    return { name, text };
  });
const names = [...speech.map(({ name }) => name), 'hold-music'];
const readme = readFileSync(new URL('README.md', FOLDER), 'utf8');

const samplesOf = (name: string): Int16Array =>
  decodeMulaw(readFileSync(new URL(`${name}.ulaw`, FOLDER)));

const dbfs = (samples: Int16Array): number => {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return 10 * Math.log10((power + 1) / 32_768 ** 2);
};

/** Loudness of what is spoken, pauses left out. */
function activeDbfs(samples: Int16Array): number {
  const active: number[] = [];
  for (let at = 0; at + WINDOW_SAMPLES <= samples.length; at += WINDOW_SAMPLES) {
    const window = samples.subarray(at, at + WINDOW_SAMPLES);
    if (dbfs(window) > PAUSE_DBFS) active.push(...window);
  }
  return dbfs(Int16Array.from(active));
}

it('every file is listed with its occasion, and every listed prompt has its file', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ulaw'));
  expect(files.sort()).toEqual(names.map((name) => `${name}.ulaw`).sort());
  const rows = [...readme.matchAll(/^\| `([a-z-]+)\.ulaw` \| \S/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual([...names].sort());
});

it('speech has a text without placeholders, and the notices of both licences are there', () => {
  for (const { name, text } of speech) {
    expect(text, name).toMatch(/^[^\s◯○〇#{}<>[\]]{8,}。$/u);
  }
  expect(readme).toContain('CC BY 3.0');
  expect(readme).toContain('HTS Voice "NIT ATR503 M001"');
  expect(readme).toContain('Apache-2.0');
});

it.each(names)('%s is 8 kHz μ-law of an even loudness, not clipped, not cut', (name) => {
  const samples = samplesOf(name);
  const seconds = samples.length / RATE_HZ;
  expect(seconds).toBeGreaterThan(0.5);
  expect(seconds).toBeLessThan(60);
  expect(activeDbfs(samples)).toBeGreaterThan(-23);
  expect(activeDbfs(samples)).toBeLessThan(-15);
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  expect(peak).toBeLessThan(0.85 * 32_768);
  // A file with a WAV header, or in linear samples, would not be silent on average.
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  expect(Math.abs(mean)).toBeLessThan(100);
});

it.each(speech)('$name begins and ends in silence', ({ name }) => {
  const samples = samplesOf(name);
  const edge = 0.1 * RATE_HZ;
  expect(dbfs(samples.subarray(0, edge))).toBeLessThan(PAUSE_DBFS);
  expect(dbfs(samples.subarray(-edge))).toBeLessThan(PAUSE_DBFS);
});

it('the hold music is what its program makes, at least 20 s, and loops without a click', () => {
  const samples = samplesOf('hold-music');
  const file = readFileSync(new URL('hold-music.ulaw', FOLDER));
  expect(file.equals(holdMusic())).toBe(true);
  expect(samples.length / RATE_HZ).toBeGreaterThanOrEqual(20);
  expect(samples.length % WINDOW_SAMPLES).toBe(0);
  const step = (at: number): number => Math.abs((samples[at] ?? 0) - (samples.at(at - 1) ?? 0));
  const steps = Array.from(samples, (_, at) => step(at));
  const around = steps.slice(1, 2000).concat(steps.slice(-2000));
  expect(step(0)).toBeLessThanOrEqual(Math.max(...around));
  expect(
    samples.some((_, at) => at % 8000 === 0 && dbfs(samples.subarray(at, at + 8000)) < -40),
  ).toBe(false);
});
