import type { CallEffect, CallState } from '../calls/index.ts';

/** Effects that are nothing without the store: while it is away they are owed, in their order. */
export const NEEDS_STORE: ReadonlySet<CallEffect['type']> = new Set([
  'findOperator',
  'setOperatorState',
  'noteRingNoAnswer',
  'openDraft',
  'recordUnansweredCall',
]);

/** Whoever asks again for an operator asks once. */
export function addOwed(owed: readonly CallEffect[], effect: CallEffect): CallEffect[] {
  const others =
    effect.type === 'findOperator' ? owed.filter(({ type }) => type !== 'findOperator') : owed;
  return [...others, effect];
}

/** Whether the call, as it is by now, still has a use for what was owed. */
export function isStillDue(effect: CallEffect, state: CallState): boolean {
  switch (effect.type) {
    case 'findOperator':
      return state.phase === 'waiting';
    case 'dialContact':
      return state.contacts.some(({ legId }) => legId === effect.contact.legId);
    case 'dialCustomer':
      return state.phase === 'calling-customer';
    case 'offerCall':
      return state.offer?.legId === effect.offer.legId;
    default:
      return true;
  }
}

const PUT_AWAY: ReadonlySet<CallEffect['type']> = new Set([
  'withdrawOffer',
  'endContactLeg',
  'endCallerLeg',
  'endOperatorLeg',
  'setOperatorState',
  'recordUnansweredCall',
  'callEnded',
]);

/** Whether it ends a leg or sets somebody free: due also in a call that has lost its caller. */
export function putsAway({ type }: CallEffect): boolean {
  return PUT_AWAY.has(type);
}
