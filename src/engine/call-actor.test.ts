import { describe, expect, it } from 'vitest';
import { asId, silentLogger } from '../base/index.ts';
import type { RecordingId } from '../base/index.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { DEFAULT_CALL_SETTINGS, arrive } from '../calls/index.ts';
import type { CallEffect } from '../calls/index.ts';
import { CallActor } from './call-actor.ts';
import type { CallStore } from './ports.ts';

const CONTEXT = {
  now: 0,
  settings: DEFAULT_CALL_SETTINGS,
  newRecordingId: asId<RecordingId>('rec_1'),
};

const FIRST = arrive(
  {
    id: asId('call_1'),
    callerLegId: asId('leg_1'),
    callerLegKind: 'sip',
    caller: {
      number: null,
      rawNumber: null,
      displayName: null,
      withheld: null,
      international: false,
    },
    called: {
      subscriberId: null,
      did: null,
      dialedNumber: '0301234567',
      how: 'request-uri',
      certainty: 'unknown',
    },
    trunkId: null,
  },
  CONTEXT,
);

function actorOf(
  pendingEffects: CallEffect[],
  store: CallStore,
  told: string[],
  isDone: Promise<void> = Promise.resolve(),
): CallActor {
  return new CallActor(
    { state: FIRST.state, legs: [], pendingEffects, owner: 'boot' },
    {
      clock: new ManualClock(),
      log: silentLogger,
      store,
      settings: () => DEFAULT_CALL_SETTINGS,
      newRecordingId: () => CONTEXT.newRecordingId,
      runEffect: (_actor, effect: CallEffect) => {
        told.push(effect.type);
        return isDone;
      },
      onTransition: () => undefined,
      onLeg: () => undefined,
      onLost: () => told.push('lost'),
      onStore: (_actor, is) => told.push(is),
    },
  );
}

const NO_STORE: CallStore = {
  insert: () => Promise.resolve(),
  save: () => Promise.resolve(true),
  openCalls: () => Promise.resolve([]),
  callsOwingBye: () => Promise.resolve([]),
  adopt: () => Promise.resolve(true),
};

describe('a call of a former process', () => {
  it.each([
    { isCallerThere: true, done: ['findOperator', 'endOperatorLeg', 'answerCaller'] },
    { isCallerThere: false, done: ['endOperatorLeg'] },
  ])('caller there: $isCallerThere; owed and done: $done', async ({ isCallerThere, done }) => {
    const told: string[] = [];
    const owed: CallEffect[] = [
      { type: 'findOperator', excluded: [] },
      {
        type: 'endOperatorLeg',
        operatorId: asId('op_1'),
        legId: asId('leg_2'),
        device: { kind: 'sip', target: 'sip:one@192.0.2.1' },
      },
      { type: 'answerCaller' },
    ];
    const actor = actorOf(owed, NO_STORE, told);
    await actor.resume({ type: 'timer.fired', timer: 'park' }, isCallerThere);
    actor.close();
    expect(told).toEqual(done);
  });
});

describe('a new call', () => {
  it('keeps what happens until its row is there', async () => {
    const inserting = Promise.withResolvers<undefined>();
    const told: string[] = [];
    const store: CallStore = {
      ...NO_STORE,
      insert: async () => {
        await inserting.promise;
        told.push('inserted');
      },
      save: (call) => {
        told.push(`saved ${call.state.version}`);
        return Promise.resolve(true);
      },
    };
    const actor = actorOf([], store, told);
    const begun = actor.begin(FIRST);
    const posted = actor.post({ type: 'operator.became-available' });
    inserting.resolve(undefined);
    await Promise.all([begun, posted]);
    actor.close();
    expect(told).toEqual(['inserted', 'ringCaller', 'findOperator', 'saved 2', 'findOperator']);
  });
});

it('says that an event is stored while its effects are not done yet, and when there is nothing to store', async () => {
  const told: string[] = [];
  const store: CallStore = {
    ...NO_STORE,
    save: (call) => {
      told.push(`saved ${call.state.phase}`);
      return Promise.resolve(true);
    },
  };
  const done = Promise.withResolvers<undefined>();
  const actor = actorOf([], store, told, done.promise);
  await actor.note({ type: 'caller.hung-up' });
  expect(told).toEqual(['saved ended', 'endCallerLeg']);
  done.resolve(undefined);
  await actor.note({ type: 'caller.hung-up' });
  actor.close();
  expect(told.filter((what) => what === 'saved ended')).toHaveLength(2);
});

it('keeps what happens while it is being taken up until its legs are known', async () => {
  const told: string[] = [];
  const actor = actorOf([{ type: 'applySound' }], NO_STORE, told);
  actor.hold();
  const posted = actor.post({ type: 'caller.hung-up' });
  await Promise.resolve();
  expect(told).toEqual([]);
  await actor.resume({ type: 'timer.fired', timer: 'park', due: 0 }, true);
  await posted;
  actor.close();
  expect(told.slice(0, 2)).toEqual(['applySound', 'endCallerLeg']);
});

it('handles nothing more once it has left, and stores what it was at with the effects it owes', async () => {
  const told: string[] = [];
  const saving = Promise.withResolvers<boolean>();
  const stored: string[][] = [];
  const store: CallStore = {
    ...NO_STORE,
    save: ({ pendingEffects }) => {
      stored.push(pendingEffects.map(({ type }) => type));
      return saving.promise;
    },
  };
  const actor = actorOf([], store, told);
  const first = actor.post({ type: 'caller.hung-up' });
  void actor.post({ type: 'operator.became-available' });
  actor.leave();
  saving.resolve(true);
  await first;
  const late = actor.post({ type: 'operator.became-available' }).then(() => 'handled');
  const soon = new Promise((resolve) => setImmediate(resolve, 'not handled'));
  expect(await Promise.race([late, soon])).toBe('not handled');
  expect(stored).toHaveLength(1);
  expect(stored[0]).toContain('endCallerLeg');
  expect(told).toEqual([]);
});

it('goes on behind a fault of its own', async () => {
  const told: string[] = [];
  const actor = actorOf([], NO_STORE, told);
  await actor.inTurn('a fault', () => Promise.reject(new Error('a fault')));
  await actor.post({ type: 'caller.hung-up' });
  actor.close();
  expect(told).toContain('endCallerLeg');
});
