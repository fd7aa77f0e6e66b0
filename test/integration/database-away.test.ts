import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Client } from 'pg';
import type { CallId } from '../../src/base/index.ts';
import type { DatabaseAddress } from '../../src/storage/index.ts';
import { startTestServer } from '../harness/database.ts';
import { until } from '../harness/platform.ts';
import { RTP_ANSWER, RigFloor, byes } from '../harness/rig-floor.ts';
import type { Talk } from '../harness/rig-floor.ts';

/* PostgreSQL is killed with calls up and stays away for a while: nobody who talks hears it. */

const NOT_SAVED = { ok: false, reason: 'not-saved' };

let server: Awaited<ReturnType<typeof startTestServer>>;
let address: DatabaseAddress;
let floor: RigFloor;
let count = 0;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  const name = `away_${++count}`;
  await server.create(name);
  address = server.address(name);
  floor = await RigFloor.open({ address });
});
afterEach(async () => {
  await server.startAgain();
  await floor.close();
});

const notices = (): string[] =>
  floor.rig.events.flatMap((event) => (event.type === 'notice' ? [event.code] : []));

async function rowOf(id: CallId): Promise<{ phase: string; pending_effects: unknown[] }> {
  if (!('socket' in address)) throw new Error('a socket');
  const { directory: host, ...rest } = address.socket;
  const client = new Client({ host, ...rest });
  await client.connect();
  try {
    const text = 'select phase, pending_effects from call where id = $1';
    const { rows } = await client.query<{ phase: string; pending_effects: unknown[] }>(text, [id]);
    return rows[0]!;
  } finally {
    await client.end();
  }
}

const STATES: Record<string, (talk: Talk) => Promise<unknown>> = {
  talking: () => Promise.resolve(),
  held: ({ one, id }) => floor.rig.operations.hold(one, id),
  'recording paused': ({ one, id }) => floor.rig.operations.pauseRecording(one, id, true),
  relaying: (talk) => floor.relaying(talk),
  consulting: (talk) => floor.consulting(talk),
  'three-way': async (talk) => {
    await floor.consulting(talk);
    await floor.rig.operations.threeWay(talk.one, talk.id);
  },
  relayed: async (talk) => {
    await floor.consulting(talk);
    await floor.rig.operations.connect(talk.one, talk.id);
  },
  parked: ({ one, id }) => floor.rig.operations.park(one, id, ''),
  'handing-over': async ({ one, id }) => {
    const to = { operatorId: await floor.seat('two'), note: '' };
    await floor.rig.operations.handOver(one, id, to);
  },
  'listened to': async ({ id }) => {
    await floor.rig.operations.monitor(await floor.seat('boss', false), id, 'listen');
  },
};

describe.each(Object.keys(STATES))('%s', (name) => {
  test('goes on, and the caller’s BYE ends it, stored when the database is back', async () => {
    const talk = await floor.talking();
    await STATES[name]?.(talk);
    const before = floor.stateOf(talk.id);
    await floor.heardAsSaid(talk.id);
    const open = floor.rig.media.openLegs.length;
    server.kill();
    // A wish is refused, and has changed nothing of what is heard.
    const { operator } = before;
    if (operator !== null) {
      const { operations } = floor.rig;
      const refused = await operations.mute(operator.operatorId, talk.id, true);
      if (name === 'talking') expect(refused).toEqual(NOT_SAVED);
      expect(refused.ok).toBe(false);
    }
    expect(floor.phaseOf(talk.id)).toBe(before.phase);
    await floor.heardAsSaid(talk.id);
    expect(floor.rig.media.openLegs).toHaveLength(open);

    await floor.trunk.bye(talk.seen.dialog!);
    const { id: callerLeg } = before.callerLeg;
    await until(() => !floor.rig.media.openLegs.includes(callerLeg), 3_000);
    expect(floor.rig.media.heardBy(callerLeg)).toEqual({});
    expect(notices()).toEqual(['not-saved']);
    // Its CSeq is not stored: it waits.
    expect(byes(floor.hanako)).toBe(0);

    await server.startAgain();
    await until(() => notices().length === 2, 20_000);
    expect(notices()).toEqual(['not-saved', 'saved-again']);
    await until(() => ['wrap-up', undefined].includes(floor.phaseOf(talk.id)), 5_000);
    const writes = floor.rig.engine.registry.get(talk.id)?.state.operator?.operatorId;
    if (writes !== undefined) await floor.rig.desk.finishWrapUp(writes, talk.id);
    await floor.over();
    expect(await rowOf(talk.id)).toEqual({ phase: 'ended', pending_effects: [] });
    const wasConnected = ['consulting', 'three-way', 'relayed'].includes(name);
    await until(() => byes(floor.hanako) === (wasConnected ? 1 : 0), 3_000);
    await until(async () => {
      const held = (await floor.rig.storage.floor.operators()).filter((one) => one.callId !== null);
      return held.length === 0;
    }, 15_000);
  });
});

