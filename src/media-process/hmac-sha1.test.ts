import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HmacSha1 } from './hmac-sha1.ts';

function expected(key: Uint8Array, bytes: Uint8Array, suffix: number): string {
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(suffix >>> 0);
  return createHmac('sha1', key).update(bytes).update(tail).digest('hex');
}

describe('HmacSha1', () => {
  it('agrees with node:crypto for every length around the block borders', () => {
    const key = randomBytes(20);
    const hmac = new HmacSha1(key);
    const bytes = randomBytes(400);
    for (let length = 0; length <= 400; length++) {
      const suffix = 0xfedcba98 - length;
      const digest = Buffer.from(hmac.digest(bytes, length, suffix)).toString('hex');
      expect(digest, `length ${length}`).toBe(expected(key, bytes.subarray(0, length), suffix));
    }
  });

  it('keeps its key between digests and reads no further than told', () => {
    const key = randomBytes(64);
    const hmac = new HmacSha1(key);
    const bytes = randomBytes(200);
    const first = Buffer.from(hmac.digest(bytes, 172, 0)).toString('hex');
    bytes.fill(0, 172);
    hmac.digest(bytes, 3, 7);
    expect(Buffer.from(hmac.digest(bytes, 172, 0)).toString('hex')).toBe(first);
  });

  it('refuses a key longer than a block', () => {
    expect(() => new HmacSha1(new Uint8Array(65))).toThrow(RangeError);
  });
});
