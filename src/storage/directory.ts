import { BlockList, isIP } from 'node:net';
import type { ContactId, E164, SubscriberId } from '../base/index.ts';
import type {
  CenterSettings,
  Contact,
  Did,
  Directory,
  Presence,
  PresenceBook,
  RelayRules,
  Subscriber,
  Trunk,
} from '../subscribers/index.ts';
import { DEFAULT_OUTBOUND_RULES } from '../subscribers/index.ts';
import { toInstant, toTimestamp } from './database.ts';
import type { Database } from './database.ts';
import { build, fetchRows } from './tables.ts';
import type { ContactRow, SubscriberRow, TrunkRow } from './tables.ts';

const DEFAULT_SETTINGS: CenterSettings = {
  name: '',
  catchAll: {
    greeting: 'お電話ありがとうございます。電話受付でございます。',
    greetingKana: 'おでんわありがとうございます。でんわうけつけでございます。',
    note: 'どの会社へのお電話か分かりません。まず、おかけになった会社名をうかがってください。',
  },
  ringNoAnswerSeconds: 15,
  maxWaitSeconds: 60,
  wrapUpSeconds: 900,
  outbound: DEFAULT_OUTBOUND_RULES,
};

type Snapshot = {
  subscribers: Map<SubscriberId, Subscriber>;
  dids: Map<E164, Did>;
  didsOf: Map<SubscriberId, Did[]>;
  contactsOf: Map<SubscriberId, Contact[]>;
  trunks: { trunk: Trunk; networks: BlockList }[];
  settings: CenterSettings;
};

/** All that is asked on an INVITE, in memory. `reload` swaps the whole at once. */
export class MemoryDirectory implements Directory, PresenceBook {
  readonly #database: Database;
  #reloading: Promise<void> = Promise.resolve();
  #snapshot: Snapshot = {
    subscribers: new Map(),
    dids: new Map(),
    didsOf: new Map(),
    contactsOf: new Map(),
    trunks: [],
    settings: DEFAULT_SETTINGS,
  };

  constructor(database: Database) {
    this.#database = database;
  }

  subscriber(id: SubscriberId): Subscriber | null {
    return this.#snapshot.subscribers.get(id) ?? null;
  }

  subscriberOf(did: E164): SubscriberId | null {
    return this.#snapshot.dids.get(did)?.subscriberId ?? null;
  }

  did(number: E164): Did | null {
    return this.#snapshot.dids.get(number) ?? null;
  }

  contactsOf(id: SubscriberId): Contact[] {
    return this.#snapshot.contactsOf.get(id) ?? [];
  }

  subscribers(): Subscriber[] {
    return [...this.#snapshot.subscribers.values()];
  }

  didsOf(id: SubscriberId): Did[] {
    return this.#snapshot.didsOf.get(id) ?? [];
  }

  trunkOf(address: string): Trunk | null {
    // An IPv4 peer on a dual-stack socket shows as ::ffff:192.0.2.1.
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = isIP(plain);
    if (family === 0) return null;
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    return this.#snapshot.trunks.find(({ networks }) => networks.check(plain, kind))?.trunk ?? null;
  }

  trunks(): Trunk[] {
    return this.#snapshot.trunks.map(({ trunk }) => trunk);
  }

  settings(): CenterSettings {
    return this.#snapshot.settings;
  }

  async setPresence(
    subscriberId: SubscriberId,
    contactId: ContactId,
    presence: Presence | null,
  ): Promise<boolean> {
    const until = presence?.until ?? null;
    const rows = await this.#database.rows<{ id: ContactId }>({
      text: `update contact set presence = $3, presence_until = $4
             where id = $2 and subscriber_id = $1 returning id`,
      values: [subscriberId, contactId, presence?.state ?? null, toTimestamp(until)],
    });
    if (rows.length === 0) return false;
    await this.reload();
    return true;
  }

  /** One after another: a slower reading must not take the place of a newer one. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.catch(() => undefined).then(() => this.#load());
    return this.#reloading;
  }

  async #load(): Promise<void> {
    this.#snapshot = await this.#database.transact(async (tx) => {
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
      const trunks = await fetchRows(tx, build.selectFrom('trunk').selectAll().orderBy('key'));
      const settings = await fetchRows(tx, build.selectFrom('center_setting').selectAll());
      const didList = dids.map((row) => ({
        number: row.number,
        subscriberId: row.subscriber_id,
        label: row.label,
      }));
      return {
        subscribers: new Map(subscribers.map((row) => [row.id, toSubscriber(row)])),
        dids: new Map(didList.map((did) => [did.number, did])),
        didsOf: Map.groupBy(didList, (did) => did.subscriberId),
        contactsOf: Map.groupBy(contacts.map(toContact), (contact) => contact.subscriberId),
        trunks: trunks.map((row) => ({ trunk: toTrunk(row), networks: networksOf(row.addresses) })),
        settings: toSettings(settings),
      };
    }, 'begin isolation level repeatable read read only');
  }
}

/** The settings stored, over the defaults. */
export function toSettings(rows: { key: string; value: unknown }[]): CenterSettings {
  const stored = Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  return { ...DEFAULT_SETTINGS, ...stored };
}

function networksOf(addresses: string[]): BlockList {
  const list = new BlockList();
  for (const address of addresses) {
    const [network = '', prefix] = address.split('/');
    const family = isIP(network);
    if (family === 0) continue;
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
    if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) continue;
    list.addSubnet(network, bits, kind);
  }
  return list;
}

function toSubscriber(row: SubscriberRow): Subscriber {
  return {
    id: row.id,
    key: row.key,
    name: row.name,
    kana: row.kana,
    greeting: row.greeting,
    greetingKana: row.greeting_kana,
    note: row.note,
    timeZone: row.time_zone,
    relay: toRelayRules(row),
  };
}

export function toRelayRules(
  row: Pick<SubscriberRow, 'record_relayed' | 'blind_transfer' | 'after_relay'>,
): RelayRules {
  return {
    recordRelayed: row.record_relayed,
    blindTransfer: row.blind_transfer,
    afterRelay: row.after_relay,
  };
}

export function toContact(row: ContactRow): Contact {
  return {
    id: row.id,
    subscriberId: row.subscriber_id,
    key: row.key,
    name: row.name,
    kana: row.kana,
    title: row.title,
    phone: row.phone,
    email: row.email,
    presence:
      row.presence === null ? null : { state: row.presence, until: toInstant(row.presence_until) },
  };
}

function toTrunk(row: TrunkRow): Trunk {
  return {
    id: row.id,
    key: row.key,
    name: row.name,
    addresses: row.addresses,
    mediaNetworks: row.media_networks,
    dialedNumberFrom: row.dialed_number_from,
    trustAssertedIdentity: row.trust_asserted_identity,
    register: row.register,
    outbound: row.outbound,
    probeSeconds: row.probe_seconds,
    maxCalls: row.max_calls,
  };
}
