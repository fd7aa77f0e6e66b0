import type { OperatorId } from '../base/index.ts';
import type {
  CallEffect,
  CallEvent,
  CallOperator,
  CallState,
  Offer,
  Step,
  StepContext,
  Termination,
} from './call.ts';
import { WITHOUT_OPERATOR, endContacts, endOperatorLeg } from './contacts.ts';
import { endCall } from './ending.ts';
import { putOnHold } from './hold.ts';
import { change, enter, unchanged, withoutTimer } from './transition.ts';
import { leaveUnattended } from './unattended.ts';

/** How often in a caller's longest wait those who let the call ring may be asked again. */
const ROUNDS_PER_WAIT = 3;

type SearchEvent = Extract<
  CallEvent,
  { type: 'operator.found' | 'operator.not-found' | 'operator.became-available' }
>;

export function stepWaiting(state: CallState, event: SearchEvent, context: StepContext): Step {
  if (state.phase !== 'waiting') return unchanged(state);
  switch (event.type) {
    case 'operator.found':
      // An old claim told again: she has left this caller to a contact, and is held by her form.
      if (state.wrappingUp?.operatorId === event.operatorId) return unchanged(state);
      return offerTo(
        state,
        {
          operatorId: event.operatorId,
          legId: event.legId,
          device: event.device,
          since: context.now,
        },
        context,
      );
    case 'operator.not-found':
      return waitOn(state, event.signedIn, context);
    case 'operator.became-available':
      return searchOn(state);
  }
}

export function searchOn(state: CallState): Step {
  return change(state, {}, [{ type: 'findOperator', excluded: state.triedOperators }]);
}

/** The longest wait is over, or nobody is there. While an operator is rung she may still answer. */
export function endWait(state: CallState, context: StepContext): Step {
  return state.phase === 'waiting'
    ? leaveUnattended(state, context)
    : change(state, { timers: withoutTimer(state.timers, 'max-wait') });
}

/** Those who did not take it are asked once more. */
export function retryOffer(state: CallState): Step {
  const timers = withoutTimer(state.timers, 'retry-offer');
  return change(state, { timers, triedOperators: [] }, [{ type: 'findOperator', excluded: [] }]);
}

function offerTo(state: CallState, offer: Offer, context: StepContext): Step {
  const timers = { 'ring-no-answer': context.now + context.settings.ringNoAnswerMs };
  return change(state, { ...enter(state, 'offering', timers), offer }, [
    { type: 'offerCall', offer },
  ]);
}

/**
 * Nobody free. `operator.became-available` searches again. Those already tried are asked again
 * only by the timer: a freed operator who has just declined would otherwise be rung without pause.
 */
function waitOn(state: CallState, signedIn: boolean, context: StepContext): Step {
  const { now, settings } = context;
  const { timers } = state;
  if (!signedIn) {
    // Who was answered once waits for the lost operator's return as long as for any other.
    if (state.callerLeg.answered || timers['nobody-there'] !== undefined) return unchanged(state);
    return change(state, { timers: { ...timers, 'nobody-there': now + settings.nobodyThereMs } });
  }
  const rest = withoutTimer(timers, 'nobody-there');
  if (state.triedOperators.length > 0 && timers['retry-offer'] === undefined) {
    const pauseMs = Math.ceil(settings.maxWaitMs / ROUNDS_PER_WAIT);
    return change(state, { timers: { ...rest, 'retry-offer': now + pauseMs } });
  }
  return timers['nobody-there'] === undefined ? unchanged(state) : change(state, { timers: rest });
}

/** She, or a machine in her place: only a key takes the call. */
export function askForKey(
  state: CallState,
  { operatorId, wait }: Extract<CallEvent, { type: 'offer.picked-up' }>,
  { now, settings }: StepContext,
): Step {
  const { offer, timers } = state;
  if (offer?.operatorId !== operatorId || offer.device.kind !== 'number') return unchanged(state);
  if (wait ? offer.asked !== true : offer.asked === true) return unchanged(state);
  const due = now + (wait ? settings.contactWaitMs : settings.announceMs);
  return change(state, {
    offer: { ...offer, asked: true },
    timers: { ...timers, 'ring-no-answer': due },
  });
}

