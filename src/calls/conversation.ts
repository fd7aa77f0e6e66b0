import type {
  CallEffect,
  CallEvent,
  CallOperator,
  CallState,
  Offer,
  Step,
  StepContext,
} from './call.ts';
import { WITHOUT_OPERATOR, endContacts, endOperatorLeg, leave } from './contacts.ts';
import { endCall } from './ending.ts';
import { connectJoined } from './relay.ts';
import { searchAfter, searchAgain } from './search.ts';
import { answeredBy, talk } from './talk.ts';
import { change, enter, unchanged, withoutTimer } from './transition.ts';

type AudioEvent = Extract<
  CallEvent,
  { type: 'operator.audio-lost' | 'operator.audio-back'; operatorId: unknown }
>;

/** The offered operator takes the call. Her form opens now, before the caller is connected. */
export function accept(state: CallState, offer: Offer, context: StepContext): Step {
  const { operatorId } = offer;
  const released = releaseFormer(state);
  const taken: CallState = { ...released.state, offer: null, operator: operatorOf(offer) };
  const effects: CallEffect[] = [
    ...released.effects,
    { type: 'setOperatorState', operatorId, state: 'busy' },
    { type: 'openDraft', operatorId },
  ];
  if (state.callerLeg.answered) return talk(taken, context, effects);
  if (state.direction === 'call-back') {
    const customer = context.now + context.settings.connectMs;
    const changes = enter(taken, 'calling-customer', { customer });
    return change(taken, changes, [...effects, { type: 'dialCustomer' }]);
  }
  // The answer may be under way already, ordered for an operator who was lost at once.
  if (state.timers.connect !== undefined) return change(taken, enter(state, 'connecting'), effects);
  const timers = { connect: context.now + context.settings.connectMs };
  return change(taken, enter(state, 'connecting', timers), [...effects, { type: 'answerCaller' }]);
}

/** Whoever had the call, or still wrote about it, is free: the form goes along with the call. */
export function releaseFormer(state: CallState): { state: CallState; effects: CallEffect[] } {
  const { operator, wrappingUp, handOver } = state;
  const effects: CallEffect[] = [];
  if (operator !== null) effects.push(endOperatorLeg(operator));
  for (const former of [operator, wrappingUp]) {
    if (former === null) continue;
    effects.push({
      type: 'setOperatorState',
      operatorId: former.operatorId,
      state: 'available',
    });
  }
  const taken =
    handOver?.outcome === 'pending' ? { ...handOver, outcome: 'taken' as const } : handOver;
  const timers = withoutTimer(withoutTimer(state.timers, 'wrap-up'), 'reconnect');
  return {
    state: { ...state, ...WITHOUT_OPERATOR, wrappingUp: null, handOver: taken, timers },
    effects,
  };
}

export function operatorOf({
  operatorId,
  legId,
  device,
}: Pick<CallOperator, 'operatorId' | 'legId' | 'device'>): CallOperator {
  return { operatorId, legId, device, audio: 'up' };
}

/**
 * The answer that was ordered has reached the caller, or a customer we called has answered. From
 * here she is recorded, whoever or whatever she hears.
 */
export function connectCaller(state: CallState, context: StepContext): Step {
  const { timers } = state;
  const isExpected = timers.connect !== undefined || timers.customer !== undefined;
  if (state.callerLeg.answered || !isExpected) return unchanged(state);
  const connected: CallState = {
    ...state,
    callerLeg: { ...state.callerLeg, answered: true },
    recordingId: context.newRecordingId,
    timers: withoutTimer(withoutTimer(timers, 'connect'), 'customer'),
  };
  if (state.phase === 'calling-customer' && state.operator === null) {
    const answeredAt = state.answeredAt ?? context.now;
    return change(connected, { ...enter(connected, 'relayed'), answeredAt });
  }
  if (state.operator !== null) return talk(connected, context);
  if (state.phase !== 'unattended') return change(connected, {});
  const prompt = context.now + context.settings.promptMs;
  return change(connected, { timers: { ...connected.timers, prompt } });
}

