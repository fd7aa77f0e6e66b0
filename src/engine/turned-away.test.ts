import { expect, test } from 'vitest';
import { ManualClock } from '../base/manual-clock.ts';
import { silentLogger } from '../base/index.ts';
import type { FloorEvent } from '../calls/index.ts';
import { TurnedAway } from './turned-away.ts';

test('a crowd is told once, and its end ten seconds after the last who was turned away', () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const publish = (event: FloorEvent): void => {
    if (event.type === 'notice') told.push(event.code);
  };
  const events = { publish, subscribe: () => () => undefined };
  const turnedAway = new TurnedAway({ clock, log: silentLogger, events });
  for (let i = 0; i < 30; i++) {
    turnedAway.note();
    clock.advance(1_000);
  }
  expect(told).toEqual(['turning-away']);
  clock.advance(8_999);
  expect(told).toEqual(['turning-away']);
  clock.advance(1);
  expect(told).toEqual(['turning-away', 'all-taken']);
  turnedAway.note();
  expect(told).toEqual(['turning-away', 'all-taken', 'turning-away']);
  expect(turnedAway.total).toBe(31);
  turnedAway.stop();
  clock.advance(60_000);
  expect(told).toHaveLength(3);
});
