export type { ExpiredRecordings, Recording, RecordingEnd, RecordingStore } from './ports.ts';
export { createRecordingAudio } from './recording-audio.ts';
export { removeOldRecordings } from './retention.ts';
export type { RetentionOptions } from './retention.ts';
export { settleRecordings } from './settle.ts';
export type { SettleOptions } from './settle.ts';
