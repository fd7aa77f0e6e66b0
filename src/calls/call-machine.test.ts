import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { CallId, E164, LegId, OperatorId, RecordingId } from '../base/index.ts';
import { arrive, step } from './call-machine.ts';
import { DEFAULT_CALL_SETTINGS as SETTINGS } from './call.ts';
import type { CallEffect, CallEvent, CallState, CallTimerName } from './call.ts';
import { soundOf } from './sound.ts';

const HANA = asId<OperatorId>('op-hana');
const YUKI = asId<OperatorId>('op-yuki');
const CALLER = asId<LegId>('leg-caller');
const START = 1_700_000_000_000;

function leg(operatorId: OperatorId): LegId {
  return asId<LegId>(`leg-${operatorId}`);
}

/** One call, driven by hand. */
class Story {
  now = START;
  state: CallState;
  effects: CallEffect[];

  constructor() {
    const first = arrive(
      {
        id: asId<CallId>('call-1'),
        callerLegId: CALLER,
        callerLegKind: 'sip',
        caller: {
          number: null,
          rawNumber: null,
          displayName: null,
          withheld: 'withheld',
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
      this.#context(),
    );
    this.state = first.state;
    this.effects = first.effects;
  }

  on(...events: CallEvent[]): this {
    for (const event of events) {
      const next = step(this.state, event, this.#context());
      this.state = next.state;
      this.effects = next.effects;
    }
    return this;
  }

  found(operatorId: OperatorId): this {
    const legId = leg(operatorId);
    return this.on({
      type: 'operator.found',
      operatorId,
      legId,
      device: { kind: 'browser', legId },
    });
  }

  fire(timer: CallTimerName): this {
    const due = this.state.timers[timer];
    if (due === undefined) throw new Error(`${timer} is not running`);
    this.now = due;
    return this.on({ type: 'timer.fired', timer, due });
  }

  talking(operatorId: OperatorId): this {
    return this.found(operatorId).on(
      { type: 'offer.accepted', operatorId },
      { type: 'caller.connected' },
    );
  }

  /** What is played to the caller. */
  get played(): string[] {
    const { playing } = soundOf(this.state);
    return playing.filter(({ leg: to }) => to === CALLER).map(({ source }) => source);
  }

  /** Whom the caller hears. */
  get speakers(): string[] {
    const { hearing } = soundOf(this.state);
    return hearing.filter(({ listener }) => listener === CALLER).map(({ speaker }) => speaker);
  }

  get did(): string[] {
    return this.effects.map(({ type }) => type);
  }

  effect<T extends CallEffect['type']>(type: T): Extract<CallEffect, { type: T }> | undefined {
    return this.effects.find((e): e is Extract<CallEffect, { type: T }> => e.type === type);
  }

  #context(): Parameters<typeof step>[2] {
    return {
      now: this.now,
      settings: SETTINGS,
      newRecordingId: asId<RecordingId>(`rec-${this.now}`),
    };
  }
}

describe('a parked call that a telephone picks up', () => {
  const device = { kind: 'sip', target: 'sip:yuki@192.0.2.9' } as const;
  const rung = (): Story =>
    new Story()
      .talking(HANA)
      .on(
        { type: 'call.parked', operatorId: HANA, note: '鈴木様' },
        { type: 'call.picked-up', operatorId: YUKI, legId: leg(YUKI), device },
      );

  it.each(['offer.declined', 'offer.failed', 'ring-no-answer'] as const)(
    'stays parked where it is not answered: %s',
    (how) => {
      const call = rung();
      expect([call.state.phase, call.played]).toEqual(['offering', ['hold-music']]);
      if (how === 'ring-no-answer') call.fire(how);
      else if (how === 'offer.declined') call.on({ type: how, operatorId: YUKI });
      else call.on({ type: how, operatorId: YUKI, reason: '486' });
      expect(call.state).toMatchObject({
        phase: 'parked',
        parked: { by: HANA, note: '鈴木様' },
        offer: null,
      });
      expect(call.did).not.toContain('findOperator');
      expect(call.effect('setOperatorState')).toMatchObject({ operatorId: YUKI });
      expect([call.played, call.fire('park').state.phase]).toEqual([['hold-music'], 'waiting']);
    },
  );

  it('is hers once she answers', () => {
    const call = rung().on({ type: 'offer.accepted', operatorId: YUKI });
    expect(call.state).toMatchObject({ phase: 'talking', parked: null, heldSince: null });
  });
});

describe('a call that is answered', () => {
  it('rings and looks for an operator at once', () => {
    const call = new Story();
    expect(call.did).toEqual(['ringCaller', 'findOperator']);
    expect(call.state).toMatchObject({ phase: 'waiting', version: 1 });
  });

  it('opens the form when the operator accepts, before the caller is connected', () => {
    const call = new Story().found(HANA).on({ type: 'offer.accepted', operatorId: HANA });
    expect(call.did).toEqual(['setOperatorState', 'openDraft', 'answerCaller']);
    expect(call.state.phase).toBe('connecting');
  });

  it('joins and records both when the caller is connected', () => {
    const call = new Story().talking(HANA);
    expect(call.effects).toEqual([{ type: 'applySound' }]);
    expect(soundOf(call.state)).toEqual({
      hearing: [
        { listener: CALLER, speaker: leg(HANA), gain: 1 },
        { listener: leg(HANA), speaker: CALLER, gain: 1 },
      ],
      playing: [],
      recording: { id: `rec-${START}`, callerLeg: CALLER, paused: false },
    });
    expect(call.state).toMatchObject({ phase: 'talking', answeredAt: START, answeredBy: HANA });
    expect(Object.keys(call.state.timers)).toEqual(['max-duration']);
  });

  it.each([
    [{ type: 'caller.hung-up' }, 'caller'],
    [{ type: 'operator.hung-up', operatorId: HANA }, 'operator'],
  ] as const)('ends into wrap-up on %j', (event, side) => {
    const call = new Story().talking(HANA).on(event);
    expect(call.did).toEqual(['applySound', 'endCallerLeg', 'endOperatorLeg', 'setOperatorState']);
    expect(soundOf(call.state)).toEqual({ hearing: [], playing: [], recording: null });
    expect(call.state).toMatchObject({
      phase: 'wrap-up',
      termination: { class: side, reason: 'hung-up' },
    });
    call.on({ type: 'operator.wrapped-up', operatorId: HANA });
    expect(call.did).toEqual(['setOperatorState', 'callEnded']);
    expect(call.state).toMatchObject({ phase: 'ended', operator: null, answeredBy: HANA });
  });

  it('frees the operator when wrap-up takes too long', () => {
    const call = new Story().talking(HANA).on({ type: 'caller.hung-up' }).fire('wrap-up');
    expect(call.effect('setOperatorState')?.state).toBe('available');
    expect(call.state.phase).toBe('ended');
  });
});

describe('a call that is offered on', () => {
  it('counts a ring-no-answer and looks for another', () => {
    const call = new Story().found(HANA).fire('ring-no-answer');
    expect(call.did).toEqual([
      'withdrawOffer',
      'noteRingNoAnswer',
      'setOperatorState',
      'findOperator',
    ]);
    expect(call.effect('findOperator')?.excluded).toEqual([HANA]);
  });

  it('does not count a decline', () => {
    const call = new Story().found(HANA).on({ type: 'offer.declined', operatorId: HANA });
    expect(call.did).toEqual(['withdrawOffer', 'setOperatorState', 'findOperator']);
  });

  it('rings a single operator again after a pause, never at once', () => {
    const call = new Story()
      .found(HANA)
      .on({ type: 'offer.declined', operatorId: HANA }, { type: 'operator.became-available' });
    expect(call.effect('findOperator')?.excluded).toEqual([HANA]);
    call.on({ type: 'operator.not-found', signedIn: true }).fire('retry-offer');
    expect(call.now - START).toBe(SETTINGS.maxWaitMs / 3);
    expect(call.effect('findOperator')?.excluded).toEqual([]);
  });

  it('lets an operator who is being rung still answer when the longest wait is over', () => {
    const call = new Story();
    call.now = START + SETTINGS.maxWaitMs - 5_000;
    call.found(HANA).fire('max-wait');
    expect(call.state.phase).toBe('offering');
    call.on({ type: 'offer.declined', operatorId: HANA });
    expect(call.state.phase).toBe('unattended');
    expect(call.did).toEqual(['withdrawOffer', 'setOperatorState', 'answerCaller']);
  });

  it('moves the ring card to the page she loaded anew', () => {
    const call = new Story()
      .found(HANA)
      .on({ type: 'operator.audio-back', operatorId: HANA, legId: asId<LegId>('leg-new') });
    expect(call.effect('offerCall')?.offer).toMatchObject({
      legId: 'leg-new',
      device: { kind: 'browser', legId: 'leg-new' },
    });
  });

  it('gives back an operator it no longer needs', () => {
    const call = new Story().found(HANA).found(YUKI);
    expect(call.effects).toEqual([
      { type: 'setOperatorState', operatorId: YUKI, state: 'available' },
    ]);
    expect(call.state.offer?.operatorId).toBe(HANA);
  });
});

describe('an operator at a number outside', () => {
  const number = asId<E164>('+819001234567');
  const offered = (): Story =>
    new Story().on({
      type: 'operator.found',
      operatorId: HANA,
      legId: leg(HANA),
      device: { kind: 'number', number },
    });
  const pickedUp = (wait = false): CallEvent => ({
    type: 'offer.picked-up',
    operatorId: HANA,
    wait,
  });
  const heard = (call: Story): string[] =>
    soundOf(call.state).playing.flatMap((one) => (one.leg === leg(HANA) ? [one.source] : []));

  it('is asked for a key, and has the call with it', () => {
    const call = offered().on({ type: 'offer.accepted', operatorId: HANA });
    expect(call.state.phase).toBe('offering');
    call.on(pickedUp());
    expect([call.state.phase, heard(call)]).toEqual(['offering', ['announce-relay']]);
    call.on({ type: 'offer.accepted', operatorId: HANA }, { type: 'caller.connected' });
    expect([call.state.phase, heard(call)]).toEqual(['talking', []]);
    expect(call.speakers).toEqual([leg(HANA)]);
  });

  it('where a machine answers, the call goes on to the next', () => {
    const call = offered().on(pickedUp());
    const due = call.state.timers['ring-no-answer']!;
    expect(due - call.now).toBe(SETTINGS.announceMs);
    call.on(pickedUp());
    expect(call.state.timers['ring-no-answer']).toBe(due);
    call.fire('ring-no-answer');
    expect([call.state.phase, call.did.includes('withdrawOffer')]).toEqual(['waiting', true]);
  });

  it('may ask for a moment', () => {
    const call = offered().on(pickedUp(true));
    expect(call.state.offer?.asked).toBeUndefined();
    call.on(pickedUp(), pickedUp(true));
    expect(call.state.timers['ring-no-answer']! - call.now).toBe(SETTINGS.contactWaitMs);
  });
});

describe('a caller who gives up', () => {
  it.each([
    ['waiting', new Story()],
    ['offering', new Story().found(HANA)],
    ['connecting', new Story().found(HANA).on({ type: 'offer.accepted', operatorId: HANA })],
  ] as const)('leaves a message from %s, and the operator free', (phase, call) => {
    expect(call.state.phase).toBe(phase);
    call.on({ type: 'caller.hung-up' });
    expect(call.effect('recordUnansweredCall')?.kind).toBe('abandoned');
    expect(call.effect('callEnded')?.termination).toEqual({ class: 'caller', reason: 'abandoned' });
    if (phase !== 'waiting') expect(call.effect('setOperatorState')?.state).toBe('available');
    expect(call.state).toMatchObject({ phase: 'ended', timers: {}, offer: null, operator: null });
  });
});

describe('a call nobody takes', () => {
  it('goes to the prompt soon when nobody is signed in', () => {
    const call = new Story()
      .on({ type: 'operator.not-found', signedIn: false })
      .fire('nobody-there');
    expect(call.now - START).toBe(SETTINGS.nobodyThereMs);
    expect(call.did).toEqual(['answerCaller']);
    call.on({ type: 'caller.connected' });
    expect(call.played).toEqual(['unattended']);
    call.on({ type: 'prompt.done', legId: CALLER, source: 'unattended' });
    expect(call.did).toEqual(['applySound', 'endCallerLeg', 'recordUnansweredCall', 'callEnded']);
    expect(call.state.termination).toEqual({ class: 'platform', reason: 'unattended' });
    expect(call.state.answeredAt).toBeNull();
  });

  it('rings on while all are busy, and only then goes to the prompt', () => {
    const call = new Story().on(
      { type: 'operator.not-found', signedIn: false },
      { type: 'operator.not-found', signedIn: true },
    );
    expect(Object.keys(call.state.timers).sort()).toEqual(['max-duration', 'max-wait']);
    expect(call.fire('max-wait').state.phase).toBe('unattended');
  });

  it('keeps the same message when the caller hangs up during the prompt', () => {
    const call = new Story()
      .fire('max-wait')
      .on({ type: 'caller.connected' }, { type: 'caller.hung-up' });
    expect(call.effect('recordUnansweredCall')?.kind).toBe('unattended');
    expect(call.state.termination).toEqual({ class: 'caller', reason: 'unattended' });
  });

  it('does not wait for ever for a prompt that never ends', () => {
    const call = new Story().fire('max-wait').on({ type: 'caller.connected' }).fire('prompt');
    expect(call.state.phase).toBe('ended');
  });
});

describe('an operator whose audio is lost', () => {
  const lost: CallEvent = { type: 'operator.audio-lost', operatorId: HANA };

  it('has the call back on her new leg, recorded on', () => {
    const call = new Story().talking(HANA).on(lost);
    expect(call.played).toEqual(['wait-tone']);
    call.on({ type: 'operator.audio-back', operatorId: HANA, legId: asId<LegId>('leg-new') });
    expect(call.played).toEqual([]);
    expect(call.speakers).toEqual(['leg-new']);
    expect(call.state).toMatchObject({ phase: 'talking', recordingId: `rec-${START}` });
  });

  it('is replaced after 20 s; the draft goes to who takes the call', () => {
    const call = new Story().talking(HANA).on(lost).fire('reconnect');
    expect(call.now - START).toBe(20_000);
    expect(call.effects).toMatchObject([
      { type: 'endOperatorLeg', operatorId: HANA },
      { type: 'setOperatorState', operatorId: HANA, state: 'away' },
      { type: 'findOperator', excluded: [HANA] },
    ]);
    call.found(YUKI).on({ type: 'offer.accepted', operatorId: YUKI });
    expect(call.did).toEqual(['applySound', 'setOperatorState', 'openDraft']);
    expect(call.speakers).toEqual([leg(YUKI)]);
    expect(call.state).toMatchObject({ phase: 'talking', answeredAt: START, answeredBy: YUKI });
  });

  it('leaves a message when nobody else comes', () => {
    const call = new Story()
      .talking(HANA)
      .on(lost)
      .fire('reconnect')
      .on({ type: 'operator.not-found', signedIn: false })
      .fire('max-wait');
    expect(call.played).toEqual(['unattended']);
    call.on({ type: 'prompt.done', legId: CALLER, source: 'unattended' });
    expect(call.effect('recordUnansweredCall')?.kind).toBe('unattended');
  });

  it('finishes her form when the caller hangs up meanwhile', () => {
    const call = new Story().talking(HANA).on(lost, { type: 'caller.hung-up' });
    expect(call.state).toMatchObject({
      phase: 'wrap-up',
      termination: { class: 'caller', reason: 'hung-up' },
    });
  });

  it('keeps the call when she reloads between accepting and the caller’s connection', () => {
    const call = new Story()
      .found(HANA)
      .on({ type: 'offer.accepted', operatorId: HANA }, lost, { type: 'caller.connected' });
    expect(call.played).toEqual(['wait-tone']);
    call.on({ type: 'operator.audio-back', operatorId: HANA, legId: asId<LegId>('leg-new') });
    expect(call.speakers).toEqual(['leg-new']);
    expect(call.state).toMatchObject({ phase: 'talking', answeredAt: START });
  });

  it('is joined anew when her new leg comes before the old one was missed', () => {
    const call = new Story()
      .talking(HANA)
      .on({ type: 'operator.audio-back', operatorId: HANA, legId: asId<LegId>('leg-new') });
    expect(call.did).toEqual(['applySound']);
    expect(call.speakers).toEqual(['leg-new']);
  });
});

describe('faults', () => {
  it.each([
    [{ type: 'caller.failed', reason: 'media-lost' }, 'indeterminate', 'media-lost'],
    [{ type: 'media-plane.lost' }, 'platform', 'media-plane-lost'],
    [{ type: 'shutdown' }, 'platform', 'shutdown'],
    [{ type: 'failed', detail: 'planted' }, 'platform', 'internal-error'],
    [{ type: 'adopted', alive: [leg(HANA)] }, 'platform', 'app-restarted'],
  ] as const)('%j ends a conversation into wrap-up', (event, side, reason) => {
    const call = new Story().talking(HANA).on(event);
    expect(call.state.phase).toBe('wrap-up');
    expect(call.effect('endCallerLeg')?.termination).toEqual({ class: side, reason });
    expect(call.did).not.toContain('recordUnansweredCall');
  });

  it.each([{ type: 'media-plane.lost' }, { type: 'shutdown' }] as const)(
    '%j ends a waiting call with a message',
    (event) => {
      const call = new Story().on(event);
      expect(call.state.phase).toBe('ended');
      expect(call.did).toContain('recordUnansweredCall');
    },
  );

  it('an answer that is never acknowledged ends the call', () => {
    const call = new Story()
      .found(HANA)
      .on({ type: 'offer.accepted', operatorId: HANA })
      .fire('connect');
    expect(call.state.termination).toEqual({ class: 'upstream', reason: 'ack-missing' });
    expect(call.did).toContain('recordUnansweredCall');
  });

  it('no call outlives the longest duration', () => {
    const call = new Story().talking(HANA).fire('max-duration');
    expect(call.state.termination).toEqual({ class: 'platform', reason: 'max-duration' });
  });
});

describe('a call another process took over', () => {
  const whole: CallEvent = { type: 'adopted', alive: [CALLER, leg(HANA)] };
  const noOperator: CallEvent = { type: 'adopted', alive: [CALLER] };

  it('goes on untouched while both talk', () => {
    const call = new Story().talking(HANA);
    const before = call.state;
    expect(call.on(whole).state).toBe(before);
    expect(call.on(noOperator).state.operator?.audio).toBe('lost');
  });

  it('searches, offers or answers again where it was about to', () => {
    expect(new Story().on(whole).did).toEqual(['findOperator']);
    expect(new Story().found(HANA).on(whole).did).toEqual(['offerCall']);
    expect(new Story().found(HANA).on(noOperator).did).toContain('withdrawOffer');
    const connecting = new Story().found(HANA).on({ type: 'offer.accepted', operatorId: HANA });
    expect(connecting.on(whole).did).toEqual(['answerCaller']);
    expect(new Story().fire('max-wait').on(whole).did).toEqual(['answerCaller']);
  });
});

describe('events that do not fit', () => {
  it.each<CallEvent>([
    { type: 'offer.accepted', operatorId: YUKI },
    { type: 'operator.hung-up', operatorId: YUKI },
    { type: 'operator.audio-lost', operatorId: YUKI },
    { type: 'caller.connected' },
    { type: 'prompt.done', legId: CALLER, source: 'unattended' },
    { type: 'timer.fired', timer: 'ring-no-answer' },
    { type: 'timer.fired', timer: 'max-duration', due: START },
  ])('%j changes nothing in a conversation', (event) => {
    const call = new Story().talking(HANA);
    const before = call.state;
    call.on(event);
    expect(call.state).toBe(before);
    expect(call.effects).toEqual([]);
  });
});
