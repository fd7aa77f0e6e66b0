import { expect, test } from 'vitest';
import { formatAgo, formatClock, formatDateTime, formatDuration, formatTime } from './format.ts';

const tokyo = { language: 'ja', timeZone: 'Asia/Tokyo' } as const;
const english = { language: 'en', timeZone: 'Asia/Tokyo' } as const;
const at = Date.UTC(2026, 10, 23, 5, 5, 9);

test('dates carry the weekday and the zone that was asked for', () => {
  expect(formatDateTime(at, tokyo)).toBe('11月23日(月) 14:05');
  expect(formatDateTime(at, english)).toBe('Mon 23 Nov 14:05');
  expect(formatTime(at, { language: 'ja', timeZone: 'America/New_York' })).toBe('00:05');
  expect(formatClock(at, tokyo)).toBe('14:05:09');
});

test('midnight is 00, not 24', () => {
  expect(formatTime(Date.UTC(2026, 10, 22, 15, 0), tokyo)).toBe('00:00');
});

test('ages are words for a day and then the date', () => {
  expect(formatAgo(at, at + 59_000, tokyo)).toBe('たった今');
  expect(formatAgo(at, at + 3 * 60_000, tokyo)).toBe('3分前');
  expect(formatAgo(at, at + 3 * 60_000, english)).toBe('3 min ago');
  expect(formatAgo(at, at + 5 * 3_600_000, tokyo)).toBe('5時間前');
  expect(formatAgo(at, at + 24 * 3_600_000, tokyo)).toBe('11月23日(月) 14:05');
  expect(formatAgo(at, at - 2_000, tokyo)).toBe('たった今');
});

test('durations grow an hour only when there is one', () => {
  expect(formatDuration(7_400)).toBe('0:07');
  expect(formatDuration(754_000)).toBe('12:34');
  expect(formatDuration(3_723_000)).toBe('1:02:03');
  expect(formatDuration(-50)).toBe('0:00');
});
