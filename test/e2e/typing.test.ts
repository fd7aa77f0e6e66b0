import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { liveClientFrameSchema, liveServerFrameSchema } from '../../src/contract/index.ts';
import type { DeskView, FloorView } from '../../src/contract/index.ts';
import { launchChromium, launchMortalChromium } from '../harness/chromium.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { keepDatabaseAway } from '../harness/keep-away.ts';
import { has } from '../harness/peers.ts';
import { startPlatform } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { ScreenReader } from '../harness/screen-reader.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import { seededRandom } from '../harness/tone-blocks.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

const OPERATOR = { operator: 'hanako@example.jp' };
const LETTERS = 100;
const LETTER_MS = 100;

const seed = Math.floor(Math.random() * 1e6);
const random = seededRandom(seed);
const text = Array.from({ length: LETTERS }, () =>
  String.fromCharCode(97 + Math.floor(random() * 26)),
).join('');

let platform: Platform;
let caller: TrunkCaller;

beforeAll(async () => {
  platform = await startPlatform();
  await applyOffice(platform, { operators: [browserOperator('hanako')] });
});

afterAll(() => platform.stop());
afterEach(() => caller.close());

/** Listens to what a page hands over, and what of it the server acknowledged. */
class Acknowledged {
  readonly #sent = new Map<number, string>();
  #longest = '';

  constructor(page: Page) {
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => this.#onSent(payload));
      socket.on('framereceived', ({ payload }) => this.#onReceived(payload));
    });
  }

  /** The longest text that the server has said it holds. */
  get text(): string {
    return this.#longest;
  }

  #onSent(payload: string | Buffer): void {
    const frame = liveClientFrameSchema.safeParse(JSON.parse(payload.toString()));
    if (frame.data?.type === 'draft.put') this.#sent.set(frame.data.clientSeq, frame.data.value);
  }

  #onReceived(payload: string | Buffer): void {
    const frame = liveServerFrameSchema.safeParse(JSON.parse(payload.toString()));
    if (frame.data?.type !== 'draft.ack') return;
    const value = this.#sent.get(frame.data.ack.clientSeq) ?? '';
    if (value.length > this.#longest.length) this.#longest = value;
  }
}

/** Ten letters a second; `meanwhile` happens at a random one of them. */
async function typeWith(page: Page, meanwhile: () => Promise<unknown>): Promise<void> {
  const at = 20 + Math.floor(random() * 60);
  for (const [index, letter] of Array.from(text).entries()) {
    if (index === at) void meanwhile();
    await page.keyboard.type(letter);
    await page.waitForTimeout(LETTER_MS);
  }
}

/** Keeps every state of the draft that she sees from here on, however short. */
async function noteDraftStatus(page: Page): Promise<void> {
  await page.evaluate(`{
    window.draftStatusSeen = [];
    const look = () => {
      const shown = document.querySelector('[data-testid=draft-status]')?.dataset.status;
      if (shown && shown !== window.draftStatusSeen.at(-1)) window.draftStatusSeen.push(shown);
    };
    const watch = { subtree: true, childList: true, attributeFilter: ['data-status'] };
    new MutationObserver(look).observe(document.body, watch);
  }`);
}

async function stored(operatorId: string): Promise<string> {
  const desk = await platform.api<DeskView>('GET', '/api/v1/desk', undefined, operatorId);
  return desk.body.draft?.fields.company?.value ?? '';
}

async function operatorId(): Promise<string> {
  const answer = await platform.api<FloorView>('GET', '/api/v1/floor');
  return answer.body.operators[0]?.id ?? '';
}

/** PostgreSQL goes away and comes back: said in words, and what she types is safe in the end. */
async function loseDatabase(desk: DeskPage): Promise<void> {
  const reader = await ScreenReader.at(desk.page);
  const back = keepDatabaseAway(platform);
  try {
    await desk.page.keyboard.press('Alt+H');
    await desk.get('notice-not-saved').waitFor();
    const words = await desk.get('notice-not-saved').textContent();
    expect(words).toContain('いま保存できていません。通話は続きます');
    expect(await desk.get('problem-banner').textContent()).toContain(
      'データベースに接続できません',
    );
    await desk.untilPhase('talking');
    await desk.field('name').fill('加藤');
    await desk.untilDraft('unsaved');
  } finally {
    await back();
  }
  await desk.get('notice-saved-again').waitFor();
  expect(await desk.get('notice-not-saved').count()).toBe(0);
  expect(await reader.times('いま保存できていません')).toBe(1);
  await desk.untilDraft('saved');
  await desk.page.keyboard.press('Alt+H');
  await desk.untilPhase('held');
  await desk.page.keyboard.press('Alt+H');
  await desk.untilPhase('talking');
}

