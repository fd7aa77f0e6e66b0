import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, LegId, OperatorId } from '../../src/base/index.ts';
import { EngineRig, TestPhone, testDatabase } from '../harness/engine-rig.ts';
import type { TestDatabase } from '../harness/engine-rig.ts';
import { DEFAULT_CALL_SETTINGS } from '../../src/calls/index.ts';
import type { DialogState } from '../../src/sip/index.ts';
import { until } from '../harness/platform.ts';
import { DEFAULT_RELAY_RULES } from '../../src/subscribers/index.ts';

let database: TestDatabase;
let rig: EngineRig;
let trunk: TestPhone;
let phone: TestPhone;

beforeEach(async () => {
  database = await testDatabase();
  rig = await EngineRig.start(database);
  trunk = await TestPhone.open();
  phone = await TestPhone.open();
});

afterEach(async () => {
  await rig.die();
  await Promise.all([trunk.close(), phone.close()]);
  await database.drop();
});

async function office(operators: Spec['operators'], maxWaitSeconds = 5): Promise<void> {
  const outcome = await rig.storage.center.apply({
    version: 1,
    name: '電話番センター',
    settings: { ringNoAnswerSeconds: 3, maxWaitSeconds },
    trunks: [
      {
        id: 'carrier',
        name: 'Carrier',
        addresses: ['127.0.0.1'],
        mediaNetworks: [],
        dialedNumberFrom: 'request-uri',
        trustAssertedIdentity: true,
      },
    ],
    subscribers: [
      subscriber('sakura', 'さくら法律事務所', '03-0123-4567'),
      subscriber('midori', 'みどり歯科', '03-0123-4568'),
      subscriber('aoi', 'あおい建設', '03-0123-4569'),
    ],
    operators,
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues));
}

type Spec = Parameters<EngineRig['storage']['center']['apply']>[0];

function subscriber(id: string, name: string, number: string): Spec['subscribers'][number] {
  return {
    id,
    name,
    kana: '',
    greeting: `お電話ありがとうございます。${name}でございます。`,
    greetingKana: '',
    note: '',
    timeZone: 'Asia/Tokyo',
    relay: DEFAULT_RELAY_RULES,
    numbers: [{ number, label: '代表' }],
    contacts: [],
    mailRoutes: [],
    members: [],
  };
}

const sipOperator = (id: string, at: TestPhone): Spec['operators'][number] => ({
  id,
  name: id,
  role: 'operator',
  device: { kind: 'sip', uri: at.uri, available: true },
});
const browserOperator = (id: string): Spec['operators'][number] => ({
  id,
  name: id,
  role: 'operator',
  device: { kind: 'browser' },
});

async function onlyCall(): Promise<CallId> {
  await until(() => rig.engine.openCalls.length === 1, 5_000);
  return asId<CallId>(rig.engine.openCalls[0] ?? '');
}

const stateOf = (id: CallId) => rig.engine.registry.get(id)?.state;

async function operatorId(key: string): Promise<OperatorId> {
  const found = (await rig.storage.floor.operators()).find((operator) => operator.key === key);
  if (!found) throw new Error(`no operator ${key}`);
  return found.id;
}

/** Signs a browser operator in: audio up, on the floor. */
async function takeSeat(key: string, deskId = 'desk-1234'): Promise<OperatorId> {
  const id = await operatorId(key);
  const opened = await rig.desk.openAudio(id, deskId, BROWSER_OFFER);
  expect(opened.ok).toBe(true);
  expect(await rig.desk.setPresence(id, 'available')).toEqual({ ok: true, value: null });
  return id;
}

const BROWSER_OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 0',
  '',
].join('\r\n');

