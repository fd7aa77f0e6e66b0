import { createSocket } from 'node:dgram';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetHeard, heardBy } from '../harness/browser-ear.ts';
import { launchChromium } from '../harness/chromium.ts';
import { asAnotherMachine, floorOf, mediaAt } from '../harness/conversation.ts';
import { DeskPage } from '../harness/desk-page.ts';
import { Linphone } from '../harness/linphone.ts';
import { applyOffice, browserOperator } from '../harness/office.ts';
import { has } from '../harness/peers.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { RtpPeer } from '../harness/rtp-peer.ts';
import { Sipp } from '../harness/sipp.ts';
import { BlockSequence, analyseBlocks, hearsSpeaker } from '../harness/tone-blocks.ts';
import { TrunkCaller } from '../harness/trunk-caller.ts';

/* 取次ぎ at the desk by keyboard alone: a trunk's caller, an operator in Chromium, a contact's telephone. */

const seed = Math.floor(Math.random() * 1e6);
const CALLER = new BlockSequence({ seed, lane: 0 });
const OPERATOR = new BlockSequence({ seed, lane: 1 });
const CONTACT = new BlockSequence({ seed, lane: 2 });
const ACCOUNT = { username: 'saburo', password: 'phone-of-saburo' };
/** Enough of a stretch to tell who is heard in it. */
const LISTEN_MS = 2_000;
/** In a stretch of which the last half second may not be written yet. */
const LEAST_BLOCKS = 6;
/** A jitter buffer of the far end plays out what was said before. */
const SETTLE_MS = 300;

let platform: Platform;
let browser: Browser;
let carrierPort = 0;

