import type { CallId, LegId } from '../base/index.ts';
import type { CallActor } from './call-actor.ts';

/** The calls this process works on, found by id, leg and SIP Call-ID. */
export class CallRegistry {
  readonly #calls = new Map<CallId, CallActor>();
  readonly #byLeg = new Map<LegId, CallActor>();
  /** Calls another process let ring, by the INVITE that the caller may repeat to us. */
  readonly #adopted = new Map<string, CallActor>();

  add(actor: CallActor): void {
    this.#calls.set(actor.state.id, actor);
    for (const leg of actor.legs) this.#byLeg.set(leg.id, actor);
  }

  expectInvite(inviteKey: string, actor: CallActor): void {
    this.#adopted.set(inviteKey, actor);
  }

  byInvite(inviteKey: string): CallActor | undefined {
    return this.#adopted.get(inviteKey);
  }

  addLeg(leg: LegId, actor: CallActor): void {
    this.#byLeg.set(leg, actor);
  }

  remove(actor: CallActor): void {
    this.#calls.delete(actor.state.id);
    for (const [leg, owner] of this.#byLeg) {
      if (owner === actor) this.#byLeg.delete(leg);
    }
    for (const [key, owner] of this.#adopted) {
      if (owner === actor) this.#adopted.delete(key);
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
