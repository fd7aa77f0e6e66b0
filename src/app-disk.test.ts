import { expect, test } from 'vitest';
import { DiskWatch } from './app-disk.ts';
import { ManualClock, silentLogger } from './base/index.ts';
import type { FloorEvent } from './calls/index.ts';

const MEBIBYTE = 1024 ** 2;

/** A watched disk with so many MiB free; `become` changes that and lets it be seen. */
async function watched(free: number) {
  const clock = new ManualClock();
  const told: string[] = [];
  const publish = (event: FloorEvent): void => {
    if (event.type === 'notice') told.push(event.code);
  };
  const watch = new DiskWatch({
    dataDir: '/',
    clock,
    log: silentLogger,
    events: { publish, subscribe: () => () => undefined },
    freeBytes: async () => free * MEBIBYTE,
  });
  await watch.start();
  const use = (now: number): void => void (free = now);
  const become = async (now: number): Promise<string> => {
    use(now);
    clock.advance(5_000);
    for (let i = 0; i < 20; i++) await Promise.resolve();
    const { ready, detail } = watch.readiness();
    if (!ready) return 'full';
    return detail.includes('little room') ? 'low' : 'room';
  };
  return { watch, told, use, become, clock };
}

test('a disk near a threshold is not told of again and again', async () => {
  const { watch, told, become, clock } = await watched(33);
  for (const free of [31, 33, 31, 63]) expect([free, await become(free)]).toEqual([free, 'full']);
  expect(told).toEqual(['disk-full']);
  for (const free of [64, 33, 1025]) expect([free, await become(free)]).toEqual([free, 'low']);
  expect(told).toEqual(['disk-full', 'disk-room']);
  for (const free of [1200, 1025]) expect([free, await become(free)]).toEqual([free, 'room']);
  expect(await become(1023)).toBe('low');
  watch.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('whoever asks whether it is ready hears of the last look and causes none', async () => {
  const { watch, told, use, become } = await watched(2_000);
  use(1);
  expect(watch.readiness()).toEqual({ ready: true, detail: '2000 MiB free' });
  expect(told).toEqual([]);
  expect(await become(1)).toBe('full');
  watch.stop();
});
