import { expect, test } from 'vitest';
import { DigitQueue, keyTonesIn } from './key-tones.ts';

test('what a telephone has no key for is left out, full-width digits are digits', () => {
  expect(keyTonesIn('１２-3 ＊#a')).toBe('123*#');
});

test('digits pressed while others are on their way follow them, together and in order', async () => {
  const sent: string[] = [];
  const answers: (() => void)[] = [];
  const queue = new DigitQueue((digits) => {
    sent.push(digits);
    return new Promise((resolve) => answers.push(resolve));
  });
  const first = queue.send('1');
  await queue.send('2');
  await queue.send('3'.repeat(40));
  expect(sent).toEqual(['1']);
  answers.shift()?.();
  await Promise.resolve();
  await Promise.resolve();
  expect(sent).toEqual(['1', `2${'3'.repeat(31)}`]);
  answers.shift()?.();
  await Promise.resolve();
  await Promise.resolve();
  answers.shift()?.();
  await first;
  expect(sent.join('')).toBe(`12${'3'.repeat(40)}`);
});

test('after a refusal the rest is dropped, and the next press is a new beginning', async () => {
  const sent: string[] = [];
  const refusals = [true, false];
  const queue = new DigitQueue(async (digits) => {
    sent.push(digits);
    if (refusals.shift()) throw new Error('refused');
  });
  const first = queue.send('1');
  void queue.send('2');
  await expect(first).rejects.toThrow('refused');
  await queue.send('3');
  expect(sent).toEqual(['1', '3']);
});