test('a call from a trunk rings the phone of an operator, is answered, recorded and ended by the caller', async () => {
  const device = { ...sipOperator('one', phone).device, autoAnswer: true };
  await office([{ ...sipOperator('one', phone), device }]);
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  expect(phone.invites[0]?.request.headers.get('Call-Info')).toMatch(/answer-after=0$/);
  expect(seen.statuses).toContain(180);
  const id = await onlyCall();
  phone.invites[0]?.accept({ sdp: BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP') });
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
  expect(seen.statuses).toContain(200);
  const state = stateOf(id);
  const legs = [state?.callerLeg.id, state?.operator?.legId] as [LegId, LegId];
  await until(() => rig.speaks(legs[0], legs[1]) && rig.speaks(legs[1], legs[0]), 2_000);
  await until(() => rig.media.commands.some(({ type }) => type === 'record'), 2_000);
  expect(state?.called).toMatchObject({ did: '+81301234567', certainty: 'certain' });
  expect(state?.caller.number).toBe('+819001234567');
  await trunk.bye(seen.dialog!);
  await until(() => phone.requests.some(({ method }) => method === 'BYE'), 5_000);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  await until(() => rig.media.openLegs.length === 0, 2_000);
  const record = await rig.storage.callQueries.call(id);
  expect(record?.state).toMatchObject({
    phase: 'ended',
    termination: { class: 'caller', reason: 'hung-up' },
  });
  expect((await rig.storage.floor.operators())[0]).toMatchObject({
    state: 'available',
    callId: null,
  });
  expect(rig.sip.agent.counts).toMatchObject({ dialogs: 0, openInvites: 0, answers: 0 });

  // What the next process would find: no work of this call, and a CSeq that counts the BYE.
  type Row = { pending_effects: unknown[]; dialog: DialogState };
  const [row] = await database.sql<Row>(
    `select c.pending_effects, l.leg -> 'sip' -> 'dialog' as dialog
     from call c join call_leg l on l.call_id = c.id
     where c.id = $1 and l.leg ->> 'role' = 'operator'`,
    [id],
  );
  expect(row?.pending_effects).toEqual([]);
  const bye = phone.requests.find(({ method }) => method === 'BYE')?.request;
  const stored = row?.dialog.localSeq ?? 0;
  expect(stored).toBeGreaterThanOrEqual(Number.parseInt(bye?.headers.get('CSeq') ?? '', 10));
});

test('three numbers on one trunk: the Request-URI decides, whatever To says', async () => {
  await office([]);
  const expected = ['sakura', 'midori', 'aoi'];
  for (const [index, dialed] of ['0301234567', '+81301234568', '03-0123-4569'].entries()) {
    const call = trunk.call(rig.port, dialed, { to: 'sip:0301234567@127.0.0.1' });
    const id = await onlyCall();
    const called = stateOf(id)?.called;
    const found = called?.subscriberId && rig.storage.directory.subscriber(called.subscriberId);
    expect(found && found.key).toBe(expected[index]);
    call.invite.cancel();
    await until(() => rig.engine.openCalls.length === 0, 5_000);
  }
});

test('a number nobody knows goes to the catch-all desk', async () => {
  await office([browserOperator('one')]);
  await takeSeat('one');
  trunk.call(rig.port, '0612345678');
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'offering', 2_000);
  expect(stateOf(id)?.called).toMatchObject({ subscriberId: null, how: 'catch-all' });
});

test('SDP without a common codec is refused with 488 and leaves no leg', async () => {
  await office([]);
  const sdp = BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF 0', 'RTP/AVP 9');
  const { seen } = trunk.call(rig.port, '0301234567', { sdp });
  await until(() => seen.statuses.includes(488), 3_000);
  expect(rig.media.openLegs).toEqual([]);
});

test('a stranger gets 403 and no call', async () => {
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => seen.statuses.includes(403), 3_000);
  expect(rig.engine.openCalls).toEqual([]);
});

