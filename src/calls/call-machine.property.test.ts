import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { CallId, LegId, OperatorId, RecordingId } from '../base/index.ts';
import { arrive, step } from './call-machine.ts';
import { DEFAULT_CALL_SETTINGS } from './call.ts';
import { soundOf } from './sound.ts';
import type { Sound } from './sound.ts';
import type {
  CallEffect,
  CallEvent,
  CallPhase,
  CallState,
  CallTimerName,
  Step,
  StepContext,
} from './call.ts';

type Machine = { arrive: typeof arrive; step: typeof step; soundOf: typeof soundOf };
const MACHINE: Machine = { arrive, step, soundOf };

/* The outside, as a model: operators who are claimed, callers who answer, timers, a late inbox. */

type Line = {
  before: CallState;
  event: CallEvent;
  after: CallState;
  effects: CallEffect[];
  /** What is heard after it, by the machine under test. */
  sound: Sound;
};
type ModelCall = { state: CallState; log: Line[]; first: Step };
type ModelOperator = {
  id: OperatorId;
  state: 'offline' | 'available' | 'reserved' | 'busy' | 'wrap-up' | 'away';
  heldBy: CallId | null;
};

const OPERATORS = ['op-a', 'op-b', 'op-c'].map((id) => asId<OperatorId>(id));
const CALLS = ['call-1', 'call-2'].map((id) => asId<CallId>(id));

class World {
  now = 1_700_000_000_000;
  readonly calls: ModelCall[] = [];
  readonly operators: ModelOperator[];
  readonly faults: string[] = [];
  #inbox: { call: number; event: CallEvent }[] = [];
  #drawn = 0;
  readonly #machine: Machine;

  constructor(machine: Machine, signedIn: number) {
    this.#machine = machine;
    this.operators = OPERATORS.map((id, index) => ({
      id,
      state: index < signedIn ? 'available' : 'offline',
      heldBy: null,
    }));
  }

  arrive(): void {
    const index = this.calls.length;
    if (index === CALLS.length) return;
    const first = this.#machine.arrive(
      {
        id: CALLS[index]!,
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
      },
      this.#context(),
    );
    this.calls.push({ state: deepFreeze(first.state), log: [], first });
    this.#run(index, first.effects);
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

