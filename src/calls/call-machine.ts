import type { OperatorId } from '../base/index.ts';
import type {
  CallEffect,
  CallEvent,
  CallPhase,
  CallState,
  NewCall,
  Step,
  StepContext,
  Termination,
} from './call.ts';
import {
  accept,
  connectCaller,
  stepConnecting,
  stepReconnecting,
  stepTalking,
} from './conversation.ts';
import { endCall, finishWrapUp } from './ending.ts';
import { stepOffering, stepWaiting } from './search.ts';
import { SILENCE, sameSound, soundOf } from './sound.ts';
import { change, unchanged } from './transition.ts';

/** A call has arrived and its number is recognised: let it ring and look for an operator. */
export function arrive(newCall: NewCall, context: StepContext): Step {
  const { now, settings } = context;
  const state: CallState = {
    id: newCall.id,
    phase: 'waiting',
    arrivedAt: now,
    answeredAt: null,
    endedAt: null,
    caller: newCall.caller,
    called: newCall.called,
    trunkId: newCall.trunkId,
    callerLeg: {
      id: newCall.callerLegId,
      kind: newCall.callerLegKind,
      answered: false,
      gone: false,
    },
    offer: null,
    operator: null,
    answeredBy: null,
    triedOperators: [],
    recordingId: null,
    timers: { 'max-wait': now + settings.maxWaitMs, 'max-duration': now + settings.maxDurationMs },
    termination: null,
    version: 1,
  };
  const effects: CallEffect[] = [{ type: 'ringCaller' }, { type: 'findOperator', excluded: [] }];
  return sounded(null, { state, effects });
}

/**
 * The call machine: pure and total. An event that does not fit, comes twice or comes too late
 * gives back the same state and no effects.
 */
export function step(state: CallState, event: CallEvent, context: StepContext): Step {
  return sounded(state, decide(state, event, context));
}

/** Whatever a transition changes in what is heard is carried out first. */
function sounded(before: CallState | null, next: Step): Step {
  if (before === next.state) return next;
  const heard = before === null ? SILENCE : soundOf(before);
  if (sameSound(heard, soundOf(next.state))) return next;
  return { ...next, effects: [{ type: 'applySound' }, ...next.effects] };
}

function decide(state: CallState, event: CallEvent, context: StepContext): Step {
  if (event.type === 'timer.fired' && isStale(state, event)) return unchanged(state);
  if (event.type === 'operator.found' && state.phase !== 'waiting') {
    return release(state, event.operatorId);
  }
  if (state.termination === null) {
    const cause = causeOfEnd(state, event);
    if (cause !== null) return endCall(state, cause, context);
    if (event.type === 'caller.connected') return connectCaller(state, context);
  }
  return STEPS[state.phase](state, event, context);
}

const STEPS: Record<CallPhase, (state: CallState, event: CallEvent, context: StepContext) => Step> =
  {
    waiting: stepWaiting,
    offering: (state, event, context) =>
      event.type === 'offer.accepted' && event.operatorId === state.offer?.operatorId
        ? accept(state, state.offer, context)
        : stepOffering(state, event, context),
    connecting: stepConnecting,
    talking: stepTalking,
    reconnecting: stepReconnecting,
    unattended: stepUnattended,
    'wrap-up': stepWrapUp,
    ended: unchanged,
  };

function isStale(state: CallState, event: Extract<CallEvent, { type: 'timer.fired' }>): boolean {
  const due = state.timers[event.timer];
  return due === undefined || (event.due !== undefined && event.due !== due);
}

/** An operator was claimed for a call that no longer looks for one. */
function release(state: CallState, operatorId: OperatorId): Step {
  const held = operatorId === (state.offer ?? state.operator)?.operatorId;
  if (held) return unchanged(state);
  return change(state, {}, [{ type: 'setOperatorState', operatorId, state: 'available' }]);
}

/** What ends the caller's part in whatever phase it is; null for all other events. */
function causeOfEnd(state: CallState, event: CallEvent): Termination | null {
  switch (event.type) {
    case 'caller.hung-up':
      return { class: 'caller', reason: hangUpReason(state) };
    case 'caller.failed':
      return {
        class: event.reason === 'media-lost' ? 'indeterminate' : 'upstream',
        reason: event.reason,
      };
    case 'operator.hung-up':
      return event.operatorId === state.operator?.operatorId
        ? { class: 'operator', reason: 'hung-up' }
        : null;
    case 'prompt.done':
      return state.timers.prompt === undefined ? null : { class: 'platform', reason: 'unattended' };
    case 'media-plane.lost':
      return { class: 'platform', reason: 'media-plane-lost' };
    case 'adopted':
      return event.callerLegAlive ? null : { class: 'platform', reason: 'app-restarted' };
    case 'shutdown':
      return { class: 'platform', reason: 'shutdown' };
    case 'failed':
      return { class: 'platform', reason: 'internal-error' };
    case 'timer.fired':
      return causeOfTimer(event.timer);
    default:
      return null;
  }
}

function causeOfTimer(timer: keyof CallState['timers']): Termination | null {
  switch (timer) {
    case 'connect':
      return { class: 'upstream', reason: 'ack-missing' };
    case 'prompt':
      return { class: 'platform', reason: 'unattended' };
    case 'max-duration':
      return { class: 'platform', reason: 'max-duration' };
    default:
      return null;
  }
}

function hangUpReason(state: CallState): Termination['reason'] {
  if (state.phase === 'unattended') return 'unattended';
  return state.operator !== null && state.answeredAt !== null ? 'hung-up' : 'abandoned';
}

function stepUnattended(state: CallState, event: CallEvent): Step {
  const answerPending = event.type === 'adopted' && !state.callerLeg.answered;
  return answerPending ? change(state, {}, [{ type: 'answerCaller' }]) : unchanged(state);
}

function stepWrapUp(state: CallState, event: CallEvent): Step {
  const done =
    event.type === 'timer.fired' ||
    (event.type === 'operator.wrapped-up' && event.operatorId === state.operator?.operatorId);
  return done ? finishWrapUp(state) : unchanged(state);
}
