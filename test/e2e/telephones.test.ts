import { createSocket } from 'node:dgram';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../harness/chromium.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { ScreenReader } from '../harness/screen-reader.ts';
import { RtpPeer } from '../harness/rtp-peer.ts';
import { Sipp } from '../harness/sipp.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

/* Telephones rung from the desk by keyboard: another number, several at once, a customer called back; key tones. */

let platform: Platform;
let browser: Browser;
let carrierPort = 0;

beforeAll(async () => {
  carrierPort = await freePort();
  platform = await startPlatform();
  const person = (id: string, name: string, phone: string): unknown => ({ id, name, phone });
  await applyOffice(platform, {
    operators: [browserOperator('hanako')],
    outbound: { host: '127.0.0.1', port: carrierPort },
    subscribers: [
      {
        id: 'sakura',
        name: 'さくら法律事務所',
        greeting: 'さくら法律事務所でございます。',
        numbers: [{ number: '03-0123-4567', label: '代表' }],
        contacts: [
          person('yamada', '山田 太郎', '090-0123-4568'),
          person('suzuki', '鈴木 花子', '090-0123-4569'),
        ],
      },
    ],
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** A call that leaves before the carrier listens is refused by the kernel, not by the carrier. */
async function carrierListens(): Promise<void> {
  const port = `:${carrierPort.toString(16).toUpperCase().padStart(4, '0')} `;
  await until(async () => (await readFile('/proc/net/udp', 'utf8')).includes(port), 10_000);
}

/** The contact under the bar has said that he is in a meeting: told by key; the choice comes back. */
async function tellInMeeting(desk: DeskPage, name: string): Promise<void> {
  const { keyboard } = desk.page;
  await keyboard.press('z');
  await desk.page.locator('[data-testid=presence-states]:focus').waitFor();
  await keyboard.press('3');
  await desk.page.locator('[data-testid=presence-until]:focus').waitFor();
  await keyboard.insertText('あとで');
  await keyboard.press('Enter');
  await desk.get('presence-panel').getByText('時刻は 15 や 15:30').waitFor();
  await keyboard.press('Control+A');
  await keyboard.insertText('明日');
  await keyboard.press('Enter');
  await desk.page.locator('[data-testid=relay-choices]:focus').waitFor();
  const told = new RegExp(`${name}.*会議中 .*まで`);
  await desk.get('relay-choices').getByRole('option', { name: told }).waitFor();
}

/** There is a file where the recordings belong, until it is over. */
function noFolderForRecordings(): { over: () => void } {
  const folder = join(platform.dataDir, 'recordings');
  const away = `${folder}-away`;
  // The first recording makes it.
  mkdirSync(folder, { recursive: true });
  renameSync(folder, away);
  writeFileSync(folder, '');
  return {
    over: () => {
      rmSync(folder);
      renameSync(away, folder);
    },
  };
}

/** What the carrier does with the telephones that are rung behind it. */
function carrier(scenario: string, options: Partial<ConstructorParameters<typeof Sipp>[0]>): Sipp {
  const { args = [], ...rest } = options;
  return new Sipp({
    scenario,
    target: { address: '127.0.0.1', port: platform.ports.sip },
    args: ['-i', '127.0.0.1', '-p', String(carrierPort), ...args],
    ...rest,
  });
}

/** On a telephone the timer and the number stand in one line each, and nothing goes beyond the edge. */
async function fitsPhone({ page }: DeskPage): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 800 });
  for (const one of ['call-timer', 'caller-number']) {
    const box = await page.getByTestId(one).boundingBox();
    expect(box?.height).toBeLessThan(60);
  }
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  if (before !== null) await page.setViewportSize(before);
}

async function finish(desk: DeskPage): Promise<void> {
  await desk.hangUp();
  await desk.page.keyboard.press('Alt+4');
  await desk.page.keyboard.press('Alt+Enter');
  await desk.untilState('available');
}

test('another number is rung by key, one against the rules refused in a sentence; key tones go out', async () => {
  const desk = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  const { keyboard } = desk.page;
  const caller = await TrunkCaller.dial(platform);
  const ear = await RtpPeer.open();
  const contact = carrier('uas-media-elsewhere', {
    keys: { rtp_port: ear.port },
    texts: { ringMs: 200 },
  });
  try {
    await desk.answer();
    // Nobody else is here: said so, and Escape leads back to where she wrote.
    await keyboard.press('Alt+O');
    await desk.get('hand-over-nobody').waitFor();
    await keyboard.press('Escape');
    await desk.page.locator('[data-testid=field-company]:focus').waitFor();
    expect(await desk.get('hand-over-panel').count()).toBe(0);

    await keyboard.press('Alt+L');
    await desk.page.locator('[data-testid=relay-choices]:focus').waitFor();
    await keyboard.press('n');
    await desk.page.locator('[data-testid=relay-number]:focus').waitFor();
    await keyboard.type('119');
    await keyboard.press('Enter');
    // Nothing has happened to the caller for it.
    await desk.get('problem-banner').waitFor();
    expect(await desk.get('problem-banner').textContent()).toContain('110・118・119');
    await keyboard.press('Escape');
    await desk.get('problem-banner').waitFor({ state: 'detached' });
    await desk.untilPhase('talking');

    await keyboard.press('Alt+L');
    await desk.page.locator('[data-testid=relay-choices]:focus').waitFor();
    await keyboard.press('n');
    await keyboard.type('090-0123-4570');
    await keyboard.press('Tab');
    await keyboard.insertText('高橋様');
    await keyboard.press('Enter');
    await desk.untilPhase('consulting');
    expect(await desk.get('relay-contact').textContent()).toContain('高橋様090-0123-4570');

    await keyboard.press('Alt+N');
    await desk.page.locator('[data-testid=digits-sent]:focus').waitFor();
    await keyboard.type('1a2#');
    expect(await desk.get('digits-sent').inputValue()).toBe('12#');
    const told = (): number =>
      [...platform.output.matchAll(/"count":(\d+)[^\n]*"digits sent"/g)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    await until(
      () => told() === 3,
      10_000,
      () => `${told()} digits told`,
    );
    await keyboard.press('Escape');
    await desk.get('digits-panel').waitFor({ state: 'detached' });
    // The key that hangs up says why it does not, and what to press first.
    await keyboard.press('F4');
    await desk.get('notice-hang-up-refused').getByText('先に「お客様へ戻る」').waitFor();
    await desk.untilPhase('consulting');
    // The button that is pressed is gone with its wish; the caret is in the form again.
    await desk.get('back-declined').press('Enter');
    await desk.untilPhase('talking');
    await desk.page.locator('[data-testid=field-company]:focus').waitFor();
    expect(await desk.get('phrase-relayDeclined').textContent()).toContain('高橋様はただいま');
    await finish(desk);
    await caller.over();
  } finally {
    await Promise.all([caller.close(), contact.close(), ear.close()]);
  }
  await desk.leave();
});

test('two contacts are rung together by two keys; a failed transfer leads back; a call not recorded says so', async () => {
  const nowhere = noFolderForRecordings();
  const desk = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  const { keyboard } = desk.page;
  const caller = await TrunkCaller.dial(platform);
  const phones = carrier('uas-refuse', { texts: { refusal: 486 }, args: ['-m', '3'] });
  try {
    const reader = await ScreenReader.at(desk.page);
    await desk.answer();
    // For as long as it is true, though the line above can be closed.
    await reader.saysOnce('notice-recording-failed', 'この通話は録音できていません', '書き留めて');
    await keyboard.press('Escape');
    await desk.get('notice-recording-failed').waitFor({ state: 'detached' });
    expect(await desk.get('unrecorded').textContent()).toBe('録音できていません');
    await fitsPhone(desk);
    await keyboard.press('Alt+L');
    await desk.page.locator('[data-testid=relay-choices]:focus').waitFor();
    await tellInMeeting(desk, '山田 太郎');
    for (const key of ['Space', 'ArrowDown', 'Space', 'a']) await keyboard.press(key);
    expect(await desk.get('relay-together').isChecked()).toBe(true);
    await keyboard.press('Enter');
    await until(async () => (await desk.get('relay-outcome').count()) === 2, 15_000);
    expect(await desk.get('relay-outcome').allTextContents()).toEqual(
      expect.arrayContaining([
        expect.stringContaining('山田 太郎'),
        expect.stringContaining('鈴木 花子'),
      ]),
    );
    await keyboard.press('Alt+H');
    await desk.untilPhase('talking');

    // Left to one who is engaged: she is told where the caller is, and has her back by key.
    await desk.field('company').fill('青空商事');
    await keyboard.press('Alt+L');
    for (const key of ['Space', 'ArrowDown', 'Space', 'Shift+Enter']) await keyboard.press(key);
    expect(await desk.get('transfer-refused').textContent()).toContain('一人だけ');
    for (const key of ['Space', 'Shift+Enter']) await keyboard.press(key);
    await desk.get('left-waiting').waitFor();
    expect(await desk.get('left-waiting').textContent()).toContain('山田 太郎につながりません');
    expect(await desk.field('company').inputValue()).toBe('青空商事');
    await keyboard.press('Alt+H');
    await desk.untilPhase('talking');
    await desk.get('left-waiting').waitFor({ state: 'detached' });
    await desk.page.locator('[data-testid=field-company]:focus').waitFor();
    expect(await desk.field('company').inputValue()).toBe('青空商事');
    expect(await desk.get('phrase-relayBusy').count()).toBe(1);
    // Who has waited is not greeted anew.
    expect(await desk.get('greeting').count()).toBe(0);
    await finish(desk);
  } finally {
    nowhere.over();
    await Promise.all([caller.close(), phones.close()]);
  }
  await desk.leave();
});

test('a customer is called back from the list by key; one who is engaged is said so', async () => {
  const missed = await TrunkCaller.dial(platform, { scenario: 'uac-abandons' });
  await missed.over();
  await missed.close();
  const desk = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  const { keyboard } = desk.page;
  const customer = await RtpPeer.open();
  const engaged = carrier('uas-refuse', { texts: { refusal: 486 } });
  try {
    await desk.page.getByText('090-0123-4567').first().waitFor();
    const ring = async (): Promise<void> => {
      await carrierListens();
      await keyboard.press('Alt+B');
      await desk.page.locator('[data-testid=call-back-first]:focus').waitFor();
      expect(await desk.get('call-back').textContent()).toContain('03-0123-4567');
      await keyboard.press('Enter');
    };
    await ring();
    await desk.get('notice-call-back-failed').waitFor();
    expect(await desk.get('notice-call-back-failed').textContent()).toContain(
      'お客様は話し中でした',
    );
    await desk.untilMode('idle');
    await desk.untilState('available');
    await engaged.close();

    const answers = carrier('uas-media-elsewhere', {
      keys: { rtp_port: customer.port },
      texts: { ringMs: 200 },
    });
    try {
      await ring();
      await desk.untilPhase('talking');
      await finish(desk);
    } finally {
      await answers.close();
    }
  } finally {
    await Promise.all([engaged.close(), customer.close()]);
  }
  await desk.leave();
});
