import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/harness/tone-blocks.ts';
import { MULAW_DECODE } from './g711.ts';
import {
  RECORDING_HEADER_BYTES,
  RECORD_BYTES,
  crc32,
  newRecord,
  parseRecord,
  parseRecordingHeader,
  readRecording,
  recordCount,
  recordOffset,
  recordToPcm,
  sealRecord,
  wavView,
  writeRecordingHeader,
} from './recording-format.ts';

const header = {
  recordingId: 'rec_01jd0000000000000000000000',
  callHash: Uint8Array.from({ length: 32 }, (_, i) => i),
  keyId: '',
  startedAtMs: 1_764_000_000_123,
};

function recording(seconds: number, lastSamples: number): Uint8Array {
  const random = seededRandom(seconds);
  const bytes = new Uint8Array(recordOffset(seconds));
  bytes.set(writeRecordingHeader(header));
  for (let number = 0; number < seconds; number++) {
    const last = number === seconds - 1;
    const samples = last ? lastSamples : 8000;
    const record = newRecord();
    for (let i = 0; i < samples; i++) {
      record.caller[i] = random() * 256;
      record.ours[i] = random() * 256;
    }
    const head = { number, atMs: header.startedAtMs + 1000 * number, samples, last };
    bytes.set(sealRecord(record, head), recordOffset(number));
  }
  return bytes;
}

describe('recording format', () => {
  it('reads back what was written', () => {
    const read = readRecording(recording(3, 4000));
    if (!read.ok) throw new Error(read.reason);
    expect(read.value.header).toEqual(header);
    expect(read.value.complete).toBe(true);
    expect(read.value.records.map(({ number, samples, last }) => [number, samples, last])).toEqual([
      [0, 8000, false],
      [1, 8000, false],
      [2, 4000, true],
    ]);
    expect(read.value.records[2]?.atMs).toBe(header.startedAtMs + 2000);
    expect(read.value.records[2]?.ours.subarray(4000).every((code) => code === 0xff)).toBe(true);
  });

  it('reads every whole record before a torn tail, wherever it is torn', () => {
    const whole = recording(3, 8000);
    for (const cut of [1, 100, RECORD_BYTES - 1, RECORD_BYTES, RECORD_BYTES + 1]) {
      const size = whole.length - cut;
      const read = readRecording(whole.subarray(0, size));
      if (!read.ok) throw new Error(read.reason);
      expect(read.value.records).toHaveLength(recordCount(size));
      expect(read.value.complete).toBe(false);
    }
  });

  it('ends before a damaged or misplaced record', () => {
    const damaged = recording(3, 8000);
    damaged[recordOffset(1) + 5000]! ^= 1;
    const read = readRecording(damaged);
    expect(read.ok && read.value.records).toHaveLength(1);
    const bytes = recording(2, 8000);
    expect(parseRecord(bytes.subarray(recordOffset(1)), 0)).toEqual({
      ok: false,
      reason: 'bad-number',
    });
    expect(parseRecord(bytes.subarray(0, RECORD_BYTES), 0)).toEqual({
      ok: false,
      reason: 'bad-magic',
    });
  });

  it('reads a hole as silent seconds, and not as the end of what is there', () => {
    const bytes = recording(9, 8000);
    bytes.fill(0, recordOffset(2), recordOffset(8));
    const read = readRecording(bytes);
    if (!read.ok) throw new Error(read.reason);
    expect(read.value.complete).toBe(true);
    const silent = read.value.records.filter(({ caller }) => caller.every((code) => code === 0xff));
    expect(silent.map(({ number }) => number)).toEqual([2, 3, 4, 5, 6, 7]);
    const torn = readRecording(bytes.subarray(0, recordOffset(8) + 100));
    expect(torn.ok && torn.value.records).toHaveLength(2);
  });

  it('refuses what is no recording', () => {
    const good = writeRecordingHeader(header);
    expect(good).toHaveLength(RECORDING_HEADER_BYTES);
    expect(parseRecordingHeader(good.subarray(1))).toMatchObject({ reason: 'too-short' });
    expect(parseRecordingHeader(new Uint8Array(128))).toMatchObject({ reason: 'bad-magic' });
    const changed = Uint8Array.from(good);
    changed[40]! ^= 1;
    expect(parseRecordingHeader(changed)).toMatchObject({ reason: 'bad-checksum' });
  });

  it('computes the CRC-32 everybody computes, also in parts', () => {
    const text = Uint8Array.from('123456789', (character) => character.charCodeAt(0));
    expect(crc32(text)).toBe(0xcbf43926);
    expect(crc32(text.subarray(4), crc32(text.subarray(0, 4)))).toBe(0xcbf43926);
  });
});

describe('recording as WAV', () => {
  function wholeWav(bytes: Uint8Array, lastSamples: number): Uint8Array {
    const read = readRecording(bytes);
    if (!read.ok) throw new Error(read.reason);
    const view = wavView(read.value.records.length, lastSamples);
    return Uint8Array.from([
      ...view.header,
      ...read.value.records.flatMap((r) => [...recordToPcm(r)]),
    ]);
  }

  it('has a header whose sizes are right and interleaved little-endian samples', () => {
    const bytes = recording(2, 100);
    const wav = wholeWav(bytes, 100);
    const view = new DataView(wav.buffer);
    expect(wavView(2, 100).sizeBytes).toBe(wav.length);
    expect(view.getUint32(4, true)).toBe(wav.length - 8);
    expect(view.getUint32(40, true)).toBe(8100 * 4);
    expect([view.getUint16(22, true), view.getUint32(24, true)]).toEqual([2, 8000]);
    const second = bytes.subarray(recordOffset(1) + 32);
    expect(view.getInt16(44 + 8000 * 4, true)).toBe(MULAW_DECODE[second[0]!]);
    expect(view.getInt16(44 + 8000 * 4 + 2, true)).toBe(MULAW_DECODE[second[8000]!]);
  });

  it('serves any byte range from the records it names', () => {
    const bytes = recording(3, 500);
    const wav = wholeWav(bytes, 500);
    const view = wavView(3, 500);
    const read = readRecording(bytes);
    if (!read.ok) throw new Error(read.reason);
    const pcm = read.value.records.map(recordToPcm);
    const random = seededRandom(9);
    const ranges = [
      [0, 44],
      [43, 45],
      [32_043, 32_045],
      [0, 1e9],
      [wav.length, 1e9],
      [10, 10],
    ];
    for (let i = 0; i < 60; i++) {
      const from = Math.floor(random() * wav.length);
      ranges.push([from, from + Math.floor(random() * 70_000)]);
    }
    for (const [from = 0, to = 0] of ranges) {
      const slice = view.slice(from, to);
      const parts = [view.header.subarray(slice.headerFrom, slice.headerTo)];
      for (const { number, fromByte, toByte } of slice.records) {
        parts.push(pcm[number]!.subarray(fromByte, toByte));
      }
      const got = Buffer.concat(parts);
      expect(got.length).toBe(Math.max(0, Math.min(to, wav.length) - from));
      expect(got.equals(wav.subarray(from, to))).toBe(true);
    }
  });

  it('is an empty file of sound for a recording without records', () => {
    expect(wavView(0, 0)).toMatchObject({ sizeBytes: 44, samples: 0 });
  });
});