/** Back to the caller: contacts are let go, a hand-over is taken back. */
export function retrieve(
  state: CallState,
  { because }: Extract<CallEvent, { type: 'operator.retrieved' }>,
  context: StepContext,
): Step {
  const { offer, handOver } = state;
  const freed = endContacts(state, because ?? 'withdrawn');
  const withdrawn: CallEffect[] =
    offer === null
      ? []
      : [
          { type: 'withdrawOffer', offer, reason: 'ended' },
          { type: 'setOperatorState', operatorId: offer.operatorId, state: 'available' },
        ];
  const back = { ...freed.state, offer: null, handOver: offer === null ? handOver : null };
  return talk(back, context, [...freed.effects, ...withdrawn]);
}

/** The audio of the operator who has the call, lost or back on another leg. */
export function stepAudio(state: CallState, event: AudioEvent, context: StepContext): Step {
  const { operator } = state;
  if (operator?.operatorId !== event.operatorId) return unchanged(state);
  if (event.type === 'operator.audio-lost') return loseAudio(state, operator, context);
  if (event.legId === operator.legId && operator.audio === 'up') return unchanged(state);
  const { legId } = event;
  const device =
    operator.device.kind === 'browser' ? { ...operator.device, legId } : operator.device;
  const back: CallOperator = { ...operator, legId, device, audio: 'up' };
  const moved = { ...state, operator: back, timers: withoutTimer(state.timers, 'reconnect') };
  return change(moved, state.phase === 'talking' ? answeredBy(moved, context) : {});
}

export function loseAudio(state: CallState, operator: CallOperator, context: StepContext): Step {
  if (operator.audio === 'lost') return unchanged(state);
  const reconnect = context.now + context.settings.reconnectMs;
  return change(state, {
    operator: { ...operator, audio: 'lost' },
    timers: { ...state.timers, reconnect },
  });
}

/** Her audio did not come back: the call goes to somebody else, the draft with it. */
export function loseOperator(state: CallState, context: StepContext): Step {
  const { operator } = state;
  if (operator === null) return unchanged(state);
  const { operatorId } = operator;
  const gone: CallEffect[] = [
    endOperatorLeg(operator),
    { type: 'setOperatorState', operatorId, state: 'away' },
  ];
  switch (state.phase) {
    case 'three-way':
      return change(state, { ...enter(state, 'relayed'), ...WITHOUT_OPERATOR }, gone);
    case 'handing-over':
      return offerAlone(state, gone, context);
    case 'calling-customer':
      return endCall(state, { class: 'platform', reason: 'operator-lost' }, context);
    default:
      return searchAfter(state, operator, context);
  }
}

/** Her telephone's BYE: what a person means who hangs up there. */
export function stepLeft(
  state: CallState,
  operatorId: CallOperator['operatorId'],
  context: StepContext,
): Step {
  const { operator } = state;
  if (operator?.operatorId !== operatorId) return unchanged(state);
  switch (state.phase) {
    case 'consulting':
    case 'three-way':
      return connectJoined(state, context);
    case 'relaying': {
      // She leaves it to the contact who is being rung.
      const left = leave(state, context);
      return change(left.state, enter(left.state, 'relaying'), left.effects);
    }
    case 'handing-over':
      return offerAlone(state, freed(operator), context);
    case 'held': {
      const searching = searchAgain(state, context);
      return { state: searching.state, effects: [...freed(operator), ...searching.effects] };
    }
    default:
      return endCall(state, { class: 'operator', reason: 'hung-up' }, context);
  }
}

function freed(operator: CallOperator): CallEffect[] {
  const { operatorId } = operator;
  return [endOperatorLeg(operator), { type: 'setOperatorState', operatorId, state: 'available' }];
}

/** A hand-over without the one who handed over is an offer like any other. */
function offerAlone(state: CallState, effects: CallEffect[], context: StepContext): Step {
  const timers = { 'max-wait': context.now + context.settings.maxWaitMs };
  const changes = { ...enter(state, 'offering', timers), ...WITHOUT_OPERATOR, heldSince: null };
  return change(state, changes, effects);
}
