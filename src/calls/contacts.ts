import type { LegId } from '../base/index.ts';
import type {
  CallEffect,
  CallOperator,
  CallPhase,
  CallState,
  ContactLeg,
  Relay,
  RelayReason,
  StepContext,
} from './call.ts';
import { enter, withoutTimer } from './transition.ts';

/*
 * Parts of transitions that concern contacts and the operator who leaves them the caller. None is a
 * transition of its own.
 */

export type Part = { state: CallState; effects: CallEffect[] };

/** Rung, and not yet answered. */
export function isRung({ state }: ContactLeg): boolean {
  return state === 'dialing' || state === 'ringing';
}

/** May still have the caller; one who has declined hears a last word and nothing more. */
export function isPresent({ state }: ContactLeg): boolean {
  return state !== 'declining';
}

export function endLeg({ legId }: { legId: LegId }): CallEffect {
  return { type: 'endContactLeg', legId };
}

export function endOperatorLeg({ operatorId, legId, device }: CallOperator): CallEffect {
  return { type: 'endOperatorLeg', operatorId, legId, device };
}

export function replaced(state: CallState, contact: ContactLeg): ContactLeg[] {
  return state.contacts.map((one) => (one.legId === contact.legId ? contact : one));
}

export function withOutcome(
  { relay }: Pick<CallState, 'relay'>,
  { contactId, name }: ContactLeg,
  reason: RelayReason,
): Relay {
  const before = relay ?? { announce: 'operator', waiting: [], outcomes: [] };
  const outcomes = [...before.outcomes, { contactId, name, reason }].slice(-MAX_OUTCOMES);
  return { ...before, outcomes };
}

const MAX_OUTCOMES = 20;

/** All contacts are let go. */
export function endContacts(state: CallState, because: RelayReason = 'withdrawn'): Part {
  const { contacts } = state;
  if (contacts.length === 0) return { state, effects: [] };
  let { relay } = state;
  for (const contact of contacts.filter(isPresent)) {
    relay = withOutcome({ relay }, contact, because);
  }
  if (relay !== null) relay = { ...relay, waiting: [] };
  return { state: { ...state, relay, contacts: [] }, effects: contacts.map(endLeg) };
}

/** The contacts, and the one timer for the first of them whose time is over. */
export function withContacts(
  state: CallState,
  phase: CallPhase,
  contacts: ContactLeg[],
): Pick<CallState, 'phase' | 'timers' | 'contacts'> {
  const dues = contacts.flatMap(({ due }) => (due === null ? [] : [due]));
  const timers =
    dues.length === 0
      ? withoutTimer(state.timers, 'contact')
      : { ...state.timers, contact: Math.min(...dues) };
  return { ...enter({ ...state, timers }, phase), contacts };
}

/** The operator is out of the conversation: free at once, or when she has finished her form. */
export function leave(state: CallState, context: StepContext): Part {
  const { operator, rules } = state;
  if (operator === null) return { state, effects: [] };
  const wrapsUp = rules.afterRelay === 'wrap-up';
  const wrapUp = { 'wrap-up': context.now + context.settings.wrapUpMs };
  const timers = withoutTimer(withoutTimer(state.timers, 'reconnect'), 'hold-reminder');
  const { operatorId } = operator;
  return {
    state: {
      ...state,
      ...WITHOUT_OPERATOR,
      wrappingUp: wrapsUp ? operator : null,
      timers: wrapsUp ? { ...timers, ...wrapUp } : timers,
    },
    effects: [
      endOperatorLeg(operator),
      { type: 'setOperatorState', operatorId, state: wrapsUp ? 'wrap-up' : 'available' },
    ],
  };
}

/** What of the state was hers alone. */
export const WITHOUT_OPERATOR = { operator: null, muted: false, reminders: 0 } as const;
