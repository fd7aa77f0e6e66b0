import type { CallId } from '../base/index.ts';
import type { CallState, FloorEvents } from '../calls/index.ts';

/**
 * Says that a call is not recorded, and that it is again: to its operator, and to whoever becomes that while it
 * lasts. Without one it is nobody's at a desk.
 */
export class RecordingNotices {
  readonly #events: FloorEvents;
  readonly #failing = new Set<CallId>();

  constructor(events: FloorEvents) {
    this.#events = events;
  }

  say(state: CallState, code: 'recording-failed' | 'recording-again'): void {
    if (code === 'recording-failed') this.#failing.add(state.id);
    else this.#failing.delete(state.id);
    this.#publish(state, code);
  }

  onTransition(before: CallState, state: CallState): void {
    if (!this.#failing.has(state.id) || state.operator === null) return;
    if (state.operator.operatorId === before.operator?.operatorId) return;
    this.#publish(state, 'recording-failed');
  }

  forget(callId: CallId): void {
    this.#failing.delete(callId);
  }

  #publish({ id, operator }: CallState, code: 'recording-failed' | 'recording-again'): void {
    const operatorId = operator?.operatorId ?? null;
    this.#events.publish({ type: 'notice', operatorId, callId: id, code });
  }
}
