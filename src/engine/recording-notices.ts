import type { CallState, FloorEvents } from '../calls/index.ts';

/**
 * Says that a call is not recorded, and that it is again: to its operator, and to whoever becomes that while it
 * lasts. Without one it is nobody's at a desk.
 */
export class RecordingNotices {
  readonly #events: FloorEvents;

  constructor(events: FloorEvents) {
    this.#events = events;
  }

  onTransition(before: CallState, state: CallState): void {
    const [was, is] = [before.unrecorded ?? false, state.unrecorded ?? false];
    if (was !== is) this.#publish(state, is ? 'recording-failed' : 'recording-again');
    else if (is && state.operator !== null && isAnother(before, state)) {
      this.#publish(state, 'recording-failed');
    }
  }

  #publish({ id, operator }: CallState, code: 'recording-failed' | 'recording-again'): void {
    const operatorId = operator?.operatorId ?? null;
    this.#events.publish({ type: 'notice', operatorId, callId: id, code });
  }
}

function isAnother(before: CallState, { operator }: CallState): boolean {
  return before.operator?.operatorId !== operator?.operatorId;
}
