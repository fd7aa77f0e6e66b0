import type { CallView, DeskView } from '../../src/contract/index.ts';

const WITH_FORM: readonly CallView['phase'][] = [
  'connecting',
  'talking',
  'reconnecting',
  'held',
  'relaying',
  'consulting',
  'three-way',
  'relayed',
  'handing-over',
  'calling-customer',
  'wrap-up',
];

/** From the answer to the end of wrap-up: the words, the form and the people are on the screen. */
export function hasForm(call: CallView): boolean {
  return WITH_FORM.includes(call.phase) || isInWrapUp(call);
}

/** The operator has only to finish her form; the call may go on without her. */
export function isInWrapUp({ phase, operations }: CallView): boolean {
  return phase === 'wrap-up' || operations.includes('finish');
}

/** She left the caller to a contact who was not reached: the caller waits for an operator again. */
export function isLeftWaiting(call: CallView): boolean {
  return isInWrapUp(call) && (call.phase === 'waiting' || call.phase === 'offering');
}

/** The call rings at this desk: a new one, or a colleague hands hers over. */
export function isOffered({ call, operatorId }: Pick<DeskView, 'call' | 'operatorId'>): boolean {
  if (call === null) return false;
  const isHandedToMe = call.phase === 'handing-over' && call.handOver?.to === operatorId;
  // A caller whom she has left to a contact may ring at another desk, while she still writes.
  return (call.phase === 'offering' && !isInWrapUp(call)) || isHandedToMe;
}

/** Declined, it is on the way back to whoever handed it over: for a moment it is still told here. */
export function isAnothers({ call, operatorId }: Pick<DeskView, 'call' | 'operatorId'>): boolean {
  if (call === null || call.operations.length > 0) return false;
  return call.operatorId !== null && call.operatorId !== operatorId;
}
