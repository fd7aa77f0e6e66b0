export type { ServerDeps } from './server-deps.ts';
export type {
  ApplyOutcome,
  AudioChannel,
  Backup,
  Center,
  MetricFamily,
  NumberFormat,
  Readiness,
  RecordingAudio,
  RecordingWav,
} from './ports.ts';
