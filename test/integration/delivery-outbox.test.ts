import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, asId, silentLogger } from '../../src/base/index.ts';
import type { SubscriberId } from '../../src/base/index.ts';
import { systemRandom } from '../../src/base/system.ts';
import { OutboxWorker, createMailboxChannel, createSmtpChannel } from '../../src/delivery/index.ts';
import type { Delivery, MailChannel, Outcome } from '../../src/delivery/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { composeForTest } from '../harness/compose.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { freePort, testSmtp } from '../harness/smtp.ts';
import type { TestSmtp } from '../harness/smtp.ts';
import { T0, applyCenter, message } from '../harness/storage-records.ts';

let database: TestDatabase;
let storage: Storage;
let subscriberId: SubscriberId;
let smtp: TestSmtp;
let clock: ManualClock;
const workers: OutboxWorker[] = [];

beforeAll(async () => {
  database = await testDatabase();
  storage = database.open();
  subscriberId = await applyCenter(storage);
});
beforeEach(async () => {
  await database.sql('truncate message, mailbox_mail cascade');
  clock = new ManualClock(T0 + 60_000);
  smtp = await testSmtp();
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  expect(clock.pendingTimers).toBe(0);
  await smtp.close();
});
afterAll(async () => {
  await database.drop();
});

function work(channel: MailChannel = smtpChannel(), concurrency?: number): OutboxWorker {
  const worker = new OutboxWorker({
    store: storage.deliveries,
    compose: composeForTest(storage),
    channel,
    clock,
    random: systemRandom,
    log: silentLogger,
    concurrency,
  });
  workers.push(worker);
  worker.start();
  return worker;
}

/** A busy machine may be slow to answer; only who waits for no answer at all waits shorter. */
function smtpChannel(port = smtp.port, socketTimeoutMs = 20_000): MailChannel {
  return createSmtpChannel({
    url: `smtp://127.0.0.1:${port}`,
    from: '電話番 <denwaban@example.jp>',
    socketTimeoutMs,
  });
}

async function send(number = 1): Promise<void> {
  await storage.messages.send(message(number, { subscriberId, sentAt: clock.now() }));
}

async function delivery(number = 1): Promise<Delivery> {
  const id = asId<never>(`msg_${String(number).padStart(4, '0')}`);
  return (await storage.deliveries.ofMessages([id]))[0]!;
}

/** Lets the manual clock run, second by second, the worker doing what falls due. */
async function pass(worker: OutboxWorker, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    clock.advance(1000);
    await worker.drain();
  }
}

const outcomes = (): Promise<{ outcome: string }[]> =>
  database.sql('select outcome from delivery_attempt order by id');

