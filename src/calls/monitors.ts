import type { LegId, OperatorId } from '../base/index.ts';
import type { CallEffect, CallState, Monitor, Step } from './call.ts';
import { change, unchanged } from './transition.ts';

/** A supervisor listens, whispers or barges in; the same again changes how. */
export function monitor(state: CallState, asked: Monitor): Step {
  const { operatorId, legId, mode, returnTo } = asked;
  const known = state.monitors.find((one) => one.operatorId === operatorId);
  if (known?.mode === mode && known.legId === legId) return unchanged(state);
  const others = state.monitors.filter((one) => one !== known);
  const entered = { operatorId, legId, mode, returnTo: known?.returnTo ?? returnTo };
  const effects: CallEffect[] =
    known === undefined ? [{ type: 'setOperatorState', operatorId, state: 'busy' }] : [];
  return change(state, { monitors: [...others, entered] }, effects);
}

export function endMonitor(state: CallState, operatorId: OperatorId): Step {
  const known = state.monitors.find((one) => one.operatorId === operatorId);
  if (known === undefined) return unchanged(state);
  const monitors = state.monitors.filter((one) => one !== known);
  return change(state, { monitors }, [
    { type: 'setOperatorState', operatorId, state: known.returnTo },
  ]);
}

/**
 * She is in the call with its operator. Those who talk on without one are not listened to, and who has the call
 * next is not whispered to unawares.
 */
export function leaveWithOperator(before: CallState, next: Step): Step {
  const { monitors, operator } = next.state;
  if (next.state === before || operator !== null || monitors.length === 0) return next;
  const freed = monitors.map(({ operatorId, returnTo }): CallEffect => {
    return { type: 'setOperatorState', operatorId, state: returnTo };
  });
  return { state: { ...next.state, monitors: [] }, effects: [...next.effects, ...freed] };
}

/** The supervisor's page was loaded anew. */
export function moveMonitor(state: CallState, operatorId: OperatorId, legId: LegId): Step {
  const known = state.monitors.find((one) => one.operatorId === operatorId);
  if (known === undefined || known.legId === legId) return unchanged(state);
  const moved = { ...known, legId };
  return change(state, { monitors: state.monitors.map((one) => (one === known ? moved : one)) });
}
