import type { ContactId, E164, SubscriberId } from '../base/index.ts';
import type { CenterSpec, OperatorSpec, SubscriberSpec } from './center-spec.ts';
import { toTrunkSpec } from './center-trunk.ts';
import type { Queryable } from './database.ts';
import { toRelayRules, toSettings } from './directory.ts';
import { build, fetchRows } from './tables.ts';
import type { ContactRow, DidRow, MailRouteRow, SubscriberRow } from './tables.ts';

type OperatorRow = {
  key: string;
  name: string;
  device_kind: 'browser' | 'sip' | 'number';
  sip_username: string | null;
  sip_uri: string | null;
  sip_auto_answer: boolean;
  number: string | null;
  starts_available: boolean;
  email: string | null;
  role: string | null;
};

/** The office as a file that `apply` takes. Passwords and members' accounts are not in it. */
export async function exportCenter(tx: Queryable): Promise<CenterSpec> {
  const settings = toSettings(await fetchRows(tx, build.selectFrom('center_setting').selectAll()));
  const trunks = await fetchRows(tx, build.selectFrom('trunk').selectAll().orderBy('key'));
  const operators = await tx.rows<OperatorRow>({
    text: `select o.*, u.email, u.role from operator o
      left join "user" u on u."operatorId" = o.id order by o.key`,
  });
  const { ringNoAnswerSeconds, maxWaitSeconds, wrapUpSeconds, outbound } = settings;
  return {
    version: 1,
    name: settings.name,
    catchAll: settings.catchAll,
    settings: { ringNoAnswerSeconds, maxWaitSeconds, wrapUpSeconds, outbound },
    trunks: trunks.map(toTrunkSpec),
    subscribers: await subscribersOf(tx),
    operators: operators.map(toOperatorSpec),
  };
}

async function subscribersOf(tx: Queryable): Promise<SubscriberSpec[]> {
  const subscribers = await fetchRows(
    tx,
    build.selectFrom('subscriber').selectAll().orderBy('key'),
  );
  const dids = await fetchRows(
    tx,
    build.selectFrom('did').selectAll().orderBy('position').orderBy('number'),
  );
  const contacts = await fetchRows(
    tx,
    build.selectFrom('contact').selectAll().orderBy('position').orderBy('key'),
  );
  const routes = await fetchRows(
    tx,
    build.selectFrom('mail_route').selectAll().orderBy('position'),
  );
  const parts = {
    dids: Map.groupBy<SubscriberId, DidRow>(dids, (row) => row.subscriber_id),
    contacts: Map.groupBy<SubscriberId, ContactRow>(contacts, (row) => row.subscriber_id),
    routes: Map.groupBy<SubscriberId, MailRouteRow>(routes, (row) => row.subscriber_id),
    keyOf: new Map(contacts.map((row) => [row.id, row.key])),
  };
  return subscribers.map((row) => toSubscriberSpec(row, parts));
}

function toSubscriberSpec(
  row: SubscriberRow,
  parts: {
    dids: Map<SubscriberId, DidRow[]>;
    contacts: Map<SubscriberId, ContactRow[]>;
    routes: Map<SubscriberId, MailRouteRow[]>;
    keyOf: Map<ContactId, string>;
  },
): SubscriberSpec {
  const numbers = parts.dids.get(row.id) ?? [];
  return {
    id: row.key,
    name: row.name,
    kana: row.kana,
    greeting: row.greeting,
    greetingKana: row.greeting_kana,
    note: row.note,
    timeZone: row.time_zone,
    relay: toRelayRules(row),
    numbers: numbers.map(({ number, label }: { number: E164; label: string }) => ({
      number,
      label,
    })),
    contacts: (parts.contacts.get(row.id) ?? []).map(
      ({ key, name, kana, title, phone, email }) => ({
        id: key,
        name,
        kana,
        title,
        phone,
        email,
      }),
    ),
    mailRoutes: (parts.routes.get(row.id) ?? []).map((route) => ({
      to: route.contact_ids.flatMap((id) => parts.keyOf.get(id) ?? []),
      when: route.applies,
    })),
    members: [],
  };
}

function toOperatorSpec(row: OperatorRow): OperatorSpec {
  const role = row.role === 'supervisor' || row.role === 'administrator' ? row.role : 'operator';
  return {
    id: row.key,
    name: row.name,
    device: toDevice(row),
    ...(row.email !== null && { email: row.email }),
    role,
  };
}

function toDevice(row: OperatorRow): OperatorSpec['device'] {
  const { starts_available: available, number } = row;
  if (row.device_kind === 'browser') return { kind: 'browser' };
  if (number !== null) return { kind: 'number', number, available };
  return {
    kind: 'sip',
    ...(row.sip_username !== null && { username: row.sip_username }),
    ...(row.sip_uri !== null && { uri: row.sip_uri }),
    ...(row.sip_auto_answer && { autoAnswer: true }),
    available,
  };
}
