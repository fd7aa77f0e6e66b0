import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, silentLogger } from '../base/index.ts';
import type { Peer } from '../sip/index.ts';
import { until } from '../../test/harness/platform.ts';
import { SipStreams } from './sip-streams.ts';

const MESSAGE = 'OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 4\r\n\r\nbody';
const LOOPBACK = '127.0.0.1';

let clock: ManualClock;
let streams: SipStreams;
let got: { message: string; source: Peer }[];
let failed: Peer[];
const sockets: Socket[] = [];
const servers: Server[] = [];

beforeEach(async () => {
  clock = new ManualClock();
  got = [];
  failed = [];
  streams = await SipStreams.open({ fd: null, port: 0, bind: LOOPBACK, log: silentLogger, clock });
  streams.listen(
    (message, source) => got.push({ message, source }),
    (peer) => failed.push(peer),
  );
});

afterEach(async () => {
  await streams.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
  expect(clock.pendingTimers).toBe(0);
});

type Far = { socket: Socket; text: () => string; isClosed: () => boolean };

function far(socket: Socket): Far {
  let text = '';
  let closed = false;
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  socket.on('close', () => (closed = true));
  socket.on('error', () => undefined);
  sockets.push(socket);
  return { socket, text: () => text, isClosed: () => closed };
}

async function connected(): Promise<Far> {
  const before = streams.size;
  const one = far(connect({ host: LOOPBACK, port: streams.port }));
  await until(() => streams.size === before + 1, 5_000);
  return one;
}

/** A peer that listens: what connects to it. */
async function listening(): Promise<{ port: number; taken: Far[] }> {
  const taken: Far[] = [];
  const server = createServer((socket) => taken.push(far(socket)));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, taken };
}

