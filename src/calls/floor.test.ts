import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { OperatorId } from '../base/index.ts';
import { compareIdle, longestIdle } from './floor.ts';
import type { Operator, OperatorState } from './queries.ts';

function operator(name: string, idleSince: number, state: OperatorState = 'available'): Operator {
  return {
    id: asId<OperatorId>(name),
    key: name,
    name,
    userId: null,
    deviceKind: 'browser',
    sipUsername: null,
    sipUri: null,
    autoAnswers: false,
    number: null,
    state,
    stateSince: idleSince,
    idleSince,
    callId: null,
    legId: null,
    deskId: null,
    ringNoAnswerCount: 0,
  };
}

const always = (): boolean => true;

describe('longestIdle', () => {
  it('takes who has been idle longest', () => {
    const floor = [operator('b', 300), operator('a', 200), operator('c', 100)];
    expect(longestIdle(floor, [], always)?.id).toBe('c');
  });

  it('takes nobody who is excluded, unreachable or not available', () => {
    const floor = [
      operator('a', 1, 'busy'),
      operator('b', 2, 'away'),
      operator('c', 3),
      operator('d', 4),
      operator('e', 5),
    ];
    const found = longestIdle(floor, [asId<OperatorId>('c')], ({ id }) => id !== asId('d'));
    expect(found?.id).toBe('e');
    expect(longestIdle(floor.slice(0, 2), [], always)).toBeNull();
  });

  it('chooses the same one in whatever order the floor is read', () => {
    const anyFloor = fc
      .uniqueArray(fc.record({ id: fc.string({ maxLength: 4 }), idle: fc.nat({ max: 3 }) }), {
        selector: ({ id }) => id,
        minLength: 1,
      })
      .map((rows) => rows.map(({ id, idle }) => operator(id, idle)));
    fc.assert(
      fc.property(anyFloor, (floor) => {
        expect(longestIdle([...floor].reverse(), [], always)).toEqual(
          longestIdle(floor, [], always),
        );
      }),
    );
  });
});

describe('compareIdle', () => {
  it('breaks a tie by id, byte by byte', () => {
    expect(compareIdle(operator('B', 1), operator('a', 1))).toBeLessThan(0);
    expect(compareIdle(operator('a', 1), operator('a', 1))).toBe(0);
  });
});
