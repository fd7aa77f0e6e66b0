import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { Compilable, Generated } from 'kysely';
import type { MailRoute } from '../delivery/index.ts';
import type { Message } from '../messages/index.ts';
import type { CallId, ContactId, E164, MessageId, OperatorId } from '../base/index.ts';
import type { SubscriberId, TrunkId, UserId } from '../base/index.ts';
import type { PresenceState, Trunk } from '../subscribers/index.ts';
import type { Queryable } from './database.ts';

export type MessageRow = {
  id: MessageId;
  receipt_number: string;
  call_id: CallId;
  subscriber_id: SubscriberId | null;
  kind: Message['kind'];
  fields: Message['fields'];
  contact_id: ContactId | null;
  caller_number: string | null;
  withheld: Message['withheld'];
  operator_id: OperatorId | null;
  operator_name: string | null;
  arrived_at: Date;
  sent_at: Date;
  handled_at: Date | null;
  handled_by: string | null;
  handled_by_user_id: UserId | null;
  search_text: string;
};

export type TrunkRow = {
  id: TrunkId;
  key: string;
  name: string;
  addresses: string[];
  media_networks: string[];
  dialed_number_from: Trunk['dialedNumberFrom'];
  trust_asserted_identity: boolean;
  register: Trunk['register'];
  outbound: Trunk['outbound'];
  probe_seconds: number | null;
  max_calls: number | null;
};

export type SubscriberRow = {
  id: SubscriberId;
  key: string;
  name: string;
  kana: string;
  greeting: string;
  greeting_kana: string;
  note: string;
  time_zone: string;
  record_relayed: boolean;
  blind_transfer: boolean;
  after_relay: 'wrap-up' | 'available';
};

export type DidRow = {
  number: E164;
  subscriber_id: SubscriberId;
  label: string;
  position: number;
};

export type ContactRow = {
  id: ContactId;
  subscriber_id: SubscriberId;
  key: string;
  name: string;
  kana: string;
  title: string;
  phone: E164 | null;
  email: string | null;
  position: number;
  presence: PresenceState | null;
  presence_until: Date | null;
};

export type MailRouteRow = {
  subscriber_id: SubscriberId;
  position: number;
  contact_ids: ContactId[];
  applies: MailRoute['when'];
};

/** The tables that are asked with Kysely; statements of fixed shape are plain SQL in their file. */
type Tables = {
  center_setting: { key: string; value: unknown };
  trunk: TrunkRow;
  subscriber: SubscriberRow;
  did: DidRow;
  contact: ContactRow;
  mail_route: MailRouteRow;
  message: MessageRow;
  audit_entry: {
    id: Generated<number>;
    at: string;
    actor_id: string | null;
    actor_name: string;
    action: string;
    subject_type: string;
    subject_id: string | null;
    detail: string;
  };
};

/** Writes SQL and never runs it: everything goes through `Database`, which knows the errors. */
export const build: Kysely<Tables> = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** Runs a query that was built. */
export async function fetchRows<R>(database: Queryable, query: Compilable<R>): Promise<R[]> {
  const { sql, parameters } = query.compile();
  return database.rows<R>({ text: sql, values: [...parameters] });
}