describe('SIP over TCP', () => {
  it('cuts messages, says where they came from, and answers over the same connection', async () => {
    const peer = await connected();
    peer.socket.write(MESSAGE.slice(0, 30));
    peer.socket.write(MESSAGE.slice(30) + MESSAGE);
    await until(() => got.length === 2, 5_000);
    const source = got[0]!.source;
    expect(got.map(({ message }) => message)).toEqual([MESSAGE, MESSAGE]);
    expect(source).toEqual({ protocol: 'TCP', address: LOOPBACK, port: peer.socket.localPort });
    streams.send('SIP/2.0 200 OK\r\n\r\n', source);
    await until(() => peer.text() === 'SIP/2.0 200 OK\r\n\r\n', 5_000);
    expect(streams.size).toBe(1);
  });

  it('reads nothing before it is told to listen, and then everything', async () => {
    const own = { fd: null, port: 0, bind: LOOPBACK, log: silentLogger, clock };
    const early = await SipStreams.open(own);
    const peer = far(connect({ host: LOOPBACK, port: early.port }));
    peer.socket.write(MESSAGE);
    await new Promise<void>((resolve) => peer.socket.once('connect', resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    early.listen((message, source) => got.push({ message, source }));
    await until(() => got.length === 1, 5_000);
    await early.close();
  });

  it('makes one connection to a destination and uses it again', async () => {
    const { port, taken } = await listening();
    streams.send('one', { address: LOOPBACK, port });
    streams.send('two', { address: LOOPBACK, port });
    await until(() => taken[0]?.text() === 'onetwo', 5_000);
    expect(taken).toHaveLength(1);
    taken[0]!.socket.write(MESSAGE);
    await until(() => got.length === 1, 5_000);
    expect(got[0]!.source.port).toBe(port);
  });

  it('connects to the other address when the connection of the destination is gone', async () => {
    const { port, taken } = await listening();
    const peer = await connected();
    const destination = {
      address: LOOPBACK,
      port: peer.socket.localPort!,
      orElse: { address: LOOPBACK, port },
    };
    streams.send('over the connection', destination);
    await until(() => peer.text() === 'over the connection', 5_000);
    peer.socket.destroy();
    await until(() => streams.size === 0, 5_000);
    streams.send('BYE', destination);
    streams.send('again', destination);
    await until(() => taken[0]?.text() === 'BYEagain', 5_000);
    expect(taken).toHaveLength(1);
  });

  it('goes on over the connection that stands in for one, not before that one is gone', async () => {
    const peers = [await connected(), await connected(), await connected()] as const;
    await until(() => peers.every(({ socket }) => socket.localPort !== undefined), 5_000);
    const [first, second, third] = peers;
    const at = peers.map(({ socket }) => ({ address: LOOPBACK, port: socket.localPort! }));
    streams.standIn(at[0]!, at[1]!);
    streams.send('180', at[0]!);
    await until(() => first.text() === '180', 5_000);
    first.socket.destroy();
    await until(() => streams.size === 2, 5_000);
    streams.send('200', at[0]!);
    await until(() => second.text() === '200', 5_000);
    // Also where it is gone already.
    second.socket.destroy();
    await until(() => streams.size === 1, 5_000);
    streams.standIn(at[0]!, at[2]!);
    streams.send('BYE', at[0]!);
    await until(() => third.text() === 'BYE', 5_000);
    expect(streams.size).toBe(1);
  });

  it('reports a peer that takes no connection, and one that breaks it', async () => {
    const { port, taken } = await listening();
    streams.send('hello', { address: LOOPBACK, port: 1 });
    await until(() => failed.length === 1, 5_000);
    expect(failed[0]).toEqual({ protocol: 'TCP', address: LOOPBACK, port: 1 });
    streams.send('hello', { address: LOOPBACK, port: 2, orElse: { address: LOOPBACK, port } });
    await until(() => taken.length === 1, 5_000);
    taken[0]!.socket.destroy();
    await until(() => failed.length === 3, 5_000);
    expect(
      failed
        .slice(1)
        .map((peer) => peer.port)
        .toSorted(),
    ).toEqual([2, port].toSorted());
    expect(streams.size).toBe(0);
  });

  it('answers the ping of RFC 5626 with a pong and pings the connections it made', async () => {
    const peer = await connected();
    peer.socket.write('\r\n\r\n');
    await until(() => peer.text() === '\r\n', 5_000);
    const { port, taken } = await listening();
    streams.send('hello', { address: LOOPBACK, port });
    await until(() => taken[0]?.text() === 'hello', 5_000);
    clock.advance(61_000);
    await until(() => taken[0]!.text() === 'hello\r\n\r\n', 5_000);
    taken[0]!.socket.write('\r\n');
    // The pong must have been read before the time for it is over.
    taken[0]!.socket.write(MESSAGE);
    await until(() => got.length === 1, 5_000);
    clock.advance(60_000);
    await until(() => taken[0]!.text().endsWith('\r\n\r\n\r\n\r\n'), 5_000);
    expect(taken[0]!.isClosed()).toBe(false);
    clock.advance(12_000);
    await until(() => taken[0]!.isClosed(), 5_000);
  });

  it('ends a connection that is silent, stops in the middle of a message, or is not SIP', async () => {
    const [silent, stuck, other] = [await connected(), await connected(), await connected()];
    stuck.socket.write(MESSAGE);
    await until(() => got.length === 1, 5_000);
    stuck.socket.write('OPTIONS sip:a@b SIP/2.0\r\n');
    other.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => other.isClosed(), 5_000);
    clock.advance(12_000);
    await until(() => silent.isClosed() && stuck.isClosed(), 5_000);
    expect(streams.size).toBe(0);
  });

  it('keeps a phone that has spoken for longer than any registration, not for ever', async () => {
    const peer = await connected();
    peer.socket.write(MESSAGE);
    await until(() => got.length === 1, 5_000);
    clock.advance(3_700_000);
    expect(streams.size).toBe(1);
    clock.advance(300_000);
    await until(() => peer.isClosed(), 5_000);
  });

  it('takes a bounded number of connections from one address', async () => {
    const many = Array.from({ length: 100 }, () =>
      far(connect({ host: LOOPBACK, port: streams.port })),
    );
    await until(() => streams.size === 100, 5_000);
    const one = far(connect({ host: LOOPBACK, port: streams.port }));
    await until(() => one.isClosed(), 5_000);
    streams.send('hello', { address: LOOPBACK, port: 1 });
    await until(() => failed.length === 1, 5_000);
    many[0]!.socket.destroy();
    await until(() => streams.size === 99, 5_000);
  });

  it('keeps room for trunks and registered phones where strangers take all they may', async () => {
    const few = await SipStreams.open({
      ...{ fd: null, port: 0, bind: LOOPBACK, log: silentLogger, clock },
      maxConnections: 5,
    });
    few.listen(
      () => undefined,
      () => undefined,
      (address) => address === '127.0.0.2',
    );
    const from = (localAddress: string): Far =>
      far(connect({ host: LOOPBACK, port: few.port, localAddress }));
    const strangers = Array.from({ length: 5 }, () => from(LOOPBACK));
    await until(() => strangers.filter((one) => one.isClosed()).length === 1, 5_000);
    const [trunk, phone] = [from('127.0.0.2'), from('127.0.0.2')];
    await until(() => trunk.isClosed() || phone.isClosed(), 5_000);
    expect([trunk, phone].filter((one) => one.isClosed())).toHaveLength(1);
    expect(few.size).toBe(5);
    await few.close();
  });

  it('ends a connection whose peer does not read', async () => {
    const peer = await connected();
    peer.socket.pause();
    peer.socket.write(MESSAGE);
    await until(() => got.length === 1, 5_000);
    const large = 'x'.repeat(60_000);
    for (let i = 0; i < 300 && streams.size > 0; i++) {
      streams.send(large, got[0]!.source);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(streams.size).toBe(0);
  });
});
