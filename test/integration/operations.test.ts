import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, ContactId, E164, LegId, OperatorId } from '../../src/base/index.ts';
import { heldBy, soundOf } from '../../src/calls/index.ts';
import type { CallState } from '../../src/calls/index.ts';
import { testDatabase } from '../harness/engine-rig.ts';
import type { EngineRig, TestDatabase, TestPhone } from '../harness/engine-rig.ts';
import type { IncomingInvite } from '../../src/sip/index.ts';
import { freePort, has } from '../harness/peers.ts';
import { until } from '../harness/platform.ts';
import { DONE, HANAKO, JIRO, RTP_ANSWER, RigFloor, byes } from '../harness/rig-floor.ts';
import { Sipp } from '../harness/sipp.ts';
import type { Talk } from '../harness/rig-floor.ts';

/* Every operation on a call that is up, on real sockets and a real database; no sound is made. */

let database: TestDatabase;
let floor: RigFloor;
let rig: EngineRig;
let trunk: TestPhone;
let hanako: TestPhone;
let jiro: TestPhone;

beforeEach(async () => {
  database = await testDatabase();
  floor = await RigFloor.open(database);
  ({ rig, trunk, hanako, jiro } = floor);
});

afterEach(async () => {
  await floor.close();
  await database.drop();
});

const stateOf = (id: CallId): CallState => floor.stateOf(id);
const phaseOf = (id: CallId) => floor.phaseOf(id);
const seat = (key: string, available?: boolean) => floor.seat(key, available);
const contactOf = (key: string): ContactId => floor.contactOf(key);
const talking = (): Promise<Talk> => floor.talking();
const consulting = (talk: Talk): Promise<void> => floor.consulting(talk);
const heardAsSaid = (id: CallId): Promise<void> => floor.heardAsSaid(id);
const over = (): Promise<void> => floor.over();

/** The words begun last to this leg come to their end. */
async function sayAll(id: CallId, source: string, leg: LegId): Promise<void> {
  const begun = () =>
    rig.playing(id).findLast((one) => one.leg === leg && one.playback.includes(`:${source}:`));
  await until(() => begun() !== undefined, 3_000);
  rig.media.finishPlayback(begun()!.playback);
}

/** Who is rung first for a call back takes it. */
async function pressOne(id: CallId): Promise<void> {
  await until(() => stateOf(id).contacts[0]?.state === 'announcing', 3_000);
  await heardAsSaid(id);
  const leg = stateOf(id).contacts[0]!.legId;
  rig.media.emit({ type: 'leg.dtmf', leg, at: 0, digit: '1', durationMs: 100 });
}

