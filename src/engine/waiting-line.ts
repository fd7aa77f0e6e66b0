import type { OperatorId } from '../base/index.ts';
import type { CallActor } from './call-actor.ts';
import type { CallRegistry } from './call-registry.ts';

/**
 * Who waits for an operator, and who of them is told when one becomes free: the one that has waited longest. Not
 * a call that is looking at that moment, as each does when it arrives: it finds her without being told. And not
 * one that was offered to her and that she did not take.
 */
export class WaitingLine {
  readonly #registry: Pick<CallRegistry, 'longestWaiting'>;
  /** Calls that are looking, and what had been told to nobody when they began. */
  readonly #looking = new Map<CallActor, number>();
  #untold = 0;

  constructor(registry: Pick<CallRegistry, 'longestWaiting'>) {
    this.#registry = registry;
  }

  /** Until `foundNobody` or `looked`. */
  looks(actor: CallActor): void {
    this.#looking.set(actor, this.#untold);
  }

  /** It waits from now on. True: somebody became free meanwhile and was told to nobody; it has to look again. */
  foundNobody(actor: CallActor): boolean {
    const before = this.#looking.get(actor) ?? this.#untold;
    this.#looking.delete(actor);
    return this.#untold > before;
  }

  looked(actor: CallActor): void {
    this.#looking.delete(actor);
  }

  /** Null: somebody, nobody knows who. */
  somebodyIsFree(operatorId: OperatorId | null): void {
    const next = this.#registry.longestWaiting((actor) => this.#isToldOf(operatorId, actor));
    if (next === undefined) {
      this.#untold++;
      return;
    }
    this.looks(next);
    void next.post({ type: 'operator.became-available' }).finally(() => this.looked(next));
  }

  #isToldOf(operatorId: OperatorId | null, actor: CallActor): boolean {
    const hasTried = operatorId !== null && actor.state.triedOperators.includes(operatorId);
    return !hasTried && !this.#looking.has(actor);
  }
}
