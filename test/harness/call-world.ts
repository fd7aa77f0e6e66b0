import fc from 'fast-check';
import { asId } from '../../src/base/index.ts';
import type { CallId, E164, LegId, OperatorId, RecordingId } from '../../src/base/index.ts';
import { DEFAULT_CALL_SETTINGS, arrive, callBack, soundOf, step } from '../../src/calls/index.ts';
import type {
  CallEffect,
  CallEvent,
  CallRules,
  CallState,
  CallTimerName,
  NewCall,
  RelayTarget,
  Sound,
  Step,
  StepContext,
} from '../../src/calls/index.ts';

/*
 * The outside of the call machine, as a model: operators who are claimed, callers who answer,
 * contacts who are rung, timers, a late inbox; and random histories of it.
 */

export type Machine = {
  arrive: typeof arrive;
  callBack: typeof callBack;
  step: typeof step;
  soundOf: typeof soundOf;
};
export const MACHINE: Machine = { arrive, callBack, step, soundOf };

export type Line = {
  before: CallState;
  event: CallEvent;
  after: CallState;
  effects: CallEffect[];
  /** What is heard after it, by the machine under test. */
  sound: Sound;
};
export type ModelCall = { state: CallState; log: Line[]; first: Step };
type Claimed = Pick<NonNullable<CallState['operator']>, 'operatorId' | 'legId' | 'device'>;
type FloorState = 'offline' | 'available' | 'reserved' | 'busy' | 'wrap-up' | 'away';
export type ModelOperator = { id: OperatorId; state: FloorState; heldBy: CallId | null };

export const OPERATORS = ['op-a', 'op-b', 'op-c'].map((id) => asId<OperatorId>(id));
const CALLS = ['call-1', 'call-2'].map((id) => asId<CallId>(id));
const NUMBER = asId<E164>('+819001234567');

const WISHES = [
  { order: 'together', announce: 'operator' },
  { order: 'one-after-another', announce: 'operator' },
  { order: 'together', announce: 'system' },
  { order: 'one-after-another', announce: 'system' },
] as const;

export class World {
  now = 1_700_000_000_000;
  readonly calls: ModelCall[] = [];
  readonly operators: ModelOperator[];
  readonly faults: string[] = [];
  #inbox: { call: number; event: CallEvent }[] = [];
  #drawn = 0;
  readonly #machine: Machine;
  readonly #rules: CallRules;

  constructor(machine: Machine, history: Pick<History, 'signedIn' | 'rules'>) {
    this.#machine = machine;
    this.#rules = history.rules;
    this.operators = OPERATORS.map((id, index) => ({
      id,
      state: index < history.signedIn ? 'available' : 'offline',
      heldBy: null,
    }));
  }

  arrive(): void {
    const newCall = this.#newCall();
    if (newCall === null) return;
    this.#begin(this.#machine.arrive(newCall, this.#context()));
  }

  /** The office calls a customer back: first a contact, or an operator who is free. */
  callBack(withContact: boolean): void {
    const newCall = this.#newCall();
    if (newCall === null) return;
    const free = this.operators.find(({ state }) => state === 'available');
    if (withContact || free === undefined) {
      const contact = this.#target('first');
      this.#begin(this.#machine.callBack(newCall, { contact }, this.#context()));
      return;
    }
    const { operatorId, legId, device } = this.#hold(free, newCall.id);
    const operator = { operatorId, legId, device, audio: 'up' as const };
    this.#begin(this.#machine.callBack(newCall, { operator }, this.#context()));
  }

