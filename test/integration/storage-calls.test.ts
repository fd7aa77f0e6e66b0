import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, E164, LegId, OperatorId } from '../../src/base/index.ts';
import type { CallState, OperatorState } from '../../src/calls/index.ts';
import type { SeenCall, StoredCall, StoredLeg } from '../../src/engine/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { T0, callState, storedCall } from '../harness/storage-records.ts';

let database: TestDatabase;
let storage: Storage;

beforeAll(async () => {
  database = await testDatabase();
  storage = database.open();
});
afterAll(async () => {
  await database.drop();
});

const seen = (version: number, legs: StoredCall['legs'] = []): SeenCall => ({ version, legs });

const arrival = { from: 'none', event: 'arrived', at: T0 };

async function insert(id: string, change: Partial<CallState> = {}): Promise<StoredCall> {
  const call = storedCall(callState(id, change));
  await storage.calls.insert(call, arrival);
  return call;
}

async function columnsOf(id: string): Promise<Record<string, unknown> | undefined> {
  const [row] = await database.sql<Record<string, unknown>>(
    `select version, phase, subscriber_id, did, caller_number, operator_id, answered_by, arrived_at,
       answered_at, ended_at, termination_class, termination_reason, is_open
     from call where id = $1`,
    [id],
  );
  return row;
}

