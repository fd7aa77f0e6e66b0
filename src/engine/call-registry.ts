import type { CallId, LegId } from '../base/index.ts';
import type { CallActor } from './call-actor.ts';

/** The calls this process works on, found by id and leg. */
export class CallRegistry {
  readonly #calls = new Map<CallId, CallActor>();
  readonly #byLeg = new Map<LegId, CallActor>();

  add(actor: CallActor): void {
    this.#calls.set(actor.state.id, actor);
    for (const leg of actor.legs) this.#byLeg.set(leg.id, actor);
  }

  addLeg(leg: LegId, actor: CallActor): void {
    this.#byLeg.set(leg, actor);
  }

  remove(actor: CallActor): void {
    this.#calls.delete(actor.state.id);
    for (const [leg, owner] of this.#byLeg) {
      if (owner === actor) this.#byLeg.delete(leg);
    }
  }

  get(id: CallId): CallActor | undefined {
    return this.#calls.get(id);
  }

  byLeg(leg: LegId): CallActor | undefined {
    return this.#byLeg.get(leg);
  }

  all(): CallActor[] {
    return [...this.#calls.values()];
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Calls that wait for an operator, longest wait first. */
  waiting(): CallActor[] {
    return this.all()
      .filter(({ state }) => state.phase === 'waiting')
      .sort((a, b) => a.state.arrivedAt - b.state.arrivedAt);
  }
}
