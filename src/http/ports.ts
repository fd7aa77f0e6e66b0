import type { ApplyResult, CenterSpec } from '../contract/index.ts';
import type { Recording } from '../recordings/index.ts';

export type AudioChannel = 'both' | 'caller' | 'operator';

/** A recording as a WAV file that need not exist as one: its size, and any part of its bytes. */
export type RecordingWav = {
  sizeBytes: number;
  /** Bytes `from` (inclusive) to `to` (exclusive). */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
};

/** The sound of recordings. Null when the file is gone. */
export interface RecordingAudio {
  open(recording: Recording, channel: AudioChannel): Promise<RecordingWav | null>;
  /** Loudness per channel, 0–100, at most 1000 points. */
  peaks(recording: Recording): Promise<{ caller: number[]; operator: number[] } | null>;
}

export type ApplyOutcome =
  | { ok: true; result: ApplyResult }
  /** `path` as in the file: `subscribers.0.mailRoutes.1.to.0`. */
  | { ok: false; issues: { path: string; message: string }[] };

/**
 * The office as declared by a file, all of it or nothing; reloads the directory. The accounts it
 * names are made by the apply route.
 */
export interface Center {
  apply(spec: CenterSpec): Promise<ApplyOutcome>;
  export(): Promise<CenterSpec>;
}

/** The whole database as one stream of bytes, out and in again. */
export interface Backup {
  take(): AsyncIterable<Uint8Array>;
  /** Refuses a database that holds something unless `replace`. */
  restore(
    bytes: AsyncIterable<Uint8Array>,
    options: { replace: boolean },
  ): Promise<{ tables: number; rows: number }>;
}

export type Readiness = Record<string, { ready: boolean; detail: string }>;

/** One Prometheus family. Label values are few and never ids. */
export type MetricFamily = {
  name: string;
  help: string;
  type: 'counter' | 'gauge';
  samples: { labels?: Record<string, string>; value: number }[];
};
