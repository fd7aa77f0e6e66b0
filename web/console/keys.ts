import { isImeKey } from '../shared/ime.ts';
import type { KeyPress } from '../shared/ime.ts';

/** What the keyboard can do on the console; which of it is possible now is the screen's business. */
export type DeskAction =
  | { type: 'answer' }
  | { type: 'decline' }
  | { type: 'hang-up' }
  | { type: 'send' }
  | { type: 'finish' }
  | { type: 'call-type'; index: number }
  | { type: 'urgency' }
  | { type: 'callback' }
  | { type: 'caller-number' }
  | { type: 'first-field' }
  | { type: 'hold' }
  | { type: 'mute' }
  | { type: 'recording' }
  | { type: 'relay' }
  | { type: 'connect' }
  | { type: 'three-way' }
  | { type: 'park' }
  | { type: 'hand-over' }
  | { type: 'digits' }
  | { type: 'presence' }
  | { type: 'call-back' }
  | { type: 'dismiss' };

export type DeskKeyPress = KeyPress & {
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  repeat: boolean;
};

/**
 * F2 and F4 do nothing in browsers and, unlike F6 to F10, nothing in Japanese input methods, where
 * F8 turns kana half-width: a late press would cut a caller off. Letters go by their place on the
 * keyboard, because Option types other characters on a Mac; D, E and F are the browsers' own.
 */
export const KEY_NAMES = {
  answer: ['F2'],
  decline: ['Shift', 'F2'],
  'hang-up': ['F4'],
  send: ['Ctrl', 'Enter'],
  finish: ['Alt', 'Enter'],
  'call-type': ['Alt', '1–5'],
  urgency: ['Alt', 'U'],
  callback: ['Alt', 'R'],
  'caller-number': ['Alt', 'T'],
  'first-field': ['Alt', 'C'],
  hold: ['Alt', 'H'],
  mute: ['Alt', 'M'],
  recording: ['Alt', 'P'],
  relay: ['Alt', 'L'],
  connect: ['Alt', 'G'],
  'three-way': ['Alt', 'W'],
  park: ['Alt', 'K'],
  'hand-over': ['Alt', 'O'],
  digits: ['Alt', 'N'],
  presence: ['Alt', 'Z'],
  'call-back': ['Alt', 'B'],
  dismiss: ['Esc'],
} as const satisfies Record<DeskAction['type'], readonly string[]>;

const ALT_LETTERS: Partial<Record<string, DeskAction>> = {
  KeyU: { type: 'urgency' },
  KeyR: { type: 'callback' },
  KeyT: { type: 'caller-number' },
  KeyC: { type: 'first-field' },
  KeyH: { type: 'hold' },
  KeyM: { type: 'mute' },
  KeyP: { type: 'recording' },
  KeyL: { type: 'relay' },
  KeyG: { type: 'connect' },
  KeyW: { type: 'three-way' },
  KeyK: { type: 'park' },
  KeyO: { type: 'hand-over' },
  KeyN: { type: 'digits' },
  KeyZ: { type: 'presence' },
  KeyB: { type: 'call-back' },
};

/** The action a keydown asks for; null for typing, held keys and the input method's own keys. */
export function actionOf(press: DeskKeyPress): DeskAction | null {
  if (isImeKey(press) || press.repeat) return null;
  const control = press.ctrlKey || press.metaKey;
  if (press.key === 'Enter') {
    if (control && !press.altKey) return { type: 'send' };
    return press.altKey && !control ? { type: 'finish' } : null;
  }
  if (control) return null;
  if (press.altKey) return altAction(press.code);
  return bareAction(press);
}

function bareAction({ key, shiftKey }: DeskKeyPress): DeskAction | null {
  if (key === 'F2') return { type: shiftKey ? 'decline' : 'answer' };
  if (shiftKey) return null;
  if (key === 'F4') return { type: 'hang-up' };
  return key === 'Escape' ? { type: 'dismiss' } : null;
}

function altAction(code: string): DeskAction | null {
  const digit = /^(?:Digit|Numpad)([1-5])$/.exec(code)?.[1];
  if (digit !== undefined) return { type: 'call-type', index: Number(digit) - 1 };
  return ALT_LETTERS[code] ?? null;
}

const GUARD_MS = 1_000;

/**
 * May this press of the hang-up key count? Not within a second of the one before (a nervous second
 * press would end the next call), nor of the answer (F2 and F4 are near each other).
 */
export function mayHangUp(
  now: number,
  pressedAt: number | null,
  answeredAt: number | null,
): boolean {
  const recent = (at: number | null): boolean => at !== null && now - at < GUARD_MS;
  return !recent(pressedAt) && !recent(answeredAt);
}
