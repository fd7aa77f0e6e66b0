import { describe, expect, it } from 'vitest';
import { Latch, addressBytes, parseNetwork } from './latch.ts';

const signalled = { address: '10.0.0.5', port: 4000 };
const nat = { address: '203.0.113.9', port: 61_000 };
const stranger = { address: '198.51.100.66', port: 4000 };
const packet = (sequence: number, ssrc = 1, negotiated = true) => ({ sequence, ssrc, negotiated });

function behindNat(): Latch {
  const latch = new Latch({ signallingAddress: nat.address, mediaNetworks: ['192.0.2.0/24'] });
  latch.signal(signalled);
  return latch;
}

describe('Latch', () => {
  it('accepts the signalled source and nobody else', () => {
    const latch = behindNat();
    expect(latch.judge(signalled, packet(1), 0)).toBe('accept');
    expect(latch.judge(stranger, packet(2), 0)).toBe('drop');
    expect(latch.judge({ ...signalled, port: 4002 }, packet(3), 0)).toBe('drop');
    expect(latch.target).toEqual(signalled);
    expect(latch.dropped).toBe(2);
  });

  it('moves once to the peer behind NAT, after two packets in sequence', () => {
    const latch = behindNat();
    expect(latch.judge(nat, packet(65_535), 0)).toBe('drop');
    expect(latch.judge(nat, packet(0), 20)).toBe('latched');
    expect(latch.judge(nat, packet(1), 40)).toBe('accept');
    expect(latch.target).toEqual(nat);
    const other = { ...nat, port: 61_002 };
    for (let i = 0; i < 10; i++) expect(latch.judge(other, packet(i), i)).toBe('drop');
  });

  it('moves to the media networks of the trunk', () => {
    const latch = behindNat();
    const media = { address: '192.0.2.77', port: 9 };
    latch.judge(media, packet(1), 0);
    expect(latch.judge(media, packet(2), 20)).toBe('latched');
  });

  it('never moves for a gap, another source, another codec or a strange address', () => {
    const latch = behindNat();
    for (let i = 0; i < 20; i += 2) expect(latch.judge(nat, packet(i), i)).toBe('drop');
    for (let i = 0; i < 20; i++) expect(latch.judge(nat, packet(i, i), i)).toBe('drop');
    for (let i = 0; i < 20; i++) expect(latch.judge(nat, packet(i, 1, false), i)).toBe('drop');
    for (let i = 0; i < 20; i++) expect(latch.judge(stranger, packet(i), i)).toBe('drop');
    expect(latch.target).toEqual(signalled);
  });

  it('stays once the signalled source was heard, and returns to it', () => {
    const heard = behindNat();
    heard.judge(signalled, packet(1), 0);
    for (let i = 0; i < 20; i++) expect(heard.judge(nat, packet(i), i)).toBe('drop');
    const moved = behindNat();
    moved.judge(nat, packet(1), 0);
    moved.judge(nat, packet(2), 20);
    expect(moved.judge(signalled, packet(1), 40)).toBe('accept');
    expect(moved.target).toEqual(signalled);
    expect(moved.judge(nat, packet(3), 60)).toBe('drop');
  });

  it('gives the signalled port three seconds where there is no sign of NAT', () => {
    const latch = new Latch({ signallingAddress: signalled.address });
    latch.signal(signalled);
    const sameHost = { ...signalled, port: 7777 };
    for (let i = 0; i < 150; i++) expect(latch.judge(sameHost, packet(i), i * 20)).toBe('drop');
    expect(latch.judge(sameHost, packet(150), 3000)).toBe('latched');
  });

  it('starts anew with a new signalled address, not with the same again', () => {
    const latch = behindNat();
    latch.judge(nat, packet(1), 0);
    latch.judge(nat, packet(2), 20);
    latch.signal(signalled);
    expect(latch.target).toEqual(nat);
    latch.signal({ ...signalled, port: 4100 });
    expect(latch.target).toEqual({ ...signalled, port: 4100 });
    expect(latch.judge(nat, packet(3), 40)).toBe('drop');
  });

  it('accepts nothing before anything is signalled', () => {
    const latch = new Latch({ signallingAddress: nat.address });
    for (let i = 0; i < 5; i++) expect(latch.judge(nat, packet(i), i)).toBe('drop');
    expect(latch.target).toBeUndefined();
  });
});

describe('networks', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['192.0.2.0/24', '::ffff:192.0.2.7', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['192.0.2.0/24', '2001:db8::1', false],
  ])('%s holds %s: %s', (network, address, holds) => {
    expect(parseNetwork(network)?.(address)).toBe(holds);
  });

  it.each(['', 'example.com', '1.2.3', '1.2.3.4/33', '1.2.3.400', ':::', '1:2', '1::2::3', '::/x'])(
    'refuses %s',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );

  it('writes out IPv6', () => {
    expect(addressBytes('::1')).toEqual([...new Array<number>(15).fill(0), 1]);
    expect(addressBytes('2001:db8::')?.slice(0, 4)).toEqual([0x20, 0x01, 0x0d, 0xb8]);
  });
});
