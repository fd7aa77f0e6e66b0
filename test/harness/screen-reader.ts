import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/**
 * In the page: what comes into a live region is said by each region it stands in, or is. What goes out of one is not
 * (`aria-relevant` is "additions text" where nothing else is written).
 */
const LISTEN = `{
  const live = '[aria-live=polite], [aria-live=assertive], [role=alert], [role=status], [role=log]';
  const regionsOf = (element) => {
    const regions = [...element.querySelectorAll(live)];
    for (let one = element.closest(live); one; one = one.parentElement?.closest(live)) regions.push(one);
    return regions;
  };
  window.saidAloud = [];
  const hear = (changes) => {
    for (const { type, target, addedNodes } of changes) {
      for (const node of type === 'characterData' ? [target] : addedNodes) {
        if (!node.isConnected) continue;
        const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
        for (const region of regionsOf(element)) {
          window.saidAloud.push(region === element || region.contains(element) ? node.textContent : region.textContent);
        }
      }
    }
  };
  new MutationObserver(hear).observe(document.body, { subtree: true, childList: true, characterData: true });
}`;

/** Keeps what a screen reader says of this page from here on. */
export class ScreenReader {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async at(page: Page): Promise<ScreenReader> {
    await page.evaluate(LISTEN);
    return new ScreenReader(page);
  }

  /** The line is seen now, says this, and was heard once; `first` are words of it. */
  async saysOnce(testId: string, first: string, whatToDo = first): Promise<void> {
    const line = this.#page.getByTestId(testId);
    await line.waitFor();
    const words = await line.textContent();
    expect(words).toContain(first);
    expect(words).toContain(whatToDo);
    expect(await this.times(first)).toBe(1);
  }

  /** How often a sentence with these words was said. */
  async times(words: string): Promise<number> {
    const said = await this.#page.evaluate<string[]>('window.saidAloud');
    return said.filter((text) => text.includes(words)).length;
  }
}
