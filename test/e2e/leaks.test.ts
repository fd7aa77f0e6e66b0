import { createSocket } from 'node:dgram';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../harness/chromium.ts';
import { metric } from '../harness/conversation.ts';
import { applyOffice } from '../harness/office.ts';
import { startPlatform, until } from '../harness/platform.ts';
import type { Platform } from '../harness/platform.ts';
import { Sipp } from '../harness/sipp.ts';

const OPERATORS = 4;

let platform: Platform;
let phonePort: number;
let phone: Sipp;
let browser: Browser;
let customer: Page;

beforeAll(async () => {
  platform = await startPlatform();
  phonePort = await freePort();
  phone = new Sipp({
    scenario: 'own:uas',
    target: { address: '127.0.0.1', port: platform.ports.sip },
    args: ['-i', '127.0.0.1', '-p', String(phonePort), '-m', '100000'],
  });
  const uri = `sip:phone@127.0.0.1:${phonePort}`;
  const operators = Array.from({ length: OPERATORS }, (_, place) => ({
    id: `operator-${place}`,
    name: `電話 ${place}`,
    device: { kind: 'sip', uri },
  }));
  await applyOffice(platform, { operators });
  browser = await launchChromium();
  customer = await browser.newPage({ bypassCSP: true });
  await customer.goto(`${platform.url}/healthz`);
});

afterAll(async () => {
  await browser.close();
  await phone.close();
  await platform.stop();
});

async function calls(scenario: string, count: number, args: string[]): Promise<void> {
  const sipp = new Sipp({
    scenario,
    target: { address: '127.0.0.1', port: platform.ports.sip },
    keys: { dialed: '0301234567', rtp_port: 9000 },
    args: ['-i', '127.0.0.1', '-s', '0301234567', '-m', String(count), ...args],
  });
  try {
    expect(await sipp.finished(), sipp.failure).toBe(0);
  } finally {
    await sipp.close();
  }
}

const answered = (count: number): Promise<void> =>
  calls('own:uac', count, ['-d', '200', '-r', '8', '-l', String(OPERATORS)]);

/** Calls from a browser, one after another, each answered by a phone and ended by the caller. */
async function fromBrowser(count: number): Promise<void> {
  for (let call = 0; call < count; call++) {
    await customer.evaluate(`(${CALL})(${JSON.stringify(platform.token)})`);
  }
}

const CALL = `async (token) => {
  const ask = async (method, path, more) => {
    const headers = { authorization: 'Bearer ' + token, ...more?.headers };
    const answer = await fetch('/api/v1/customer/calls' + path, { method, ...more, headers });
    if (!answer.ok) throw new Error(method + ': ' + answer.status + ' ' + (await answer.text()));
    return answer.status === 204 ? null : answer.json();
  };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const pc = new RTCPeerConnection();
  for (const track of microphone.getTracks()) pc.addTrack(track, microphone);
  await pc.setLocalDescription();
  const wish = { dialedNumber: '0301234567', callerNumber: null, sdpOffer: pc.localDescription.sdp };
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(wish) };
  const { callId, sdpAnswer } = await ask('POST', '', json);
  await pc.setRemoteDescription({ type: 'answer', sdp: sdpAnswer });
  let phase = '';
  for (let tries = 0; tries < 100 && phase !== 'talking'; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    ({ phase } = await ask('GET', '/' + callId));
  }
  if (phase !== 'talking') throw new Error('never answered: ' + phase);
  await ask('DELETE', '/' + callId);
  pc.close();
  for (const track of microphone.getTracks()) track.stop();
}`;

/** What must be nothing when nobody speaks. */
const NOTHING = [
  ['denwaban_calls'],
  ['denwaban_sip_transactions'],
  ['denwaban_sip_dialogs'],
  ['denwaban_sip_open_invites'],
  ['denwaban_sip_unacknowledged'],
  ['denwaban_sip_bound_legs'],
  ['denwaban_media', 'legs'],
  ['denwaban_media', 'ports'],
  ['denwaban_media', 'recordings'],
  ['denwaban_media', 'playbacks'],
] as const;

/** What goes back to what it was; a database connection more or less is no leak. */
const STEADY = ['timers', 'sockets', 'openFiles'] as const;
const SLACK = 4;

async function held(): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const family of ['denwaban_app', 'denwaban_media']) {
    for (const what of STEADY) figures[`${family} ${what}`] = await metric(platform, family, what);
  }
  return figures;
}

function only(figures: Record<string, number>, what: string): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).filter(([name]) => name.endsWith(what)));
}

async function atRest(): Promise<void> {
  let busy: string[] = [];
  await until(
    async () => {
      busy = [];
      for (const [name, what] of NOTHING) {
        const value = await metric(platform, name, what);
        if (value !== 0) busy.push(`${name} ${what ?? ''} ${value}`);
      }
      return busy.length === 0;
    },
    60_000,
    () => busy.join(', '),
  );
}

test('200 calls, answered, from a browser, refused and abandoned, leave nothing behind in either process', async () => {
  const unused = await held();
  await answered(12);
  await fromBrowser(2);
  // What the first calls open and keep; their transactions' timers still run.
  const warm = await held();
  const before = { ...warm, ...only(unused, 'timers') };
  await answered(140);
  await fromBrowser(10);
  await calls('uac-without-codec', 40, ['-r', '20']);
  // Nobody answers the phone any more: it rings until the callers give up.
  await phone.close();
  await calls('uac-gives-up', 10, ['-r', '10']);
  await atRest();
  const after = await held();
  for (const [name, value] of Object.entries(after)) {
    expect(value, name).toBeLessThanOrEqual((before[name] ?? 0) + SLACK);
  }
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
