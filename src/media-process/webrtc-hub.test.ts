import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DtlsClient } from 'werift-dtls/lib/dtls/src/index.js';
import { ManualClock, silentLogger } from '../base/index.ts';
import { createDtlsCertificate } from './dtls-session.ts';
import type { DtlsCertificate } from './dtls-session.ts';
import { SrtcpReceiver, SrtcpSender } from './srtcp.ts';
import { SrtpReceiver, SrtpSender } from './srtp.ts';
import { STUN_ATTRIBUTE, STUN_TYPE, hasIntegrity, parseStun, writeStun } from './stun-message.ts';
import { WebRtcHub } from './webrtc-hub.ts';
import type { BoundSocket } from './webrtc-sockets.ts';

const SSRC = 0x00c0ffee;
const BROWSER_PASSWORD = 'browser-password-of-24-ch';

type Sent = { bytes: Buffer; to: string };
type FakeSocket = BoundSocket & { sent: Sent[]; listeners: ((sent: Sent) => void)[] };

function fakeSocket(address: string): FakeSocket {
  const socket: FakeSocket = {
    address,
    port: 43_000,
    sent: [],
    listeners: [],
    send: (bytes, port, to) => {
      const sent = { bytes: Buffer.from(bytes), to: `${to}:${port}` };
      socket.sent.push(sent);
      for (const listener of socket.listeners) listener(sent);
    },
    close: () => Promise.resolve(),
  };
  return socket;
}

function rtp(sequence: number): Buffer {
  const packet = Buffer.alloc(172, sequence);
  packet[0] = 0x80;
  packet[1] = 0;
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(SSRC, 8);
  return packet;
}

let ours: DtlsCertificate;
let theirs: DtlsCertificate;
let clock: ManualClock;
let socket: FakeSocket;
let hub: WebRtcHub;
let events: string[];
let counts: Map<string, number>;
let heard: { leg: string; packet: Buffer }[];
const browsers: FakeBrowser[] = [];

/** The browser's side: offer, checks from any port, DTLS, SRTP. */
class FakeBrowser {
  readonly ufrag = randomBytes(4).toString('hex');
  port = 50_000;
  answer = '';
  client: DtlsClient | undefined;
  srtp: { sender: SrtpSender; receiver: SrtpReceiver; rtcp: SrtcpSender } | undefined;
  readonly opened: Buffer[] = [];
  readonly #origin = BigInt(`0x0${randomBytes(7).toString('hex')}`).toString();

  offer(ufrag = this.ufrag): string {
    const { hash, value } = theirs.fingerprint;
    return [
      'v=0',
      `o=- ${this.#origin} 2 IN IP4 127.0.0.1`,
      's=-',
      't=0 0',
      'm=audio 9 UDP/TLS/RTP/SAVPF 0 126',
      `a=ice-ufrag:${ufrag}`,
      `a=ice-pwd:${BROWSER_PASSWORD}`,
      `a=fingerprint:${hash} ${value}`,
      'a=setup:actpass',
      'a=rtcp-mux',
      'a=rtpmap:126 telephone-event/8000',
      '',
    ].join('\r\n');
  }

  async open(leg: string, offer = this.offer()): Promise<this> {
    const opened = await hub.open(leg, offer);
    if (!opened.ok) throw new Error(opened.reason);
    this.answer = opened.answerSdp;
    if (!browsers.includes(this)) browsers.push(this);
    return this;
  }

