import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, ContactId, OperatorId, SubscriberId } from '../../src/base/index.ts';
import { putField } from '../../src/messages/index.ts';
import type { Draft, DraftPut, MessageField } from '../../src/messages/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { T0, applyCenter, message } from '../harness/storage-records.ts';

let database: TestDatabase;
let storage: Storage;
let subscriberId: SubscriberId;

beforeAll(async () => {
  database = await testDatabase();
  storage = database.open();
  subscriberId = await applyCenter(storage);
});
beforeEach(async () => {
  await database.sql('truncate message, draft cascade');
});
afterAll(async () => {
  await database.drop();
});

const CALL = asId<CallId>('call_0001');
const SATO = asId<OperatorId>('op_sato');
const put = (change: Partial<DraftPut> = {}): DraftPut => ({
  callId: CALL,
  operatorId: SATO,
  field: 'name',
  value: '佐',
  deskId: 'desk-aaaa',
  clientSeq: 1,
  ...change,
});
const open = (operatorId = SATO): Promise<void> =>
  storage.messages.openDraft({
    callId: CALL,
    subscriberId,
    operatorId,
    prefill: { phone: '090-0123-4567' },
    now: T0,
  });

describe('drafts', () => {
  it('keep every field with the version of its last change', async () => {
    await open();
    expect(await storage.messages.putField(put(), T0 + 1)).toEqual({ ok: true, version: 2 });
    const second = put({ field: 'body', value: "'; drop table draft; --\0", clientSeq: 2 });
    expect(await storage.messages.putField(second, T0 + 2)).toEqual({ ok: true, version: 3 });
    expect(await storage.messages.draft(CALL)).toEqual({
      callId: CALL,
      subscriberId,
      operatorId: SATO,
      version: 3,
      fields: {
        phone: { value: '090-0123-4567', version: 1 },
        name: { value: '佐', version: 2 },
        body: { value: "'; drop table draft; --", version: 3 },
      },
      sentMessageId: null,
      updatedAt: T0 + 2,
    });
  });

  it('are opened once, and keep their text when another operator takes them over', async () => {
    await open();
    await storage.messages.putField(put(), T0);
    await open();
    expect((await storage.messages.draft(CALL))?.version).toBe(2);
    await open(asId('op_tanaka'));
    const draft = await storage.messages.draft(CALL);
    expect(draft).toMatchObject({ operatorId: 'op_tanaka', version: 3 });
    expect(draft?.fields.name?.value).toBe('佐');
    const refused = await storage.messages.putField(put({ clientSeq: 9 }), T0);
    expect(refused).toEqual({ ok: false, reason: 'not-yours' });
  });

  it('refuse what is not there, too long, or sent already', async () => {
    expect(await storage.messages.putField(put(), T0)).toEqual({ ok: false, reason: 'no-draft' });
    await open();
    const long = put({ field: 'body', value: 'あ'.repeat(4001) });
    expect(await storage.messages.putField(long, T0)).toEqual({ ok: false, reason: 'too-long' });
    await storage.messages.send(message(1, { subscriberId }));
    const late = await storage.messages.putField(put(), T0);
    expect(late).toEqual({ ok: false, reason: 'already-sent' });
    expect((await storage.messages.draft(CALL))?.sentMessageId).toBe('msg_0001');
  });

  it('follow the rule of `messages` on any order of puts', async () => {
    await open();
    let expected: Draft | null = await storage.messages.draft(CALL);
    const highest = new Map<string, number>();
    let seed = 7;
    const draw = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
    const fields: MessageField[] = ['name', 'company', 'body'];
    for (let i = 0; i < 150; i++) {
      const next = put({
        field: fields[draw(3)]!,
        deskId: `desk-${draw(2)}`,
        value: `value ${i}`,
        clientSeq: draw(40),
        operatorId: draw(10) === 0 ? asId('op_other') : SATO,
      });
      const key = `${next.deskId}:${next.field}`;
      const model = putField(expected, next, highest.get(key) ?? null, T0 + i);
      expect(await storage.messages.putField(next, T0 + i)).toEqual(model.outcome);
      if (model.draft !== expected) highest.set(key, next.clientSeq);
      expected = model.draft;
    }
    expect(await storage.messages.draft(CALL)).toEqual(expected);
  });

  it('lose nothing and count once under many writers at a time', async () => {
    await open();
    const puts = Array.from({ length: 40 }, (_, i) =>
      put({ deskId: `desk-${i % 4}`, clientSeq: Math.floor(i / 4), value: `v${i}` }),
    );
    const doubled = [...puts, ...puts];
    const outcomes = await Promise.all(doubled.map((p) => storage.messages.putField(p, T0)));
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    const draft = await storage.messages.draft(CALL);
    const [{ count } = { count: '' }] = await database.sql<{ count: string }>(
      'select sum(client_seq) as count from draft_field_seq',
    );
    expect(count).toBe('36');
    expect(draft!.version).toBeLessThanOrEqual(41);
    expect(draft!.fields.name?.version).toBe(draft!.version);
  });
});

