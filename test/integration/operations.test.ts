import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, ContactId, E164, LegId, OperatorId } from '../../src/base/index.ts';
import { soundOf } from '../../src/calls/index.ts';
import type { CallState } from '../../src/calls/index.ts';
import { EngineRig, TestOutbound, TestPhone, testDatabase } from '../harness/engine-rig.ts';
import type { TestDatabase } from '../harness/engine-rig.ts';
import { until } from '../harness/platform.ts';

/* Every operation on a call that is up, on real sockets and a real database; no sound is made. */

const RTP_ANSWER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40002 RTP/AVP 0',
  '',
].join('\r\n');
const BROWSER_OFFER = RTP_ANSWER.replace('40002 RTP/AVP', '9 UDP/TLS/RTP/SAVPF');
const HANAKO = asId<E164>('+819001234568');
const JIRO = asId<E164>('+819001234569');
const DONE = { ok: true, value: null };

let database: TestDatabase;
let rig: EngineRig;
let outbound: TestOutbound;
let trunk: TestPhone;
let hanako: TestPhone;
let jiro: TestPhone;

beforeEach(async () => {
  database = await testDatabase();
  [trunk, hanako, jiro] = await Promise.all([TestPhone.open(), TestPhone.open(), TestPhone.open()]);
  outbound = new TestOutbound(
    new Map([
      [HANAKO, hanako.uri],
      [JIRO, jiro.uri],
    ]),
  );
  rig = await EngineRig.start(database, { outbound });
  await office();
});

afterEach(async () => {
  await rig.die();
  await Promise.all([trunk.close(), hanako.close(), jiro.close()]);
  await database.drop();
});

async function office(): Promise<void> {
  const desk = (id: string) => ({
    id,
    name: id,
    role: 'operator' as const,
    device: { kind: 'browser' as const },
  });
  const contact = (id: string, phone: string | null) => {
    return { id, name: id, kana: '', title: '', phone, email: null };
  };
  const outcome = await rig.storage.center.apply({
    version: 1,
    name: '電話番センター',
    settings: { ringNoAnswerSeconds: 3, maxWaitSeconds: 5 },
    trunks: [
      {
        id: 'carrier',
        name: 'Carrier',
        addresses: ['127.0.0.1'],
        mediaNetworks: [],
        dialedNumberFrom: 'request-uri',
        trustAssertedIdentity: true,
      } as never,
    ],
    subscribers: [
      {
        id: 'sakura',
        name: 'さくら法律事務所',
        kana: '',
        greeting: 'さくら法律事務所でございます。',
        greetingKana: '',
        note: '',
        timeZone: 'Asia/Tokyo',
        numbers: [{ number: '03-0123-4567', label: '' }],
        contacts: [
          contact('hanako', '090-0123-4568'),
          contact('jiro', '090-0123-4569'),
          contact('taro', null),
        ],
        mailRoutes: [],
        members: [],
      } as never,
    ],
    operators: [desk('one'), desk('two'), desk('boss')],
  } as never);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues));
}

const actorOf = (id: CallId) => rig.engine.registry.get(id);
const stateOf = (id: CallId): CallState => {
  const state = actorOf(id)?.state;
  if (!state) throw new Error('the call is over');
  return state;
};
const phaseOf = (id: CallId) => actorOf(id)?.state.phase;

async function seat(key: string, available = true): Promise<OperatorId> {
  const found = (await rig.storage.floor.operators()).find((operator) => operator.key === key)!;
  const opened = await rig.desk.openAudio(found.id, `desk-${key}-1`, BROWSER_OFFER);
  expect(opened.ok).toBe(true);
  rig.attended.add(found.id);
  if (available) expect(await rig.desk.setPresence(found.id, 'available')).toEqual(DONE);
  return found.id;
}

function contactOf(key: string): ContactId {
  const [subscriber] = rig.storage.directory.subscribers();
  return rig.storage.directory.contactsOf(subscriber!.id).find((one) => one.key === key)!.id;
}

type Talk = { id: CallId; one: OperatorId; seen: ReturnType<TestPhone['call']>['seen'] };

