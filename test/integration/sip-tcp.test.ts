import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId } from '../../src/base/index.ts';
import { Baresip } from '../harness/baresip.ts';
import { ANSWER, oneOperator } from '../harness/engine-office.ts';
import { EngineRig, TestPhone, testDatabase } from '../harness/engine-rig.ts';
import type { TestDatabase } from '../harness/engine-rig.ts';
import { has } from '../harness/peers.ts';
import { until } from '../harness/platform.ts';
import { Sipp } from '../harness/sipp.ts';

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

async function onlyCall(): Promise<CallId> {
  await until(() => rig.engine.openCalls.length === 1, 5_000);
  return asId<CallId>(rig.engine.openCalls[0] ?? '');
}

const stateOf = (id: CallId) => rig.engine.registry.get(id)?.state;
const overTcp = (at: TestPhone) =>
  ({ kind: 'sip', uri: `${at.uri};transport=tcp`, available: true }) as const;

/** Caller and operator talk, both over TCP. */
async function conversation() {
  await oneOperator(rig, overTcp(phone));
  const { seen } = trunk.call(rig.port, '0301234567', { transport: 'TCP' });
  await until(() => phone.invites.length === 1, 5_000);
  expect(phone.invites[0]?.source.protocol).toBe('TCP');
  phone.invites[0]?.accept({ sdp: ANSWER });
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'talking' && seen.dialog !== null, 5_000);
  return { id, dialog: seen.dialog! };
}

test('a call goes over TCP on both sides: one connection each, BYE included', async () => {
  const { dialog } = await conversation();
  expect(rig.streams.size).toBe(2);
  expect(dialog.peer.protocol).toBe('TCP');
  await trunk.bye(dialog);
  await until(() => phone.requests.some(({ method }) => method === 'BYE'), 5_000);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  expect(rig.streams.size).toBe(2);
});

test('after the death of the app its BYE goes over a new connection to the peer', async () => {
  const { id, dialog } = await conversation();
  const { media, port } = rig;
  await rig.die();
  await until(() => trunk.streams.size === 0 && phone.streams.size === 0, 5_000);
  rig = await EngineRig.start(database, { media, port });
  expect(stateOf(id)?.phase).toBe('talking');
  // The caller hangs up over a connection of its own; the phone is told over one that we make.
  await trunk.bye(dialog);
  await until(() => phone.requests.some(({ method }) => method === 'BYE'), 5_000);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
});

/** A caller that knows no more of SIP than this; its Via names a port at which nobody listens. */
const INVITE = `INVITE sip:0301234567@127.0.0.1 SIP/2.0
Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK-once
From: <sip:09001234567@127.0.0.1>;tag=there
To: <sip:0301234567@127.0.0.1>
Call-ID: again@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:127.0.0.1:9;transport=tcp>
Content-Type: application/sdp
Content-Length: ${ANSWER.length}

`.replaceAll('\n', '\r\n');

async function raw(): Promise<{ socket: Socket; text: () => string }> {
  let text = '';
  const socket = connect({ host: '127.0.0.1', port: rig.port });
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return { socket, text: () => text };
}

test('an INVITE that comes again over a new connection is the same call, which goes on there', async () => {
  await oneOperator(rig, overTcp(phone));
  const first = await raw();
  first.socket.write(INVITE + ANSWER);
  await until(() => first.text().includes('180 Ringing'), 5_000);
  first.socket.destroy();
  await until(() => rig.streams.size === 1, 5_000);
  const second = await raw();
  second.socket.write(INVITE + ANSWER);
  await until(() => second.text().includes('180 Ringing') && phone.invites.length > 0, 5_000);
  phone.invites[0]?.accept({ sdp: ANSWER });
  await until(() => second.text().includes('200 OK'), 5_000);
  const to = /^To: (.*)$/m.exec(second.text())?.[1] ?? '';
  const ack = INVITE.replaceAll('INVITE', 'ACK').replace('z9hG4bK-once', 'z9hG4bK-ack');
  second.socket.write(
    ack.replace(/^To: .*$/m, `To: ${to}`).replace(/Content-Length: \d+/, 'Content-Length: 0'),
  );
  const id = await onlyCall();
  await until(() => stateOf(id)?.phase === 'talking', 5_000);
  await phone.agent.prepareInDialog(phone.agent.dialog(phone.invites[0]!.dialog)!, 'BYE').send();
  await until(() => second.text().includes('BYE sip:'), 5_000);
  expect(phone.invites).toHaveLength(1);
  second.socket.destroy();
});

test('a BYE that finds no connection goes again until the phone is back', async () => {
  const { dialog } = await conversation();
  const { port } = phone.socket;
  await phone.close();
  await until(() => rig.streams.size === 1, 5_000);
  await trunk.bye(dialog);
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  phone = await TestPhone.open(port);
  await until(() => phone.heard.some((message) => message.startsWith('BYE ')), 15_000);
});

test.skipIf(!has('sipp'))('SIPp calls over TCP, is answered and hung up on', async () => {
  await oneOperator(rig, null);
  const sipp = new Sipp({
    scenario: 'uac-media-elsewhere',
    target: { address: '127.0.0.1', port: rig.port },
    keys: { dialed: '0301234567', rtp_port: 40_000 },
    args: ['-i', '127.0.0.1', '-t', 't1'],
  });
  try {
    const id = await onlyCall();
    await sipp.mediaPort();
    expect(rig.streams.size).toBe(1);
    await until(() => rig.playing(id).length > 0, 5_000);
    rig.media.finishPlayback(rig.playing(id)[0]!.playback);
    expect(await sipp.finished(), sipp.failure).toBe(0);
  } finally {
    await sipp.close();
  }
});

test.skipIf(!has('baresip'))(
  'baresip registers over TCP, is called and hung up on over that connection',
  async () => {
    const account = { username: '101', password: 'secret-101' };
    await oneOperator(rig, { kind: 'sip', ...account, available: true });
    const baresip = new Baresip({
      ...account,
      registrar: { address: '127.0.0.1', port: rig.port },
      transport: 'tcp',
      answers: 'auto',
    });
    try {
      await baresip.printed('200 OK');
      expect(rig.streams.size).toBe(1);
      const { seen } = trunk.call(rig.port, '0301234567');
      const id = await onlyCall();
      await until(
        () => stateOf(id)?.phase === 'talking',
        10_000,
        () => baresip.output,
      );
      expect(rig.streams.size).toBe(1);
      await until(() => seen.dialog !== null, 5_000);
      await trunk.bye(seen.dialog!);
      await baresip.printed(/BYE sip:101-[^]*SIP\/2.0 200 OK/);
      expect(rig.streams.size).toBe(1);
      await until(() => rig.engine.openCalls.length === 0, 5_000);
    } finally {
      await baresip.close();
    }
  },
);