  apply(index: number, event: CallEvent): void {
    const call = this.calls[index];
    if (call === undefined) return;
    const before = call.state;
    const { state: after, effects } = this.#machine.step(before, event, this.#context());
    call.state = deepFreeze(after);
    call.log.push({ before, event, after, effects, sound: this.#machine.soundOf(after) });
    this.#hear(index, before, after);
    if (after === before && effects.length > 0) this.faults.push('effects without a transition');
    if (after !== before && after.version !== before.version + 1) {
      this.faults.push(`version ${before.version} → ${after.version}`);
    }
    this.#run(index, effects);
    this.#checkOperators();
  }

  applyOfCurrentOperator(index: number, what: OperatorEventName): void {
    const state = this.calls[index]?.state;
    const operatorId = (state?.offer ?? state?.operator)?.operatorId;
    if (operatorId !== undefined) this.apply(index, operatorEvent(what, operatorId, 'leg-new'));
  }

  /** An operation, by who has the call or by somebody claimed for it. */
  operate(index: number, what: OperationName, pick: number): void {
    const state = this.calls[index]?.state;
    if (state === undefined) return;
    const event = this.#operation(state, what, pick);
    if (event !== null) this.apply(index, event);
  }

  /** Something of a contact's leg that is or was in the call. */
  contact(index: number, what: ContactEventName, pick: number): void {
    const call = this.calls[index];
    const current = call?.state.contacts ?? [];
    const legs = pick < 10 && current.length > 0 ? current : this.#formerContacts(call);
    const legId = legs[pick % Math.max(1, legs.length)]?.legId;
    if (legId !== undefined) this.apply(index, contactEvent(what, legId, pick));
  }

  /** The far end of a leg of the call holds, falls silent, is heard again or is gone; the disk is full. */
  farEnd(index: number, what: FarEventName, pick: number): void {
    const call = this.calls[index];
    if (call === undefined) return;
    const { callerLeg, operator, offer, contacts } = call.state;
    const legs = [callerLeg.id, ...contacts.map(({ legId }) => legId)];
    if (operator !== null) legs.push(operator.legId);
    if (what === 'recording.failing' || what === 'recording.mended') {
      const { recordingId } = call.state;
      if (recordingId !== null) this.apply(index, { type: what, recordingId });
      return;
    }
    if (what === 'leg.lost') {
      if (offer !== null) legs.push(offer.legId);
      this.apply(index, { type: what, legId: legs[pick % legs.length]! });
      return;
    }
    const legId = legs[pick % legs.length]!;
    const how = ([null, 'sending', 'silent'] as const)[pick % 3]!;
    const why = ([null, 'never', 'stopped'] as const)[pick % 3]!;
    this.apply(
      index,
      what === 'leg.held' ? { type: what, legId, how } : { type: what, legId, why },
    );
  }

  /** Delivers one waiting event; `again` leaves it in the inbox, as a duplicate. */
  deliver(pick: number, again: boolean): void {
    const entry = this.#inbox[pick % Math.max(1, this.#inbox.length)];
    if (entry === undefined) return;
    if (!again) this.#inbox = this.#inbox.filter((other) => other !== entry);
    if (this.#isWorthless(entry)) return;
    this.apply(entry.call, entry.event);
  }

  /** Fires one of the call's timers, not before it is due; `pick` 0 is the earliest. */
  fire(index: number, pick: number): void {
    const timers = Object.entries(this.calls[index]?.state.timers ?? {}) as [
      CallTimerName,
      number,
    ][];
    const sorted = timers.sort((a, b) => a[1] - b[1]);
    const [timer, due] = sorted[pick % Math.max(1, sorted.length)] ?? [];
    if (timer === undefined || due === undefined) return;
    this.now = Math.max(this.now, due);
    this.apply(index, { type: 'timer.fired', timer });
  }

  /** The same search once more, as after a crash between search and record. */
  searchAgain(index: number): void {
    const last = this.calls[index]?.log.at(-1);
    for (const effect of last?.effects ?? []) {
      if (effect.type === 'findOperator') this.#run(index, [effect]);
    }
  }

  /** Another process takes the call over; some legs are gone. */
  adopt(index: number, gone: number): void {
    const state = this.calls[index]?.state;
    if (state === undefined) return;
    const legs = [
      state.callerLeg.id,
      ...[state.operator, state.offer, ...state.contacts, ...state.monitors].flatMap((one) =>
        one === null ? [] : [one.legId],
      ),
    ];
    this.apply(index, { type: 'adopted', alive: legs.filter((_, i) => ((gone >> i) & 1) === 0) });
  }

  signIn(pick: number): void {
    const operator = this.operators[pick % this.operators.length]!;
    if (operator.heldBy !== null) return;
    operator.state = operator.state === 'available' ? 'offline' : 'available';
    if (operator.state === 'available') this.#announce();
  }

  /** Lets everything happen that must still happen. */
  settle(): void {
    for (let round = 0; round < 1000; round++) {
      if (this.#inbox.length > 0) {
        this.deliver(0, false);
        continue;
      }
      const open = this.calls.findIndex(({ state }) => state.phase !== 'ended');
      if (open === -1) return;
      if (Object.keys(this.calls[open]!.state.timers).length === 0) {
        this.faults.push(`no timer in ${this.calls[open]!.state.phase}`);
        return;
      }
      this.fire(open, 0);
    }
    this.faults.push('a call never ends');
  }

  #newCall(): NewCall | null {
    const index = this.calls.length;
    const id = CALLS[index];
    if (id === undefined) return null;
    return {
      id,
      callerLegId: asId<LegId>(`caller-${index}`),
      callerLegKind: index === 0 ? 'sip' : 'browser',
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
    };
  }

  #begin(first: Step): void {
    this.calls.push({ state: deepFreeze(first.state), log: [], first });
    this.#run(this.calls.length - 1, first.effects);
  }

  #operation(state: CallState, what: OperationName, pick: number): CallEvent | null {
    const { operatorId } = state.operator ?? { operatorId: OPERATORS[0]! };
    const isEven = pick % 2 === 0;
    switch (what) {
      case 'relay.started': {
        const targets = Array.from({ length: 1 + (pick % 3) }, (_, i) => this.#target(String(i)));
        return { type: what, operatorId, targets, ...WISHES[pick % WISHES.length]! };
      }
      case 'transfer.started':
        return { type: what, operatorId, target: this.#target('blind'), stays: isEven };
      case 'operator.muted':
        return { type: what, operatorId, on: isEven };
      case 'operator.retrieved':
        return { type: what, operatorId, because: isEven ? 'wrong-number' : null };
      case 'call.parked':
        return { type: what, operatorId, note: '' };
      case 'call.picked-up':
        if (state.wrappingUp !== null && isEven) {
          return { type: what, ...this.#reached(state.wrappingUp.operatorId) };
        }
        return this.#claiming(state.id, what, operatorId);
      case 'hand-over.started':
        return this.#claiming(state.id, what, operatorId);
      case 'monitor.started':
        return this.#monitor(state, pick);
      default:
        return { type: what, operatorId };
    }
  }

  #claiming(
    callId: CallId,
    type: 'call.picked-up' | 'hand-over.started',
    operatorId: OperatorId,
  ): CallEvent | null {
    const claimed = this.#claimIdle(callId);
    if (claimed === null) return null;
    return type === 'call.picked-up'
      ? { type, ...claimed }
      : { type, operatorId, to: claimed, note: '' };
  }

  #monitor(state: CallState, pick: number): CallEvent | null {
    const mode = (['listen', 'whisper', 'barge'] as const)[pick % 3]!;
    const known = state.monitors[0];
    if (known) return { type: 'monitor.started', ...known, mode };
    const claimed = this.#claimIdle(state.id);
    if (claimed === null) return null;
    const { operatorId, legId } = claimed;
    return { type: 'monitor.started', operatorId, legId, mode, returnTo: 'available' };
  }

  #target(name: string): RelayTarget {
    this.#drawn++;
    return {
      legId: asId<LegId>(`contact-${this.#drawn}`),
      contactId: null,
      name,
      number: NUMBER,
    };
  }

