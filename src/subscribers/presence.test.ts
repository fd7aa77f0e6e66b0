import { expect, test } from 'vitest';
import { presenceAt } from './presence.ts';

test('what was told holds until its time, and without one until told otherwise', () => {
  const meeting = { state: 'meeting', until: 1_000 } as const;
  expect(presenceAt(meeting, 999)).toEqual(meeting);
  expect(presenceAt(meeting, 1_000)).toBeNull();
  const off = { state: 'off', until: null } as const;
  expect(presenceAt(off, 1e15)).toEqual(off);
  expect(presenceAt(null, 0)).toBeNull();
});
