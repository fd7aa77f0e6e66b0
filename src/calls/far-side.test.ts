import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { CallId, E164, LegId, OperatorId, RecordingId } from '../base/index.ts';
import { arrive, step } from './call-machine.ts';
import { DEFAULT_CALL_SETTINGS } from './call.ts';
import type { CallEvent, CallState } from './call.ts';
import { heldBy, noSoundFrom } from './far-side.ts';
import { soundOf } from './sound.ts';

const T0 = 1_700_000_000_000;
const caller = asId<LegId>('leg-caller');
const desk = asId<LegId>('leg-desk');
const NUMBER = asId<E164>('+819001234567');
const operatorId = asId<OperatorId>('op-one');
const context = {
  now: T0,
  settings: DEFAULT_CALL_SETTINGS,
  newRecordingId: asId<RecordingId>('rec-1'),
};

function after(state: CallState, ...events: CallEvent[]): CallState {
  return events.reduce((reached, event) => step(reached, event, context).state, state);
}

function talking(): CallState {
  const { state } = arrive(
    {
      id: asId<CallId>('call-1'),
      callerLegId: caller,
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
        how: 'catch-all',
        certainty: 'unknown',
      },
      trunkId: null,
    },
    context,
  );
  return after(
    state,
    { type: 'operator.found', operatorId, legId: desk, device: { kind: 'sip', target: 'sip:a' } },
    { type: 'offer.accepted', operatorId },
    { type: 'caller.connected' },
  );
}

/** She speaks with a contact while the caller has music. */
function withContact(): { consulting: CallState; contact: LegId } {
  const contact = asId<LegId>('leg-contact');
  const target = { legId: contact, contactId: null, name: '', number: NUMBER };
  const consulting = after(
    talking(),
    {
      type: 'relay.started',
      operatorId,
      targets: [target],
      order: 'together',
      announce: 'operator',
    },
    { type: 'contact.answered', legId: contact },
  );
  return { consulting, contact };
}

const played = (state: CallState, leg: LegId): string[] =>
  soundOf(state).playing.flatMap((one) => (one.leg === leg ? [one.source] : []));
const unheard = (legId: LegId, why: 'never' | 'stopped' | null): CallEvent => ({
  type: 'leg.unheard',
  legId,
  why,
});

describe('a far end of which nothing is heard', () => {
  it('is said, and the caller who hears nobody hears the tone', () => {
    const state = after(talking(), unheard(desk, 'never'));
    expect(noSoundFrom(state)).toEqual(['operator']);
    expect(played(state, caller)).toEqual(['wait-tone']);
    // Should a packet come, nothing has to be changed for it to be heard.
    expect(soundOf(state).hearing).toHaveLength(2);
    const back = after(state, unheard(desk, null));
    expect([noSoundFrom(back), played(back, caller)]).toEqual([[], []]);
    // An operator at a telephone has no console in her ear.
    const { playing } = soundOf(after(talking(), unheard(caller, 'never')));
    expect(playing.map(({ leg, source }) => [leg, source])).toEqual([[desk, 'wait-tone']]);
    expect(back.timers.probe).toBeUndefined();
  });

  it('that spoke before may only be listening: it is said, and no tone is played', () => {
    const state = after(talking(), unheard(desk, 'stopped'));
    expect(noSoundFrom(state)).toEqual(['operator']);
    expect(played(state, caller)).toEqual([]);
  });

  it('is asked whether it is there, and again later', () => {
    const state = after(talking(), unheard(caller, 'never'));
    expect(state.timers.probe).toBe(T0 + DEFAULT_CALL_SETTINGS.probeMs);
    const asked = step(state, { type: 'timer.fired', timer: 'probe' }, context);
    expect(asked.effects).toEqual([{ type: 'probeLeg', legId: caller }]);
    expect(asked.state.timers.probe).toBe(T0 + DEFAULT_CALL_SETTINGS.probeAgainMs);
  });

  it('is no news of a leg that is not in the call', () => {
    const state = talking();
    expect(after(state, unheard(asId<LegId>('leg-other'), 'never'))).toBe(state);
  });
});

