/**
 * Composes `hold-music.ulaw`: 16 bars in F at 75 beats a minute, 51.2 s. Soft struck tones over a
 * broken chord, all between 170 and 2,600 Hz, where a telephone carries music without rasping. What
 * rings on after the last bar is written into the first one, so the loop has no seam.
 *
 * Run by make.sh. The tune and this program are part of Denwaban, Apache-2.0.
 */
import { writeFileSync } from 'node:fs';
import { encodeMulaw } from '../src/media/g711.ts';

const RATE_HZ = 8000;
const BEAT_SAMPLES = 6400;
const BARS = 16;
const LENGTH = BARS * 4 * BEAT_SAMPLES;
const RMS_DBFS = -20;

/** One chord a bar, lowest note first. */
const CHORDS = [
  ['F3', 'C4', 'F4', 'A4'],
  ['E3', 'C4', 'G4', 'C5'],
  ['D4', 'F4', 'A4', 'C5'],
  ['Bb3', 'F4', 'Bb4', 'D5'],
  ['A3', 'F4', 'A4', 'C5'],
  ['G3', 'D4', 'Bb4', 'D5'],
  ['C4', 'F4', 'G4', 'Bb4'],
  ['C4', 'E4', 'G4', 'Bb4'],
  ['Bb3', 'D4', 'F4', 'A4'],
  ['C4', 'E4', 'G4', 'C5'],
  ['A3', 'E4', 'G4', 'C5'],
  ['D4', 'F4', 'A4', 'D5'],
  ['G3', 'D4', 'F4', 'Bb4'],
  ['C4', 'G4', 'Bb4', 'E5'],
  ['F3', 'C4', 'F4', 'A4'],
  ['F3', 'C4', 'G4', 'A4'],
];
/** The order in which a bar's eight quavers take the notes of its chord. */
const BROKEN = [0, 2, 1, 3, 2, 3, 1, 2];

/** Note and length in beats; `-` rests. Four beats a bar. */
const MELODY = [
  'C5 1.5 A4 0.5 C5 1 F5 1',
  'E5 1.5 D5 0.5 C5 2',
  'F5 1 A5 1.5 G5 0.5 F5 1',
  'D5 3 - 1',
  'C5 1.5 D5 0.5 F5 1 A5 1',
  'Bb5 1.5 A5 0.5 G5 2',
  'F5 1 G5 1 Bb4 1 D5 1',
  'C5 3 - 1',
  'D5 1 F5 1 A5 1.5 G5 0.5',
  'G5 1.5 E5 0.5 C5 2',
  'E5 1 G5 1 B5 0.5 C6 1.5',
  'A5 3 - 1',
  'G5 1.5 F5 0.5 D5 1 Bb4 1',
  'C5 1 E5 1 G5 1 Bb5 1',
  'A5 1.5 G5 0.5 F5 2',
  'F5 3 - 1',
].flatMap((bar) => bar.split(' '));

const SEMITONE = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

function frequencyHz(note: string): number {
  const semitone = SEMITONE[note.charAt(0) as keyof typeof SEMITONE] - (note.includes('b') ? 1 : 0);
  const octave = Number(note.at(-1));
  return 440 * 2 ** ((semitone - 9 + 12 * (octave - 4)) / 12);
}

type Stroke = { note: string; at: number; loudness: number; decaySeconds: number };

/** A struck tone: the fundamental and two partials that die away sooner. */
function strike(mix: Float64Array, { note, at, loudness, decaySeconds }: Stroke): void {
  const step = (2 * Math.PI * frequencyHz(note)) / RATE_HZ;
  const attackSamples = 0.012 * RATE_HZ;
  const samples = Math.round(5 * decaySeconds * RATE_HZ);
  for (let i = 0; i < samples; i++) {
    const age = i / RATE_HZ / decaySeconds;
    const edge = Math.min(1, i / attackSamples, (samples - i) / 400);
    const tone =
      Math.exp(-age) * Math.sin(step * i) +
      0.22 * Math.exp(-2 * age) * Math.sin(2 * step * i) +
      0.06 * Math.exp(-4 * age) * Math.sin(3 * step * i);
    const slot = (at + i) % LENGTH;
    mix[slot] = (mix[slot] ?? 0) + loudness * edge * tone;
  }
}

function compose(): Float64Array {
  const mix = new Float64Array(LENGTH);
  CHORDS.forEach((chord, bar) => {
    BROKEN.forEach((place, quaver) => {
      const at = (bar * 4 + quaver / 2) * BEAT_SAMPLES;
      strike(mix, { note: chord[place] ?? 'F4', at, loudness: 0.4, decaySeconds: 0.7 });
    });
  });
  let beat = 0;
  for (let i = 0; i < MELODY.length; i += 2) {
    const note = MELODY[i] ?? '-';
    const beats = Number(MELODY[i + 1]);
    const at = Math.round(beat * BEAT_SAMPLES);
    if (note !== '-') strike(mix, { note, at, loudness: 1, decaySeconds: 0.5 + 0.35 * beats });
    beat += beats;
  }
  return mix;
}

/** The whole loop at its level, as μ-law. */
export function holdMusic(): Uint8Array {
  const mix = compose();
  const rms = Math.sqrt(mix.reduce((sum, value) => sum + value * value, 0) / LENGTH);
  const gain = (32_768 * 10 ** (RMS_DBFS / 20)) / rms;
  return encodeMulaw(Int16Array.from(mix, (value) => Math.round(value * gain)));
}

if (import.meta.main) writeFileSync(new URL('hold-music.ulaw', import.meta.url), holdMusic());