  #formerContacts(call: ModelCall | undefined): { legId: LegId }[] {
    return (call?.log ?? []).flatMap(({ effects }) =>
      effects.flatMap((effect) => (effect.type === 'endContactLeg' ? [effect] : [])),
    );
  }

  /** A claim is told as long as it holds; a copy of `operator.found` from before is never told. */
  #isWorthless({ call, event }: { call: number; event: CallEvent }): boolean {
    if (event.type !== 'operator.found') return false;
    const claimed = this.operators.find(({ id }) => id === event.operatorId);
    return claimed?.heldBy !== CALLS[call];
  }

  #context(): StepContext {
    this.#drawn++;
    return {
      now: this.now,
      settings: { ...DEFAULT_CALL_SETTINGS, rules: this.#rules },
      newRecordingId: asId<RecordingId>(`rec-${this.#drawn}`),
    };
  }

  #run(index: number, effects: CallEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'findOperator':
          this.#claim(index, effect.excluded);
          break;
        case 'setOperatorState':
          this.#setOperator(CALLS[index]!, effect.operatorId, effect.state);
          break;
        case 'answerCaller':
        case 'dialCustomer':
          this.#inbox.push({ call: index, event: { type: 'caller.connected' } });
          break;
        case 'probeLeg': {
          const { legId } = effect;
          this.#inbox.push({ call: index, event: { type: 'leg.unheard', legId, why: null } });
          break;
        }
        case 'dialContact': {
          const { legId } = effect.contact;
          this.#inbox.push({ call: index, event: { type: 'contact.ringing', legId } });
          break;
        }
        default:
      }
    }
  }

  /** Words that begin come to their end. */
  #hear(index: number, before: CallState, after: CallState): void {
    const said = (state: CallState): string[] =>
      soundOf(state).playing.flatMap(({ leg, source, loop }) => (loop ? [] : [`${leg} ${source}`]));
    const known = said(before);
    for (const { leg: legId, source, loop } of soundOf(after).playing) {
      if (loop || known.includes(`${legId} ${source}`)) continue;
      this.#inbox.push({ call: index, event: { type: 'prompt.done', legId, source } });
    }
  }

  #claim(index: number, excluded: OperatorId[]): void {
    const free = this.operators.find(
      ({ id, state }) => state === 'available' && !excluded.includes(id),
    );
    if (free === undefined) {
      const signedIn = this.operators.some(({ state }) => state !== 'offline');
      this.#inbox.push({ call: index, event: { type: 'operator.not-found', signedIn } });
      return;
    }
    const found = this.#hold(free, CALLS[index]!);
    this.#inbox.push({ call: index, event: { type: 'operator.found', ...found } });
  }

  #claimIdle(callId: CallId): Claimed | null {
    const free = this.operators.find(({ state }) => state === 'available');
    return free === undefined ? null : this.#hold(free, callId);
  }

  #hold(operator: ModelOperator, callId: CallId): Claimed {
    operator.state = 'reserved';
    operator.heldBy = callId;
    return this.#reached(operator.id);
  }

  #reached(operatorId: OperatorId): Claimed {
    this.#drawn++;
    const legId = asId<LegId>(`leg-${this.#drawn}`);
    const device =
      operatorId === 'op-a'
        ? ({ kind: 'sip', target: 'sip:a' } as const)
        : operatorId === 'op-c'
          ? ({ kind: 'number', number: NUMBER } as const)
          : ({ kind: 'browser', legId } as const);
    return { operatorId, legId, device };
  }

  #setOperator(callId: CallId, id: OperatorId, state: FloorState): void {
    const operator = this.operators.find((known) => known.id === id);
    if (operator?.heldBy !== callId) return;
    operator.state = state;
    if (state === 'busy' || state === 'wrap-up') return;
    operator.heldBy = null;
    if (state === 'available') this.#announce();
  }

  #announce(): void {
    this.calls.forEach(({ state }, call) => {
      if (state.phase === 'waiting') {
        this.#inbox.push({ call, event: { type: 'operator.became-available' } });
      }
    });
  }

  /** Nobody works for two calls, nobody has two parts in one, and all are held by their call. */
  #checkOperators(): void {
    for (const { state } of this.calls) {
      if (state.phase === 'ended') continue;
      const { offer, operator, wrappingUp, monitors } = state;
      const ids = [offer, operator, wrappingUp, ...monitors].flatMap((one) =>
        one === null ? [] : [one.operatorId],
      );
      if (new Set(ids).size < ids.length) this.faults.push('one person with two parts in a call');
      for (const id of ids) {
        const holder = this.operators.find((one) => one.id === id)?.heldBy;
        if (holder !== state.id) {
          this.faults.push(`${id} works for ${state.id} without being held (${state.phase})`);
        }
      }
    }
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