test('app and database die while she types: she is told, and the page keeps what it was not told to be safe', async () => {
  const browser = await launchChromium();
  try {
    const desk = await DeskPage.open(browser, platform.url, OPERATOR);
    caller = await TrunkCaller.dial(platform);
    await desk.answer();
    await noteDraftStatus(desk.page);
    const said = desk.get('notice-app-restarted').waitFor({ timeout: 60_000 });
    await typeWith(desk.page, async () => platform.kill('app'));
    await said;
    await desk.untilDraft('saved', 20_000);
    expect(await desk.field('company').inputValue()).toBe(text);
    expect(await stored(await operatorId())).toBe(text);
    expect(await desk.page.evaluate('window.draftStatusSeen')).toContain('unsaved');
    await loseDatabase(desk);
    // The call runs on, and the message can be sent.
    await desk.hangUp();
    await caller.over();
    await desk.page.keyboard.press('Control+Enter');
    await desk.get('sent-panel').waitFor();
    await desk.page.keyboard.press('Alt+Enter');
    await desk.untilMode('idle');
  } finally {
    await browser.close();
  }
});

test.skipIf(!has('tmpfs'))(
  'a full disk, an app and a call lost by a fault: each is said once, plainly, with what to do, until it is over',
  async () => {
    const browser = await launchChromium();
    const disk = SmallDisk.open(80, join(platform.dataDir, 'recordings'));
    try {
      const desk = await DeskPage.open(browser, platform.url, OPERATOR);
      caller = await TrunkCaller.dial(platform);
      await desk.answer();
      const reader = await ScreenReader.at(desk.page);
      const fullDisk = [
        'notice-disk-full',
        'ディスクに空きがありません',
        '管理者に知らせて',
      ] as const;
      disk.fill();
      await reader.saysOnce(...fullDisk);
      // Still true for the next app, and no news.
      platform.kill('app');
      await reader.saysOnce('notice-app-restarted', 'サーバーが再起動しました', '残っています');
      await desk.untilPhase('talking');
      await reader.saysOnce(...fullDisk);
      disk.makeRoom();
      await reader.saysOnce('notice-disk-room', '空きができました');
      expect(await desk.get('notice-disk-full').count()).toBe(0);

      platform.kill('media');
      await reader.saysOnce('call-fault', '機器の問題で通話が切れました', 'そのまま送信できます');
      await caller.over();
      await desk.page.keyboard.press('Alt+Enter');
      await desk.untilMode('idle');
      expect(await desk.page.getByText('機器の問題').count()).toBe(0);
    } finally {
      await browser.close();
      disk.close();
    }
  },
);

test('the browser dies while she types: what was acknowledged is there in the next one', async () => {
  const mortal = await launchMortalChromium();
  const desk = await DeskPage.open(mortal.browser, platform.url, OPERATOR);
  const acknowledged = new Acknowledged(desk.page);
  // The live connection was open before anybody listened.
  await desk.page.reload();
  await desk.untilMode('idle');
  caller = await TrunkCaller.dial(platform);
  await desk.answer();
  const id = await operatorId();
  await typeWith(desk.page, () => mortal.server.kill()).catch(() => undefined);
  const safe = acknowledged.text;
  expect(safe.length).toBeGreaterThan(10);
  expect(text.startsWith(safe)).toBe(true);
  expect((await stored(id)).startsWith(safe)).toBe(true);

  const next = await launchChromium();
  try {
    const back = await DeskPage.enter(next, platform.url, OPERATOR);
    await back.takeBack();
    const shown = await back.field('company').inputValue();
    expect(shown.startsWith(safe)).toBe(true);
    expect(text.startsWith(shown)).toBe(true);
    await back.hangUp();
    await caller.over();
  } finally {
    await next.close();
  }
});
