import type { MediaEvent, NumberedEvent } from '../media/index.ts';

const KEPT = 10_000;

/** Events in their order, numbered from 1, kept until the controller says it has dealt with them. */
export class EventLog {
  #events: NumberedEvent[] = [];
  #last = 0;

  get last(): number {
    return this.#last;
  }

  append(body: MediaEvent): NumberedEvent {
    const numbered = { event: ++this.#last, body };
    this.#events.push(numbered);
    // Cut in large steps: shifting 10,000 entries for every event would be quadratic.
    if (this.#events.length > 2 * KEPT) this.#events = this.#events.slice(-KEPT);
    return numbered;
  }

  acknowledge(event: number): void {
    const first = this.#events[0];
    if (first && event >= first.event) {
      this.#events = this.#events.filter((each) => each.event > event);
    }
  }

  after(event: number): readonly NumberedEvent[] {
    return this.#events.filter((each) => each.event > event).slice(-KEPT);
  }
}
