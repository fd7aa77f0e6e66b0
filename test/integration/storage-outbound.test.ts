import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, LegId, SubscriberId, TrunkId } from '../../src/base/index.ts';
import { ceilingReached, DEFAULT_OUTBOUND_RULES } from '../../src/subscribers/index.ts';
import type { Ceiling, OutboundRules } from '../../src/subscribers/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { T0 } from '../harness/storage-records.ts';

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
  return from.outbound.begin(
    {
      callId: asId<CallId>(`call_${number}`),
      legId: legOf(number),
      subscriberId: asId<SubscriberId>(subscriber),
      purpose: 'relay',
      number: asId('+819001234567'),
      now,
    },
    (use) => ceilingReached(use, { ...DEFAULT_OUTBOUND_RULES, ...rules }),
  );
}

/** The call as it stands in the database. */
async function storeCall(number: number, phase: string): Promise<void> {
  const state = JSON.stringify({ version: 1, phase, arrivedAt: T0 });
  await database.sql(
    `insert into call (id, state, pending_effects, owner) values ($1, $2, '[]', 'b')
      on conflict (id) do update set state = excluded.state`,
    [`call_${number}`, state],
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
    await storeCall(1, 'talking');
    expect(await begin(1, { rules })).toBeNull();
    const restarted = database.open();
    const now = T0 + 30 * MINUTE_MS;
    expect(await begin(1, { rules, now, from: restarted })).toBeNull();
    expect(await begin(2, { rules, now, from: restarted })).toBe('calls-at-once-of-subscriber');
  });

  it('a call that ended without a word, or was never stored, holds no place', async () => {
    const rules = { callsAtOnceOfSubscriber: 2 };
    await storeCall(1, 'talking');
    await begin(1, { rules });
    await begin(2, { rules });
    expect(await begin(3, { rules })).toBe('calls-at-once-of-subscriber');
    await storeCall(1, 'ended');
    expect(await begin(3, { rules })).toBeNull();
    // Call 2 was never stored: its process died between the two.
    expect(await begin(4, { rules, now: T0 + 2 * MINUTE_MS })).toBeNull();
  });

  it('know how many calls are up over a trunk', async () => {
    const trunk = asId<TrunkId>('trk_1');
    await begin(1);
    await begin(2);
    await storage.outbound.noteTrunk(legOf(1), trunk);
    expect(await storage.outbound.callsUp(trunk, T0)).toBe(1);
    await storage.outbound.end(legOf(1), T0);
    expect(await storage.outbound.callsUp(trunk, T0)).toBe(0);
  });
});