async function restart(trunks?: 'known' | 'unknown'): Promise<void> {
  await floor.restart(trunks);
  ({ rig } = floor);
}

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
    // A key of one is a key to the other, whose number may lead to a machine that asks for one.
    const [caller, contact] = [stateOf(id).callerLeg.id, stateOf(id).contacts[0]!.legId];
    rig.media.emit({ type: 'leg.dtmf', leg: caller, at: 0, digit: '5', durationMs: 100 });
    const sent = { type: 'sendDigits', leg: contact, digits: '5' };
    await until(() => rig.media.commands.some((one) => isDeepStrictEqual(one, sent)), 3_000);
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

  test('a contact who hangs up while she still writes has ended the call: no fault is told', async () => {
    const talk = await talking();
    const { id, one } = talk;
    await consulting(talk);
    const told: string[] = [];
    rig.engine.events.subscribe((event) => event.type === 'notice' && told.push(event.code));
    await rig.operations.connect(one, id);
    await hanako.hangUp();
    await until(() => phaseOf(id) === 'wrap-up', 3_000);
    expect(stateOf(id).termination).toEqual({ class: 'contact', reason: 'hung-up' });
    await rig.desk.finishWrapUp(one, id);
    await over();
    expect(told).toEqual([]);
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

  test('a number that has moved is rung where the rules and our trunks let it be, once', async () => {
    const { id, one } = await talking();
    const moved = (invite: IncomingInvite, ...places: string[]) =>
      invite.reject(302, { headers: places.map((uri) => ['Contact', `<${uri}>`] as const) });
    const relay = async () => {
      const to = [{ contactId: contactOf('hanako') }];
      await rig.operations.relay(one, id, { to, order: 'together', announce: 'operator' });
    };
    // Premium, a host that is none of ours, and at last a number that may be rung.
    hanako.onInvite = (invite) =>
      moved(invite, 'sip:0990500000@127.0.0.1', jiro.uri, `tel:${JIRO}`);
    await relay();
    await until(() => jiro.invites.length === 1, 3_000);
    // Picked up by an exchange that holds from the first moment: she is told why she hears nothing.
    jiro.invites[0]?.accept({ sdp: `${RTP_ANSWER}a=inactive\r\n` });
    await until(() => phaseOf(id) === 'consulting', 3_000);
    await until(() => heldBy(stateOf(id)).includes('contact'), 3_000);
    await heardAsSaid(id);
    expect(await rig.operations.retrieve(one, id, null)).toEqual(DONE);
    await until(() => byes(jiro) === 1, 3_000);
    jiro.onInvite = (invite) => moved(invite, `tel:${HANAKO}`);
    await relay();
    await until(() => phaseOf(id) === 'held', 3_000);
    expect([hanako.invites.length, jiro.invites.length]).toEqual([2, 2]);
    expect(stateOf(id).relay?.outcomes.at(-1)?.reason).toBe('unreachable');
  });

  test.skipIf(!has('sipp'))(
    'what a carrier says before it refuses is for the operator alone',
    async () => {
      const port = await freePort();
      const carrier = new Sipp({
        scenario: 'uas-early-media',
        target: { address: '127.0.0.1', port: rig.port },
        args: ['-i', '127.0.0.1', '-p', String(port)],
      });
      floor.outbound.phones.set(HANAKO, `sip:hanako@127.0.0.1:${port}`);
      try {
        const { id, one, seen } = await talking();
        const to = [{ contactId: contactOf('hanako') }];
        await rig.operations.relay(one, id, { to, order: 'together', announce: 'operator' });
        await until(
          () => stateOf(id).contacts.some(({ early }) => early === true),
          8_000,
          () => carrier.failure,
        );
        await heardAsSaid(id);
        const { operator, contacts, callerLeg } = stateOf(id);
        expect(rig.media.heardBy(operator!.legId)).toEqual({ [contacts[0]!.legId]: 1 });
        expect(rig.media.heardBy(callerLeg.id)).toEqual({});
        await until(() => phaseOf(id) === 'held', 8_000);
        expect(stateOf(id).relay?.outcomes.map(({ reason }) => reason)).toEqual(['no-answer']);
        expect(await carrier.finished(), carrier.failure).toBe(0);
        await trunk.bye(seen.dialog!);
        await rig.desk.finishWrapUp(one, id);
        await over();
      } finally {
        await carrier.close();
      }
    },
  );

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
    await sayAll(id, 'relay-wait', legOf('jiro'));
    await until(() => stateOf(id).contacts.some(({ told }) => told === true), 3_000);
    await heardAsSaid(id);
    // By signalling, as telephones do that send no key in the sound.
    const key = jiro.agent.prepareInDialog(jiro.agent.dialog(jiro.invites[0]!.dialog)!, 'INFO', {
      headers: [['Content-Type', 'application/dtmf-relay']],
      body: 'Signal=1\r\nDuration=160\r\n',
    });
    expect(await key.send()).toMatchObject({ response: { status: 200 } });
    await until(() => stateOf(id).contacts.some(({ state }) => state === 'accepting'), 3_000);
    await heardAsSaid(id);
    await sayAll(id, 'connecting', stateOf(id).callerLeg.id);
    await until(() => phaseOf(id) === 'relayed', 3_000);
    await heardAsSaid(id);
    await until(() => hanako.invites[0]!.state === 'ended', 3_000);
    await trunk.bye(seen.dialog!);
    await until(() => phaseOf(id) === 'wrap-up', 3_000);
    await rig.desk.finishWrapUp(one, id);
    await over();
  });

  test('three-way, then the contact leaves; a failed blind transfer leads back to that caller, before any other', async () => {
    const talk = await talking();
    const { id, one } = talk;
    await consulting(talk);
    expect(await rig.operations.threeWay(one, id)).toEqual(DONE);
    await heardAsSaid(id);
    await hanako.hangUp();
    await until(() => phaseOf(id) === 'talking', 3_000);
    await heardAsSaid(id);
    jiro.onInvite = (invite) => invite.reject(503);
    const to = { number: JIRO, name: '', presentation: 'shown' } as const;
    expect(await rig.operations.transfer(one, id, to)).toEqual(DONE);
    await until(() => phaseOf(id) === 'waiting', 3_000);
    expect(floor.outbound.presentations).toEqual([undefined, 'shown']);
    await heardAsSaid(id);
    expect(stateOf(id).wrappingUp?.operatorId).toBe(one);
    trunk.call(rig.port, '0301234567');
    await until(() => rig.engine.openCalls.length === 2, 3_000);
    const other = rig.engine.openCalls.find((open) => open !== id)!;
    const stranger = asId<OperatorId>('op_other');
    expect(await rig.operations.pickUp(stranger, id)).toEqual({
      ok: false,
      reason: 'already-taken',
    });
    expect(await rig.operations.pickUp(one, id)).toEqual(DONE);
    expect([phaseOf(id), phaseOf(other)]).toEqual(['talking', 'waiting']);
    expect(stateOf(id)).toMatchObject({ operator: { operatorId: one }, wrappingUp: null });
    expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'busy', callId: id });
    await heardAsSaid(id);
  });
});

