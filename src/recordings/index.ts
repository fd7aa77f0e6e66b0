export type { ExpiredRecordings, Recording, RecordingStore } from './ports.ts';
