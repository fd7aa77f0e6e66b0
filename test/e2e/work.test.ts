import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { MailboxMail, MessageView, SubscriberView } from '../../src/contract/index.ts';
import { launchChromium } from '../harness/chromium.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { listenByKeyboard, takeMessageByKeyboard } from '../harness/keyboard-work.ts';
import { openPage, signIn, tabTo } from '../harness/pages.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { PortalPage } from '../harness/portal-page.ts';
import { testSmtp } from '../harness/smtp.ts';
import type { TestSmtp } from '../harness/smtp.ts';
import { BlockSequence } from '../harness/tone-blocks.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

const seed = Math.floor(Math.random() * 1e6);
const callerSound = new BlockSequence({ seed, lane: 0 });
const operatorSound = new BlockSequence({ seed, lane: 1 });

let smtp: TestSmtp;
let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  smtp = await testSmtp();
  platform = await startPlatform({
    env: { DENWABAN_SMTP_URL: smtp.url, DENWABAN_MAIL_FROM: '電話番 <denwaban@example.jp>' },
  });
  await applyOffice(platform, {
    operators: [browserOperator('hanako')],
    contactPhone: '090-0123-4568',
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
  await smtp.close();
});

afterEach(async () => {
  smtp.behaviour = 'accept';
  for (const context of browser.contexts()) await context.close();
});

async function messages(): Promise<MessageView[]> {
  const answer = await platform.api<{ messages: MessageView[] }>('GET', '/api/v1/messages');
  return answer.body.messages;
}

test('a call is taken, written down with an input method, sent and read, by keyboard alone', async () => {
  const desk = await DeskPage.open(browser, platform.url, {
    operator: 'hanako@example.jp',
    speaks: { sequence: operatorSound, seconds: 60 },
  });
  const caller = await TrunkCaller.dial(platform);
  try {
    const spoken = caller.speak(callerSound);
    await takeMessageByKeyboard(desk);
    await spoken;
    await caller.over();
  } finally {
    await caller.close();
  }

  const [received] = smtp.received;
  expect(smtp.received).toHaveLength(1);
  expect(received?.mail.subject).toBe('【折返し希望】北斗建設 加藤様 → 山田様');
  expect(received?.to).toEqual(['yamada@example.jp']);
  expect(received?.mail.text).toContain('090-0123-4567');
  expect(received?.mail.text).toContain('みつもりの件');
  expect(received?.mail.html).toContain('みつもりの件');
  const [message] = await messages();
  expect(received?.mail.messageId).toContain(message?.deliveries[0]?.id);

  const portal = await PortalPage.open(browser, platform.url, { email: 'member@example.jp' });
  const row = portal.get('message-row').first();
  await row.waitFor();
  expect(await row.textContent()).toContain('北斗建設 加藤様');
  await row.getByTestId('delivery-accepted').waitFor();
  await portal.openNewest();
  expect(await portal.get('message-body').textContent()).toBe('みつもりの件');
  await portal.get('message-delivery').getByTestId('delivery-accepted').waitFor();
  await listenByKeyboard(portal, { caller: callerSound, operator: operatorSound });

  await callBackByKeyboard(portal);
  await portal.press('mark-handled');
  await portal.get('handled-note').waitFor();
  // The button is gone; a screen reader is still at this message.
  await portal.page.locator('h1[data-focus-home]:focus').waitFor();
  await sayOutByKeyboard(portal);
  expect(await messages()).toMatchObject([
    {
      fields: { company: '北斗建設', name: '加藤', wants: 'callback', phone: '090-0123-4567' },
      handledBy: '山田 太郎',
      deliveries: [{ state: 'accepted', attempts: 1, possibleDuplicate: false }],
    },
  ]);
});

/** Who left the message is to be rung, the member's own telephone first; no trunk of this office carries it. */
async function callBackByKeyboard(portal: PortalPage): Promise<void> {
  await portal.press('message-call-back');
  await portal.page.locator('[data-testid=call-back-first]:focus').waitFor();
  expect(await portal.get('call-back-number').inputValue()).toBe('090-0123-4567');
  const words = await portal.get('call-back').textContent();
  expect(words).toContain('03-0123-4567');
  expect(words).toContain('山田 太郎');
  await portal.page.keyboard.press('Enter');
  const outcome = portal.get('call-back-rings');
  await outcome.filter({ hasText: '回線の都合で、担当者につながりませんでした。' }).waitFor();
  await portal.page.keyboard.press('Escape');
  await outcome.waitFor({ state: 'detached' });
}

