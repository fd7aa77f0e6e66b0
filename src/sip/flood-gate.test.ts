import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { FloodGate } from './flood-gate.ts';

function gate() {
  const clock = new ManualClock();
  const known = new Set<string>();
  const flood = new FloodGate({ clock, isKnown: (address) => known.has(address) });
  const admitted = (
    address: string,
    count: number,
    kind: 'request' | 'response' = 'request',
  ): number =>
    Array.from({ length: count }, () => flood.admits(address, kind)).filter(Boolean).length;
  return { clock, known, admitted, flood };
}

describe('flood control per source', () => {
  it('admits a burst of a stranger, then ten messages a second, and harms nobody else', () => {
    const { clock, admitted, flood } = gate();
    expect(admitted('192.0.2.1', 1000)).toBe(50);
    expect(flood.dropped).toBe(950);
    clock.advance(1000);
    expect(admitted('192.0.2.1', 1000)).toBe(10);
    expect(admitted('192.0.2.2', 20)).toBe(20);
    clock.advance(3_600_000);
    expect(admitted('192.0.2.1', 1000)).toBe(50);
  });

  it('counts responses apart: a carrier that only answers us is not held back', () => {
    const { admitted } = gate();
    expect(admitted('192.0.2.1', 1000)).toBe(50);
    expect(admitted('192.0.2.1', 5000, 'response')).toBe(5000);
    expect(admitted('192.0.2.1', 20_000, 'response')).toBe(5000);
  });

  it('lets a known peer send as much as a busy trunk', () => {
    const { known, admitted } = gate();
    known.add('192.0.2.1');
    expect(admitted('192.0.2.1', 5000)).toBe(5000);
    expect(admitted('192.0.2.1', 20_000)).toBe(5000);
  });

  it('knows a phone from its registration on', () => {
    const { known, admitted } = gate();
    expect(admitted('192.0.2.1', 51)).toBe(50);
    known.add('192.0.2.1');
    expect(admitted('192.0.2.1', 5000)).toBe(5000);
  });

  it('remembers a bounded number of addresses', () => {
    const { admitted } = gate();
    expect(admitted('192.0.2.1', 51)).toBe(50);
    for (let i = 0; i < 10_000; i++) admitted(`198.51.100.${i}`, 1);
    expect(admitted('192.0.2.1', 51)).toBe(50);
  });
});
