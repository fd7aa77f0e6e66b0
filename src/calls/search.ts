import type { OperatorId } from '../base/index.ts';
import type { CallEffect, CallEvent, CallState, Offer, Step, StepContext } from './call.ts';
import { change, enter, unchanged, withoutTimer } from './transition.ts';
import type { Timers } from './transition.ts';
import { leaveUnattended } from './unattended.ts';

/** How often in a caller's longest wait those who let the call ring may be asked again. */
const ROUNDS_PER_WAIT = 3;

export function stepWaiting(state: CallState, event: CallEvent, context: StepContext): Step {
  switch (event.type) {
    case 'operator.found':
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
    case 'adopted':
      return change(state, {}, [{ type: 'findOperator', excluded: state.triedOperators }]);
    case 'timer.fired':
      return waitingTimerFired(state, event.timer, context);
    default:
      return unchanged(state);
  }
}

function waitingTimerFired(state: CallState, timer: keyof Timers, context: StepContext): Step {
  if (timer === 'max-wait' || timer === 'nobody-there') return leaveUnattended(state, context);
  if (timer !== 'retry-offer') return unchanged(state);
  const timers = withoutTimer(state.timers, timer);
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

export function stepOffering(state: CallState, event: CallEvent, context: StepContext): Step {
  const { offer } = state;
  if (offer === null) return unchanged(state);
  if ('operatorId' in event && event.operatorId !== offer.operatorId) return unchanged(state);
  switch (event.type) {
    case 'offer.declined':
    case 'offer.failed':
    case 'operator.audio-lost':
      return offerOn(state, offer, context);
    case 'operator.audio-back':
      return moveOffer(state, offer, event.legId);
    case 'timer.fired':
      if (event.timer === 'ring-no-answer') {
        return offerOn(state, offer, context, [
          { type: 'noteRingNoAnswer', operatorId: offer.operatorId },
        ]);
      }
      // The operator is being rung: she may still answer. See `offerOn`.
      if (event.timer === 'max-wait') {
        return change(state, { timers: withoutTimer(state.timers, 'max-wait') });
      }
      return unchanged(state);
    case 'adopted':
      return offer.device.kind === 'browser' && !event.operatorLegAlive
        ? offerOn(state, offer, context)
        : change(state, {}, [{ type: 'offerCall', offer }]);
    default:
      return unchanged(state);
  }
}

/** She did not take it: free her, and on to the next. */
function offerOn(
  state: CallState,
  offer: Offer,
  context: StepContext,
  notes: CallEffect[] = [],
): Step {
  const { operatorId } = offer;
  const freed: CallEffect[] = [
    { type: 'withdrawOffer', offer, reason: 'no-answer' },
    ...notes,
    { type: 'setOperatorState', operatorId, state: 'available' },
  ];
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

/** Her page was loaded anew while it rang: the same offer on her new leg. */
function moveOffer(state: CallState, offer: Offer, legId: Offer['legId']): Step {
  if (offer.device.kind !== 'browser' || offer.legId === legId) return unchanged(state);
  const moved: Offer = { ...offer, legId, device: { kind: 'browser', legId } };
  return change(state, { offer: moved }, [{ type: 'offerCall', offer: moved }]);
}

/** The operator is lost for good: the caller, hearing the wait tone, is offered on. */
export function searchAfter(
  state: CallState,
  lost: NonNullable<CallState['operator']>,
  context: StepContext,
): Step {
  const timers = { 'max-wait': context.now + context.settings.maxWaitMs };
  const triedOperators = tried(state, lost.operatorId);
  return change(state, { ...enter(state, 'waiting', timers), operator: null, triedOperators }, [
    { type: 'endOperatorLeg', ...lost },
    { type: 'setOperatorState', operatorId: lost.operatorId, state: 'away' },
    { type: 'findOperator', excluded: triedOperators },
  ]);
}

function tried(state: CallState, operatorId: OperatorId): OperatorId[] {
  return [...state.triedOperators.filter((id) => id !== operatorId), operatorId];
}
