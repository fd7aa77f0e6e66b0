import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import { EventLog } from './event-log.ts';

const event = { type: 'leg.first-media', leg: asId<never>('leg_a'), at: 1 } as const;
const numbers = (log: EventLog, after: number): number[] =>
  log.after(after).map((each) => each.event);

describe('EventLog', () => {
  it('keeps events until they are acknowledged', () => {
    const log = new EventLog();
    for (let i = 0; i < 5; i++) log.append(event);
    expect(numbers(log, 0)).toEqual([1, 2, 3, 4, 5]);
    expect(numbers(log, 3)).toEqual([4, 5]);
    log.acknowledge(2);
    log.acknowledge(1);
    expect(numbers(log, 0)).toEqual([3, 4, 5]);
    expect(log.append(event).event).toBe(6);
  });

  it('keeps the latest ten thousand when nobody acknowledges', () => {
    const log = new EventLog();
    for (let i = 0; i < 35_000; i++) log.append(event);
    const kept = numbers(log, 0);
    expect(kept).toHaveLength(10_000);
    expect([kept[0], kept.at(-1)]).toEqual([25_001, 35_000]);
  });
});
