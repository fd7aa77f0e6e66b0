/**
 * The recording file: a header, then one record per second, appended and never changed.
 *
 *   header, 128 bytes          record, 16,048 bytes
 *     0  magic "DWBAUDIO"        0  magic "REC1"
 *     8  version        u16      4  record number        u32
 *    10  header bytes   u16      8  wall clock, Unix ms  u64
 *    12  record bytes   u32     16  samples per channel  u16 (8000; fewer only in the last record)
 *    16  sample rate    u32     18  flags                u16 (1 = closed in order, the last record)
 *    20  channels       u8      20  reserved, zero       u64
 *    21  encoding       u8      28  CRC-32 of 0–27, 32–16,031
 *    24  start, Unix ms u64     32  channel 0, 8000 bytes of μ-law: the caller
 *    32  recording id   40     8032  channel 1, 8000 bytes of μ-law: our side, as the caller hears it
 *    72  call id hash   32     16032 seal, 16 bytes (the tag of AES-256-GCM; zero when not sealed)
 *   104  key id         16
 *   120  reserved, zero  4
 *   124  CRC-32 of 0–123
 *
 * Numbers are big endian, texts zero-padded ASCII. Everything is found by arithmetic: record n begins at
 * 128 + n · 16,048. A torn tail is a record that is not whole or whose checksum is wrong; reading ends
 * before it. A file whose last record lacks the flag was cut off, not closed.
 *
 * A second that was lost is a hole: it was never written, reads as zeros, takes no room and is heard as silence.
 * Flag 2 or 4 of the last record says that some were, because the disk was full, or did not answer.
 */
import { MULAW_DECODE, MULAW_SILENCE } from './g711.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './rtp-packet.ts';

export const RECORDING_HEADER_BYTES = 128;
export const RECORD_BYTES = 16_048;
export const RECORD_SAMPLES = 8000;
const RECORD_HEAD_BYTES = 32;
const VERSION = 1;
const MAGIC = 'DWBAUDIO';
const RECORD_MAGIC = 0x52454331;
const ENCODING_MULAW = 1;
const FLAG_LAST = 1;
const FLAG_OF_CUT: Record<RecordingCut, number> = { 'disk-full': 2, 'disk-slow': 4 };
const TWO_TO_32 = 0x1_0000_0000;

export type RecordingHeader = {
  recordingId: string;
  /** SHA-256 of the call id: ties the file to its call without naming it. */
  callHash: Uint8Array;
  /** Which key seals the records; empty = not sealed. */
  keyId: string;
  startedAtMs: number;
};

/** Why seconds of a recording are missing. */
export type RecordingCut = 'disk-full' | 'disk-slow';

export type RecordingRecord = {
  number: number;
  atMs: number;
  samples: number;
  last: boolean;
  /** Of the last record: seconds before it were lost. */
  cut: RecordingCut | null;
  /** 8000 bytes of μ-law each; beyond `samples` they are silence. Views into the bytes given. */
  caller: Uint8Array;
  ours: Uint8Array;
};

export type RecordingParse<T> =
  | { ok: true; value: T }
  | {
      ok: false;
      reason: 'too-short' | 'hole' | 'bad-magic' | 'bad-version' | 'bad-checksum' | 'bad-number';
    };

export function writeRecordingHeader(header: RecordingHeader): Uint8Array {
  const out = new Uint8Array(RECORDING_HEADER_BYTES);
  writeText(out, 0, { text: MAGIC, length: 8 });
  writeUint16(out, 8, VERSION);
  writeUint16(out, 10, RECORDING_HEADER_BYTES);
  writeUint32(out, 12, RECORD_BYTES);
  writeUint32(out, 16, 8000);
  out[20] = 2;
  out[21] = ENCODING_MULAW;
  writeUint64(out, 24, header.startedAtMs);
  writeText(out, 32, { text: header.recordingId, length: 40 });
  out.set(header.callHash.subarray(0, 32), 72);
  writeText(out, 104, { text: header.keyId, length: 16 });
  writeUint32(out, 124, crc32(out.subarray(0, 124)));
  return out;
}