  /** Delivers one waiting event; `again` leaves it in the inbox, as a duplicate. */
  deliver(pick: number, again: boolean): void {
    const entry = this.#inbox[pick % Math.max(1, this.#inbox.length)];
    if (entry === undefined) return;
    if (!again) this.#inbox = this.#inbox.filter((other) => other !== entry);
    if (this.#isWorthless(entry)) return;
    this.apply(entry.call, entry.event);
  }

  /** A claim is told as long as it holds; a copy of `operator.found` from before is never told. */
  #isWorthless({ call, event }: { call: number; event: CallEvent }): boolean {
    if (event.type !== 'operator.found') return false;
    const claimed = this.operators.find(({ id }) => id === event.operatorId);
    return claimed?.heldBy !== CALLS[call];
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

  signIn(pick: number): void {
    const operator = this.operators[pick % this.operators.length]!;
    if (operator.heldBy !== null) return;
    operator.state = operator.state === 'available' ? 'offline' : 'available';
    if (operator.state === 'available') this.#announce();
  }

  /** Lets everything happen that must still happen. */
  settle(): void {
    for (let round = 0; round < 400; round++) {
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

  #context(): StepContext {
    this.#drawn++;
    return {
      now: this.now,
      settings: DEFAULT_CALL_SETTINGS,
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
          this.#inbox.push({ call: index, event: { type: 'caller.connected' } });
          break;
        default:
      }
    }
  }

  /** A prompt that begins comes to its end. */
  #hear(index: number, before: CallState, after: CallState): void {
    const isPlayed = (state: CallState): boolean =>
      soundOf(state).playing.some(({ source }) => source === 'unattended');
    if (isPlayed(before) || !isPlayed(after)) return;
    this.#inbox.push({ call: index, event: { type: 'prompt.done' } });
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
    free.state = 'reserved';
    free.heldBy = CALLS[index]!;
    this.#drawn++;
    const legId = asId<LegId>(`leg-${this.#drawn}`);
    this.#inbox.push({
      call: index,
      event: {
        type: 'operator.found',
        operatorId: free.id,
        legId,
        device: free.id === 'op-a' ? { kind: 'sip', target: 'sip:a' } : { kind: 'browser', legId },
      },
    });
  }

  #setOperator(callId: CallId, id: OperatorId, state: ModelOperator['state']): void {
    const operator = this.operators.find((known) => known.id === id);
    if (operator?.heldBy !== callId) return;
    operator.state = state;
    if (state !== 'available' && state !== 'away') return;
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

  /** No operator in two calls, and nobody at work in a call that does not hold her. */
  #checkOperators(): void {
    const working = this.calls
      .filter(({ state }) => state.phase !== 'ended')
      .flatMap(({ state }) => {
        const ids = [state.offer?.operatorId, state.operator?.operatorId].filter(
          (id) => id !== undefined,
        );
        if (ids.length > 1) this.faults.push('a call with two operators');
        return ids.map((id) => ({ id, callId: state.id }));
      });
    for (const { id, callId } of working) {
      const holder = this.operators.find((operator) => operator.id === id)?.heldBy;
      if (holder !== callId) this.faults.push(`${id} works for ${callId} without being held`);
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

type Action =
  | { do: 'arrive' }
  | { do: 'deliver'; pick: number; again: boolean }
  | { do: 'fire'; call: number; pick: number }
  | { do: 'search-again'; call: number }
  | { do: 'sign-in'; pick: number }
  | { do: 'pass'; ms: number }
  | { do: 'current'; call: number; what: OperatorEventName }
  | { do: 'event'; call: number; event: CallEvent };

const OPERATOR_EVENTS = [
  'offer.accepted',
  'offer.declined',
  'offer.failed',
  'operator.hung-up',
  'operator.audio-lost',
  'operator.audio-back',
  'operator.wrapped-up',
] as const;
type OperatorEventName = (typeof OPERATOR_EVENTS)[number];

function operatorEvent(type: OperatorEventName, operatorId: OperatorId, leg: string): CallEvent {
  if (type === 'offer.failed') return { type, operatorId, reason: 'busy' };
  if (type === 'operator.audio-back') return { type, operatorId, legId: asId<LegId>(leg) };
  return { type, operatorId };
}

const TIMERS: CallTimerName[] = [
  'ring-no-answer',
  'max-wait',
  'nobody-there',
  'retry-offer',
  'reconnect',
  'connect',
  'prompt',
  'wrap-up',
  'max-duration',
];

const anyCall = fc.nat({ max: 1 });
const anyOperator = fc.constantFrom(...OPERATORS);
const anyLeg = fc.constantFrom('leg-x', 'leg-y');

/** Whatever may come from outside at any time, fitting or not. */
const anyEvent: fc.Arbitrary<CallEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<CallEvent>({ type: 'caller.hung-up' }) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...OPERATOR_EVENTS), anyOperator, anyLeg)
      .map(([type, operatorId, leg]) => operatorEvent(type, operatorId, leg)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('media-lost' as const, 'ack-missing' as const, 'no-common-codec' as const)
      .map((reason): CallEvent => ({ type: 'caller.failed', reason })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.boolean(), fc.boolean())
      .map(([callerLegAlive, operatorLegAlive]): CallEvent => ({
        type: 'adopted',
        callerLegAlive,
        operatorLegAlive,
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...TIMERS)
      .map((timer): CallEvent => ({ type: 'timer.fired', timer, due: 1 })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<CallEvent>(
      { type: 'media-plane.lost' },
      { type: 'shutdown' },
      { type: 'failed', detail: 'planted' },
      { type: 'prompt.done' },
      { type: 'caller.connected' },
      { type: 'operator.became-available' },
      { type: 'operator.not-found', signedIn: true },
      { type: 'operator.not-found', signedIn: false },
    ),
  },
);

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      pick: fc.nat({ max: 4 }),
      again: fc.boolean(),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('current' as const),
      call: anyCall,
      what: fc.constantFrom<OperatorEventName>('offer.accepted', ...OPERATOR_EVENTS),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('fire' as const),
      call: anyCall,
      pick: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('event' as const), call: anyCall, event: anyEvent }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('search-again' as const), call: anyCall }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('sign-in' as const), pick: fc.nat({ max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 90_000 }) }),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ do: 'arrive' }) },
);

