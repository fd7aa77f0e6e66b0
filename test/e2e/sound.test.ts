import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CallView, DeskView } from '../../src/contract/index.ts';
import { decodeMulaw, readRecording } from '../../src/media/index.ts';
import { heardBy, installEar, openDeskAudio } from '../harness/browser-ear.ts';
import { launchChromium } from '../harness/chromium.ts';
import { PASSWORD, applyOffice, browserOperator } from '../harness/office.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { RtpPeer } from '../harness/rtp-peer.ts';
import type { PeerNetwork } from '../harness/rtp-peer.ts';
import { Sipp } from '../harness/sipp.ts';
import {
  BlockSequence,
  analyseBlocks,
  blockPositions,
  compareTiming,
  foreignLevelDb,
} from '../harness/tone-blocks.ts';

const seed = Math.floor(Math.random() * 1e6);
const callerSound = new BlockSequence({ seed, lane: 0 });
const operatorSound = new BlockSequence({ seed, lane: 1 });

let platform: Platform;
let browser: Browser;
let page: Page;
let operatorId: string;

beforeAll(async () => {
  platform = await startPlatform();
  await applyOffice(platform, { operators: [browserOperator('hanako')] });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

afterEach(async () => {
  await page.close();
});

/** Opens the desk's audio leg in a page, as the console does, and goes on the floor. */
async function takeSeat(seconds: number): Promise<void> {
  page = await browser.newPage({ bypassCSP: true });
  await installEar(page, operatorSound, seconds);
  await page.goto(`${platform.url}/healthz`);
  operatorId = await openDeskAudio(page, { email: 'hanako@example.jp', password: PASSWORD });
}

type Interference = { silent?: boolean; meanwhile?: () => Promise<void> };

async function conversation(
  seconds: number,
  network: PeerNetwork,
  { silent = false, meanwhile = () => Promise.resolve() }: Interference = {},
): Promise<RtpPeer> {
  const peer = await RtpPeer.open();
  const sipp = new Sipp({
    scenario: 'uac-media-elsewhere',
    target: { address: '127.0.0.1', port: platform.ports.sip },
    keys: { dialed: '0301234567', rtp_port: peer.port },
    args: ['-i', '127.0.0.1'],
  });
  try {
    let desk: DeskView | undefined;
    await until(
      async () => {
        desk = (await platform.api<DeskView>('GET', '/api/v1/desk', undefined, operatorId)).body;
        return desk.call?.phase === 'offering';
      },
      10_000,
      () => sipp.failure,
    );
    expect(desk?.call?.called).toMatchObject({
      subscriberName: 'さくら法律事務所',
      certainty: 'certain',
    });
    const callPath = `/api/v1/calls/${desk?.call?.id ?? ''}`;
    const answered = await platform.api('POST', `${callPath}/answer`, {}, operatorId);
    expect(answered.status).toBeLessThan(300);
    const port = await sipp.mediaPort();
    if (!silent) {
      peer.speak(`c=IN IP4 127.0.0.1\r\nm=audio ${port} RTP/AVP 0\r\n`, callerSound, network);
    }
    const over = new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    await meanwhile();
    await over;
    peer.stop();
    const ended = await platform.api('POST', `${callPath}/hang-up`, {}, operatorId);
    expect(ended.status).toBeLessThan(300);
    expect(await sipp.finished(), sipp.failure).toBe(0);
    await platform.api('POST', `${callPath}/finish`, {}, operatorId);
    return peer;
  } finally {
    await sipp.close();
  }
}

function lastRecording(): { caller: Int16Array; ours: Int16Array; complete: boolean } {
  const dir = join(platform.dataDir, 'recordings');
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rec'))
    .sort();
  const parsed = readRecording(readFileSync(join(dir, files.at(-1) ?? '')));
  if (!parsed.ok) throw new Error(parsed.reason);
  const { records, complete } = parsed.value;
  const joined = (side: 'caller' | 'ours'): Int16Array =>
    Int16Array.from(records.flatMap((r) => [...decodeMulaw(r[side].subarray(0, r.samples))]));
  return { caller: joined('caller'), ours: joined('ours'), complete };
}

const CLEAN = { missing: [], repeated: [], outOfOrder: [] };

async function expectBothWays(seconds: number, peer: RtpPeer): Promise<void> {
  const blocks = (seconds - 2) * 5;
  const atOperator = analyseBlocks(await heardBy(page), callerSound);
  expect(atOperator).toMatchObject(CLEAN);
  expect(atOperator.seen.length).toBeGreaterThanOrEqual(blocks);
  const atCaller = analyseBlocks(peer.pcm(), operatorSound);
  expect(atCaller).toMatchObject(CLEAN);
  expect(atCaller.seen.length).toBeGreaterThanOrEqual(blocks);
  await until(() => lastRecording().complete, 5_000);
  const { caller, ours } = lastRecording();
  expect(analyseBlocks(caller, callerSound)).toMatchObject(CLEAN);
  expect(analyseBlocks(ours, operatorSound)).toMatchObject(CLEAN);
  expect(foreignLevelDb(caller, operatorSound, callerSound).typical).toBeLessThan(-40);
  expect(foreignLevelDb(ours, callerSound, operatorSound).typical).toBeLessThan(-40);
  const drift = compareTiming(
    blockPositions(caller, callerSound),
    blockPositions(peer.pcm(), operatorSound),
  );
  expect(drift.blocks).toBeGreaterThan(0);
}

test('SIPp and an operator in Chromium hear each other block by block, and the recording has both', async () => {
  await takeSeat(60);
  const peer = await conversation(20, {});
  await expectBothWays(20, peer);
  await peer.close();
});

test('the app is killed in the middle: nobody hears it, the next app ends the call', async () => {
  await takeSeat(60);
  const peer = await conversation(
    14,
    {},
    {
      meanwhile: async () => {
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        const before = platform.kill('app');
        await until(() => platform.pidOf('app') !== before, 10_000);
        await platform.untilReady();
      },
    },
  );
  await expectBothWays(14, peer);
  await peer.close();
});

test('30 ms jitter, 1 % loss, a clock 200 ppm fast: every block arrives, in ear and recording', async () => {
  await takeSeat(60);
  const peer = await conversation(14, { jitterMs: 30, loss: 0.01, ppm: 200, seed });
  await expectBothWays(14, peer);
  await peer.close();
});

test('a caller who sends nothing hears the operator, and is silence in the recording', async () => {
  await takeSeat(30);
  const peer = await conversation(5, {}, { silent: true });
  await until(() => lastRecording().complete, 5_000);
  const { caller } = lastRecording();
  expect(caller.every((sample) => Math.abs(sample) <= 8)).toBe(true);
  await peer.close();
});

test('the media process dies: the call ends, and it is back for the next one', async () => {
  await takeSeat(30);
  const peer = await RtpPeer.open();
  const sipp = new Sipp({
    scenario: 'uac-media-elsewhere',
    target: { address: '127.0.0.1', port: platform.ports.sip },
    keys: { dialed: '0301234567', rtp_port: peer.port },
    args: ['-i', '127.0.0.1'],
  });
  let callPath = '';
  await until(async () => {
    const desk = await platform.api<DeskView>('GET', '/api/v1/desk', undefined, operatorId);
    callPath = `/api/v1/calls/${desk.body.call?.id ?? ''}`;
    return desk.body.call?.phase === 'offering';
  }, 10_000);
  await platform.api('POST', `${callPath}/answer`, {}, operatorId);
  await sipp.mediaPort();
  platform.kill('media');
  // The BYE that SIPp waits for.
  expect(await sipp.finished(), sipp.failure).toBe(0);
  await platform.untilReady();
  const call = await platform.api<CallView>('GET', callPath);
  expect(call.body.termination).toEqual({ class: 'platform', reason: 'media-plane-lost' });
  await sipp.close();
  await peer.close();
  await platform.api('POST', `${callPath}/finish`, {}, operatorId);
});
