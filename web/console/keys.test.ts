import { expect, test } from 'vitest';
import { actionOf, KEY_NAMES, mayHangUp } from './keys.ts';
import type { DeskKeyPress } from './keys.ts';

const press = (key: string, more: Partial<DeskKeyPress> = {}): DeskKeyPress => ({
  key,
  code: key,
  isComposing: false,
  keyCode: 0,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  repeat: false,
  ...more,
});

test('answer, decline and hang up', () => {
  expect(actionOf(press('F2'))).toEqual({ type: 'answer' });
  expect(actionOf(press('F2', { shiftKey: true }))).toEqual({ type: 'decline' });
  expect(actionOf(press('F4'))).toEqual({ type: 'hang-up' });
});

test('Escape closes what is said above, unless the input method has it', () => {
  expect(actionOf(press('Escape'))).toEqual({ type: 'dismiss' });
  expect(actionOf(press('Escape', { isComposing: true, keyCode: 229 }))).toBeNull();
});

test('Alt+F4 closes the window and is not ours', () => {
  expect(actionOf(press('F4', { altKey: true }))).toBeNull();
});

test('Enter alone is never an action; with Ctrl or Command it sends, with Alt it finishes', () => {
  expect(actionOf(press('Enter'))).toBeNull();
  expect(actionOf(press('Enter', { ctrlKey: true }))).toEqual({ type: 'send' });
  expect(actionOf(press('Enter', { metaKey: true }))).toEqual({ type: 'send' });
  expect(actionOf(press('Enter', { altKey: true }))).toEqual({ type: 'finish' });
});

test('Ctrl+Enter during a conversion sends nothing', () => {
  const composing = { ctrlKey: true, isComposing: true, keyCode: 229 };
  expect(actionOf(press('Enter', composing))).toBeNull();
  expect(actionOf(press('Enter', { ctrlKey: true, keyCode: 229 }))).toBeNull();
});

test('a key held down acts once', () => {
  expect(actionOf(press('F4', { repeat: true }))).toBeNull();
});

test('call types go by the place of the key, also where Option types another character', () => {
  expect(actionOf(press('¡', { altKey: true, code: 'Digit1' }))).toEqual({
    type: 'call-type',
    index: 0,
  });
  expect(actionOf(press('5', { altKey: true, code: 'Numpad5' }))).toEqual({
    type: 'call-type',
    index: 4,
  });
  expect(actionOf(press('6', { altKey: true, code: 'Digit6' }))).toBeNull();
  expect(actionOf(press('1', { code: 'Digit1' }))).toBeNull();
});

test('letters with Alt, and never with Ctrl+Alt, which is AltGr', () => {
  expect(actionOf(press('u', { altKey: true, code: 'KeyU' }))).toEqual({ type: 'urgency' });
  expect(actionOf(press('u', { altKey: true, ctrlKey: true, code: 'KeyU' }))).toBeNull();
  expect(actionOf(press('x', { altKey: true, code: 'KeyX' }))).toBeNull();
});

test('every key of the console asks for one action alone', () => {
  const names = Object.values(KEY_NAMES).map((keys) => keys.join('+'));
  expect(new Set(names).size).toBe(names.length);
  for (const [type, keys] of Object.entries(KEY_NAMES)) {
    const [held, letter] = keys as readonly string[];
    if (held !== 'Alt' || letter?.length !== 1) continue;
    const pressed = press(letter.toLowerCase(), { altKey: true, code: `Key${letter}` });
    expect(actionOf(pressed)).toEqual({ type });
    expect(['D', 'E', 'F']).not.toContain(letter);
  }
});

test('a second hang-up within a second, or one just after the answer, does not count', () => {
  expect(mayHangUp(10_000, null, null)).toBe(true);
  expect(mayHangUp(10_999, 10_000, null)).toBe(false);
  expect(mayHangUp(11_000, 10_000, null)).toBe(true);
  expect(mayHangUp(10_500, null, 10_000)).toBe(false);
});
