import { toError } from './base/index.ts';
import type { Logger } from './base/index.ts';

/** One process's own announcements: every listener hears every event, a failing one harms no other. */
export class EventBus<Event> {
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  publish(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (thrown) {
        this.#log.error({ err: toError(thrown) }, 'a listener failed');
      }
    }
  }

  subscribe(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
