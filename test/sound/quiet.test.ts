import type { Browser, BrowserServer } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchMortalChromium } from '../harness/chromium.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { openPage, signIn } from '../harness/pages.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { BlockSequence, analyseBlocks } from '../harness/tone-blocks.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

/* A browser from which nothing comes, and one that is only muted: what the caller hears of it. */

const seed = Math.floor(Math.random() * 1e6);
const callerSound = new BlockSequence({ seed, lane: 0 });
const operatorSound = new BlockSequence({ seed, lane: 1 });
/** Long before the missing checks of the connection would say that the browser is gone (15 s). */
const TOLD_WITHIN_MS = 8_000;

let platform: Platform;
let server: BrowserServer;
let browser: Browser;
let desk: DeskPage;
let caller: TrunkCaller;

beforeAll(async () => {
  platform = await startPlatform();
  await applyOffice(platform, { operators: [browserOperator('hanako')] });
  ({ browser, server } = await launchMortalChromium());
  const page = await openPage(browser, { speaks: { sequence: operatorSound, seconds: 90 } });
  await page.addInitScript(KEEP_TRACKS);
  await signIn(page, platform.url, 'hanako@example.jp');
  desk = new DeskPage(page);
  await desk.begin();
  caller = await TrunkCaller.dial(platform);
  await desk.answer();
  await caller.speak(callerSound);
});

afterAll(async () => {
  await caller.close();
  await browser.close();
  await server.close();
  await platform.stop();
});

/** What the page sends, so that a test may mute it as an operating system does. */
const KEEP_TRACKS = `{
  const add = RTCPeerConnection.prototype.addTrack;
  RTCPeerConnection.prototype.addTrack = function (track, ...streams) {
    (window.sentTracks ??= []).push(track);
    return add.call(this, track, ...streams);
  };
  const addTransceiver = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (track, init) {
    if (typeof track !== 'string') (window.sentTracks ??= []).push(track);
    return addTransceiver.call(this, track, init);
  };
}`;

/** Every process of the browser. */
function signal(name: 'SIGSTOP' | 'SIGCONT'): void {
  process.kill(-server.process().pid!, name);
}

const hearsOperator = (from: number): boolean =>
  analyseBlocks(caller.peer.pcm(from), operatorSound).seen.length > 5;

test('a muted microphone sends silence, and the call stays as it is', async () => {
  await until(() => hearsOperator(0), 10_000);
  const enable = (on: boolean) =>
    desk.page.evaluate<number>(
      `(window.sentTracks.forEach((track) => (track.enabled = ${on})), window.sentTracks.length)`,
    );
  expect(await enable(false)).toBeGreaterThan(0);
  await desk.page.waitForTimeout(500);
  const from = caller.peer.heard.length;
  await desk.page.waitForTimeout(5_000);
  const meanwhile = caller.peer.pcm(from);
  expect(analyseBlocks(meanwhile, operatorSound).seen).toEqual([]);
  expect(Math.max(...meanwhile)).toBeLessThan(300);
  await desk.untilPhase('talking', 1_000);
  await enable(true);
  const back = caller.peer.heard.length;
  await until(() => hearsOperator(back), 10_000);
});

test('a browser that stands still: the caller soon hears the tone, and then the operator again', async () => {
  const from = caller.peer.heard.length;
  const stoppedAt = performance.now();
  signal('SIGSTOP');
  try {
    // What is loud a second after her last words are the beeps of the waiting tone.
    await until(() => isLoud(caller.peer.pcm(from).subarray(8_000)), TOLD_WITHIN_MS);
    console.log(`tone after ${Math.round(performance.now() - stoppedAt)} ms`);
  } finally {
    signal('SIGCONT');
  }
  const back = caller.peer.heard.length;
  await until(() => hearsOperator(back), 10_000);
  await desk.untilPhase('talking');
  await desk.hangUp();
  await caller.over();
});

test('a caller who sends no sound: the operator is told so, until it comes', async () => {
  await desk.page.keyboard.press('Alt+4');
  await desk.page.keyboard.press('Alt+Enter');
  await desk.untilState('available');
  await caller.close();
  caller = await TrunkCaller.dial(platform);
  await desk.answer();
  const said = desk.get('no-sound-from');
  await said.waitFor({ timeout: 15_000 });
  expect(await said.textContent()).toBe('相手の声が届いていません');
  const seen = await platform.api<{ calls: { noSoundFrom: string[] }[] }>('GET', '/api/v1/calls');
  expect(seen.body.calls.map(({ noSoundFrom }) => noSoundFrom)).toEqual([['caller']]);
  await caller.speak(callerSound);
  await said.waitFor({ state: 'detached', timeout: 15_000 });
  await desk.hangUp();
  await caller.over();
});

function isLoud(pcm: Int16Array): boolean {
  return pcm.some((sample) => Math.abs(sample) > 1_000);
}
