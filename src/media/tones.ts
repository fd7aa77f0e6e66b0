/**
 * Call-progress tones as Japanese networks send them, at 8 kHz. Each is a loop of whole periods.
 * - ringback: 400 Hz modulated by 16 Hz, 1 s on / 2 s off
 * - busy: 400 Hz, 0.5 s on / 0.5 s off
 * - wait: two short beeps of 400 Hz every 5 s, "please hold the line"
 * - beep: 1 kHz for 0.4 s, once
 */
export type Tone = 'ringback' | 'busy' | 'wait' | 'beep';

const RATE_HZ = 8000;
const AMPLITUDE = 6000;
/** Edges of 5 ms, so that a tone does not click. */
const RAMP_SAMPLES = 40;

const cache = new Map<Tone, Int16Array>();

/** The samples of one period of the tone; the same array every time, not to be written to. */
export function toneSamples(tone: Tone): Int16Array {
  const known = cache.get(tone);
  if (known) return known;
  const made = makeTone(tone);
  cache.set(tone, made);
  return made;
}

function makeTone(tone: Tone): Int16Array {
  switch (tone) {
    case 'ringback':
      return burst(seconds(3), [{ start: 0, length: seconds(1) }], (at) => {
        const modulation = (1 + 0.85 * Math.sin(turn(at, 16))) / 1.85;
        return modulation * Math.sin(turn(at, 400));
      });
    case 'busy':
      return burst(seconds(1), [{ start: 0, length: seconds(0.5) }], (at) =>
        Math.sin(turn(at, 400)),
      );
    case 'wait':
      return burst(
        seconds(5),
        [
          { start: 0, length: seconds(0.1) },
          { start: seconds(0.2), length: seconds(0.1) },
        ],
        (at) => 0.5 * Math.sin(turn(at, 400)),
      );
    case 'beep':
      return burst(seconds(0.4), [{ start: 0, length: seconds(0.4) }], (at) =>
        Math.sin(turn(at, 1000)),
      );
  }
}

function seconds(value: number): number {
  return Math.round(value * RATE_HZ);
}

function turn(sample: number, frequencyHz: number): number {
  return (2 * Math.PI * frequencyHz * sample) / RATE_HZ;
}

function burst(
  length: number,
  parts: readonly { start: number; length: number }[],
  shape: (at: number) => number,
): Int16Array {
  const samples = new Int16Array(length);
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      const edge = Math.min(1, i / RAMP_SAMPLES, (part.length - i) / RAMP_SAMPLES);
      samples[part.start + i] = Math.round(AMPLITUDE * edge * shape(i));
    }
  }
  return samples;
}