test('the subscriber’s rules: no transfer unasked, the relayed call not recorded, free at once', async () => {
  const office = await rig.storage.center.export();
  for (const subscriber of office.subscribers) {
    subscriber.relay = { recordRelayed: false, blindTransfer: false, afterRelay: 'available' };
  }
  expect(await rig.storage.center.apply(office)).toMatchObject({ ok: true });
  const talk = await talking();
  const { id, one, seen } = talk;
  const transferred = await rig.operations.transfer(one, id, { contactId: contactOf('jiro') });
  expect(transferred).toEqual({ ok: false, reason: 'not-possible-now' });
  await consulting(talk);
  expect(await rig.operations.connect(one, id)).toEqual(DONE);
  expect(phaseOf(id)).toBe('relayed');
  await heardAsSaid(id);
  expect(soundOf(stateOf(id)).recording).toBeNull();
  expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'available' });
  await trunk.bye(seen.dialog!);
  await over();
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
    // Who is not at work is told so, not that she is on a call.
    const away = (await rig.storage.floor.operators()).find(({ key }) => key === 'two')!;
    expect(await rig.operations.pickUp(away.id, id)).toEqual({
      ok: false,
      reason: 'not-signed-in',
    });
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
    const stateOfOne = async () => (await rig.storage.floor.operator(one))?.state;
    await until(async () => (await stateOfOne()) === 'available', 3_000);
  });

  test('who is claimed while she says that she goes away stays with the call', async () => {
    const one = await seat('one');
    const callId = asId<CallId>('call_at_that_moment');
    const claim = { callId, excluded: [], registered: [], now: Date.now() };
    const [gone, claimed] = await Promise.all([
      rig.desk.setPresence(one, 'away'),
      rig.storage.floor.claimLongestIdle(claim),
    ]);
    expect(claimed?.id).toBe(one);
    expect(gone).toEqual({ ok: false, reason: 'operator-busy' });
    expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'reserved', callId });
  });

  test('listen, whisper, barge: heard by nobody, by the operator, by all', async () => {
    const { id, one } = await talking();
    const silent = (await rig.storage.floor.operators()).find(({ key }) => key === 'boss')!;
    const refused = await rig.operations.monitor(silent.id, id, 'listen');
    expect(refused).toEqual({ ok: false, reason: 'audio-not-ready' });
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
    await pressOne(id);
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
      presentation: 'withheld',
      first,
    });
    if (!placed.ok) throw new Error(placed.reason);
    await over();
    expect(await rig.storage.floor.operator(one)).toMatchObject({ state: 'available' });
    const ended = await rig.storage.callQueries.call(placed.value.callId);
    expect(ended?.state.termination?.reason).toBe('customer-busy');
    expect(floor.outbound.presentations).toEqual(['withheld']);
  });
});

