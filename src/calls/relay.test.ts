import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { CallId, E164, LegId, OperatorId, RecordingId } from '../base/index.ts';
import { arrive, step } from './call-machine.ts';
import { DEFAULT_CALL_SETTINGS } from './call.ts';
import type { CallEvent, CallState, CallTimerName, SoundSource } from './call.ts';
import { soundOf } from './sound.ts';

/* What is heard while contacts are rung and asked: by the caller, the contact and the operator. */

const CALLER = asId<LegId>('leg-caller');
const DESK = asId<LegId>('leg-desk');
const CONTACT = asId<LegId>('leg-contact');
const OTHER = asId<LegId>('leg-other');
const operatorId = asId<OperatorId>('op-one');

class Relay {
  now = 1_700_000_000_000;
  state: CallState;

  constructor(announce: 'operator' | 'system') {
    const caller = {
      number: null,
      rawNumber: null,
      displayName: null,
      withheld: null,
      international: false,
    };
    const called = {
      subscriberId: null,
      did: null,
      dialedNumber: '0301234567',
      how: 'catch-all',
      certainty: 'unknown',
    } as const;
    const id = asId<CallId>('call-1');
    const leg = { callerLegId: CALLER, callerLegKind: 'sip' } as const;
    this.state = arrive({ id, ...leg, caller, called, trunkId: null }, this.#context()).state;
    const device = { kind: 'sip', target: 'sip:a' } as const;
    const targets = [CONTACT, OTHER].map((legId) => {
      return { legId, contactId: null, name: legId, number: asId<E164>('+819001234567') };
    });
    this.on(
      { type: 'operator.found', operatorId, legId: DESK, device },
      { type: 'offer.accepted', operatorId },
      { type: 'caller.connected' },
      { type: 'relay.started', operatorId, targets, order: 'together', announce },
    );
  }

  on(...events: CallEvent[]): this {
    for (const event of events) this.state = step(this.state, event, this.#context()).state;
    return this;
  }

  fire(timer: CallTimerName): this {
    this.now = this.state.timers[timer]!;
    return this.on({ type: 'timer.fired', timer });
  }

  said(legId: LegId, source: SoundSource): this {
    return this.on({ type: 'prompt.done', legId, source });
  }

  press(digit: string, legId = CONTACT): this {
    return this.on({ type: 'contact.pressed', legId, digit });
  }

  /** What a leg hears: sounds, or legs. */
  heard(leg: LegId): string[] {
    const { playing, hearing } = soundOf(this.state);
    return [
      ...playing.filter((one) => one.leg === leg).map(({ source }) => source),
      ...hearing.filter(({ listener }) => listener === leg).map(({ speaker }) => speaker),
    ];
  }

  #context() {
    const newRecordingId = asId<RecordingId>('rec-1');
    return { now: this.now, settings: DEFAULT_CALL_SETTINGS, newRecordingId };
  }
}

describe('what comes before the answer', () => {
  const early = (legId: LegId): CallEvent => ({ type: 'contact.early-media', legId });

  it('the operator hears in place of our ringback, the caller only music', () => {
    const relay = new Relay('operator');
    expect(relay.heard(DESK)).toEqual(['ringback']);
    relay.on(early(CONTACT), early(OTHER));
    expect(relay.heard(DESK)).toEqual([CONTACT]);
    expect(relay.heard(CALLER)).toEqual(['hold-music']);
    relay.on({ type: 'contact.failed', legId: CONTACT, reason: 'unreachable' });
    expect(relay.heard(DESK)).toEqual([OTHER]);
  });

  it('our ringback stays where nothing comes of what was promised', () => {
    const relay = new Relay('operator').on(early(CONTACT));
    relay.on({ type: 'leg.unheard', legId: CONTACT, why: 'never' });
    expect(relay.heard(DESK)).toEqual(['ringback', CONTACT]);
  });
});

describe('announced by the system', () => {
  it('a contact who presses no key, as a voicemail, is never connected', () => {
    const relay = new Relay('system').on(
      { type: 'contact.early-media', legId: CONTACT },
      { type: 'contact.answered', legId: CONTACT },
    );
    expect(relay.heard(CONTACT)).toEqual(['announce-relay']);
    expect(relay.heard(CALLER)).toEqual(['hold-music']);
    relay.on({ type: 'contact.failed', legId: OTHER, reason: 'busy' }).fire('contact');
    expect(relay.state.phase).toBe('held');
    expect(relay.state.relay?.outcomes.map(({ reason }) => reason)).toEqual(['busy', 'no-key']);
  });

  it('key 1: both are told that they are connected, then they are', () => {
    const relay = new Relay('system').on({ type: 'contact.answered', legId: CONTACT }).press('1');
    expect([relay.heard(CALLER), relay.heard(CONTACT)]).toEqual([
      ['connecting'],
      ['relay-accepted'],
    ]);
    // The other one is rung no more, and a second key changes nothing.
    expect(relay.state.contacts.map(({ legId }) => legId)).toEqual([CONTACT]);
    relay.press('2').said(CONTACT, 'relay-accepted');
    expect(relay.state.phase).toBe('relaying');
    relay.said(CALLER, 'connecting');
    expect(relay.state.phase).toBe('relayed');
    expect([relay.heard(CALLER), relay.heard(CONTACT)]).toEqual([[CONTACT], [CALLER]]);
  });

  it('key 1 connects even where the end of the words is never told', () => {
    const relay = new Relay('system').on({ type: 'contact.answered', legId: CONTACT }).press('1');
    expect(relay.fire('contact').state.phase).toBe('relayed');
  });

  it('key 1, and he hangs up before it: the operator has the caller again', () => {
    const relay = new Relay('system').on({ type: 'contact.answered', legId: CONTACT }).press('1');
    relay.on({ type: 'contact.hung-up', legId: CONTACT });
    expect([relay.state.phase, relay.heard(CALLER)]).toEqual(['held', ['hold-music']]);
  });

  it('key 3: he is told so, then hears music until he presses 1', () => {
    const relay = new Relay('system').on({ type: 'contact.answered', legId: CONTACT }).press('3');
    expect(relay.heard(CONTACT)).toEqual(['relay-wait']);
    relay.said(CONTACT, 'relay-wait');
    expect(relay.heard(CONTACT)).toEqual(['hold-music']);
    expect(relay.press('1').heard(CALLER)).toEqual(['connecting']);
  });
});

describe('nobody comes any more', () => {
  it('the caller whose contacts could not be had is told that they are away, then the rest', () => {
    const relay = new Relay('operator').on(
      { type: 'operator.left', operatorId },
      { type: 'contact.failed', legId: CONTACT, reason: 'busy' },
      { type: 'contact.failed', legId: OTHER, reason: 'no-answer' },
    );
    expect(relay.state.phase).toBe('waiting');
    relay.fire('max-wait');
    expect(relay.heard(CALLER)).toEqual(['absent']);
    relay.said(CALLER, 'absent');
    expect(relay.heard(CALLER)).toEqual(['unattended']);
    relay.said(CALLER, 'unattended');
    expect(relay.state.termination).toEqual({ class: 'platform', reason: 'unattended' });
  });
});
