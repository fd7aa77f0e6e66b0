import type { ContactId, DeliveryId, MessageId, SubscriberId } from '../base/index.ts';
import { faultText } from '../delivery/index.ts';
import { DELIVERY_LIFE_MS } from '../delivery/index.ts';
import type { Delivery, DeliveryState, DeliveryStore, Outcome } from '../delivery/index.ts';
import { toInstant, toJson, toTimestamp } from './database.ts';
import type { Database, Queryable } from './database.ts';

type DeliveryRow = {
  id: DeliveryId;
  message_id: MessageId;
  subscriber_id: SubscriberId | null;
  contact_id: ContactId | null;
  channel: 'mail';
  destination_name: string;
  destination_address: string;
  state: DeliveryState;
  attempts: number;
  next_attempt_at: Date | null;
  deadline_at: Date;
  accepted_at: Date | null;
  possible_duplicate: boolean;
  last_error: string | null;
  created_at: Date;
};

const COLUMNS = `id, message_id, subscriber_id, contact_id, channel, destination_name,
  destination_address, state, attempts, next_attempt_at, deadline_at, accepted_at,
  possible_duplicate, last_error, created_at`;

/** Oldest first; rows another worker is taking are left to it. */
const CLAIM = `
  update delivery set state = 'sending', attempts = attempts + 1, next_attempt_at = null,
    lease_until = $2
  where id in (
    select id from delivery
    where state in ('queued', 'retrying', 'uncertain') and next_attempt_at <= $1
    order by next_attempt_at, id limit $3
    for update skip locked
  )
  returning ${COLUMNS}`;

/** What was once accepted stays accepted, whatever a late attempt says. */
const SETTLE = `
  with attempt as (
    insert into delivery_attempt (delivery_id, started_at, ended_at, outcome, detail)
    values ($1, $2, $3, $4, $5)
  )
  update delivery set
    state = $6, next_attempt_at = $7, lease_until = null,
    possible_duplicate = possible_duplicate or $8, last_error = $9,
    accepted_at = case when $6 = 'accepted' then $3::timestamptz else accepted_at end,
    provider_id = coalesce($10, provider_id)
  where id = $1 and state <> 'accepted'`;

const EXPIRE = `
  with expired as (
    update delivery set state = 'uncertain', next_attempt_at = $1, lease_until = null,
      possible_duplicate = true, last_error = $2
    where id in (
      select id from delivery where state = 'sending' and lease_until <= $1
      for update skip locked
    )
    returning id
  ),
  attempts as (
    insert into delivery_attempt (delivery_id, started_at, ended_at, outcome, detail)
    select id, $1, $1, 'uncertain', $2 from expired
  )
  select id from expired`;

const LEASE_EXPIRED = faultText('interrupted');

export function createDeliveryStore(database: Database): DeliveryStore {
  return { ...createOutbox(database), ...createOverview(database) };
}

type Outbox = Pick<DeliveryStore, 'claim' | 'settle' | 'expireLeases' | 'nextDueAt'>;

/** What the worker does. */
function createOutbox(database: Database): Outbox {
  return {
    async claim({ now, leaseMs, limit }): Promise<Delivery[]> {
      const rows = await database.rows<DeliveryRow>({
        name: 'delivery-claim',
        text: CLAIM,
        values: [toTimestamp(now), toTimestamp(now + leaseMs), limit],
      });
      return rows.map(toDelivery);
    },

    async settle(id, attempt, next): Promise<void> {
      const { outcome } = attempt;
      await database.rows({
        name: 'delivery-settle',
        text: SETTLE,
        values: [
          id,
          toTimestamp(attempt.startedAt),
          toTimestamp(attempt.endedAt),
          outcome.type,
          detailOf(outcome),
          next.state,
          toTimestamp(next.nextAttemptAt),
          next.possibleDuplicate,
          next.lastError,
          outcome.type === 'accepted' ? outcome.providerId : null,
        ],
      });
    },

    async expireLeases(now): Promise<DeliveryId[]> {
      const rows = await database.rows<{ id: DeliveryId }>({
        name: 'delivery-expire',
        text: EXPIRE,
        values: [toTimestamp(now), LEASE_EXPIRED],
      });
      return rows.map((row) => row.id);
    },

    async nextDueAt(): Promise<number | null> {
      const [row] = await database.rows<{ due: Date | null }>({
        name: 'delivery-next',
        text: `select least(
          (select min(next_attempt_at) from delivery
           where state in ('queued', 'retrying', 'uncertain')),
          (select min(lease_until) from delivery where state = 'sending')) as due`,
      });
      return toInstant(row?.due ?? null);
    },
  };
}

