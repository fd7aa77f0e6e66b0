import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { asId, silentLogger } from '../../src/base/index.ts';
import type { CallId, Logger } from '../../src/base/index.ts';
import { systemClock, systemRandom } from '../../src/base/system.ts';
import { heldBy } from '../../src/calls/index.ts';
import type { IncomingRefer } from '../../src/engine/index.ts';
import {
  DigestServer,
  DigestSession,
  computeHa1,
  parseMessage,
  referNotify,
} from '../../src/sip/index.ts';
import type { SipRequest } from '../../src/sip/index.ts';
import { Baresip } from '../harness/baresip.ts';
import { ANSWER, oneOperator } from '../harness/engine-office.ts';
import type { Account } from '../harness/engine-office.ts';
import { EngineRig, TestPhone, testDatabase } from '../harness/engine-rig.ts';
import type { TestDatabase } from '../harness/engine-rig.ts';
import { Linphone } from '../harness/linphone.ts';
import { has } from '../harness/peers.ts';
import { until } from '../harness/platform.ts';
import { nodeHash } from '../harness/sip-network.ts';
import { Sipp } from '../harness/sipp.ts';

let warnings: object[] = [];
let log: Logger;
let database: TestDatabase;
let rig: EngineRig;
let trunk: TestPhone;
let phone: TestPhone;

beforeEach(async () => {
  database = await testDatabase();
  // Each test its own: a process that has died says late what it could not store.
  const own: object[] = [];
  const logger: Logger = {
    ...silentLogger,
    child: () => logger,
    warn: (fields, message) => void own.push({ ...fields, message }),
  };
  [warnings, log] = [own, logger];
  rig = await EngineRig.start(database, { log });
  trunk = await TestPhone.open();
  phone = await TestPhone.open();
});

afterEach(async () => {
  await rig.die();
  await Promise.all([trunk.close(), phone.close()]);
  await database.drop();
});

async function onlyActor() {
  await until(() => rig.engine.openCalls.length === 1, 5_000);
  const actor = rig.engine.registry.get(asId<CallId>(rig.engine.openCalls[0] ?? ''));
  if (!actor) throw new Error('no call');
  return actor;
}

/** Caller and operator's phone talk. */
async function conversation(account?: Account) {
  await oneOperator(rig, { kind: 'sip', uri: phone.uri, available: true }, account);
  await rig.trunks.sync();
  const { seen } = trunk.call(rig.port, '0301234567');
  await until(() => phone.invites.length === 1, 5_000);
  phone.invites[0]?.accept({ sdp: ANSWER });
  const actor = await onlyActor();
  await until(() => actor.state.phase === 'talking' && seen.dialog !== null, 5_000);
  const legId = actor.state.operator?.legId;
  if (!legId) throw new Error('no operator');
  const atPhone = () => phone.agent.dialog(phone.invites[0]!.dialog)!;
  return { actor, legId, caller: seen.dialog!, atPhone };
}

/** Status lines that the phone was notified of. */
const notified = (): string[] =>
  phone.requests
    .filter(({ method }) => method === 'NOTIFY')
    .map(({ request }) => request.body.trim());

test('a REFER is refused where that is decided, and a broken one anyway', async () => {
  const { atPhone } = await conversation();
  rig.hooks.onRefer = (refer) => refer.refuse(603);
  const headers = [['Refer-To', '<sip:0611112222@127.0.0.1>']] as const;
  const sent = phone.agent.prepareInDialog(atPhone(), 'REFER', { headers });
  expect(await sent.send()).toMatchObject({ response: { status: 603 } });
  const broken = phone.agent.prepareInDialog(sent.dialog, 'REFER');
  expect(await broken.send()).toMatchObject({ response: { status: 400 } });
});

test('a REFER that is accepted is told how the call to its target goes', async () => {
  const { actor, legId, atPhone } = await conversation();
  const refers: IncomingRefer[] = [];
  rig.hooks.onRefer = (refer) => refers.push(refer);
  const headers = [
    ['Refer-To', '<sip:0611112222@127.0.0.1>'],
    ['Referred-By', '<sip:phone@127.0.0.1>'],
  ] as const;
  const sent = phone.agent.prepareInDialog(atPhone(), 'REFER', { headers }).send();
  await until(() => refers.length === 1, 5_000);
  expect(refers[0]).toMatchObject({
    actor,
    legId,
    target: { uri: { user: '0611112222' } },
    referredBy: '<sip:phone@127.0.0.1>',
  });
  const report = refers[0]!.accept(legId);
  expect(await sent).toMatchObject({ response: { status: 202 } });
  await report(180);
  await report(200);
  await report(486);
  await until(() => notified().length === 3, 5_000);
  expect(notified()).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 180 Ringing', 'SIP/2.0 200 OK']);
});

