import type { CallEffect, CallState, Step, StepContext, Termination } from './call.ts';
import { change, enter, unchanged } from './transition.ts';

/**
 * The caller's part is over. An operator who has spoken with the caller finishes her form in
 * wrap-up; in every other case the call ends here and leaves a message of its own.
 */
export function endCall(state: CallState, termination: Termination, context: StepContext): Step {
  const over: CallState = {
    ...state,
    callerLeg: { ...state.callerLeg, gone: true },
    termination,
    endedAt: context.now,
  };
  return state.operator !== null && state.answeredAt !== null
    ? wrapUp(over, state.operator, context)
    : endWithoutOperator(over, termination);
}

function wrapUp(
  state: CallState,
  operator: NonNullable<CallState['operator']>,
  context: StepContext,
): Step {
  const timers = { 'wrap-up': context.now + context.settings.wrapUpMs };
  return change(state, enter(state, 'wrap-up', timers), [
    { type: 'endCallerLeg', termination: terminationOf(state) },
    { type: 'endOperatorLeg', ...operator },
    { type: 'setOperatorState', operatorId: operator.operatorId, state: 'wrap-up' },
  ]);
}

function endWithoutOperator(state: CallState, termination: Termination): Step {
  const { offer, operator } = state;
  const effects: CallEffect[] = [];
  if (offer !== null) {
    const reason = termination.class === 'caller' ? 'caller-gone' : 'ended';
    effects.push(
      { type: 'withdrawOffer', offer, reason },
      { type: 'setOperatorState', operatorId: offer.operatorId, state: 'available' },
    );
  }
  if (operator !== null) {
    effects.push(
      { type: 'endOperatorLeg', ...operator },
      { type: 'setOperatorState', operatorId: operator.operatorId, state: 'available' },
    );
  }
  effects.push(
    { type: 'endCallerLeg', termination },
    {
      type: 'recordUnansweredCall',
      kind: state.phase === 'unattended' ? 'unattended' : 'abandoned',
    },
    { type: 'callEnded', termination },
  );
  return change(state, { ...enter(state, 'ended'), offer: null, operator: null }, effects);
}

/** The operator is done with her form, or its time is up. */
export function finishWrapUp(state: CallState): Step {
  if (state.operator === null) return unchanged(state);
  const { operatorId } = state.operator;
  return change(state, { ...enter(state, 'ended'), operator: null }, [
    { type: 'setOperatorState', operatorId, state: 'available' },
    { type: 'callEnded', termination: terminationOf(state) },
  ]);
}

function terminationOf(state: CallState): Termination {
  return state.termination ?? { class: 'platform', reason: 'internal-error' };
}
