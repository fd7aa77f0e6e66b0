import type { LegId } from '../base/index.ts';
import type { CallEffect, CallState, Step, StepContext } from './call.ts';
import { isRung } from './contacts.ts';
import { loseAudio } from './conversation.ts';
import { endMonitor } from './monitors.ts';
import { contactOver } from './relay.ts';
import { offerOn } from './search.ts';
import { change, inTurn, unchanged } from './transition.ts';

/**
 * Another process left this call to us. What it was about to do is done again; whose leg is gone
 * is lost, as if that had just happened. The caller's leg is there, or the call would be over.
 */
export function takeOver(state: CallState, alive: readonly LegId[], context: StepContext): Step {
  const here = new Set(alive);
  return inTurn(
    state,
    (now) => operatorFound(now, here, context),
    (now) => monitorsFound(now, here),
    (now) => contactsFound(now, here, context),
    (now) => offerFound(now, here, context),
    (now) => doAgain(now, state.phase === 'waiting'),
  );
}

function operatorFound(state: CallState, here: ReadonlySet<LegId>, context: StepContext): Step {
  const { operator } = state;
  return operator === null || here.has(operator.legId)
    ? unchanged(state)
    : loseAudio(state, operator, context);
}

function monitorsFound(state: CallState, here: ReadonlySet<LegId>): Step {
  const gone = state.monitors.filter(({ legId }) => !here.has(legId));
  return inTurn(
    state,
    ...gone.map(
      ({ operatorId }) =>
        (now: CallState) =>
          endMonitor(now, operatorId),
    ),
  );
}

function contactsFound(state: CallState, here: ReadonlySet<LegId>, context: StepContext): Step {
  const gone = state.contacts.filter((contact) => !isRung(contact) && !here.has(contact.legId));
  const lost = gone.map((contact) => (now: CallState) => {
    const stillThere = now.termination === null && now.contacts.includes(contact);
    return stillThere ? contactOver(now, contact, 'unreachable', context) : unchanged(now);
  });
  return inTurn(state, ...lost);
}

function offerFound(state: CallState, here: ReadonlySet<LegId>, context: StepContext): Step {
  const { offer } = state;
  if (offer === null) return unchanged(state);
  return offer.device.kind === 'browser' && !here.has(offer.legId)
    ? offerOn(state, offer, 'failed', { context })
    : change(state, {}, [{ type: 'offerCall', offer }]);
}

function doAgain(state: CallState, wasWaiting: boolean): Step {
  const effects: CallEffect[] = state.contacts
    .filter(isRung)
    .map((contact) => ({ type: 'dialContact', contact }));
  if (wasWaiting) effects.push({ type: 'findOperator', excluded: state.triedOperators });
  if (state.timers.connect !== undefined) effects.push({ type: 'answerCaller' });
  if (state.timers.customer !== undefined) effects.push({ type: 'dialCustomer' });
  return effects.length === 0 ? unchanged(state) : change(state, {}, effects);
}