/** 在席: a contact is out; whoever answers the calls is told. */
async function sayOutByKeyboard(portal: PortalPage): Promise<void> {
  await portal.press('message-back');
  await portal.press('to-presence');
  const person = portal.get('presence-of');
  await tabTo(portal.page, person.getByRole('radio', { name: '在席' }));
  await portal.page.keyboard.press('ArrowRight');
  await portal.page.locator('[data-testid=presence-of][data-state=out]').waitFor();
  // The page shows what was chosen before the server has it.
  const told = async (): Promise<unknown> => {
    const { body } = await platform.api<{ subscribers: SubscriberView[] }>(
      'GET',
      '/api/v1/subscribers',
    );
    return body.subscribers[0]?.contacts;
  };
  await expect
    .poll(told)
    .toMatchObject([{ name: '山田 太郎', presence: { state: 'out', until: null } }]);
  // Until when is there as long as it holds, and goes along to another state; who is back is back.
  const { page } = portal;
  const select = portal.get('presence-until');
  const shown = (): Promise<string> => select.locator('option:checked').innerText();
  const choose = async (radio: string, key: string, state: string): Promise<void> => {
    await tabTo(page, person.getByRole('radio', { name: radio }));
    await page.keyboard.press(key);
    await page.locator(`[data-testid=presence-of][data-state=${state}]`).waitFor();
  };
  for (const [key, words] of [
    ['ArrowDown', /^\d+:\d\dまで$/],
    ['End', /^今日いっぱい$/],
  ] as const) {
    await tabTo(page, select);
    await page.keyboard.press(key);
    await expect.poll(shown).toMatch(words);
    await page.reload();
    await select.waitFor();
    expect(await shown()).toMatch(words);
  }
  await choose('外出', 'ArrowRight', 'meeting');
  expect(await shown()).toBe('今日いっぱい');
  await choose('会議中', 'ArrowLeft', 'out');
  await choose('外出', 'ArrowLeft', 'in');
  expect(await shown()).toBe('変えるまで');
  // What works no more keeps the focus all the same.
  await portal.press('presence-forget');
  await page.locator('[data-testid=presence-of][data-state=unknown]').waitFor();
  await page.locator('[data-testid=presence-forget]:focus').waitFor();
}

/** A message of a short call, sent while the mail server behaves as told. */
async function quickMessage(desk: DeskPage, name: string): Promise<void> {
  const caller = await TrunkCaller.dial(platform);
  try {
    await desk.answer();
    await desk.page.keyboard.type(name);
    await desk.hangUp();
    await caller.over();
  } finally {
    await caller.close();
  }
  await desk.page.keyboard.press('Control+Enter');
  await desk.get('sent-panel').waitFor();
}

test('what became of the mail is said as it is: retrying, uncertain, failed; never "delivered"', async () => {
  const desk = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  const portal = await PortalPage.open(browser, platform.url, { email: 'member@example.jp' });
  const cases = [
    { behaviour: { code: 451, text: 'try later' }, state: 'retrying', words: '再試行中' },
    { behaviour: 'reset', state: 'uncertain', words: '確認中' },
    { behaviour: { code: 550, text: 'no such person' }, state: 'failed', words: '失敗' },
  ] as const;
  for (const { behaviour, state, words } of cases) {
    smtp.behaviour = behaviour;
    await quickMessage(desk, `${state}社`);
    const atDesk = desk.get('sent-panel').getByTestId(`delivery-${state}`);
    await atDesk.waitFor({ timeout: 45_000 });
    expect(await atDesk.textContent()).toBe(words);
    // The portal hears of it by itself.
    const row = portal.get('message-row').filter({ hasText: `${state}社` });
    await row.getByTestId(`delivery-${state}`).waitFor({ timeout: 30_000 });
    await desk.page.keyboard.press('Alt+Enter');
    await desk.untilMode('idle');
    expect(await desk.get('notice-delivery-failed').count()).toBe(state === 'failed' ? 1 : 0);
  }
  for (const page of [desk.page, portal.page]) {
    const text = (await page.locator('body').textContent()) ?? '';
    expect(text).not.toMatch(/配信済|配達済|届きました|到達/);
  }
});

test('without SMTP the report lies in the local mailbox, plainly marked', async () => {
  const local = await startPlatform();
  try {
    await applyOffice(local, { operators: [] });
    await local.api('POST', '/api/v1/users', {
      email: 'admin@example.jp',
      name: '管理 一郎',
      role: 'administrator',
      password: 'correct-horse-battery',
    });
    const caller = await TrunkCaller.dial(local);
    try {
      await caller.over();
    } finally {
      await caller.close();
    }
    let mails: MailboxMail[] = [];
    await until(async () => {
      mails = (await local.api<{ mails: MailboxMail[] }>('GET', '/api/v1/mailbox')).body.mails;
      return mails.length === 1;
    }, 10_000);
    expect(mails[0]?.subject).toContain('不在着信');
    const page = await openPage(browser);
    await signIn(page, local.url, 'admin@example.jp');
    await page.goto(`${local.url}/mailbox`);
    await page.getByTestId('mailbox-not-sent').waitFor();
    await page.getByTestId('mailbox-row').filter({ hasText: '不在着信' }).click();
    await page.getByTestId('mailbox-mail').waitFor();
  } finally {
    await local.stop();
  }
});
