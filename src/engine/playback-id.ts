import type { PlaybackId } from '../base/index.ts';
import type { CallState, Playing, SoundSource } from '../calls/index.ts';

/**
 * The media plane plays an id once and never again, so each beginning has its own: the call, what
 * is played to which leg, and the version of the call in which it began.
 */
export function playbackIdOf(
  { id, version }: Pick<CallState, 'id' | 'version'>,
  { leg, source, turn }: Pick<Playing, 'leg' | 'source' | 'turn'>,
): PlaybackId {
  return `${id}:${source}:${turn}:${version}:${leg}` as PlaybackId;
}

/** What a playback of ours plays. */
export function readPlaybackId(playback: PlaybackId): { source: SoundSource; turn: number } {
  const [, source, turn] = playback.split(':');
  return { source: source as SoundSource, turn: Number(turn) };
}
