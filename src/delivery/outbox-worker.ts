import { sleep, toError } from '../base/index.ts';
import type { Clock, Logger, Random, Timer } from '../base/index.ts';
import { nextStep } from './back-off.ts';
import type { MailChannel } from './mail.ts';
import type { ComposeMail } from './mail-composer.ts';
import { faultText } from './fault.ts';
import type { Delivery, DeliveryStore, Outcome } from './ports.ts';

export type OutboxWorkerOptions = {
  store: DeliveryStore;
  compose: ComposeMail;
  channel: MailChannel;
  clock: Clock;
  random: Random;
  log: Logger;
  /** After a delivery's state was stored: screens want to know. */
  onChanged?: (delivery: Delivery) => void;
  concurrency?: number;
};

/** How long a worker may hold a delivery before another takes it for dead. */
const LEASE_MS = 60_000;
/** The whole of one attempt, safely within the lease. */
const SEND_TIMEOUT_MS = 50_000;
/** Looks at least this often, whatever the timers say. */
const LONGEST_SLEEP_MS = 60_000;
/** What is due may be in another worker's hand: no spinning on it. */
const SHORTEST_SLEEP_MS = 50;
/** After the database failed. */
const FAILURE_SLEEP_MS = 2_000;
const DEFAULT_CONCURRENCY = 8;

/**
 * Carries the outbox out of the house. A delivery is claimed and the claim committed before the
 * channel is called; what came of it is stored before anything else happens to it. A worker that
 * dies in between leaves `sending` behind, which its lease turns into `uncertain`: sent again,
 * marked as a possible duplicate.
 */
export class OutboxWorker {
  readonly #options: OutboxWorkerOptions;
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();
  #round: Promise<void> | null = null;
  #again = false;
  #timer: Timer | null = null;
  #started = false;

  constructor(options: OutboxWorkerOptions) {
    this.#options = options;
    this.#log = options.log.child({ module: 'delivery' });
  }

  start(): void {
    this.#started = true;
    this.nudge();
  }

  /** Something may be due now. Cheap; call it after every message. */
  nudge(): void {
    if (!this.#started) return;
    if (this.#round) {
      this.#again = true;
      return;
    }
    this.#timer?.cancel();
    this.#timer = null;
    this.#round = this.#work().finally(() => {
      this.#round = null;
      if (this.#again) this.nudge();
    });
  }

  /** No new sends; resolves when those under way have been recorded. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#timer?.cancel();
    this.#timer = null;
    await this.drain();
  }

  /** Resolves when nothing is being sent and what was due has been taken up. */
  async drain(): Promise<void> {
    for (;;) {
      const pending = [...this.#running, ...(this.#round ? [this.#round] : [])];
      if (pending.length === 0) return;
      await Promise.all(pending);
    }
  }

  async #work(): Promise<void> {
    this.#again = false;
    const { store, clock, concurrency = DEFAULT_CONCURRENCY } = this.#options;
    try {
      const now = clock.now();
      const expired = await store.expireLeases(now);
      if (expired.length > 0) {
        this.#log.warn({ deliveries: expired }, 'deliveries were left in the middle of sending');
      }
      const limit = concurrency - this.#running.size;
      const claimed = limit > 0 ? await store.claim({ now, leaseMs: LEASE_MS, limit }) : [];
      for (const delivery of claimed) this.#launch(delivery);
      // With a full hand the next free place looks again.
      this.#sleepUntil(claimed.length < limit ? await store.nextDueAt() : null);
    } catch (thrown) {
      this.#log.warn({ reason: toError(thrown).message }, 'the outbox cannot be read');
      this.#sleepUntil(clock.now() + FAILURE_SLEEP_MS);
    }
  }

  #sleepUntil(dueAt: number | null): void {
    if (!this.#started) return;
    const { clock } = this.#options;
    const untilDue = (dueAt ?? Infinity) - clock.now();
    const delayMs = Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, untilDue));
    this.#timer?.cancel();
    this.#timer = clock.setTimer(delayMs, () => this.nudge());
  }

  #launch(delivery: Delivery): void {
    const run = this.#deliver(delivery)
      .catch((thrown: unknown) => {
        const reason = toError(thrown).message;
        this.#log.error({ deliveryId: delivery.id, reason }, 'a delivery could not be recorded');
      })
      .finally(() => {
        this.#running.delete(run);
        this.nudge();
      });
    this.#running.add(run);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { clock, random, onChanged } = this.#options;
    const startedAt = clock.now();
    const outcome = await this.#attempt(delivery);
    const endedAt = clock.now();
    const chance = (random.bytes(1)[0] ?? 0) / 255;
    const next = nextStep(delivery, outcome, { now: endedAt, chance });
    this.#log.info(
      {
        deliveryId: delivery.id,
        attempt: delivery.attempts,
        outcome: outcome.type,
        to: next.state,
      },
      'delivery attempted',
    );
    await this.#record(delivery, () =>
      this.#options.store.settle(delivery.id, { startedAt, endedAt, outcome }, next),
    );
    onChanged?.({ ...delivery, ...next });
  }

  async #attempt(delivery: Delivery): Promise<Outcome> {
    const { compose, channel, clock } = this.#options;
    const abort = new AbortController();
    const timer = clock.setTimer(SEND_TIMEOUT_MS, () => abort.abort(new Error('took too long')));
    try {
      const mail = await compose(delivery);
      if (!mail) return { type: 'reject.message', reason: faultText('no-message') };
      return await channel.send(mail, abort.signal);
    } catch (thrown) {
      return { type: 'retry', reason: faultText('other', toError(thrown).message) };
    } finally {
      timer.cancel();
    }
  }

  /** The database may be away for a moment; within the lease the outcome must not be forgotten. */
  async #record(delivery: Delivery, write: () => Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const giveUpAt = clock.now() + LEASE_MS;
    for (;;) {
      try {
        await write();
        return;
      } catch (thrown) {
        if (!this.#started || clock.now() >= giveUpAt) throw thrown;
        const reason = toError(thrown).message;
        this.#log.warn({ deliveryId: delivery.id, reason }, 'an outcome is not recorded yet');
        await sleep(clock, FAILURE_SLEEP_MS);
      }
    }
  }
}
