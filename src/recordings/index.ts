export type { Recording, RecordingStore } from './ports.ts';