describe('sending', () => {
  it('writes the message and its deliveries, or neither', async () => {
    await open();
    const sent = await storage.messages.send(message(1, { subscriberId }));
    expect(sent.created).toBe(true);
    expect(await storage.messages.message(sent.message.id)).toEqual(sent.message);
    const deliveries = await storage.deliveries.ofMessages([sent.message.id]);
    expect(deliveries).toMatchObject([
      {
        state: 'queued',
        destination: { name: '山田 太郎', address: 'yamada@example.jp' },
        nextAttemptAt: sent.message.sentAt,
        possibleDuplicate: false,
      },
    ]);
    await database.sql(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'disk full'; end $$`);
    await database.sql(
      'create trigger refuse before insert on delivery for each row execute function refuse()',
    );
    await expect(storage.messages.send(message(2, { subscriberId }))).rejects.toThrow('disk full');
    await database.sql('drop function refuse cascade');
    expect(await storage.messages.message(asId('msg_0002'))).toBeNull();
    expect((await storage.messages.send(message(2, { subscriberId }))).created).toBe(true);
  });

  it('twice for one call gives the first message, also at the same moment', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        storage.messages.send(
          message(1, { subscriberId, id: asId(`msg_x${i}`), receiptNumber: `X${i}` }),
        ),
      ),
    );
    expect(results.filter((result) => result.created)).toHaveLength(1);
    expect(new Set(results.map((result) => result.message.id)).size).toBe(1);
    const [row] = await database.sql<{ count: string }>('select count(*) from delivery');
    expect(row?.count).toBe('1');
    const other = message(1, { subscriberId, id: asId('msg_y'), receiptNumber: 'Y' });
    expect((await storage.messages.send({ ...other, kind: 'abandoned' })).created).toBe(true);
  });

  it('refuses a receipt number already given, to be tried with another', async () => {
    await storage.messages.send(message(1, { subscriberId }));
    const same = message(2, { subscriberId, receiptNumber: 'R0001' });
    await expect(storage.messages.send(same)).rejects.toMatchObject({
      code: 'receipt-number-taken',
      retryable: true,
    });
  });

  it('shows a message nobody can be told of as a failed delivery', async () => {
    await storage.messages.send(message(1));
    const [delivery] = await storage.deliveries.ofMessages([asId('msg_0001')]);
    expect(delivery).toMatchObject({ state: 'failed', destination: { address: '' } });
    expect(await storage.deliveries.undeliveredCount()).toBe(1);
    const handled = { at: T0, by: '佐藤', userId: asId<never>('usr_1') };
    const changed = await storage.messages.setHandled(asId('msg_0001'), handled);
    expect(changed).toMatchObject({ handledAt: T0, handledBy: '佐藤' });
    expect(await storage.deliveries.undeliveredCount()).toBe(0);
    expect((await storage.messages.setHandled(asId('msg_0001'), null))?.handledAt).toBeNull();
  });
});

describe('the list', () => {
  const ids = async (filter: object): Promise<string[]> =>
    (await storage.messages.list({ limit: 50, ...filter })).messages.map((m) => m.id);

  it('goes through everything, newest first, page by page', async () => {
    for (let i = 1; i <= 7; i++) {
      // Some at the same instant: the order must still be total.
      await storage.messages.send(message(i, { sentAt: T0 + Math.floor(i / 3) }));
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await storage.messages.list({ limit: 2, cursor });
      seen.push(...page.messages.map((m) => m.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map((n) => `msg_000${n}`));
    expect(await ids({ cursor: 'nonsense' })).toHaveLength(7);
  });

  it('keeps subscribers apart and knows handled from unhandled', async () => {
    await storage.messages.send(message(1, { subscriberId }));
    await storage.messages.send(message(2));
    await storage.messages.setHandled(asId('msg_0001'), {
      at: T0,
      by: 'x',
      userId: asId<never>('usr_1'),
    });
    expect(await ids({ subscriberId })).toEqual(['msg_0001']);
    expect(await ids({ handled: false })).toEqual(['msg_0002']);
    expect(await ids({ handled: true })).toEqual(['msg_0001']);
  });

  it('finds one character and more, whatever the width, script, case or hyphens', async () => {
    const contactId = storage.directory.contactsOf(subscriberId)[0]?.id as ContactId;
    await storage.messages.send(message(1, { subscriberId, contactId }));
    await storage.messages.send(message(2, { fields: { company: '別会社' }, callerNumber: null }));
    const hits = [
      '髙',
      '商事',
      'さとう',
      'ｻﾄｳ',
      'メール',
      'めーる',
      'r0001',
      '山田',
      '100%',
      '認_く',
    ];
    for (const search of [...hits, '0301239999', '03-0123', '０３ー０１２３', '+81301239999']) {
      expect([search, await ids({ search })]).toEqual([search, ['msg_0001']]);
    }
    for (const search of ['100_', '%%', '鼎', '\\']) {
      expect([search, await ids({ search })]).toEqual([search, []]);
    }
    expect(await ids({ search: '  ' })).toHaveLength(2);
  });
});

describe('the outbox', () => {
  const lease = { leaseMs: 60_000, limit: 10 };

  it('gives a delivery to one worker only, and only when it is due', async () => {
    for (let i = 1; i <= 5; i++) await storage.messages.send(message(i, { subscriberId }));
    expect(await storage.deliveries.claim({ now: T0, ...lease })).toEqual([]);
    expect(await storage.deliveries.nextDueAt()).toBe(T0 + 1500);
    const claims = await Promise.all(
      Array.from({ length: 6 }, () =>
        storage.deliveries.claim({ now: T0 + 60_000, leaseMs: 60_000, limit: 2 }),
      ),
    );
    const claimed = claims.flat();
    expect(new Set(claimed.map((d) => d.id)).size).toBe(claimed.length);
    expect(claimed).toHaveLength(5);
    expect(claimed.every((d) => d.state === 'sending' && d.attempts === 1)).toBe(true);
  });

  it('calls what was left in sending uncertain, and never takes an acceptance back', async () => {
    await storage.messages.send(message(1, { subscriberId }));
    const now = T0 + 10_000;
    const [claimed] = await storage.deliveries.claim({ now, ...lease });
    expect(await storage.deliveries.expireLeases(now + 59_999)).toEqual([]);
    expect(await storage.deliveries.nextDueAt()).toBe(now + 60_000);
    expect(await storage.deliveries.expireLeases(now + 60_000)).toEqual([claimed!.id]);
    const expired = await storage.deliveries.delivery(claimed!.id);
    expect(expired).toMatchObject({ state: 'uncertain', possibleDuplicate: true });
    const attempt = { startedAt: now, endedAt: now + 70_000 };
    await storage.deliveries.settle(
      claimed!.id,
      { ...attempt, outcome: { type: 'accepted', providerId: '250 ok' } },
      { state: 'accepted', nextAttemptAt: null, possibleDuplicate: false, lastError: null },
    );
    await storage.deliveries.settle(
      claimed!.id,
      { ...attempt, outcome: { type: 'retry', reason: 'late' } },
      { state: 'retrying', nextAttemptAt: now, possibleDuplicate: false, lastError: 'late' },
    );
    expect(await storage.deliveries.delivery(claimed!.id)).toMatchObject({
      state: 'accepted',
      acceptedAt: now + 70_000,
      possibleDuplicate: true,
    });
    const attempts = await database.sql<{ outcome: string }>(
      'select outcome from delivery_attempt order by id',
    );
    expect(attempts.map((a) => a.outcome)).toEqual(['uncertain', 'accepted', 'retry']);
  });

  it('sends again when a person asks, with new time and marked', async () => {
    await storage.messages.send(message(1, { subscriberId }));
    const [claimed] = await storage.deliveries.claim({ now: T0 + 10_000, ...lease });
    const busy = await storage.deliveries.requeue(claimed!.id, T0 + 20_000);
    expect(busy?.state).toBe('sending');
    await storage.deliveries.settle(
      claimed!.id,
      { startedAt: T0, endedAt: T0, outcome: { type: 'accepted', providerId: null } },
      { state: 'accepted', nextAttemptAt: null, possibleDuplicate: false, lastError: null },
    );
    const again = await storage.deliveries.requeue(claimed!.id, T0 + 100_000);
    expect(again).toMatchObject({
      state: 'queued',
      nextAttemptAt: T0 + 100_000,
      deadlineAt: T0 + 100_000 + 24 * 3_600_000,
      possibleDuplicate: true,
    });
    expect(await storage.deliveries.requeue(asId('dlv_none'), T0)).toBeNull();
  });
});
