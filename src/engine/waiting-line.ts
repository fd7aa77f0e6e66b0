import type { CallActor } from './call-actor.ts';
import type { CallRegistry } from './call-registry.ts';

/**
 * Who waits for an operator, and who of them is told when one becomes free: the one that has waited longest. Not
 * a call that is looking at that moment, as each does when it arrives: it finds her without being told.
 */
export class WaitingLine {
  readonly #registry: CallRegistry;
  readonly #looking = new Set<CallActor>();
  #untold = 0;

  constructor(registry: CallRegistry) {
    this.#registry = registry;
  }

  /** How often somebody became free while all were looking: who found nobody before that looks once more. */
  get untold(): number {
    return this.#untold;
  }

  /** Within `work` the call looks for an operator. */
  async looking(actor: CallActor, work: () => Promise<void>): Promise<void> {
    this.#looking.add(actor);
    try {
      await work();
    } finally {
      this.#looking.delete(actor);
    }
  }

  somebodyIsFree(): void {
    const next = this.#registry.longestWaiting((actor) => !this.#looking.has(actor));
    if (next === undefined) this.#untold++;
    else void this.looking(next, () => next.post({ type: 'operator.became-available' }));
  }
}
