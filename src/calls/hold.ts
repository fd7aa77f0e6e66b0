import type { CallEvent, CallState, Step, StepContext } from './call.ts';
import { change, enter, unchanged, withoutTimer } from './transition.ts';

/** The caller hears music; the operator, who hears nothing, is reminded of her now and then. */
export function hold(state: CallState, context: StepContext): Step {
  return change(state, putOnHold(state, context));
}

/** What holds in every phase in which the caller hears music and an operator has her. */
export function onMusic(
  state: CallState,
  context: StepContext,
): Pick<CallState, 'heldSince' | 'timers'> {
  const due = state.timers['hold-reminder'] ?? context.now + context.settings.holdReminderMs;
  return {
    heldSince: state.heldSince ?? context.now,
    timers: { ...state.timers, 'hold-reminder': due },
  };
}

export function putOnHold(state: CallState, context: StepContext): Partial<CallState> {
  const { heldSince, timers } = onMusic(state, context);
  return { heldSince, ...enter({ ...state, timers }, 'held') };
}

export function remind(state: CallState, context: StepContext): Step {
  const due = context.now + context.settings.holdReminderMs;
  return change(state, {
    reminders: state.reminders + 1,
    timers: { ...state.timers, 'hold-reminder': due },
  });
}

/** What happens in several phases and changes none: mute, and the recording's pause and failure. */
export function stepSwitches(state: CallState, event: CallEvent, context: StepContext): Step {
  switch (event.type) {
    case 'operator.muted':
      return event.on === state.muted ? unchanged(state) : change(state, { muted: event.on });
    case 'recording.paused': {
      const due = context.now + context.settings.recordingPauseMs;
      const timers = { ...state.timers, 'recording-pause': due };
      return change(state, { recordingPaused: true, timers });
    }
    case 'recording.resumed':
      return resumeRecording(state);
    case 'recording.failing':
    case 'recording.mended':
      return noteRecording(state, event);
    case 'timer.fired':
      return event.timer === 'recording-pause' ? resumeRecording(state) : unchanged(state);
    default:
      return unchanged(state);
  }
}

function resumeRecording(state: CallState): Step {
  if (!state.recordingPaused) return unchanged(state);
  const timers = withoutTimer(state.timers, 'recording-pause');
  return change(state, { recordingPaused: false, timers });
}

function noteRecording(
  state: CallState,
  { type, recordingId }: Extract<CallEvent, { type: 'recording.failing' | 'recording.mended' }>,
): Step {
  const unrecorded = type === 'recording.failing';
  const isNews = recordingId === state.recordingId && unrecorded !== (state.unrecorded ?? false);
  return isNews ? change(state, { unrecorded }) : unchanged(state);
}
