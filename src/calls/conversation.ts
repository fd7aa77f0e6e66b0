import type { LegId } from '../base/index.ts';
import type { CallEffect, CallEvent, CallState, Offer, Step, StepContext } from './call.ts';
import { searchAfter } from './search.ts';
import { change, enter, unchanged, withoutTimer } from './transition.ts';

type Operator = NonNullable<CallState['operator']>;

/** The offered operator takes the call. Her form opens now, before the caller is connected. */
export function accept(state: CallState, offer: Offer, context: StepContext): Step {
  const { operatorId, legId, device } = offer;
  const taken = { ...state, offer: null, operator: { operatorId, legId, device } };
  const effects: CallEffect[] = [
    { type: 'setOperatorState', operatorId, state: 'busy' },
    { type: 'openDraft', operatorId },
  ];
  if (state.callerLeg.answered) return talk(taken, taken.operator, context, effects);
  // The answer may be under way already, ordered for an operator who was lost at once.
  if (state.timers.connect !== undefined) return change(taken, enter(state, 'connecting'), effects);
  const timers = { connect: context.now + context.settings.connectMs };
  return change(taken, enter(state, 'connecting', timers), [...effects, { type: 'answerCaller' }]);
}

/**
 * The answer that was ordered has reached the caller. From here she is recorded, whoever or
 * whatever she hears.
 */
export function connectCaller(state: CallState, context: StepContext): Step {
  if (state.callerLeg.answered || state.timers.connect === undefined) return unchanged(state);
  const timers = withoutTimer(state.timers, 'connect');
  const recordingId = context.newRecordingId;
  const connected: CallState = {
    ...state,
    callerLeg: { ...state.callerLeg, answered: true },
    recordingId,
    timers,
  };
  if (state.phase === 'connecting' && state.operator !== null) {
    return talk(connected, state.operator, context);
  }
  if (state.phase === 'unattended') {
    const prompt = context.now + context.settings.promptMs;
    return change(connected, { timers: { ...timers, prompt } });
  }
  return change(connected, {});
}

function talk(
  state: CallState,
  operator: Operator,
  context: StepContext,
  effects: CallEffect[] = [],
): Step {
  const changes = {
    ...enter(state, 'talking'),
    operator,
    answeredAt: state.answeredAt ?? context.now,
    answeredBy: operator.operatorId,
  };
  return change(state, changes, effects);
}

export function stepConnecting(state: CallState, event: CallEvent, context: StepContext): Step {
  const operator = operatorMeant(state, event);
  if (operator === null) return unchanged(state);
  switch (event.type) {
    case 'operator.audio-lost':
      return loseAudio(state, context);
    case 'operator.audio-back':
      return event.legId === operator.legId
        ? unchanged(state)
        : change(state, { operator: onLeg(operator, event.legId) });
    case 'adopted':
      return event.operatorLegAlive
        ? change(state, {}, [{ type: 'answerCaller' }])
        : loseAudio(state, context);
    default:
      return unchanged(state);
  }
}

export function stepTalking(state: CallState, event: CallEvent, context: StepContext): Step {
  const operator = operatorMeant(state, event);
  if (operator === null) return unchanged(state);
  switch (event.type) {
    case 'operator.audio-lost':
      return loseAudio(state, context);
    case 'operator.audio-back':
      return event.legId === operator.legId
        ? unchanged(state)
        : talk(state, onLeg(operator, event.legId), context);
    case 'adopted':
      return event.operatorLegAlive ? unchanged(state) : loseAudio(state, context);
    default:
      return unchanged(state);
  }
}

export function stepReconnecting(state: CallState, event: CallEvent, context: StepContext): Step {
  const operator = operatorMeant(state, event);
  if (operator === null) return unchanged(state);
  switch (event.type) {
    case 'operator.audio-back':
      return regainAudio(state, onLeg(operator, event.legId), context);
    case 'timer.fired':
      return event.timer === 'reconnect' ? searchAfter(state, operator, context) : unchanged(state);
    default:
      return unchanged(state);
  }
}

function loseAudio(state: CallState, context: StepContext): Step {
  const timers = { reconnect: context.now + context.settings.reconnectMs };
  return change(state, enter(state, 'reconnecting', timers));
}

function regainAudio(state: CallState, operator: Operator, context: StepContext): Step {
  if (!state.callerLeg.answered) {
    return change(state, { ...enter(state, 'connecting'), operator });
  }
  return talk(state, operator, context);
}

/** The call's operator, unless the event speaks of another one. */
function operatorMeant(state: CallState, event: CallEvent): Operator | null {
  const { operator } = state;
  if (operator !== null && 'operatorId' in event && event.operatorId !== operator.operatorId) {
    return null;
  }
  return operator;
}

function onLeg(operator: Operator, legId: LegId): Operator {
  const device =
    operator.device.kind === 'browser' ? { ...operator.device, legId } : operator.device;
  return { ...operator, legId, device };
}
