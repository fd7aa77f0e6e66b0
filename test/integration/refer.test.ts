import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, E164 } from '../../src/base/index.ts';
import type { IncomingInvite } from '../../src/sip/index.ts';
import { Baresip } from '../harness/baresip.ts';
import { ANSWER, oneOperator } from '../harness/engine-office.ts';
import { EngineRig, TestOutbound, TestPhone, testDatabase } from '../harness/engine-rig.ts';
import type { TestDatabase } from '../harness/engine-rig.ts';
import { has } from '../harness/peers.ts';
import { until } from '../harness/platform.ts';

/* REFER: an operator's telephone transfers a call; nobody else can. */

const CONTACT = asId<E164>('+819001234568');
const WANTED = 'sip:09001234568@127.0.0.1';

let database: TestDatabase;
let outbound: TestOutbound;
let rig: EngineRig;
let trunk: TestPhone;
let phone: TestPhone;
let contact: TestPhone;

beforeEach(async () => {
  database = await testDatabase();
  [trunk, phone, contact] = await Promise.all([
    TestPhone.open(),
    TestPhone.open(),
    TestPhone.open(),
  ]);
  outbound = new TestOutbound(new Map([[CONTACT, contact.uri]]));
  rig = await EngineRig.start(database, { outbound });
});

afterEach(async () => {
  await rig.die();
  await Promise.all([trunk.close(), phone.close(), contact.close()]);
  await database.drop();
});

async function onlyActor() {
  await until(() => rig.engine.openCalls.length === 1, 5_000);
  const actor = rig.engine.registry.get(asId<CallId>(rig.engine.openCalls[0] ?? ''));
  if (!actor) throw new Error('no call');
  return actor;
}

async function talking() {
  await oneOperator(rig, { kind: 'sip', uri: phone.uri, available: true });
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  const actor = await onlyActor();
  await until(() => actor.state.phase === 'offering', 3_000);
  phone.pickUp(ANSWER);
  await until(() => actor.state.phase === 'talking' && seen.dialog !== null, 5_000);
  return { actor, seen };
}

async function refer(to: string): Promise<number | undefined> {
  const dialog = phone.agent.dialog(phone.invites[0]!.dialog)!;
  const headers = [['Refer-To', `<${to}>`]] as const;
  const outcome = await phone.agent.prepareInDialog(dialog, 'REFER', { headers }).send();
  return outcome.kind === 'answered' ? outcome.response.status : undefined;
}

/** What the phone was told of its transfer. */
const told = (): string[] =>
  phone.requests
    .filter(({ method }) => method === 'NOTIFY')
    .map(({ request }) => request.body.trim().slice('SIP/2.0 '.length));

async function over(): Promise<void> {
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  await until(() => outbound.begun.size === 0, 2_000);
  expect(rig.media.openLegs).toEqual([]);
}

test('the caller is put through; the phone is told how it goes, and then let go', async () => {
  const { actor, seen } = await talking();
  expect(await refer(WANTED)).toBe(202);
  await until(() => contact.invites.length === 1, 3_000);
  expect(actor.state.phase).toBe('relaying');
  // Until somebody answers, it is her call.
  expect(actor.state.operator).not.toBeNull();
  await until(() => told().length === 2, 3_000);
  contact.pickUp(ANSWER);
  await until(() => actor.state.phase === 'relayed', 3_000);
  await until(() => phone.requests.some(({ method }) => method === 'BYE'), 3_000);
  expect(told()).toEqual(['100 Trying', '180 Ringing', '200 OK']);
  const { callerLeg, contacts } = actor.state;
  await until(() => rig.speaks(callerLeg.id, contacts[0]!.legId), 3_000);
  await trunk.bye(seen.dialog!);
  await over();
});

test('184 before the number withholds ours, and opens nothing that is closed', async () => {
  await talking();
  contact.onInvite = (invite) => void invite.reject(486);
  expect(await refer('sip:18409001234568@127.0.0.1;user=phone')).toBe(202);
  await until(() => told().at(-1) === '486 Busy Here', 3_000);
  expect(outbound.presentations).toEqual(['withheld']);
  expect(await refer('sip:1840990123456@127.0.0.1')).toBe(202);
  await until(() => told().at(-1) === '403 Forbidden', 3_000);
  await phone.hangUp();
  await over();
});

test('who cannot be had leaves the caller with the operator, and the phone knows why', async () => {
  const { actor } = await talking();
  contact.onInvite = (invite) => void invite.reject(486);
  expect(await refer(WANTED)).toBe(202);
  await until(() => told().length === 2, 3_000);
  expect(told()).toEqual(['100 Trying', '486 Busy Here']);
  await until(() => actor.state.phase === 'talking', 3_000);
  await until(() => rig.speaks(actor.state.callerLeg.id, actor.state.operator!.legId), 3_000);
  await phone.hangUp();
  await over();
});

