import type { Logger } from './base/index.ts';
import type { Config } from './config/index.ts';
import type { MessageEvent } from './messages/index.ts';
import type { Storage } from './storage/index.ts';
import type { EventBus } from './app-event-bus.ts';

export type Delivery = { start(): void; wake(): void; stop(): Promise<void> };

/** The outbox at work. */
export function buildDelivery(_options: {
  config: Config;
  storage: Storage;
  log: Logger;
  messageEvents: EventBus<MessageEvent>;
}): Delivery {
  return { start: () => undefined, wake: () => undefined, stop: () => Promise.resolve() };
}
