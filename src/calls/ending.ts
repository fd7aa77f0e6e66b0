import type {
  CallEffect,
  CallOperator,
  CallState,
  Step,
  StepContext,
  Termination,
} from './call.ts';
import { endContacts, endOperatorLeg } from './contacts.ts';
import { change, enter, unchanged, withoutTimer } from './transition.ts';

/**
 * The caller's part is over. An operator who has spoken with the caller finishes her form in
 * wrap-up; in every other case the call ends here and leaves a message of its own.
 */
export function endCall(state: CallState, termination: Termination, context: StepContext): Step {
  const freed = endContacts(state);
  const over: CallState = {
    ...freed.state,
    callerLeg: { ...state.callerLeg, gone: true },
    termination,
    endedAt: context.now,
    ...NOTHING_GOES_ON,
  };
  const effects: CallEffect[] = [
    ...withdrawal(state, termination),
    { type: 'endCallerLeg', termination },
    ...freed.effects,
    ...state.monitors.map(endMonitor),
  ];
  if (state.operator !== null && state.answeredAt !== null) {
    return wrapUp(over, state.operator, effects, context);
  }
  return state.wrappingUp === null
    ? endWithoutForm(over, effects)
    : writeOn(over, state.wrappingUp, effects);
}

const NOTHING_GOES_ON = {
  offer: null,
  monitors: [],
  parked: null,
  heldSince: null,
  recordingPaused: false,
  muted: false,
  reminders: 0,
};

function wrapUp(
  state: CallState,
  operator: CallOperator,
  effects: CallEffect[],
  context: StepContext,
): Step {
  const timers = { 'wrap-up': context.now + context.settings.wrapUpMs };
  return change(state, enter(state, 'wrap-up', timers), [
    ...effects,
    endOperatorLeg(operator),
    { type: 'setOperatorState', operatorId: operator.operatorId, state: 'wrap-up' },
  ]);
}

/** She had left the caller to a contact, or to her colleagues, and has her form still open. */
function writeOn(state: CallState, writer: CallOperator, effects: CallEffect[]): Step {
  const { operator } = state;
  const freed = operator === null ? [] : free(operator);
  const changes = { ...enter(state, 'wrap-up'), operator: writer, wrappingUp: null };
  return change(state, changes, [...effects, ...freed]);
}

function endWithoutForm(state: CallState, effects: CallEffect[]): Step {
  const { operator, phase, direction } = state;
  // Whoever was connected to a contact was answered, and the operator has sent her form.
  const isUnanswered = direction === 'inbound' && phase !== 'relayed';
  const record: CallEffect = {
    type: 'recordUnansweredCall',
    kind: phase === 'unattended' ? 'unattended' : 'abandoned',
  };
  return change(state, { ...enter(state, 'ended'), operator: null }, [
    ...effects,
    ...(operator === null ? [] : free(operator)),
    ...(isUnanswered ? [record] : []),
    { type: 'callEnded', termination: terminationOf(state) },
  ]);
}

function withdrawal({ offer }: CallState, termination: Termination): CallEffect[] {
  if (offer === null) return [];
  const reason = termination.class === 'caller' ? 'caller-gone' : 'ended';
  return [
    { type: 'withdrawOffer', offer, reason },
    { type: 'setOperatorState', operatorId: offer.operatorId, state: 'available' },
  ];
}

function free(operator: CallOperator): CallEffect[] {
  const { operatorId } = operator;
  return [endOperatorLeg(operator), { type: 'setOperatorState', operatorId, state: 'available' }];
}

function endMonitor({ operatorId, returnTo }: CallState['monitors'][number]): CallEffect {
  return { type: 'setOperatorState', operatorId, state: returnTo };
}

/** The operator is done with her form, or its time is up. */
export function finishWrapUp(state: CallState): Step {
  const { operator, wrappingUp, termination } = state;
  const writer = termination === null ? wrappingUp : operator;
  if (writer === null) return unchanged(state);
  const freed: CallEffect = {
    type: 'setOperatorState',
    operatorId: writer.operatorId,
    state: 'available',
  };
  if (termination === null) {
    const timers = withoutTimer(state.timers, 'wrap-up');
    return change(state, { wrappingUp: null, timers }, [freed]);
  }
  return change(state, { ...enter(state, 'ended'), operator: null }, [
    freed,
    { type: 'callEnded', termination },
  ]);
}

function terminationOf(state: CallState): Termination {
  return state.termination ?? { class: 'platform', reason: 'internal-error' };
}
