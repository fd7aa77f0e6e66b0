import { expect, test } from 'vitest';
import { plainNumber, readBack, spokenGroups } from './read-back.ts';

test('全角 digits and hyphens become plain', () => {
  expect(plainNumber('０３－０１２３－４５６７')).toBe('03-0123-4567');
  expect(plainNumber('03ー0123―4567 ')).toBe('03-0123-4567');
  expect(plainNumber('tel: 03(0123)4567')).toBe('0301234567');
});

test('numbers are grouped as they are written in Japan', () => {
  expect(spokenGroups('09001234567')).toEqual(['090', '0123', '4567']);
  expect(spokenGroups('0301234567')).toEqual(['03', '0123', '4567']);
  expect(spokenGroups('0120000000')).toEqual(['0120', '000', '000']);
  expect(spokenGroups('0451234567')).toEqual(['045', '123', '4567']);
});

test('hyphens the caller gave are kept', () => {
  expect(spokenGroups('0422-00-0000')).toEqual(['0422', '00', '0000']);
});

test('read back in words that are not mistaken on the telephone', () => {
  expect(readBack('03-0123-4567')).toBe('ゼロサン、ゼロイチニサン、ヨンゴロクナナ');
  expect(readBack('+81 3-0123-4567')).toBe('ハチイチサン、ゼロイチニサン、ヨンゴロクナナ');
});

test('half a number is not read back yet', () => {
  expect(readBack('03-0123')).toBeNull();
  expect(readBack('')).toBeNull();
});
