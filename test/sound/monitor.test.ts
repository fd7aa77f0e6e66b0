import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetHeard, heardBy } from '../harness/browser-ear.ts';
import { launchChromium } from '../harness/chromium.ts';
import { asAnotherMachine } from '../harness/conversation.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { FloorPage } from '../harness/floor-page.ts';
import { applyOffice, browserOperator, supervisor } from '../harness/office.ts';
import { startPlatform } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { BlockSequence, hearsSpeaker } from '../harness/tone-blocks.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

/* A supervisor in a call, by keyboard: who hears whom, measured in all three ears. */

const seed = Math.floor(Math.random() * 1e6);
const CALLER = new BlockSequence({ seed, lane: 0 });
const OPERATOR = new BlockSequence({ seed, lane: 1 });
const SUPERVISOR = new BlockSequence({ seed, lane: 2 });
/** Enough of a stretch to tell who is heard in it. */
const LISTEN_MS = 2_000;

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform();
  await applyOffice(platform, {
    operators: [browserOperator('hanako'), supervisor('shunin', '主任 三郎')],
  });
  browser = await launchChromium();
  asAnotherMachine();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function whoIn(pcm: Int16Array): string[] {
  const voices = { caller: CALLER, operator: OPERATOR, supervisor: SUPERVISOR };
  return Object.entries(voices)
    .filter(([, voice]) => hearsSpeaker(pcm, voice))
    .map(([name]) => name);
}

test('listening is heard by nobody, a whisper by the operator alone, barging in by all', async () => {
  const desk = await DeskPage.open(browser, platform.url, {
    operator: 'hanako@example.jp',
    speaks: { sequence: OPERATOR, seconds: 120 },
  });
  const floor = await FloorPage.open(browser, platform.url, {
    supervisor: 'shunin@example.jp',
    speaks: { sequence: SUPERVISOR, seconds: 120 },
  });
  const caller = await TrunkCaller.dial(platform);
  /** Who is in each ear during one and the same stretch. */
  const ears = async (): Promise<Record<'caller' | 'operator' | 'supervisor', string[]>> => {
    await wait(300);
    const from = caller.peer.heard.length;
    await Promise.all([forgetHeard(desk.page), forgetHeard(floor.page)]);
    await wait(LISTEN_MS);
    return {
      caller: whoIn(caller.peer.pcm(from)),
      operator: whoIn(await heardBy(desk.page)),
      supervisor: whoIn(await heardBy(floor.page)),
    };
  };
  const { keyboard } = floor.page;
  try {
    await desk.answer();
    await caller.speak(CALLER);
    await floor.untilUnder('電話 花子');

    await keyboard.press('Alt+1');
    await floor.untilWatching('listen');
    expect(await ears()).toEqual({
      caller: ['operator'],
      operator: ['caller'],
      supervisor: ['caller', 'operator'],
    });

    await keyboard.press('Alt+2');
    await floor.untilWatching('whisper');
    expect(await ears()).toEqual({
      caller: ['operator'],
      operator: ['caller', 'supervisor'],
      supervisor: ['caller', 'operator'],
    });

    await keyboard.press('Alt+3');
    await floor.untilWatching('barge');
    expect(await ears()).toEqual({
      caller: ['operator', 'supervisor'],
      operator: ['caller', 'supervisor'],
      supervisor: ['caller', 'operator'],
    });

    // Away again: nothing of her is left in the call.
    await keyboard.press('Alt+0');
    await floor.untilWatchesNothing();
    const { caller: atCaller, operator: atOperator } = await ears();
    expect([atCaller, atOperator]).toEqual([['operator'], ['caller']]);
  } finally {
    await caller.close();
    await Promise.all([desk.close(), floor.close()]);
  }
});