/* Random histories. */

export type Action =
  | { do: 'arrive' }
  | { do: 'call-back'; withContact: boolean }
  | { do: 'deliver'; pick: number; again: boolean }
  | { do: 'fire'; call: number; pick: number }
  | { do: 'search-again'; call: number }
  | { do: 'adopt'; call: number; gone: number }
  | { do: 'sign-in'; pick: number }
  | { do: 'pass'; ms: number }
  | { do: 'current'; call: number; what: OperatorEventName }
  | { do: 'operate'; call: number; what: OperationName; pick: number }
  | { do: 'contact'; call: number; what: ContactEventName; pick: number }
  | { do: 'far-end'; call: number; what: FarEventName; pick: number }
  | { do: 'event'; call: number; event: CallEvent };

const OPERATOR_EVENTS = [
  'offer.picked-up',
  'offer.accepted',
  'offer.declined',
  'offer.failed',
  'operator.hung-up',
  'operator.left',
  'operator.audio-lost',
  'operator.audio-back',
  'operator.wrapped-up',
  'monitor.ended',
] as const;
type OperatorEventName = (typeof OPERATOR_EVENTS)[number];

const OPERATIONS = [
  'operator.held',
  'operator.retrieved',
  'operator.muted',
  'recording.paused',
  'recording.resumed',
  'relay.started',
  'relay.connected',
  'relay.widened',
  'transfer.started',
  'call.parked',
  'call.picked-up',
  'hand-over.started',
  'monitor.started',
] as const;
export type OperationName = (typeof OPERATIONS)[number];

