import { isImeKey } from '../shared/ime.ts';
import type { WatchMode } from './desk.ts';
import type { DeskKeyPress } from './keys.ts';

export const WATCH_MODES = ['listen', 'whisper', 'barge'] as const satisfies readonly WatchMode[];
export type WatchDeed = WatchMode | 'stop';

export const WATCH_KEY_NAMES: Record<WatchDeed, readonly string[]> = {
  listen: ['Alt', '1'],
  whisper: ['Alt', '2'],
  barge: ['Alt', '3'],
  stop: ['Alt', '0'],
};

const BY_DIGIT: Partial<Record<string, WatchDeed>> = {
  '1': 'listen',
  '2': 'whisper',
  '3': 'barge',
  '0': 'stop',
};

/** What a keydown asks of a call that is listened to; null for every other key. */
export function watchDeedOf(press: DeskKeyPress): WatchDeed | null {
  if (isImeKey(press) || press.repeat || !press.altKey) return null;
  if (press.ctrlKey || press.metaKey || press.shiftKey) return null;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(press.code)?.[1];
  return digit === undefined ? null : (BY_DIGIT[digit] ?? null);
}