test('our REFER hears the progress and the end of the transfer, or that it is refused', async () => {
  const { actor, legId, atPhone } = await conversation();
  const progress: number[] = [];
  phone.onRequest = (request) => {
    request.respond(request.method === 'REFER' ? 202 : 200);
    if (request.method !== 'REFER') return;
    void (async () => {
      for (const status of [100, 180, 200]) {
        const notify = referNotify(status, request.dialog?.remoteSeq ?? 0);
        await phone.agent.prepareInDialog(atPhone(), 'NOTIFY', notify).send();
      }
    })();
  };
  const outcome = await rig.sip.refer(actor, legId, {
    uri: 'sip:0611112222@127.0.0.1',
    onProgress: (status) => progress.push(status),
  });
  expect(outcome).toEqual({ kind: 'concluded', status: 200 });
  expect(progress).toEqual([100, 180]);
  phone.onRequest = (request) => void request.respond(603);
  const refused = await rig.sip.refer(actor, legId, { uri: 'sip:0611112222@127.0.0.1' });
  expect(refused).toEqual({ kind: 'refused', status: 603 });
  const stray = phone.agent.prepareInDialog(atPhone(), 'NOTIFY', referNotify(200, 1)).send();
  expect(await stray).toMatchObject({ response: { status: 481 } });
});

test('a re-INVITE of ours goes again after a 491, and the answer reaches the media plane', async () => {
  const { actor, legId } = await conversation();
  let refusals = 1;
  phone.onRequest = (request) => {
    if (request.method === 'INVITE' && refusals-- > 0) request.respond(491);
    else request.respond(200, { sdp: ANSWER });
  };
  expect(await rig.sip.reinvite(actor, legId)).toBe('agreed');
  const invites = phone.requests.filter(({ method }) => method === 'INVITE');
  expect(invites).toHaveLength(2);
  const seqs = invites.map(({ request }) => request.headers.get('CSeq'));
  expect(new Set(seqs).size).toBe(2);
  expect(rig.media.commands.at(-1)).toMatchObject({ type: 'acceptAnswer', leg: legId });
});