/** A caller and operator one, talking. */
async function talking(): Promise<Talk> {
  const one = await seat('one');
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => rig.engine.openCalls.length === 1, 5_000);
  const id = rig.engine.openCalls[0]!;
  await until(() => phaseOf(id) === 'offering', 3_000);
  await rig.desk.answer(one, id);
  await until(() => phaseOf(id) === 'talking', 3_000);
  return { id, one, seen };
}

/** What the media plane does is what the call's state says, and nothing else. */
async function heardAsSaid(id: CallId): Promise<void> {
  const seenBy = async (): Promise<[string, string]> => {
    const found = await rig.media.inventory();
    if (!found.ok) throw new Error(found.reason);
    const { hearing, playing, recording } = soundOf(stateOf(id));
    const rows = (list: unknown[]) => list.map((one) => JSON.stringify(one)).sort();
    const wanted = {
      hearing: rows(hearing),
      playing: rows(playing.map(({ leg, source }) => [leg, source])),
      recording: recording && [recording.id, recording.paused],
    };
    const there = {
      hearing: rows(found.value.hearing),
      playing: rows(found.value.playbacks.map((one) => [one.leg, one.id.split(':')[1]])),
      recording: found.value.recordings.map((one) => [one.recordingId, one.paused])[0] ?? null,
    };
    return [JSON.stringify(there), JSON.stringify(wanted)];
  };
  await expect
    .poll(async () => (await seenBy()).reduce((a, b) => (a === b ? 'same' : `${a}\n${b}`)), {
      timeout: 3_000,
    })
    .toBe('same');
}

/** The app dies at this moment; another one goes on. */
async function restart(): Promise<void> {
  const { media, port, attended } = rig;
  await rig.die();
  outbound.begun.clear();
  rig = await EngineRig.start(database, { media, port, outbound });
  for (const operator of attended) rig.attended.add(operator);
}

async function consulting(talk: Talk): Promise<void> {
  const to = [{ contactId: contactOf('hanako') }];
  const wish = { to, order: 'one-after-another', announce: 'operator' } as const;
  expect(await rig.operations.relay(talk.one, talk.id, wish)).toEqual(DONE);
  await until(() => hanako.invites.length === 1, 3_000);
  hanako.pickUp(RTP_ANSWER);
  await until(() => phaseOf(talk.id) === 'consulting', 3_000);
}

async function over(): Promise<void> {
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  await until(() => outbound.begun.size === 0, 2_000);
  expect(rig.media.openLegs.filter((leg) => !rig.engine.deskAudio.owns(leg))).toEqual([]);
  await until(() => rig.sip.agent.counts.dialogs === 0, 3_000);
}

const byes = (phone: TestPhone): number =>
  phone.requests.filter(({ method }) => method === 'BYE').length;

describe('hold', () => {
  test('music for the caller, then back; mute and pause are heard and undone', async () => {
    const { id, one, seen } = await talking();
    const other = asId<OperatorId>('op_other');
    expect(await rig.operations.hold(other, id)).toEqual({ ok: false, reason: 'not-your-call' });
    expect(await rig.operations.hold(one, id)).toEqual(DONE);
    await heardAsSaid(id);
    expect(rig.media.heardBy(stateOf(id).callerLeg.id)).toEqual({});
    expect(await rig.operations.hold(one, id)).toEqual({ ok: false, reason: 'not-possible-now' });
    expect(await rig.desk.hangUp(one, id)).toEqual({ ok: false, reason: 'not-possible-now' });
    expect(await rig.operations.retrieve(one, id, null)).toEqual(DONE);
    await heardAsSaid(id);
    expect(await rig.operations.mute(one, id, true)).toEqual(DONE);
    expect(rig.media.heardBy(stateOf(id).callerLeg.id)).toEqual({});
    await rig.operations.mute(one, id, false);
    expect(await rig.operations.pauseRecording(one, id, true)).toEqual(DONE);
    await heardAsSaid(id);
    await rig.operations.pauseRecording(one, id, false);
    await heardAsSaid(id);
    expect(await rig.operations.sendDigits(one, id, '12#')).toEqual(DONE);
    expect(rig.media.commands.at(-1)).toMatchObject({ type: 'sendDigits', digits: '12#' });
    await rig.operations.hold(one, id);
    await trunk.bye(seen.dialog!);
    await until(() => phaseOf(id) === 'wrap-up', 3_000);
    await rig.desk.finishWrapUp(one, id);
    await over();
    const log = await database.sql<{ event: string }>(
      `select event from call_transition where event like 'recording.%' order by version`,
    );
    expect(log.map(({ event }) => event)).toEqual(['recording.paused', 'recording.resumed']);
  });
});

