import { AppError } from '../base/index.ts';
import { MULAW_DECODE, recordToPcm, wavView } from '../media/index.ts';
import type { RecordingRecord, WavView } from '../media/index.ts';
import type { Recording } from './ports.ts';
import { openRecordingFile } from './recording-file.ts';
import { recordingFile } from './recording-path.ts';

/** Who is heard: both, each on an ear of their own, or one of them on both. */
export type AudioChannel = 'both' | 'caller' | 'operator';

/** A recording as a WAV file that need not exist as one: its size, and any part of its bytes. */
export type RecordingWav = {
  sizeBytes: number;
  /** Bytes `from` (inclusive) to `to` (exclusive). One second in memory at a time. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
};

type Peaks = { caller: number[]; operator: number[] };

/** The sound of recordings, from files in one folder. Null when the file is gone. */
export type RecordingAudio = {
  open(recording: Recording, channel: AudioChannel): Promise<RecordingWav | null>;
  /** Loudness per channel, 0–100, spread evenly over the time, at most `MAX_PEAKS` points. */
  peaks(recording: Recording): Promise<Peaks | null>;
};

export const MAX_PEAKS = 1000;
const PEAKS_PER_SECOND = 10;
const MULAW_LOUDEST = 32_124;
/** Waveforms kept of closed recordings. */
const KEPT_PEAKS = 200;

export function createRecordingAudio(folder: string): RecordingAudio {
  const known = new Map<string, Peaks>();
  return {
    async open(recording, channel): Promise<RecordingWav | null> {
      const path = fileOf(folder, recording);
      const view = await viewOf(path);
      return (
        view && {
          sizeBytes: view.sizeBytes,
          read: (from, to) => readWav(path, view, { from, to, channel }),
        }
      );
    },

    async peaks(recording): Promise<Peaks | null> {
      const kept = known.get(recording.id);
      if (kept) return kept;
      const peaks = await readPeaks(fileOf(folder, recording));
      if (peaks && recording.state !== 'recording') {
        known.set(recording.id, peaks);
        const [oldest] = known.keys();
        if (known.size > KEPT_PEAKS && oldest !== undefined) known.delete(oldest);
      }
      return peaks;
    },
  };
}

function fileOf(folder: string, recording: Recording): string {
  const file = recordingFile(folder, recording.path);
  if (file !== null) return file;
  throw new AppError('recording-path', `recording ${recording.id} lies outside of its folder`);
}

async function viewOf(path: string): Promise<WavView | null> {
  const file = await openRecordingFile(path);
  if (!file) return null;
  try {
    const { records, lastSamples } = await file.soundLength();
    return wavView(records, lastSamples);
  } finally {
    await file.close();
  }
}

async function* readWav(
  path: string,
  view: WavView,
  { from, to, channel }: { from: number; to: number; channel: AudioChannel },
): AsyncGenerator<Uint8Array> {
  const slice = view.slice(from, to);
  if (slice.headerTo > slice.headerFrom) {
    yield view.header.subarray(slice.headerFrom, slice.headerTo);
  }
  if (slice.records.length === 0) return;
  const file = await openRecordingFile(path);
  if (!file) throw new AppError('recording-gone', 'the recording was removed while it was read');
  try {
    for (const { number, fromByte, toByte } of slice.records) {
      const pcm = recordToPcm(heard(await file.record(number), channel));
      yield pcm.subarray(fromByte, toByte);
    }
  } finally {
    await file.close();
  }
}

function heard(record: RecordingRecord, channel: AudioChannel): RecordingRecord {
  if (channel === 'caller') return { ...record, ours: record.caller };
  if (channel === 'operator') return { ...record, caller: record.ours };
  return record;
}

async function readPeaks(path: string): Promise<Peaks | null> {
  const file = await openRecordingFile(path);
  if (!file) return null;
  try {
    const { records } = await file.soundLength();
    // Either several points of one second, or one point of several seconds.
    const perRecord = Math.min(
      PEAKS_PER_SECOND,
      Math.max(1, Math.floor(MAX_PEAKS / (records || 1))),
    );
    const recordsPerPoint = Math.ceil(records / MAX_PEAKS) || 1;
    const peaks: Peaks = { caller: [], operator: [] };
    for (let number = 0; number < records; number++) {
      const record = await file.record(number);
      addPeaks(peaks.caller, record.caller, { number, perRecord, recordsPerPoint });
      addPeaks(peaks.operator, record.ours, { number, perRecord, recordsPerPoint });
    }
    return { caller: peaks.caller.map(toLoudness), operator: peaks.operator.map(toLoudness) };
  } finally {
    await file.close();
  }
}

function addPeaks(
  points: number[],
  samples: Uint8Array,
  at: { number: number; perRecord: number; recordsPerPoint: number },
): void {
  const length = samples.length / at.perRecord;
  for (let part = 0; part < at.perRecord; part++) {
    const begin = Math.floor(part * length);
    const loudest = loudestOf(samples.subarray(begin, Math.floor(begin + length)));
    const point = Math.floor(at.number / at.recordsPerPoint) * at.perRecord + part;
    points[point] = Math.max(points[point] ?? 0, loudest);
  }
}

function loudestOf(samples: Uint8Array): number {
  let loudest = 0;
  for (const sample of samples) {
    const value = Math.abs(MULAW_DECODE[sample] ?? 0);
    if (value > loudest) loudest = value;
  }
  return loudest;
}

/** The square root makes soft speech visible beside loud. */
function toLoudness(amplitude: number): number {
  return Math.round(100 * Math.sqrt(amplitude / MULAW_LOUDEST));
}
