import type { OperatorId } from '../base/index.ts';
import { takeOver } from './adoption.ts';
import type {
  CallEffect,
  CallEvent,
  CallOperator,
  CallState,
  CallTimerName,
  NewCall,
  RelayTarget,
  Step,
  StepContext,
  Termination,
} from './call.ts';
import {
  accept,
  connectCaller,
  loseOperator,
  retrieve,
  stepAudio,
  stepLeft,
} from './conversation.ts';
import { endCall, finishWrapUp } from './ending.ts';
import { probeFarEnds, stepFarEnd } from './far-side.ts';
import { hold, remind, stepSwitches } from './hold.ts';
import { loseLeg } from './lost-leg.ts';
import { endMonitor, leaveWithOperator, monitor, moveMonitor } from './monitors.ts';
import { isForbidden, operationsOf } from './operations.ts';
import { handOver, park, pickUp, unpark } from './parking.ts';
import {
  connectJoined,
  expireContact,
  startRelay,
  stepContacts,
  stepPrompt,
  transfer,
} from './relay.ts';
import {
  askForKey,
  endWait,
  moveOffer,
  offerOn,
  offerUnanswered,
  retryOffer,
  stepWaiting,
} from './search.ts';
import { SILENCE, sameSound, soundOf } from './sound.ts';
import { LINE_LOST, notReached } from './termination.ts';
import { change, enter, unchanged } from './transition.ts';

/** A call has arrived and its number is recognised: let it ring and look for an operator. */
export function arrive(newCall: NewCall, context: StepContext): Step {
  const state = newState(newCall, context, { phase: 'waiting' });
  const timers = { ...state.timers, 'max-wait': context.now + context.settings.maxWaitMs };
  const effects: CallEffect[] = [{ type: 'ringCaller' }, { type: 'findOperator', excluded: [] }];
  return sounded(null, { state: { ...state, timers }, effects });
}

/**
 * Call-back: the contact is rung first, and when he answers the customer; or the operator, who was
 * claimed for the call, waits on her line while the customer is rung. At a telephone she is rung herself first.
 */
export function callBack(
  newCall: NewCall,
  first: { contact: RelayTarget } | { operator: CallOperator },
  context: StepContext,
): Step {
  const { now, settings } = context;
  if ('contact' in first) {
    const due = now + settings.contactRingMs;
    const state = newState(newCall, context, {
      phase: 'calling-contact',
      direction: 'call-back',
      contacts: [{ ...first.contact, state: 'dialing', due }],
    });
    const effects: CallEffect[] = [{ type: 'dialContact', contact: first.contact }];
    return sounded(null, {
      state: { ...state, timers: { ...state.timers, contact: due } },
      effects,
    });
  }
  const { operator } = first;
  if (operator.device.kind !== 'browser') return ringOperatorFirst(newCall, operator, context);
  const { operatorId } = operator;
  const state = newState(newCall, context, {
    phase: 'calling-customer',
    direction: 'call-back',
    operator,
  });
  const timers = { ...state.timers, customer: now + settings.connectMs };
  const effects: CallEffect[] = [
    { type: 'setOperatorState', operatorId, state: 'busy' },
    { type: 'openDraft', operatorId },
    { type: 'dialCustomer' },
  ];
  return sounded(null, { state: { ...state, timers }, effects });
}

function ringOperatorFirst(newCall: NewCall, operator: CallOperator, context: StepContext): Step {
  const { now, settings } = context;
  const { operatorId, legId, device } = operator;
  const offer = { operatorId, legId, device, since: now };
  const state = newState(newCall, context, { phase: 'offering', direction: 'call-back', offer });
  const timers = { ...state.timers, 'ring-no-answer': now + settings.ringNoAnswerMs };
  return sounded(null, { state: { ...state, timers }, effects: [{ type: 'offerCall', offer }] });
}

function newState(
  newCall: NewCall,
  { now, settings }: StepContext,
  begun: Pick<CallState, 'phase'> & Partial<CallState>,
): CallState {
  return {
    id: newCall.id,
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
    wrappingUp: null,
    contacts: [],
    relay: null,
    parked: null,
    handOver: null,
    monitors: [],
    muted: false,
    recordingPaused: false,
    heldSince: null,
    reminders: 0,
    rules: settings.rules,
    direction: 'inbound',
    recordingId: null,
    timers: { 'max-duration': now + settings.maxDurationMs },
    termination: null,
    version: 1,
    ...begun,
  };
}

/**
 * The call machine: pure and total. An event that does not fit, comes twice or comes too late
 * gives back the same state and no effects.
 */
