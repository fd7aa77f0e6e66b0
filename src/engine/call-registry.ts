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
    for (const { id } of actor.legs) {
      if (this.#byLeg.get(id) === actor) this.#byLeg.delete(id);
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

  /** Those that are not over yet. */
  speaking(): CallActor[] {
    return this.all().filter(({ state }) => state.termination === null);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Of those calls that wait for an operator the one that has waited longest. */
  longestWaiting(isMeant: (actor: CallActor) => boolean): CallActor | undefined {
    let longest: CallActor | undefined;
    for (const actor of this.#calls.values()) {
      const { phase, arrivedAt } = actor.state;
      if (phase !== 'waiting' || !isMeant(actor)) continue;
      if (longest === undefined || arrivedAt < longest.state.arrivedAt) longest = actor;
    }
    return longest;
  }
}
