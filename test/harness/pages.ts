import type { Browser, BrowserContextOptions, CDPSession, Locator, Page } from 'playwright-core';
import { onTestFailed } from 'vitest';
import { installEar } from './browser-ear.ts';
import { PASSWORD } from './office.ts';
import type { BlockSequence } from './tone-blocks.ts';

/** What stands at the desk, and what subscribers carry in a pocket. */
export const SCREENS = {
  desk: { width: 1366, height: 768 },
  phone: { width: 360, height: 800 },
} as const;

export type PageOptions = {
  screen?: keyof typeof SCREENS;
  /** Measured sound: what the page's microphone says, and for how long. */
  speaks?: { sequence: BlockSequence; seconds: number };
  /** Other contexts share cookies and storage with this one: a second tab. */
  beside?: Page;
};

/** A page of its own browser profile, in Japanese, with the microphone allowed. */
export async function openPage(browser: Browser, options: PageOptions = {}): Promise<Page> {
  const profile: BrowserContextOptions = {
    viewport: SCREENS[options.screen ?? 'desk'],
    locale: 'ja-JP',
    timezoneId: 'Asia/Tokyo',
    permissions: ['microphone'],
    // The ear's worklet comes from a blob.
    bypassCSP: options.speaks !== undefined,
  };
  const context = options.beside?.context() ?? (await browser.newContext(profile));
  const page = await context.newPage();
  tellWhenFailed(page);
  const { speaks } = options;
  if (speaks !== undefined) await installEar(page, speaks.sequence, speaks.seconds);
  return page;
}

/** Of a test that fails: where its pages stand, and what went wrong in them. */
function tellWhenFailed(page: Page): void {
  const notes: string[] = [];
  const note = (text: string): void => {
    if (notes.push(`${new Date().toISOString()} ${text}`) > 40) notes.shift();
  };
  page.on('console', (message) => {
    if (message.type() === 'error') note(message.text());
  });
  page.on('pageerror', (error) => note(String(error)));
  page.on('requestfailed', (request) => {
    note(`${request.method()} ${request.url()}: ${request.failure()?.errorText ?? '?'}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) {
      note(`${response.status()} ${response.request().method()} ${response.url()}`);
    }
  });
  try {
    onTestFailed(async () => {
      const text = page.isClosed() ? '(closed)' : await page.innerText('body').catch(String);
      console.log([page.url(), ...notes, text.slice(0, 2_000)].join('\n'));
    });
  } catch {
    // Opened before the first test of its file.
  }
}

/** Signs in with the keyboard alone: the caret is in the first field already. */
export async function signIn(
  page: Page,
  url: string,
  email: string,
  password = PASSWORD,
): Promise<void> {
  await page.goto(`${url}/sign-in`);
  await page.locator('input[type=email]:focus').waitFor();
  await page.keyboard.type(email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await page.waitForURL((address) => !address.pathname.startsWith('/sign-in'));
}

/** Goes with Tab until `target` has the focus. */
export async function tabTo(page: Page, target: Locator, steps = 40): Promise<void> {
  // The radio behind a styled choice is never visible.
  await target.waitFor({ state: 'attached' });
  for (let step = 0; step < steps; step++) {
    if ((await target.and(page.locator(':focus')).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`not reached with ${steps} Tabs`);
}

/** The label of the field that has the caret; empty when none has. */
export function focusedLabel(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement?.labels?.[0]?.textContent ?? ""');
}

/** Types as a Japanese input method does, by the browser's own protocol. */
export class InputMethod {
  readonly #session: CDPSession;

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async of(page: Page): Promise<InputMethod> {
    return new InputMethod(await page.context().newCDPSession(page));
  }

  /**
   * Kana by kana, then the candidate taken with Enter. Chrome and Firefox send the deciding keydown
   * inside the composition, Safari after it; both carry code 229.
   */
  async compose(
    reading: string,
    words: string,
    enter: 'inside' | 'after' = 'inside',
  ): Promise<void> {
    for (let length = 1; length <= reading.length; length++) {
      await this.#key('Process');
      await this.#show(reading.slice(0, length));
    }
    await this.#show(words);
    if (enter === 'inside') await this.#key('Enter');
    await this.#session.send('Input.insertText', { text: words });
    if (enter === 'after') await this.#key('Enter');
  }

  /** A key pressed while the input method has it. */
  async #key(key: 'Process' | 'Enter'): Promise<void> {
    await this.#session.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      key,
      windowsVirtualKeyCode: 229,
      ...(key === 'Enter' && { code: 'Enter' }),
    });
  }

  /** Ctrl+Enter in the middle of a composition. */
  async pressSendWhileComposing(reading: string): Promise<void> {
    await this.#key('Process');
    await this.#show(reading);
    await this.#session.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 229,
      modifiers: 2,
    });
    await this.#session.send('Input.insertText', { text: reading });
  }

  async #show(text: string): Promise<void> {
    const end = text.length;
    await this.#session.send('Input.imeSetComposition', {
      text,
      selectionStart: end,
      selectionEnd: end,
    });
  }
}