/** What people see and ask for. */
function createOverview(database: Database): Omit<DeliveryStore, keyof Outbox> {
  const find = async (id: DeliveryId): Promise<Delivery | null> => {
    const [row] = await database.rows<DeliveryRow>({
      text: `select ${COLUMNS} from delivery where id = $1`,
      values: [id],
    });
    return row ? toDelivery(row) : null;
  };
  return {
    async ofMessages(ids): Promise<Delivery[]> {
      if (ids.length === 0) return [];
      const rows = await database.rows<DeliveryRow>({
        name: 'delivery-of-messages',
        text: `select ${COLUMNS} from delivery where message_id = any($1::text[])
          order by created_at, id`,
        values: [ids],
      });
      return rows.map(toDelivery);
    },

    delivery: find,

    /** One that is being sent at this moment, or that has no address, stays as it is. */
    async requeue(id, now): Promise<Delivery | null> {
      const [row] = await database.rows<DeliveryRow>({
        text: `update delivery set state = 'queued', next_attempt_at = $2, deadline_at = $3,
            possible_duplicate = possible_duplicate or state in ('accepted', 'uncertain')
          where id = $1 and state <> 'sending' and destination_address <> ''
          returning ${COLUMNS}`,
        values: [id, toTimestamp(now), toTimestamp(now + DELIVERY_LIFE_MS)],
      });
      return row ? toDelivery(row) : find(id);
    },

    async undeliveredCount(): Promise<number> {
      const [row] = await database.rows<{ count: number }>({
        text: `select count(*) as count from delivery d join message m on m.id = d.message_id
          where d.state = 'failed' and m.handled_at is null`,
      });
      return row?.count ?? 0;
    },
  };
}

/** The outbox rows of a message, inside its own transaction. */
export async function insertDeliveries(tx: Queryable, deliveries: Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  await tx.rows({
    text: `insert into delivery (${COLUMNS})
      select ${COLUMNS} from json_populate_recordset(null::delivery, $1)`,
    values: [toJson(deliveries.map(toRow))],
  });
}

function toRow(delivery: Delivery): Record<keyof DeliveryRow, unknown> {
  return {
    id: delivery.id,
    message_id: delivery.messageId,
    subscriber_id: delivery.subscriberId,
    contact_id: delivery.contactId,
    channel: delivery.channel,
    destination_name: delivery.destination.name,
    destination_address: delivery.destination.address,
    state: delivery.state,
    attempts: delivery.attempts,
    next_attempt_at: toTimestamp(delivery.nextAttemptAt),
    deadline_at: toTimestamp(delivery.deadlineAt),
    accepted_at: toTimestamp(delivery.acceptedAt),
    possible_duplicate: delivery.possibleDuplicate,
    last_error: delivery.lastError,
    created_at: toTimestamp(delivery.createdAt),
  };
}

function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    messageId: row.message_id,
    subscriberId: row.subscriber_id,
    contactId: row.contact_id,
    channel: row.channel,
    destination: { name: row.destination_name, address: row.destination_address },
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: toInstant(row.next_attempt_at),
    deadlineAt: toInstant(row.deadline_at),
    acceptedAt: toInstant(row.accepted_at),
    possibleDuplicate: row.possible_duplicate,
    lastError: row.last_error,
    createdAt: toInstant(row.created_at),
  };
}

function detailOf(outcome: Outcome): string | null {
  return outcome.type === 'accepted' ? outcome.providerId : outcome.reason;
}
