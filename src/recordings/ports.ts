import type { CallId, RecordingId, SubscriberId } from '../base/index.ts';
import type { RecordingCut } from '../media/index.ts';

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
  /** Why a part of it is missing, where that is known. */
  cause: RecordingCut | null;
};

/** How a recording ended: closed in order, with a part missing, or without a file. */
export type RecordingEnd = {
  endedAt: number;
  seconds: number;
  state: 'complete' | 'incomplete' | 'missing';
  /** Left out: what is known already stays. */
  cause?: RecordingCut;
};

/** The index of recordings. Implemented by storage. */
export interface RecordingStore {
  begin(recording: Omit<Recording, 'cause'>): Promise<void>;
  finish(id: RecordingId, end: RecordingEnd): Promise<void>;
  /** Nothing where it has been ended meanwhile. */
  finishLeft(id: RecordingId, end: RecordingEnd): Promise<void>;
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