test('a number that may not be rung is not rung, and what is no number is refused at once', async () => {
  const { actor } = await talking();
  expect(await refer('sip:0990123456@127.0.0.1')).toBe(202);
  await until(() => told().length === 2, 3_000);
  expect(told()).toEqual(['100 Trying', '403 Forbidden']);
  await until(() => actor.state.phase === 'talking', 3_000);
  expect(await refer('sip:somebody@203.0.113.7')).toBe(404);
  expect(await refer(`${WANTED}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc`)).toBe(488);
  expect(contact.invites).toEqual([]);
  await phone.hangUp();
  await over();
});

test.each([
  ['200 OK', (invite: IncomingInvite) => void invite.accept({ sdp: ANSWER })],
  ['486 Busy Here', (invite: IncomingInvite) => void invite.reject(486)],
])('an app that dies meanwhile leaves it to the next to say %s', async (end, answers) => {
  const { actor, seen } = await talking();
  expect(await refer(WANTED)).toBe(202);
  await until(() => told().length === 2, 3_000);
  await until(() => actor.state.contacts[0]?.state === 'ringing', 3_000);
  const { media, port } = rig;
  await rig.die();
  answers(contact.invites[0]!);
  rig = await EngineRig.start(database, { media, port, outbound });
  await until(() => told().length === 3, 8_000);
  expect(told()).toEqual(['100 Trying', '180 Ringing', end]);
  const adopted = await onlyActor();
  await until(() => adopted.legs.every(({ sip }) => sip?.refer === undefined || sip.over), 3_000);
  if (adopted.state.phase === 'talking') await phone.hangUp();
  else await trunk.bye(seen.dialog!);
  await over();
});

test('a phone that hangs up right after its REFER leaves the caller to the contact', async () => {
  const { actor, seen } = await talking();
  expect(await refer(WANTED)).toBe(202);
  await until(() => contact.invites.length === 1, 3_000);
  await phone.hangUp();
  await until(() => actor.state.operator === null, 3_000);
  contact.pickUp(ANSWER);
  await until(() => actor.state.phase === 'relayed', 3_000);
  await trunk.bye(seen.dialog!);
  await over();
});

test('a caller’s or a contact’s REFER is refused: toll fraud', async () => {
  const { actor, seen } = await talking();
  const headers = [['Refer-To', `<${WANTED}>`]] as const;
  const byCaller = await trunk.agent.prepareInDialog(seen.dialog!, 'REFER', { headers }).send();
  expect(byCaller).toMatchObject({ response: { status: 603 } });
  expect(contact.invites).toEqual([]);
  await refer(WANTED);
  await until(() => contact.invites.length === 1, 3_000);
  contact.pickUp(ANSWER);
  await until(() => actor.state.phase === 'relayed', 3_000);
  const atContact = contact.agent.dialog(contact.invites[0]!.dialog)!;
  const byContact = await contact.agent.prepareInDialog(atContact, 'REFER', { headers }).send();
  expect(byContact).toMatchObject({ response: { status: 603 } });
  expect(contact.invites).toHaveLength(1);
  await contact.hangUp();
  await over();
});

test('where the rules allow no blind transfer, there is none by telephone either', async () => {
  const { actor } = await talking();
  Object.assign(actor.state, { rules: { ...actor.state.rules, blindTransfer: false } });
  expect(await refer(WANTED)).toBe(603);
  await phone.hangUp();
  await over();
});

test.skipIf(!has('baresip'))('baresip transfers the call of its user', async () => {
  const account = { username: '101', password: 'secret-101' };
  await oneOperator(rig, { kind: 'sip', ...account, available: true });
  const controlPort = await freePort();
  const baresip = new Baresip({
    ...account,
    registrar: { address: '127.0.0.1', port: rig.port },
    transport: 'udp',
    answers: 'auto',
    controlPort,
  });
  try {
    await baresip.printed('200 OK');
    const { seen } = trunk.call(rig.port, '0301234567');
    const actor = await onlyActor();
    await until(
      () => actor.state.phase === 'talking',
      10_000,
      () => baresip.output,
    );
    await baresip.command(controlPort, 'transfer', WANTED);
    await until(
      () => contact.invites.length === 1,
      10_000,
      () => baresip.output,
    );
    contact.pickUp(ANSWER);
    await until(() => actor.state.phase === 'relayed', 5_000);
    expect(actor.state.operator).toBeNull();
    await trunk.bye(seen.dialog!);
    await over();
  } finally {
    await baresip.close();
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
