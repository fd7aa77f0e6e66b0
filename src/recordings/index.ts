export type { ExpiredRecordings, Recording, RecordingStore } from './ports.ts';
export { RecordingSound } from './recording-sound.ts';
export type { RecordingWav, SoundChannel } from './recording-sound.ts';
