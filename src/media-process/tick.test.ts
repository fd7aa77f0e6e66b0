import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import type { Beat } from '../media/index.ts';
import { Ticker } from './tick.ts';

function beating(): {
  clock: ManualClock;
  ticker: Ticker;
  beats: (Beat & { live: boolean })[];
  skipped: number[];
  /** When the ticker was awake. */
  woken: number[];
  hold: (held: boolean) => void;
  rest: (idle: boolean) => void;
} {
  const clock = new ManualClock(0);
  const beats: (Beat & { live: boolean })[] = [];
  const skipped: number[] = [];
  const woken: number[] = [];
  const waiting: (() => void)[] = [];
  let [held, idle] = [false, false];
  const ticker = new Ticker(
    clock,
    {
      onBeat: (beat, live) => beats.push({ ...beat, live }),
      onSkip: (frames) => skipped.push(frames),
      isIdle: () => idle,
    },
    (work) => {
      woken.push(clock.monotonic());
      if (held) waiting.push(work);
      else work();
    },
  );
  const hold = (next: boolean): void => {
    held = next;
    if (!held) for (const work of waiting.splice(0)) work();
  };
  const rest = (next: boolean): void => void (idle = next);
  return { clock, ticker, beats, skipped, woken, hold, rest };
}

describe('Ticker', () => {
  it('beats five times a frame on the absolute schedule, however unevenly time passes', () => {
    const { clock, ticker, beats } = beating();
    ticker.start();
    for (let i = 0; i < 100; i++) clock.advance(7 + (i % 13));
    expect(beats.map(({ atMs }) => atMs)).toEqual(beats.map((_, i) => 4 * (i + 1)));
    expect(beats.map(({ turn }) => turn)).toEqual(beats.map((_, i) => i % 5));
    expect(beats.map(({ frame }) => frame)).toEqual(beats.map((_, i) => 1 + Math.floor(i / 5)));
    expect(beats).toHaveLength(Math.floor(clock.monotonic() / 4));
    ticker.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('makes up for a short stall and sends only the latest of it', () => {
    const { clock, ticker, beats, hold } = beating();
    ticker.start();
    hold(true);
    clock.advance(200);
    hold(false);
    expect(beats.map(({ live }) => live)).toEqual(beats.map((_, i) => i >= 25));
    expect(beats).toHaveLength(50);
    expect(ticker.counters).toMatchObject({ 'tick.late-10ms': 1, 'tick.unsent': 5 });
  });

  it('skips whole frames that are older than a second and stays on schedule', () => {
    const { clock, ticker, beats, skipped, hold } = beating();
    ticker.start();
    clock.advance(8);
    hold(true);
    clock.advance(5000);
    hold(false);
    expect(skipped).toEqual([200]);
    expect(beats).toHaveLength(2 + 250);
    expect(beats.at(-1)).toEqual({ atMs: 5008, frame: 251, turn: 1, live: true });
    clock.advance(4);
    expect(beats.at(-1)).toEqual({ atMs: 5012, frame: 251, turn: 2, live: true });
  });

  it('wakes once a frame while nobody waits for it, and leaves no beat out', () => {
    const { clock, ticker, beats, woken, rest } = beating();
    rest(true);
    ticker.start();
    clock.advance(200);
    expect(woken).toEqual(Array.from({ length: 10 }, (_, i) => 20 * (i + 1)));
    expect(beats.map(({ atMs }) => atMs)).toEqual(beats.map((_, i) => 4 * (i + 1)));
    expect(beats).toHaveLength(50);
    expect(ticker.counters['tick.late-10ms']).toBe(0);
    rest(false);
    clock.advance(20);
    woken.length = 0;
    clock.advance(20);
    expect(woken).toHaveLength(5);
  });
});
