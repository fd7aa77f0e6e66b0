export type { ExpiredRecordings, Recording, RecordingStore } from './ports.ts';
export { MAX_PEAKS, createRecordingAudio } from './recording-audio.ts';
export type { AudioChannel, Peaks, RecordingAudio, RecordingWav } from './recording-audio.ts';
export { removeOldRecordings } from './retention.ts';
export type { RemovedRecording, RetentionOptions } from './retention.ts';
