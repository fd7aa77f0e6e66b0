import { expect, test, vi } from 'vitest';
import { ManualClock, deferred, silentLogger } from '../base/index.ts';
import type { Deferred } from '../base/index.ts';
import type { RunningProcess } from './running-process.ts';
import { Supervised } from './supervised.ts';

/** Processes that exist on paper: a pid nobody has, ended by the test. */
class Paper {
  readonly ends: Deferred<string>[] = [];
  refusals = 0;

  launch = (): Promise<RunningProcess> => {
    if (this.refusals > 0) {
      this.refusals -= 1;
      return Promise.reject(new Error('no room'));
    }
    const end = deferred<string>();
    this.ends.push(end);
    const identity = { pid: 2 ** 30 + this.ends.length, startedAt: 'never' };
    return Promise.resolve({ identity, ended: end.promise });
  };

  end(how = 'signal SIGKILL'): void {
    this.ends.at(-1)?.resolve(how);
  }
}

function rig(onFatal?: (ended: string) => void): {
  paper: Paper;
  clock: ManualClock;
  supervised: Supervised;
} {
  const paper = new Paper();
  const clock = new ManualClock();
  const { launch } = paper;
  const supervised = new Supervised({ name: 'x', launch, clock, log: silentLogger, onFatal });
  return { paper, clock, supervised };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

test('a death is followed by a start at once, a second one by a pause', async () => {
  const { paper, clock, supervised } = rig();
  await supervised.start();
  paper.end();
  await settle();
  expect(paper.ends).toHaveLength(2);
  paper.end();
  await settle();
  expect(paper.ends).toHaveLength(2);
  clock.advance(249);
  await settle();
  expect(paper.ends).toHaveLength(2);
  clock.advance(1);
  await settle();
  expect(paper.ends).toHaveLength(3);
});

test('a start that fails is tried again after longer and longer pauses', async () => {
  const { paper, clock, supervised } = rig();
  await supervised.start();
  paper.refusals = 3;
  paper.end();
  await settle();
  for (const pauseMs of [250, 500, 1000]) {
    expect(paper.ends).toHaveLength(1);
    clock.advance(pauseMs);
    await settle();
  }
  expect(paper.ends).toHaveLength(2);
});

test('a first start that fails is the caller’s to know', async () => {
  const { paper, supervised } = rig();
  paper.refusals = 1;
  await expect(supervised.start()).rejects.toThrow('no room');
});

test('stopped means stopped: neither the end nor a pause in progress starts another', async () => {
  const { paper, clock, supervised } = rig();
  await supervised.start();
  paper.end();
  await settle();
  paper.end();
  await settle();
  await supervised.stop([{ signal: 'SIGTERM', waitMs: 1000 }]);
  clock.advance(60_000);
  await settle();
  expect(paper.ends).toHaveLength(2);
});

test('a stop takes the next step when time is up, or at once when hurried', async () => {
  const { clock, supervised } = rig();
  await supervised.start();
  const done = vi.fn();
  const steps = [
    { signal: 'SIGTERM', waitMs: 30_000 },
    { signal: 'SIGINT', waitMs: 5_000 },
    { signal: 'SIGKILL', waitMs: 5_000 },
  ] as const;
  void supervised.stop(steps).then(done);
  await settle();
  supervised.hurry();
  await settle();
  clock.advance(5_000);
  await settle();
  expect(done).not.toHaveBeenCalled();
  clock.advance(5_000);
  await settle();
  expect(done).toHaveBeenCalled();
});

test('an end no restart mends is reported instead of repeated', async () => {
  const onFatal = vi.fn();
  const { paper, supervised } = rig(onFatal);
  await supervised.start();
  paper.end('code 78');
  await settle();
  expect(onFatal).toHaveBeenCalledWith('code 78');
  expect(paper.ends).toHaveLength(1);
});