export function step(state: CallState, event: CallEvent, context: StepContext): Step {
  return sounded(state, leaveWithOperator(state, decide(state, event, context)));
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
  if (isForbidden(state, event)) return refuse(state, event);
  if (state.termination !== null) return stepOver(state, event);
  const cause = causeOfEnd(state, event);
  if (cause !== null) return endCall(state, cause, context);
  // Each handler takes the event it stands beside.
  const handle = HANDLERS[event.type] as Handler<CallEvent['type']>;
  return handle(state, event, context);
}

type Handler<T extends CallEvent['type']> = (
  state: CallState,
  event: Extract<CallEvent, { type: T }>,
  context: StepContext,
) => Step;

/** What each event does to a call that is not over; those that end it are in `causeOfEnd`. */
const HANDLERS: { [T in CallEvent['type']]: Handler<T> } = {
  'operator.found': stepWaiting,
  'operator.not-found': stepWaiting,
  'operator.became-available': stepWaiting,
  'offer.accepted': (state, { operatorId }, context) =>
    state.offer?.operatorId === operatorId && mayTake(state.offer)
      ? accept(state, state.offer, context)
      : unchanged(state),
  'offer.picked-up': askForKey,
  'offer.declined': (state, { operatorId }, context) =>
    state.offer?.operatorId === operatorId
      ? offerOn(state, state.offer, 'declined', { context })
      : unchanged(state),
  'offer.failed': (state, { operatorId }, context) =>
    state.offer?.operatorId === operatorId
      ? offerOn(state, state.offer, 'failed', { context })
      : unchanged(state),
  'caller.connected': (state, _event, context) => connectCaller(state, context),
  'caller.hung-up': unchanged,
  'caller.failed': unchanged,
  'customer.failed': unchanged,
  'operator.hung-up': unchanged,
  'operator.left': (state, { operatorId }, context) => stepLeft(state, operatorId, context),
  'operator.audio-lost': audioLost,
  'operator.audio-back': audioBack,
  'operator.wrapped-up': (state, { operatorId }) =>
    state.wrappingUp?.operatorId === operatorId ? finishWrapUp(state) : unchanged(state),
  'operator.held': (state, _event, context) => hold(state, context),
  'operator.retrieved': retrieve,
  'operator.muted': stepSwitches,
  'recording.paused': stepSwitches,
  'recording.resumed': stepSwitches,
  'recording.failing': stepSwitches,
  'recording.mended': stepSwitches,
  'relay.started': startRelay,
  'relay.connected': (state, _event, context) => connectJoined(state, context),
  'relay.widened': (state) =>
    change(state, { ...enter(state, 'three-way'), heldSince: null, reminders: 0 }),
  'transfer.started': transfer,
  'contact.ringing': stepContacts,
  'contact.early-media': stepContacts,
  'contact.answered': stepContacts,
  'contact.failed': stepContacts,
  'contact.hung-up': stepContacts,
  'contact.pressed': stepContacts,
  'call.parked': park,
  'call.picked-up': pickUp,
  'hand-over.started': handOver,
  'monitor.started': monitor,
  'monitor.ended': (state, { operatorId }) => endMonitor(state, operatorId),
  'leg.held': stepFarEnd,
  'leg.unheard': stepFarEnd,
  'leg.lost': loseLeg,
  'prompt.done': stepPrompt,
  'media-plane.lost': unchanged,
  'timer.fired': (state, event, context) => TIMERS[event.timer](state, context),
  adopted: (state, { alive }, context) => takeOver(state, alive, context),
  shutdown: unchanged,
  failed: unchanged,
};

/** What each timer does when it fires; those that end the call are in `causeOfTimer`. */
const TIMERS: Record<CallTimerName, (state: CallState, context: StepContext) => Step> = {
  'ring-no-answer': offerUnanswered,
  'max-wait': endWait,
  'nobody-there': endWait,
  'retry-offer': retryOffer,
  reconnect: loseOperator,
  connect: unchanged,
  customer: unchanged,
  prompt: unchanged,
  contact: expireContact,
  'hold-reminder': remind,
  park: unpark,
  probe: probeFarEnds,
  'recording-pause': (state, context) =>
    stepSwitches(state, { type: 'timer.fired', timer: 'recording-pause' }, context),
  'wrap-up': finishWrapUp,
  'max-duration': unchanged,
};

/** Of a telephone outside only a key says that a person has picked up. */
function mayTake({ device, asked }: NonNullable<CallState['offer']>): boolean {
  return device.kind !== 'number' || asked === true;
}

function audioLost(
  state: CallState,
  event: Extract<CallEvent, { type: 'operator.audio-lost' }>,
  context: StepContext,
): Step {
  const { operatorId } = event;
  if (state.monitors.some((one) => one.operatorId === operatorId)) {
    return endMonitor(state, operatorId);
  }
  const { offer } = state;
  return offer?.operatorId === operatorId
    ? offerOn(state, offer, 'failed', { context })
    : stepAudio(state, event, context);
}