const anyHistory = fc.record({
  signedIn: fc.nat({ max: 3 }),
  actions: fc.array(anyAction, { maxLength: 40, size: 'max' }),
});
type History = typeof anyHistory extends fc.Arbitrary<infer T> ? T : never;

function play(machine: Machine, history: History): World {
  const world = new World(machine, history.signedIn);
  world.arrive();
  for (const action of history.actions) act(world, action);
  world.settle();
  return world;
}

function act(world: World, action: Action): void {
  switch (action.do) {
    case 'arrive':
      world.arrive();
      break;
    case 'deliver':
      world.deliver(action.pick, action.again);
      break;
    case 'fire':
      world.fire(action.call % world.calls.length, action.pick);
      break;
    case 'search-again':
      world.searchAgain(action.call);
      break;
    case 'sign-in':
      world.signIn(action.pick);
      break;
    case 'pass':
      world.now += action.ms;
      break;
    case 'current':
      world.applyOfCurrentOperator(action.call % world.calls.length, action.what);
      break;
    case 'event':
      world.apply(action.call % world.calls.length, action.event);
      break;
  }
}

/* The properties. Each says what is wrong with one finished call, or nothing. */

type EffectOf<T extends CallEffect['type']> = Extract<CallEffect, { type: T }>;

function effectsOf(call: ModelCall): CallEffect[] {
  return [...call.first.effects, ...call.log.flatMap(({ effects }) => effects)];
}

function count(call: ModelCall, type: CallEffect['type']): number {
  return effectsOf(call).filter((effect) => effect.type === type).length;
}

function oneTermination(call: ModelCall): string | null {
  const ended = effectsOf(call).filter((e): e is EffectOf<'callEnded'> => e.type === 'callEnded');
  if (ended.length !== 1) return `${ended.length} × callEnded`;
  if (count(call, 'endCallerLeg') !== 1) return 'the caller’s leg is not ended exactly once';
  const said = new Set(
    call.log
      .map(({ after }) => after.termination)
      .filter((termination) => termination !== null)
      .map((termination) => JSON.stringify(termination)),
  );
  said.add(JSON.stringify(ended[0]!.termination));
  if (said.size !== 1) return 'the termination changed';
  return call.state.endedAt === null ? 'no end time' : null;
}

const NEEDS_TIMER: Record<Exclude<CallPhase, 'ended'>, CallTimerName[]> = {
  waiting: ['max-wait'],
  offering: ['ring-no-answer'],
  connecting: ['connect'],
  talking: ['max-duration'],
  reconnecting: ['reconnect'],
  unattended: ['connect', 'prompt'],
  'wrap-up': ['wrap-up'],
};

function timersInOrder(call: ModelCall): string | null {
  for (const { after } of call.log) {
    const names = Object.keys(after.timers);
    if (after.phase === 'ended') {
      if (names.length > 0) return `${names.join()} after the end`;
    } else if (!NEEDS_TIMER[after.phase].some((name) => after.timers[name] !== undefined)) {
      return `nothing bounds ${after.phase}`;
    } else if (after.phase !== 'wrap-up' && after.timers['max-duration'] === undefined) {
      return `no last guard in ${after.phase}`;
    }
  }
  for (const { before, event, after } of call.log) {
    if (event.type !== 'timer.fired' || event.due !== undefined || after === before) continue;
    if (after.timers[event.timer] === before.timers[event.timer]) {
      return `${event.timer} is still there after it fired`;
    }
  }
  return null;
}

const FOR_A_PRESENT_CALLER: CallEffect['type'][] = [
  'ringCaller',
  'answerCaller',
  'offerCall',
  'openDraft',
  'findOperator',
];

function nothingForGoneCaller(call: ModelCall): string | null {
  const gone = call.log.findIndex(
    ({ event, before }) => event.type === 'caller.hung-up' && before.termination === null,
  );
  if (gone === -1) return null;
  const late = call.log
    .slice(gone)
    .flatMap(({ effects }) => effects)
    .find(({ type }) => FOR_A_PRESENT_CALLER.includes(type));
  return late === undefined ? null : `${late.type} after the caller hung up`;
}

/** Sound is carried out by one effect: where it is missing, what was heard before goes on. */
function soundCarriedOut(call: ModelCall): string | null {
  let applied = JSON.stringify(soundOf(call.first.state));
  for (const { effects, sound, after } of call.log) {
    const heard = JSON.stringify(sound);
    if (effects.some(({ type }) => type === 'applySound')) applied = heard;
    if (applied !== heard) return `not carried out in ${after.phase}`;
  }
  return null;
}