test('who calls meanwhile hears it ring, and is answered when the database is back', async () => {
  const one = await floor.seat('one');
  server.kill();
  const { seen } = floor.trunk.call(floor.rig.port, '0301234567');
  await until(() => seen.statuses.includes(180), 3_000);
  const [id] = floor.rig.engine.openCalls;
  expect(floor.phaseOf(id!)).toBe('waiting');
  await server.startAgain();
  await until(() => floor.phaseOf(id!) === 'offering', 20_000);
  expect(await floor.rig.desk.answer(one, id!)).toEqual({ ok: true, value: null });
  await until(() => floor.phaseOf(id!) === 'talking', 3_000);
  expect((await rowOf(id!)).phase).toBe('talking');
  await floor.heardAsSaid(id!);
});

test('a telephone that registers meanwhile is told to come again', async () => {
  server.kill();
  const register = floor.hanako.agent.request({
    method: 'REGISTER',
    uri: 'sip:denwaban',
    to: { uri: 'sip:desk1@denwaban' },
    from: { uri: 'sip:desk1@denwaban' },
    destination: { protocol: 'UDP', address: '127.0.0.1', port: floor.rig.port },
  });
  expect(await register).toMatchObject({ kind: 'answered', response: { status: 503 } });
});

test('who calls meanwhile may try elsewhere when the app is asked to go before the call is stored', async () => {
  await floor.seat('one');
  server.kill();
  const { seen } = floor.trunk.call(floor.rig.port, '0301234567');
  await until(() => seen.statuses.includes(180), 3_000);
  floor.rig.engine.stop();
  await until(() => seen.statuses.includes(503), 3_000);
});

test('who calls meanwhile and gives up is gone, and leaves a message', async () => {
  await floor.seat('one');
  server.kill();
  const { invite, seen } = floor.trunk.call(floor.rig.port, '0301234567');
  await until(() => seen.statuses.includes(180), 3_000);
  const [id] = floor.rig.engine.openCalls;
  invite.cancel();
  await until(() => seen.statuses.includes(487), 3_000);
  await until(() => floor.rig.media.openLegs.length === 1, 3_000);
  await server.startAgain();
  await floor.over();
  expect((await rowOf(id!)).phase).toBe('ended');
});

test('a telephone that picks up meanwhile is heard; no request leaves before it is stored', async () => {
  const talk = await floor.talking();
  await floor.relaying(talk);
  server.kill();
  floor.hanako.pickUp(RTP_ANSWER);
  await until(() => floor.phaseOf(talk.id) === 'consulting', 3_000);
  await floor.heardAsSaid(talk.id);
  await floor.hanako.hangUp();
  await until(() => floor.phaseOf(talk.id) === 'held', 3_000);
  await floor.rig.desk.hangUp(talk.one, talk.id);
  await floor.trunk.bye(talk.seen.dialog!);
  await server.startAgain();
  await until(() => floor.phaseOf(talk.id) === 'wrap-up', 20_000);
  await until(() => notices().at(-1) === 'saved-again', 20_000);
  await floor.rig.desk.finishWrapUp(talk.one, talk.id);
  await floor.over();
  expect(byes(floor.hanako)).toBe(0);
});

test('a telephone that picks up meanwhile is not told so before the next process would know it too', async () => {
  const talk = await floor.talking();
  await floor.relaying(talk);
  server.kill();
  floor.hanako.pickUp(RTP_ANSWER);
  await until(() => floor.phaseOf(talk.id) === 'consulting', 3_000);
  const acks = (): number =>
    floor.hanako.heard.filter((message) => message.startsWith('ACK ')).length;
  expect(acks()).toBe(0);
  await server.startAgain();
  await until(() => acks() > 0, 20_000);
  expect((await rowOf(talk.id)).phase).toBe('consulting');
  await floor.hanako.hangUp();
  await until(() => floor.phaseOf(talk.id) === 'held', 3_000);
  await floor.trunk.bye(talk.seen.dialog!);
  await until(() => floor.phaseOf(talk.id) === 'wrap-up', 3_000);
  await floor.rig.desk.finishWrapUp(talk.one, talk.id);
  await floor.over();
});

