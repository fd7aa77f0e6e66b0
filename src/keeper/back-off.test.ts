import { expect, test } from 'vitest';
import { BackOff } from './back-off.ts';

test('the first restart is at once, the next ones wait longer, never beyond 5 s', () => {
  const backOff = new BackOff();
  const delays = Array.from({ length: 8 }, () => backOff.nextDelayMs(5));
  expect(delays).toEqual([0, 250, 500, 1000, 2000, 5000, 5000, 5000]);
});

test('after ten good seconds a death counts as the first again', () => {
  const backOff = new BackOff();
  for (let i = 0; i < 5; i++) backOff.nextDelayMs(0);
  expect(backOff.nextDelayMs(9_999)).toBe(5000);
  expect(backOff.nextDelayMs(10_000)).toBe(0);
  expect(backOff.nextDelayMs(0)).toBe(250);
});