  #answered(name: string): string {
    return new RegExp(`a=${name}:(\\S+)`).exec(this.answer)?.[1] ?? '';
  }

  check(options: { nominate?: boolean; password?: string; remoteUfrag?: string } = {}): void {
    const username = `${this.#answered('ice-ufrag')}:${options.remoteUfrag ?? this.ufrag}`;
    this.send(
      writeStun({
        type: STUN_TYPE.bindingRequest,
        transactionId: randomBytes(12),
        attributes: [
          { type: STUN_ATTRIBUTE.username, value: Buffer.from(username) },
          ...(options.nominate
            ? [{ type: STUN_ATTRIBUTE.useCandidate, value: Buffer.alloc(0) }]
            : []),
        ],
        password: options.password ?? this.#answered('ice-pwd'),
      }),
    );
  }

  send(bytes: Buffer, to: FakeSocket = socket): void {
    const from = { address: '192.0.2.9', port: this.port, family: 'IPv4', size: bytes.length };
    hub.receive(bytes, from as never, to);
  }

  /** What was sent to the port that this browser uses now. */
  get received(): Buffer[] {
    return socket.sent.filter(({ to }) => to === `192.0.2.9:${this.port}`).map((s) => s.bytes);
  }

  async shakeHands(): Promise<void> {
    const transport = {
      type: 'udp',
      onData: (_: Buffer): void => undefined,
      send: async (bytes: Buffer): Promise<void> => this.send(Buffer.from(bytes)),
      close: async (): Promise<void> => undefined,
    };
    this.client = new DtlsClient({
      transport: transport as never,
      cert: theirs.certPem,
      key: theirs.keyPem,
      signatureHash: { hash: 4, signature: 3 },
      srtpProfiles: [1],
      extendedMasterSecret: true,
    });
    const { client } = this;
    socket.listeners.push(({ bytes, to }) => {
      if (to !== `192.0.2.9:${this.port}`) return;
      if (bytes[0]! >= 20 && bytes[0]! < 64) queueMicrotask(() => transport.onData(bytes));
      if (bytes[0]! >= 128 && this.srtp) {
        const packet = this.srtp.receiver.unprotect(Buffer.from(bytes));
        if (typeof packet !== 'string') this.opened.push(Buffer.from(packet));
      }
    });
    const done = new Promise<void>((resolve) => client.onConnect.once(() => resolve()));
    void client.connect().catch(() => undefined);
    await done;
    const keys = client.extractSessionKeys(16, 14) as Record<string, Buffer>;
    const local = { key: keys['localKey']!, salt: keys['localSalt']! };
    const remote = { key: keys['remoteKey']!, salt: keys['remoteSalt']! };
    this.srtp = {
      sender: new SrtpSender(local),
      receiver: new SrtpReceiver(remote),
      rtcp: new SrtcpSender(local),
    };
  }

  speak(sequence: number): void {
    this.send(this.srtp!.sender.protect(rtp(sequence)) as Buffer);
  }
}

async function connected(leg: string, port = 50_000): Promise<FakeBrowser> {
  const browser = new FakeBrowser();
  browser.port = port;
  await browser.open(leg);
  browser.check({ nominate: true });
  await browser.shakeHands();
  return browser;
}

beforeAll(async () => {
  ours = await createDtlsCertificate();
  theirs = await createDtlsCertificate();
});

beforeEach(() => {
  clock = new ManualClock();
  socket = fakeSocket('192.0.2.1');
  events = [];
  counts = new Map();
  heard = [];
  hub = new WebRtcHub(
    {
      port: 43_000,
      bindAddresses: [],
      announcedAddresses: [],
      log: silentLogger,
      clock,
      ssrcOf: () => SSRC,
      count: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
      listener: {
        onRtp: (leg, packet) => void heard.push({ leg, packet: Buffer.from(packet) }),
        onRtcp: (leg, packet) => void events.push(`${leg} rtcp ${packet[1] ?? 0}`),
        onConnected: (leg) => void events.push(`${leg} connected`),
        onLost: (leg, reason) => void events.push(`${leg} ${reason}`),
        onBack: (leg) => void events.push(`${leg} back`),
      },
    },
    ours,
  );
  hub.start([socket]);
});

afterEach(async () => {
  await hub.shutdown();
  for (const browser of browsers.splice(0)) {
    if (browser.client) browser.client.dtls.flight = Number.MAX_SAFE_INTEGER;
  }
  expect(clock.pendingTimers).toBe(0);
});

