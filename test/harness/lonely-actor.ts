import { asId, silentLogger } from '../../src/base/index.ts';
import type { Clock, RecordingId } from '../../src/base/index.ts';
import { DEFAULT_CALL_SETTINGS, arrive } from '../../src/calls/index.ts';
import { CallActor } from '../../src/engine/call-actor.ts';
import type { StoredLeg } from '../../src/engine/ports.ts';

/** A call that has just arrived, stored nowhere, whose effects do nothing: for what stands beside it. */
export function lonelyActor(clock: Clock, legs: StoredLeg[] = []): CallActor {
  const newRecordingId = asId<RecordingId>('rec_1');
  const context = { now: clock.now(), settings: DEFAULT_CALL_SETTINGS, newRecordingId };
  const nobody = { number: null, rawNumber: null, displayName: null, withheld: null };
  const called = { subscriberId: null, did: null, dialedNumber: '0301234567' };
  const { state } = arrive(
    {
      id: asId('call_1'),
      callerLegId: asId('leg_1'),
      callerLegKind: 'sip',
      caller: { ...nobody, international: false },
      called: { ...called, how: 'request-uri', certainty: 'unknown' },
      trunkId: null,
    },
    context,
  );
  return new CallActor(
    { state, legs, pendingEffects: [], owner: 'boot' },
    {
      clock,
      log: silentLogger,
      store: {
        insert: () => Promise.resolve(),
        save: () => Promise.resolve(true),
        openCalls: () => Promise.resolve([]),
        callsOwingBye: () => Promise.resolve([]),
        adopt: () => Promise.resolve(true),
      },
      settings: () => DEFAULT_CALL_SETTINGS,
      newRecordingId: () => newRecordingId,
      runEffect: () => Promise.resolve(),
      onTransition: () => undefined,
      onLeg: () => undefined,
      onLost: () => undefined,
      onStore: () => undefined,
    },
  );
}
