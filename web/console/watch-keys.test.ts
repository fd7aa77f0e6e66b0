import { expect, test } from 'vitest';
import { watchDeedOf } from './watch-keys.ts';

const press = (code: string, change: object = {}): string | null =>
  watchDeedOf({
    key: '',
    code,
    altKey: true,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    repeat: false,
    isComposing: false,
    keyCode: 0,
    ...change,
  });

test('Alt and a digit, of the row or of the keypad', () => {
  const codes = ['Digit1', 'Numpad2', 'Digit3', 'Digit0', 'Digit4', 'KeyH'];
  expect(codes.map((code) => press(code))).toEqual([
    'listen',
    'whisper',
    'barge',
    'stop',
    null,
    null,
  ]);
});

test('a held key, another modifier and the input method’s own keys do nothing', () => {
  for (const change of [
    { repeat: true },
    { altKey: false },
    { ctrlKey: true },
    { shiftKey: true },
    { isComposing: true },
    { keyCode: 229 },
  ]) {
    expect(press('Digit3', change)).toBeNull();
  }
});
