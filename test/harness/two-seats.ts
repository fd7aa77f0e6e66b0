import type { Browser, Page } from 'playwright-core';
import { Baresip } from './baresip.ts';
import { forgetHeard, heardBy, installEar, openDeskAudio } from './browser-ear.ts';
import { launchChromium } from './chromium.ts';
import { asAnotherMachine, floorOf } from './conversation.ts';
import type { Seat } from './conversation.ts';
import { PASSWORD, applyOffice, browserOperator } from './office.ts';
import type { Platform } from './platform.ts';
import { BlockSequence } from './tone-blocks.ts';

const PHONE_PASSWORD = 'phone-of-jiro';

/** An office of two operators: one in headless Chromium, one with a registered SIP phone. */
export class TwoSeats {
  readonly seats: readonly [browser: Seat, phone: Seat];
  readonly phone: Baresip;
  readonly #browser: Browser;

  private constructor(browser: Browser, phone: Baresip, seats: readonly [Seat, Seat]) {
    this.#browser = browser;
    this.phone = phone;
    this.seats = seats;
  }

  /** `seconds` of voice for the shift in the browser and for each call on the phone. */
  static async open(
    platform: Platform,
    options: { seed: number; browserSeconds: number; phoneSeconds: number },
  ): Promise<TwoSeats> {
    const device = { kind: 'sip', username: 'jiro', password: PHONE_PASSWORD };
    const operators = [browserOperator('hanako'), { id: 'jiro', name: '電話 次郎', device }];
    await applyOffice(platform, { operators });
    asAnotherMachine();
    const browser = await launchChromium();
    const page = await browser.newPage({ bypassCSP: true });
    const first = await browserSeat(platform, page, options);
    const sound = new BlockSequence({ seed: options.seed + 200, lane: 1 });
    const phone = new Baresip({
      registrar: { address: '127.0.0.1', port: platform.ports.sip },
      transport: 'udp',
      username: 'jiro',
      password: PHONE_PASSWORD,
      answers: 'auto',
      voice: sound.render(0, options.phoneSeconds * 8000),
    });
    await phone.printed(/200 OK/, 15_000);
    const floor = await floorOf(platform);
    const operatorId = floor.operators.find(({ device: kind }) => kind === 'sip')?.id ?? '';
    const second = { operatorId, sound, answersItself: true, ear: () => phone.pcm() };
    return new TwoSeats(browser, phone, [first, second]);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.phone.close();
  }
}

async function browserSeat(
  platform: Platform,
  page: Page,
  { seed, browserSeconds }: { seed: number; browserSeconds: number },
): Promise<Seat> {
  const sound = new BlockSequence({ seed: seed + 100, lane: 1 });
  await installEar(page, sound, browserSeconds);
  await page.goto(`${platform.url}/healthz`);
  const operatorId = await openDeskAudio(page, { email: 'hanako@example.jp', password: PASSWORD });
  return {
    operatorId,
    sound,
    answersItself: false,
    ear: () => heardBy(page),
    fresh: () => forgetHeard(page),
  };
}
