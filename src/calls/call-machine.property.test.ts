import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { LegId } from '../base/index.ts';
import { MACHINE, anyHistory, play } from '../../test/harness/call-world.ts';
import type { History, Machine, ModelCall, World } from '../../test/harness/call-world.ts';
import { step } from './call-machine.ts';
import type { CallEffect, CallEvent, CallPhase, CallState, CallTimerName, Step } from './call.ts';
import { soundOf } from './sound.ts';
import type { Playing, Sound } from './sound.ts';

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
  held: ['hold-reminder'],
  relaying: ['contact'],
  consulting: ['hold-reminder'],
  'three-way': ['max-duration'],
  relayed: ['max-duration'],
  parked: ['park'],
  'handing-over': ['ring-no-answer'],
  'calling-contact': ['contact'],
  'calling-customer': ['customer'],
  unattended: ['connect', 'prompt'],
  'wrap-up': ['wrap-up'],
};

function timersInOrder(call: ModelCall): string | null {
  const unbounded = call.log.map(({ after }) => unboundedIn(after)).find((fault) => fault !== null);
  return unbounded ?? firedAndStillThere(call);
}

function unboundedIn({ phase, timers, ...state }: CallState): string | null {
  const names = Object.keys(timers);
  if (phase === 'ended') return names.length > 0 ? `${names.join()} after the end` : null;
  if (!NEEDS_TIMER[phase].some((name) => timers[name] !== undefined)) {
    return `nothing bounds ${phase}`;
  }
  if (state.termination !== null) return null;
  const needed: [boolean, CallTimerName][] = [
    [true, 'max-duration'],
    [state.operator?.audio === 'lost', 'reconnect'],
    [state.wrappingUp !== null, 'wrap-up'],
    [state.recordingPaused, 'recording-pause'],
  ];
  const missing = needed.find(([is, name]) => is && timers[name] === undefined);
  return missing === undefined ? null : `no ${missing[1]} in ${phase}`;
}

