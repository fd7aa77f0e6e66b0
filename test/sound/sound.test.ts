import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  converse,
  expectBothWays,
  expectTiming,
  hangUp,
  leave,
  mediaAt,
  metric,
  recordingOf,
} from '../harness/conversation.ts';
import type { Conversation } from '../harness/conversation.ts';
import { startPlatform } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { RtpPeer } from '../harness/rtp-peer.ts';
import { Seats } from '../harness/seats.ts';
import { BlockSequence, analyseBlocks, hearsSpeaker } from '../harness/tone-blocks.ts';

const seed = Math.floor(Math.random() * 1e6);
/** Of every test of the clock: a minute shows a drift of 1 ms per minute. */
const SECONDS = 60;

let platform: Platform;
let office: Seats;

const callerSound = (call: number): BlockSequence =>
  new BlockSequence({ seed: seed + call, lane: 0 });
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeAll(async () => {
  platform = await startPlatform();
  office = await Seats.open(platform, {
    each: 2,
    seed,
    browserSeconds: 3 * SECONDS,
    phoneSeconds: SECONDS + 20,
  });
});

afterAll(async () => {
  await office.close();
  await platform.stop();
});

describe('a trunk speaks for a minute with two operators in Chromium and two with registered phones at once', () => {
  /** Of each kind of seat one has a good caller; which of the others has which is as it comes. */
  const up: Conversation[] = [];
  const begin = async (options: Partial<Parameters<typeof converse>[2]>): Promise<void> => {
    const known = new Set(up.map(({ callPath }) => callPath.slice('/api/v1/calls/'.length)));
    const sound = callerSound(up.length);
    up.push(await converse(platform, office.all, { callerSound: sound, known, ...options }));
  };

  beforeAll(async () => {
    await begin({});
    await begin({});
    await begin({ network: { jitterMs: 30, loss: 0.01, ppm: 200, seed } });
    await begin({ silent: true });
    await wait(SECONDS * 1000);
    for (const conversation of up) await hangUp(platform, conversation);
  });

  afterAll(async () => {
    await Promise.all(up.map((conversation) => leave(conversation)));
  });

  test.for([0, 1])('every block is heard and recorded, with one clock (call %i)', async (which) => {
    const conversation = at(up, which);
    const recorded = await expectBothWays(platform, conversation, SECONDS);
    expectTiming(conversation, recorded, (SECONDS - 4) * 5);
  });

  test('every block, with 30 ms jitter, 1 % loss, packets out of order, a clock 200 ppm fast', async () => {
    const troubled = at(up, 2);
    const recorded = await expectBothWays(platform, troubled, SECONDS);
    expectTiming(troubled, recorded, (SECONDS - 4) * 5);
  });

  test('a caller who sends nothing hears every block, and is recorded as silence', async () => {
    const silent = at(up, 3);
    const { caller, ours } = await recordingOf(platform, silent.callPath);
    expect(caller.every((sample) => Math.abs(sample) <= 8)).toBe(true);
    for (const heard of [ours, silent.peer.pcm()]) {
      const report = analyseBlocks(heard, silent.seat.sound);
      expect(report).toMatchObject({ missing: [], repeated: [], outOfOrder: [] });
      expect(report.seen.length).toBeGreaterThanOrEqual((SECONDS - 3) * 5);
    }
  });
});

test('a third address with the caller’s SSRC and sequence is never heard: before, during and after her first packet', async () => {
  const seconds = 12;
  const strange = new BlockSequence({ seed: seed + 300, lane: 2 });
  const strangers: RtpPeer[] = [];
  const dropped = await metric(platform, 'denwaban_media_total', 'rtp.foreign-source');
  const conversation = await converse(platform, office.all, {
    callerSound: callerSound(4),
    ringing: async (caller) => {
      for (const port of platform.rtpPorts(32)) {
        const stranger = await RtpPeer.open('PCMU', '127.0.0.9', caller.ssrc);
        strangers.push(stranger);
        stranger.speak(mediaAt(port), strange);
      }
      await wait(500);
    },
  });
  await wait(seconds * 1000);
  await hangUp(platform, conversation);
  const { caller, ours } = await expectBothWays(platform, conversation, seconds);
  const ear = await conversation.seat.ear();
  for (const pcm of [ear, caller, ours, conversation.peer.pcm()]) {
    expect(hearsSpeaker(pcm, strange)).toBe(false);
  }
  const now = await metric(platform, 'denwaban_media_total', 'rtp.foreign-source');
  expect(now - dropped).toBeGreaterThan(seconds * 40);
  await Promise.all([leave(conversation), ...strangers.map((stranger) => stranger.close())]);
});

function at(up: readonly Conversation[], index: number): Conversation {
  const found = up[index];
  if (!found) throw new Error(`there is no conversation ${index}`);
  return found;
}
