import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CallView, DraftView } from '../../src/contract/index.ts';
import {
  callBySipp,
  converse,
  expectBothWays,
  hangUp,
  leave,
  metric,
  offered,
} from '../harness/conversation.ts';
import type { Conversation } from '../harness/conversation.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { RtpPeer } from '../harness/rtp-peer.ts';
import { Seats } from '../harness/seats.ts';
import { BlockSequence } from '../harness/tone-blocks.ts';

const seed = Math.floor(Math.random() * 1e6);
/** As uac-hangs-up.xml has it. */
const CALLER_ENDS_AFTER_SECONDS = 30;

let platform: Platform;
let office: Seats;

const callerSound = (call: number): BlockSequence =>
  new BlockSequence({ seed: seed + call, lane: 0 });
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const legs = (): Promise<number> => metric(platform, 'denwaban_media', 'legs');

beforeAll(async () => {
  platform = await startPlatform();
  office = await Seats.open(platform, {
    seed,
    browserSeconds: 180,
    phoneSeconds: CALLER_ENDS_AFTER_SECONDS + 10,
  });
});

afterAll(async () => {
  await office.close();
  await platform.stop();
});

async function write({ callPath, seat }: Conversation, company: string): Promise<void> {
  const field = { value: company, clientSeq: 1, deskId: 'desk-survival-1' };
  const path = `${callPath}/draft/fields/company`;
  const { status } = await platform.api('PUT', path, field, seat.operatorId);
  expect(status).toBe(200);
}

async function written({ callPath, seat }: Conversation): Promise<string | undefined> {
  const path = `${callPath}/draft`;
  const { body } = await platform.api<DraftView>('GET', path, undefined, seat.operatorId);
  return body.fields.company?.value;
}

async function killApp(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const before = platform.kill('app', signal);
  await until(() => platform.pidOf('app') !== before, 10_000);
  await platform.untilReady();
}

test('the app is killed, and the next one asked to go, with two calls up: nobody hears it, recordings have no gap, and either side ends its call', async () => {
  const common = { scenario: 'uac-hangs-up' };
  const first = await converse(platform, office.all, { callerSound: callerSound(0), ...common });
  const known = new Set([first.callPath.slice('/api/v1/calls/'.length)]);
  const second = await converse(platform, office.all, {
    callerSound: callerSound(1),
    known,
    ...common,
  });
  await wait(3_000);
  await write(first, '北斗建設');
  await killApp();
  expect(await written(first)).toBe('北斗建設');
  await killApp('SIGTERM');
  expect(await written(first)).toBe('北斗建設');
  const [byOperator, byCaller] = first.seat.answersItself ? [second, first] : [first, second];
  await wait(6_000);
  await hangUp(platform, byOperator);
  expect(await byCaller.sipp.finished(), byCaller.sipp.failure).toBe(0);
  byCaller.peer.stop();
  await expectBothWays(platform, byOperator, 11);
  await expectBothWays(platform, byCaller, CALLER_ENDS_AFTER_SECONDS);
  const over = (await platform.api<CallView>('GET', byCaller.callPath)).body;
  expect(over.termination).toEqual({ class: 'caller', reason: 'hung-up' });
  await until(
    () => /terminated|closed/i.test(office.phones[0]?.output ?? ''),
    5_000,
    () => office.phones[0]?.output ?? '',
  );
  // The operator's kept-up leg alone is left.
  await until(async () => (await legs()) === 1, 10_000);
  expect(await metric(platform, 'denwaban_media', 'recordings')).toBe(0);
  expect(await metric(platform, 'denwaban_calls')).toBe(0);
  await Promise.all([leave(first), leave(second)]);
});

test('the app is killed while a call rings: the caller’s CANCEL ends it at the next one', async () => {
  const peer = await RtpPeer.open();
  await platform.api(
    'PUT',
    '/api/v1/desk/presence',
    { presence: 'available' },
    office.browsers[0]?.operatorId,
  );
  // The phone answers by itself; only the browser lets ring.
  await Promise.all(office.phones.map((phone) => phone.close()));
  const sipp = callBySipp(platform, peer, 'uac-gives-up');
  const { callId } = await offered(platform, sipp);
  await killApp();
  expect(await sipp.finished(), sipp.failure).toBe(0);
  await until(async () => {
    const call = (await platform.api<CallView>('GET', `/api/v1/calls/${callId}`)).body;
    return call.termination?.reason === 'abandoned';
  }, 5_000);
  await until(async () => (await legs()) === 1, 10_000);
  await sipp.close();
  await peer.close();
});
