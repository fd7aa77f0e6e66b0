import { describe, expect, it } from 'vitest';
import { silentLogger } from '../base/index.ts';
import { SourceLimit } from './source-limit.ts';
import { bindSockets, expandBindAddresses } from './webrtc-sockets.ts';
import type { LocalAddress, SocketEvents } from './webrtc-sockets.ts';

const LOOPBACK: LocalAddress[] = [
  { address: '127.0.0.1', family: 'IPv4', internal: true },
  { address: '::1', family: 'IPv6', internal: true },
];
const LAN: LocalAddress[] = [
  { address: '2001:db8::5', family: 'IPv6', internal: false },
  { address: 'fe80::1', family: 'IPv6', internal: false },
  { address: '192.0.2.5', family: 'IPv4', internal: false },
  { address: '198.51.100.5', family: 'IPv4', internal: false },
];

describe('expandBindAddresses', () => {
  it.each([
    ['IPv4 wildcard', ['0.0.0.0'], ['192.0.2.5', '198.51.100.5']],
    ['both wildcards', ['::'], ['192.0.2.5', '198.51.100.5', '2001:db8::5']],
    ['named addresses', ['127.0.0.1', '192.0.2.5'], ['127.0.0.1', '192.0.2.5']],
    [
      'a name beside a wildcard',
      ['0.0.0.0', '192.0.2.5', '::1'],
      ['192.0.2.5', '198.51.100.5', '::1'],
    ],
  ])('%s', (_, asked, expanded) => {
    expect(expandBindAddresses(asked, [...LOOPBACK, ...LAN])).toEqual(expanded);
  });

  it('takes loopback when there is nothing else', () => {
    expect(expandBindAddresses(['::'], LOOPBACK)).toEqual(['127.0.0.1', '::1']);
  });
});

const EVENTS: SocketEvents = {
  onDatagram: () => undefined,
  onSendFailed: () => undefined,
  log: silentLogger,
};

describe('bindSockets', () => {
  it('says which setting to change when the port is taken', async () => {
    const [first] = await bindSockets(['127.0.0.1'], 0, EVENTS);
    await expect(bindSockets(['127.0.0.1'], first!.port, EVENTS)).rejects.toMatchObject({
      code: 'webrtc.port-taken',
      message: expect.stringContaining('DENWABAN_WEBRTC_PORT') as string,
    });
    await first!.close();
  });

  it('leaves out an address that is gone, and fails when none is left', async () => {
    const sockets = await bindSockets(['192.0.2.222', '127.0.0.1'], 0, EVENTS);
    expect(sockets.map((socket) => socket.address)).toEqual(['127.0.0.1']);
    await Promise.all(sockets.map((socket) => socket.close()));
    await expect(bindSockets(['192.0.2.222'], 0, EVENTS)).rejects.toMatchObject({
      code: 'webrtc.no-address',
    });
    await expect(bindSockets([], 0, EVENTS)).rejects.toMatchObject({ code: 'webrtc.no-address' });
  });

  it('does not throw when told to send after it was closed', async () => {
    const [socket] = await bindSockets(['127.0.0.1'], 0, EVENTS);
    await socket!.close();
    socket!.send(new Uint8Array(4), 9, '127.0.0.1');
    await socket!.close();
  });
});

describe('SourceLimit', () => {
  it('counts per source, forgets on reset, stays bounded', () => {
    const limit = new SourceLimit(2);
    limit.fail('192.0.2.1', 5000);
    expect(limit.isExceeded('192.0.2.1', 5000)).toBe(false);
    limit.fail('192.0.2.1', 5000);
    expect(limit.isExceeded('192.0.2.1', 5000)).toBe(true);
    expect(limit.isExceeded('192.0.2.1', 5001)).toBe(false);
    limit.reset();
    expect(limit.isExceeded('192.0.2.1', 5000)).toBe(false);
    for (let port = 0; port < 4_096; port++) limit.fail('198.51.100.1', port);
    for (let i = 0; i < 3; i++) limit.fail('192.0.2.1', 5000);
    expect(limit.isExceeded('192.0.2.1', 5000)).toBe(false);
  });
});