export function parseRecordingHeader(bytes: Uint8Array): RecordingParse<RecordingHeader> {
  if (bytes.length < RECORDING_HEADER_BYTES) return { ok: false, reason: 'too-short' };
  if (readText(bytes, 0, 8) !== MAGIC) return { ok: false, reason: 'bad-magic' };
  if (crc32(bytes.subarray(0, 124)) !== readUint32(bytes, 124)) {
    return { ok: false, reason: 'bad-checksum' };
  }
  if (readUint16(bytes, 8) !== VERSION || readUint32(bytes, 12) !== RECORD_BYTES) {
    return { ok: false, reason: 'bad-version' };
  }
  return {
    ok: true,
    value: {
      recordingId: readText(bytes, 32, 40),
      callHash: bytes.slice(72, 104),
      keyId: readText(bytes, 104, 16),
      startedAtMs: readUint64(bytes, 24),
    },
  };
}

/** A record being filled: its two channels as views into the bytes that will be written. */
export type OpenRecord = { bytes: Uint8Array; caller: Uint8Array; ours: Uint8Array };

export function newRecord(): OpenRecord {
  const bytes = new Uint8Array(RECORD_BYTES);
  const record = { bytes, ...channels(bytes) };
  silenceRecord(record);
  return record;
}

/** Makes a record that was sealed and written ready to be filled again. */
export function silenceRecord({ bytes }: OpenRecord): void {
  bytes.fill(MULAW_SILENCE, RECORD_HEAD_BYTES, RECORD_HEAD_BYTES + 2 * RECORD_SAMPLES);
}

/**
 * Writes number, time, length and checksum into a filled record; it is then ready for the disk. `crc` computes what
 * `crc32` does: a machine may have a quicker one.
 */
export function sealRecord(
  record: OpenRecord,
  head: Pick<RecordingRecord, 'number' | 'atMs' | 'samples' | 'last'> & {
    cut?: RecordingCut | null;
  },
  crc = crc32,
): Uint8Array {
  const { bytes } = record;
  writeUint32(bytes, 0, RECORD_MAGIC);
  writeUint32(bytes, 4, head.number);
  writeUint64(bytes, 8, head.atMs);
  writeUint16(bytes, 16, head.samples);
  const cutFlag = head.cut ? FLAG_OF_CUT[head.cut] : 0;
  writeUint16(bytes, 18, (head.last ? FLAG_LAST : 0) | cutFlag);
  writeUint32(bytes, 28, recordChecksum(bytes, crc));
  return bytes;
}

/** What is heard where a record is lost or damaged: what follows keeps its time. */
export function silentSecond(number: number): RecordingRecord {
  const { caller, ours } = newRecord();
  return { number, atMs: 0, samples: RECORD_SAMPLES, last: false, cut: null, caller, ours };
}

/** Reads the record `number` from its bytes. */
export function parseRecord(bytes: Uint8Array, number: number): RecordingParse<RecordingRecord> {
  if (bytes.length < RECORD_BYTES) return { ok: false, reason: 'too-short' };
  const magic = readUint32(bytes, 0);
  if (magic !== RECORD_MAGIC) return { ok: false, reason: magic === 0 ? 'hole' : 'bad-magic' };
  if (recordChecksum(bytes) !== readUint32(bytes, 28)) {
    return { ok: false, reason: 'bad-checksum' };
  }
  if (readUint32(bytes, 4) !== number) return { ok: false, reason: 'bad-number' };
  return {
    ok: true,
    value: {
      number,
      atMs: readUint64(bytes, 8),
      samples: Math.min(readUint16(bytes, 16), RECORD_SAMPLES),
      last: (readUint16(bytes, 18) & FLAG_LAST) !== 0,
      cut: cutOf(readUint16(bytes, 18)),
      ...channels(bytes),
    },
  };
}

