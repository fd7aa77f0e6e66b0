import type { Browser, WebSocketRoute } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { heardBy } from '../harness/browser-ear.ts';
import { launchChromium } from '../harness/chromium.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { openPage, signIn } from '../harness/pages.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { BlockSequence, analyseBlocks } from '../harness/tone-blocks.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

const seed = Math.floor(Math.random() * 1e6);
const callerSound = new BlockSequence({ seed, lane: 0 });
const operatorSound = new BlockSequence({ seed, lane: 1 });
const speaks = { sequence: operatorSound, seconds: 90 };
const CLEAN = { missing: [], repeated: [], outOfOrder: [] };
const BACK_WITHIN_MS = 3_000;

let platform: Platform;
let browser: Browser;
let caller: TrunkCaller;

beforeAll(async () => {
  platform = await startPlatform();
  await applyOffice(platform, {
    operators: [browserOperator('hanako'), browserOperator('jiro', '電話 次郎')],
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

afterEach(async () => {
  await caller.close();
  for (const context of browser.contexts()) await context.close();
});

/** In a call with a caller who speaks. */
async function inCall(desk: DeskPage): Promise<void> {
  caller = await TrunkCaller.dial(platform);
  await desk.answer();
  await caller.speak(callerSound);
}

/** Hangs up, leaves what was typed unsent (which is asked about), and the floor. */
async function end(desk: DeskPage): Promise<void> {
  await desk.hangUp();
  await caller.over();
  await desk.page.keyboard.press('Alt+Enter');
  await desk.get('finish-unsent').click();
  await desk.untilMode('idle');
  await desk.leave();
}

/** Whether the caller came to the page's ear in the last second. */
async function hearsCaller(desk: DeskPage): Promise<boolean> {
  const lately = (await heardBy(desk.page)).subarray(-8_000);
  return analyseBlocks(lately, callerSound).seen.length >= 2;
}

test('a reloaded console has its call back, with draft and sound', async () => {
  const desk = await DeskPage.open(browser, platform.url, {
    operator: 'hanako@example.jp',
    speaks,
  });
  await inCall(desk);
  await desk.page.keyboard.type('北斗建設');
  await desk.untilDraft('saved');
  await desk.page.reload();
  await desk.get('console').waitFor();
  const returned = performance.now();
  await desk.untilPhase('talking');
  await until(() => hearsCaller(desk), 10_000);
  const backMs = performance.now() - returned;
  console.log(`reload: call, draft and sound back after ${Math.round(backMs)} ms`);
  expect(backMs).toBeLessThan(BACK_WITHIN_MS);
  expect(await desk.field('company').inputValue()).toBe('北斗建設');
  // The caller hears the same operator again.
  const from = caller.peer.heard.length;
  await until(() => analyseBlocks(caller.peer.pcm(from), operatorSound).seen.length > 5, 10_000);
  await end(desk);
});

test('without its live connection a console keeps the sound whole and the text safe', async () => {
  const page = await openPage(browser, { speaks });
  const sockets: WebSocketRoute[] = [];
  let away = false;
  await page.routeWebSocket(/\/api\/v1\/live$/, (socket) => {
    if (away) void socket.close();
    else {
      sockets.push(socket);
      socket.connectToServer();
    }
  });
  await signIn(page, platform.url, 'hanako@example.jp');
  const desk = new DeskPage(page);
  await desk.begin();
  await inCall(desk);
  await page.keyboard.type('北斗');
  await desk.untilDraft('saved');
  const from = (await heardBy(page)).length;

  away = true;
  await page.context().setOffline(true);
  for (const socket of sockets) await socket.close();
  await desk.get('live-banner').waitFor();
  await page.keyboard.type('建設');
  await desk.untilDraft('unsaved');
  await page.waitForTimeout(4_000);
  await page.context().setOffline(false);
  away = false;
  await desk.untilDraft('saved');
  await desk.get('live-banner').waitFor({ state: 'detached' });
  expect(await desk.field('company').inputValue()).toBe('北斗建設');

  const heard = analyseBlocks((await heardBy(page)).subarray(from), callerSound);
  expect(heard).toMatchObject(CLEAN);
  expect(heard.seen.length).toBeGreaterThan(15);
  await end(desk);
});

test('a second tab asks before it takes the call over', async () => {
  const first = await DeskPage.open(browser, platform.url, {
    operator: 'hanako@example.jp',
    speaks,
  });
  await inCall(first);
  await first.page.keyboard.type('北斗建設');
  await first.untilDraft('saved');
  const second = new DeskPage(await openPage(browser, { beside: first.page, speaks }));
  await second.page.goto(`${platform.url}/console`);
  await second.untilMode('elsewhere');
  expect(await second.get('take-over').textContent()).toContain('こちらで受電する');
  // Asking disturbs nothing.
  await first.untilPhase('talking');
  expect(await hearsCaller(first)).toBe(true);
  await second.takeBack();
  await until(() => hearsCaller(second), 10_000);
  expect(await second.field('company').inputValue()).toBe('北斗建設');
  await first.untilMode('elsewhere');
  await end(second);
});

test('an operator who does not come back: the caller waits 20 s with a tone, then goes to the next', async () => {
  const first = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  await inCall(first);
  await first.page.keyboard.type('北斗建設');
  await first.untilDraft('saved');
  const second = await DeskPage.open(browser, platform.url, {
    operator: 'jiro@example.jp',
    speaks,
  });
  const from = caller.peer.heard.length;
  const goneAt = performance.now();
  await first.close();
  await second.untilMode('ring', 40_000);
  const waitedMs = performance.now() - goneAt;
  console.log(`offered on after ${Math.round(waitedMs)} ms`);
  expect(waitedMs).toBeGreaterThan(19_000);
  // Two beeps every five seconds.
  expect(beeps(caller.peer.pcm(from))).toBeGreaterThanOrEqual(6);
  await second.page.keyboard.press('F2');
  await second.untilPhase('talking');
  await until(() => hearsCaller(second), 10_000);
  expect(await second.field('company').inputValue()).toBe('北斗建設');
  await end(second);
});

/** How often sound begins after silence. */
function beeps(pcm: Int16Array): number {
  let count = 0;
  let quiet = 0;
  for (const sample of pcm) {
    if (Math.abs(sample) < 300) quiet++;
    else {
      if (quiet > 400) count++;
      quiet = 0;
    }
  }
  return count;
}
