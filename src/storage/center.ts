import { createHash, randomBytes } from 'node:crypto';
import { AppError, asId, newId } from '../base/index.ts';
import type { Clock, ContactId, E164, OperatorId, SubscriberId, TrunkId } from '../base/index.ts';
import { SIP_REALM } from '../engine/index.ts';
import type { Directory } from '../subscribers/index.ts';
import { checkCenter } from './center-check.ts';
import type { ParseNumber } from './center-check.ts';
import { exportCenter } from './center-export.ts';
import type {
  ApplyOutcome,
  CenterSpec,
  OperatorSpec,
  SubscriberSpec,
  TrunkSpec,
} from './center-spec.ts';
import { trunkColumns } from './center-trunk.ts';
import { isUniqueViolation, toJson, toTimestamp } from './database.ts';
import type { Database, Queryable } from './database.ts';
import type { SecretBox } from './secret-box.ts';

/** The office as a file declares it. */
export type Center = {
  /** All of it or nothing; afterwards the directory knows. What the file does not name stays. */
  apply(spec: CenterSpec): Promise<ApplyOutcome>;
  /** The same form, without accounts and passwords. */
  export(): Promise<CenterSpec>;
};

export type CenterOptions = {
  clock: Clock;
  directory: Directory;
  parseNumber: ParseNumber;
  /** Seals the passwords of our accounts at carriers. */
  secrets: SecretBox;
};

/** Two applies at once would read each other's half. */
const LOCK_KEY = 7_303_015;

export function createCenter(database: Database, options: CenterOptions): Center {
  return {
    async apply(spec): Promise<ApplyOutcome> {
      const issues = checkCenter(spec, options.parseNumber);
      if (issues.length > 0) return { ok: false, issues };
      const outcome = await database.transact(async (tx) => {
        await tx.rows({ text: `select pg_advisory_xact_lock(${LOCK_KEY})` });
        return new Application(tx, options).run(spec);
      });
      await options.directory.reload();
      return outcome;
    },

    export: () =>
      database.transact(exportCenter, 'begin isolation level repeatable read read only'),
  };
}

/** One run of `apply`, inside its transaction. */
class Application {
  readonly #tx: Queryable;
  readonly #options: CenterOptions;
  readonly #created: string[] = [];
  readonly #changed: string[] = [];
  readonly #warnings: string[] = [];
  #unchanged = 0;

  constructor(tx: Queryable, options: CenterOptions) {
    this.#tx = tx;
    this.#options = options;
  }

  async run(spec: CenterSpec): Promise<ApplyOutcome> {
    await this.#settings(spec);
    await this.#trunks(spec);
    const known = await this.#idsByKey<SubscriberId>('subscriber');
    for (const subscriber of spec.subscribers) {
      const id = known.get(subscriber.id) ?? asId<SubscriberId>(this.#newId('sub'));
      await this.#subscriber(id, subscriber);
    }
    const operators = await this.#idsByKey<OperatorId>('operator');
    for (const operator of spec.operators) {
      const id = operators.get(operator.id) ?? asId<OperatorId>(this.#newId('op'));
      await this.#operator(id, operator, operators.has(operator.id));
    }
    const result = {
      created: this.#created,
      changed: this.#changed,
      unchanged: this.#unchanged,
      warnings: this.#warnings,
    };
    return { ok: true, result };
  }

  async #settings(spec: CenterSpec): Promise<void> {
    const given = { name: spec.name || undefined, catchAll: spec.catchAll, ...spec.settings };
    for (const [key, value] of Object.entries(given)) {
      if (value === undefined) continue;
      await this.#put(
        'center_setting',
        { key, value },
        { label: `setting ${key}`, unique: ['key'] },
      );
    }
  }

