import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_MESSAGE_BYTES } from './parse-message.ts';
import { StreamFramer } from './stream-framer.ts';

const one = 'OPTIONS sip:a@b SIP/2.0\r\nl: 3\r\n\r\nabc';
const two = 'BYE sip:a@b SIP/2.0\r\nContent-Length : 0\r\n\r\n';

describe('the stream framer', () => {
  it('cuts messages by Content-Length wherever the stream was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
        const framer = new StreamFramer();
        const stream = one + two + one;
        const messages: string[] = [];
        let at = 0;
        for (let i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          messages.push(...framer.push(stream.slice(at, at + size)).messages);
          at += size;
        }
        expect(messages).toEqual([one, two, one]);
      }),
      { numRuns: 50 },
    );
  });

  it('counts the pings of RFC 5626 and passes over single empty lines', () => {
    const framer = new StreamFramer();
    expect(framer.push('\r\n')).toEqual({ messages: [], pings: 0, broken: false });
    expect(framer.push('\r\n').pings).toBe(1);
    expect(framer.push(`\r\n\r\n${one}\r\n`)).toEqual({ messages: [one], pings: 1, broken: false });
    expect(framer.push(two).messages).toEqual([two]);
  });

  it('gives up on a stream without usable Content-Length or without end', () => {
    for (const bad of [
      'BYE sip:a@b SIP/2.0\r\n\r\n',
      'BYE sip:a@b SIP/2.0\r\nl: -1\r\n\r\n',
      `BYE sip:a@b SIP/2.0\r\nl: ${MAX_MESSAGE_BYTES}\r\n\r\n`,
      'x'.repeat(MAX_MESSAGE_BYTES + 1),
    ]) {
      const framer = new StreamFramer();
      expect(framer.push(bad)).toEqual({ messages: [], pings: 0, broken: true });
      expect(framer.push(one)).toEqual({ messages: [], pings: 0, broken: true });
    }
  });
});