test('ring-no-answer goes on to the next operator, and only one phone rings at a time', async () => {
  const second = await TestPhone.open();
  await office([sipOperator('one', phone), sipOperator('two', second)]);
  // Whatever the caller's telephone calls itself, it is a name to theirs, and no part of the message.
  trunk.call(rig.port, '0301234567', { from: 'a%20b%3E%3Btag%3Dx' });
  await until(() => phone.invites.length + second.invites.length === 1, 5_000);
  const [first, next] = phone.invites.length === 1 ? [phone, second] : [second, phone];
  expect(first.invites[0]?.request.headers.get('From')).toContain('<sip:a%20b%3E@');
  expect(first.invites[0]?.request.headers.has('Call-Info')).toBe(false);
  await until(() => next.invites.length === 1, 8_000);
  expect(first.invites[0]?.state).toBe('ended');
  next.invites[0]?.accept({ sdp: BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP') });
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'talking', 3_000);
  await second.close();
});

test('the caller who gives up frees the phone and leaves a message', async () => {
  await office([sipOperator('one', phone)]);
  const { invite, seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  invite.cancel();
  await until(() => phone.invites[0]?.state === 'ended', 5_000);
  await until(() => seen.statuses.includes(487), 5_000);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  const { messages } = await rig.storage.messages.list({ limit: 10 });
  expect(messages.map(({ kind }) => kind)).toEqual(['abandoned']);
});

test('a caller who gives up while her answer is being stored has a 487 and nothing else', async () => {
  await office([]);
  const { invite } = trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  const actor = rig.engine.registry.get(asId<CallId>(id));
  const gate = Promise.withResolvers<undefined>();
  const held = actor?.inTurn('held up by the test', () => gate.promise);
  // Until the time of those who find nobody is over, and the prompt is next.
  await new Promise((resolve) => setTimeout(resolve, DEFAULT_CALL_SETTINGS.nobodyThereMs + 500));
  const before = trunk.heard.length;
  invite.cancel();
  await new Promise((resolve) => setTimeout(resolve, 300));
  gate.resolve(undefined);
  await held;
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  const heard = (): string[] =>
    trunk.heard
      .slice(before)
      .map((message) => [message.split(' ')[1], /^CSeq: \d+ (\w+)/m.exec(message)?.[1]].join(' '));
  await until(() => heard().length >= 2, 3_000);
  expect(heard().toSorted()).toEqual(['200 CANCEL', '487 INVITE']);
});

test('nobody there: the caller is answered, hears the prompt, and a message says so', async () => {
  await office([]);
  const { seen } = trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => seen.statuses.includes(200), 6_000);
  await until(() => rig.playing(id).length === 1, 3_000);
  rig.media.finishPlayback(rig.playing(id)[0]!.playback);
  await until(() => trunk.requests.some(({ method }) => method === 'BYE'), 5_000);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  const { messages } = await rig.storage.messages.list({ limit: 10 });
  expect(messages.map(({ kind }) => kind)).toEqual(['unattended']);
});

test('a browser operator answers over the leg she has, loses it, and has the call back', async () => {
  await office([browserOperator('one')]);
  const operator = await takeSeat('one');
  const { seen } = trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
  expect(await rig.desk.answer(operator, id)).toEqual({ ok: true, value: null });
  await until(() => stateOf(id)?.phase === 'talking', 3_000);
  const lost = stateOf(id)?.operator?.legId as LegId;
  rig.media.emit({ type: 'leg.media-lost', leg: lost, at: 0, reason: 'ice-timeout' });
  await until(() => stateOf(id)?.operator?.audio === 'lost', 3_000);
  const asked = (): boolean =>
    rig.events.some((event) => event.type === 'audio.reopen' && event.operatorId === operator);
  await until(asked, 5_000);
  await rig.desk.openAudio(operator, 'desk-1234', BROWSER_OFFER);
  await until(() => stateOf(id)?.operator?.audio === 'up', 3_000);
  const renewed = stateOf(id)?.operator?.legId as LegId;
  expect(renewed).not.toBe(lost);
  await until(() => rig.speaks(stateOf(id)!.callerLeg.id, renewed), 2_000);
  await rig.desk.hangUp(operator, id);
  await until(() => trunk.requests.some(({ method }) => method === 'BYE'), 5_000);
  expect(seen.dialog).not.toBeNull();
  expect(stateOf(id)?.phase).toBe('wrap-up');
  await rig.desk.finishWrapUp(operator, id);
  await until(() => rig.engine.openCalls.length === 0, 3_000);
  expect(await rig.storage.floor.operator(operator)).toMatchObject({ state: 'available' });
});

test('a recording that loses sound: its operator is told, and the index knows why', async () => {
  await office([browserOperator('one')]);
  const operator = await takeSeat('one');
  const { seen } = trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
  await rig.desk.answer(operator, id);
  await until(() => stateOf(id)?.phase === 'talking', 3_000);
  const recordingId = stateOf(id)!.recordingId!;
  const stored = () => rig.storage.recordings.recording(recordingId);
  await until(async () => (await stored()) !== null, 3_000);
  rig.media.emit({ type: 'recording.cut', recordingId, at: 0, reason: 'disk-full' });
  await until(async () => (await stored())?.cause === 'disk-full', 3_000);
  rig.media.emit({ type: 'recording.mended', recordingId, at: 0 });
  const notices = () => rig.events.flatMap((event) => (event.type === 'notice' ? [event] : []));
  await until(() => notices().length === 2, 3_000);
  expect(notices()).toEqual([
    { type: 'notice', operatorId: operator, callId: id, code: 'recording-failed' },
    { type: 'notice', operatorId: operator, callId: id, code: 'recording-again' },
  ]);
  await trunk.bye(seen.dialog!);
  // Though its end is in order, it is not whole.
  await until(async () => (await stored())?.state === 'incomplete', 5_000);
});

test('a recording that fails where nobody has the call: the next process knows it, and who picks it up is told', async () => {
  await office([browserOperator('one')]);
  const operator = await takeSeat('one');
  trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
  await rig.desk.answer(operator, id);
  await until(() => stateOf(id)?.phase === 'talking', 3_000);
  await rig.operations.park(operator, id, '');
  const recordingId = stateOf(id)!.recordingId!;
  rig.media.cutRecording(recordingId, 'disk-full');
  const told = () => rig.events.flatMap((event) => (event.type === 'notice' ? [event] : []));
  await until(() => told().length === 1, 3_000);
  expect(stateOf(id)?.unrecorded).toBe(true);
  // What happens to it while no app is there is found when the next one looks.
  const { media, port } = rig;
  await rig.die();
  media.cutRecording(recordingId, null);
  rig = await EngineRig.start(database, { media, port });
  await until(() => stateOf(id)?.unrecorded === false, 3_000);
  // And what happens between that look and the taking up of the call.
  await rig.die();
  const inventory = media.inventory.bind(media);
  media.inventory = async () => {
    const found = await inventory();
    media.cutRecording(recordingId, 'disk-slow');
    return found;
  };
  rig = await EngineRig.start(database, { media, port });
  media.inventory = inventory;
  await until(() => stateOf(id)?.unrecorded === true, 3_000);
  await rig.die();
  media.failRecording(recordingId);
  rig = await EngineRig.start(database, { media, port });
  expect(stateOf(id)?.unrecorded).toBe(true);
  await rig.operations.pickUp(operator, id);
  await until(() => told().length > 0, 3_000);
  expect(told().map(({ operatorId: to, code }) => [to, code])).toEqual([
    [operator, 'recording-failed'],
  ]);
});

test('a browser that falls silent: the caller hears the tone, and her again when it speaks', async () => {
  await office([browserOperator('one')]);
  const operator = await takeSeat('one');
  trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
  expect(await rig.desk.answer(operator, id)).toEqual({ ok: true, value: null });
  await until(() => stateOf(id)?.phase === 'talking', 3_000);
  const leg = stateOf(id)?.operator?.legId as LegId;
  const caller = stateOf(id)!.callerLeg.id;
  await until(() => rig.speaks(caller, leg), 2_000);
  rig.media.emit({ type: 'leg.media-lost', leg, at: 0, reason: 'rtp-timeout' });
  await until(() => stateOf(id)?.operator?.audio === 'lost', 3_000);
  await until(() => rig.playing(id).some((one) => one.leg === caller), 2_000);
  expect(rig.playing(id).at(-1)?.playback).toContain(':wait-tone:');
  // Her leg is still hers: no new one is asked for.
  expect(rig.media.openLegs).toContain(leg);
  expect(rig.events.map(({ type }) => type)).not.toContain('audio.reopen');
  rig.media.emit({ type: 'leg.media-back', leg, at: 0 });
  await until(() => stateOf(id)?.operator?.audio === 'up', 3_000);
  expect(stateOf(id)?.timers.reconnect).toBeUndefined();
  await until(() => rig.speaks(caller, leg), 2_000);

  // The next silence is a loss after all.
  rig.media.emit({ type: 'leg.media-lost', leg, at: 0, reason: 'rtp-timeout' });
  rig.media.emit({ type: 'leg.media-lost', leg, at: 0, reason: 'ice-timeout' });
  await until(() => rig.events.some(({ type }) => type === 'audio.reopen'), 3_000);
  expect(rig.media.openLegs).not.toContain(leg);
  await rig.desk.openAudio(operator, 'desk-1234', BROWSER_OFFER);
  await until(() => stateOf(id)?.operator?.audio === 'up', 3_000);
  await rig.desk.hangUp(operator, id);
  await rig.desk.finishWrapUp(operator, id);
  await until(() => rig.engine.openCalls.length === 0, 3_000);
});

test('the media process dies: the call ends with a cause and the desk is asked to reopen', async () => {
  await office([browserOperator('one')]);
  const operator = await takeSeat('one');
  trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
  await rig.desk.answer(operator, id);
  await until(() => stateOf(id)?.phase === 'talking', 3_000);
  const waiting = trunk.call(rig.port, '0301234567').seen;
  await until(() => waiting.statuses.includes(180), 3_000);
  rig.media.fall();
  await until(() => trunk.requests.some(({ method }) => method === 'BYE'), 5_000);
  // Who waited, and who comes before it is there again, is told when to come again (RFC 3261 §21.5.4).
  const late = trunk.call(rig.port, '0301234567').seen;
  await until(() => [waiting, late].every(({ statuses }) => statuses.includes(503)), 3_000);
  const refusals = trunk.heard.filter((message) => message.startsWith('SIP/2.0 503 '));
  expect(refusals.every((refusal) => /^Retry-After: \d+\r$/m.test(refusal))).toBe(true);
  expect(stateOf(id)?.termination).toEqual({ class: 'platform', reason: 'media-plane-lost' });
  const asked = (): boolean =>
    rig.events.some((event) => event.type === 'audio.reopen' && event.operatorId === operator);
  await until(asked, 5_000);
});

test('of more than a hundred who wait to ring the rest are told to come again, and those ring', async () => {
  await office([]);
  const release = Promise.withResolvers<null>();
  const openLeg = rig.media.openLeg.bind(rig.media);
  rig.media.openLeg = async (spec) => {
    await release.promise;
    return openLeg(spec);
  };
  const calls = Array.from({ length: 105 }, () => trunk.call(rig.port, '0301234567').seen);
  const having = (status: number): number =>
    calls.filter(({ statuses }) => statuses.includes(status)).length;
  await until(() => having(503) === 5, 5_000);
  const refusals = trunk.heard.filter((message) => message.startsWith('SIP/2.0 503 '));
  expect(refusals.every((refusal) => /^Retry-After: 1\r$/m.test(refusal))).toBe(true);
  const notices = (): string[] =>
    rig.events.flatMap((event) => (event.type === 'notice' ? [event.code] : []));
  expect(notices()).toEqual(['turning-away']);
  expect(rig.engine.turnedAway.total).toBe(5);
  release.resolve(null);
  await until(() => having(180) === 100, 10_000);
  expect(having(503)).toBe(5);
  // Where there is room again the next one is taken.
  await until(() => rig.engine.acceptsCalls, 5_000);
  const next = trunk.call(rig.port, '0301234567').seen;
  await until(() => next.statuses.includes(180), 3_000);
  expect(rig.engine.openCalls).toHaveLength(101);
});

test('a call that is looking for an operator is not told of one who becomes free, and finds her', async () => {
  await office([browserOperator('one'), browserOperator('two')]);
  const one = await takeSeat('one');
  const steps = (id: CallId): Promise<string[]> =>
    database
      .sql(`select event from call_transition where call_id = '${id}' order by version`)
      .then((rows) => rows.map((row) => (row as { event: string }).event));
  const { floor } = rig.storage;
  const claimLongestIdle = floor.claimLongestIdle.bind(floor);
  let asked = 0;
  let answer = Promise.withResolvers<null>();
  floor.claimLongestIdle = async (options) => {
    const found = await claimLongestIdle(options);
    asked++;
    await answer.promise;
    return found;
  };
  trunk.call(rig.port, '0301234567');
  const first = await onlyCall();
  await until(() => asked === 1, 3_000);
  for (let i = 0; i < 3; i++) rig.engine.wakeWaiting(null);
  answer.resolve(null);
  await until(() => stateOf(first)?.phase === 'offering', 3_000);
  expect(stateOf(first)?.offer?.operatorId).toBe(one);
  expect(asked).toBe(1);
  expect(await steps(first)).not.toContain('operator.became-available');

  // Nobody is free any more when the next one asks; she is before its answer is there.
  answer = Promise.withResolvers<null>();
  trunk.call(rig.port, '0301234567');
  await until(() => asked === 2 && rig.engine.openCalls.length === 2, 3_000);
  const second = rig.engine.openCalls.find((id) => id !== first) as CallId;
  const two = await takeSeat('two');
  answer.resolve(null);
  await until(() => stateOf(second)?.phase === 'offering', 3_000);
  expect(stateOf(second)?.offer?.operatorId).toBe(two);
});

test('who waits beside an operator of whom nobody was told has her soon', async () => {
  await office([sipOperator('one', phone)], 30);
  await database.sql("update operator set state = 'away'");
  const { floor } = rig.storage;
  const anyoneSignedIn = floor.anyoneSignedIn.bind(floor);
  let hasLooked = false;
  floor.anyoneSignedIn = async () => {
    const answer = await anyoneSignedIn();
    hasLooked = true;
    return answer;
  };
  trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => hasLooked && stateOf(id)?.phase === 'waiting', 3_000);
  await database.sql("update operator set state = 'available'");
  await until(() => stateOf(id)?.phase === 'offering', 12_000);
  await until(() => phone.invites.length === 1, 3_000);
});

