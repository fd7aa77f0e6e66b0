export type { App, RouteRow } from './app.ts';
export { listen } from './listen.ts';
export { openWaitingServer } from './waiting-server.ts';
export type { WaitingServer } from './waiting-server.ts';
export type { ListenTarget } from './listen.ts';
export { TOPIC_POLICIES } from './live-hub.ts';
export { PROBLEMS } from './problems.ts';
export type { ProblemCode } from './problems.ts';
export { buildServer } from './server.ts';
export type { ServerDeps } from './server-deps.ts';
export type {
  ApplyOutcome,
  AudioChannel,
  Backup,
  Center,
  MetricFamily,
  Readiness,
  RecordingAudio,
  RecordingWav,
} from './ports.ts';
