import type { RecordingId } from '../base/index.ts';

/** Where a recording lies below the recordings folder: one folder per UTC day. */
export function recordingPath(id: RecordingId, startedAtMs: number): string {
  const day = new Date(startedAtMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/${id}.rec`;
}
