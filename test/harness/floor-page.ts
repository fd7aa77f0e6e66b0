import type { Browser, Locator, Page } from 'playwright-core';
import { openPage, signIn } from './pages.ts';
import type { PageOptions } from './pages.ts';

/** A supervisor's view of the floor, worked with the keyboard. */
export class FloorPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(
    browser: Browser,
    url: string,
    options: PageOptions & { supervisor: string },
  ): Promise<FloorPage> {
    const page = await openPage(browser, options);
    await signIn(page, url, options.supervisor);
    const floor = new FloorPage(page);
    await floor.get('floor').waitFor();
    return floor;
  }

  get(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  /** The bar of a call that is listened to, in this mode. */
  async untilWatching(mode: 'listen' | 'whisper' | 'barge'): Promise<void> {
    await this.page.locator(`[data-testid=watching][data-mode=${mode}]`).waitFor();
  }

  async untilWatchesNothing(): Promise<void> {
    await this.get('watching').waitFor({ state: 'detached' });
  }

  /** What the keys of listening mean now: its company and whatever stands in the row. */
  async untilUnder(words: string): Promise<void> {
    await this.page
      .locator('[data-testid=floor-call][data-under=true]', { hasText: words })
      .waitFor();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