function audioBack(
  state: CallState,
  event: Extract<CallEvent, { type: 'operator.audio-back' }>,
  context: StepContext,
): Step {
  const { operatorId, legId } = event;
  if (state.monitors.some((one) => one.operatorId === operatorId)) {
    return moveMonitor(state, operatorId, legId);
  }
  const { offer } = state;
  return offer?.operatorId === operatorId
    ? moveOffer(state, offer, legId)
    : stepAudio(state, event, context);
}

/** The operation does not fit the call now; who was claimed for it is free again. */
function refuse(state: CallState, event: CallEvent): Step {
  if (event.type === 'hand-over.started') return release(state, event.to.operatorId);
  if (event.type === 'call.picked-up') return release(state, event.operatorId);
  if (event.type === 'monitor.started') return release(state, event.operatorId, event.returnTo);
  return unchanged(state);
}

function isStale(state: CallState, event: Extract<CallEvent, { type: 'timer.fired' }>): boolean {
  const due = state.timers[event.timer];
  return due === undefined || (event.due !== undefined && event.due !== due);
}

/** An operator was claimed for a call that has no use for her. */
function release(
  state: CallState,
  operatorId: OperatorId,
  to: 'available' | 'away' | 'offline' = 'available',
): Step {
  const { offer, operator, wrappingUp, monitors } = state;
  const held = [offer, operator, wrappingUp, ...monitors];
  if (held.some((one) => one?.operatorId === operatorId)) return unchanged(state);
  return change(state, {}, [{ type: 'setOperatorState', operatorId, state: to }]);
}

/** What ends the caller's part in whatever phase it is; null for all other events. */
function causeOfEnd(state: CallState, event: CallEvent): Termination | null {
  switch (event.type) {
    case 'caller.hung-up':
      return { class: 'caller', reason: hangUpReason(state) };
    case 'customer.failed':
      return state.phase === 'calling-customer' ? notReached('customer', event.reason) : null;
    case 'operator.hung-up':
      return mayHangUp(state, event.operatorId) ? { class: 'operator', reason: 'hung-up' } : null;
    case 'prompt.done':
      return event.source === 'unattended' && state.timers.prompt !== undefined
        ? { class: 'platform', reason: 'unattended' }
        : null;
    case 'adopted':
      return event.alive.includes(state.callerLeg.id) || isCustomerUncalled(state)
        ? null
        : { class: 'platform', reason: 'app-restarted' };
    case 'timer.fired':
      return causeOfTimer(event.timer);
    default:
      return causeOfFault(state, event);
  }
}

function causeOfFault(state: CallState, event: CallEvent): Termination | null {
  switch (event.type) {
    case 'caller.failed':
      return {
        class: event.reason === 'media-lost' ? 'indeterminate' : 'upstream',
        reason: event.reason,
      };
    case 'leg.lost':
      return event.legId === state.callerLeg.id ? LINE_LOST : null;
    case 'media-plane.lost':
      return { class: 'platform', reason: 'media-plane-lost' };
    case 'shutdown':
      return { class: 'platform', reason: 'shutdown' };
    case 'failed':
      return { class: 'platform', reason: 'internal-error' };
    default:
      return null;
  }
}

function causeOfTimer(timer: CallTimerName): Termination | null {
  switch (timer) {
    case 'connect':
      return { class: 'upstream', reason: 'ack-missing' };
    case 'customer':
      return notReached('customer', 'no-answer');
    case 'prompt':
      return { class: 'platform', reason: 'unattended' };
    case 'max-duration':
      return { class: 'platform', reason: 'max-duration' };
    default:
      return null;
  }
}

function mayHangUp(state: CallState, operatorId: OperatorId): boolean {
  return operationsOf(state, { operatorId, supervises: false }).includes('hang-up');
}

/** A customer who is not rung yet has no leg that could be lost. */
function isCustomerUncalled({ direction, callerLeg }: CallState): boolean {
  return direction === 'call-back' && !callerLeg.answered;
}

function hangUpReason(state: CallState): Termination['reason'] {
  if (state.phase === 'unattended') return 'unattended';
  const withSomebody = state.operator !== null || state.phase === 'relayed';
  return withSomebody && state.answeredAt !== null ? 'hung-up' : 'abandoned';
}

/** The caller has gone: only the operator's form is still open. */
function stepOver(state: CallState, event: CallEvent): Step {
  if (state.phase !== 'wrap-up') return unchanged(state);
  const done =
    event.type === 'timer.fired' ||
    (event.type === 'operator.wrapped-up' && event.operatorId === state.operator?.operatorId);
  return done ? finishWrapUp(state) : unchanged(state);
}