describe('open', () => {
  it('gives the same answer to the same offer and another to another', async () => {
    const browser = await new FakeBrowser().open('leg');
    const first = browser.answer;
    await browser.open('leg');
    expect(browser.answer).toBe(first);
    await new FakeBrowser().open('leg').then((other) => expect(other.answer).not.toBe(first));
    expect(first).toContain(`a=ssrc:${SSRC} `);
    expect(first).toContain('192.0.2.1 43000 typ host');
  });

  it('refuses what it cannot answer and keeps the leg as it was', async () => {
    const browser = await connected('leg');
    expect(await hub.open('leg', 'nonsense')).toEqual({ ok: false, reason: 'bad-sdp' });
    browser.speak(1);
    expect(heard).toHaveLength(1);
  });

  it('replaces the transport for another peer connection', async () => {
    const before = await connected('leg');
    const after = await connected('leg', 50_001);
    before.speak(1);
    after.speak(2);
    expect(heard.map(({ packet }) => packet.readUInt16BE(2))).toEqual([2]);
    expect(counts.get('webrtc.unknown-source')).toBe(1);
    expect(before.client!.connected).toBe(true);
    before.check();
    expect(counts.get('webrtc.stun-unknown-user')).toBe(1);
  });

  it('keeps keys over an ICE restart, credentials over an offer without one', async () => {
    const browser = await connected('leg');
    const ufragOf = (sdp: string): string => /ice-ufrag:(\S+)/.exec(sdp)![1]!;
    const first = browser.answer;
    await browser.open('leg', `${browser.offer()}a=x-more\r\n`);
    expect(ufragOf(browser.answer)).toBe(ufragOf(first));
    await browser.open('leg', browser.offer('restarted'));
    expect(ufragOf(browser.answer)).not.toBe(ufragOf(first));
    hub.sendRtp('leg', rtp(7));
    expect(browser.opened).toHaveLength(1);
    browser.port = 50_007;
    browser.check({ nominate: true, remoteUfrag: 'restarted' });
    hub.sendRtp('leg', rtp(8));
    expect(browser.opened.map((packet) => packet.readUInt16BE(2))).toEqual([7, 8]);
    browser.speak(3);
    expect(heard).toHaveLength(1);
    expect(events).toEqual(['leg connected']);
  });
});

describe('connectivity checks', () => {
  it('are answered to where they came from, with integrity', async () => {
    const browser = await new FakeBrowser().open('leg');
    browser.check();
    const [reply] = browser.received.map((bytes) => parseStun(bytes)!);
    expect(reply!.type).toBe(STUN_TYPE.bindingSuccess);
    expect(hasIntegrity(reply!, /ice-pwd:(\S+)/.exec(browser.answer)![1]!)).toBe(true);
  });

  it('get no reply and open no path with a wrong password or name', async () => {
    const browser = await new FakeBrowser().open('leg');
    browser.check({ password: 'wrong' });
    browser.check({ remoteUfrag: 'else' });
    browser.answer = browser.answer.replace(/ice-ufrag:\S+/, 'ice-ufrag:none');
    browser.check();
    expect(socket.sent).toEqual([]);
    browser.send(rtp(1));
    expect(counts).toEqual(
      new Map([
        ['webrtc.stun-bad-integrity', 2],
        ['webrtc.stun-unknown-user', 1],
        ['webrtc.unknown-source', 1],
      ]),
    );
  });

  it('stop being read from a source that only gets them wrong, for a second', async () => {
    const browser = await new FakeBrowser().open('leg');
    for (let i = 0; i < 60; i++) browser.check({ password: 'wrong' });
    browser.check();
    expect(counts.get('webrtc.stun-bad-integrity')).toBe(50);
    expect(counts.get('webrtc.stun-limited')).toBe(11);
    expect(socket.sent).toEqual([]);
    clock.advance(1_000);
    browser.check();
    expect(socket.sent).toHaveLength(1);
  });

  it('move the media to a newly nominated pair', async () => {
    const browser = await connected('leg');
    browser.port = 50_100;
    browser.check();
    hub.sendRtp('leg', rtp(1));
    expect(browser.opened).toEqual([]);
    browser.check({ nominate: true });
    hub.sendRtp('leg', rtp(2));
    expect(browser.opened).toHaveLength(1);
    browser.speak(9);
    expect(heard).toHaveLength(1);
  });

  it('cannot take a pair that another leg is using', async () => {
    const owner = await connected('leg');
    const other = await new FakeBrowser().open('other');
    other.check({ nominate: true });
    expect(counts.get('webrtc.path-taken')).toBe(1);
    owner.speak(1);
    expect(heard.map(({ leg }) => leg)).toEqual(['leg']);
  });

  it('keep a bounded number of pairs per leg', async () => {
    const browser = await connected('leg');
    for (let port = 51_000; port < 51_040; port++) {
      browser.port = port;
      clock.advance(10);
      browser.check();
    }
    browser.port = 50_000;
    browser.speak(1);
    expect(heard).toHaveLength(1);
    browser.port = 51_000;
    browser.speak(2);
    expect(heard).toHaveLength(1);
    expect(counts.get('webrtc.unknown-source')).toBe(1);
  });
});

