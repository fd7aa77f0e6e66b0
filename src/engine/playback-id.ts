import type { CallId, PlaybackId } from '../base/index.ts';

/** One id per call and sound: starting it twice is starting it once. */
export function callerPlayback(
  callId: CallId,
  source: 'wait-tone' | 'unattended-prompt' | 'ringback',
): PlaybackId {
  return `${callId}:${source}` as PlaybackId;
}