describe('a far end that holds us', () => {
  const held = (how: 'sending' | 'silent' | null): CallEvent => ({
    type: 'leg.held',
    legId: desk,
    how,
  });

  it('and plays something itself is heard; one that does not is filled with our music', () => {
    const sending = after(talking(), held('sending'));
    expect([heldBy(sending), played(sending, caller)]).toEqual([['operator'], []]);
    const silent = after(sending, held('silent'));
    expect([heldBy(silent), played(silent, caller)]).toEqual([['operator'], ['hold-music']]);
    const back = after(silent, held(null));
    expect([heldBy(back), played(back, caller)]).toEqual([[], []]);
  });

  it('leaves nobody at a telephone in silence: the operator has our music, until somebody speaks', () => {
    const ofCaller = (how: 'sending' | 'silent' | null): CallEvent => ({
      type: 'leg.held',
      legId: caller,
      how,
    });
    const silent = after(talking(), ofCaller('silent'));
    expect([heldBy(silent), played(silent, desk)]).toEqual([['caller'], ['hold-music']]);
    expect(played(after(silent, ofCaller('sending')), desk)).toEqual([]);
    expect(played(after(silent, ofCaller(null)), desk)).toEqual([]);

    const { consulting, contact } = withContact();
    const contactHolds: CallEvent = { type: 'leg.held', legId: contact, how: 'silent' };
    const alone = after(consulting, contactHolds);
    expect(played(alone, desk)).toEqual(['hold-music']);
    const three = after(alone, { type: 'relay.widened', operatorId });
    expect([played(three, desk), played(three, caller)]).toEqual([[], []]);
    const bothHold = after(three, ofCaller('silent'));
    expect(played(bothHold, desk)).toEqual(['hold-music']);
    const connected = after(alone, { type: 'relay.connected', operatorId });
    expect([played(connected, caller), played(connected, desk)]).toEqual([['hold-music'], []]);
    const other = after(connected, contactHolds, ofCaller('silent'));
    expect(played(other, contact)).toEqual(['hold-music']);
  });

  it('and said that it would play, but does not, is filled with our music too', () => {
    const state = after(talking(), held('sending'), unheard(desk, 'stopped'));
    expect(played(state, caller)).toEqual(['hold-music']);
    expect([heldBy(state), noSoundFrom(state)]).toEqual([['operator'], []]);
    expect(state.timers.probe).toBeUndefined();
  });
});

describe('a far end that is gone, though nobody has hung up', () => {
  const lost = (legId: LegId): CallEvent => ({ type: 'leg.lost', legId });

  it('the caller’s: the line is lost, and the operator still writes her form', () => {
    const state = after(talking(), lost(caller));
    expect(state.termination).toEqual({ class: 'indeterminate', reason: 'line-lost' });
    expect(state.phase).toBe('wrap-up');
  });

  it('the operator’s telephone: the caller stays, and is offered on when it does not come back', () => {
    const state = after(talking(), lost(desk));
    expect([state.phase, state.operator?.audio]).toEqual(['talking', 'lost']);
    expect(played(state, caller)).toEqual(['wait-tone']);
    const waiting = after(state, { type: 'timer.fired', timer: 'reconnect' });
    expect([waiting.phase, waiting.termination]).toEqual(['waiting', null]);
  });

  it('a contact’s: back to the operator, or the end of a call that is theirs alone', () => {
    const { consulting, contact } = withContact();
    const back = after(consulting, lost(contact));
    expect([back.phase, back.relay?.outcomes[0]?.reason]).toEqual(['held', 'unreachable']);
    const alone = after(
      consulting,
      { type: 'relay.connected', operatorId },
      { type: 'operator.wrapped-up', operatorId },
      lost(contact),
    );
    expect([alone.phase, alone.termination?.reason]).toEqual(['ended', 'line-lost']);
  });
});
