import type { CallEffect, CallEvent, CallState, Offer, Step, StepContext } from './call.ts';
import { WITHOUT_OPERATOR, endOperatorLeg } from './contacts.ts';
import { operatorOf } from './conversation.ts';
import { onMusic } from './hold.ts';
import { searchAgain } from './search.ts';
import { talk } from './talk.ts';
import { change, enter, unchanged, withoutTimer } from './transition.ts';

type Event<T extends CallEvent['type']> = Extract<CallEvent, { type: T }>;

/** Anybody may pick the call up; nobody has it. The draft waits with it. */
export function park(state: CallState, event: Event<'call.parked'>, context: StepContext): Step {
  const { operator } = state;
  if (operator === null) return unchanged(state);
  const { now, settings } = context;
  const { operatorId, note } = event;
  const changes: Partial<CallState> = {
    ...enter(state, 'parked', { park: now + settings.parkMs }),
    ...WITHOUT_OPERATOR,
    heldSince: state.heldSince ?? now,
    parked: { by: operatorId, since: now, note },
    triedOperators: [],
  };
  return change(state, changes, [
    endOperatorLeg(operator),
    { type: 'setOperatorState', operatorId, state: 'available' },
  ]);
}

/**
 * The first desk to pick it up has it, at once in a browser; a telephone is rung first, and until it is answered
 * the call stays parked: whoever cannot be had by it has kept nobody waiting longer. So has she who had left the
 * caller to a contact in vain: nobody else's call comes in between.
 */
export function pickUp(
  state: CallState,
  event: Event<'call.picked-up'>,
  context: StepContext,
): Step {
  const { operatorId, legId, device } = event;
  const timers = withoutTimer(state.timers, 'wrap-up');
  const taken: CallState = { ...state, wrappingUp: null, timers };
  if (device.kind === 'browser') {
    return talk({ ...taken, operator: operatorOf(event) }, context, [
      { type: 'setOperatorState', operatorId, state: 'busy' },
      { type: 'openDraft', operatorId },
    ]);
  }
  const offer: Offer = { operatorId, legId, device, since: context.now };
  return ring(taken, offer, context);
}

/** Nobody picked it up: it is offered like a new one. */
export function unpark(state: CallState, context: StepContext): Step {
  return searchAgain(state, context);
}

/** The operator keeps the call, its caller on music, until her colleague takes it. */
export function handOver(
  state: CallState,
  event: Event<'hand-over.started'>,
  context: StepContext,
): Step {
  const { to, operatorId, note } = event;
  const offer: Offer = { ...to, since: context.now };
  const { heldSince, timers } = onMusic(state, context);
  const due = context.now + context.settings.ringNoAnswerMs;
  const handed = { from: operatorId, to: to.operatorId, note, outcome: 'pending' as const };
  const phase = enter({ ...state, timers }, 'handing-over', { 'ring-no-answer': due });
  return change(state, { ...phase, heldSince, handOver: handed, offer }, [
    { type: 'offerCall', offer },
  ]);
}

function ring(state: CallState, offer: Offer, { now, settings }: StepContext): Step {
  const ringing = { 'ring-no-answer': now + settings.ringNoAnswerMs };
  const isParked = state.parked !== null;
  const timers = isParked ? ringing : { ...ringing, 'max-wait': now + settings.maxWaitMs };
  const heldSince = isParked ? state.heldSince : null;
  const effects: CallEffect[] = [{ type: 'offerCall', offer }];
  return change(state, { ...enter(state, 'offering', timers), heldSince, offer }, effects);
}