describe('the outbox worker', () => {
  it('sends what was written, once, and says so', async () => {
    const worker = work();
    await worker.drain();
    await send();
    worker.nudge();
    await worker.drain();
    await pass(worker, 120);
    expect(smtp.received).toHaveLength(1);
    const { id } = await delivery();
    expect(smtp.received[0]?.mail.messageId).toBe(`<${id}@office.example.jp>`);
    expect(smtp.received[0]?.mail.references).toBe('<call_0001@office.example.jp>');
    expect(smtp.received[0]?.mail.subject).toMatch(/^【伝言】髙島商事/);
    expect(await delivery()).toMatchObject({
      state: 'accepted',
      attempts: 1,
      acceptedAt: clock.now() - 120_000,
      possibleDuplicate: false,
    });
  });

  it('gets through after a 451, unmarked', async () => {
    smtp.behaviour = { code: 451, text: 'greylisted' };
    await send();
    const worker = work();
    await worker.drain();
    expect(await delivery()).toMatchObject({
      state: 'retrying',
      lastError: expect.stringContaining('greylisted') as string,
    });
    smtp.behaviour = 'accept';
    await pass(worker, 7);
    expect(smtp.received).toHaveLength(2);
    expect(smtp.received[1]?.mail.subject).not.toContain('【再送】');
    expect((await delivery()).state).toBe('accepted');
  });

  it('gives up on a 550 and leaves it to a person, who can send it again', async () => {
    smtp.behaviour = { code: 550, text: '5.1.1 no such user' };
    await send();
    const worker = work();
    await worker.drain();
    await pass(worker, 60);
    expect((await delivery()).state).toBe('failed');
    expect(await storage.deliveries.undeliveredCount()).toBe(1);
    expect(smtp.received).toHaveLength(1);
    smtp.behaviour = 'accept';
    await storage.deliveries.requeue((await delivery()).id, clock.now());
    worker.nudge();
    await worker.drain();
    expect((await delivery()).state).toBe('accepted');
    expect(smtp.received[1]?.mail.subject).not.toContain('【再送】');
  });

  it.each(['hang', 'reset'] as const)(
    'after a %s sends again, marked, same Message-ID',
    async (how) => {
      smtp.behaviour = how;
      await send();
      const worker = work(smtpChannel(smtp.port, 1_000));
      await worker.drain();
      expect(await delivery()).toMatchObject({ state: 'uncertain', possibleDuplicate: true });
      smtp.behaviour = 'accept';
      await pass(worker, 7);
      expect(smtp.received).toHaveLength(2);
      const [first, second] = smtp.received.map(({ mail }) => mail);
      expect(second?.messageId).toBe(first?.messageId);
      expect(first?.subject).not.toContain('【再送】');
      expect(second?.subject).toBe(`【再送】${first?.subject ?? ''}`);
      expect(second?.text).toContain('R0001');
      expect(await delivery()).toMatchObject({ state: 'accepted', possibleDuplicate: true });
    },
  );

  it('outlives ten minutes without a mail server: nothing lost, nothing twice', async () => {
    const port = await freePort();
    for (let i = 1; i <= 5; i++) await send(i);
    const worker = work(smtpChannel(port));
    await worker.drain();
    await pass(worker, 600);
    expect(await delivery(3)).toMatchObject({ state: 'retrying', possibleDuplicate: false });
    await smtp.close();
    smtp = await testSmtp({ port });
    await pass(worker, 20 * 60);
    expect(smtp.received).toHaveLength(5);
    expect(new Set(smtp.received.map(({ mail }) => mail.messageId)).size).toBe(5);
    expect(smtp.received.some(({ mail }) => mail.subject?.includes('【再送】'))).toBe(false);
  });

  it('makes it a task for a person after a day', async () => {
    await send();
    const worker = work({ send: async () => ({ type: 'retry', reason: 'down' }) });
    await worker.drain();
    for (let hour = 0; hour < 25; hour++) {
      for (let step = 0; step < 60; step++) {
        clock.advance(60_000);
        await worker.drain();
      }
    }
    expect(await delivery()).toMatchObject({ state: 'failed', lastError: 'down' });
    expect(await storage.deliveries.nextDueAt()).toBeNull();
  });

  it('sends a few at a time, and stops after those it has begun', async () => {
    for (let i = 1; i <= 9; i++) await send(i);
    let open = 0;
    let most = 0;
    const finish: (() => void)[] = [];
    const worker = work(
      {
        send: () =>
          new Promise<Outcome>((resolve) => {
            most = Math.max(most, ++open);
            finish.push(() => {
              open--;
              resolve({ type: 'accepted', providerId: null });
            });
          }),
      },
      3,
    );
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise((resolve) => setImmediate(resolve));
    };
    await until(() => open === 3);
    finish.shift()!();
    await until(() => finish.length === 3);
    const stopped = worker.stop();
    for (const end of finish.splice(0)) end();
    await stopped;
    expect(most).toBe(3);
    const states = await database.sql('select state, count(*) from delivery group by 1 order by 1');
    expect(states).toEqual([
      { state: 'accepted', count: '4' },
      { state: 'queued', count: '5' },
    ]);
  });

  it('puts mails into the mailbox of this machine when there is no mail server', async () => {
    await send();
    const mailbox = createMailboxChannel({
      mailbox: storage.mailbox,
      clock,
      from: '電話番 <denwaban@localhost>',
    });
    await work(mailbox).drain();
    expect(await storage.mailbox.list(10)).toMatchObject([
      {
        from: '電話番 <denwaban@localhost>',
        to: '山田 太郎 <yamada@example.jp>',
        receivedAt: clock.now(),
        messageId: `<${(await delivery()).id}@office.example.jp>`,
      },
    ]);
  });
});

describe('a worker killed in the middle', () => {
  const script = fileURLToPath(new URL('../fixtures/outbox-child.ts', import.meta.url));

  /** Starts the worker process; the database's clock and ours are the same real one. */
  async function killedWhen(
    mode: 'before-connect' | 'send',
    moment: (kill: () => void) => void,
  ): Promise<void> {
    clock = new ManualClock(Date.now());
    await send();
    const child = spawn(process.execPath, [script, database.url, smtp.url, mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const kill = (): void => void child.kill('SIGKILL');
    moment(kill);
    child.stdout.once('data', kill);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect((await delivery()).state).toBe('sending');
    smtp.onData = null;
  }

  async function takenUpByAnother(): Promise<void> {
    clock.advance(30_000);
    const worker = work();
    await worker.drain();
    // The dead worker's lease still runs.
    expect((await delivery()).state).toBe('sending');
    await pass(worker, 90);
  }

  it('between claim and connect: sent by the next one, marked, nothing lost', async () => {
    await killedWhen('before-connect', () => undefined);
    expect(smtp.received).toEqual([]);
    await takenUpByAnother();
    expect(smtp.received).toHaveLength(1);
    expect(smtp.received[0]?.mail.subject).toContain('【再送】');
    expect((await outcomes()).map((row) => row.outcome)).toEqual(['uncertain', 'accepted']);
  });

  it('between the final dot and its record: sent again, marked, same Message-ID', async () => {
    smtp.behaviour = 'hang';
    await killedWhen('send', (kill) => (smtp.onData = kill));
    expect(smtp.received).toHaveLength(1);
    smtp.behaviour = 'accept';
    await takenUpByAnother();
    expect(smtp.received).toHaveLength(2);
    const [first, second] = smtp.received.map(({ mail }) => mail);
    expect(second?.messageId).toBe(first?.messageId);
    expect(second?.subject).toBe(`【再送】${first?.subject ?? ''}`);
    expect(await delivery()).toMatchObject({ state: 'accepted', possibleDuplicate: true });
  });
});
