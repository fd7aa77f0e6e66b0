import type { CallId, PlaybackId } from '../base/index.ts';
import type { SoundSource } from '../calls/index.ts';

/**
 * The media plane plays an id once and never again, so each beginning has its own: the call, what
 * is played, and the version of the call in which it began.
 */
export function playbackIdOf(callId: CallId, source: SoundSource, version: number): PlaybackId {
  return `${callId}:${source}:${version}` as PlaybackId;
}

/** What a playback of ours plays. */
export function sourceOf(playback: PlaybackId): SoundSource | undefined {
  return playback.split(':')[1] as SoundSource | undefined;
}