/** Ring-no-answer. */
export function offerUnanswered(state: CallState, context: StepContext): Step {
  const { offer } = state;
  if (offer === null) return unchanged(state);
  const { operatorId } = offer;
  const notes: CallEffect[] = [{ type: 'noteRingNoAnswer', operatorId }];
  return offerOn(state, offer, 'no-answer', { context, notes });
}

/** A call-back that she wished herself: no customer is there yet, and nobody else's to take. */
function isHerOwn({ direction, callerLeg }: CallState): boolean {
  return direction === 'call-back' && !callerLeg.answered;
}

const GIVEN_UP: Termination = { class: 'operator', reason: 'hung-up' };
const NOT_TAKEN: Record<'no-answer' | 'declined' | 'failed', Termination> = {
  'no-answer': GIVEN_UP,
  declined: GIVEN_UP,
  failed: { class: 'platform', reason: 'operator-lost' },
};

/** She did not take it: free her, and on to the next; a parked call that she wished for stays parked. */
export function offerOn(
  state: CallState,
  offer: Offer,
  why: 'no-answer' | 'declined' | 'failed',
  { context, notes = [] }: { context: StepContext; notes?: CallEffect[] },
): Step {
  const { operatorId } = offer;
  if (isHerOwn(state)) return endCall(state, NOT_TAKEN[why], context);
  const freed: CallEffect[] = [
    { type: 'withdrawOffer', offer, reason: 'no-answer' },
    ...notes,
    { type: 'setOperatorState', operatorId, state: 'available' },
  ];
  if (state.phase === 'handing-over') return handBack(state, why, freed, context);
  if (state.parked !== null) {
    const park = { park: context.now + context.settings.parkMs };
    return change(state, { ...enter(state, 'parked', park), offer: null }, freed);
  }
  const triedOperators = tried(state, operatorId);
  // The longest wait ended while she was being rung.
  if (state.timers['max-wait'] === undefined) {
    const left = leaveUnattended({ ...state, offer: null, triedOperators }, context);
    return { state: left.state, effects: [...freed, ...left.effects] };
  }
  return change(state, { ...enter(state, 'waiting'), offer: null, triedOperators }, [
    ...freed,
    { type: 'findOperator', excluded: triedOperators },
  ]);
}

/** The colleague did not take it: the operator has the caller still, on music. */
function handBack(
  state: CallState,
  outcome: 'no-answer' | 'declined' | 'failed',
  effects: CallEffect[],
  context: StepContext,
): Step {
  const handOver = state.handOver === null ? null : { ...state.handOver, outcome };
  return change(state, { ...putOnHold(state, context), offer: null, handOver }, effects);
}

/** Her page was loaded anew while it rang: the same offer on her new leg. */
export function moveOffer(state: CallState, offer: Offer, legId: Offer['legId']): Step {
  if (offer.device.kind !== 'browser' || offer.legId === legId) return unchanged(state);
  const moved: Offer = { ...offer, legId, device: { kind: 'browser', legId } };
  return change(state, { offer: moved }, [{ type: 'offerCall', offer: moved }]);
}

/** Nobody has the call any more: the caller, who was answered, is offered to all who are free. */
export function searchAgain(state: CallState, context: StepContext): Step {
  const timers = { 'max-wait': context.now + context.settings.maxWaitMs };
  const changes = { ...enter(state, 'waiting', timers), ...WITHOUT_OPERATOR, parked: null };
  return change(state, { ...changes, heldSince: null }, [
    { type: 'findOperator', excluded: state.triedOperators },
  ]);
}

/** The operator is lost for good: the caller, hearing the wait tone, is offered on. */
export function searchAfter(state: CallState, lost: CallOperator, context: StepContext): Step {
  const freed = endContacts(state);
  const triedOperators = tried(state, lost.operatorId);
  const searching = searchAgain({ ...freed.state, triedOperators }, context);
  return {
    state: searching.state,
    effects: [
      ...freed.effects,
      endOperatorLeg(lost),
      { type: 'setOperatorState', operatorId: lost.operatorId, state: 'away' },
      ...searching.effects,
    ],
  };
}

function tried(state: CallState, operatorId: OperatorId): OperatorId[] {
  return [...state.triedOperators.filter((id) => id !== operatorId), operatorId];
}