/** One recording per call, from the answer to the end of the caller's part. */
function recordingClosed(call: ModelCall): string | null {
  const ids = new Set<string>();
  for (const { after, sound } of call.log) {
    const { answered, gone } = after.callerLeg;
    if (sound.recording === null && answered && !gone)
      return 'an answered caller who is not recorded';
    if (sound.recording !== null && gone) return 'recorded after the caller has gone';
    if (sound.recording !== null) ids.add(sound.recording.id);
  }
  return ids.size > 1 ? 'two recordings of one call' : null;
}

/** An answered caller hears one thing: a person or something played; never two, never nothing. */
function oneSoundForCaller(call: ModelCall): string | null {
  for (const { after, sound } of call.log) {
    const { id, answered, gone } = after.callerLeg;
    const heard = sound.hearing.filter(({ listener }) => listener === id).length;
    const played = sound.playing.filter(({ leg }) => leg === id).length;
    if (gone && heard + played > 0)
      return `something is heard in ${after.phase} though she has gone`;
    if (answered && !gone && heard + played !== 1) return `${heard} + ${played} in ${after.phase}`;
  }
  return null;
}

/** Nobody is heard, hears or is played to who is not in the call now. */
function onlyPresentLegs(call: ModelCall): string | null {
  for (const { after, sound } of call.log) {
    const present = new Set([after.callerLeg.id, after.operator?.legId]);
    const named = [
      ...sound.hearing.flatMap(({ listener, speaker }) => [listener, speaker]),
      ...sound.playing.map(({ leg }) => leg),
    ];
    const stranger = named.find((leg) => !present.has(leg));
    if (stranger !== undefined) return `${stranger} in ${after.phase}`;
  }
  return null;
}

function noMessageLost(call: ModelCall): string | null {
  const records = count(call, 'recordUnansweredCall');
  const wrapped = call.log.some(({ after }) => after.phase === 'wrap-up');
  if (wrapped) return records === 0 ? null : 'two messages for one call';
  return records === 1 ? null : `${records} messages for an unanswered call`;
}

/** An offer ends by being accepted or withdrawn, and only then comes the next. */
function offersClosed(call: ModelCall): string | null {
  let open: string | null = null;
  for (const { event, before, after, effects } of call.log) {
    for (const effect of effects) {
      if (effect.type === 'withdrawOffer') {
        if (open !== effect.offer.operatorId) return 'withdrew what was not offered';
        open = null;
      } else if (effect.type === 'offerCall') {
        if (open !== null && open !== effect.offer.operatorId) return 'two offers at once';
        open = effect.offer.operatorId;
      }
    }
    if (event.type !== 'offer.accepted' || after === before) continue;
    if (open !== event.operatorId) return 'accepted by somebody who was not offered the call';
    open = null;
  }
  return open === null ? null : 'offer left open';
}

type Property = (world: World) => string | null;
const ofEachCall =
  (check: (call: ModelCall) => string | null): Property =>
  (world) =>
    world.calls.map(check).find((fault) => fault !== null) ?? null;

const PROPERTIES = {
  'exactly one termination': ofEachCall(oneTermination),
  'no timer missing, none left': ofEachCall(timersInOrder),
  'nothing is done for a caller who has hung up': ofEachCall(nothingForGoneCaller),
  'every recording is closed once': ofEachCall(recordingClosed),
  'the caller hears one thing at a time': ofEachCall(oneSoundForCaller),
  'only who is in the call hears and is heard': ofEachCall(onlyPresentLegs),
  'what is to be heard is carried out': ofEachCall(soundCarriedOut),
  'no message is lost or doubled': ofEachCall(noMessageLost),
  'offers end before the next': ofEachCall(offersClosed),
  'no operator in two calls, all are released': (world: World) =>
    world.faults.find((fault) => !fault.startsWith('version')) ??
    world.operators.find(({ heldBy }) => heldBy !== null)?.id ??
    null,
  'each transition counts one version': (world: World) =>
    world.faults.find((fault) => fault.startsWith('version')) ?? null,
} satisfies Record<string, Property>;
type PropertyName = keyof typeof PROPERTIES;

