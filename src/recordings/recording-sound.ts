import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import {
  MULAW_DECODE,
  RECORD_BYTES,
  parseRecord,
  parseRecordingHeader,
  RECORDING_HEADER_BYTES,
  recordCount,
  recordOffset,
  recordToPcm,
  wavView,
} from '../media/index.ts';
import type { RecordingRecord, WavView } from '../media/index.ts';
import type { Recording } from './ports.ts';

export type SoundChannel = 'both' | 'caller' | 'operator';

/** A recording as a WAV file (PCM 16 bit, stereo, 8 kHz) that need not exist as one. */
export type RecordingWav = {
  sizeBytes: number;
  /** Bytes `from` (inclusive) to `to` (exclusive). */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
};

const MAX_PEAKS = 1000;
/** Loudness is drawn from −60 dBFS (0) to full scale (100). */
const FLOOR_DB = -60;

/** The sound of the recordings in one folder, also of those still growing or cut off. */
export class RecordingSound {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Null when the file is gone or is no recording. */
  async open(recording: Recording, channel: SoundChannel): Promise<RecordingWav | null> {
    const path = this.#pathOf(recording);
    if (path === null) return null;
    const view = await withFile(path, viewOf);
    if (view === null) return null;
    return {
      sizeBytes: view.sizeBytes,
      read: (from, to) => readWav(path, view, { from, to, channel }),
    };
  }

  /** Seconds of sound in the file; null when it is gone. */
  async seconds(recording: Recording): Promise<number | null> {
    const path = this.#pathOf(recording);
    const view = path === null ? null : await withFile(path, viewOf);
    return view === null ? null : view.samples / 8000;
  }

  async peaks(recording: Recording): Promise<{ caller: number[]; operator: number[] } | null> {
    const path = this.#pathOf(recording);
    return path === null ? null : withFile(path, peaksOf);
  }

  /** The index may only name files below the folder. */
  #pathOf(recording: Recording): string | null {
    const path = join(this.#dir, recording.path);
    const below = relative(this.#dir, path);
    return below.startsWith('..') || isAbsolute(below) ? null : path;
  }
}

async function withFile<T>(
  path: string,
  use: (file: FileHandle) => Promise<T | null>,
): Promise<T | null> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function viewOf(file: FileHandle): Promise<WavView | null> {
  const header = new Uint8Array(RECORDING_HEADER_BYTES);
  await file.read(header, 0, header.length, 0);
  if (!parseRecordingHeader(header).ok) return null;
  const { size } = await file.stat();
  // A torn or damaged end is left away; what is before it is right.
  for (let count = recordCount(size); count > 0; count--) {
    const last = await recordAt(file, count - 1);
    if (last) return wavView(count, last.samples);
  }
  return wavView(0, 0);
}

async function recordAt(file: FileHandle, number: number): Promise<RecordingRecord | null> {
  const bytes = new Uint8Array(RECORD_BYTES);
  const { bytesRead } = await file.read(bytes, 0, RECORD_BYTES, recordOffset(number));
  const parsed = parseRecord(bytes.subarray(0, bytesRead), number);
  return parsed.ok ? parsed.value : null;
}

async function* readWav(
  path: string,
  view: WavView,
  range: { from: number; to: number; channel: SoundChannel },
): AsyncGenerator<Uint8Array> {
  const slice = view.slice(range.from, range.to);
  if (slice.headerTo > slice.headerFrom) {
    yield view.header.subarray(slice.headerFrom, slice.headerTo);
  }
  const file = await open(path, 'r');
  try {
    for (const { number, fromByte, toByte } of slice.records) {
      const record = await recordAt(file, number);
      // A record damaged on the disk is silence: what follows keeps its place in time.
      const pcm = record ? recordToPcm(record) : new Uint8Array(toByte);
      yield onlyChannel(pcm, range.channel).subarray(fromByte, toByte);
    }
  } finally {
    await file.close();
  }
}

/** One channel alone is heard on both ears. */
function onlyChannel(pcm: Uint8Array, channel: SoundChannel): Uint8Array {
  if (channel === 'both') return pcm;
  const from = channel === 'caller' ? 0 : 2;
  for (let at = 0; at + 3 < pcm.length; at += 4) {
    pcm.copyWithin(at + (2 - from), at + from, at + from + 2);
  }
  return pcm;
}

async function peaksOf(file: FileHandle): Promise<{ caller: number[]; operator: number[] } | null> {
  const view = await viewOf(file);
  if (view === null) return null;
  const records = Math.ceil(view.samples / 8000);
  const perPoint = Math.max(1, Math.ceil(records / MAX_PEAKS));
  const caller: number[] = [];
  const operator: number[] = [];
  for (let number = 0; number < records; number++) {
    const record = await recordAt(file, number);
    const point = Math.floor(number / perPoint);
    caller[point] = Math.max(caller[point] ?? 0, record ? loudness(record.caller) : 0);
    operator[point] = Math.max(operator[point] ?? 0, record ? loudness(record.ours) : 0);
  }
  return { caller, operator };
}

function loudness(mulaw: Uint8Array): number {
  let peak = 0;
  for (const byte of mulaw) peak = Math.max(peak, Math.abs(MULAW_DECODE[byte] ?? 0));
  if (peak === 0) return 0;
  const db = 20 * Math.log10(peak / 32_768);
  return Math.max(0, Math.round(100 * (1 - db / FLOOR_DB)));
}
