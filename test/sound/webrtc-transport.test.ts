import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { systemClock } from '../../src/base/system.ts';
import {
  STUN_ATTRIBUTE,
  STUN_TYPE,
  parseStun,
  writeStun,
} from '../../src/media-process/stun-message.ts';
import { createWebRtcTransport } from '../../src/media-process/webrtc-transport.ts';
import type { WebRtcTransport } from '../../src/media-process/webrtc-transport.ts';
import { localAddresses } from '../../src/media-process/webrtc-sockets.ts';
import { WebRtcPage } from './webrtc-page.ts';

const SSRC = 0x00c0ffee;
const TONE_HZ = 1_000;
const WAIT = { timeout: 20_000, interval: 50 };

type Heard = { sequences: number[]; payloadTypes: Set<number>; loudest: number };
type Probe = {
  transport: WebRtcTransport;
  heard: Map<string, Heard>;
  events: string[];
  counts: Map<string, number>;
  rtcpTypes: Set<number>;
};

/** One μ-law byte back to 16 bits (ITU-T G.711). */
function decodeUlaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
  return (value & 0x80) === 0 ? magnitude - 0x84 : 0x84 - magnitude;
}

function encodeUlaw(sample: number): number {
  const biased = Math.min(Math.abs(sample), 32_635) + 0x84;
  const exponent = Math.floor(Math.log2(biased)) - 7;
  const mantissa = (biased >> (exponent + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

/** Eight samples of 1 kHz at 8 kHz fit every packet: each carries the same 160 bytes. */
const TONE = Uint8Array.from({ length: 160 }, (_, i) =>
  encodeUlaw(Math.round(10_000 * Math.sin((2 * Math.PI * TONE_HZ * i) / 8_000))),
);

function record(probe: Probe, leg: string, packet: Uint8Array): void {
  const known = probe.heard.get(leg);
  const heard = known ?? { sequences: [], payloadTypes: new Set<number>(), loudest: 0 };
  probe.heard.set(leg, heard);
  heard.sequences.push(((packet[2] ?? 0) << 8) | (packet[3] ?? 0));
  heard.payloadTypes.add((packet[1] ?? 0) & 0x7f);
  for (const byte of packet.subarray(12)) {
    heard.loudest = Math.max(heard.loudest, Math.abs(decodeUlaw(byte)));
  }
}

async function startTransport(bindAddresses: string[]): Promise<Probe> {
  const probe: Omit<Probe, 'transport'> & { transport?: WebRtcTransport } = {
    heard: new Map(),
    events: [],
    counts: new Map(),
    rtcpTypes: new Set(),
  };
  probe.transport = await createWebRtcTransport({
    port: 0,
    bindAddresses,
    announcedAddresses: [],
    log: silentLogger,
    clock: systemClock,
    ssrcOf: () => SSRC,
    count: (name) => void probe.counts.set(name, (probe.counts.get(name) ?? 0) + 1),
    listener: {
      onRtp: (leg, packet) => record(probe as Probe, leg, packet),
      onRtcp: (_, packet) => void probe.rtcpTypes.add(packet[1] ?? 0),
      onConnected: (leg) => void probe.events.push(`${leg} connected`),
      onLost: (leg, reason) => void probe.events.push(`${leg} ${reason}`),
      onBack: (leg) => void probe.events.push(`${leg} back`),
    },
  });
  return probe as Probe;
}

/** Speaks the tone on a leg every 20 ms until stopped, each packet at its place on the clock. */
function speak(transport: WebRtcTransport, leg: string, first = 65_500): () => void {
  let sent = 0;
  const startMs = performance.now();
  const packet = Buffer.alloc(172);
  packet[0] = 0x80;
  packet.writeUInt32BE(SSRC, 8);
  packet.set(TONE, 12);
  const timer = setInterval(() => {
    while (performance.now() - startMs >= sent * 20) {
      packet.writeUInt16BE((first + sent) & 0xffff, 2);
      packet.writeUInt32BE(sent * 160, 4);
      transport.sendRtp(leg, packet);
      sent++;
    }
  }, 5);
  return () => clearInterval(timer);
}

function gaps(sequences: readonly number[]): number {
  let found = 0;
  for (let i = 1; i < sequences.length; i++) {
    if (sequences[i] !== ((sequences[i - 1]! + 1) & 0xffff)) found++;
  }
  return found;
}

const OFFER = [
  'v=0',
  'o=- 4711 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 0',
  'a=ice-ufrag:them',
  'a=ice-pwd:a-password-of-24-letters',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:actpass',
  'a=rtcp-mux',
  '',
].join('\r\n');

/** One connectivity check from a socket of its own; where the reply came from. */
async function checkFrom(local: string, candidate: string[], answer: string): Promise<string> {
  const socket = createSocket(local.includes(':') ? 'udp6' : 'udp4');
  const [address = '', port = ''] = candidate;
  const find = (name: string): string => new RegExp(`a=${name}:(\\S+)`).exec(answer)![1]!;
  const check = writeStun({
    type: STUN_TYPE.bindingRequest,
    transactionId: randomBytes(12),
    attributes: [
      { type: STUN_ATTRIBUTE.username, value: Buffer.from(`${find('ice-ufrag')}:them`) },
    ],
    password: find('ice-pwd'),
  });
  try {
    await new Promise<void>((resolve) => socket.bind(0, local, resolve));
    socket.send(check, Number(port), address);
    return await new Promise<string>((resolve) => {
      socket.once('message', (bytes, from) =>
        resolve(`${parseStun(bytes)?.type ?? 0} from ${from.address}`),
      );
    });
  } finally {
    socket.close();
  }
}

const hasIpv6 = localAddresses().some(({ address }) => address === '::1');

describe('sockets of the transport', () => {
  it('answer from the address that was asked, IPv6 too, and are gone after the shutdown', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2', ...(hasIpv6 ? ['::1'] : [])];
    const probe = await startTransport(addresses);
    const opened = await probe.transport.open('leg', OFFER);
    if (!opened.ok) throw new Error(opened.reason);
    const candidates = [...opened.answerSdp.matchAll(/udp \d+ (\S+) (\d+) typ host/g)];
    expect(candidates.map((found) => found[1])).toEqual(addresses);
    for (const [, address = '', port = ''] of candidates) {
      const local = address.includes(':') ? '::1' : '127.0.0.1';
      const reply = await checkFrom(local, [address, port], opened.answerSdp);
      expect(reply).toBe(`${STUN_TYPE.bindingSuccess} from ${address}`);
    }
    await probe.transport.shutdown();
    const again = createSocket('udp4');
    const port = Number(candidates[0]![2]);
    await new Promise<void>((resolve, reject) => {
      again.once('error', reject);
      again.bind({ port, address: '127.0.0.1', exclusive: true }, resolve);
    });
    again.close();
  });
});

describe('browser leg', () => {
  let page: WebRtcPage;
  let probe: Probe;
  const stops: (() => void)[] = [];

  beforeAll(async () => {
    page = await WebRtcPage.open();
  });

  afterEach(async () => {
    for (const stop of stops.splice(0)) stop();
    await probe.transport.shutdown();
  });

  afterAll(async () => {
    await page.close();
  });

  async function connect(leg: string, name: string): Promise<string> {
    const offer = await page.offer(name);
    const opened = await probe.transport.open(leg, offer);
    if (!opened.ok) throw new Error(opened.reason);
    await page.answer(name, opened.answerSdp);
    await vi.waitFor(() => expect(probe.events).toContain(`${leg} connected`), WAIT);
    return offer;
  }

  async function hearsTone(name: string): Promise<void> {
    await vi.waitFor(async () => {
      const stats = await page.stats(name);
      expect(stats.packetsReceived).toBeGreaterThan(100);
      expect(stats.audioLevel).toBeGreaterThan(0.05);
      expect(Math.abs(stats.peakHz - TONE_HZ)).toBeLessThan(30);
    }, WAIT);
  }

  it('carries sound both ways, unbroken', async () => {
    probe = await startTransport(['127.0.0.1']);
    const offer = await connect('leg_a', 'first');
    const again = await probe.transport.open('leg_a', offer);
    stops.push(speak(probe.transport, 'leg_a'));
    await hearsTone('first');
    const stats = await page.stats('first');
    expect(stats).toMatchObject({ state: 'connected', packetsLost: 0, ssrc: SSRC });
    expect(stats.packetsDiscarded).toBe(0);
    const heard = probe.heard.get('leg_a')!;
    await vi.waitFor(() => expect(heard.sequences.length).toBeGreaterThan(100), WAIT);
    expect(gaps(heard.sequences)).toBe(0);
    expect([...heard.payloadTypes]).toEqual([0]);
    expect(heard.loudest).toBeGreaterThan(3_000);
    expect(again.ok).toBe(true);
    expect(probe.events).toEqual(['leg_a connected']);
    await vi.waitFor(() => expect(probe.rtcpTypes.size).toBeGreaterThan(0), WAIT);
    expect([...probe.counts.keys()].filter((name) => name.startsWith('webrtc.srtp-'))).toEqual([]);
    await page.hangUp('first');
    await vi.waitFor(() => expect(probe.events).toContain('leg_a closed-by-peer'), WAIT);
  });

  it('answers a new offer of the same leg with a new transport', async () => {
    probe = await startTransport(['127.0.0.1']);
    await connect('leg_b', 'old');
    await connect('leg_c', 'other');
    probe.events.length = 0;
    await connect('leg_b', 'new');
    stops.push(speak(probe.transport, 'leg_b'), speak(probe.transport, 'leg_c'));
    await hearsTone('new');
    await hearsTone('other');
    expect((await page.stats('new')).packetsLost).toBe(0);
    await vi.waitFor(async () => expect((await page.stats('old')).dtlsState).toBe('closed'), WAIT);
    for (const name of ['old', 'new', 'other']) await page.hangUp(name);
  });

  it('keeps the keys over an ICE restart of the same peer connection', async () => {
    probe = await startTransport(['127.0.0.1']);
    await connect('leg_d', 'kept');
    stops.push(speak(probe.transport, 'leg_d'));
    await hearsTone('kept');
    const opened = await probe.transport.open(
      'leg_d',
      await page.reoffer('kept', { iceRestart: true }),
    );
    if (!opened.ok) throw new Error(opened.reason);
    await page.answer('kept', opened.answerSdp);
    const before = await page.stats('kept');
    const heardBefore = probe.heard.get('leg_d')!.sequences.length;
    await vi.waitFor(async () => {
      const stats = await page.stats('kept');
      expect(stats.state).toBe('connected');
      expect(stats.packetsReceived).toBeGreaterThan(before.packetsReceived + 100);
      expect(probe.heard.get('leg_d')!.sequences.length).toBeGreaterThan(heardBefore + 100);
    }, WAIT);
    expect(gaps(probe.heard.get('leg_d')!.sequences)).toBe(0);
    expect((await page.stats('kept')).packetsLost).toBe(0);
    expect(probe.events).toEqual(['leg_d connected']);
    await page.hangUp('kept');
  });
});
