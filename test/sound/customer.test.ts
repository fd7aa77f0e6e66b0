import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MailboxMail, MessageView } from '../../src/contract/index.ts';
import { heardBy } from '../harness/browser-ear.ts';
import { launchChromium } from '../harness/chromium.ts';
import { CustomerTab } from '../harness/customer-tab.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { PortalPage } from '../harness/portal-page.ts';
import { BlockSequence, analyseBlocks, foreignLevelDb } from '../harness/tone-blocks.ts';

const OPERATOR = { operator: 'sato@denwaban.example.jp', password: 'operator-demo-2026' };
const MEMBER = { email: 'office@sakura-law.example.jp', password: 'sakura-demo-2026' };
const TALK_MS = 8_000;
const CLEAN = { missing: [], repeated: [], outOfOrder: [] };

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform({ demo: true });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

test('nobody there: the customer hears the prompt, and the office has an unanswered call', async () => {
  const before = await messagesOf('unattended');
  const customer = await CustomerTab.open(browser, platform.url, {
    sequence: new BlockSequence({ seed: 1, lane: 0 }),
    seconds: 60,
  });
  await customer.call('みなと内科クリニック');
  await customer.untilPhase('unattended');
  await customer.untilPhase('ended', 40_000);
  const heard = await heardBy(customer.page);
  // The prompt is some seventeen seconds of speech.
  expect(heard.filter((sample) => Math.abs(sample) > 300).length).toBeGreaterThan(4 * 8_000);
  await until(async () => (await messagesOf('unattended')) === before + 1, 5_000);
  await customer.close();
});

test('two browser tabs: a customer and an operator hear each other, and the message arrives', async () => {
  const seed = Math.floor(Math.random() * 1e6);
  const customerSound = new BlockSequence({ seed, lane: 0 });
  const operatorSound = new BlockSequence({ seed, lane: 1 });
  const desk = await DeskPage.open(browser, platform.url, {
    ...OPERATOR,
    speaks: { sequence: operatorSound, seconds: 60 },
  });
  // Whoever tries it finds the way to a first call where she waits for one.
  expect(await desk.get('demo-call').getAttribute('href')).toBe('/customer');
  const customer = await CustomerTab.open(browser, platform.url, {
    sequence: customerSound,
    seconds: 60,
  });
  await customer.call('さくら総合法律事務所');
  await desk.answer();
  expect(await desk.get('company').textContent()).toBe('さくら総合法律事務所');
  await customer.untilPhase('talking');
  await desk.page.keyboard.type('北斗建設');
  await desk.page.waitForTimeout(TALK_MS);

  await customer.hangUp();
  await desk.untilPhase('wrap-up');
  const blocks = Math.floor(TALK_MS / 200) - 5;
  const atDesk = await heardBy(desk.page);
  const atCustomer = await heardBy(customer.page);
  const byDesk = analyseBlocks(atDesk, customerSound);
  expect(byDesk).toMatchObject(CLEAN);
  expect(byDesk.seen.length).toBeGreaterThanOrEqual(blocks);
  const byCustomer = analyseBlocks(atCustomer, operatorSound);
  expect(byCustomer).toMatchObject(CLEAN);
  expect(byCustomer.seen.length).toBeGreaterThanOrEqual(blocks);
  // Nobody hears herself.
  expect(foreignLevelDb(atDesk, operatorSound, customerSound).typical).toBeLessThan(-40);
  expect(foreignLevelDb(atCustomer, customerSound, operatorSound).typical).toBeLessThan(-40);

  await desk.page.keyboard.press('Alt+R');
  await desk.page.keyboard.press('Control+Enter');
  await desk.get('sent-panel').waitFor();
  await desk.page.keyboard.press('Alt+Enter');
  await desk.untilMode('idle');
  await until(async () => {
    const { body } = await platform.api<{ mails: MailboxMail[] }>('GET', '/api/v1/mailbox');
    return body.mails.some(({ subject }) => subject === '【折返し希望】北斗建設様');
  }, 10_000);

  const portal = await PortalPage.open(browser, platform.url, MEMBER);
  await portal.openNewest();
  await portal.press('recording-play');
  await until(async () => (await portal.playedSeconds()) > 0.5, 10_000);
  const { left, right } = await portal.heard();
  expect(analyseBlocks(left, customerSound)).toMatchObject(CLEAN);
  expect(analyseBlocks(right, operatorSound)).toMatchObject(CLEAN);
  await desk.leave();
  await customer.close();
});

async function messagesOf(kind: MessageView['kind']): Promise<number> {
  const { body } = await platform.api<{ messages: MessageView[] }>('GET', '/api/v1/messages');
  return body.messages.filter((message) => message.kind === kind).length;
}