test('the operator hangs up meanwhile: silence at once, BYE once it is stored, exactly one', async () => {
  const talk = await floor.talking();
  server.kill();
  expect(await floor.rig.desk.hangUp(talk.one, talk.id)).toEqual({ ok: true, value: null });
  expect(floor.rig.media.heardBy(floor.stateOf(talk.id).callerLeg.id)).toEqual({});
  expect(byes(floor.trunk)).toBe(0);
  await server.startAgain();
  await until(() => byes(floor.trunk) === 1, 20_000);
  await until(() => notices().at(-1) === 'saved-again', 20_000);
  await floor.rig.desk.finishWrapUp(talk.one, talk.id);
  await floor.over();
  expect(byes(floor.trunk)).toBe(1);
});

test('an operator’s sound is lost meanwhile: she is told, her caller hears the tone, and she may come back', async () => {
  const talk = await floor.talking();
  const { rig } = floor;
  const leg = floor.stateOf(talk.id).operator!.legId;
  server.kill();
  rig.media.emit({ type: 'leg.closed', leg, at: 0, reason: 'gone' });
  await until(() => notices().includes('audio-lost'), 5_000);
  const asked = rig.events.filter((event) => event.type === 'audio.reopen');
  expect(asked).toEqual([{ type: 'audio.reopen', operatorId: talk.one }]);
  await until(() => floor.stateOf(talk.id).operator?.audio === 'lost', 3_000);
  await server.startAgain();
  // Her desk is asked once more when the store knows it.
  await until(() => rig.events.filter(({ type }) => type === 'audio.reopen').length === 2, 20_000);
  expect(await rig.storage.floor.operator(talk.one)).toMatchObject({ legId: null });
  await floor.seat('one', false);
  await until(() => floor.stateOf(talk.id).operator?.audio === 'up', 3_000);
  await floor.trunk.bye(talk.seen.dialog!);
  await until(() => floor.phaseOf(talk.id) === 'wrap-up', 5_000);
});

test('a moment’s silence of an operator meanwhile is one, and no more', async () => {
  const talk = await floor.talking();
  const { media } = floor.rig;
  const leg = floor.stateOf(talk.id).operator!.legId;
  const audio = (): string | undefined => floor.stateOf(talk.id).operator?.audio;
  server.kill();
  media.emit({ type: 'leg.media-lost', leg, at: 0, reason: 'rtp-timeout' });
  await until(() => audio() === 'lost', 3_000);
  media.emit({ type: 'leg.media-back', leg, at: 0 });
  await until(() => audio() === 'up', 3_000);
  // The same with a connection that was given up too early.
  media.emit({ type: 'leg.media-lost', leg, at: 0, reason: 'ice-timeout' });
  await until(() => audio() === 'lost', 3_000);
  media.emit({ type: 'leg.media-back', leg, at: 0 });
  await until(() => audio() === 'up', 3_000);
  await server.startAgain();
  await until(() => notices().at(-1) === 'saved-again', 20_000);
  expect(audio()).toBe('up');
  expect(await floor.rig.storage.floor.operator(talk.one)).toMatchObject({ legId: leg });
  await floor.trunk.bye(talk.seen.dialog!);
  await until(() => floor.phaseOf(talk.id) === 'wrap-up', 5_000);
});

test('a server killed again and again between a commit and its answer drops no call', async () => {
  const talk = await floor.talking();
  const { operations } = floor.rig;
  for (let round = 0; round < 6; round++) {
    const wished = operations.mute(talk.one, talk.id, round % 2 === 0);
    await new Promise((resolve) => setTimeout(resolve, round));
    server.kill();
    await wished;
    await server.startAgain();
    await until(() => notices().at(-1) !== 'not-saved', 20_000);
    expect(floor.phaseOf(talk.id)).toBe('talking');
    await floor.heardAsSaid(talk.id);
  }
  await floor.trunk.bye(talk.seen.dialog!);
  await until(() => floor.phaseOf(talk.id) === 'wrap-up', 5_000);
});
