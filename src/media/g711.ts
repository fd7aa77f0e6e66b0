/**
 * ITU-T G.711: μ-law and A-law ↔ linear PCM of 16 bit. Both directions are table look-ups, and a code
 * decoded and encoded again is the same code, so a frame that passes unmixed passes unchanged.
 */

/** Code of silence: what a late or missing channel is padded with. */
export const MULAW_SILENCE = 0xff;
export const ALAW_SILENCE = 0xd5;

const MULAW_BIAS = 0x84;
const MULAW_CLIP = 32635;

function mulawToLinear(code: number): number {
  const inverted = ~code & 0xff;
  const exponent = (inverted >> 4) & 7;
  const magnitude = (((inverted & 15) << 3) + MULAW_BIAS) << exponent;
  return inverted & 0x80 ? MULAW_BIAS - magnitude : magnitude - MULAW_BIAS;
}

function linearToMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MULAW_CLIP) + MULAW_BIAS;
  const exponent = 31 - Math.clz32(magnitude >> 7);
  const mantissa = (magnitude >> (exponent + 3)) & 15;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function alawToLinear(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = (bits & 15) << 4;
  const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

function linearToAlaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = Math.min(sample < 0 ? -sample - 1 : sample, 32767);
  const exponent = magnitude < 256 ? 0 : 31 - Math.clz32(magnitude >> 7);
  const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 15;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

/** Companded code → linear sample, 256 entries. */
export const MULAW_DECODE: Int16Array = Int16Array.from({ length: 256 }, (_, code) =>
  mulawToLinear(code),
);
export const ALAW_DECODE: Int16Array = Int16Array.from({ length: 256 }, (_, code) =>
  alawToLinear(code),
);
/** Linear sample as unsigned 16 bit (`sample & 0xffff`) → companded code, 65,536 entries. */
export const MULAW_ENCODE: Uint8Array = Uint8Array.from({ length: 65_536 }, (_, index) =>
  linearToMulaw((index << 16) >> 16),
);
export const ALAW_ENCODE: Uint8Array = Uint8Array.from({ length: 65_536 }, (_, index) =>
  linearToAlaw((index << 16) >> 16),
);

/** Encodes `count` samples into `out` from `outOffset`; `table` is one of the ENCODE tables. */
export function encodeInto(
  table: Uint8Array,
  pcm: Int16Array,
  out: Uint8Array,
  outOffset: number,
): void {
  for (let i = 0; i < pcm.length; i++) {
    out[outOffset + i] = table[(pcm[i] ?? 0) & 0xffff] ?? 0;
  }
}

/** All of `codes` as linear samples; for prompts and readers, not for the hot path. */
export function decodeMulaw(codes: Uint8Array): Int16Array {
  return Int16Array.from(codes, (code) => MULAW_DECODE[code] ?? 0);
}

/** All of `pcm` as μ-law. */
export function encodeMulaw(pcm: Int16Array): Uint8Array {
  const codes = new Uint8Array(pcm.length);
  encodeInto(MULAW_ENCODE, pcm, codes, 0);
  return codes;
}