test('a desk whose new audio cannot be stored keeps what it has, and no leg is left over', async () => {
  await office([browserOperator('one')]);
  const operator = await takeSeat('one');
  const legs = rig.media.openLegs;
  expect(legs).toHaveLength(1);
  await database.sql(`create function refuse() returns trigger language plpgsql
    as $$ begin raise exception using errcode = 'disk_full'; end $$`);
  await database.sql(
    'create trigger full_disk before update on operator execute function refuse()',
  );
  const again = rig.desk.openAudio(operator, 'desk-1234', BROWSER_OFFER);
  await expect(again).rejects.toMatchObject({ code: 'database-failed', retryable: true });
  expect(rig.media.openLegs).toEqual(legs);
  await database.sql('drop trigger full_disk on operator');
  await rig.desk.openAudio(operator, 'desk-1234', BROWSER_OFFER);
  expect(rig.media.openLegs).toHaveLength(1);
  expect(rig.media.openLegs).not.toEqual(legs);
});

test('of two tabs that open audio at one moment the leg of one is closed when nobody is heard on it', async () => {
  await office([browserOperator('one')]);
  const id = await operatorId('one');
  const tabs = ['desk-1234', 'desk-5678'];
  await Promise.all(tabs.map((tab) => rig.desk.openAudio(id, tab, BROWSER_OFFER)));
  expect(rig.media.openLegs).toHaveLength(2);
  const { legId } = (await rig.storage.floor.operator(id))!;
  const other = rig.media.openLegs.find((leg) => leg !== legId)!;
  rig.media.emit({ type: 'leg.media-lost', leg: other, at: 0, reason: 'ice-timeout' });
  await until(() => rig.media.openLegs.length === 1, 3_000);
  expect(rig.media.openLegs).toEqual([legId]);
});

