import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newReceiptNumber } from './receipt-number.ts';

const fixed = (...bytes: number[]): { bytes: () => Uint8Array } => ({
  bytes: () => Uint8Array.from(bytes),
});

describe('newReceiptNumber', () => {
  it('is short and holds nothing that is misread or misheard', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        const number = newReceiptNumber({ bytes: () => bytes });
        expect(number).toMatch(/^[^0O1ILU]{4}-[^0O1ILU]{2}$/);
      }),
    );
  });

  it('is drawn from what it is given', () => {
    expect(newReceiptNumber(fixed(0, 1, 2, 3, 4, 29))).toBe('2345-6Z');
  });
});