describe('relay', () => {
  test('consult, connect: the operator is free, caller and contact talk on until one hangs up', async () => {
    const talk = await talking();
    const { id, one, seen } = talk;
    await consulting(talk);
    await heardAsSaid(id);
    expect(await rig.operations.connect(one, id)).toEqual(DONE);
    await heardAsSaid(id);
    expect(phaseOf(id)).toBe('relayed');
    expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'wrap-up' });
    await rig.desk.finishWrapUp(one, id);
    expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'available' });
    expect(phaseOf(id)).toBe('relayed');
    await trunk.bye(seen.dialog!);
    await until(() => byes(hanako) === 1, 3_000);
    await over();
    expect(byes(hanako)).toBe(1);
    const { messages } = await rig.storage.messages.list({ limit: 10 });
    expect(messages).toEqual([]);
  });

  test('back to the caller with a reason; engaged, declined and wrong numbers say so', async () => {
    const talk = await talking();
    const { id, one } = talk;
    await consulting(talk);
    expect(await rig.operations.retrieve(one, id, 'voicemail')).toEqual(DONE);
    await until(() => byes(hanako) === 1, 3_000);
    expect(stateOf(id)).toMatchObject({
      phase: 'talking',
      contacts: [],
      relay: { outcomes: [{ name: 'hanako', reason: 'voicemail' }] },
    });
    await heardAsSaid(id);
    hanako.onInvite = (invite) => invite.reject(486);
    jiro.onInvite = (invite) => invite.reject(404);
    const to = [{ contactId: contactOf('hanako') }, { contactId: contactOf('jiro') }];
    await rig.operations.relay(one, id, { to, order: 'one-after-another', announce: 'operator' });
    await until(() => phaseOf(id) === 'held', 3_000);
    expect(stateOf(id).relay?.outcomes.map(({ reason }) => reason)).toEqual([
      'voicemail',
      'busy',
      'wrong-number',
    ]);
    await heardAsSaid(id);
    const unknown = { number: asId<E164>('+811234567890'), name: '' };
    await rig.operations.relay(one, id, {
      to: [unknown],
      order: 'together',
      announce: 'operator',
    });
    await until(() => phaseOf(id) === 'held', 3_000);
    expect(stateOf(id).relay?.outcomes.at(-1)?.reason).toBe('not-allowed');
    const nowhere = { to: [{ contactId: contactOf('taro') }], order: 'together' } as const;
    expect(await rig.operations.relay(one, id, { ...nowhere, announce: 'operator' })).toEqual({
      ok: false,
      reason: 'no-number',
    });
  });

  test('announced by the system: both ring, 3 asks for a moment, 1 connects, the other stops ringing', async () => {
    const { id, one, seen } = await talking();
    const to = [{ contactId: contactOf('hanako') }, { contactId: contactOf('jiro') }];
    await rig.operations.relay(one, id, { to, order: 'together', announce: 'system' });
    await until(() => hanako.invites.length === 1 && jiro.invites.length === 1, 3_000);
    jiro.pickUp(RTP_ANSWER);
    const legOf = (name: string): LegId =>
      stateOf(id).contacts.find((contact) => contact.name === name)!.legId;
    await until(() => stateOf(id).contacts.some(({ state }) => state === 'announcing'), 3_000);
    await heardAsSaid(id);
    const press = (digit: string): void => {
      rig.media.emit({ type: 'leg.dtmf', leg: legOf('jiro'), at: 0, digit, durationMs: 100 });
    };
    press('3');
    await until(() => stateOf(id).contacts.some(({ state }) => state === 'waiting'), 3_000);
    await heardAsSaid(id);
    press('1');
    await until(() => phaseOf(id) === 'relayed', 3_000);
    await heardAsSaid(id);
    await until(() => hanako.invites[0]!.state === 'ended', 3_000);
    await trunk.bye(seen.dialog!);
    await until(() => phaseOf(id) === 'wrap-up', 3_000);
    await rig.desk.finishWrapUp(one, id);
    await over();
  });

  test('three-way, then the contact leaves; blind transfer, and back to the floor when it fails', async () => {
    const talk = await talking();
    const { id, one } = talk;
    await consulting(talk);
    expect(await rig.operations.threeWay(one, id)).toEqual(DONE);
    await heardAsSaid(id);
    await hanako.hangUp();
    await until(() => phaseOf(id) === 'talking', 3_000);
    await heardAsSaid(id);
    jiro.onInvite = (invite) => invite.reject(503);
    const to = { contactId: contactOf('jiro') };
    expect(await rig.operations.transfer(one, id, to)).toEqual(DONE);
    await until(() => phaseOf(id) === 'waiting', 3_000);
    await heardAsSaid(id);
    expect(stateOf(id).wrappingUp?.operatorId).toBe(one);
    await rig.desk.finishWrapUp(one, id);
    await until(() => phaseOf(id) === 'offering', 3_000);
    await rig.desk.answer(one, id);
    await until(() => phaseOf(id) === 'talking', 3_000);
    await heardAsSaid(id);
  });
});