const CONTACT_EVENTS = [
  'contact.ringing',
  'contact.early-media',
  'contact.answered',
  'contact.failed',
  'contact.hung-up',
  'contact.pressed',
] as const;
type ContactEventName = (typeof CONTACT_EVENTS)[number];

const FAR_EVENTS = [
  'leg.held',
  'leg.unheard',
  'leg.lost',
  'recording.failing',
  'recording.mended',
] as const;
type FarEventName = (typeof FAR_EVENTS)[number];

function operatorEvent(type: OperatorEventName, operatorId: OperatorId, leg: string): CallEvent {
  if (type === 'offer.picked-up') return { type, operatorId, wait: leg === 'leg-x' };
  if (type === 'offer.failed') return { type, operatorId, reason: 'busy' };
  if (type === 'operator.audio-back') return { type, operatorId, legId: asId<LegId>(leg) };
  return { type, operatorId };
}

function contactEvent(type: ContactEventName, legId: LegId, pick: number): CallEvent {
  if (type === 'contact.failed') return { type, legId, reason: 'busy' };
  if (type === 'contact.pressed') return { type, legId, digit: String(1 + (pick % 4)) };
  return { type, legId };
}

const TIMERS: CallTimerName[] = [
  'ring-no-answer',
  'max-wait',
  'nobody-there',
  'retry-offer',
  'reconnect',
  'connect',
  'prompt',
  'contact',
  'customer',
  'hold-reminder',
  'park',
  'probe',
  'recording-pause',
  'wrap-up',
  'max-duration',
];

const anyCall = fc.nat({ max: 1 });
const anyOperator = fc.constantFrom(...OPERATORS);
const anyLeg = fc.constantFrom('leg-x', 'leg-y');
const constants = (...events: CallEvent[]): fc.Arbitrary<CallEvent> => fc.constantFrom(...events);

/** Whatever may come from outside at any time, fitting or not. */
const anyEvent: fc.Arbitrary<CallEvent> = fc.oneof(
  { weight: 3, arbitrary: constants({ type: 'caller.hung-up' }) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...OPERATOR_EVENTS), anyOperator, anyLeg)
      .map(([type, operatorId, leg]) => operatorEvent(type, operatorId, leg)),
  },
  {
    weight: 2,
    arbitrary: constants(
      { type: 'caller.failed', reason: 'media-lost' },
      { type: 'caller.failed', reason: 'ack-missing' },
      { type: 'caller.failed', reason: 'no-common-codec' },
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...TIMERS)
      .map((timer): CallEvent => ({ type: 'timer.fired', timer, due: 1 })),
  },
  {
    weight: 1,
    arbitrary: constants(
      { type: 'media-plane.lost' },
      { type: 'shutdown' },
      { type: 'failed', detail: 'planted' },
      { type: 'prompt.done', legId: asId('caller-0'), source: 'unattended' },
      { type: 'prompt.done', legId: asId('caller-1'), source: 'connecting' },
      { type: 'caller.connected' },
      { type: 'customer.failed', reason: 'busy' },
      { type: 'operator.became-available' },
      { type: 'operator.not-found', signedIn: true },
      { type: 'operator.not-found', signedIn: false },
    ),
  },
);