test('the other side holds and comes back: by sendonly, inactive, 0.0.0.0 and UPDATE', async () => {
  const { caller, actor } = await conversation();
  const holds: unknown[] = [];
  rig.hooks.onHold = (legId, how) => {
    if (legId === actor.state.callerLeg.id) holds.push(how);
  };
  const offer = (change: (sdp: string) => string) => change(ANSWER.replace('40002', '40000'));
  const offers = [
    offer((sdp) => `${sdp}a=sendonly\r\n`),
    offer((sdp) => `${sdp}a=inactive\r\n`),
    offer((sdp) => sdp.replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0')),
    offer((sdp) => sdp),
  ];
  let dialog = caller;
  const directions: string[] = [];
  for (const [index, sdp] of offers.entries()) {
    const prepared = trunk.agent.prepareInDialog(dialog, index === 1 ? 'UPDATE' : 'INVITE', {
      sdp,
    });
    const outcome = await prepared.send();
    dialog = outcome.dialog;
    const body = outcome.kind === 'answered' ? outcome.response.body : '';
    directions.push(/a=(sendrecv|recvonly|inactive|sendonly)/.exec(body)?.[1] ?? 'none');
  }
  expect(directions).toEqual(['recvonly', 'inactive', 'recvonly', 'sendrecv']);
  expect(holds).toEqual(['sending', 'silent', 'sending', null]);
  // Some come back by asking for our offer: what was last agreed would leave them on hold.
  const held = await trunk.agent.prepareInDialog(dialog, 'INVITE', { sdp: offers[1]! }).send();
  const back = trunk.agent.prepareInDialog(held.dialog, 'INVITE', { ackSdp: () => offers[3]! });
  const asked = await back.send();
  expect(asked.kind === 'answered' && asked.response.body).toMatch(/AVP 0 8.*sendrecv/s);
  await until(() => holds.at(-1) === null, 5_000);
});

test('the other side changes its codec in the middle of the call, and may not take one we lack', async () => {
  const { caller, actor } = await conversation();
  const offer = (payload: number) => ANSWER.replace('RTP/AVP 0', `RTP/AVP ${payload}`);
  const first = trunk.agent.prepareInDialog(caller, 'INVITE', { sdp: offer(8) });
  const changed = await first.send();
  const body = changed.kind === 'answered' ? changed.response.body : '';
  expect(body).toMatch(/^m=audio \d+ RTP\/AVP 8\b/m);
  const second = trunk.agent.prepareInDialog(changed.dialog, 'INVITE', { sdp: offer(9) });
  expect(await second.send()).toMatchObject({ response: { status: 488 }, ended: false });
  expect(actor.state.phase).toBe('talking');
});

const account = { username: '101', password: 'secret-101' };
let registerSeq = 1;

async function register(password: string, sipCallId: string, from = phone) {
  const outcome = await from.agent.request({
    method: 'REGISTER',
    uri: 'sip:127.0.0.1',
    destination: { protocol: 'UDP', address: '127.0.0.1', port: rig.port },
    from: { uri: 'sip:101@127.0.0.1' },
    to: { uri: 'sip:101@127.0.0.1' },
    headers: [['Contact', `<sip:${sipCallId}@127.0.0.1:${from.socket.port}>`]],
    digest: new DigestSession({ username: '101', password }),
    sipCallId,
    seq: (registerSeq += 10),
  });
  return outcome.kind === 'answered' ? outcome.response : null;
}

test('telephones of one account that register at one moment are all registered', async () => {
  await oneOperator(rig, { kind: 'sip', ...account, available: true });
  const ids = ['desk', 'home', 'mobile', 'spare'];
  const looked = vi.spyOn(rig.storage.registrations, 'credentials');
  // Nothing can be written until all of them, challenged once, have been found right.
  await database.sql('begin');
  await database.sql('lock table registration in exclusive mode');
  const answering = Promise.all(ids.map((id) => register(account.password, id)));
  const isFound = ({ type }: { type: string }): boolean => type === 'fulfilled';
  await until(() => looked.mock.settledResults.filter(isFound).length === 2 * ids.length, 5_000);
  await database.sql('commit');
  const answers = await answering;
  expect(answers.map((answer) => answer?.status)).toEqual([200, 200, 200, 200]);
  const bindings = await rig.storage.registrations.bindings('101');
  expect(bindings.map(({ sipCallId }) => sipCallId).sort()).toEqual(ids);
});

test('wrong passwords stop who guesses, not the telephone that is registered', async () => {
  await oneOperator(rig, { kind: 'sip', ...account, available: true });
  expect(await register(account.password, 'own')).toMatchObject({ status: 200 });
  for (let tries = 0; tries < 5; tries++) {
    expect(await register('guess', `guess-${tries}`, trunk)).toMatchObject({ status: 401 });
  }
  // Not even the right one is told to be right from there.
  const stopped = await register(account.password, 'guessed', trunk);
  expect(stopped?.status).toBe(503);
  expect(Number(stopped?.headers.get('Retry-After'))).toBeGreaterThan(250);
  expect(await register(account.password, 'own')).toMatchObject({ status: 200 });
  expect(warnings).toContainEqual(
    expect.objectContaining({ username: '101', address: '127.0.0.1' }),
  );
});

/** The next request in the caller's dialog that the trunk has not answered. */
async function asked(count: number): Promise<SipRequest> {
  await until(() => trunk.requests.length >= count, 5_000);
  return trunk.requests[count - 1]!.request;
}

const [username, password, realm] = ['0301234567', 'geheim', 'carrier'];
/** Our account at the trunk, the challenge it makes, and whether a request proves who we are. */
function carrier() {
  const server = new DigestServer({
    ...{ realm, clock: systemClock, random: systemRandom, hash: nodeHash },
  });
  const registrars = [`sip:127.0.0.1:${trunk.socket.port}`];
  const login = { registrars, username, password, expiresSeconds: 120 };
  const account: Account = { ...login, transport: 'udp' };
  const headers = server.challenge().map((value) => ['WWW-Authenticate', value] as const);
  const verify = (request: SipRequest) =>
    server.verify(request, (user, algorithm) =>
      computeHa1(nodeHash, algorithm, { username: user, realm, password }),
    );
  return { account, headers, verify };
}

test.each(['INVITE', 'UPDATE'])(
  'a carrier that challenges our %s in a call is told once who we are',
  async (method) => {
    const { account, headers, verify } = carrier();
    const { actor } = await conversation(account);
    const legId = actor.state.callerLeg.id;
    trunk.onRequest = () => undefined;
    const sent =
      method === 'INVITE'
        ? rig.sip.reinvite(actor, legId)
        : rig.sip.request(actor, legId, 'UPDATE', {});
    const first = await asked(1);
    trunk.requests[0]!.respond(401, { headers });
    const second = await asked(2);
    expect(verify(second)).toEqual({ ok: true, username });
    const seqs = [first, second].map(({ headers: of }) => of.get('CSeq'));
    expect(seqs).toEqual([`1 ${method}`, `2 ${method}`]);
    // Another process would count on from there.
    type Leg = { sip: { dialog: { localSeq: number } } };
    expect((await storedLeg<Leg>(actor.state.id, 'caller'))?.sip.dialog.localSeq).toBe(2);
    if (method === 'INVITE') {
      trunk.requests[1]!.respond(200, { sdp: ANSWER });
      expect(await sent).toBe('agreed');
    } else {
      trunk.requests[1]!.respond(401, { headers });
      expect(await sent).toMatchObject({ response: { status: 401 }, ended: false });
    }
    expect(trunk.requests).toHaveLength(2);
    expect(actor.state.phase).toBe('talking');
  },
);

/** What the next process would find of a call's first leg of this role. */
async function storedLeg<Leg>(callId: string, role: string): Promise<Leg | undefined> {
  const rows = await database.sql<{ leg: Leg }>(
    `select leg from call_leg where call_id = $1 and leg ->> 'role' = $2 order by position`,
    [callId, role],
  );
  return rows[0]?.leg;
}

test('a carrier that challenges our BYE is told once who we are, also by the next process', async () => {
  const { account, headers, verify } = carrier();
  const { actor, atPhone } = await conversation(account);
  const { port, media } = rig;
  await rig.die();
  rig = await EngineRig.start(database, { port, media, log });
  await rig.trunks.sync();
  trunk.onRequest = () => undefined;
  await phone.bye(atPhone());
  const first = await asked(1);
  trunk.requests[0]!.respond(401, { headers });
  const second = await asked(2);
  expect(verify(second)).toEqual({ ok: true, username });
  expect([first, second].map(({ headers: of }) => of.get('CSeq'))).toEqual(['1 BYE', '2 BYE']);
  type Leg = { sip: { over?: { bye: { request: string } } } };
  const stored = (await storedLeg<Leg>(actor.state.id, 'caller'))?.sip.over?.bye.request;
  expect(stored).toContain(`Authorization: ${second.headers.get('Authorization')}\r\n`);
  trunk.requests[1]!.respond(401, { headers });
  const refused = { status: 401, message: 'BYE was refused' };
  await until(() => warnings.some((one) => 'status' in one && one.status === 401), 5_000);
  expect(warnings).toContainEqual(expect.objectContaining(refused));
  expect(trunk.requests).toHaveLength(2);
});

test('a BYE that is challenged where we have no account is not sent again, and that is logged', async () => {
  const { atPhone } = await conversation();
  const challenge = 'Digest realm="carrier", nonce="n1", qop="auth"';
  trunk.onRequest = (request) =>
    void request.respond(407, { headers: [['Proxy-Authenticate', challenge]] });
  await phone.bye(atPhone());
  const refused = { status: 407, message: 'BYE was refused' };
  await until(() => warnings.length > 0, 5_000);
  expect(warnings).toEqual([expect.objectContaining(refused)]);
  expect(trunk.requests).toHaveLength(1);
});

test.skipIf(!has('sipp'))('SIPp insists on 100rel and a session timer and gets both', async () => {
  await oneOperator(rig, { kind: 'sip', uri: phone.uri, available: true });
  const sipp = new Sipp({
    scenario: 'uac-100rel',
    target: { address: '127.0.0.1', port: rig.port },
    keys: { dialed: '0301234567' },
    args: ['-i', '127.0.0.1'],
  });
  try {
    await until(
      () => phone.invites.length === 1,
      5_000,
      () => sipp.failure,
    );
    await until(() => rig.sip.agent.counts.openInvites === 1, 5_000);
    phone.invites[0]?.accept({ sdp: ANSWER });
    await sipp.mediaPort();
    const actor = await onlyActor();
    await until(() => actor.state.phase === 'talking', 5_000);
    const caller = actor.legs.find(({ role }) => role === 'caller');
    const dialog = caller?.sip?.dialog;
    expect(dialog && rig.sip.agent.dialog(dialog)?.session).toMatchObject({
      intervalS: 1800,
      refresher: 'us',
    });
    await phone.bye(phone.agent.dialog(phone.invites[0]!.dialog)!);
    expect(await sipp.finished(), sipp.failure).toBe(0);
  } finally {
    await sipp.close();
  }
});

test.skipIf(!has('sipp'))(
  'SIPp insists on 100rel and leaves the offer to us: it is in the ringing, and the 200 waits for the PRACK',
  async () => {
    await oneOperator(rig, { kind: 'sip', uri: phone.uri, available: true });
    phone.onInvite = (invite) => void invite.accept({ sdp: ANSWER });
    const sipp = new Sipp({
      scenario: 'uac-100rel-offerless',
      target: { address: '127.0.0.1', port: rig.port },
      keys: { dialed: '0301234567' },
      args: ['-i', '127.0.0.1'],
    });
    try {
      await sipp.mediaPort();
      const actor = await onlyActor();
      await until(() => actor.state.phase === 'talking', 5_000);
      const { callerLeg, operator } = actor.state;
      await until(() => rig.speaks(callerLeg.id, operator!.legId), 3_000);
      const caller = actor.legs.find(({ role }) => role === 'caller');
      expect(caller?.sip).toMatchObject({ offerless: false, answer: { offers: false } });
      await phone.bye(phone.agent.dialog(phone.invites[0]!.dialog)!);
      expect(await sipp.finished(), sipp.failure).toBe(0);
    } finally {
      await sipp.close();
    }
  },
);

test.skipIf(!has('baresip'))('baresip follows our REFER and tells how it went', async () => {
  const account = { username: '101', password: 'secret-101' };
  await oneOperator(rig, { kind: 'sip', ...account, available: true });
  const baresip = new Baresip({
    ...account,
    registrar: { address: '127.0.0.1', port: rig.port },
    transport: 'udp',
    answers: 'auto',
  });
  try {
    await baresip.printed('200 OK');
    trunk.call(rig.port, '0301234567');
    const actor = await onlyActor();
    await until(
      () => actor.state.phase === 'talking',
      10_000,
      () => baresip.output,
    );
    const legId = actor.state.operator!.legId;
    const outcome = rig.sip.refer(actor, legId, { uri: phone.uri });
    await until(
      () => phone.invites.length === 1,
      10_000,
      () => baresip.output,
    );
    expect(parseMessage(phone.heard[0] ?? '').ok).toBe(true);
    phone.invites[0]?.accept({ sdp: ANSWER });
    expect(await outcome).toEqual({ kind: 'concluded', status: 200 });
  } finally {
    await baresip.close();
  }
});

test.skipIf(!has('linphone'))(
  'linphone registers, picks up, holds the call and takes it back, and ends it',
  async () => {
    const account = { username: '101', password: 'secret-101' };
    await oneOperator(rig, { kind: 'sip', ...account, available: true });
    const registrar = { address: '127.0.0.1', port: rig.port };
    const linphone = await Linphone.open({ ...account, registrar });
    const seen = (what: () => boolean): Promise<void> =>
      until(what, 15_000, () => linphone.output.slice(-4000));
    try {
      expect(rig.engine.operatorSide.registeredUsers()).toEqual(['101']);
      trunk.call(rig.port, '0301234567');
      const actor = await onlyActor();
      await seen(() => actor.state.phase === 'talking');
      linphone.command('pause');
      await seen(() => heldBy(actor.state).length === 1);
      expect(heldBy(actor.state)).toEqual(['operator']);
      // Its own re-INVITE must be over, or it takes the command for nothing.
      await linphone.printed('is now paused');
      linphone.command('resume');
      await seen(() => heldBy(actor.state).length === 0);
      linphone.command('terminate');
      await seen(() => trunk.requests.some(({ method }) => method === 'BYE'));
      await seen(() => actor.state.phase === 'ended');
    } finally {
      await linphone.close();
    }
  },
);