describe('park, hand over, monitor', () => {
  test('one of two desks has the parked call, with the draft; the other is told plainly', async () => {
    const { id, one } = await talking();
    await rig.storage.messages.putField(
      {
        callId: id,
        operatorId: one,
        field: 'body',
        value: '至急',
        deskId: 'desk-one-1',
        clientSeq: 1,
      },
      Date.now(),
    );
    expect(await rig.operations.park(one, id, '鈴木様')).toEqual(DONE);
    await heardAsSaid(id);
    expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'available' });
    expect(await rig.storage.callQueries.parkedCalls()).toHaveLength(1);
    const [two, boss] = [await seat('two'), await seat('boss', false)];
    await rig.desk.setPresence(boss, 'away');
    const outcomes = await Promise.all([
      rig.operations.pickUp(two, id),
      rig.operations.pickUp(boss, id),
    ]);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    expect(outcomes).toContainEqual({ ok: false, reason: 'already-taken' });
    await heardAsSaid(id);
    const winner = outcomes[0].ok ? two : boss;
    expect(await rig.storage.messages.draft(id)).toMatchObject({
      operatorId: winner,
      fields: { body: { value: '至急' } },
    });
    const loser = winner === two ? boss : two;
    expect(await rig.storage.floor.operator(loser)).toMatchObject({ callId: null });
  });

  test('hand over: declined it comes back, taken it is the other’s with the note', async () => {
    const { id, one } = await talking();
    const two = await seat('two');
    const to = { operatorId: two, note: 'クレームです' };
    expect(await rig.operations.handOver(one, id, to)).toEqual(DONE);
    await heardAsSaid(id);
    await rig.desk.decline(two, id);
    expect(stateOf(id)).toMatchObject({ phase: 'held', handOver: { outcome: 'declined' } });
    expect(await rig.operations.handOver(one, id, to)).toEqual(DONE);
    await rig.desk.answer(two, id);
    await until(() => phaseOf(id) === 'talking', 3_000);
    await heardAsSaid(id);
    expect(stateOf(id)).toMatchObject({
      operator: { operatorId: two },
      handOver: { from: one, note: 'クレームです', outcome: 'taken' },
    });
    await until(() => true, 100);
    expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'available' });
  });

  test('listen, whisper, barge: heard by nobody, by the operator, by all', async () => {
    const { id, one } = await talking();
    const boss = await seat('boss', false);
    expect(await rig.operations.monitor(boss, id, 'listen')).toEqual(DONE);
    await heardAsSaid(id);
    const { callerLeg, operator, monitors } = stateOf(id);
    const leg = monitors[0]!.legId;
    const hears = (who: LegId): string[] => Object.keys(rig.media.heardBy(who)).sort();
    expect(hears(leg)).toEqual([callerLeg.id, operator!.legId].sort());
    await rig.operations.monitor(boss, id, 'whisper');
    await heardAsSaid(id);
    expect(hears(callerLeg.id)).toEqual([operator!.legId]);
    expect(hears(operator!.legId)).toEqual([callerLeg.id, leg].sort());
    await rig.operations.monitor(boss, id, 'barge');
    await heardAsSaid(id);
    expect(hears(callerLeg.id)).toContain(leg);
    await rig.operations.monitor(boss, id, null);
    await heardAsSaid(id);
    expect(await rig.storage.floor.operator(boss)).toMatchObject({
      state: 'offline',
      callId: null,
    });
    expect(await rig.operations.hold(one, id)).toEqual(DONE);
  });
});

