import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { Ticker } from './tick.ts';

function beat(): {
  clock: ManualClock;
  ticker: Ticker;
  ticks: { atMs: number; live: boolean }[];
  skipped: number[];
  hold: (held: boolean) => void;
} {
  const clock = new ManualClock(0);
  const ticks: { atMs: number; live: boolean }[] = [];
  const skipped: number[] = [];
  const waiting: (() => void)[] = [];
  let held = false;
  const ticker = new Ticker(
    clock,
    {
      onTick: (atMs, live) => ticks.push({ atMs, live }),
      onSkip: (frames) => skipped.push(frames),
    },
    (work) => (held ? waiting.push(work) : work()),
  );
  const hold = (next: boolean): void => {
    held = next;
    if (!held) for (const work of waiting.splice(0)) work();
  };
  return { clock, ticker, ticks, skipped, hold };
}

describe('Ticker', () => {
  it('beats every 20 ms on the absolute schedule, however unevenly time passes', () => {
    const { clock, ticker, ticks } = beat();
    ticker.start();
    for (let i = 0; i < 100; i++) clock.advance(7 + (i % 13));
    expect(ticks.map(({ atMs }) => atMs)).toEqual(ticks.map((_, i) => 20 * (i + 1)));
    expect(ticks).toHaveLength(Math.floor(clock.monotonic() / 20));
    ticker.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('makes up for a short stall and sends only the latest of it', () => {
    const { clock, ticker, ticks, hold } = beat();
    ticker.start();
    hold(true);
    clock.advance(200);
    hold(false);
    expect(ticks.map(({ live }) => live)).toEqual(ticks.map((_, i) => i >= 5));
    expect(ticks).toHaveLength(10);
    expect(ticker.counters['tick.late-10ms']).toBe(1);
  });

  it('skips what is older than a second and stays on schedule', () => {
    const { clock, ticker, ticks, skipped, hold } = beat();
    ticker.start();
    hold(true);
    clock.advance(5000);
    hold(false);
    expect(skipped).toEqual([200]);
    expect(ticks).toHaveLength(50);
    expect(ticks.at(-1)?.atMs).toBe(5000);
    clock.advance(20);
    expect(ticks.at(-1)).toEqual({ atMs: 5020, live: true });
  });
});
