import { expect, test } from 'vitest';
import { asId } from '../base/index.ts';
import type { OperatorId } from '../base/index.ts';
import type { CallActor } from './call-actor.ts';
import { WaitingLine } from './waiting-line.ts';

const HANA = asId<OperatorId>('operator_hana');
const YUKI = asId<OperatorId>('operator_yuki');

/** A line of calls, the first of which waits longest, and who of them is told. */
function lineOf(...names: string[]): {
  line: WaitingLine;
  calls: CallActor[];
  told: string[];
  /** What the call that was told first has done with it is stored. */
  settle: () => Promise<void>;
} {
  const told: string[] = [];
  const open: (() => void)[] = [];
  const calls = names.map((name) => {
    const [id, tried] = name.split(' tried ');
    return {
      state: { triedOperators: tried === undefined ? [] : [asId(tried)] },
      post: () => {
        told.push(id ?? '');
        return new Promise<void>((resolve) => open.push(resolve));
      },
    } as unknown as CallActor;
  });
  const registry = {
    longestWaiting: (isMeant: (call: CallActor) => boolean) => calls.find(isMeant),
  };
  return {
    line: new WaitingLine(registry),
    calls,
    told,
    settle: async () => {
      open.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('each who becomes free is told to another call, to the one that waits longest first', async () => {
  const { line, told, settle } = lineOf('first', 'second');
  line.somebodyIsFree(HANA);
  line.somebodyIsFree(YUKI);
  expect(told).toEqual(['first', 'second']);
  // Both are looking.
  line.somebodyIsFree(null);
  expect(told).toHaveLength(2);
  await settle();
  line.somebodyIsFree(HANA);
  expect(told).toEqual(['first', 'second', 'first']);
});

test('a call that is looking is not told, and looks again when it found nobody and nobody else was told', () => {
  const { line, calls, told } = lineOf('only');
  const [only] = calls;
  line.looks(only!);
  expect(line.foundNobody(only!)).toBe(false);
  line.looks(only!);
  line.somebodyIsFree(HANA);
  expect(told).toEqual([]);
  expect(line.foundNobody(only!)).toBe(true);
  // From here on it waits.
  line.somebodyIsFree(HANA);
  expect(told).toEqual(['only']);
});

test('a call that somebody did not take is not told of her: the next one is', () => {
  const { line, told } = lineOf('first tried operator_hana', 'second');
  line.somebodyIsFree(HANA);
  expect(told).toEqual(['second']);
  line.somebodyIsFree(YUKI);
  expect(told).toEqual(['second', 'first']);
});
