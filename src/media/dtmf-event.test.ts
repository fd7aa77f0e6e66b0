import { describe, expect, it } from 'vitest';
import { DtmfReceiver, dtmfPayloads } from './dtmf-event.ts';
import type { DtmfDigit } from './dtmf-event.ts';

const event = (digit: number, duration: number, end = false): Uint8Array =>
  Uint8Array.of(digit, end ? 0x8a : 0x0a, duration >> 8, duration);

describe('DtmfReceiver', () => {
  it('tells a digit once for a whole event with its three ends', () => {
    const receiver = new DtmfReceiver();
    const told: (DtmfDigit | undefined)[] = [];
    const payloads = dtmfPayloads('#', 100) ?? [];
    payloads.forEach((payload, i) => told.push(receiver.receive(payload, 1000, i * 20)));
    expect(payloads).toHaveLength(7);
    expect(told.filter((each) => each)).toEqual([{ digit: '#', durationMs: 100 }]);
    expect(receiver.poll(10_000)).toBeUndefined();
  });

  it('hears the same key twice, over the wrap of the timestamp', () => {
    const receiver = new DtmfReceiver();
    expect(receiver.receive(event(1, 800, true), 0xffff_ff00, 0)?.digit).toBe('1');
    expect(receiver.receive(event(1, 800, true), 0xffff_ff00, 20)).toBeUndefined();
    expect(receiver.receive(event(1, 800, true), 2000, 300)?.digit).toBe('1');
  });

  it('ends a digit whose end was lost, after a while or at the next digit', () => {
    const receiver = new DtmfReceiver();
    receiver.receive(event(4, 320), 0, 0);
    expect(receiver.poll(100)).toBeUndefined();
    expect(receiver.poll(150)).toEqual({ digit: '4', durationMs: 40 });
    receiver.receive(event(5, 320), 4000, 500);
    expect(receiver.receive(event(6, 160), 8000, 600)).toEqual({ digit: '5', durationMs: 40 });
    expect(receiver.receive(event(6, 480, true), 8000, 640)).toEqual({
      digit: '6',
      durationMs: 60,
    });
  });

  it('takes packets out of order and ignores those of an event that is over', () => {
    const receiver = new DtmfReceiver();
    receiver.receive(event(9, 480), 0, 0);
    receiver.receive(event(9, 320), 0, 5);
    expect(receiver.receive(event(9, 640, true), 0, 10)).toEqual({ digit: '9', durationMs: 80 });
    receiver.receive(event(3, 160, true), 9000, 50);
    expect(receiver.receive(event(9, 480), 0, 60)).toBeUndefined();
    expect(receiver.poll(1000)).toBeUndefined();
  });

  it('joins the segments of a key held longer than eight seconds', () => {
    const receiver = new DtmfReceiver();
    receiver.receive(event(0, 0xffff), 100, 0);
    expect(receiver.receive(event(0, 160), 100 + 0xffff, 20)).toBeUndefined();
    expect(receiver.receive(event(0, 800, true), 100 + 0xffff, 40)?.durationMs).toBe(8292);
  });

  it('ignores short payloads and events that are no digit', () => {
    const receiver = new DtmfReceiver();
    expect(receiver.receive(Uint8Array.of(1, 0x80), 0, 0)).toBeUndefined();
    expect(receiver.receive(event(200, 800, true), 0, 0)).toBeUndefined();
    expect(receiver.poll(1000)).toBeUndefined();
  });
});

describe('dtmfPayloads', () => {
  it('knows digits only', () => {
    expect(dtmfPayloads('d', 40)?.[0]?.[0]).toBe(15);
    expect(dtmfPayloads('x', 40)).toBeUndefined();
    expect(dtmfPayloads('', 40)).toBeUndefined();
    expect(dtmfPayloads('12', 40)).toBeUndefined();
  });
});