function cutOf(flags: number): RecordingCut | null {
  if ((flags & FLAG_OF_CUT['disk-full']) !== 0) return 'disk-full';
  return (flags & FLAG_OF_CUT['disk-slow']) !== 0 ? 'disk-slow' : null;
}

export function recordOffset(number: number): number {
  return RECORDING_HEADER_BYTES + number * RECORD_BYTES;
}

/** Whole records in a file of this size; a torn tail does not count. */
export function recordCount(fileBytes: number): number {
  return Math.max(0, Math.floor((fileBytes - RECORDING_HEADER_BYTES) / RECORD_BYTES));
}

/**
 * A whole file's records as far as they are right: ends at the first torn or damaged one; a hole before a
 * right one is silence. `complete` says that the last one carries the mark of an orderly end.
 */
export function readRecording(
  bytes: Uint8Array,
): RecordingParse<{ header: RecordingHeader; records: RecordingRecord[]; complete: boolean }> {
  const header = parseRecordingHeader(bytes);
  if (!header.ok) return header;
  const records: RecordingRecord[] = [];
  let holes: RecordingRecord[] = [];
  for (let number = 0; number < recordCount(bytes.length); number++) {
    const at = recordOffset(number);
    const record = parseRecord(bytes.subarray(at, at + RECORD_BYTES), number);
    if (record.ok) {
      records.push(...holes, record.value);
      holes = [];
    } else if (record.reason === 'hole') {
      holes.push(silentSecond(number));
    } else {
      break;
    }
  }
  const complete = records.at(-1)?.last ?? false;
  return { ok: true, value: { header: header.value, records, complete } };
}

function channels(bytes: Uint8Array): { caller: Uint8Array; ours: Uint8Array } {
  const middle = RECORD_HEAD_BYTES + RECORD_SAMPLES;
  return {
    caller: bytes.subarray(RECORD_HEAD_BYTES, middle),
    ours: bytes.subarray(middle, middle + RECORD_SAMPLES),
  };
}

function recordChecksum(bytes: Uint8Array, crc = crc32): number {
  const head = crc(bytes.subarray(0, 28));
  return crc(bytes.subarray(RECORD_HEAD_BYTES, RECORD_HEAD_BYTES + 2 * RECORD_SAMPLES), head);
}

// ---- The recording as a WAV file: PCM of 16 bit, stereo, made while it is read.

export const WAV_HEADER_BYTES = 44;
const WAV_FRAME_BYTES = 4;
const WAV_RECORD_BYTES = RECORD_SAMPLES * WAV_FRAME_BYTES;

/** Where one HTTP byte range lies: header bytes first, then samples of consecutive records. */
export type WavSlice = {
  headerFrom: number;
  headerTo: number;
  records: { number: number; fromByte: number; toByte: number }[];
};

/** The recording seen as a WAV file: its size, its header, and which records a byte range needs. */
export type WavView = {
  sizeBytes: number;
  samples: number;
  header: Uint8Array;
  /** `from` inclusive, `to` exclusive; both are cut to the file. */
  slice(from: number, to: number): WavSlice;
};

/** `records` whole records of which the last holds `lastSamples` samples per channel. */
export function wavView(records: number, lastSamples: number): WavView {
  const samples = records === 0 ? 0 : (records - 1) * RECORD_SAMPLES + lastSamples;
  const dataBytes = samples * WAV_FRAME_BYTES;
  const sizeBytes = WAV_HEADER_BYTES + dataBytes;
  return {
    sizeBytes,
    samples,
    header: wavHeader(dataBytes),
    slice: (from, to) => wavSlice(Math.max(0, from), Math.min(to, sizeBytes)),
  };
}