test('another process adopts a call in conversation and ends it with the next CSeq', async () => {
  await office([sipOperator('one', phone)]);
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  phone.invites[0]?.accept({ sdp: BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP') });
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
  const { media, port } = rig;
  await rig.die();
  // It had begun to record, and died before that was in the index.
  await database.sql('delete from recording');
  rig = await EngineRig.start(database, { media, port });
  expect(stateOf(id)?.phase).toBe('talking');
  const recorded = await rig.storage.recordings.ofCalls([id]);
  expect(recorded).toMatchObject([{ id: stateOf(id)?.recordingId, state: 'recording' }]);
  await trunk.bye(seen.dialog!);
  await until(() => phone.requests.some(({ method }) => method === 'BYE'), 5_000);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  expect(rig.media.openLegs).toEqual([]);
});

test('an INVITE the app died over is taken again by the next, and its first leg is gone by then', async () => {
  await office([]);
  const { media, port } = rig;
  const openLeg = media.openLeg.bind(media);
  const dying = Promise.withResolvers<LegId>();
  media.openLeg = async (options) => {
    await openLeg(options);
    dying.resolve(options.id);
    return new Promise<never>(() => undefined);
  };
  trunk.call(rig.port, '0301234567');
  const first = await dying.promise;
  await rig.die();
  expect(media.openLegs).toEqual([first]);
  media.openLeg = openLeg;
  rig = await EngineRig.start(database, { media, port });
  expect(media.openLegs).not.toContain(first);
  const id = await onlyCall();
  expect(media.openLegs).toEqual([stateOf(id)?.callerLeg.id]);
});

test('a desk with its sound up and not on the floor keeps it when the app dies', async () => {
  await office([browserOperator('one')]);
  const { media, port } = rig;
  const operator = await operatorId('one');
  await rig.desk.openAudio(operator, 'desk-1234', BROWSER_OFFER);
  const [leg] = media.openLegs;
  await rig.die();
  rig = await EngineRig.start(database, { media, port });
  expect(media.openLegs).toEqual([leg]);
  expect(await rig.desk.setPresence(operator, 'available')).toEqual({ ok: true, value: null });
  trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
});

test('a telephone that was left before the app died hears BYE once', async () => {
  await office([sipOperator('one', phone)]);
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  phone.pickUp(BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'));
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
  await rig.operations.park(await operatorId('one'), id, '');
  const byes = (): string[] => phone.heard.filter((message) => message.startsWith('BYE '));
  await until(() => byes().length > 0, 3_000);
  const { media, port } = rig;
  await rig.die();
  rig = await EngineRig.start(database, { media, port });
  expect(stateOf(id)?.phase).toBe('parked');
  await trunk.bye(seen.dialog!);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  expect(rig.sip.boundLegs).toBe(0);
  // Said again at most, never anew.
  expect(new Set(byes().map((bye) => /^CSeq: .*$/m.exec(bye)?.[0])).size).toBe(1);
});

test('whose telephone is engaged is told so, and the call she wished to pick up stays parked', async () => {
  await office([sipOperator('one', phone), sipOperator('two', trunk)]);
  trunk.onInvite = (invite) => void invite.reject(486);
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  phone.pickUp(BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'));
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
  await rig.operations.park(await operatorId('one'), id, '');
  const two = await operatorId('two');
  const asked = trunk.invites.length;
  expect(await rig.operations.pickUp(two, id)).toEqual({ ok: true, value: null });
  const told = { type: 'notice', operatorId: two, callId: id, code: 'still-parked' };
  await until(() => rig.events.some((event) => isDeepStrictEqual(event, told)), 5_000);
  expect(trunk.invites).toHaveLength(asked + 1);
  expect(phone.invites).toHaveLength(1);
  expect(stateOf(id)?.phase).toBe('parked');
  expect(await rig.storage.callQueries.parkedCalls()).toHaveLength(1);
  await trunk.bye(seen.dialog!);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
});

test('a BYE that is not answered when the app dies is said again by the next, and by no third', async () => {
  await office([sipOperator('one', phone)]);
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  phone.pickUp(BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'));
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
  phone.onRequest = () => undefined;
  await trunk.bye(seen.dialog!);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  expect(await rig.storage.calls.openCalls()).toEqual([]);
  const byes = (): string[] => phone.heard.filter((message) => message.startsWith('BYE '));
  await until(() => byes().length > 0, 3_000);
  const { media, port } = rig;
  const next = async (): Promise<void> => {
    await rig.die();
    phone.heard.splice(0);
    rig = await EngineRig.start(database, { media, port });
  };
  const [said] = byes();
  const commands = media.commands.length;
  const since = { sentSince: 0, endedSince: 0 };
  await next();
  await until(() => byes().length > 0, 3_000);
  expect(byes()[0]).toBe(said);
  expect(rig.engine.openCalls).toEqual([]);
  expect(media.commands.length).toBe(commands);
  expect(await rig.storage.calls.callsOwingBye(since)).toHaveLength(1);
  phone.requests[0]!.respond(200);
  await until(async () => (await rig.storage.calls.callsOwingBye(since)).length === 0, 5_000);
  await next();
  // Whatever the third had to say there was said before this.
  await rig.sip.agent.sendAgain({
    request: said!
      .replace(/branch=[^;\r]+/, 'branch=z9hG4bK-after')
      .replace('Call-ID: ', 'Call-ID: x'),
    peer: { protocol: 'UDP', address: '127.0.0.1', port: phone.socket.port },
  });
  expect(byes()).toHaveLength(1);
});

test('another process lets a ringing call ring on, and answers it', async () => {
  await office([browserOperator('one')]);
  const operator = await takeSeat('one');
  const { seen } = trunk.call(rig.port, '0301234567');
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
  const { media, port } = rig;
  await rig.die();
  rig = await EngineRig.start(database, { media, port });
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
  await rig.desk.answer(operator, id);
  await until(() => seen.statuses.includes(200), 5_000);
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
});

test('the caller gives up while another process has taken over: CANCEL ends the ringing call', async () => {
  await office([sipOperator('one', phone)]);
  const { invite, seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1 && seen.statuses.includes(180), 5_000);
  const id = await onlyCall();
  await until(() => rig.engine.registry.get(id)?.leg('operator') !== undefined, 3_000);
  const { media, port } = rig;
  await rig.die();
  rig = await EngineRig.start(database, { media, port });
  await until(() => seen.statuses.filter((status) => status === 180).length === 2, 3_000);
  invite.cancel();
  await until(() => seen.statuses.includes(487), 3_000);
  await until(() => phone.invites[0]?.state === 'ended', 5_000);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  expect(rig.media.openLegs).toEqual([]);
});

test('another process lets the phone ring on, once, and takes its answer', async () => {
  await office([sipOperator('one', phone)]);
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  const id = await onlyCall();
  await until(() => rig.engine.registry.get(id)?.leg('operator') !== undefined, 3_000);
  const { media, port } = rig;
  await rig.die();
  rig = await EngineRig.start(database, { media, port });
  await until(() => stateOf(id)?.phase === 'offering', 3_000);
  phone.invites[0]?.accept({ sdp: BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP') });
  await until(() => seen.statuses.includes(200), 5_000);
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
  expect(phone.invites.length).toBe(1);
  await trunk.bye(seen.dialog!);
  await until(() => phone.requests.some(({ method }) => method === 'BYE'), 5_000);
});

test('the app is asked to go while a phone is being picked up: the next process takes the answer', async () => {
  await office([sipOperator('one', phone)]);
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  const id = await onlyCall();
  await until(() => rig.engine.registry.get(id)?.leg('operator') !== undefined, 3_000);
  const { media, port } = rig;
  const asked = vi.spyOn(media, 'acceptAnswer').mockImplementationOnce(async () => {
    await rig.die();
    return { ok: false, reason: 'plane-down' };
  });
  phone.invites[0]?.accept({ sdp: BROWSER_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP') });
  await until(() => asked.mock.settledResults.length === 1, 3_000);
  asked.mockRestore();
  rig = await EngineRig.start(database, { media, port });
  await until(() => seen.statuses.includes(200), 8_000);
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
  expect(phone.requests.some(({ method }) => method === 'BYE')).toBe(false);
  expect(phone.invites.length).toBe(1);
  await trunk.bye(seen.dialog!);
  await until(() => phone.requests.some(({ method }) => method === 'BYE'), 5_000);
});

test('calls that are over are nothing to the next process', async () => {
  await office([sipOperator('one', phone)]);
  const { invite, seen } = trunk.call(rig.port, '0301234567');
  await until(() => seen.statuses.includes(180), 5_000);
  invite.cancel();
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  await until(async () => (await rig.storage.calls.openCalls()).length === 0, 2_000);
});
