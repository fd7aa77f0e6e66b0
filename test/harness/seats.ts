import type { Browser, Page } from 'playwright-core';
import { Baresip } from './baresip.ts';
import { forgetHeard, heardBy, installEar, openDeskAudio } from './browser-ear.ts';
import { launchChromium } from './chromium.ts';
import { asAnotherMachine, floorOf } from './conversation.ts';
import type { Seat } from './conversation.ts';
import { PASSWORD, applyOffice, browserOperator } from './office.ts';
import type { Platform } from './platform.ts';
import { BlockSequence } from './tone-blocks.ts';

type SeatsOptions = {
  /** Operators at each kind of device; 1 when not given. */
  each?: number;
  seed: number;
  /** Of voice for the shift in a browser, and for each call on a phone. */
  browserSeconds: number;
  phoneSeconds: number;
};

const browserId = (i: number): string => `hanako-${i}`;
const phoneId = (i: number): string => `jiro-${i}`;
const nameOf = (id: string): string => `電話 ${id}`;
const passwordOf = (id: string): string => `phone-of-${id}`;

/** An office whose operators sit at headless Chromium and at registered SIP phones. */
export class Seats {
  readonly all: readonly Seat[];
  readonly browsers: readonly Seat[];
  readonly phones: readonly Baresip[];
  readonly #browser: Browser;

  private constructor(
    browser: Browser,
    phones: readonly Baresip[],
    seats: { browsers: readonly Seat[]; phones: readonly Seat[] },
  ) {
    this.#browser = browser;
    this.phones = phones;
    this.browsers = seats.browsers;
    this.all = [...seats.browsers, ...seats.phones];
  }

  static async open(platform: Platform, options: SeatsOptions): Promise<Seats> {
    const each = Array.from({ length: options.each ?? 1 }, (_, i) => i);
    const soundOf = (speaker: number): BlockSequence =>
      new BlockSequence({ seed: options.seed + speaker, lane: 1 });
    await applyOffice(platform, {
      operators: [
        ...each.map((i) => browserOperator(browserId(i))),
        ...each.map(phoneId).map((id) => ({
          id,
          name: nameOf(id),
          device: { kind: 'sip', username: id, password: passwordOf(id) },
        })),
      ],
    });
    asAnotherMachine();
    const browser = await launchChromium();
    const phones: Baresip[] = [];
    const seats = { browsers: [] as Seat[], phones: [] as Seat[] };
    // In turn, so that the calls that come find each kind in turn.
    for (const i of each) {
      const desk = { id: browserId(i), sound: soundOf(100 + i), seconds: options.browserSeconds };
      const page = await browser.newPage({ bypassCSP: true });
      seats.browsers.push(await browserSeat(platform, page, desk));

      const sound = soundOf(200 + i);
      const voice = sound.render(0, options.phoneSeconds * 8000);
      const phone = await registeredPhone(platform, phoneId(i), voice);
      phones.push(phone);
      const { operators } = await floorOf(platform);
      const operatorId = operators.find(({ name }) => name === nameOf(phoneId(i)))?.id ?? '';
      seats.phones.push({ operatorId, sound, answersItself: true, ear: () => phone.pcm() });
    }
    return new Seats(browser, phones, seats);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await Promise.all(this.phones.map((phone) => phone.close()));
  }
}

async function registeredPhone(
  platform: Platform,
  username: string,
  voice: Int16Array,
): Promise<Baresip> {
  const phone = new Baresip({
    registrar: { address: '127.0.0.1', port: platform.ports.sip },
    transport: 'udp',
    username,
    password: passwordOf(username),
    answers: 'auto',
    voice,
  });
  await phone.printed(/200 OK/, 15_000);
  return phone;
}

async function browserSeat(
  platform: Platform,
  page: Page,
  { id, sound, seconds }: { id: string; sound: BlockSequence; seconds: number },
): Promise<Seat> {
  await installEar(page, sound, seconds);
  await page.goto(`${platform.url}/healthz`);
  const operatorId = await openDeskAudio(page, { email: `${id}@example.jp`, password: PASSWORD });
  return {
    operatorId,
    sound,
    answersItself: false,
    ear: () => heardBy(page),
    fresh: () => forgetHeard(page),
  };
}