describe('media', () => {
  it('goes to and comes from the right leg', async () => {
    const first = await connected('leg_1', 50_001);
    const second = await connected('leg_2', 50_002);
    first.speak(10);
    second.speak(20);
    expect(
      heard.map(({ leg, packet }) => [leg, packet.equals(rtp(packet.readUInt16BE(2)))]),
    ).toEqual([
      ['leg_1', true],
      ['leg_2', true],
    ]);
    hub.sendRtp('leg_2', rtp(30));
    expect(first.opened).toEqual([]);
    expect(second.opened[0]!.equals(rtp(30))).toBe(true);
    const report = Buffer.from(`81c90007${'11'.repeat(28)}`, 'hex');
    first.send(first.srtp!.rtcp.protect(report) as Buffer);
    expect(events.at(-1)).toBe('leg_1 rtcp 201');
  });

  it('sends RTCP that the browser can open', async () => {
    const browser = await connected('leg');
    const keys = browser.client!.extractSessionKeys(16, 14) as Record<string, Buffer>;
    const receiver = new SrtcpReceiver({ key: keys['remoteKey']!, salt: keys['remoteSalt']! });
    const report = Buffer.from(`80c80006${'22'.repeat(24)}`, 'hex');
    hub.sendRtcp('leg', report);
    const opened = receiver.unprotect(browser.received.at(-1)!);
    expect(Buffer.from(opened as Uint8Array).equals(report)).toBe(true);
  });

  it('is dropped when replayed, forged, foreign or before the keys', async () => {
    const browser = await connected('leg');
    const packet = browser.srtp!.sender.protect(rtp(1)) as Buffer;
    browser.send(Buffer.from(packet));
    browser.send(Buffer.from(packet));
    packet[20] = packet[20]! ^ 1;
    packet[3] = 2;
    browser.send(packet);
    browser.send(Buffer.from([130, 0]));
    browser.send(Buffer.from([70, 0, 0, 0]));
    const early = await new FakeBrowser().open('early');
    early.port = 50_009;
    early.check();
    early.send(rtp(1));
    expect(heard).toHaveLength(1);
    expect(Object.fromEntries(counts)).toEqual({
      'webrtc.srtp-replayed': 1,
      'webrtc.srtp-bad-tag': 1,
      'webrtc.srtp-malformed': 1,
      'webrtc.unknown-packet': 1,
      'webrtc.srtp-before-keys': 1,
    });
  });

  it('is not sent for legs that do not exist or are not connected', async () => {
    await new FakeBrowser().open('leg');
    hub.sendRtp('leg', rtp(1));
    hub.sendRtp('none', rtp(1));
    hub.sendRtcp('none', rtp(1));
    hub.close('none');
    expect(socket.sent).toEqual([]);
  });

  it('refuses to send one sequence number twice', async () => {
    const browser = await connected('leg');
    hub.sendRtp('leg', rtp(5));
    hub.sendRtp('leg', rtp(5));
    expect(browser.opened).toHaveLength(1);
    expect(counts.get('webrtc.unsendable')).toBe(1);
  });
});

