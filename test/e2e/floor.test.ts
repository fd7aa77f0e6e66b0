import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { MessageView } from '../../src/contract/index.ts';
import { launchChromium } from '../harness/chromium.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { testSmtp } from '../harness/smtp.ts';
import type { TestSmtp } from '../harness/smtp.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

let smtp: TestSmtp;
let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  smtp = await testSmtp();
  platform = await startPlatform({
    env: { DENWABAN_SMTP_URL: smtp.url, DENWABAN_MAIL_FROM: '電話番 <denwaban@example.jp>' },
  });
  await applyOffice(platform, {
    operators: [browserOperator('hanako'), browserOperator('jiro', '電話 次郎')],
    settings: { ringNoAnswerSeconds: 3 },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
  await smtp.close();
});

afterEach(async () => {
  smtp.received.length = 0;
});

/** Two operators in two browsers; the first has waited longer. */
async function twoDesks(): Promise<[DeskPage, DeskPage]> {
  const first = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  const second = await DeskPage.open(browser, platform.url, { operator: 'jiro@example.jp' });
  return [first, second];
}

async function newest(): Promise<MessageView | undefined> {
  const answer = await platform.api<{ messages: MessageView[] }>('GET', '/api/v1/messages');
  return answer.body.messages[0];
}

test('a call that is left to ring goes to the next operator, and to her alone', async () => {
  const [first, second] = await twoDesks();
  const caller = await TrunkCaller.dial(platform);
  try {
    await first.untilMode('ring');
    expect(await second.get('ring-card').count()).toBe(0);
    await second.answer();
    // The first desk rings no more; its operator is free for the next call.
    await first.untilMode('idle');
    expect(await first.get('operator-state').getAttribute('data-state')).toBe('available');
    await second.hangUp();
    await caller.over();
    await second.page.keyboard.press('Alt+Enter');
    await second.untilState('available');
  } finally {
    await caller.close();
  }
  await first.leave();
  await second.leave();
});

test('Shift+F2 passes the call on at once', async () => {
  const [first, second] = await twoDesks();
  const caller = await TrunkCaller.dial(platform);
  try {
    await first.untilMode('ring');
    await first.page.keyboard.press('Shift+F2');
    await second.answer();
    await second.hangUp();
    await caller.over();
    await second.page.keyboard.press('Alt+Enter');
    await second.untilState('available');
  } finally {
    await caller.close();
  }
  await first.leave();
  await second.leave();
});

test('a caller who gives up: the ring stops, and the office is told', async () => {
  const desk = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  const caller = await TrunkCaller.dial(platform, { scenario: 'uac-abandons' });
  try {
    await desk.untilMode('ring');
    await caller.over();
    await desk.untilMode('idle');
    await desk.untilState('available');
  } finally {
    await caller.close();
  }
  await until(() => smtp.received.length === 1, 10_000);
  expect(smtp.received[0]?.mail.subject).toContain('【不在着信】090-0123-4567');
  expect(smtp.received[0]?.mail.text).toContain('応答前に切れました');
  expect(await newest()).toMatchObject({ kind: 'abandoned' });
  // The operator sees it among today's messages.
  await desk.page.getByText('【不在着信】090-0123-4567').waitFor();
  await desk.leave();
});

test('nobody there: the caller is told so, and the office has the unanswered call by mail', async () => {
  const caller = await TrunkCaller.dial(platform);
  try {
    await caller.over();
    const loud = caller.peer.pcm().filter((sample) => Math.abs(sample) > 300).length;
    expect(loud).toBeGreaterThan(4 * 8_000);
  } finally {
    await caller.close();
  }
  await until(() => smtp.received.length === 1, 10_000);
  expect(smtp.received[0]?.mail.subject).toContain('【不在着信】090-0123-4567');
  expect(smtp.received[0]?.to).toEqual(['yamada@example.jp']);
  expect(await newest()).toMatchObject({
    kind: 'unattended',
    deliveries: [{ state: 'accepted' }],
  });
});
