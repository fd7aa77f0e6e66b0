import type { FloorEvents } from '../calls/index.ts';
import type { CallActor } from './call-actor.ts';

/**
 * Desks are told once that nothing can be stored, by the first call or sweep that finds it so, and once that all
 * is stored again.
 */
export class StoreNotices {
  readonly #events: FloorEvents;
  readonly #unstored = new Set<CallActor | 'sweep'>();

  constructor(events: FloorEvents) {
    this.#events = events;
  }

  note(who: CallActor | 'sweep', is: 'away' | 'back'): void {
    const before = this.#unstored.size;
    if (is === 'away') this.#unstored.add(who);
    // Where one thing is stored again the sweep would find it so.
    else if (this.#unstored.delete(who)) this.#unstored.delete('sweep');
    const now = this.#unstored.size;
    if ((before === 0) === (now === 0)) return;
    const code = now > 0 ? 'not-saved' : 'saved-again';
    this.#events.publish({ type: 'notice', operatorId: null, callId: null, code });
  }

  isUnstored(actor: CallActor): boolean {
    return this.#unstored.has(actor);
  }
}