describe('call-back', () => {
  test('rings the contact, then the customer, and connects them', async () => {
    const [subscriber] = rig.storage.directory.subscribers();
    const placed = await rig.operations.callBack({
      subscriberId: subscriber!.id,
      number: JIRO,
      first: { contactId: contactOf('hanako') },
    });
    if (!placed.ok) throw new Error(placed.reason);
    const id = placed.value.callId;
    await until(() => hanako.invites.length === 1, 3_000);
    expect(jiro.invites).toEqual([]);
    hanako.pickUp(RTP_ANSWER);
    await until(() => jiro.invites.length === 1, 3_000);
    expect(phaseOf(id)).toBe('calling-customer');
    await heardAsSaid(id);
    jiro.pickUp(RTP_ANSWER);
    await until(() => phaseOf(id) === 'relayed', 3_000);
    await heardAsSaid(id);
    await jiro.hangUp();
    await until(() => byes(hanako) === 1, 3_000);
    await over();
  });

  test('from a desk: a customer who does not answer leaves the operator free', async () => {
    const one = await seat('one');
    jiro.onInvite = (invite) => invite.reject(486);
    const [subscriber] = rig.storage.directory.subscribers();
    const first = { operatorId: one };
    const placed = await rig.operations.callBack({
      subscriberId: subscriber!.id,
      number: JIRO,
      first,
    });
    expect(placed.ok).toBe(true);
    await over();
    expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'available' });
  });
});

describe('the app dies', () => {
  const states: Record<string, (talk: Talk) => Promise<unknown>> = {
    held: ({ one, id }) => rig.operations.hold(one, id),
    'held, recording paused': async ({ one, id }) => {
      await rig.operations.pauseRecording(one, id, true);
      await rig.operations.hold(one, id);
    },
    consulting,
    'three-way': async (talk) => {
      await consulting(talk);
      await rig.operations.threeWay(talk.one, talk.id);
    },
    relaying: async ({ one, id }) => {
      const to = [{ contactId: contactOf('hanako') }];
      await rig.operations.relay(one, id, { to, order: 'together', announce: 'operator' });
      await until(() => hanako.invites.length === 1, 3_000);
    },
    relayed: async (talk) => {
      await consulting(talk);
      await rig.operations.connect(talk.one, talk.id);
    },
    parked: ({ one, id }) => rig.operations.park(one, id, ''),
  };

  test.each(Object.keys(states))('%s: the next one goes on, and BYE works', async (name) => {
    const talk = await talking();
    await states[name]?.(talk);
    const before = stateOf(talk.id);
    const legs = rig.media.openLegs.length;
    await restart();
    expect(stateOf(talk.id)).toMatchObject({
      phase: before.phase,
      recordingId: before.recordingId,
      recordingPaused: before.recordingPaused,
    });
    await heardAsSaid(talk.id);
    expect(rig.media.openLegs).toHaveLength(legs);
    if (name === 'relaying') {
      expect(hanako.invites).toHaveLength(1);
      hanako.pickUp(RTP_ANSWER);
      await until(() => phaseOf(talk.id) === 'consulting', 3_000);
    }
    if (before.operator !== null && phaseOf(talk.id) !== 'talking') {
      expect(await rig.operations.retrieve(talk.one, talk.id, null)).toEqual(DONE);
      await heardAsSaid(talk.id);
    }
    await trunk.bye(talk.seen.dialog!);
    await until(() => phaseOf(talk.id) === 'wrap-up' || phaseOf(talk.id) === undefined, 3_000);
    if (phaseOf(talk.id) === 'wrap-up') await rig.desk.finishWrapUp(talk.one, talk.id);
    await over();
    expect(byes(hanako)).toBeLessThanOrEqual(1);
  });
});
