import { describe, expect, it } from 'vitest';
import { DtmfReceiver } from '../media/index.ts';
import { DigitSender } from './digit-sender.ts';

describe('digits that are sent', () => {
  it('arrive as they were pressed, with sound between them', () => {
    const sender = new DigitSender();
    const receiver = new DtmfReceiver();
    expect(sender.push('1#1')).toBe(true);
    const heard: string[] = [];
    let frames = 0;
    let markers = 0;
    for (let frame = 0; frame < 100; frame++) {
      const next = sender.next(frame * 160);
      if (next === undefined) continue;
      frames++;
      if (next.marker) markers++;
      const digit = receiver.receive(next.payload, next.timestamp, frame * 20);
      if (digit) heard.push(digit.digit);
    }
    expect(heard).toEqual(['1', '#', '1']);
    expect(markers).toBe(3);
    expect(frames).toBeLessThan(60);
  });

  it('are bounded', () => {
    const sender = new DigitSender();
    expect(sender.push('1'.repeat(64))).toBe(true);
    expect(sender.push('1')).toBe(false);
  });
});
