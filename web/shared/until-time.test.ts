import { expect, test } from 'vitest';
import { lastDayBefore, untilTime } from './until-time.ts';

const TOKYO = 'Asia/Tokyo';
/** Friday 27 November 2026, 13:20 in Tokyo. */
const NOW = Date.UTC(2026, 10, 27, 4, 20);

const read = (typed: string, now = NOW): string | undefined => {
  const at = untilTime(typed, now, TOKYO);
  if (at === undefined) return undefined;
  return new Date(at + 9 * 3_600_000).toISOString().slice(0, 16);
};

test('a time as it is said or typed, in whatever width', () => {
  for (const typed of [
    '15',
    '1500',
    '15:00',
    '15時',
    '１５時まで',
    '3',
    '3時',
    '午後3時',
    '3 pm',
  ]) {
    expect([typed, read(typed)]).toEqual([typed, '2026-11-27T15:00']);
  }
  for (const typed of ['330', '1530', '15時半', '3時半', '3時30分', '3:30pm', '１５：３０頃']) {
    expect([typed, read(typed)]).toEqual([typed, '2026-11-27T15:30']);
  }
});

test('a time that is over today is tomorrow’s, unless the clock shows it once more today', () => {
  expect(read('1')).toBe('2026-11-28T01:00');
  expect(read('2')).toBe('2026-11-27T14:00');
  expect(read('0900')).toBe('2026-11-28T09:00');
  expect(read('9am')).toBe('2026-11-28T09:00');
  expect(read('13:20')).toBe('2026-11-28T13:20');
  expect(read('24')).toBe('2026-11-28T00:00');
});

test('a day is meant to its end', () => {
  expect(read('今日いっぱい')).toBe('2026-11-28T00:00');
  expect(read('tomorrow')).toBe('2026-11-29T00:00');
  expect(read('11/30')).toBe('2026-12-01T00:00');
  expect(read('12月3日 10:00')).toBe('2026-12-03T10:00');
  expect(read('1/4')).toBe('2027-01-05T00:00');
});

test('what is no time is not guessed', () => {
  for (const typed of [
    '',
    'あとで',
    '25',
    '1575',
    '13/40',
    '24:30',
    '13pm',
    '-3',
    '9'.repeat(40),
  ]) {
    expect([typed, read(typed)]).toEqual([typed, undefined]);
  }
});

test('the hour is that of the place, also where clocks are put forward', () => {
  // New York, the evening before clocks go from 2:00 to 3:00.
  const evening = Date.UTC(2026, 2, 8, 1, 0);
  expect(untilTime('0900', evening, 'America/New_York')).toBe(Date.UTC(2026, 2, 8, 13, 0));
});

test('midnight is the end of a day', () => {
  expect(lastDayBefore(Date.UTC(2026, 10, 27, 15), TOKYO)).toBe(Date.UTC(2026, 10, 27, 15) - 1);
  expect(lastDayBefore(NOW, TOKYO)).toBeNull();
});
