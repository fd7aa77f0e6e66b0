import type { CallEvent, CallState, Step, StepContext } from './call.ts';
import { loseAudio } from './conversation.ts';
import { contactOver } from './relay.ts';
import { offerOn } from './search.ts';
import { unchanged } from './transition.ts';

/** A far end is gone, and nobody has hung up. That of the caller ends the call. */
export function loseLeg(
  state: CallState,
  { legId }: Extract<CallEvent, { type: 'leg.lost' }>,
  context: StepContext,
): Step {
  const { offer, operator, contacts } = state;
  if (offer?.legId === legId) return offerOn(state, offer, 'failed', { context });
  // Her telephone may have lost its line: the caller waits, then somebody else has the call.
  if (operator?.legId === legId) return loseAudio(state, operator, context);
  const contact = contacts.find((one) => one.legId === legId);
  return contact === undefined
    ? unchanged(state)
    : contactOver(state, contact, 'unreachable', context);
}