function firedAndStillThere(call: ModelCall): string | null {
  for (const { before, event, after } of call.log) {
    if (event.type !== 'timer.fired' || event.due !== undefined || after === before) continue;
    if (after.timers[event.timer] === before.timers[event.timer] && event.timer !== 'contact') {
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
  'dialContact',
  'dialCustomer',
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

/** One recording per call, from the answer to the end of the caller's part, or of ours by rule. */
function recordingClosed(call: ModelCall): string | null {
  const ids = new Set<string>();
  for (const { after, sound } of call.log) {
    const { answered, gone } = after.callerLeg;
    const byRule = after.phase !== 'relayed' || after.rules.recordRelayed;
    const wanted = answered && !gone && byRule;
    if ((sound.recording !== null) !== wanted) {
      return `${wanted ? 'not recorded' : 'recorded'} in ${after.phase}`;
    }
    if (sound.recording !== null) ids.add(sound.recording.id);
    if (sound.recording?.paused === true && !after.recordingPaused) return 'paused by nobody';
  }
  return ids.size > 1 ? 'two recordings of one call' : null;
}

/** Whether it is recorded is what the recording itself was last heard to do, whoever has the call. */
function knowsItsRecording(call: ModelCall): string | null {
  let failing = false;
  for (const { event, before, after } of call.log) {
    if (before.termination === null && event.type === 'recording.failing') failing = true;
    if (before.termination === null && event.type === 'recording.mended') failing = false;
    if ((after.unrecorded ?? false) !== failing) return `forgotten by ${event.type}`;
  }
  return null;
}

const heardBy = (sound: Sound, leg: LegId): LegId[] =>
  sound.hearing.filter(({ listener }) => listener === leg).map(({ speaker }) => speaker);
const playedTo = (sound: Sound, leg: LegId): Playing[] =>
  sound.playing.filter((playing) => playing.leg === leg);

/** Nobody comes from there: it never sent, or it holds us and sends nothing. */
function isMute({ farEnds = [] }: CallState, leg: LegId): boolean {
  return farEnds.some(({ legId, held, unheard }) => {
    if (legId !== leg) return false;
    return held === null ? unheard === 'never' : held === 'silent' || unheard !== null;
  });
}

/** What those she talks with leave her to hear. At a browser she also reads why there may be nothing. */
function operatorInSilence(
  { operator, phase, monitors }: CallState,
  sound: Sound,
  mute: Mute,
): string | null {
  if (operator?.audio !== 'up') return null;
  const { legId, device } = operator;
  const talkers = heardBy(sound, legId).filter(
    (speaker) => !monitors.some((one) => one.legId === speaker),
  );
  const isTalking = phase === 'talking' || phase === 'consulting' || phase === 'three-way';
  if (!isTalking || talkers.length === 0) return null;
  const people = talkers.filter((speaker) => !mute(speaker)).length;
  const fill = playedTo(sound, legId).filter(({ source }) => source !== 'hold-reminder').length;
  const sounds = (people > 0 ? 1 : 0) + fill;
  const isRight = device.kind === 'browser' ? sounds <= 1 : sounds === 1;
  return isRight ? null : `${people} people, ${fill} sounds for the operator in ${phase}`;
}

type Mute = (leg: LegId) => boolean;

/** An answered caller hears people or one thing played; never both, never nothing. */
function neverInSilence(call: ModelCall): string | null {
  for (const { after, sound } of call.log) {
    const { id, answered, gone } = after.callerLeg;
    const people = (leg: LegId): number =>
      heardBy(sound, leg).filter((speaker) => !isMute(after, speaker)).length;
    const heard = people(id);
    const played = playedTo(sound, id).length;
    const ofOperator = operatorInSilence(after, sound, (leg) => isMute(after, leg));
    if (ofOperator !== null) return ofOperator;
    if (gone && heard + played > 0) return `she hears something in ${after.phase} though gone`;
    if (answered && !gone && (heard > 0 ? 1 : 0) + played !== 1) {
      return `${heard} people, ${played} sounds in ${after.phase}`;
    }
    for (const { legId, state } of after.contacts) {
      const others = people(legId);
      const sounds = playedTo(sound, legId).length;
      const isOn = state !== 'dialing' && state !== 'ringing';
      if (isOn && (others > 0 ? 1 : 0) + sounds !== 1) return `${others} + ${sounds}, ${state}`;
    }
  }
  return null;
}

const ON_HOLD: CallPhase[] = ['held', 'relaying', 'consulting', 'parked', 'handing-over'];

function onHoldOnlyMusic(call: ModelCall): string | null {
  for (const { after, sound } of call.log) {
    if (!ON_HOLD.includes(after.phase) || !after.callerLeg.answered) continue;
    const { id } = after.callerLeg;
    const listeners = sound.hearing.filter(({ speaker }) => speaker === id);
    if (heardBy(sound, id).length > 0) return `she hears somebody in ${after.phase}`;
    if (listeners.length > 0) return `she is heard in ${after.phase}`;
    const played = playedTo(sound, id)[0]?.source;
    const isAccepted = after.contacts.some(({ state }) => state === 'accepting');
    if (played !== (isAccepted ? 'connecting' : 'hold-music')) return `no music in ${after.phase}`;
  }
  return null;
}

function whisperReachesOperatorOnly(call: ModelCall): string | null {
  for (const { after, sound } of call.log) {
    for (const { legId, mode } of after.monitors) {
      const told = sound.hearing.filter(({ speaker }) => speaker === legId);
      const listeners = told.map(({ listener }) => listener);
      if (mode === 'listen' && listeners.length > 0) return 'a listener is heard';
      if (mode !== 'whisper') continue;
      if (listeners.some((listener) => listener !== after.operator?.legId)) {
        return `a whisper reaches others in ${after.phase}`;
      }
    }
  }
  return null;
}

function monitorsLeaveWithOperator(call: ModelCall): string | null {
  const alone = call.log.find(({ after }) => after.operator === null && after.monitors.length > 0);
  return alone === undefined ? null : `somebody listens in ${alone.after.phase}`;
}

function mutedIsNotHeard(call: ModelCall): string | null {
  for (const { after, sound } of call.log) {
    if (!after.muted || after.operator === null) continue;
    const { legId } = after.operator;
    if (sound.hearing.some(({ speaker }) => speaker === legId)) return `heard in ${after.phase}`;
  }
  return null;
}

/** Nobody is heard, hears or is played to who is not in the call now. */
function onlyPresentLegs(call: ModelCall): string | null {
  for (const { after, sound } of call.log) {
    const onLine = after.contacts.filter(({ state }) => state !== 'dialing' && state !== 'ringing');
    const operator = after.operator?.audio === 'up' ? [after.operator] : [];
    const rung = after.contacts.filter(({ state, early }) => state === 'ringing' && early === true);
    const present = new Set([
      after.callerLeg.id,
      ...(after.offer?.asked === true ? [after.offer.legId] : []),
      ...[...operator, ...onLine, ...after.monitors].map(({ legId }) => legId),
    ]);
    const overheard = sound.hearing.filter(
      ({ listener, speaker }) =>
        listener === after.operator?.legId && rung.some(({ legId }) => legId === speaker),
    );
    const hearing = sound.hearing.filter((one) => !overheard.includes(one));
    if (overheard.length > 1) return `several who are rung are heard in ${after.phase}`;
    const named = [
      ...hearing.flatMap(({ listener, speaker }) => [listener, speaker]),
      ...sound.playing.map(({ leg }) => leg),
    ];
    const stranger = named.find((leg) => !present.has(leg));
    if (stranger !== undefined) return `${stranger} in ${after.phase}`;
  }
  return null;
}

/** A contact's leg is begun once and ended once, whoever hung up. */
function contactLegsEnded(call: ModelCall): string | null {
  const begun = new Set<LegId>();
  const open = new Set<LegId>();
  const look = (effects: CallEffect[]): string | null => {
    for (const effect of effects) {
      if (effect.type === 'dialContact' && !begun.has(effect.contact.legId)) {
        begun.add(effect.contact.legId);
        open.add(effect.contact.legId);
      } else if (effect.type === 'endContactLeg' && !open.delete(effect.legId)) {
        return 'ended twice';
      }
    }
    return null;
  };
  const fault = look(call.first.effects);
  if (fault !== null) return fault;
  for (const { after, effects } of call.log) {
    const wrong = look(effects);
    if (wrong !== null) return wrong;
    const known = new Set(after.contacts.map(({ legId }) => legId));
    if (known.size !== open.size) return `${open.size} legs for ${known.size} contacts`;
  }
  return null;
}

function noMessageLost(call: ModelCall): string | null {
  const records = count(call, 'recordUnansweredCall');
  const wrote = call.log.some(({ after }) => after.phase === 'wrap-up');
  const last = call.log.findLast(({ before }) => before.termination === null)?.before.phase;
  const needed = wrote || last === 'relayed' || call.state.direction === 'call-back' ? 0 : 1;
  return records === needed ? null : `${records} messages without an operator, not ${needed}`;
}

/** An offer ends by being accepted or withdrawn, and only then comes the next. */
function offersClosed(call: ModelCall): string | null {
  // At a telephone of her own a call-back begins with one.
  let open: string | null = call.first.state.offer?.operatorId ?? null;
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

/** A machine that picks up at a number outside never has a caller. */
function takenByKeyOnly(call: ModelCall): string | null {
  for (const { before, event, after } of call.log) {
    const { operator } = after;
    if (operator?.device.kind !== 'number' || before.operator?.legId === operator.legId) continue;
    const isAsked = before.offer?.legId === operator.legId && before.offer.asked === true;
    if (event.type === 'offer.accepted' && !isAsked) return `taken unasked in ${before.phase}`;
  }
  return null;
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
  'a call knows whether it is recorded': ofEachCall(knowsItsRecording),
  'nobody is left in silence': ofEachCall(neverInSilence),
  'a caller on hold hears only music': ofEachCall(onHoldOnlyMusic),
  'a whisper reaches only the operator': ofEachCall(whisperReachesOperatorOnly),
  'nobody listens where there is no operator': ofEachCall(monitorsLeaveWithOperator),
  'a muted operator is heard by nobody': ofEachCall(mutedIsNotHeard),
  'only who is in the call hears and is heard': ofEachCall(onlyPresentLegs),
  'what is to be heard is carried out': ofEachCall(soundCarriedOut),
  'contacts’ legs are ended once': ofEachCall(contactLegsEnded),
  'a number outside has a call by key only': ofEachCall(takenByKeyOnly),
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
const NAMES = Object.keys(PROPERTIES) as PropertyName[];

function check(
  machine: Machine,
  names: PropertyName[],
  parameters: { numRuns: number; seed?: number },
): fc.RunDetails<[History]> {
  return fc.check(
    fc.property(anyHistory, (history) => {
      const world = play(machine, history);
      for (const name of names) {
        const fault = PROPERTIES[name](world);
        if (fault !== null) throw new Error(`${name}: ${fault}`);
      }
    }),
    parameters,
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

const hears = (sound: Sound, listener: LegId, speaker: LegId): Sound => ({
  ...sound,
  hearing: [...sound.hearing, { listener, speaker, gain: 1 }],
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
    fault: 'a contact rung for ever',
    caughtBy: 'no timer missing, none left',
    machine: mutant((next) => {
      const { contact: forgotten, ...timers } = next.state.timers;
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
    machine: mishearing((sound, { recordingId, callerLeg, recordingPaused: paused }) => ({
      ...sound,
      recording: recordingId === null ? null : { id: recordingId, callerLeg: callerLeg.id, paused },
    })),
  },
  {
    fault: 'a second recording after the operator came back',
    caughtBy: 'every recording is closed once',
    machine: mutant((next, before, event) =>
      before.operator?.audio === 'lost' && event.type === 'operator.audio-back'
        ? changed(next, { recordingId: asId('rec-more') })
        : next,
    ),
  },
  {
    fault: 'that it is not recorded is forgotten with the operator',
    caughtBy: 'a call knows whether it is recorded',
    machine: mutant((next, _before, event) =>
      event.type === 'call.parked' && next.state.unrecorded === true
        ? changed(next, { unrecorded: false })
        : next,
    ),
  },
  {
    fault: 'music left on in a conversation',
    caughtBy: 'nobody is left in silence',
    machine: mishearing((sound, { phase, callerLeg: { id: leg } }) =>
      phase === 'talking'
        ? { ...sound, playing: [{ leg, source: 'hold-music', loop: true, turn: 0 }] }
        : sound,
    ),
  },
  {
    fault: 'silence while the operator’s audio is lost',
    caughtBy: 'nobody is left in silence',
    machine: mishearing((sound, { operator }) =>
      operator?.audio === 'lost' ? { ...sound, playing: [] } : sound,
    ),
  },
  {
    fault: 'a far end that holds without music is taken for a voice',
    caughtBy: 'nobody is left in silence',
    machine: {
      ...MACHINE,
      soundOf: ({ farEnds = [], ...state }) =>
        soundOf({ ...state, farEnds: farEnds.map((one) => ({ ...one, held: null })) }),
    },
  },
  {
    fault: 'our music into the music of a far end that holds',
    caughtBy: 'nobody is left in silence',
    machine: mishearing((sound, { phase, farEnds = [], callerLeg: { id: leg } }) =>
      phase === 'relayed' && farEnds.some(({ held }) => held === 'sending')
        ? { ...sound, playing: [{ leg, source: 'hold-music', loop: true, turn: 0 }] }
        : sound,
    ),
  },
  {
    fault: 'an operator at a telephone hears nothing of a caller who holds',
    caughtBy: 'nobody is left in silence',
    machine: mishearing((sound, { operator }) => ({
      ...sound,
      playing: sound.playing.filter(
        ({ leg, source }) => leg !== operator?.legId || source !== 'hold-music',
      ),
    })),
  },
  {
    fault: 'a contact who waits for the operator hears nothing',
    caughtBy: 'nobody is left in silence',
    machine: mishearing((sound, { contacts }) => ({
      ...sound,
      playing: sound.playing.filter(({ leg }) => !contacts.some(({ legId }) => legId === leg)),
    })),
  },
  {
    fault: 'the operator is heard by the caller on hold',
    caughtBy: 'a caller on hold hears only music',
    machine: mishearing((sound, { phase, operator, callerLeg }) =>
      phase === 'held' && operator !== null ? hears(sound, callerLeg.id, operator.legId) : sound,
    ),
  },
  {
    fault: 'the contact hears the caller before being connected',
    caughtBy: 'a caller on hold hears only music',
    machine: mishearing((sound, { phase, contacts, callerLeg }) =>
      phase === 'consulting' && contacts[0] !== undefined
        ? hears(sound, contacts[0].legId, callerLeg.id)
        : sound,
    ),
  },
  {
    fault: 'the caller hears what comes before a contact answers',
    caughtBy: 'a caller on hold hears only music',
    machine: mishearing((sound, { contacts, callerLeg }) => {
      const early = contacts.find((one) => one.state === 'ringing' && one.early === true);
      return early === undefined ? sound : hears(sound, callerLeg.id, early.legId);
    }),
  },
  {
    fault: 'the contact who pressed 1 hears the caller while both are still being told',
    caughtBy: 'a caller on hold hears only music',
    machine: mishearing((sound, { contacts, callerLeg }) => {
      const accepting = contacts.find(({ state }) => state === 'accepting');
      return accepting === undefined ? sound : hears(sound, accepting.legId, callerLeg.id);
    }),
  },
  {
    fault: 'a whisper goes to the caller too',
    caughtBy: 'a whisper reaches only the operator',
    machine: mishearing((sound, { monitors, callerLeg, phase }) =>
      phase === 'talking' && monitors[0]?.mode === 'whisper'
        ? hears(sound, callerLeg.id, monitors[0].legId)
        : sound,
    ),
  },
  {
    fault: 'the supervisor stays when the operator has connected caller and contact',
    caughtBy: 'nobody listens where there is no operator',
    machine: mutant(({ state, effects }, { monitors }, { type }) => {
      if (type !== 'relay.connected' || monitors.length === 0) return { state, effects };
      const isFreed = (effect: CallEffect): boolean =>
        effect.type === 'setOperatorState' &&
        monitors.some(({ operatorId }) => operatorId === effect.operatorId);
      return { state: { ...state, monitors }, effects: effects.filter((one) => !isFreed(one)) };
    }),
  },
  {
    fault: 'mute forgotten in a three-way call',
    caughtBy: 'a muted operator is heard by nobody',
    machine: mishearing((sound, { phase, muted, operator, callerLeg }) =>
      phase === 'three-way' && muted && operator !== null
        ? hears(sound, callerLeg.id, operator.legId)
        : sound,
    ),
  },
  {
    fault: 'the operator who connected is still heard',
    caughtBy: 'only who is in the call hears and is heard',
    machine: mishearing((sound, { phase, wrappingUp, callerLeg }) =>
      phase === 'relayed' && wrappingUp !== null
        ? hears(sound, callerLeg.id, wrappingUp.legId)
        : sound,
    ),
  },
  {
    fault: 'a contact who hung up is still heard',
    caughtBy: 'only who is in the call hears and is heard',
    machine: mishearing((sound, { phase, relay, callerLeg }) =>
      phase === 'talking' && relay !== null
        ? hears(sound, callerLeg.id, asId<LegId>('contact-before'))
        : sound,
    ),
  },
  {
    fault: 'a change of sound that nobody carries out',
    caughtBy: 'what is to be heard is carried out',
    machine: withoutEffect('applySound', (event) => event.type === 'operator.audio-lost'),
  },
  {
    fault: 'a contact left ringing when the operator goes back',
    caughtBy: 'contacts’ legs are ended once',
    machine: withoutEffect('endContactLeg', (event) => event.type === 'operator.retrieved'),
  },
  {
    fault: 'the others are not told when one contact takes it',
    caughtBy: 'contacts’ legs are ended once',
    machine: withoutEffect('endContactLeg', (event) => event.type === 'contact.pressed'),
  },
  {
    fault: 'who picks up at a number outside has the call',
    caughtBy: 'a number outside has a call by key only',
    machine: {
      ...MACHINE,
      step: (state, event, context) =>
        event.type === 'offer.accepted' && state.offer !== null
          ? step({ ...state, offer: { ...state.offer, asked: true } }, event, context)
          : step(state, event, context),
    },
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
    fault: 'the second desk that picks up a parked call is not let go',
    caughtBy: 'no operator in two calls, all are released',
    machine: withoutEffect('setOperatorState', (event) => event.type === 'call.picked-up'),
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

/** Whether the histories are rich enough is no matter of luck: these are the same every time. */
const SEED = 20;

describe('call machine over random histories', () => {
  it('keeps every property', () => {
    const details = check(MACHINE, NAMES, { numRuns: 4000 });
    expect(details.failed ? fc.defaultReportMessage(details) : null).toBeNull();
  });

  it('reaches every phase, so that the properties speak of all of them', () => {
    const reached = new Set<CallPhase>();
    for (const history of fc.sample(anyHistory, { numRuns: 1000, seed: SEED })) {
      for (const { first, log } of play(MACHINE, history).calls) {
        reached.add(first.state.phase);
        for (const { after } of log) reached.add(after.phase);
      }
    }
    expect([...reached].sort()).toEqual([...Object.keys(NEEDS_TIMER), 'ended'].sort());
  });
});

describe('each property catches a planted fault', () => {
  it.each(PLANTED)('$fault ← $caughtBy', ({ machine, caughtBy }) => {
    expect(check(machine, [caughtBy], { numRuns: 10_000, seed: SEED }).failed).toBe(true);
  });

  it('no property is without one', () => {
    const shown = new Set(PLANTED.map(({ caughtBy }) => caughtBy));
    expect([...shown].sort()).toEqual([...NAMES].sort());
  });
});
