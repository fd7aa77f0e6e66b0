import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { FloorView, MessageView } from '../../src/contract/index.ts';
import { launchChromium } from '../harness/chromium.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { FloorPage } from '../harness/floor-page.ts';
import { applyOffice, browserOperator, PASSWORD, supervisor } from '../harness/office.ts';
import { openPage, tabTo } from '../harness/pages.ts';
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
    operators: [
      browserOperator('hanako'),
      browserOperator('jiro', '電話 次郎'),
      supervisor('shunin', '主任 三郎'),
      { id: 'spare', name: '予備席' },
    ],
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

/** Of operators who ended their shift in order: signed in still. A test that fails gives none back. */
const offShift = new Map<'hanako' | 'jiro', DeskPage>();

/** On the floor, with nothing of an earlier shift. */
async function deskOf(id: 'hanako' | 'jiro'): Promise<DeskPage> {
  const signedIn = offShift.get(id);
  offShift.delete(id);
  await signedIn?.begin();
  return signedIn ?? DeskPage.open(browser, platform.url, { operator: `${id}@example.jp` });
}

async function leave(desks: Partial<Record<'hanako' | 'jiro', DeskPage>>): Promise<void> {
  for (const id of ['hanako', 'jiro'] as const) {
    const desk = desks[id];
    await desk?.end();
    if (desk) offShift.set(id, desk);
  }
}

/** Two operators in two browsers; the first has waited longer. */
async function twoDesks(): Promise<[DeskPage, DeskPage]> {
  return [await deskOf('hanako'), await deskOf('jiro')];
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
  await leave({ hanako: first, jiro: second });
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
  await leave({ hanako: first, jiro: second });
});

test('a caller who gives up: the ring stops, and the office is told', async () => {
  const desk = await deskOf('hanako');
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
  await leave({ hanako: desk });
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
  await expect
    .poll(newest)
    .toMatchObject({ kind: 'unattended', deliveries: [{ state: 'accepted' }] });
});

test('a supervisor chooses a call, listens, whispers, barges in and leaves, by keyboard alone', async () => {
  const [first, second] = await twoDesks();
  const floor = await FloorPage.open(browser, platform.url, { supervisor: 'shunin@example.jp' });
  const { keyboard } = floor.page;
  const callers = [await TrunkCaller.dial(platform)];
  try {
    await first.answer();
    callers.push(await TrunkCaller.dial(platform));
    await second.answer();
    await floor.untilUnder('電話 花子');
    await keyboard.press('ArrowDown');
    await floor.untilUnder('電話 次郎');
    await keyboard.press('Alt+1');
    await floor.untilWatching('listen');
    expect(await floor.get('watching').textContent()).toContain('さくら法律事務所');
    // Everybody who looks sees who is in the call, and so does its operator.
    await floor.page.locator('[data-testid=floor-monitor][data-mode=listen]').waitFor();
    const own = floor.page.locator('[data-testid=floor-operator][data-watches=listen]');
    expect(await own.textContent()).toContain('聴取中');
    await second.page.locator('[data-testid=watcher][data-mode=listen]').waitFor();
    expect(await first.get('watcher').count()).toBe(0);

    await keyboard.press('Alt+2');
    await floor.untilWatching('whisper');
    await keyboard.press('Alt+3');
    await floor.untilWatching('barge');
    await second.page.locator('[data-testid=watcher][data-mode=barge]').waitFor();

    // At her own desk the call is not hers: no form, no first words; the bar goes along.
    await floor.page.getByRole('link', { name: '受電画面' }).click();
    await floor.page.locator('[data-testid=console][data-mode=idle]').waitFor();
    await floor.untilWatching('barge');
    expect(await floor.get('call-screen').count()).toBe(0);
    await keyboard.press('Alt+1');
    await floor.untilWatching('listen');
    await keyboard.press('Alt+0');
    await floor.untilWatchesNothing();
    await second.get('watcher').waitFor({ state: 'detached' });

    for (const desk of [first, second]) {
      await desk.hangUp();
      await desk.page.keyboard.press('Alt+Enter');
      await desk.untilState('available');
    }
  } finally {
    await Promise.all(callers.map((caller) => caller.close()));
    await floor.close();
  }
  await leave({ hanako: first, jiro: second });
});

