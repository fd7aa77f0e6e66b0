import { expect, it } from 'vitest';
import { deferred, ManualClock } from '../base/index.ts';
import { SnapshotPusher } from './snapshot-pusher.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function pusher(build: () => Promise<number | null>, minGapMs = 0) {
  const clock = new ManualClock();
  const sent: number[] = [];
  const errors: Error[] = [];
  const made = new SnapshotPusher<number>({
    build,
    keyOf: String,
    send: (value) => sent.push(value),
    onError: (error) => errors.push(error),
    clock,
    minGapMs,
  });
  return { clock, sent, errors, made };
}

it('changes of one turn make one snapshot', async () => {
  let built = 0;
  const { made, sent } = pusher(() => Promise.resolve(++built));
  made.poke();
  made.poke();
  await settle();
  expect(sent).toEqual([1]);
});

it('a change during the build makes another', async () => {
  const gates = [deferred<number>(), deferred<number>()];
  let built = 0;
  const { made, sent } = pusher(() => gates[built++]!.promise);
  made.poke();
  await settle();
  made.poke();
  gates[0]!.resolve(1);
  await settle();
  gates[1]!.resolve(2);
  await settle();
  expect(sent).toEqual([1, 2]);
});

it('what says the same is not sent again', async () => {
  const { made, sent } = pusher(() => Promise.resolve(7));
  made.poke();
  await settle();
  made.poke();
  await settle();
  expect(sent).toEqual([7]);
});

it('a gap holds the next snapshot back, and a stop ends the wait', async () => {
  let built = 0;
  const { made, sent, clock } = pusher(() => Promise.resolve(++built), 250);
  made.poke();
  await settle();
  made.poke();
  await settle();
  expect(sent).toEqual([1]);
  clock.advance(250);
  await settle();
  expect(sent).toEqual([1, 2]);
  made.stop();
  await settle();
  expect(clock.pendingTimers).toBe(0);
});

it('a failed build is said and tried again', async () => {
  let built = 0;
  const { made, sent, errors, clock } = pusher(() =>
    ++built === 1 ? Promise.reject(new Error('no database')) : Promise.resolve(built),
  );
  made.poke();
  await settle();
  expect(errors).toHaveLength(1);
  clock.advance(1_000);
  await settle();
  expect(sent).toEqual([2]);
});
