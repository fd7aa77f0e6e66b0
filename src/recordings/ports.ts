import type { CallId, RecordingId, SubscriberId } from '../base/index.ts';

/** A recorded call as the index knows it; the bytes are in the file. */
export type Recording = {
  id: RecordingId;
  callId: CallId;
  subscriberId: SubscriberId | null;
  /** Relative to the recordings folder. */
  path: string;
  startedAt: number;
  endedAt: number | null;
  seconds: number;
  state: 'recording' | 'complete' | 'incomplete' | 'missing';
};

/** How a recording ended: closed in order, cut off, or without a file. */
export type RecordingEnd = {
  endedAt: number;
  seconds: number;
  state: 'complete' | 'incomplete' | 'missing';
};

/** The index of recordings. Implemented by storage. */
export interface RecordingStore {
  begin(recording: Recording): Promise<void>;
  finish(id: RecordingId, end: RecordingEnd): Promise<void>;
  recording(id: RecordingId): Promise<Recording | null>;
  ofCalls(callIds: readonly CallId[]): Promise<Recording[]>;
  open(): Promise<Recording[]>;
}

/** What the end of a recording's time needs of the index. Implemented by storage. */
export interface ExpiredRecordings {
  /** Closed recordings begun before the instant, oldest first. */
  olderThan(instant: number, limit: number): Promise<Recording[]>;
  /** Forgets the recording; who listened to it stays known. */
  remove(id: RecordingId): Promise<void>;
}
