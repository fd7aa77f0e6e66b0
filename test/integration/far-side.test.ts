import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, LegId } from '../../src/base/index.ts';
import { heldBy, noSoundFrom, soundOf } from '../../src/calls/index.ts';
import type { DialogId } from '../../src/sip/index.ts';
import { ANSWER, oneOperator } from '../harness/engine-office.ts';
import { EngineRig, TestPhone, testDatabase } from '../harness/engine-rig.ts';
import type { TestDatabase } from '../harness/engine-rig.ts';
import { has } from '../harness/peers.ts';
import { until } from '../harness/platform.ts';
import { Sipp } from '../harness/sipp.ts';

/* What the far ends of a call do by themselves: hold, fall silent, vanish. */

let database: TestDatabase;
let rig: EngineRig;
let trunk: TestPhone;
let phone: TestPhone;

beforeEach(async () => {
  database = await testDatabase();
  rig = await EngineRig.start(database);
  [trunk, phone] = await Promise.all([TestPhone.open(), TestPhone.open()]);
  await oneOperator(rig, { kind: 'sip', uri: phone.uri, available: true });
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

/** The operator's phone picks up; caller and operator talk. */
async function talking() {
  await until(() => phone.invites.length === 1, 5_000);
  const actor = await onlyActor();
  await until(() => actor.state.phase === 'offering', 3_000);
  phone.pickUp(ANSWER);
  await until(() => actor.state.phase === 'talking', 5_000);
  const atPhone = actor.state.operator?.legId;
  if (!atPhone) throw new Error('no operator');
  return { actor, caller: actor.state.callerLeg.id, atPhone };
}

async function over(): Promise<void> {
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  expect(rig.media.openLegs).toEqual([]);
}

const inviteWith = (direction: string) => ({ sdp: `${ANSWER}a=${direction}\r\n` });

describe('hold by the far side', () => {
  test.skipIf(!has('sipp'))(
    'a caller’s exchange holds and comes back; its REFER is refused',
    async () => {
      const sipp = new Sipp({
        scenario: 'uac-holds',
        target: { address: '127.0.0.1', port: rig.port },
        keys: { dialed: '0301234567' },
        args: ['-i', '127.0.0.1'],
      });
      try {
        const { actor } = await talking();
        const seen: unknown[] = [];
        rig.hooks.onHold = (_leg, how) => seen.push(how);
        await until(() => heldBy(actor.state).length === 1, 8_000);
        expect(heldBy(actor.state)).toEqual(['caller']);
        expect(noSoundFrom(actor.state)).toEqual([]);
        expect(await sipp.finished(), sipp.failure).toBe(0);
        expect(seen).toEqual(['sending', 'silent', null]);
        // Nobody was rung for the REFER.
        expect(phone.invites).toHaveLength(1);
        await over();
      } finally {
        await sipp.close();
      }
    },
  );

  test('an operator’s phone holds: what it plays is heard, without any the caller has our music', async () => {
    trunk.call(rig.port, '0301234567');
    const { actor, caller, atPhone } = await talking();
    const music = () => rig.playing(actor.state.id).filter(({ leg }) => leg === caller);
    let dialog = phone.agent.dialog(phone.invites[0]!.dialog)!;
    const offer = async (direction: string) => {
      const outcome = await phone.agent
        .prepareInDialog(dialog, 'INVITE', inviteWith(direction))
        .send();
      ({ dialog } = outcome);
    };
    await offer('sendonly');
    await until(() => heldBy(actor.state).length === 1, 3_000);
    expect(soundOf(actor.state).playing).toEqual([]);
    // It said that it would send something, and does not.
    rig.media.emit({ type: 'leg.media-lost', leg: atPhone, at: 0, reason: 'rtp-timeout' });
    await until(() => music().length === 1, 3_000);
    expect(music()[0]?.playback).toContain(':hold-music:');
    expect(noSoundFrom(actor.state)).toEqual([]);

    // The next process knows that it holds, and that it is back.
    const { media, port } = rig;
    await rig.die();
    rig = await EngineRig.start(database, { media, port });
    const adopted = await onlyActor();
    expect(heldBy(adopted.state)).toEqual(['operator']);
    await offer('sendrecv');
    rig.media.emit({ type: 'leg.media-back', leg: atPhone, at: 0 });
    await until(() => heldBy(adopted.state).length === 0, 3_000);
    await until(() => soundOf(adopted.state).playing.length === 0, 3_000);
    await phone.bye(dialog);
    await over();
  });
});

describe('a far end that moves before the call is answered', () => {
  test('the caller is elsewhere after its UPDATE, for the next process too', async () => {
    const elsewhere = await TestPhone.open();
    trunk.call(rig.port, '0301234567');
    await until(() => phone.invites.length === 1 && trunk.heard.some(isRinging), 5_000);
    const early = trunk.agent.dialog(dialogOf(trunk.heard.find(isRinging)!))!;
    const moved = { ...early, localTarget: elsewhere.uri };
    const update = trunk.agent.prepareInDialog(moved, 'UPDATE');
    expect(await update.send()).toMatchObject({ response: { status: 200 } });
    const { media, port } = rig;
    await rig.die();
    rig = await EngineRig.start(database, { media, port });
    phone.pickUp(ANSWER);
    const actor = await onlyActor();
    await until(() => actor.state.phase === 'talking', 10_000);
    await phone.hangUp();
    await until(() => elsewhere.heard.some((text) => text.startsWith('BYE')), 5_000);
    await elsewhere.close();
  });

  test('a telephone that answers early may offer anew before it is picked up', async () => {
    phone.onInvite = (invite) =>
      void invite.provisional(183, {
        sdp: ANSWER,
        headers: [
          ['Require', '100rel'],
          ['RSeq', '1'],
        ],
      });
    trunk.call(rig.port, '0301234567');
    await until(() => phone.requests.length > 0 || phone.heard.some(isPrack), 5_000);
    const early = phone.agent.dialog(phone.invites[0]!.dialog)!;
    const update = phone.agent.prepareInDialog(early, 'UPDATE', inviteWith('sendonly'));
    const outcome = await update.send();
    expect(outcome).toMatchObject({ response: { status: 200 } });
    expect(outcome.kind === 'answered' && outcome.response.body).toContain('a=recvonly');
    const { actor } = await talking();
    await until(() => heldBy(actor.state).includes('operator'), 5_000);
  });
});

const isRinging = (text: string): boolean => text.startsWith('SIP/2.0 180');
const isPrack = (text: string): boolean => text.startsWith('PRACK');

/** As the caller finds it by our 180. */
function dialogOf(text: string): DialogId {
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  const tag = (name: string) => /tag=([^;\s]+)/.exec(header(name))?.[1] ?? '';
  return {
    sipCallId: header('Call-ID').trim(),
    localTag: tag('From'),
    remoteTag: tag('To'),
  };
}

test('a telephone that refuses what a colleague hands over has declined', async () => {
  const colleague = await TestPhone.open();
  try {
    const { seen } = trunk.call(rig.port, '0301234567');
    const { actor } = await talking();
    const device = { kind: 'sip', uri: colleague.uri, available: true } as const;
    const operators = [{ id: 'two', name: 'two', role: 'operator', device } as const];
    await rig.storage.center.apply({
      version: 1,
      name: '',
      trunks: [],
      subscribers: [],
      operators: [...operators],
    });
    const two = (await rig.storage.floor.operators()).find(({ name }) => name === 'two');
    const one = actor.state.operator!.operatorId;
    const to = { operatorId: two!.id, note: '' };
    expect((await rig.operations.handOver(one, actor.state.id, to)).ok).toBe(true);
    await until(() => colleague.invites.length === 1, 3_000);
    colleague.invites[0]!.reject(603);
    await until(() => actor.state.phase === 'held', 3_000);
    expect(actor.state.handOver).toMatchObject({ outcome: 'declined' });
    await trunk.bye(seen.dialog!);
    await over();
  } finally {
    await colleague.close();
  }
});

describe('a far end of which nothing is heard', () => {
  const silence = (leg: LegId) =>
    rig.media.emit({ type: 'leg.media-lost', leg, at: 0, reason: 'no-rtp' });

  test('is said; it is asked whether it is there, and stays when it answers', async () => {
    trunk.call(rig.port, '0301234567');
    const { actor, caller } = await talking();
    silence(caller);
    await until(() => noSoundFrom(actor.state).length === 1, 3_000);
    expect(noSoundFrom(actor.state)).toEqual(['caller']);
    const asked = () => trunk.requests.filter(({ method }) => method === 'OPTIONS').length;
    await until(() => asked() === 1, 8_000);
    rig.media.emit({ type: 'leg.media-back', leg: caller, at: 0 });
    await until(() => noSoundFrom(actor.state).length === 0, 3_000);
    expect(actor.state.phase).toBe('talking');
    await phone.hangUp();
    await over();
  });

  test('a caller who knows nothing of the call any more is gone, and the call is over', async () => {
    trunk.call(rig.port, '0301234567');
    const { actor, caller } = await talking();
    trunk.onRequest = (request) => void request.respond(request.method === 'OPTIONS' ? 481 : 200);
    silence(caller);
    await until(() => actor.state.termination !== null, 8_000);
    expect(actor.state.termination).toEqual({ class: 'indeterminate', reason: 'line-lost' });
    await over();
  });

  test('whose session nobody refreshed has lost its line: no caller hung up', async () => {
    const headers = [
      ['Supported', 'timer'],
      ['Session-Expires', '1800;refresher=uas'],
    ] as const;
    trunk.call(rig.port, '0301234567', { headers });
    const { actor, caller } = await talking();
    const leg = actor.leg('caller')!;
    const { dialog } = leg.sip!;
    expect(dialog?.session?.refresher).toBe('us');
    // Half of its time is over while no app is there.
    const session = { ...dialog!.session!, refreshedAtMs: Date.now() - 1_000_000 };
    actor.putLeg({ ...leg, sip: { ...leg.sip!, dialog: { ...dialog!, session } } });
    await actor.saveLegsInTurn();
    trunk.onRequest = (request) => void request.respond(481);
    const { media, port } = rig;
    await rig.die();
    rig = await EngineRig.start(database, { media, port });
    await until(() => rig.engine.openCalls.length === 0, 8_000);
    const { state } = (await rig.storage.callQueries.call(actor.state.id))!;
    expect(state.callerLeg.id).toBe(caller);
    expect(state.termination).toEqual({ class: 'indeterminate', reason: 'line-lost' });
  });

  test('an operator’s phone that is gone: the caller waits with the tone, then is offered on', async () => {
    trunk.call(rig.port, '0301234567');
    const { actor, atPhone, caller } = await talking();
    phone.onRequest = (request) => void request.respond(request.method === 'OPTIONS' ? 481 : 200);
    silence(atPhone);
    await until(() => actor.state.operator?.audio === 'lost', 8_000);
    expect(rig.playing(actor.state.id).at(-1)).toMatchObject({ leg: caller });
    expect(actor.state.timers.reconnect).toBeDefined();
    await actor.post({ type: 'caller.hung-up' });
    await until(() => actor.state.termination !== null, 3_000);
    await over();
  });
});
