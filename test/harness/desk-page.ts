import type { Browser, Locator, Page } from 'playwright-core';
import type { CallView } from '../../src/contract/index.ts';
import { openPage, signIn } from './pages.ts';
import type { PageOptions } from './pages.ts';
import { until } from './platform.ts';

type Mode = 'elsewhere' | 'start' | 'ring' | 'call' | 'idle';
type Phase = CallView['phase'];

/** For a step of the page on a machine that does much else. */
const STEP_MS = 20_000;

type DeskOptions = PageOptions & { operator: string; password?: string };

/** An operator's console, worked with the keyboard. */
export class DeskPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Signed in, whatever she finds there. */
  static async enter(browser: Browser, url: string, options: DeskOptions): Promise<DeskPage> {
    const page = await openPage(browser, options);
    await signIn(page, url, options.operator, options.password);
    return new DeskPage(page);
  }

  /** Signed in and on the floor. */
  static async open(browser: Browser, url: string, options: DeskOptions): Promise<DeskPage> {
    const desk = await DeskPage.enter(browser, url, options);
    await desk.begin();
    return desk;
  }

  /** 受電開始: the button has the focus already. */
  async begin(): Promise<void> {
    await this.page.locator('[data-testid=start-shift]:focus').waitFor();
    await this.page.keyboard.press('Enter');
    await this.untilState('available');
    await this.untilMode('idle');
  }

  /** A call of hers goes on in this page: the way to it has the focus already. */
  async takeBack(): Promise<void> {
    const ways = ['take-over', 'resume-audio'].map((id) => `[data-testid=${id}]:focus`);
    await this.page.locator(ways.join(', ')).waitFor();
    await this.page.keyboard.press('Enter');
    await this.untilPhase('talking');
  }

  get(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  field(name: string): Locator {
    return this.get(`field-${name}`);
  }

  async untilMode(mode: Mode, timeoutMs = STEP_MS): Promise<void> {
    await this.page
      .locator(`[data-testid=console][data-mode=${mode}]`)
      .waitFor({ timeout: timeoutMs });
  }

  async untilState(state: string, timeoutMs = STEP_MS): Promise<void> {
    await this.page
      .locator(`[data-testid=operator-state][data-state=${state}]`)
      .waitFor({ timeout: timeoutMs });
  }

  async untilPhase(phase: Phase, timeoutMs = STEP_MS): Promise<void> {
    await this.page
      .locator(`[data-testid=call-phase][data-phase=${phase}]`)
      .waitFor({ timeout: timeoutMs });
  }

  async untilDraft(status: 'saved' | 'unsaved', timeoutMs = STEP_MS): Promise<void> {
    await this.page
      .locator(`[data-testid=draft-status][data-status=${status}]`)
      .waitFor({ timeout: timeoutMs });
  }

  /** Rings, is answered with F2, and the caller is heard. */
  async answer(timeoutMs = STEP_MS): Promise<void> {
    await this.untilMode('ring', timeoutMs);
    await this.page.keyboard.press('F2');
    await this.untilPhase('talking');
  }

  /** Presses F4 once it counts: not within a second of the answer. */
  async hangUp(): Promise<void> {
    await until(async () => {
      if ((await this.get('call-phase').getAttribute('data-phase')) === 'wrap-up') return true;
      await this.page.keyboard.press('F4');
      await this.untilPhase('wrap-up', 1_100).catch(() => undefined);
      return false;
    }, 15_000);
  }

  /** 受電を終える: what she began with `begin`. */
  async end(): Promise<void> {
    await this.get('end-shift').click();
    await this.untilMode('start');
  }

  /** 受電を終える, and away. */
  async leave(): Promise<void> {
    await this.end();
    await this.close();
  }

  /** Closes the page with everything of its profile. */
  async close(): Promise<void> {
    await this.page.context().close();
  }
}
