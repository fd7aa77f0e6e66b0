export type { ExpiredRecordings, Recording, RecordingStore } from './ports.ts';
export { createRecordingAudio } from './recording-audio.ts';
export { removeOldRecordings } from './retention.ts';
export type { RetentionOptions } from './retention.ts';