describe('the app dies while a contact is rung', () => {
  async function ringing(): Promise<Talk> {
    floor.outbound.phones.set(HANAKO, `${hanako.uri} ${jiro.uri}`);
    const talk = await talking();
    const to = [{ contactId: contactOf('hanako') }];
    const wish = { to, order: 'together', announce: 'operator' } as const;
    expect(await rig.operations.relay(talk.one, talk.id, wish)).toEqual(DONE);
    await until(() => hanako.invites.length === 1, 3_000);
    await until(() => stateOf(talk.id).contacts[0]?.state === 'ringing', 3_000);
    await restart();
    await until(() => phaseOf(talk.id) === 'relaying', 3_000);
    return talk;
  }

  async function end({ id, one, seen }: Talk): Promise<void> {
    await trunk.bye(seen.dialog!);
    await until(() => phaseOf(id) === 'wrap-up', 3_000);
    await rig.desk.finishWrapUp(one, id);
    await over();
  }

  test('a trunk that fails then is passed over for the next', async () => {
    const talk = await ringing();
    hanako.invites[0]!.reject(503);
    await until(() => jiro.invites.length === 1, 5_000);
    jiro.pickUp(RTP_ANSWER);
    await until(() => phaseOf(talk.id) === 'consulting', 3_000);
    await heardAsSaid(talk.id);
    await end(talk);
    await until(() => byes(jiro) === 1, 3_000);
  });

  test('what the contact says then is final', async () => {
    const talk = await ringing();
    hanako.invites[0]!.reject(486);
    await until(() => phaseOf(talk.id) === 'held', 5_000);
    expect(stateOf(talk.id).relay?.outcomes.map(({ reason }) => reason)).toEqual(['busy']);
    expect(jiro.invites).toEqual([]);
    await end(talk);
    // Refused is refused: neither rung again nor cancelled.
    expect(hanako.heard.map((message) => message.split(' ')[0])).toEqual(['INVITE', 'ACK']);
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
    'handing-over': async ({ one, id }) => {
      const two = await seat('two');
      await rig.operations.handOver(one, id, { operatorId: two, note: 'お願いします' });
    },
    'listened to': async ({ id }) => {
      await rig.operations.monitor(await seat('boss', false), id, 'listen');
    },
    'barged into': async ({ id }) => {
      await rig.operations.monitor(await seat('boss', false), id, 'barge');
    },
  };

  test.each(Object.keys(states))('%s: the next one goes on, and BYE works', async (name) => {
    const talk = await talking();
    await states[name]?.(talk);
    const before = stateOf(talk.id);
    const legs = rig.media.openLegs.length;
    await restart('unknown');
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
    if (name === 'handing-over') {
      await rig.desk.answer(before.offer!.operatorId, talk.id);
      await until(() => phaseOf(talk.id) === 'talking', 3_000);
      expect(stateOf(talk.id).operator?.operatorId).toBe(before.offer!.operatorId);
    } else if (before.operator !== null && phaseOf(talk.id) !== 'talking') {
      expect(await rig.operations.retrieve(talk.one, talk.id, null)).toEqual(DONE);
      await heardAsSaid(talk.id);
    }
    await trunk.bye(talk.seen.dialog!);
    await until(() => phaseOf(talk.id) === 'wrap-up' || phaseOf(talk.id) === undefined, 3_000);
    const writes = rig.engine.registry.get(talk.id)?.state.operator?.operatorId;
    if (writes !== undefined) await rig.desk.finishWrapUp(writes, talk.id);
    await over();
    const held = (await rig.storage.floor.operators()).filter(({ callId }) => callId !== null);
    expect(held).toEqual([]);
    expect(byes(hanako)).toBeLessThanOrEqual(1);
  });

  const placed = async (first: 'contact' | 'desk'): Promise<CallId> => {
    const [subscriber] = rig.storage.directory.subscribers();
    const begun = await rig.operations.callBack({
      subscriberId: subscriber!.id,
      number: JIRO,
      first:
        first === 'desk' ? { operatorId: await seat('one') } : { contactId: contactOf('hanako') },
    });
    if (!begun.ok) throw new Error(begun.reason);
    return begun.value.callId;
  };

  test.each(['calling-contact', 'calling-customer'])(
    'call-back, %s: the telephone rings on, once, and its answer counts',
    async (phase) => {
      const id = await placed(phase === 'calling-contact' ? 'contact' : 'desk');
      const rung = phase === 'calling-contact' ? hanako : jiro;
      await until(() => rung.invites.length === 1, 3_000);
      expect(phaseOf(id)).toBe(phase);
      await restart('unknown');
      expect(phaseOf(id)).toBe(phase);
      rung.pickUp(RTP_ANSWER);
      if (rung === hanako) {
        await pressOne(id);
        await until(() => jiro.invites.length === 1, 3_000);
        jiro.pickUp(RTP_ANSWER);
      }
      const talks = rung === hanako ? 'relayed' : 'talking';
      await until(() => phaseOf(id) === talks, 3_000);
      await heardAsSaid(id);
      expect([hanako.invites.length, jiro.invites.length]).toEqual(
        rung === hanako ? [1, 1] : [0, 1],
      );
      await jiro.hangUp();
      await until(() => phaseOf(id) !== talks, 3_000);
      const writes = rig.engine.registry.get(id)?.state.operator?.operatorId;
      if (writes !== undefined) await rig.desk.finishWrapUp(writes, id);
      await over();
      expect(byes(hanako)).toBe(rung === hanako ? 1 : 0);
    },
  );
});