test('a call that ends takes the listening supervisor along; off shift her sound is closed', async () => {
  const desk = await deskOf('hanako');
  const floor = await FloorPage.open(browser, platform.url, { supervisor: 'shunin@example.jp' });
  const caller = await TrunkCaller.dial(platform);
  try {
    await desk.answer();
    await floor.untilUnder('電話 花子');
    await floor.page.keyboard.press('Alt+1');
    await floor.untilWatching('listen');
    await desk.hangUp();
    await floor.untilWatchesNothing();
    await until(async () => {
      const view = await platform.api<FloorView>('GET', '/api/v1/floor');
      const boss = view.body.operators.find(({ name }) => name === '主任 三郎');
      return boss?.state === 'offline' && boss.callId === null;
    }, 10_000);
    await desk.page.keyboard.press('Alt+Enter');
    await desk.untilState('available');
  } finally {
    await caller.close();
    await floor.close();
  }
  await leave({ hanako: desk });
});

test('the first administrator makes her account and another one, by keyboard alone; the focus is never lost', async () => {
  // As the product prints it when it starts.
  const [link] = /\/setup\?token=[\w-]+/.exec(platform.output) ?? [''];
  const page = await openPage(browser);
  const { keyboard } = page;
  const caret = (name: string): Promise<void> => page.locator(`[name=${name}]:focus`).waitFor();
  try {
    await page.goto(`${platform.url}${link}`);
    await caret('name');
    await keyboard.type('管理 花子');
    await keyboard.press('Enter');
    // What is missing is named, and she is there.
    await caret('email');
    expect(await page.locator('[name=email]').getAttribute('aria-invalid')).toBe('true');
    await keyboard.type('admin@example.jp');
    for (const field of ['password', 'repeat']) {
      await tabTo(page, page.locator(`[name=${field}]`));
      await keyboard.type(PASSWORD);
    }
    await keyboard.press('Enter');
    await page.locator('[data-focus-home]:focus').waitFor();

    await tabTo(page, page.getByRole('tab', { name: 'フロア' }));
    for (let step = 0; step < 3; step++) await keyboard.press('ArrowRight');
    await tabTo(page, page.getByTestId('user-create'));
    await keyboard.press('Enter');
    await caret('name');
    await keyboard.type('主任 四郎');
    await keyboard.press('Tab');
    await keyboard.type('shiro@example.jp');
    await tabTo(page, page.locator('[name=password]'));
    await keyboard.type(PASSWORD);
    await tabTo(page, page.getByRole('combobox', { name: '役割', exact: true }));
    await keyboard.press('Home');
    await tabTo(page, page.getByTestId('user-save'));
    await keyboard.press('Enter');
    await page.locator('[data-testid=user-create]:focus').waitFor();

    const row = page.locator('[data-testid=user-row][data-email="shiro@example.jp"]');
    const stop = row.getByTestId('user-disable');
    const stopHasFocus = (): Promise<void> =>
      expect.poll(() => stop.and(page.locator(':focus')).count()).toBe(1);
    await tabTo(page, stop);
    await keyboard.press('Enter');
    // Asked first, and what is under the finger changes nothing.
    const question = page.getByRole('dialog', { name: '主任 四郎 のアカウントを停止しますか' });
    await question.getByText('shiro@example.jp').waitFor();
    await page.locator('button:focus', { hasText: '停止しない' }).waitFor();
    await keyboard.press('Enter');
    await question.waitFor({ state: 'detached' });
    await stopHasFocus();
    expect(await stop.textContent()).toBe('停止…');
    await keyboard.press('Enter');
    await tabTo(page, question.getByTestId('user-stop'));
    await keyboard.press('Enter');
    await row.getByText('停止中').waitFor();
    await stopHasFocus();
    expect(await stop.textContent()).toBe('再開する');

    // An account that exists gets a desk, her own, and has what goes with it at once.
    const own = page.locator('[data-testid=user-row][data-email="admin@example.jp"]');
    const consoleLink = page.getByRole('link', { name: '受電画面' });
    expect(await consoleLink.count()).toBe(0);
    await tabTo(page, own.getByTestId('user-edit'));
    await keyboard.press('Enter');
    const desks = page.getByRole('combobox', { name: '受電席（電話秘書）' });
    await tabTo(page, desks);
    // One that somebody has is named with her, and cannot be chosen.
    expect(await desks.locator('option:disabled').allTextContents()).toContain(
      '電話 花子（電話 花子が使用中）',
    );
    await keyboard.press('End');
    expect(await desks.locator('option:checked').textContent()).toBe('予備席');
    await tabTo(page, page.getByTestId('user-change'));
    await keyboard.press('Enter');
    await consoleLink.waitFor();
    // The menu and the list of accounts are asked for each by itself.
    await own.getByText('予備席').first().waitFor();
  } finally {
    await page.context().close();
  }
});
