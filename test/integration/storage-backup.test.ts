import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asId, silentLogger } from '../../src/base/index.ts';
import type { MessageId } from '../../src/base/index.ts';
import { Database } from '../../src/storage/database.ts';
import { migrate, readMigrations } from '../../src/storage/migrate.ts';
import type { Storage } from '../../src/storage/index.ts';
import { KEPT } from '../../src/storage/retention.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { T0, applyCenter, message, putCall } from '../harness/storage-records.ts';

const databases: TestDatabase[] = [];
afterEach(async () => {
  await Promise.all(databases.splice(0).map((database) => database.drop()));
});

async function fresh(): Promise<{ database: TestDatabase; storage: Storage }> {
  const database = await testDatabase();
  databases.push(database);
  return { database, storage: database.open() };
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** In small pieces, as a network gives them. */
async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function filled(): Promise<{ database: TestDatabase; storage: Storage }> {
  const made = await fresh();
  await fill(made);
  return made;
}

async function fill({ database, storage }: { database: TestDatabase; storage: Storage }) {
  const subscriberId = await applyCenter(storage);
  await database.sql(
    `insert into "user" (id, name, email) values ('usr_1', '山田', 'yamada@example.jp')`,
  );
  await database.sql(
    `insert into audit_entry (at, actor_name, action, subject_type, detail)
     select now(), name, 'user.created', 'user', '{"address":"192.0.2.1\\n"}'
     from unnest($1::text[]) with ordinality as made (name, place) order by place`,
    [Array.from({ length: 1201 }, (_, i) => `人 "${i + 1}" \\ \t`)],
  );
  await storage.messages.openDraft({
    callId: asId('call_0001'),
    subscriberId,
    operatorId: asId('op_1'),
    prefill: { body: 'line 1\nline 2 😀' },
    now: T0,
  });
  await storage.messages.send(message(1, { subscriberId }));
  await storage.messages.send(message(2, { subscriberId }));
  const [first] = await storage.deliveries.claim({ now: T0 + 9000, leaseMs: 1, limit: 1 });
  await storage.deliveries.settle(
    first!.id,
    { startedAt: T0, endedAt: T0 + 1, outcome: { type: 'accepted', providerId: 'x' } },
    { state: 'accepted', nextAttemptAt: null, possibleDuplicate: false, lastError: null },
  );
  await putCall(storage, 'call_0001', { version: 3, phase: 'ended', endedAt: T0 + 1 });
}

const TABLES = [
  'subscriber',
  'did',
  'contact',
  'mail_route',
  'operator',
  'sip_account',
  'user',
].concat(['message', 'draft', 'audit_entry', 'delivery_attempt', 'call', 'center_setting']);

async function contents(database: TestDatabase): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  for (const table of TABLES) {
    all[table] = await database.sql(`select * from "${table}" t order by t::text`);
  }
  return all;
}

