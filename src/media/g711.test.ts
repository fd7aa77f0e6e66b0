import { describe, expect, it } from 'vitest';
import {
  ALAW_DECODE,
  ALAW_ENCODE,
  ALAW_SILENCE,
  MULAW_DECODE,
  MULAW_ENCODE,
  MULAW_SILENCE,
  decodeMulaw,
  encodeMulaw,
} from './g711.ts';

const encode = (table: Uint8Array, sample: number): number => table[sample & 0xffff]!;

describe('G.711', () => {
  it('knows the end points of both laws', () => {
    expect(MULAW_DECODE[0x80]).toBe(32124);
    expect(MULAW_DECODE[0x00]).toBe(-32124);
    expect(MULAW_DECODE[MULAW_SILENCE]).toBe(0);
    expect(ALAW_DECODE[0xaa]).toBe(32256);
    expect(ALAW_DECODE[0x2a]).toBe(-32256);
    expect(ALAW_DECODE[ALAW_SILENCE]).toBe(8);
    expect(encode(MULAW_ENCODE, 0)).toBe(MULAW_SILENCE);
    expect(encode(ALAW_ENCODE, 0)).toBe(ALAW_SILENCE);
    expect(encode(MULAW_ENCODE, 32767)).toBe(0x80);
    expect(encode(MULAW_ENCODE, -32768)).toBe(0x00);
    expect(encode(ALAW_ENCODE, 32767)).toBe(0xaa);
    expect(encode(ALAW_ENCODE, -32768)).toBe(0x2a);
  });

  it('gives back every code it decoded', () => {
    for (let code = 0; code < 256; code++) {
      expect(encode(ALAW_ENCODE, ALAW_DECODE[code]!)).toBe(code);
      // Negative zero of μ-law (0x7f) is the same sample as zero (0xff).
      expect(encode(MULAW_ENCODE, MULAW_DECODE[code]!)).toBe(code === 0x7f ? 0xff : code);
    }
  });

  it('is monotonic and never off by more than the step of its segment', () => {
    for (const [encodeTable, decodeTable] of [
      [MULAW_ENCODE, MULAW_DECODE],
      [ALAW_ENCODE, ALAW_DECODE],
    ] as const) {
      let before = -Infinity;
      const wrong: number[] = [];
      for (let sample = -32768; sample <= 32767; sample++) {
        const value = decodeTable[encode(encodeTable, sample)]!;
        const off = Math.abs(value - sample);
        if (value < before || off > Math.max(16, Math.abs(sample) / 16) + 8) wrong.push(sample);
        before = value;
      }
      expect(wrong).toEqual([]);
    }
  });

  it('encodes and decodes whole buffers', () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => (code === 0x7f ? 0xff : code));
    expect(encodeMulaw(decodeMulaw(codes))).toEqual(codes);
  });
});
