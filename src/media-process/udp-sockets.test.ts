import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/system.ts';
import { batchSockets } from './batch-sockets.ts';
import { datagramSockets } from './udp-port.ts';
import type { MediaAddress } from '../media/index.ts';
import type { UdpPort, UdpSockets } from './udp-port.ts';

type Arrival = { text: string; address: string; port: number; arrivedMs: number };

const batch = batchSockets(systemClock);
const kinds: { kind: string; sockets: UdpSockets }[] = [
  { kind: 'node:dgram', sockets: datagramSockets(systemClock) },
  ...(batch ? [{ kind: 'the kernel’s batch calls', sockets: batch }] : []),
];

describe.each(kinds)('UDP by $kind', ({ sockets }) => {
  let peer: Socket;
  let peerHeard: string[];
  let port: UdpPort;
  let arrivals: Arrival[];

  beforeEach(async () => {
    peerHeard = [];
    arrivals = [];
    peer = createSocket('udp4');
    peer.on('message', (bytes) => peerHeard.push(bytes.toString()));
    await new Promise<void>((resolve) => peer.bind(0, '127.0.0.1', resolve));
    const opened = await sockets.open(
      '127.0.0.1',
      await freePort(),
      (datagram, address, from, arrivedMs) =>
        arrivals.push({
          text: Buffer.from(datagram).toString(),
          address,
          port: from,
          arrivedMs,
        }),
    );
    port = opened!;
  });

  afterEach(async () => {
    await port.close();
    await new Promise<void>((resolve) => peer.close(() => resolve()));
  });

  const tell = (text: string): Promise<void> =>
    new Promise((resolve) => peer.send(text, port.port, '127.0.0.1', () => resolve()));

  function readNow(): void {
    sockets.onBeat();
    port.read(1_000);
  }

  async function until(done: () => boolean): Promise<void> {
    const end = performance.now() + 10_000;
    while (!done() && performance.now() < end) {
      readNow();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('hands over datagrams of any length in order, with sender and time', async () => {
    const before = systemClock.monotonic();
    const texts = ['a', 'b'.repeat(172), '', 'c'.repeat(1400), 'd'.repeat(172)];
    for (const text of texts) await tell(text);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await until(() => arrivals.length === texts.length);
    expect(arrivals.map(({ text }) => text)).toEqual(texts);
    const { port: from } = peer.address();
    for (const arrival of arrivals) {
      expect(arrival).toMatchObject({ address: '127.0.0.1', port: from });
      expect(arrival.arrivedMs).toBeGreaterThan(before - 5);
      expect(arrival.arrivedMs).toBeLessThan(systemClock.monotonic() + 5);
    }
  });

  it('hands over a burst longer than one batch', async () => {
    const texts = Array.from({ length: 100 }, (_, i) => `packet ${i}`);
    for (const text of texts) await tell(text);
    await until(() => arrivals.length === texts.length);
    expect(arrivals.map(({ text }) => text)).toEqual(texts);
  });

  it('sends to one place and then to another', async () => {
    const other = createSocket('udp4');
    const otherHeard: string[] = [];
    other.on('message', (bytes) => otherHeard.push(bytes.toString()));
    await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
    const [here, there] = [peer, other].map((socket) => ({
      address: '127.0.0.1',
      port: socket.address().port,
    })) as [MediaAddress, MediaAddress];
    port.send(Buffer.from('one'), here);
    port.send(Buffer.from('two'), there);
    port.send(Buffer.from('not an address'), { address: 'fe80::1', port: 9 });
    port.send(Buffer.from('three'), here);
    await until(() => peerHeard.length === 2 && otherHeard.length === 1);
    await new Promise<void>((resolve) => other.close(() => resolve()));
    expect(peerHeard).toEqual(['one', 'three']);
    expect(otherHeard).toEqual(['two']);
  });

  it('sends what it was given, whatever is written there next', async () => {
    const to = { address: '127.0.0.1', port: peer.address().port };
    const datagram = Buffer.from('first');
    port.send(datagram, to);
    datagram.write('other');
    port.send(datagram, to);
    await until(() => peerHeard.length === 2);
    expect(peerHeard).toEqual(['first', 'other']);
  });

  it('refuses a port that is taken', async () => {
    expect(await sockets.open('127.0.0.1', port.port, () => undefined)).toBeUndefined();
  });

  it('is silent once closed, and its port is free again', async () => {
    const { port: number } = port;
    await tell('too late');
    await port.close();
    readNow();
    const heardBefore = arrivals.length;
    const again = await sockets.open('127.0.0.1', number, () => undefined);
    expect(again?.port).toBe(number);
    port = again!;
    await tell('for the next one');
    await new Promise((resolve) => setTimeout(resolve, 30));
    readNow();
    expect(arrivals).toHaveLength(heardBefore);
  });
});

async function freePort(): Promise<number> {
  const probe = createSocket('udp4');
  await new Promise<void>((resolve) => probe.bind(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}
