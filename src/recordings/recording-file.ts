import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import {
  RECORDING_HEADER_BYTES,
  RECORD_BYTES,
  parseRecord,
  parseRecordingHeader,
  recordCount,
  recordOffset,
  silentSecond,
} from '../media/index.ts';
import type { RecordingCut, RecordingParse, RecordingRecord } from '../media/index.ts';

/** Damaged records at the end that are passed over in search of the last good one. */
const MAX_TORN_RECORDS = 5;

/**
 * How much of a file is sound: so many records, the last one so full, closed in order or cut off; and why
 * seconds of it were lost, if they were.
 */
export type SoundLength = {
  records: number;
  lastSamples: number;
  closed: boolean;
  cut: RecordingCut | null;
};

/** Null when there is no file, or what is there is no recording. */
export async function openRecordingFile(path: string): Promise<RecordingFile | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  let isRecording = false;
  try {
    isRecording = parseRecordingHeader(await readAt(handle, 0, RECORDING_HEADER_BYTES)).ok;
  } finally {
    if (!isRecording) await handle.close();
  }
  return isRecording ? new RecordingFile(handle) : null;
}

/** A recording open for reading, possibly still being written. */
export class RecordingFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** What is on the disk now, without a torn tail. */
  async soundLength(): Promise<SoundLength> {
    const { size } = await this.#handle.stat();
    let torn = 0;
    for (let records = recordCount(size); records > 0 && torn < MAX_TORN_RECORDS; records--) {
      const last = await this.#parse(records - 1);
      if (last.ok) {
        const { samples, last: closed, cut } = last.value;
        return { records, lastSamples: samples, closed, cut };
      }
      // Lost seconds may be many, and what was to follow them torn.
      if (last.reason !== 'hole') torn++;
    }
    return { records: 0, lastSamples: 0, closed: false, cut: null };
  }

  /** A damaged record is a second of silence: what follows keeps its time. */
  async record(number: number): Promise<RecordingRecord> {
    const found = await this.#parse(number);
    return found.ok ? found.value : silentSecond(number);
  }

  async #parse(number: number): Promise<RecordingParse<RecordingRecord>> {
    return parseRecord(await readAt(this.#handle, recordOffset(number), RECORD_BYTES), number);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
