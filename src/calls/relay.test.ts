import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { CallId, E164, LegId, OperatorId, RecordingId } from '../base/index.ts';
import { arrive, callBack, step } from './call-machine.ts';
import { DEFAULT_CALL_SETTINGS } from './call.ts';
import type { CallEvent, CallState, CallTimerName, SoundSource } from './call.ts';
import { keysGoTo, soundOf } from './sound.ts';

/* What is heard while contacts are rung and asked: by the caller, the contact and the operator. */

const CALLER = asId<LegId>('leg-caller');
const DESK = asId<LegId>('leg-desk');
const CONTACT = asId<LegId>('leg-contact');
const OTHER = asId<LegId>('leg-other');
const operatorId = asId<OperatorId>('op-one');

class Relay {
  now = 1_700_000_000_000;
  state: CallState;

  constructor(
    announce: 'operator' | 'system',
    order: 'together' | 'one-after-another' = 'together',
  ) {
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
      { type: 'relay.started', operatorId, targets, order, announce },
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

const reasons = ({ state }: Relay) => state.relay?.outcomes.map(({ reason }) => reason);

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

it('a key goes to whom its party talks with: never to the operator, nor from one who is asked for it', () => {
  const asked = new Relay('system').on({ type: 'contact.answered', legId: CONTACT });
  expect(keysGoTo(asked.state, CONTACT)).toEqual([]);
  const relay = new Relay('operator').on({ type: 'contact.answered', legId: CONTACT });
  const to = (): LegId[][] => [CALLER, DESK, CONTACT].map((leg) => keysGoTo(relay.state, leg));
  expect(to()).toEqual([[], [CONTACT], []]);
  relay.on({ type: 'relay.widened', operatorId });
  expect(to()).toEqual([[CONTACT], [CALLER, CONTACT], [CALLER]]);
  relay.on({ type: 'relay.connected', operatorId });
  expect(to()).toEqual([[CONTACT], [], [CALLER]]);
  relay.on({ type: 'caller.hung-up' });
  expect(to()).toEqual([[], [], []]);
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

  it('key 2: noted at once and he is told so; the last word over, the operator has the caller', () => {
    const relay = new Relay('system', 'one-after-another').on({
      type: 'contact.answered',
      legId: CONTACT,
    });
    relay.press('2');
    expect(relay.heard(CONTACT)).toEqual(['relay-declined']);
    expect(relay.heard(CALLER)).toEqual(['hold-music']);
    expect(reasons(relay)).toEqual(['call-back']);
    // The next is rung meanwhile, and no key of the first means anything any more.
    expect(relay.press('1').state.contacts.map(({ legId, state }) => [legId, state])).toEqual([
      [CONTACT, 'declining'],
      [OTHER, 'dialing'],
    ]);
    relay.on({ type: 'contact.failed', legId: OTHER, reason: 'busy' });
    expect([relay.state.phase, relay.heard(CALLER)]).toEqual(['relaying', ['hold-music']]);
    relay.said(CONTACT, 'relay-declined');
    expect([relay.state.phase, reasons(relay)]).toEqual(['held', ['call-back', 'busy']]);
  });

  it.each([
    ['he hangs up', { type: 'contact.hung-up', legId: CONTACT }],
    ['the operator goes back', { type: 'operator.retrieved', operatorId, because: null }],
    ['the end of the words is never told', null],
  ] as const)('key 2 is key 2 where %s', (_how, event) => {
    const relay = new Relay('system')
      .on({ type: 'contact.failed', legId: OTHER, reason: 'busy' })
      .on({ type: 'contact.answered', legId: CONTACT })
      .press('2');
    if (event === null) relay.fire('contact');
    else relay.on(event);
    expect(relay.state.contacts).toEqual([]);
    expect(reasons(relay)).toEqual(['busy', 'call-back']);
  });

  it('key 2 of one, key 1 of the other: each hears the end of his words', () => {
    const relay = new Relay('system').on(
      { type: 'contact.answered', legId: CONTACT },
      { type: 'contact.answered', legId: OTHER },
    );
    relay.press('2').press('1', OTHER);
    expect([relay.heard(CONTACT), relay.heard(OTHER)]).toEqual([
      ['relay-declined'],
      ['relay-accepted'],
    ]);
    relay.said(CALLER, 'connecting');
    expect(relay.state.contacts.map(({ legId }) => legId)).toEqual([OTHER]);
  });

  it('a key that is none: he is told so, hears the menu again, and has time for it', () => {
    const relay = new Relay('system').on({ type: 'contact.answered', legId: CONTACT });
    relay.on({ type: 'contact.failed', legId: OTHER, reason: 'busy' });
    for (let tries = 0; tries < 3; tries++) {
      relay.now += DEFAULT_CALL_SETTINGS.announceMs - 1;
      expect(relay.press('7').heard(CONTACT)).toEqual(['key-unknown']);
      const version = relay.state.version;
      expect(relay.press('8').state.version).toBe(version);
      expect(relay.said(CONTACT, 'key-unknown').heard(CONTACT)).toEqual(['announce-relay']);
    }
    // A machine that sends digits for ever is given up like any other.
    const { contact: due } = relay.state.timers;
    expect(relay.press('9').heard(CONTACT)).toEqual(['announce-relay']);
    expect(relay.state.timers.contact).toBe(due);
    expect([relay.fire('contact').state.phase, reasons(relay)]).toEqual([
      'held',
      ['busy', 'no-key'],
    ]);
  });

  it('a key that is none after key 3 brings the menu back, and the next one counts', () => {
    const relay = new Relay('system').on({ type: 'contact.answered', legId: CONTACT });
    relay.press('0').press('3').press('*');
    expect(relay.heard(CONTACT)).toEqual(['key-unknown']);
    expect(relay.press('1').heard(CALLER)).toEqual(['connecting']);
  });

  it('key 3: he is told so, then hears music until he presses 1', () => {
    const relay = new Relay('system').on({ type: 'contact.answered', legId: CONTACT }).press('3');
    expect(relay.heard(CONTACT)).toEqual(['relay-wait']);
    relay.said(CONTACT, 'relay-wait');
    expect(relay.heard(CONTACT)).toEqual(['hold-music']);
    expect(relay.press('1').heard(CALLER)).toEqual(['connecting']);
  });
});

describe('a call back that begins with a contact', () => {
  const context = () => ({
    now: 1_700_000_000_000,
    settings: DEFAULT_CALL_SETTINGS,
    newRecordingId: asId<RecordingId>('rec-1'),
  });
  const { id, caller, called } = new Relay('operator').state;
  const leg = { callerLegId: CALLER, callerLegKind: 'sip' } as const;
  const contact = { legId: CONTACT, contactId: null, name: '', number: asId<E164>('+81312345678') };
  const begun = callBack({ id, ...leg, caller, called, trunkId: null }, { contact }, context());
  const picksUp: CallEvent = { type: 'contact.answered', legId: CONTACT };
  const press = (digit: string): CallEvent => ({ type: 'contact.pressed', legId: CONTACT, digit });
  const after = (...events: CallEvent[]) =>
    events.reduce((last, event) => step(last.state, event, context()), begun);
  const heard = ({ state }: { state: CallState }) =>
    soundOf(state).playing.map(({ leg: to, source }) => [to, source]);

  it('tells him what it is, and rings the customer when he has pressed 1', () => {
    const announced = after(picksUp);
    expect(heard(announced)).toEqual([[CONTACT, 'call-back-announce']]);
    expect(announced.effects.map(({ type }) => type)).toEqual(['applySound']);
    const rung = after(picksUp, press('1'));
    expect([rung.state.phase, heard(rung)]).toEqual(['calling-customer', [[CONTACT, 'ringback']]]);
    expect(rung.effects).toContainEqual({ type: 'dialCustomer' });
    expect(after(picksUp, press('1'), press('1')).effects).toEqual([]);
  });

  it('says so where the key is none, and again what it is', () => {
    const puzzled = after(picksUp, press('2'));
    expect([puzzled.state.phase, heard(puzzled)]).toEqual([
      'calling-contact',
      [[CONTACT, 'key-unknown']],
    ]);
    const over: CallEvent = { type: 'prompt.done', legId: CONTACT, source: 'key-unknown' };
    expect(heard(after(picksUp, press('2'), over))).toEqual([[CONTACT, 'call-back-announce']]);
  });

  it('rings an operator at a telephone herself before the customer, and nobody in her place', () => {
    const device = { kind: 'sip', target: 'sip:desk' } as const;
    const operator = { operatorId, legId: DESK, device, audio: 'up' } as const;
    const newCall = { id, ...leg, caller, called, trunkId: null };
    const rings = callBack(newCall, { operator }, context());
    expect([rings.state.phase, rings.effects.map(({ type }) => type)]).toEqual([
      'offering',
      ['offerCall'],
    ]);
    const accepted: CallEvent = { type: 'offer.accepted', operatorId };
    const taken = step(rings.state, accepted, context());
    expect([taken.state.phase, heard(taken)]).toEqual(['calling-customer', [[DESK, 'ringback']]]);
    expect(taken.effects.at(-1)).toEqual({ type: 'dialCustomer' });
    expect(step(taken.state, { type: 'caller.connected' }, context()).state.phase).toBe('talking');

    const ends: [CallEvent, string][] = [
      [{ type: 'offer.declined', operatorId }, 'hung-up'],
      [{ type: 'timer.fired', timer: 'ring-no-answer' }, 'hung-up'],
      [{ type: 'offer.failed', operatorId, reason: 'gone' }, 'operator-lost'],
    ];
    for (const [event, reason] of ends) {
      const over = step(rings.state, event, context());
      expect([over.state.phase, over.state.termination?.reason]).toEqual(['ended', reason]);
      const free = { type: 'setOperatorState', operatorId, state: 'available' };
      expect(over.effects).toContainEqual(free);
      expect(over.effects.map(({ type }) => type)).not.toContain('findOperator');
    }
  });

  it('rings no customer for a voicemail', () => {
    const { state } = after(picksUp);
    const now = state.timers.contact!;
    const fired = step(state, { type: 'timer.fired', timer: 'contact' }, { ...context(), now });
    expect(fired.state.termination).toEqual({ class: 'upstream', reason: 'contact-no-key' });
  });

  it('ends with why one of them could not be had', () => {
    const busy = after({ type: 'contact.failed', legId: CONTACT, reason: 'busy' });
    expect(busy.state.termination).toEqual({ class: 'upstream', reason: 'contact-busy' });
    const refused = after(picksUp, press('1'), { type: 'customer.failed', reason: 'not-allowed' });
    expect(refused.state.termination).toEqual({ class: 'upstream', reason: 'customer-refused' });
    const late = step(
      after(picksUp, press('1')).state,
      { type: 'timer.fired', timer: 'customer' },
      context(),
    );
    expect(late.state.termination).toEqual({ class: 'upstream', reason: 'customer-no-answer' });
  });

  it('ends where he hangs up while he is told', () => {
    const { state } = after(picksUp, { type: 'contact.hung-up', legId: CONTACT });
    expect(state.phase).toBe('ended');
    expect(state.termination).toEqual({ class: 'contact', reason: 'hung-up' });
  });
});

it('a telephone is rung for the caller whom its operator had left in vain, and she is free where it is not taken', () => {
  const relay = new Relay('operator').on(
    { type: 'operator.retrieved', operatorId, because: null },
    {
      type: 'transfer.started',
      operatorId,
      target: {
        legId: OTHER,
        contactId: null,
        name: '',
        number: asId<E164>('+819001234567'),
      },
      stays: false,
    },
    { type: 'contact.failed', legId: OTHER, reason: 'busy' },
  );
  expect(relay.state).toMatchObject({ phase: 'waiting', wrappingUp: { operatorId } });
  const device = { kind: 'sip', target: 'sip:a' } as const;
  relay.on({ type: 'call.picked-up', operatorId, legId: asId<LegId>('leg-new'), device });
  expect(relay.state).toMatchObject({ phase: 'offering', offer: { operatorId }, wrappingUp: null });
  expect(relay.state.timers['wrap-up']).toBeUndefined();
  relay.fire('ring-no-answer');
  expect(relay.state).toMatchObject({
    phase: 'waiting',
    offer: null,
    triedOperators: [operatorId],
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
