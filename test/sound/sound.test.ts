import { afterAll, beforeAll, expect, test } from 'vitest';
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
import { startPlatform } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { RtpPeer } from '../harness/rtp-peer.ts';
import { BlockSequence, analyseBlocks, hearsSpeaker } from '../harness/tone-blocks.ts';
import { TwoSeats } from '../harness/two-seats.ts';

const seed = Math.floor(Math.random() * 1e6);
/** Of every test of the clock: a minute shows a drift of 1 ms per minute. */
const SECONDS = 60;

let platform: Platform;
let office: TwoSeats;

const callerSound = (call: number): BlockSequence =>
  new BlockSequence({ seed: seed + call, lane: 0 });
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeAll(async () => {
  platform = await startPlatform();
  office = await TwoSeats.open(platform, { seed, browserSeconds: 300, phoneSeconds: SECONDS + 10 });
});

afterAll(async () => {
  await office.close();
  await platform.stop();
});

test('a trunk speaks with Chromium and another call with a registered phone: a minute of every block, twice recorded', async () => {
  const first = await converse(platform, office.seats, { callerSound: callerSound(0) });
  const known = new Set([first.callPath.slice('/api/v1/calls/'.length)]);
  const second = await converse(platform, office.seats, { callerSound: callerSound(1), known });
  await wait(SECONDS * 1000);
  for (const conversation of [first, second]) await hangUp(platform, conversation);
  for (const conversation of [first, second]) {
    const recorded = await expectBothWays(platform, conversation, SECONDS);
    expectTiming(conversation, recorded, (SECONDS - 4) * 5);
    await leave(conversation);
  }
});

test('30 ms jitter, 1 % loss, packets out of order, a clock 200 ppm fast: every block; beside it a caller who sends nothing', async () => {
  const seconds = SECONDS;
  const network = { jitterMs: 30, loss: 0.01, ppm: 200, seed };
  const silent = await converse(platform, office.seats, {
    callerSound: callerSound(2),
    silent: true,
  });
  const known = new Set([silent.callPath.slice('/api/v1/calls/'.length)]);
  const troubled = await converse(platform, office.seats, {
    callerSound: callerSound(3),
    network,
    known,
  });
  await wait(seconds * 1000);
  for (const conversation of [troubled, silent]) await hangUp(platform, conversation);
  const recorded = await expectBothWays(platform, troubled, seconds);
  expectTiming(troubled, recorded, (seconds - 4) * 5);
  const { caller, ours } = await recordingOf(platform, silent.callPath);
  expect(caller.every((sample) => Math.abs(sample) <= 8)).toBe(true);
  for (const heard of [ours, silent.peer.pcm()]) {
    const report = analyseBlocks(heard, silent.seat.sound);
    expect(report).toMatchObject({ missing: [], repeated: [], outOfOrder: [] });
    expect(report.seen.length).toBeGreaterThanOrEqual((seconds - 3) * 5);
  }
  await Promise.all([leave(troubled), leave(silent)]);
});

test('a third address with the caller’s SSRC and sequence is never heard: before, during and after her first packet', async () => {
  const seconds = 12;
  const strange = new BlockSequence({ seed: seed + 300, lane: 2 });
  const strangers: RtpPeer[] = [];
  const dropped = await metric(platform, 'denwaban_media_total', 'rtp.foreign-source');
  const conversation = await converse(platform, office.seats, {
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