describe('backup and restore', () => {
  /** A filled database that is only read, and its backup. */
  let source: TestDatabase;
  let backup: Buffer;
  beforeAll(async () => {
    source = await testDatabase();
    const storage = source.open();
    await fill({ database: source, storage });
    backup = await bytesOf(storage.backup.take());
  });
  afterAll(() => source.drop());

  it('brings everything back, reports that may have gone out since as possible duplicates', async () => {
    const { database, storage } = await fresh();
    const result = await storage.backup.restore(pieces(backup), { replace: false });
    expect(result.rows).toBeGreaterThan(1200);
    expect(await contents(database)).toEqual(await contents(source));
    expect(storage.directory.subscribers()).toHaveLength(1);
    // The counters go on behind the restored rows.
    await storage.audit.append({
      at: T0,
      actorId: null,
      actorName: 'x',
      action: 'backup.restored',
      subjectType: 'backup',
      subjectId: null,
      detail: {},
    });
    const ids = ['msg_0001', 'msg_0002'].map((id) => asId<MessageId>(id));
    const deliveries = await storage.deliveries.ofMessages(ids);
    expect(deliveries.map((d) => [d.state, d.possibleDuplicate]).sort()).toEqual([
      ['accepted', false],
      ['uncertain', true],
    ]);
  });

  it('refuses a database in use unless it may replace it', async () => {
    const { database, storage } = await fresh();
    for (const number of [1, 2, 3]) await storage.messages.send(message(number));
    const restore = (replace: boolean): Promise<unknown> =>
      storage.backup.restore(pieces(backup), { replace });
    await expect(restore(false)).rejects.toMatchObject({ code: 'restore-not-empty' });
    expect(await database.sql('select id from message')).toHaveLength(3);
    await restore(true);
    expect(await database.sql('select id from message')).toHaveLength(2);
  });

  it('changes nothing when the file is cut, altered or not a backup', async () => {
    const plain = gunzipSync(backup).toString();
    const lines = plain.split('\n');
    const flipped = Buffer.from(backup);
    flipped[Math.floor(flipped.length / 2)]! ^= 1;
    const faults: Record<string, Uint8Array> = {
      empty: Buffer.alloc(0),
      'cut gzip': backup.subarray(0, backup.length - 40),
      flipped,
      text: Buffer.from('hello'),
      'gzip of text': gzipSync('hello\n'),
      'no manifest': gzipSync(`${lines.slice(0, -2).join('\n')}\n`),
      'a word changed': gzipSync(plain.replace('髙島商事', '高島商事')),
      'a row gone': gzipSync(lines.filter((l) => !l.includes('"msg_0002"')).join('\n')),
      'a table gone': gzipSync(plain.replace(/#\{"table":"trunk"[^]*?#\{"end":"trunk".*\n/, '')),
      'no line end': gzipSync(plain.slice(0, -1)),
      'a foreign table': gzipSync(plain.replace('#{"table":"trunk"', '#{"table":"pg_authid"')),
    };
    const other = await fresh();
    await other.storage.messages.send(message(9));
    const before = await contents(other.database);
    for (const [name, bytes] of Object.entries(faults)) {
      const refused = other.storage.backup.restore(pieces(bytes), { replace: true });
      await expect(refused, name).rejects.toMatchObject({ code: 'restore-damaged' });
    }
    expect(await contents(other.database)).toEqual(before);
  });

  it('refuses a backup of a newer schema', async () => {
    const { storage } = await fresh();
    const plain = gunzipSync(backup).toString();
    const newer = gzipSync(plain.replace(/"schema":\d+/, '"schema":999'));
    await expect(storage.backup.restore(pieces(newer), { replace: false })).rejects.toMatchObject({
      code: 'restore-newer',
    });
  });

  it('brings a backup of an older schema forward, as an upgrade would have', async () => {
    const old = await testDatabase({ empty: true });
    databases.push(old);
    const pool = new Database(old.address, { log: silentLogger, maxConnections: 1 });
    await migrate(pool, silentLogger, (await readMigrations()).slice(0, 6));
    await pool.close();
    await old.sql(
      `insert into call (id, state, legs, pending_effects, owner)
       values ('call_1', $1, '[{"id":"leg_1"}]', '[]', 'b')`,
      [JSON.stringify({ version: 2, phase: 'reconnecting', arrivedAt: T0, operator: {} })],
    );
    await old.sql(
      `insert into audit_entry (at, actor_name, action, subject_type, detail)
       values (now(), '山田', 'user.created', 'user', '{}')`,
    );
    const older = await bytesOf(old.open().backup.take());
    const { database, storage } = await fresh();
    await storage.backup.restore(pieces(older), { replace: false });
    const [call] = await storage.calls.openCalls();
    expect(call).toMatchObject({
      state: { phase: 'talking', operator: { audio: 'lost' }, contacts: [] },
      legs: [{ id: 'leg_1' }],
    });
    expect(
      await database.sql('select version, phase, arrived_at, ended_at, is_open from call'),
    ).toEqual([
      { version: 2, phase: 'talking', arrived_at: new Date(T0), ended_at: null, is_open: true },
    ]);
    const names = await database.sql<{ id: number }>('select id from audit_entry');
    const next = await database.sql<{ id: number }>(
      `insert into audit_entry (at, actor_name, action, subject_type, detail)
       values (now(), '山田', 'user.created', 'user', '{}') returning id`,
    );
    expect(next).not.toEqual(names);
    expect(
      await database.sql(`select from pg_namespace where nspname = 'denwaban_restore'`),
    ).toEqual([]);
  });

  it('shows one instant although the office works on', async () => {
    const { storage } = await filled();
    const stream = storage.backup.take()[Symbol.asyncIterator]();
    const first = await stream.next();
    await storage.messages.send(message(4));
    const rest: Uint8Array[] = [first.value as Uint8Array];
    for (let next = await stream.next(); !next.done; next = await stream.next()) {
      rest.push(next.value);
    }
    const other = await fresh();
    await other.storage.backup.restore(pieces(Buffer.concat(rest)), { replace: false });
    const ids = await other.database.sql('select id from message order by id');
    expect(ids).toEqual([{ id: 'msg_0001' }, { id: 'msg_0002' }]);
  });

  it('gives its connection back when the reader goes away', async () => {
    const storage = source.open();
    for (let i = 0; i < 20; i++) {
      for await (const chunk of storage.backup.take()) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    }
    expect(await storage.health()).toMatchObject({ ready: true });
  });
});

describe('tidying', () => {
  it('keeps what is young and removes what has outlived its use', async () => {
    const { database, storage } = await fresh();
    await database.sql(
      `insert into mailbox_mail select 'm' || i, '', '', '', '', '', '', to_timestamp(i)
       from generate_series(1, ${KEPT.mailboxMails + 5}) i`,
    );
    for (const [id, days] of [
      ['old', KEPT.transitionDays + 1],
      ['new', 1],
    ] as const) {
      const endedAt = Date.now() - days * 864e5;
      await putCall(storage, id, { phase: 'ended', endedAt });
      await database.sql(`insert into call_leg values ($1, 0, '{}')`, [id]);
    }
    for (const days of [KEPT.auditDays + 1, 1]) {
      await database.sql(
        `insert into recording_listen (recording_id, user_name, at)
         values ('gone', 'x', now() - $1::integer * interval '1 day')`,
        [days],
      );
    }
    const removed = await storage.tidy();
    expect(removed).toMatchObject({
      mailbox_mail: 5,
      call_transition: 1,
      call_leg: 1,
      draft: 0,
      recording_listen: 1,
      api_token: 0,
    });
    expect(await database.sql('select call_id from call_transition')).toEqual([{ call_id: 'new' }]);
    const [oldest] = await database.sql('select min(received_at) as at from mailbox_mail');
    expect(oldest).toEqual({ at: new Date(6000) });
    expect(await storage.mailbox.list(3)).toHaveLength(3);
  });
});
