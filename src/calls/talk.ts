import type { CallEffect, CallState, Step, StepContext } from './call.ts';
import { change, enter } from './transition.ts';

/** Caller and operator hear each other, as soon as her audio is up. */
export function talk(state: CallState, context: StepContext, effects: CallEffect[] = []): Step {
  const changes = {
    ...enter(state, 'talking'),
    heldSince: null,
    parked: null,
    reminders: 0,
  };
  return change(state, { ...changes, ...answeredBy(state, context) }, effects);
}

export function answeredBy(state: CallState, { now }: StepContext): Partial<CallState> {
  if (state.operator?.audio !== 'up') return {};
  return { answeredAt: state.answeredAt ?? now, answeredBy: state.operator.operatorId };
}