function wavSlice(from: number, to: number): WavSlice {
  const headerFrom = Math.min(from, WAV_HEADER_BYTES);
  const headerTo = Math.max(headerFrom, Math.min(to, WAV_HEADER_BYTES));
  const records: WavSlice['records'] = [];
  const dataTo = to - WAV_HEADER_BYTES;
  let at = Math.max(0, from - WAV_HEADER_BYTES);
  while (at < dataTo) {
    const number = Math.floor(at / WAV_RECORD_BYTES);
    const start = number * WAV_RECORD_BYTES;
    const end = Math.min(dataTo, start + WAV_RECORD_BYTES);
    records.push({ number, fromByte: at - start, toByte: end - start });
    at = end;
  }
  return { headerFrom, headerTo, records };
}

/** One record as interleaved PCM, little endian: what a `WavSlice` names bytes of. */
export function recordToPcm(record: RecordingRecord): Uint8Array {
  const out = new Uint8Array(record.samples * WAV_FRAME_BYTES);
  for (let i = 0; i < record.samples; i++) {
    const caller = MULAW_DECODE[record.caller[i] ?? MULAW_SILENCE] ?? 0;
    const ours = MULAW_DECODE[record.ours[i] ?? MULAW_SILENCE] ?? 0;
    out[4 * i] = caller;
    out[4 * i + 1] = caller >> 8;
    out[4 * i + 2] = ours;
    out[4 * i + 3] = ours >> 8;
  }
  return out;
}

function wavHeader(dataBytes: number): Uint8Array {
  const out = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(out.buffer);
  writeText(out, 0, { text: 'RIFF', length: 4 });
  view.setUint32(4, 36 + dataBytes, true);
  writeText(out, 8, { text: 'WAVEfmt ', length: 8 });
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 2, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, 8000 * WAV_FRAME_BYTES, true);
  view.setUint16(32, WAV_FRAME_BYTES, true);
  view.setUint16(34, 16, true);
  writeText(out, 36, { text: 'data', length: 4 });
  view.setUint32(40, dataBytes, true);
  return out;
}

// ---- Bytes

function writeText(out: Uint8Array, at: number, field: { text: string; length: number }): void {
  for (let i = 0; i < field.length; i++) {
    out[at + i] = i < field.text.length ? field.text.charCodeAt(i) & 0x7f : 0;
  }
}

function readText(bytes: Uint8Array, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) {
    const code = bytes[at + i] ?? 0;
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

function writeUint64(out: Uint8Array, at: number, value: number): void {
  writeUint32(out, at, Math.floor(value / TWO_TO_32));
  writeUint32(out, at + 4, value % TWO_TO_32);
}

function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * TWO_TO_32 + readUint32(bytes, at + 4);
}

/** Four tables of 256: the CRC of a byte, and of a byte with one, two or three zeros behind it. */
const CRC_TABLES = crcTables();

function crcTables(): Uint32Array {
  const tables = new Uint32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    tables[byte] = value;
  }
  for (let at = 256; at < tables.length; at++) {
    const shorter = tables[at - 256] ?? 0;
    tables[at] = (shorter >>> 8) ^ (tables[shorter & 0xff] ?? 0);
  }
  return tables;
}

/** CRC-32 (IEEE 802.3), continued from `before`; four bytes a step, for a record is 16 kB. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const tables = CRC_TABLES;
  const inFours = bytes.length & ~3;
  let crc = ~before;
  let at = 0;
  for (; at < inFours; at += 4) {
    crc ^=
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    crc =
      (tables[768 + (crc & 0xff)] ?? 0) ^
      (tables[512 + ((crc >>> 8) & 0xff)] ?? 0) ^
      (tables[256 + ((crc >>> 16) & 0xff)] ?? 0) ^
      (tables[crc >>> 24] ?? 0);
  }
  for (; at < bytes.length; at++) {
    crc = (crc >>> 8) ^ (tables[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}