describe('call store', () => {
  it('gives back the call as it was stored, and its columns say the same', async () => {
    const call = storedCall(callState('call_a'), {
      legs: [{ id: asId('leg_a'), role: 'caller', kind: 'browser', sip: null, localSdp: 'v=0' }],
      pendingEffects: [{ type: 'ringCaller' }],
    });
    await storage.calls.insert(call, arrival);
    const open = await storage.calls.openCalls();
    expect(open.find((c) => c.state.id === 'call_a')).toEqual(call);
    expect(await columnsOf('call_a')).toEqual({
      version: 1,
      phase: 'waiting',
      subscriber_id: 'sub_1',
      did: '+81301234567',
      caller_number: '+819001234567',
      operator_id: null,
      answered_by: null,
      arrived_at: new Date(T0),
      answered_at: null,
      ended_at: null,
      termination_class: null,
      termination_reason: null,
      is_open: true,
    });
  });

  it('writes what queries ask of a call with every save of it', async () => {
    const call = await insert('call_h');
    const { subscriberId, did } = call.state.called;
    const unchanged = {
      subscriber_id: subscriberId,
      did,
      caller_number: call.state.caller.number,
      arrived_at: new Date(T0),
    };
    const operator = { operatorId: asId<OperatorId>('op_1'), legId: asId<LegId>('leg_o') };
    const device = { kind: 'browser', legId: operator.legId } as const;
    const offer = { ...operator, device, since: T0 };
    const transition = { from: 'waiting', event: 'x', at: T0 };
    await storage.calls.save(
      storedCall(callState('call_h', { version: 2, phase: 'offering', offer })),
      seen(1),
      transition,
    );
    expect(await columnsOf('call_h')).toMatchObject({
      ...{ ...unchanged, version: 2, phase: 'offering', operator_id: 'op_1', answered_by: null },
      ...{ answered_at: null, is_open: true },
    });
    const ended = callState('call_h', {
      ...{ version: 3, phase: 'ended', answeredAt: T0 + 5, endedAt: T0 + 9 },
      ...{ answeredBy: operator.operatorId, termination: { class: 'caller', reason: 'hung-up' } },
    });
    const owing = storedCall(ended, { pendingEffects: [{ type: 'applySound' }] });
    const leg = { id: asId<LegId>('leg_a'), role: 'caller', kind: 'sip' } as const;
    await storage.calls.save({ ...owing, legs: [{ ...leg, sip: null, localSdp: '' }] }, seen(2), {
      ...transition,
      from: 'offering',
    });
    const over = {
      ...{ ...unchanged, version: 3, phase: 'ended', operator_id: null, answered_by: 'op_1' },
      ...{ answered_at: new Date(T0 + 5), ended_at: new Date(T0 + 9) },
      ...{ termination_class: 'caller', termination_reason: 'hung-up' },
    };
    expect(await columnsOf('call_h')).toEqual({ ...over, is_open: true });
    await storage.calls.save(storedCall(ended), seen(3), null);
    expect(await columnsOf('call_h')).toEqual({ ...over, is_open: false });
  });

  it('saves a new version with its transition, and refuses a version already passed', async () => {
    const call = await insert('call_b');
    const next = storedCall(
      callState('call_b', { version: 2, phase: 'talking', answeredAt: T0 + 5 }),
    );
    const transition = { from: 'waiting', event: 'x', at: T0 + 5 };
    expect(await storage.calls.save(next, seen(1), transition)).toBe(true);
    // Once more, because its answer was lost.
    expect(await storage.calls.save(next, seen(1), transition)).toBe(true);
    expect(await storage.calls.save({ ...call, owner: 'boot-9' }, seen(2), null)).toBe(false);
    const log = await database.sql<{ version: number; to_phase: string; at: Date }>(
      `select version, to_phase, at from call_transition where call_id = 'call_b' order by version`,
    );
    expect(log).toEqual([
      { version: 1, to_phase: 'waiting', at: new Date(T0) },
      { version: 2, to_phase: 'talking', at: new Date(T0 + 5) },
    ]);
  });

  it('writes no transition when the save is refused', async () => {
    await insert('call_c');
    const next = storedCall(callState('call_c', { version: 2 }), { owner: 'another' });
    const transition = { from: 'a', event: 'x', at: T0 };
    expect(await storage.calls.save(next, seen(1), transition)).toBe(false);
    const log = await database.sql(`select 1 from call_transition where call_id = 'call_c'`);
    expect(log).toHaveLength(1);
  });

  it("writes the legs that have changed, each in its place, and none of a call that is another process's", async () => {
    const leg = (name: string, localSdp: string): StoredLeg => ({
      ...{ id: asId(name), role: 'contact', kind: 'sip', sip: null, localSdp },
    });
    const [a, b, c] = [leg('leg_a', 'a'), leg('leg_b', 'b'), leg('leg_c', 'c')];
    const call = storedCall(callState('call_legs'), { legs: [a, b] });
    await storage.calls.insert(call, arrival);
    const legs = async (): Promise<unknown> =>
      (await storage.calls.openCalls()).find(({ state }) => state.id === 'call_legs')?.legs;
    expect(await legs()).toEqual([a, b]);

    const changed = { ...call, legs: [leg('leg_a', 'new'), b, c] };
    expect(await storage.calls.save(changed, seen(1, [a, b]), null)).toBe(true);
    expect(await legs()).toEqual(changed.legs);

    // What is known to be there is not written again.
    await database.sql(
      `update call_leg set leg = '"untouched"' where position = 1 and call_id = $1`,
      ['call_legs'],
    );
    const later = storedCall(callState('call_legs', { version: 2, phase: 'talking' }), {
      legs: [changed.legs[0]!, b, leg('leg_c', 'new')],
    });
    const transition = { from: 'waiting', event: 'x', at: T0 };
    expect(await storage.calls.save(later, seen(1, changed.legs), transition)).toBe(true);
    expect(await legs()).toEqual([later.legs[0], 'untouched', later.legs[2]]);

    // Behind: nothing of it is known to be there.
    const ahead = { ...later, state: callState('call_legs', { version: 4 }) };
    expect(await storage.calls.save(ahead, seen(2), null)).toBe(true);
    expect(await legs()).toEqual(later.legs);

    const theirs = { ...ahead, owner: 'another', legs: [a, b, c] };
    for (const line of [null, transition]) {
      expect(await storage.calls.save(theirs, seen(4), line)).toBe(false);
    }
    await storage.calls.insert(theirs, arrival);
    expect(await legs()).toEqual(later.legs);
  });

  it('takes no save that was overtaken by a later one', async () => {
    await insert('call_d');
    const at = (version: number) =>
      storedCall(callState('call_d', { version, phase: version === 3 ? 'talking' : 'held' }));
    expect(await storage.calls.save(at(3), seen(1), null)).toBe(true);
    expect(await storage.calls.save(at(2), seen(1), null)).toBe(false);
    const found = (await storage.calls.openCalls()).find(({ state }) => state.id === 'call_d');
    expect(found?.state).toMatchObject({ version: 3, phase: 'talking' });
  });

  it('is inserted again by its owner, whose answer was lost, and by nobody else', async () => {
    const call = await insert('call_g');
    const line = { from: 'new', event: 'x', at: T0 };
    const later = storedCall(callState('call_g', { version: 2, phase: 'talking' }));
    await storage.calls.insert({ ...later, owner: 'another' }, line);
    const phase = async (): Promise<string | undefined> =>
      (await storage.calls.openCalls()).find(({ state }) => state.id === call.state.id)?.state
        .phase;
    expect(await phase()).toBe('waiting');
    await storage.calls.insert(later, line);
    expect(await phase()).toBe('talking');
  });

  it('keeps an ended call among the open ones until its effects are done', async () => {
    await insert('call_e');
    const ended = callState('call_e', { version: 2, phase: 'ended', endedAt: T0 });
    const effect = { type: 'applySound' } as const;
    await storage.calls.save(storedCall(ended, { pendingEffects: [effect] }), seen(1), null);
    const isOpen = async (): Promise<boolean> =>
      (await storage.calls.openCalls()).some((c) => c.state.id === 'call_e');
    expect(await isOpen()).toBe(true);
    await storage.calls.save(storedCall(ended), seen(2), null);
    expect(await isOpen()).toBe(false);
  });

  it('is adopted by one process only', async () => {
    await insert('call_f');
    const id = asId<CallId>('call_f');
    const taken = await Promise.all(
      ['b', 'c', 'd'].map((owner) => storage.calls.adopt(id, 'boot-1', owner)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
  });
});

async function operator(id: string, change: Record<string, unknown> = {}): Promise<void> {
  const row = {
    id,
    key: id,
    name: `${id} さん`,
    device_kind: 'browser',
    starts_available: false,
    state: 'available',
    state_since: new Date(T0).toISOString(),
    idle_since: new Date(T0).toISOString(),
    leg_id: `leg-${id}`,
    sip_auto_answer: false,
    ring_no_answer_count: 0,
    ...change,
  };
  await database.sql(
    `insert into operator select * from json_populate_record(null::operator, $1)`,
    [JSON.stringify(row)],
  );
}

const claim = (
  callId: string,
  options: { excluded?: string[]; registered?: string[] } = {},
): ReturnType<Storage['floor']['claimLongestIdle']> =>
  storage.floor.claimLongestIdle({
    callId: asId(callId),
    excluded: (options.excluded ?? []).map((id) => asId<OperatorId>(id)),
    registered: options.registered ?? [],
    now: T0 + 1000,
  });

describe('floor store', () => {
  const clear = (): Promise<unknown> => database.sql('delete from operator');

  it('claims the longest idle who is available, reachable and not excluded', async () => {
    await clear();
    const at = (seconds: number): string => new Date(T0 - seconds * 1000).toISOString();
    await operator('op_away', { state: 'away', idle_since: at(100) });
    await operator('op_mute', { leg_id: null, idle_since: at(90) });
    await operator('op_phone', {
      device_kind: 'sip',
      sip_username: '101',
      leg_id: null,
      idle_since: at(80),
    });
    await operator('op_tried', { idle_since: at(70) });
    await operator('op_right', { idle_since: at(60) });
    await operator('op_later', { idle_since: at(50) });
    const claimed = await claim('call_1', { excluded: ['op_tried'] });
    expect(claimed).toMatchObject({ id: 'op_right', state: 'reserved', callId: 'call_1' });
    const phone = await claim('call_2', { excluded: ['op_tried'], registered: ['101'] });
    expect(phone).toMatchObject({ id: 'op_phone', stateSince: T0 + 1000 });
  });

  it('passes over the telephone of somebody whose account was stopped', async () => {
    await clear();
    await operator('op_phone', { device_kind: 'sip', sip_username: '101', leg_id: null });
    const stop = (disabled: boolean): Promise<unknown> =>
      database.sql(
        `insert into "user" (id, name, email, "emailVerified", role, "operatorId", disabled)
          values ('u_phone', '佐藤', 'phone@example.jp', true, 'operator', 'op_phone', $1)
          on conflict (id) do update set disabled = $1`,
        [disabled],
      );
    const one = { callId: asId<CallId>('call_2'), operatorId: asId<OperatorId>('op_phone') };
    try {
      await stop(true);
      expect(await claim('call_1', { registered: ['101'] })).toBeNull();
      const asked = { ...one, states: ['available' as const], registered: ['101'], now: T0 };
      expect(await storage.floor.claim(asked)).toBeNull();
      await stop(false);
      expect(await claim('call_1', { registered: ['101'] })).toMatchObject({ id: 'op_phone' });
    } finally {
      await database.sql(`delete from "user" where id = 'u_phone'`);
    }
  });

  it('gives a call that asks again the operator it has reserved', async () => {
    await clear();
    await operator('op_1');
    await operator('op_2');
    const first = await claim('call_1');
    expect((await claim('call_1'))?.id).toBe(first?.id);
    expect((await claim('call_1', { excluded: [first!.id] }))?.id).not.toBe(first?.id);
  });

  it('never gives one operator to two calls, however many ask at once', async () => {
    for (let round = 0; round < 10; round++) {
      await clear();
      await Promise.all(Array.from({ length: 20 }, (_, i) => operator(`op_${i}`)));
      const claimed = await Promise.all(
        Array.from({ length: 60 }, (_, i) => claim(`call_${round}_${i}`)),
      );
      const ids = claimed.flatMap((operator) => operator?.id ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      const reserved = await database.sql<{ id: string; call_id: string }>(
        `select id, call_id from operator where state = 'reserved'`,
      );
      expect(reserved).toHaveLength(ids.length);
      expect(new Set(reserved.map((row) => row.call_id)).size).toBe(ids.length);
      expect(await storage.floor.anyoneSignedIn()).toBe(true);
    }
  });

  it('keeps the place in the line of one whose caller hung up, not of one who let it ring', async () => {
    await clear();
    await operator('op_1');
    await claim('call_1');
    const id = asId<OperatorId>('op_1');
    const callId = asId<CallId>('call_1');
    expect(await storage.floor.releaseFrom(id, callId, 'available', T0 + 2000)).toBe(true);
    const back = await storage.floor.operator(id);
    expect(back).toMatchObject({ state: 'available', callId: null, idleSince: T0 });
    await claim('call_1');
    expect(await storage.floor.noteRingNoAnswer(id)).toBe(1);
    expect(await storage.floor.releaseFrom(id, callId, 'available', T0 + 3000)).toBe(true);
    const slow = await storage.floor.operator(id);
    expect(slow).toMatchObject({ idleSince: T0 + 1000, ringNoAnswerCount: 1 });
  });

  it('releases only from the call asked, and counts idleness from the end of work', async () => {
    await clear();
    await operator('op_1');
    await claim('call_1');
    const id = asId<OperatorId>('op_1');
    const other = asId<CallId>('call_other');
    expect(await storage.floor.releaseFrom(id, other, 'available', T0)).toBe(false);
    const states: OperatorState[] = ['busy', 'wrap-up'];
    for (const state of states) {
      const callId = asId<CallId>('call_1');
      expect(await storage.floor.setState(id, state, { callId, now: T0 + 5000 })).toBe(true);
      const changed = await storage.floor.operator(id);
      expect(changed).toMatchObject({ state, callId: 'call_1', ringNoAnswerCount: 0 });
    }
    const one = asId<CallId>('call_1');
    expect(await storage.floor.releaseFrom(id, one, 'available', T0 + 9000)).toBe(true);
    const free = await storage.floor.operator(id);
    expect(free).toMatchObject({ callId: null, idleSince: T0 + 9000, stateSince: T0 + 9000 });
  });

  it('ends the audio it is asked to end, not a newer one', async () => {
    await clear();
    await operator('op_1');
    const id = asId<OperatorId>('op_1');
    const [former, present] = [asId<LegId>('leg_1'), asId<LegId>('leg_2')];
    await storage.floor.setAudio(id, { legId: present, deskId: 'desk-one' });
    await storage.floor.endAudio(id, former);
    expect(await storage.floor.operator(id)).toMatchObject({ legId: present, deskId: 'desk-one' });
    await storage.floor.endAudio(id, present);
    expect(await storage.floor.operator(id)).toMatchObject({ legId: null, deskId: null });
  });

  it('finds the operator of an account', async () => {
    await clear();
    await operator('op_u');
    await database.sql(
      `insert into "user" (id, name, email, role, "operatorId")
       values ('usr_1', '佐藤', 'sato@example.jp', 'operator', 'op_u')`,
    );
    const found = await storage.callQueries.operatorByUser(asId('usr_1'));
    expect(found).toMatchObject({ id: 'op_u', userId: 'usr_1' });
    expect(await storage.callQueries.operatorByUser(asId('usr_2'))).toBeNull();
  });
});

describe('earlier calls', () => {
  it('say how each ended, the newest first', async () => {
    const caller = { ...callState('x').caller, number: asId<E164>('+819001239999') };
    const past = async (
      id: string,
      minutes: number,
      change: Partial<CallState>,
    ): Promise<StoredCall> => insert(id, { caller, arrivedAt: T0 + minutes * 60_000, ...change });
    const by = (who: 'caller' | 'operator' | 'platform'): CallState['termination'] => ({
      class: who,
      reason: who === 'platform' ? 'media-lost' : 'hung-up',
    });
    await past('call_e1', 1, { termination: by('caller') });
    await past('call_e2', 2, { termination: by('operator'), answeredAt: T0 });
    await past('call_e3', 3, { termination: by('platform'), answeredAt: T0 });
    await past('call_e4', 4, { termination: by('caller'), answeredAt: T0 });
    await database.sql(
      `insert into call_transition values ('call_e4', 9, 'consulting', 'relayed', 'x', now())`,
    );
    await past('call_e5', 5, {});
    await past('call_e6', 6, { termination: { class: 'upstream', reason: 'customer-busy' } });
    await past('call_e7', 7, { termination: by('operator') });
    const lost = { class: 'indeterminate', reason: 'line-lost' } as const;
    await past('call_e8', 8, { termination: lost, answeredAt: T0 });
    const earlier = await storage.callQueries.earlierCalls({
      caller: caller.number,
      subscriberId: asId('sub_1'),
      before: asId('call_now'),
      limit: 8,
    });
    expect(earlier.map(({ callId, outcome }) => [callId, outcome])).toEqual([
      ['call_e8', 'line-lost'],
      ['call_e7', 'cancelled'],
      ['call_e6', 'customer-busy'],
      ['call_e5', null],
      ['call_e4', 'relayed'],
      ['call_e3', 'fault'],
      ['call_e2', 'answered'],
      ['call_e1', 'abandoned'],
    ]);
  });
});