function check(machine: Machine, name: PropertyName, numRuns: number): fc.RunDetails<[History]> {
  return fc.check(
    fc.property(anyHistory, (history) => {
      const fault = PROPERTIES[name](play(machine, history));
      if (fault !== null) throw new Error(fault);
    }),
    { numRuns },
  );
}

/* Planted faults: a machine that is wrong in one way. */

function mutant(change: (next: Step, before: CallState, event: CallEvent) => Step): Machine {
  return {
    ...MACHINE,
    step: (state, event, context) => change(step(state, event, context), state, event),
  };
}

function mishearing(change: (sound: Sound, state: CallState) => Sound): Machine {
  return { ...MACHINE, soundOf: (state) => change(soundOf(state), state) };
}

function withoutEffect(type: CallEffect['type'], when?: (event: CallEvent) => boolean): Machine {
  return mutant((next, _before, event) =>
    when?.(event) === false
      ? next
      : { ...next, effects: next.effects.filter((effect) => effect.type !== type) },
  );
}

const changed = (next: Step, changes: Partial<CallState>, more: CallEffect[] = []): Step => ({
  state: { ...next.state, ...changes },
  effects: [...next.effects, ...more],
});

const PLANTED: { fault: string; caughtBy: PropertyName; machine: Machine }[] = [
  {
    fault: 'double termination',
    caughtBy: 'exactly one termination',
    machine: mutant((next, before) =>
      before.phase === 'wrap-up' && next.state.phase === 'ended'
        ? { ...next, effects: [...next.effects, ...next.effects] }
        : next,
    ),
  },
  {
    fault: 'the hang-up of the other side overwrites the termination',
    caughtBy: 'exactly one termination',
    machine: mutant((next, before, event) =>
      before.phase === 'wrap-up' && event.type === 'caller.hung-up'
        ? changed(next, {
            version: before.version + 1,
            termination: { class: 'indeterminate', reason: 'hung-up' },
          })
        : next,
    ),
  },
  {
    fault: 'forgotten ring-no-answer timer',
    caughtBy: 'no timer missing, none left',
    machine: mutant((next) => {
      const { 'ring-no-answer': forgotten, ...timers } = next.state.timers;
      return forgotten === undefined ? next : changed(next, { timers });
    }),
  },
  {
    fault: 'timers kept after the end',
    caughtBy: 'no timer missing, none left',
    machine: mutant((next, before) =>
      next.state.phase === 'ended' && before.phase !== 'ended'
        ? changed(next, { timers: before.timers })
        : next,
    ),
  },
  {
    fault: 'a timer that stays after it fired',
    caughtBy: 'no timer missing, none left',
    machine: mutant((next, before, event) =>
      event.type === 'timer.fired' && event.timer === 'retry-offer' && next.state !== before
        ? changed(next, { timers: before.timers })
        : next,
    ),
  },
  {
    fault: 'answer after abandon',
    caughtBy: 'nothing is done for a caller who has hung up',
    machine: mutant((next, before, event) =>
      before.phase === 'ended' && event.type === 'offer.accepted'
        ? changed(next, { version: before.version + 1 }, [{ type: 'answerCaller' }])
        : next,
    ),
  },
  {
    fault: 'recording not closed when the caller’s part is over',
    caughtBy: 'every recording is closed once',
    machine: mishearing((sound, { recordingId, callerLeg }) => ({
      ...sound,
      recording: recordingId === null ? null : { id: recordingId, callerLeg: callerLeg.id },
    })),
  },
  {
    fault: 'a second recording after the operator came back',
    caughtBy: 'every recording is closed once',
    machine: mutant((next, before, event) =>
      before.phase === 'reconnecting' &&
      event.type === 'operator.audio-back' &&
      next.state.phase === 'talking'
        ? changed(next, { recordingId: asId('rec-more') })
        : next,
    ),
  },
  {
    fault: 'wait tone left on',
    caughtBy: 'the caller hears one thing at a time',
    machine: mishearing((sound, { phase, callerLeg }) =>
      phase === 'talking'
        ? { ...sound, playing: [{ leg: callerLeg.id, source: 'wait-tone', loop: true }] }
        : sound,
    ),
  },
  {
    fault: 'silence while the operator’s audio is lost',
    caughtBy: 'the caller hears one thing at a time',
    machine: mishearing((sound, { phase }) =>
      phase === 'reconnecting' ? { ...sound, playing: [] } : sound,
    ),
  },
  {
    fault: 'the operator who was lost is still heard by the next',
    caughtBy: 'only who is in the call hears and is heard',
    machine: mishearing((sound, { triedOperators, operator }) =>
      operator !== null && triedOperators.length > 0
        ? {
            ...sound,
            hearing: [
              ...sound.hearing,
              { listener: operator.legId, speaker: asId<LegId>('leg-before'), gain: 1 },
            ],
          }
        : sound,
    ),
  },
  {
    fault: 'a change of sound that nobody carries out',
    caughtBy: 'what is to be heard is carried out',
    machine: withoutEffect('applySound', (event) => event.type === 'operator.audio-lost'),
  },
  {
    fault: 'no message for an abandoned call',
    caughtBy: 'no message is lost or doubled',
    machine: withoutEffect('recordUnansweredCall', (event) => event.type === 'caller.hung-up'),
  },
  {
    fault: 'offer not withdrawn when the caller hangs up',
    caughtBy: 'offers end before the next',
    machine: withoutEffect('withdrawOffer', (event) => event.type === 'caller.hung-up'),
  },
  {
    fault: 'two operators for one call: a second one found replaces the first',
    caughtBy: 'offers end before the next',
    machine: mutant((next, before, event) =>
      before.phase === 'offering' && event.type === 'operator.found' && before.offer !== null
        ? {
            state: {
              ...next.state,
              version: before.version + 1,
              offer: { ...before.offer, operatorId: event.operatorId },
            },
            effects: [
              { type: 'offerCall', offer: { ...before.offer, operatorId: event.operatorId } },
            ],
          }
        : next,
    ),
  },
  {
    fault: 'anybody may accept',
    caughtBy: 'offers end before the next',
    machine: {
      ...MACHINE,
      step: (state, event, context) =>
        event.type === 'offer.accepted' && state.offer !== null
          ? step(
              { ...state, offer: { ...state.offer, operatorId: event.operatorId } },
              event,
              context,
            )
          : step(state, event, context),
    },
  },
  {
    fault: 'an operator found too late is not released',
    caughtBy: 'no operator in two calls, all are released',
    machine: withoutEffect('setOperatorState', (event) => event.type === 'operator.found'),
  },
  {
    fault: 'an operator freed while she still talks is given to the next call',
    caughtBy: 'no operator in two calls, all are released',
    machine: mutant((next) =>
      next.state.phase === 'talking' && next.state.operator !== null
        ? changed(next, {}, [
            {
              type: 'setOperatorState',
              operatorId: next.state.operator.operatorId,
              state: 'available',
            },
          ])
        : next,
    ),
  },
  {
    fault: 'a call that nothing ends',
    caughtBy: 'no operator in two calls, all are released',
    machine: mutant((next) => changed(next, { timers: {} })),
  },
  {
    fault: 'a transition that counts twice',
    caughtBy: 'each transition counts one version',
    machine: mutant((next, before, event) =>
      event.type === 'offer.declined' && next.state !== before
        ? changed(next, { version: next.state.version + 1 })
        : next,
    ),
  },
];

describe('call machine over random histories', () => {
  it.each(Object.keys(PROPERTIES) as PropertyName[])('%s', (name) => {
    const details = check(MACHINE, name, 2000);
    expect(details.failed ? fc.defaultReportMessage(details) : null).toBeNull();
  });

  it('reaches every phase, so that the properties speak of all of them', () => {
    const reached = new Set<CallPhase>();
    for (const history of fc.sample(anyHistory, 500)) {
      for (const { log } of play(MACHINE, history).calls) {
        for (const { after } of log) reached.add(after.phase);
      }
    }
    expect([...reached].sort()).toEqual([...Object.keys(NEEDS_TIMER), 'ended'].sort());
  });
});

describe('each property catches a planted fault', () => {
  it.each(PLANTED)('$fault ← $caughtBy', ({ machine, caughtBy }) => {
    expect(check(machine, caughtBy, 5000).failed).toBe(true);
  });

  it('no property is without one', () => {
    const shown = new Set(PLANTED.map(({ caughtBy }) => caughtBy));
    expect([...shown].sort()).toEqual(Object.keys(PROPERTIES).sort());
  });
});