const small = (max: number): fc.Arbitrary<number> => fc.nat({ max });
const act = <T extends Action['do'], R extends Record<string, fc.Arbitrary<unknown>>>(
  name: T,
  rest: R,
): fc.Arbitrary<Action> =>
  fc.record({ do: fc.constant(name), ...rest }) as unknown as fc.Arbitrary<Action>;

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 14, arbitrary: act('deliver', { pick: small(4), again: fc.boolean() }) },
  {
    weight: 12,
    arbitrary: act('current', {
      call: anyCall,
      what: fc.constantFrom('offer.accepted', 'offer.accepted', ...OPERATOR_EVENTS),
    }),
  },
  {
    weight: 14,
    arbitrary: act('operate', {
      call: anyCall,
      what: fc.constantFrom('relay.started', 'relay.started', 'relay.widened', ...OPERATIONS),
      pick: small(11),
    }),
  },
  {
    weight: 9,
    arbitrary: act('contact', {
      call: anyCall,
      what: fc.constantFrom('contact.answered', 'contact.pressed', ...CONTACT_EVENTS),
      pick: small(11),
    }),
  },
  {
    weight: 5,
    arbitrary: act('far-end', {
      call: anyCall,
      // Nothing more happens in a call whose line is lost: seldom.
      what: fc.constantFrom('leg.held', 'leg.held', 'leg.unheard', ...FAR_EVENTS),
      pick: small(11),
    }),
  },
  { weight: 5, arbitrary: act('fire', { call: anyCall, pick: small(3) }) },
  { weight: 4, arbitrary: act('event', { call: anyCall, event: anyEvent }) },
  { weight: 1, arbitrary: act('search-again', { call: anyCall }) },
  { weight: 1, arbitrary: act('adopt', { call: anyCall, gone: small(31) }) },
  { weight: 1, arbitrary: act('sign-in', { pick: small(2) }) },
  { weight: 2, arbitrary: act('pass', { ms: small(90_000) }) },
  { weight: 1, arbitrary: act('arrive', {}) },
  { weight: 1, arbitrary: act('call-back', { withContact: fc.boolean() }) },
);

export type History = {
  signedIn: number;
  first: Action;
  /** How far it has come at once, so that most of the history is about what follows. */
  begun: 'arriving' | 'talking' | 'consulting' | 'asking';
  rules: CallRules;
  actions: Action[];
};

export const anyHistory: fc.Arbitrary<History> = fc.record({
  signedIn: small(3),
  first: fc.constantFrom<Action>(
    { do: 'arrive' },
    { do: 'arrive' },
    { do: 'arrive' },
    { do: 'call-back', withContact: true },
    { do: 'call-back', withContact: false },
  ),
  begun: fc.constantFrom(
    'arriving' as const,
    'talking' as const,
    'consulting' as const,
    'asking' as const,
  ),
  rules: fc.record({
    recordRelayed: fc.boolean(),
    blindTransfer: fc.boolean(),
    afterRelay: fc.constantFrom('wrap-up' as const, 'available' as const),
  }),
  actions: fc.array(anyAction, { maxLength: 60, size: 'max' }),
});

export function play(machine: Machine, history: History): World {
  const world = new World(machine, history);
  carryOut(world, history.first);
  if (history.begun !== 'arriving') {
    world.deliver(0, false);
    world.applyOfCurrentOperator(0, 'offer.accepted');
    world.deliver(0, false);
  }
  if (history.begun === 'consulting') {
    world.operate(0, 'relay.started', 1);
    world.contact(0, 'contact.answered', 0);
  }
  // Two of three contacts are asked for a key, the third is rung.
  if (history.begun === 'asking') {
    world.operate(0, 'relay.started', 2);
    for (const pick of [0, 1]) world.contact(0, 'contact.answered', pick);
  }
  for (const action of history.actions) carryOut(world, action);
  world.settle();
  return world;
}

function carryOut(world: World, action: Action): void {
  const call = 'call' in action ? action.call % world.calls.length : 0;
  switch (action.do) {
    case 'arrive': {
      world.arrive();
      return;
    }
    case 'call-back': {
      world.callBack(action.withContact);
      return;
    }
    case 'deliver': {
      world.deliver(action.pick, action.again);
      return;
    }
    case 'fire': {
      world.fire(call, action.pick);
      return;
    }
    case 'search-again': {
      world.searchAgain(call);
      return;
    }
    case 'adopt': {
      world.adopt(call, action.gone);
      return;
    }
    case 'sign-in': {
      world.signIn(action.pick);
      return;
    }
    case 'pass':
      world.now += action.ms;
      return;
    case 'current': {
      world.applyOfCurrentOperator(call, action.what);
      return;
    }
    case 'operate': {
      world.operate(call, action.what, action.pick);
      return;
    }
    case 'contact': {
      world.contact(call, action.what, action.pick);
      return;
    }
    case 'far-end': {
      world.farEnd(call, action.what, action.pick);
      return;
    }
    case 'event': {
      world.apply(call, action.event);
      return;
    }
  }
}