describe('loss', () => {
  it('is told once after 15 s without a check, and so is the return', async () => {
    const browser = await connected('leg');
    clock.advance(15_000);
    expect(events).toEqual(['leg connected']);
    clock.advance(10_000);
    expect(events).toEqual(['leg connected', 'leg ice-timeout']);
    hub.sendRtp('leg', rtp(1));
    expect(browser.opened).toEqual([]);
    browser.check({ nominate: true });
    expect(events.at(-1)).toBe('leg back');
    hub.sendRtp('leg', rtp(2));
    expect(browser.opened).toHaveLength(1);
  });

  it('does not come while checks go on', async () => {
    const browser = await connected('leg');
    for (let i = 0; i < 30; i++) {
      clock.advance(2_500);
      browser.check({ nominate: true });
    }
    expect(events).toEqual(['leg connected']);
  });

  it('lets the browser back from another address after its pairs are forgotten', async () => {
    const browser = await connected('leg');
    clock.advance(60_000);
    browser.port = 50_200;
    browser.check();
    hub.sendRtp('leg', rtp(1));
    expect(browser.opened).toHaveLength(1);
    expect(events).toEqual(['leg connected', 'leg ice-timeout', 'leg back']);
  });

  it('leaves a silent nominated pair for one that is still checked', async () => {
    const browser = await connected('leg');
    browser.port = 50_300;
    for (let i = 0; i < 8; i++) {
      clock.advance(2_500);
      browser.check();
    }
    hub.sendRtp('leg', rtp(1));
    expect(browser.opened).toHaveLength(1);
    expect(events).toEqual(['leg connected']);
  });

  it('is told when DTLS does not come about', async () => {
    const browser = await new FakeBrowser().open('leg');
    for (let i = 0; i < 10; i++) {
      browser.check({ nominate: true });
      clock.advance(2_500);
    }
    expect(events).toEqual(['leg dtls-failed']);
    clock.advance(60_000);
    expect(events).toEqual(['leg dtls-failed']);
  });

  it('is told when the browser closes, and a new offer starts afresh', async () => {
    const browser = await connected('leg');
    const { client } = browser;
    const { DtlsPlaintext } = await import('werift-dtls/lib/dtls/src/record/message/plaintext.js');
    const alert = new DtlsPlaintext(
      {
        contentType: 21,
        protocolVersion: client!.dtls.version,
        epoch: 1,
        sequenceNumber: 40,
        contentLen: 2,
      },
      Buffer.from([1, 0]),
    );
    browser.send(client!.cipher.encryptPacket(alert).serialize());
    expect(events).toEqual(['leg connected', 'leg closed-by-peer']);
    browser.check();
    expect(counts.get('webrtc.stun-unknown-user')).toBe(1);
    const again = await connected('leg');
    again.speak(1);
    expect(heard).toHaveLength(1);
  });

  it('is not told for a leg that we close', async () => {
    const browser = await connected('leg');
    hub.close('leg');
    clock.advance(60_000);
    expect(events).toEqual(['leg connected']);
    browser.speak(1);
    expect(counts.get('webrtc.unknown-source')).toBe(1);
    await vi.waitFor(() => expect(browser.received.at(-1)![0]).toBe(21), { interval: 5 });
  });
});

describe('hostile packets', () => {
  it('never throw and never reach the listener', async () => {
    const browser = await connected('leg');
    const stranger = new FakeBrowser();
    stranger.port = 1;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, known) => {
        (known ? browser : stranger).send(Buffer.from(bytes));
      }),
      { numRuns: 500 },
    );
    stranger.port = 0;
    stranger.check();
    expect(heard).toEqual([]);
    expect(events.filter((event) => !event.startsWith('leg '))).toEqual([]);
    browser.speak(1);
    expect(heard).toHaveLength(1);
  });
});
