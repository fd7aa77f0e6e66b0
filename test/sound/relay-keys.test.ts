import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MULAW_DECODE } from '../../src/media/index.ts';
import { launchChromium } from '../harness/chromium.ts';
import { asAnotherMachine, mediaAt } from '../harness/conversation.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { freePort } from '../harness/peers.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { RtpPeer } from '../harness/rtp-peer.ts';
import { Sipp } from '../harness/sipp.ts';
import { BlockSequence, hearsSpeaker } from '../harness/tone-blocks.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

/* A relay that the system announces: what the caller and the contact are told, by real keys and sound. */

const seed = Math.floor(Math.random() * 1e6);
const CALLER = new BlockSequence({ seed, lane: 0 });
const CONTACT = new BlockSequence({ seed, lane: 1 });

let platform: Platform;
let browser: Browser;
let carrierPort = 0;

beforeAll(async () => {
  carrierPort = await freePort();
  platform = await startPlatform();
  await applyOffice(platform, {
    operators: [browserOperator('hanako')],
    outbound: { host: '127.0.0.1', port: carrierPort },
    contactPhone: '090-0123-4568',
  });
  browser = await launchChromium();
  asAnotherMachine();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

/** Whether these words were heard: 0.4 s from their middle. */
function says(heard: Int16Array, name: string): boolean {
  const file = readFileSync(new URL(`../../prompts/${name}.ulaw`, import.meta.url));
  const from = Math.floor(file.length / 2);
  const wanted = Int16Array.from(file.subarray(from, from + 3_200), (byte) => MULAW_DECODE[byte]!);
  for (let at = 0; at + wanted.length <= heard.length; at++) {
    let i = 0;
    while (i < wanted.length && Math.abs(heard[at + i]! - wanted[i]!) <= 300) i++;
    if (i === wanted.length) return true;
  }
  return false;
}

test('7 is no key, 3 asks for a moment, 1 takes it: both are told, then they hear each other', async () => {
  const desk = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  const caller = await TrunkCaller.dial(platform);
  const ear = await RtpPeer.open();
  const contact = new Sipp({
    scenario: 'uas-media-elsewhere',
    target: { address: '127.0.0.1', port: platform.ports.sip },
    args: ['-i', '127.0.0.1', '-p', String(carrierPort)],
    keys: { rtp_port: ear.port },
    texts: { ringMs: 500 },
  });
  try {
    await desk.answer();
    await caller.speak(CALLER);
    await desk.page.keyboard.press('Alt+L');
    await desk.page.locator('[data-testid=relay-choices]:focus').waitFor();
    await desk.page.keyboard.press('s');
    await desk.page.keyboard.press('Enter');
    const at = mediaAt(await contact.mediaPort());
    await until(
      () => says(ear.pcm(), 'announce-relay'),
      25_000,
      () => {
        const pcm = ear.pcm();
        const loud = pcm.filter((x) => Math.abs(x) > 1000).length;
        return `heard ${ear.heard.length} packets, ${pcm.length} samples, ${loud} loud`;
      },
    );
    ear.press(at, '7');
    await until(() => says(ear.pcm(), 'key-unknown'), 15_000);
    ear.press(at, '3');
    await until(() => says(ear.pcm(), 'relay-wait'), 15_000);
    ear.press(at, '1');
    await until(() => says(ear.pcm(), 'relay-accepted'), 15_000);
    await until(() => says(caller.peer.pcm(), 'connecting'), 15_000);
    await desk.untilPhase('relayed');
    ear.speak(at, CONTACT);
    const [atCaller, atContact] = [caller.peer.heard.length, ear.heard.length];
    await until(() => hearsSpeaker(caller.peer.pcm(atCaller), CONTACT), 10_000);
    await until(() => hearsSpeaker(ear.pcm(atContact), CALLER), 10_000);
    expect(hearsSpeaker(ear.pcm(atContact), CONTACT)).toBe(false);
  } finally {
    await Promise.all([caller.close(), contact.close(), ear.close()]);
    await desk.close();
  }
});
