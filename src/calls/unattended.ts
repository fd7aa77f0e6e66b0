import type { CallState, Step, StepContext } from './call.ts';
import { change, enter } from './transition.ts';

/** Nobody takes the call: the caller is told so, and what she says meanwhile is kept. */
export function leaveUnattended(state: CallState, context: StepContext): Step {
  if (state.callerLeg.answered) {
    const timers = { prompt: context.now + context.settings.promptMs };
    return change(state, enter(state, 'unattended', timers));
  }
  // The answer may be under way already, ordered for an operator who was lost at once.
  if (state.timers.connect !== undefined) return change(state, enter(state, 'unattended'));
  const timers = { connect: context.now + context.settings.connectMs };
  return change(state, enter(state, 'unattended', timers), [{ type: 'answerCaller' }]);
}
