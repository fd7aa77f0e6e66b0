import { expect, test } from 'vitest';
import { isImeKey, isPlainEnter } from './ime.ts';

const bare = { ctrlKey: false, altKey: false, metaKey: false };
const enter = { key: 'Enter', isComposing: false, keyCode: 13, ...bare };

test('Enter on a candidate belongs to the input method', () => {
  expect(isPlainEnter({ ...enter, isComposing: true, keyCode: 229 })).toBe(false);
});

test('Safari: the Enter after compositionend still carries 229 and is not taken', () => {
  expect(isPlainEnter({ ...enter, keyCode: 229 })).toBe(false);
});

test('Firefox on some systems reports the true code while composing', () => {
  expect(isPlainEnter({ ...enter, isComposing: true })).toBe(false);
});

test('Enter with nothing being converted goes on', () => {
  expect(isPlainEnter(enter)).toBe(true);
});

test('Ctrl+Enter and Alt+Enter mean something else', () => {
  expect(isPlainEnter({ ...enter, ctrlKey: true })).toBe(false);
  expect(isPlainEnter({ ...enter, altKey: true })).toBe(false);
});

test('other keys of a conversion are the input method’s, other keys are not', () => {
  expect(isImeKey({ key: 'Process', isComposing: true, keyCode: 229 })).toBe(true);
  expect(isImeKey({ key: 'F4', isComposing: false, keyCode: 115 })).toBe(false);
  expect(isPlainEnter({ key: 'a', isComposing: false, keyCode: 65, ...bare })).toBe(false);
});
