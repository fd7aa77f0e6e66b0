import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, LegId, SubscriberId, TrunkId } from '../../src/base/index.ts';
import type { CallPhase } from '../../src/calls/index.ts';
import { ceilingReached, DEFAULT_OUTBOUND_RULES } from '../../src/subscribers/index.ts';
import type { Ceiling, OutboundRules } from '../../src/subscribers/index.ts';
import type { TrunkLimit } from '../../src/engine/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { T0, putCall } from '../harness/storage-records.ts';

const MINUTE_MS = 60_000;

let database: TestDatabase;
let storage: Storage;
beforeEach(async () => {
  database = await testDatabase();
  storage = database.open();
});
afterEach(async () => {
  await database.drop();
});

const legOf = (number: number): LegId => asId<LegId>(`leg_${number}`);

type Try = { subscriber?: string; now?: number; rules?: Partial<OutboundRules>; from?: Storage };
function begin(
  number: number,
  { subscriber = 'sub_a', now = T0, rules = {}, from = storage }: Try = {},
): Promise<Ceiling | null> {
  return beginOver([{ id: asId('trk_0'), maxCalls: null }], number, {
    subscriber,
    now,
    rules,
    from,
  }).then(({ reached }) => reached);
}

function beginOver(
  trunks: readonly TrunkLimit[],
  number: number,
  { subscriber = 'sub_a', now = T0, rules = {}, from = storage }: Try = {},
): ReturnType<Storage['outbound']['begin']> {
  return from.outbound.begin(
    {
      callId: asId<CallId>(`call_${number}`),
      legId: legOf(number),
      subscriberId: asId<SubscriberId>(subscriber),
      purpose: 'relay',
      number: asId('+819001234567'),
      now,
    },
    trunks,
    (use) => ceilingReached(use, { ...DEFAULT_OUTBOUND_RULES, ...rules }),
  );
}

describe('ceilings', () => {
  it('fifty calls at the same moment from two processes: exactly as many as may be', async () => {
    const other = database.open();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const rules = { callsAtOnceOfSubscriber: 5 };
        return begin(i, { rules, from: i % 2 === 0 ? storage : other });
      }),
    );
    expect(answers.filter((answer) => answer === null)).toHaveLength(5);
    expect(new Set(answers)).toEqual(new Set([null, 'calls-at-once-of-subscriber']));
  });

  it('count each subscriber alone and the office as a whole', async () => {
    const rules = { callsAtOnceOfSubscriber: 1, callsAtOnce: 2 };
    expect(await begin(1, { rules })).toBeNull();
    expect(await begin(2, { rules })).toBe('calls-at-once-of-subscriber');
    expect(await begin(3, { rules, subscriber: 'sub_b' })).toBeNull();
    expect(await begin(4, { rules, subscriber: 'sub_c' })).toBe('calls-at-once');
    await storage.outbound.end(legOf(1), T0);
    expect(await begin(5, { rules })).toBeNull();
  });

  it('an hour counts calls that are over too, then forgets them', async () => {
    const rules = { callsPerHourOfSubscriber: 2 };
    for (const number of [1, 2]) {
      expect(await begin(number, { rules })).toBeNull();
      await storage.outbound.end(legOf(number), T0 + 1000);
    }
    const late = { rules, now: T0 + 59 * MINUTE_MS };
    expect(await begin(3, late)).toBe('calls-per-hour-of-subscriber');
    expect(await begin(4, { ...late, subscriber: 'sub_b' })).toBeNull();
    expect(await begin(5, { rules, now: T0 + 61 * MINUTE_MS })).toBeNull();
  });

  it('hold after a restart; a leg that is adopted is not counted twice', async () => {
    const rules = { callsAtOnceOfSubscriber: 1 };
    await putCall(storage, 'call_1', { phase: 'talking' });
    expect(await begin(1, { rules })).toBeNull();
    const restarted = database.open();
    const now = T0 + 30 * MINUTE_MS;
    expect(await begin(1, { rules, now, from: restarted })).toBeNull();
    expect(await begin(2, { rules, now, from: restarted })).toBe('calls-at-once-of-subscriber');
  });

  it('a call that ended without a word, or was never stored, holds no place', async () => {
    const rules = { callsAtOnceOfSubscriber: 2 };
    await putCall(storage, 'call_1', { phase: 'talking' });
    await begin(1, { rules });
    await begin(2, { rules });
    expect(await begin(3, { rules })).toBe('calls-at-once-of-subscriber');
    await putCall(storage, 'call_1', { phase: 'ended' });
    expect(await begin(3, { rules })).toBeNull();
    // Call 2 was never stored: its process died between the two.
    expect(await begin(4, { rules, now: T0 + 2 * MINUTE_MS })).toBeNull();
  });
});

describe('the lines of a trunk', () => {
  const [one, other] = [asId<TrunkId>('trk_1'), asId<TrunkId>('trk_2')];
  const rules = { callsAtOnceOfSubscriber: 99 };
  const full = async (number: number, trunks: readonly TrunkLimit[]) => {
    const begun = await beginOver(trunks, number, { rules });
    return begun.reached ?? begun.full;
  };

  it('are held from the start of a call out to its end; then it is the next trunk, then none', async () => {
    const trunks = [
      { id: one, maxCalls: 2 },
      { id: other, maxCalls: 1 },
    ];
    const begun = await Promise.all([1, 2, 3, 4, 5].map((number) => full(number, trunks)));
    const expected = [[], [], [one], 'trunks-full', 'trunks-full'];
    expect(begun.map((said) => JSON.stringify(said)).sort()).toEqual(
      expected.map((said) => JSON.stringify(said)).sort(),
    );
    const held = [1, 2, 3, 4, 5].filter((_, at) => begun[at] !== 'trunks-full');
    // Again, as after an adoption: not counted twice.
    expect(await full(held[0]!, trunks)).not.toBe('trunks-full');
    // What went over another trunk than was meant frees its line there.
    for (const number of held) await storage.outbound.noteTrunk(legOf(number), one);
    expect(await full(6, trunks)).toEqual([one]);
    await storage.outbound.end(legOf(held[0]!), T0);
    await storage.outbound.end(legOf(held[1]!), T0);
    expect(await full(7, trunks)).toEqual([other]);
  });

  it('are held by callers too, while they ring and talk, not in the wrap-up', async () => {
    const trunks = [{ id: one, maxCalls: 1 }];
    const caller = (phase: CallPhase, gone: boolean): Promise<void> => {
      const callerLeg = { id: legOf(8), kind: 'sip', answered: true, gone } as const;
      return putCall(storage, 'call_8', { phase, trunkId: one, callerLeg });
    };
    await caller('waiting', false);
    expect(await full(1, trunks)).toBe('trunks-full');
    await caller('talking', false);
    expect(await full(1, trunks)).toBe('trunks-full');
    await caller('wrap-up', true);
    expect(await full(1, trunks)).toEqual([]);
  });
});
