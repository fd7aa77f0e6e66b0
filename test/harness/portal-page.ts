import type { Browser, Locator, Page } from 'playwright-core';
import { openPage, signIn, tabTo } from './pages.ts';

const WAV_HEADER_BYTES = 44;

/** In the page, with its cookies and what its browser trusts. */
const FETCH_AUDIO = `(async () => {
  const { src } = document.querySelector('[data-testid=recording-audio]');
  const bytes = new Uint8Array(await (await fetch(src)).arrayBuffer());
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
})()`;

/** A subscriber's telephone with the portal open. */
export class PortalPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(
    browser: Browser,
    url: string,
    member: { email: string; password?: string },
  ): Promise<PortalPage> {
    const page = await openPage(browser, { screen: 'phone' });
    await signIn(page, url, member.email, member.password);
    return new PortalPage(page);
  }

  get(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  /** Opens the newest message with the keyboard. */
  async openNewest(): Promise<void> {
    await this.#press(this.get('message-row').first());
    await this.get('message-detail').waitFor();
  }

  async press(testId: string): Promise<void> {
    await this.#press(this.get(testId));
  }

  async #press(target: Locator): Promise<void> {
    await tabTo(this.page, target);
    await this.page.keyboard.press('Enter');
  }

  /** Second of the recording that is being heard. */
  playedSeconds(): Promise<number> {
    return this.page.evaluate<number>(
      'document.querySelector("[data-testid=recording-audio]").currentTime',
    );
  }

  /** The choice whose words these are, taken with the arrow keys. */
  async chooseChannel(words: string): Promise<void> {
    const group = this.get('recording-channel');
    await tabTo(this.page, group.locator('input:checked'));
    for (let step = 0; step < 3; step++) {
      if (await group.getByLabel(words, { exact: true }).isChecked()) return;
      await this.page.keyboard.press('ArrowRight');
    }
    if (!(await group.getByLabel(words, { exact: true }).isChecked())) {
      throw new Error(`no channel ${words}`);
    }
  }

  /** What the player plays now, left and right. */
  async heard(): Promise<{ left: Int16Array; right: Int16Array }> {
    const wav = await this.page.evaluate<string>(FETCH_AUDIO);
    const bytes = Buffer.from(wav, 'base64').subarray(WAV_HEADER_BYTES);
    const frames = Math.floor(bytes.length / 4);
    const side = (offset: number): Int16Array =>
      Int16Array.from({ length: frames }, (_, frame) => bytes.readInt16LE(frame * 4 + offset));
    return { left: side(0), right: side(2) };
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