  async #trunks(spec: CenterSpec): Promise<void> {
    const known = await this.#idsByKey<TrunkId>('trunk');
    for (const trunk of spec.trunks) {
      const id = known.get(trunk.id) ?? asId<TrunkId>(this.#newId('trk'));
      const columns = trunkColumns(trunk, this.#options.parseNumber);
      await this.#put('trunk', { id, key: trunk.id, ...columns }, { label: `trunk ${trunk.id}` });
      await this.#trunkSecret(id, trunk);
    }
  }

  /** Sealed anew only when it differs: applying a file twice changes nothing. */
  async #trunkSecret(id: TrunkId, { id: key, register }: TrunkSpec): Promise<void> {
    const { secrets } = this.#options;
    const [stored] = await this.#tx.rows<{ sealed: string }>({
      text: 'select sealed from trunk_secret where trunk_id = $1',
      values: [id],
    });
    if (register === undefined) {
      if (stored) {
        await this.#tx.rows({ text: 'delete from trunk_secret where trunk_id = $1', values: [id] });
      }
      return;
    }
    const known = stored ? secrets.open(stored.sealed, id) : null;
    if (register.password === undefined) {
      if (known === null) {
        this.#warnings.push(`trunk ${key} has no password yet: it cannot register`);
      }
      return;
    }
    if (known === register.password) {
      this.#unchanged++;
      return;
    }
    (stored ? this.#changed : this.#created).push(`password of trunk ${key}`);
    await this.#tx.rows({
      text: `insert into trunk_secret (trunk_id, sealed) values ($1, $2)
        on conflict (trunk_id) do update set sealed = excluded.sealed`,
      values: [id, secrets.seal(register.password, id)],
    });
  }

  async #subscriber(id: SubscriberId, spec: SubscriberSpec): Promise<void> {
    const row = {
      id,
      key: spec.id,
      name: spec.name,
      kana: spec.kana,
      greeting: spec.greeting,
      greeting_kana: spec.greetingKana,
      note: spec.note,
      time_zone: spec.timeZone,
      record_relayed: spec.relay.recordRelayed,
      blind_transfer: spec.relay.blindTransfer,
      after_relay: spec.relay.afterRelay,
    };
    await this.#put('subscriber', row, { label: `subscriber ${spec.id}` });
    await this.#numbers(id, spec);
    const contactIds = await this.#contacts(id, spec);
    await this.#mailRoutes(id, spec, contactIds);
  }

  async #numbers(id: SubscriberId, spec: SubscriberSpec): Promise<void> {
    for (const [position, { number, label }] of spec.numbers.entries()) {
      const row = { number: this.#number(number), subscriber_id: id, label, position };
      const [holder] = await this.#tx.rows<{ key: string }>({
        text: `select s.key from did d join subscriber s on s.id = d.subscriber_id
          where d.number = $1 and s.id <> $2`,
        values: [row.number, id],
      });
      if (holder) this.#warnings.push(`number ${number} moves from ${holder.key} to ${spec.id}`);
      await this.#put('did', row, { label: `number ${row.number}`, unique: ['number'] });
    }
  }

  async #contacts(id: SubscriberId, spec: SubscriberSpec): Promise<Map<string, ContactId>> {
    const rows = await this.#tx.rows<{ id: ContactId; key: string }>({
      text: 'select id, key from contact where subscriber_id = $1',
      values: [id],
    });
    const ids = new Map(rows.map((row) => [row.key, row.id]));
    for (const [position, contact] of spec.contacts.entries()) {
      const contactId = ids.get(contact.id) ?? asId<ContactId>(this.#newId('con'));
      ids.set(contact.id, contactId);
      const row = {
        id: contactId,
        subscriber_id: id,
        key: contact.id,
        name: contact.name,
        kana: contact.kana,
        title: contact.title,
        phone: contact.phone === null ? null : this.#number(contact.phone),
        email: contact.email,
        position,
      };
      await this.#put('contact', row, { label: `contact ${spec.id}/${contact.id}` });
    }
    return ids;
  }

  /** Routes have no names, so a subscriber's list counts as one thing. */
  async #mailRoutes(
    id: SubscriberId,
    spec: SubscriberSpec,
    contactIds: Map<string, ContactId>,
  ): Promise<void> {
    const wanted = spec.mailRoutes.map((route) => ({
      contact_ids: route.to.flatMap((key) => contactIds.get(key) ?? []),
      applies: route.when,
    }));
    const stored = await this.#tx.rows<{ contact_ids: ContactId[]; applies: string }>({
      text: 'select contact_ids, applies from mail_route where subscriber_id = $1 order by position',
      values: [id],
    });
    this.#warnAboutSilence(spec);
    if (JSON.stringify(stored) === JSON.stringify(wanted)) {
      this.#unchanged += wanted.length === 0 ? 0 : 1;
      return;
    }
    (stored.length === 0 ? this.#created : this.#changed).push(`mail routes ${spec.id}`);
    await this.#tx.rows({ text: 'delete from mail_route where subscriber_id = $1', values: [id] });
    for (const [position, route] of wanted.entries()) {
      await this.#tx.rows({
        text: `insert into mail_route (subscriber_id, position, contact_ids, applies)
          values ($1, $2, $3, $4)`,
        values: [id, position, route.contact_ids, route.applies],
      });
    }
  }

  #warnAboutSilence(spec: SubscriberSpec): void {
    const reachable = new Set(spec.contacts.flatMap((c) => (c.email === null ? [] : [c.id])));
    for (const key of new Set(spec.mailRoutes.flatMap((route) => route.to))) {
      if (!reachable.has(key)) this.#warnings.push(`contact ${spec.id}/${key} has no mail address`);
    }
    if (spec.mailRoutes.length === 0) {
      this.#warnings.push(
        `subscriber ${spec.id} has no mail route: nobody is told of its messages`,
      );
    }
  }

  async #operator(id: OperatorId, spec: OperatorSpec, known: boolean): Promise<void> {
    const { device } = spec;
    const now = toTimestamp(this.#options.clock.now());
    const startsAvailable = device.kind !== 'browser' && device.available;
    const username = device.kind === 'sip' ? (device.username ?? null) : null;
    const row = {
      id,
      key: spec.id,
      name: spec.name,
      device_kind: device.kind,
      sip_username: username,
      sip_uri: device.kind === 'sip' ? (device.uri ?? null) : null,
      sip_auto_answer: device.kind === 'sip' && device.autoAnswer === true,
      number: device.kind === 'number' ? this.#options.parseNumber(device.number) : null,
      starts_available: startsAvailable,
      state: startsAvailable ? 'available' : 'offline',
      state_since: now,
      idle_since: now,
      ring_no_answer_count: 0,
    };
    const kept = ['state', 'state_since', 'idle_since', 'ring_no_answer_count'];
    await this.#put('operator', row, { label: `operator ${spec.id}`, kept }).catch(
      (thrown: unknown) => {
        if (!isUniqueViolation(thrown)) throw thrown;
        throw new AppError(
          'center-conflict',
          `The phone name ${username ?? ''} belongs to another operator than ${spec.id}.`,
        );
      },
    );
    if (username === null) {
      await this.#tx.rows({ text: 'delete from sip_account where operator_id = $1', values: [id] });
      return;
    }
    const password = device.kind === 'sip' ? device.password : undefined;
    await this.#sipAccount(id, username, { password, label: `phone ${username}`, known });
  }

  async #sipAccount(
    operatorId: OperatorId,
    username: string,
    options: { password: string | undefined; label: string; known: boolean },
  ): Promise<void> {
    await this.#tx.rows({
      text: 'delete from sip_account where operator_id = $1 and username <> $2',
      values: [operatorId, username],
    });
    if (options.password === undefined) {
      const there = await this.#tx.rows({
        text: 'select 1 from sip_account where username = $1',
        values: [username],
      });
      if (there.length === 0) {
        this.#warnings.push(`${options.label} has no password yet: it cannot register`);
      }
      return;
    }
    const secret = `${username}:${SIP_REALM}:${options.password}`;
    const row = {
      username,
      operator_id: operatorId,
      realm: SIP_REALM,
      ha1_md5: createHash('md5').update(secret).digest('hex'),
      ha1_sha256: createHash('sha256').update(secret).digest('hex'),
    };
    await this.#put('sip_account', row, { label: options.label, unique: ['username'] });
  }

  /** Inserts, updates what differs, or finds nothing to do; and keeps count. */
  async #put(
    table: string,
    row: Record<string, unknown>,
    options: { label: string; unique?: string[]; kept?: string[] },
  ): Promise<void> {
    const unique = options.unique ?? ['id'];
    const columns = Object.keys(row);
    const open = columns.filter((c) => !unique.includes(c) && options.kept?.includes(c) !== true);
    const sets = open.map((column) => `${column} = excluded.${column}`).join(', ');
    const differ = open
      .map((column) => `${table}.${column} is distinct from excluded.${column}`)
      .join(' or ');
    const [written] = await this.#tx.rows<{ created: boolean }>({
      text: `insert into ${table} (${columns.join(', ')})
        select ${columns.join(', ')} from json_populate_record(null::${table}, $1)
        on conflict (${unique.join(', ')}) do update set ${sets} where ${differ}
        returning (xmax = 0) as created`,
      values: [toJson(row)],
    });
    if (!written) this.#unchanged++;
    else (written.created ? this.#created : this.#changed).push(options.label);
  }

  async #idsByKey<Id extends string>(
    table: 'trunk' | 'subscriber' | 'operator',
  ): Promise<Map<string, Id>> {
    const rows = await this.#tx.rows<{ id: Id; key: string }>({
      text: `select id, key from ${table}`,
    });
    return new Map(rows.map((row) => [row.key, row.id]));
  }

  /** `checkCenter` has seen to it that it is one. */
  #number(text: string): E164 {
    return this.#options.parseNumber(text) ?? asId<E164>(text);
  }

  #newId(prefix: 'sub' | 'op' | 'con' | 'trk'): string {
    return newId(prefix, this.#options.clock.now(), { bytes: randomBytes });
  }
}
