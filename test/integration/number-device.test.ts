import { afterEach, beforeEach, expect, test } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, E164, LegId, SubscriberId } from '../../src/base/index.ts';
import { ANSWER, oneOperator } from '../harness/engine-office.ts';
import { EngineRig, TestOutbound, TestPhone, testDatabase } from '../harness/engine-rig.ts';
import type { TestDatabase } from '../harness/engine-rig.ts';
import { until } from '../harness/platform.ts';

/* An operator who is reached at a number outside. */

const NUMBER = asId<E164>('+819001234568');
const DEVICE = { kind: 'number', number: '090-0123-4568', available: true } as const;
const DONE = { ok: true, value: null };

let database: TestDatabase;
let outbound: TestOutbound;
let rig: EngineRig;
let trunk: TestPhone;
let outside: TestPhone;

beforeEach(async () => {
  database = await testDatabase();
  [trunk, outside] = await Promise.all([TestPhone.open(), TestPhone.open()]);
  outbound = new TestOutbound(new Map([[NUMBER, outside.uri]]));
  rig = await EngineRig.start(database, { outbound });
  await oneOperator(rig, DEVICE);
});

afterEach(async () => {
  await rig.die();
  await Promise.all([trunk.close(), outside.close()]);
  await database.drop();
});

async function onlyActor() {
  await until(() => rig.engine.openCalls.length === 1, 5_000);
  const actor = rig.engine.registry.get(asId<CallId>(rig.engine.openCalls[0] ?? ''));
  if (!actor) throw new Error('no call');
  return actor;
}

/** The telephone outside is picked up, by a person or a machine. */
async function pickedUp() {
  const placed = trunk.call(rig.port, '0301234567');
  await until(() => outside.invites.length === 1, 5_000);
  const actor = await onlyActor();
  await until(() => actor.state.phase === 'offering', 3_000);
  outside.pickUp(ANSWER);
  await until(() => actor.state.offer?.asked === true, 3_000);
  return { actor, seen: placed.seen, legId: actor.state.offer!.legId };
}

const press = (leg: LegId, digit: string): void => {
  rig.media.emit({ type: 'leg.dtmf', leg, at: 0, digit, durationMs: 100 });
};

const byes = (): number => outside.requests.filter(({ method }) => method === 'BYE').length;

async function over(): Promise<void> {
  await until(() => rig.engine.openCalls.length === 0, 5_000);
  await until(() => outbound.begun.size === 0, 2_000);
  expect(rig.media.openLegs).toEqual([]);
}

test('she takes the call by key 1, works it from her desk, and is free when it is over', async () => {
  const { actor, seen, legId } = await pickedUp();
  const { id } = actor.state;
  await until(() => rig.playing(id).some(({ leg }) => leg === legId), 3_000);
  expect(seen.statuses).not.toContain(200);
  press(legId, '1');
  await until(() => actor.state.phase === 'talking', 3_000);
  await until(() => rig.speaks(actor.state.callerLeg.id, legId), 3_000);
  const { operatorId } = actor.state.operator!;
  rig.attended.add(operatorId);
  expect(await rig.operations.hold(operatorId, id)).toEqual(DONE);
  await until(() => !rig.speaks(actor.state.callerLeg.id, legId), 3_000);
  expect(await rig.operations.retrieve(operatorId, id, null)).toEqual(DONE);
  await trunk.bye(seen.dialog!);
  await until(() => actor.state.phase === 'wrap-up', 3_000);
  await until(() => byes() === 1, 3_000);
  expect(await rig.desk.finishWrapUp(operatorId, id)).toEqual(DONE);
  await over();
  expect(await rig.storage.floor.operator(operatorId)).toMatchObject({ state: 'available' });
});

test('key 2 is no: the telephone is let go, and other keys are nothing', async () => {
  const { actor, legId } = await pickedUp();
  press(legId, '7');
  press(legId, '2');
  // She may be asked again later, on another leg.
  await until(() => actor.state.offer?.legId !== legId, 5_000);
  expect(actor.state.operator).toBeNull();
  await until(() => byes() === 1, 5_000);
  await until(() => !outbound.begun.has(legId), 5_000);
  await actor.post({ type: 'caller.hung-up' });
  await over();
});

test('hanging up instead of a key is no', async () => {
  const { actor, legId } = await pickedUp();
  await outside.hangUp();
  await until(() => actor.state.offer?.legId !== legId, 5_000);
  expect(actor.state.operator).toBeNull();
  await actor.post({ type: 'caller.hung-up' });
  await over();
});

test('the next process knows what was asked, and hears the key', async () => {
  const { legId } = await pickedUp();
  const { media, port } = rig;
  await rig.die();
  outbound.begun.clear();
  rig = await EngineRig.start(database, { media, port, outbound });
  const actor = await onlyActor();
  expect(actor.state.offer?.asked).toBe(true);
  // It counts against the ceilings still.
  expect(outbound.begun.has(legId)).toBe(true);
  press(legId, '1');
  await until(() => actor.state.phase === 'talking', 3_000);
  expect(outside.invites).toHaveLength(1);
  await outside.hangUp();
  await over();
});

test('a number that the rules forbid is never rung', async () => {
  outbound.phones.clear();
  trunk.call(rig.port, '0301234567');
  const actor = await onlyActor();
  await until(() => actor.state.triedOperators.length === 1, 5_000);
  expect(outside.invites).toEqual([]);
  await actor.post({ type: 'caller.hung-up' });
  await over();
});

test('the office’s file says the number, and the export says it again', async () => {
  const exported = await rig.storage.center.export();
  expect(exported.operators[0]?.device).toEqual({ ...DEVICE, number: NUMBER });
  const outcome = await rig.storage.center.apply({
    ...exported,
    operators: [{ ...exported.operators[0]!, device: { ...DEVICE, number: '12' } }],
  });
  expect(outcome).toMatchObject({ ok: false, issues: [{ path: 'operators.0.device.number' }] });
});

test('a call-back from there: she is rung, says by key 1 that it is her, then the customer is', async () => {
  const customer = asId<E164>('+819001234567');
  outbound.phones.set(customer, trunk.uri);
  const [operator] = await rig.storage.floor.operators();
  const subscriberId = asId<SubscriberId>('sub_nobody');
  const wish = { subscriberId, number: customer, first: { operatorId: operator!.id } };
  const callBack = (): ReturnType<typeof rig.operations.callBack> => rig.operations.callBack(wish);
  expect((await callBack()).ok).toBe(true);
  await until(() => outside.invites.length === 1, 5_000);
  const actor = await onlyActor();
  outside.pickUp(ANSWER);
  await until(() => actor.state.offer?.asked === true, 3_000);
  expect(trunk.invites).toEqual([]);
  const { legId } = actor.state.offer!;
  await until(() => rig.playing(actor.state.id).some(({ leg }) => leg === legId), 3_000);
  expect(rig.playing(actor.state.id)[0]?.playback).toContain(':call-back-announce:');
  press(legId, '1');
  await until(() => trunk.invites.length === 1, 3_000);
  trunk.pickUp(ANSWER);
  await until(() => actor.state.phase === 'talking', 3_000);
  await trunk.hangUp();
  await over();
  // Who does not want it any more has nobody rung.
  await until(
    async () => (await rig.storage.floor.operator(operator!.id))?.state === 'available',
    3_000,
  );
  expect((await callBack()).ok).toBe(true);
  await until(() => outside.invites.length === 2, 5_000);
  outside.invites[1]!.reject(486);
  await over();
  expect(trunk.invites).toHaveLength(1);
});
