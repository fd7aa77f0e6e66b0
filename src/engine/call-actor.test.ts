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

describe('a new call', () => {
  it('keeps what happens until its row is there', async () => {
    const inserting = Promise.withResolvers<undefined>();
    const told: string[] = [];
    const store: CallStore = {
      insert: async () => {
        await inserting.promise;
        told.push('inserted');
      },
      save: (call) => {
        told.push(`saved ${call.state.version}`);
        return Promise.resolve(true);
      },
      openCalls: () => Promise.resolve([]),
      adopt: () => Promise.resolve(true),
    };
    const actor = new CallActor(
      { state: FIRST.state, legs: [], pendingEffects: [], owner: 'boot' },
      {
        clock: new ManualClock(),
        log: silentLogger,
        store,
        settings: () => DEFAULT_CALL_SETTINGS,
        newRecordingId: () => CONTEXT.newRecordingId,
        runEffect: (_actor, effect: CallEffect) => {
          told.push(effect.type);
          return Promise.resolve();
        },
        onTransition: () => undefined,
        onLeg: () => undefined,
        onLost: () => told.push('lost'),
        onStore: (_actor, is) => told.push(is),
      },
    );
    const begun = actor.begin(FIRST);
    const posted = actor.post({ type: 'operator.became-available' });
    inserting.resolve(undefined);
    await Promise.all([begun, posted]);
    actor.close();
    expect(told).toEqual(['inserted', 'ringCaller', 'findOperator', 'saved 2', 'findOperator']);
  });
});
