import type { Browser, Page } from 'playwright-core';
import { openPage } from './pages.ts';
import type { PageOptions } from './pages.ts';

/** A customer who calls from the browser. */
export class CustomerTab {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(
    browser: Browser,
    url: string,
    speaks: NonNullable<PageOptions['speaks']>,
  ): Promise<CustomerTab> {
    const page = await openPage(browser, { speaks });
    await page.goto(`${url}/customer`);
    return new CustomerTab(page);
  }

  /** Calls the first number of this company. */
  async call(company: string): Promise<void> {
    const choices = this.page.getByTestId('customer-number');
    const choice = choices.locator('option').filter({ hasText: company }).first();
    await choices.selectOption((await choice.getAttribute('value')) ?? '');
    await this.page.getByTestId('customer-call').click();
  }

  async untilPhase(phase: string, timeoutMs = 15_000): Promise<void> {
    await this.page
      .locator(`[data-testid=customer-phase][data-phase=${phase}]`)
      .waitFor({ timeout: timeoutMs });
  }

  async hangUp(): Promise<void> {
    await this.page.getByTestId('customer-hang-up').click();
    await this.untilPhase('ended');
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
