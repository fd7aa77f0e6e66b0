import type { LegId } from '../base/index.ts';
import type { CallEvent, CallState, FarEnd, Step, StepContext } from './call.ts';
import { isRung } from './contacts.ts';
import { change, unchanged, withoutTimer } from './transition.ts';

/*
 * What happens at the far end of a leg and moves nobody in the call: it holds us, or no sound comes
 * from it. People are told, and whoever would hear nothing hears something.
 */

export type Party = 'caller' | 'operator' | 'contact';
type FarEvent = Extract<CallEvent, { type: 'leg.held' | 'leg.unheard' }>;

/** Whose leg it is; null for one that is not in the conversation (any more). */
function partyOf({ callerLeg, operator, contacts }: CallState, legId: LegId): Party | null {
  if (legId === callerLeg.id) return 'caller';
  if (legId === operator?.legId) return 'operator';
  return contacts.some((contact) => contact.legId === legId) ? 'contact' : null;
}

export function stepFarEnd(state: CallState, event: FarEvent, context: StepContext): Step {
  const { legId } = event;
  if (partyOf(state, legId) === null) return unchanged(state);
  const known = farEndOf(state, legId);
  const now: FarEnd =
    event.type === 'leg.held' ? { ...known, held: event.how } : { ...known, unheard: event.why };
  if (now.held === known.held && now.unheard === known.unheard) return unchanged(state);
  const others = farEndsOf(state).filter((one) => one.legId !== legId);
  const isUsual = now.held === null && now.unheard === null;
  const farEnds = isUsual ? others : [...others, now];
  const { probe } = state.timers;
  const due = probe ?? context.now + context.settings.probeMs;
  const timers = isDoubted({ ...state, farEnds })
    ? { ...state.timers, probe: due }
    : withoutTimer(state.timers, 'probe');
  return change(state, { farEnds, timers });
}

/** Who says nothing may be gone without a word: it is asked, and asked again later. */
export function probeFarEnds(state: CallState, context: StepContext): Step {
  const doubted = farEndsOf(state).filter((farEnd) => isTold(state, farEnd));
  if (doubted.length === 0) {
    return change(state, { timers: withoutTimer(state.timers, 'probe') });
  }
  const probe = context.now + context.settings.probeAgainMs;
  return change(
    state,
    { timers: { ...state.timers, probe } },
    doubted.map(({ legId }) => ({ type: 'probeLeg', legId })),
  );
}

/** Parties that hold us, as people are told. */
export function heldBy(state: CallState): Party[] {
  return parties(state, ({ held }) => held !== null);
}

/** Parties of whom nothing is heard, though they hold nobody. */
export function noSoundFrom(state: CallState): Party[] {
  return parties(state, (farEnd) => isTold(state, farEnd));
}

/**
 * Whether whoever hears this leg hears nothing at all. Not one that has only stopped: some telephones
 * send nothing while nobody speaks there.
 */
export function isDumb(state: CallState, legId: LegId): boolean {
  const { held, unheard } = farEndOf(state, legId);
  if (held === null) return unheard === 'never';
  return held === 'silent' || unheard !== null;
}

export function isHeldBy(state: CallState, legId: LegId): boolean {
  return farEndOf(state, legId).held !== null;
}

function farEndOf(state: CallState, legId: LegId): FarEnd {
  const known = farEndsOf(state).find((one) => one.legId === legId);
  return known ?? { legId, held: null, unheard: null };
}

/** Of legs that are in the call now. */
function farEndsOf(state: CallState): FarEnd[] {
  return (state.farEnds ?? []).filter(({ legId }) => partyOf(state, legId) !== null);
}

function isDoubted(state: CallState): boolean {
  return farEndsOf(state).some((farEnd) => isTold(state, farEnd));
}

/** Silent by itself, and somebody who has answered. */
function isTold({ contacts }: CallState, { legId, held, unheard }: FarEnd): boolean {
  const contact = contacts.find((one) => one.legId === legId);
  const isAnswered = contact === undefined || !isRung(contact);
  return isAnswered && held === null && unheard !== null;
}

function parties(state: CallState, is: (farEnd: FarEnd) => boolean): Party[] {
  const found = farEndsOf(state)
    .filter(is)
    .map(({ legId }) => partyOf(state, legId));
  return [...new Set(found)].filter((party) => party !== null);
}
