import { randomBytes } from 'node:crypto';
import { AppError, newId } from '../base/index.ts';
import type { DeliveryId, SubscriberId } from '../base/index.ts';
import { planDeliveries } from '../delivery/index.ts';
import type { MailRoute } from '../delivery/index.ts';
import type { Message, MessageFilter, MessageStore } from '../messages/index.ts';
import type { Contact } from '../subscribers/index.ts';
import { toInstant, toJson, toTimestamp } from './database.ts';
import type { Database, Queryable } from './database.ts';
import { insertDeliveries } from './delivery-store.ts';
import { toContact } from './directory.ts';
import { createDraftStore } from './draft-store.ts';
import { likePattern, searchTextOf } from './search-text.ts';
import { build, fetchRows } from './tables.ts';
import type { MessageRow } from './tables.ts';

const INSERT = `
  insert into message (
    id, receipt_number, call_id, subscriber_id, kind, fields, contact_id, caller_number, withheld,
    operator_id, operator_name, arrived_at, sent_at, search_text
  ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
  on conflict do nothing returning 1`;

export function createMessageStore(database: Database, grouped: Queryable): MessageStore {
  return {
    ...createDraftStore(database, grouped),

    send: (message) => database.transact((tx) => send(tx, message)),

    async message(id): Promise<Message | null> {
      const query = build.selectFrom('message').selectAll().where('id', '=', id);
      const [row] = await fetchRows(database, query);
      return row ? toMessage(row) : null;
    },

    list: (filter) => list(database, filter),

    async setHandled(id, handled): Promise<Message | null> {
      const [row] = await database.rows<MessageRow>({
        text: `update message set handled_at = $2, handled_by = $3, handled_by_user_id = $4
          where id = $1 returning *`,
        values: [
          id,
          toTimestamp(handled?.at ?? null),
          handled?.by ?? null,
          handled?.userId ?? null,
        ],
      });
      return row ? toMessage(row) : null;
    },
  };
}

/** The message, its deliveries and the end of its draft: all or nothing. */
async function send(
  tx: Queryable,
  message: Message,
): Promise<{ message: Message; created: boolean }> {
  const { routes, contacts } = await destinationsOf(tx, message.subscriberId);
  const contactName = contacts.find((c) => c.id === message.contactId)?.name ?? null;
  const inserted = await tx.rows({
    text: INSERT,
    values: messageValues(message, searchTextOf(message, contactName)),
  });
  if (inserted.length === 0) return { message: await firstMessage(tx, message), created: false };
  const deliveries = planDeliveries({
    message,
    routes,
    contacts,
    now: message.sentAt,
    newDeliveryId: () => newId<DeliveryId>('dlv', message.sentAt, { bytes: randomBytes }),
  });
  await insertDeliveries(tx, deliveries);
  if (message.kind === 'taken') {
    await tx.rows({
      text: `update draft set sent_message_id = $2, updated_at = $3
        where call_id = $1 and sent_message_id is null`,
      values: [message.callId, message.id, toTimestamp(message.sentAt)],
    });
  }
  return { message, created: true };
}

async function firstMessage(tx: Queryable, message: Message): Promise<Message> {
  const query = build
    .selectFrom('message')
    .selectAll()
    .where('call_id', '=', message.callId)
    .where('kind', '=', message.kind);
  const [row] = await fetchRows(tx, query);
  if (row) return toMessage(row);
  throw new AppError(
    'receipt-number-taken',
    'Another message has this receipt number; send again with a new one.',
    { retryable: true },
  );
}

async function destinationsOf(
  tx: Queryable,
  subscriberId: SubscriberId | null,
): Promise<{ routes: MailRoute[]; contacts: Contact[] }> {
  if (subscriberId === null) return { routes: [], contacts: [] };
  const routes = await fetchRows(
    tx,
    build
      .selectFrom('mail_route')
      .selectAll()
      .where('subscriber_id', '=', subscriberId)
      .orderBy('position'),
  );
  const contacts = await fetchRows(
    tx,
    build.selectFrom('contact').selectAll().where('subscriber_id', '=', subscriberId),
  );
  return {
    routes: routes.map((row) => ({
      subscriberId: row.subscriber_id,
      contactIds: row.contact_ids,
      when: row.applies,
    })),
    contacts: contacts.map(toContact),
  };
}

async function list(
  database: Database,
  filter: MessageFilter,
): Promise<{ messages: Message[]; nextCursor: string | null }> {
  let query = build
    .selectFrom('message')
    .selectAll()
    .orderBy('sent_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.subscriberId !== undefined) {
    query = query.where('subscriber_id', '=', filter.subscriberId);
  }
  if (filter.handled !== undefined) {
    query = query.where('handled_at', filter.handled ? 'is not' : 'is', null);
  }
  const pattern = likePattern(filter.search ?? '');
  if (pattern !== null) query = query.where('search_text', 'like', pattern);
  const after = filter.cursor === undefined ? null : readCursor(filter.cursor);
  if (after) {
    query = query.where((e) =>
      e(
        e.refTuple('sent_at', 'id'),
        '<',
        e.tuple(new Date(after.sentAt), after.id as Message['id']),
      ),
    );
  }
  const rows = await fetchRows(database, query);
  const page = rows.slice(0, filter.limit).map(toMessage);
  const last = page.at(-1);
  const nextCursor = rows.length > filter.limit && last ? writeCursor(last) : null;
  return { messages: page, nextCursor };
}

function writeCursor(last: Message): string {
  return Buffer.from(`${last.sentAt}:${last.id}`).toString('base64url');
}

/** A cursor that is not ours begins from the newest. */
function readCursor(cursor: string): { sentAt: number; id: string } | null {
  const match = /^(\d{1,15}):(\w{1,60})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  return match?.[1] && match[2] ? { sentAt: Number(match[1]), id: match[2] } : null;
}

function messageValues(message: Message, searchText: string): unknown[] {
  return [
    message.id,
    message.receiptNumber,
    message.callId,
    message.subscriberId,
    message.kind,
    toJson(message.fields),
    message.contactId,
    message.callerNumber,
    message.withheld,
    message.operatorId,
    message.operatorName,
    toTimestamp(message.arrivedAt),
    toTimestamp(message.sentAt),
    searchText,
  ];
}

function toMessage(row: MessageRow): Message {
  return {
    id: row.id,
    receiptNumber: row.receipt_number,
    callId: row.call_id,
    subscriberId: row.subscriber_id,
    kind: row.kind,
    fields: row.fields,
    contactId: row.contact_id,
    callerNumber: row.caller_number,
    withheld: row.withheld,
    operatorId: row.operator_id,
    operatorName: row.operator_name,
    arrivedAt: toInstant(row.arrived_at),
    sentAt: toInstant(row.sent_at),
    handledAt: toInstant(row.handled_at),
    handledBy: row.handled_by,
  };
}
