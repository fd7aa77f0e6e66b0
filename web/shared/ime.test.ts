import { expect, test } from 'vitest';
import { isImeKey, isPlainEnter } from './ime.ts';

const enter = { key: 'Enter', isComposing: false, keyCode: 13 };

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

test('other keys of a conversion are the input method’s, other keys are not', () => {
  expect(isImeKey({ key: 'Process', isComposing: true, keyCode: 229 })).toBe(true);
  expect(isImeKey({ key: 'F4', isComposing: false, keyCode: 115 })).toBe(false);
  expect(isPlainEnter({ key: 'a', isComposing: false, keyCode: 65 })).toBe(false);
});