beforeAll(async () => {
  carrierPort = await freePort();
  platform = await startPlatform();
  await applyOffice(platform, {
    operators: [
      browserOperator('hanako'),
      browserOperator('jiro', '電話 次郎'),
      { id: 'saburo', name: '電話 三郎', device: { kind: 'sip', ...ACCOUNT } },
    ],
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

function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The contact's telephone, behind the carrier. */
function telephone(
  scenario: string,
  options: Partial<ConstructorParameters<typeof Sipp>[0]>,
): Sipp {
  return new Sipp({
    scenario,
    target: { address: '127.0.0.1', port: platform.ports.sip },
    args: ['-i', '127.0.0.1', '-p', String(carrierPort)],
    ...options,
  });
}

type Ear = Record<Who, Heard> & { loud: boolean };
type Who = 'operator' | 'caller' | 'contact';
/** Of a speaker: every block one after another, some of them, or none. */
type Heard = 'whole' | 'broken' | 'not';

/** What a telephone hears in the next stretch. */
async function heardAt(peer: RtpPeer): Promise<Ear> {
  await wait(SETTLE_MS);
  const from = peer.heard.length;
  await wait(LISTEN_MS);
  return whoIn(peer.pcm(from));
}

async function heardAtDesk(desk: DeskPage): Promise<Ear> {
  await wait(SETTLE_MS);
  await forgetHeard(desk.page);
  await wait(LISTEN_MS);
  return whoIn(await heardBy(desk.page));
}

async function heardAtLinphone(phone: Linphone): Promise<Ear> {
  await wait(SETTLE_MS);
  const from = phone.now;
  await wait(LISTEN_MS);
  return whoIn(phone.pcm(from));
}

function whoIn(pcm: Int16Array): Ear {
  return {
    operator: heardOf(OPERATOR, pcm),
    caller: heardOf(CALLER, pcm),
    contact: heardOf(CONTACT, pcm),
    loud: pcm.filter((sample) => Math.abs(sample) > 300).length > pcm.length / 10,
  };
}

function heardOf(speaker: BlockSequence, pcm: Int16Array): Heard {
  if (!hearsSpeaker(pcm, speaker)) return 'not';
  const { seen, missing, repeated, outOfOrder } = analyseBlocks(pcm, speaker);
  const faults = [...missing, ...repeated, ...outOfOrder];
  if (seen.length >= LEAST_BLOCKS && faults.length === 0) return 'whole';
  console.log(JSON.stringify({ seen, missing, repeated, outOfOrder }));
  return 'broken';
}

const SILENCE: Ear = { operator: 'not', caller: 'not', contact: 'not', loud: false };
const MUSIC: Ear = { ...SILENCE, loud: true };
const only = (...who: Who[]): Ear =>
  who.reduce<Ear>((ear, one) => ({ ...ear, [one]: 'whole' }), MUSIC);

test('hold, back, relay, consult, connect: each ear hears whom it should and nobody else', async () => {
  const desk = await DeskPage.open(browser, platform.url, {
    operator: 'hanako@example.jp',
    speaks: { sequence: OPERATOR, seconds: 120 },
  });
  const { keyboard } = desk.page;
  const caller = await TrunkCaller.dial(platform);
  const ear = await RtpPeer.open();
  const contact = telephone('uas-media-elsewhere', {
    keys: { rtp_port: ear.port },
    texts: { ringMs: 1500 },
  });
  try {
    await desk.answer();
    await caller.speak(CALLER);
    expect(await heardAt(caller.peer)).toEqual(only('operator'));

    await keyboard.insertText('青空商事');
    await keyboard.press('Alt+H');
    await desk.untilPhase('held');
    await desk.get('hold-timer').waitFor();
    const held = await Promise.all([heardAt(caller.peer), heardAtDesk(desk)]);
    expect(held).toEqual([MUSIC, SILENCE]);

    await keyboard.press('Alt+H');
    await desk.untilPhase('talking');
    expect(await heardAt(caller.peer)).toEqual(only('operator'));

    await keyboard.press('Alt+L');
    await desk.page.locator('[data-testid=relay-choices]:focus').waitFor();
    await keyboard.press('Enter');
    await desk.untilPhase('relaying');
    expect(await desk.get('relay-say').textContent()).toContain('青空商事様からお電話です');
    await desk.untilPhase('consulting');
    ear.speak(mediaAt(await contact.mediaPort()), CONTACT);
    const consulting = await Promise.all([heardAt(caller.peer), heardAt(ear), heardAtDesk(desk)]);
    expect(consulting).toEqual([MUSIC, only('operator'), only('contact')]);

    await keyboard.press('Alt+G');
    await desk.untilPhase('relayed');
    await desk.untilState('wrap-up');
    const connected = await Promise.all([heardAt(caller.peer), heardAt(ear), heardAtDesk(desk)]);
    expect(connected).toEqual([only('contact'), only('caller'), SILENCE]);

    // The caret is in the form again, and she is free while they talk on.
    await keyboard.press('Alt+4');
    await keyboard.press('Alt+Enter');
    await desk.untilState('available');
    await desk.untilMode('idle');
    expect(await heardAt(caller.peer)).toEqual(only('contact'));
  } finally {
    await Promise.all([caller.close(), contact.close(), ear.close()]);
    await desk.close();
  }
});

test('an engaged contact: the caller waits on music, and the right words are there', async () => {
  const desk = await DeskPage.open(browser, platform.url, { operator: 'jiro@example.jp' });
  const caller = await TrunkCaller.dial(platform);
  const contact = telephone('uas-refuse', { texts: { refusal: 486 } });
  try {
    await desk.answer();
    await desk.page.keyboard.press('Alt+L');
    await desk.page.locator('[data-testid=relay-choices]:focus').waitFor();
    await desk.page.keyboard.press('Enter');
    await desk.page.locator('[data-testid=relay-outcome][data-reason=busy]').waitFor();
    await desk.untilPhase('held');
    expect(await desk.get('phrase-relayBusy').textContent()).toContain(
      'あいにく山田はほかの電話に出ております',
    );
    await desk.page.keyboard.press('Alt+H');
    await desk.untilPhase('talking');
    await desk.hangUp();
    await caller.over();
    await desk.page.keyboard.press('Alt+Enter');
    await desk.untilState('available');
  } finally {
    await Promise.all([caller.close(), contact.close()]);
  }
  await desk.leave();
});

test('parked here and picked up there, handed back with a note: the form goes along', async () => {
  const hanako = await DeskPage.open(browser, platform.url, { operator: 'hanako@example.jp' });
  const caller = await TrunkCaller.dial(platform);
  try {
    await hanako.answer();
    await hanako.page.keyboard.insertText('青空商事');
    await hanako.untilDraft('saved');
    const jiro = await DeskPage.open(browser, platform.url, { operator: 'jiro@example.jp' });
    await hanako.page.keyboard.press('Alt+K');
    await hanako.untilMode('idle');
    await jiro.get('parked-call').waitFor();
    await jiro.page.keyboard.press('Alt+K');
    await jiro.untilPhase('talking');
    await until(async () => (await jiro.field('company').inputValue()) === '青空商事', 10_000);

    await jiro.page.keyboard.press('Alt+O');
    await jiro.page.locator('[data-testid=hand-over-choices]:focus').waitFor();
    await jiro.page.keyboard.press('Tab');
    await jiro.page.keyboard.insertText('見積書の件です');
    await jiro.page.keyboard.press('Enter');
    await hanako.untilMode('ring');
    expect(await hanako.get('handed-over').textContent()).toContain('見積書の件です');
    await hanako.answer();
    await jiro.untilMode('idle');
    await hanako.hangUp();
    await caller.over();
    await hanako.page.keyboard.press('Alt+4');
    await hanako.page.keyboard.press('Alt+Enter');
    await hanako.untilState('available');
    await jiro.leave();
  } finally {
    await caller.close();
  }
  await hanako.leave();
});

test.skipIf(!has('linphone'))(
  'an operator at Linphone: it holds with its own sound, takes back, relays; each ear hears every block it should',
  async () => {
    const registrar = { address: '127.0.0.1', port: platform.ports.sip };
    const voice = OPERATOR.render(0, 60 * 8000);
    const phone = await Linphone.open({ ...ACCOUNT, registrar, voice });
    const caller = await TrunkCaller.dial(platform);
    const ear = await RtpPeer.open();
    const contact = telephone('uas-media-elsewhere', {
      keys: { rtp_port: ear.port },
      texts: { ringMs: 500 },
    });
    try {
      await caller.speak(CALLER);
      const { operators } = await floorOf(platform);
      const { id, callId } = operators.find(({ name }) => name === '電話 三郎')!;
      const wish = async (what: string, body?: unknown): Promise<void> => {
        const { status } = await platform.api('POST', `/api/v1/calls/${callId}/${what}`, body, id);
        expect(status).toBe(204);
      };
      const talking = await Promise.all([heardAt(caller.peer), heardAtLinphone(phone)]);
      expect(talking).toEqual([only('operator'), only('caller')]);

      // What it plays to whom it holds is the file it speaks.
      phone.command('pause');
      await phone.printed(/is now paused/);
      const held = await Promise.all([heardAt(caller.peer), heardAtLinphone(phone)]);
      expect(held).toEqual([only('operator'), SILENCE]);

      phone.command('resume');
      await phone.printed(/established[^]*established/);
      const back = await Promise.all([heardAt(caller.peer), heardAtLinphone(phone)]);
      expect(back).toEqual([only('operator'), only('caller')]);

      await wish('relay', { to: [{ number: '09001234568', name: '山田' }] });
      ear.speak(mediaAt(await contact.mediaPort()), CONTACT);
      const ears = () => Promise.all([heardAt(caller.peer), heardAt(ear), heardAtLinphone(phone)]);
      expect(await ears()).toEqual([MUSIC, only('operator'), only('contact')]);

      await wish('three-way');
      expect(await ears()).toEqual([
        only('operator', 'contact'),
        only('operator', 'caller'),
        only('caller', 'contact'),
      ]);

      await wish('connect');
      expect(await ears()).toEqual([only('contact'), only('caller'), SILENCE]);
    } finally {
      await Promise.all([caller.close(), contact.close(), ear.close(), phone.close()]);
    }
  },
);
