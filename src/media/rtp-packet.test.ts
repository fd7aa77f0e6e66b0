import { describe, expect, it } from 'vitest';
import { emptyRtpHeader, readRtpHeader, writeRtpHeader } from './rtp-packet.ts';
import { addTimestamp, nextSequence, sequenceDistance, timestampDistance } from './sequence.ts';

// prettier-ignore
const PACKET = Uint8Array.of(
  0x80,                   // version 2, no padding, no extension, no contributing sources
  0x80 | 101,             // marker, payload type 101
  0xff, 0xfe,             // sequence number 65534
  0xff, 0xff, 0xff, 0x00, // timestamp
  0xde, 0xad, 0xbe, 0xef, // SSRC
  1, 2, 3, 4,             // payload
);

describe('RTP header', () => {
  it('reads and writes the same bytes', () => {
    const header = emptyRtpHeader();
    expect(readRtpHeader(PACKET, header)).toBe(true);
    expect(header).toEqual({
      marker: true,
      payloadType: 101,
      sequence: 65_534,
      timestamp: 0xffffff00,
      ssrc: 0xdeadbeef,
      payloadStart: 12,
      payloadEnd: 16,
    });
    const out = new Uint8Array(12);
    writeRtpHeader(out, header);
    expect(out).toEqual(PACKET.subarray(0, 12));
  });

  it('steps over contributing sources and extension and leaves padding away', () => {
    // prettier-ignore
    const packet = Uint8Array.of(
      0xb1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, // padding, extension, one contributing source
      0, 0, 0, 4,                            // the source
      0xbe, 0xde, 0, 1, 9, 9, 9, 9,          // extension of one word
      7, 7,                                  // payload
      0, 2,                                  // padding of two bytes
    );
    const header = emptyRtpHeader();
    expect(readRtpHeader(packet, header)).toBe(true);
    expect(packet.subarray(header.payloadStart, header.payloadEnd)).toEqual(Uint8Array.of(7, 7));
  });

  it.each([
    ['empty', []],
    ['shorter than a header', [...PACKET.subarray(0, 11)]],
    ['of version 1', [0x40, ...PACKET.subarray(1)]],
    ['with more sources than bytes', [0x8f, ...PACKET.subarray(1)]],
    ['with an extension beyond its end', [0x90, ...PACKET.subarray(1, 12), 0, 0, 0xff, 0xff]],
    ['with the extension header missing', [0x90, ...PACKET.subarray(1, 14)]],
    ['with padding of nothing', [0xa0, ...PACKET.subarray(1, 15), 0]],
    ['with more padding than payload', [0xa0, ...PACKET.subarray(1, 15), 200]],
  ])('refuses a datagram %s', (_, bytes) => {
    expect(readRtpHeader(Uint8Array.from(bytes), emptyRtpHeader())).toBe(false);
  });
});

describe('wrapping counters', () => {
  it.each([
    [1, 0, 1],
    [0, 1, -1],
    [0, 65_535, 1],
    [65_535, 0, -1],
    [0x8000, 0x7fff, 1],
    [0x7fff, 0x8000, -1],
    [0x8001, 2, 0x7fff],
    [5, 65_530, 11],
  ])('sequence %i is from %i the distance %i away', (a, b, distance) => {
    expect(sequenceDistance(a, b)).toBe(distance);
  });

  it('steps over the ends', () => {
    expect(nextSequence(65_535)).toBe(0);
    expect(addTimestamp(0xffff_ffff, 160)).toBe(159);
    expect(timestampDistance(159, 0xffff_ffff)).toBe(160);
    expect(timestampDistance(0xffff_ffff, 159)).toBe(-160);
    expect(timestampDistance(0x8000_0000, 0x7fff_ffff)).toBe(1);
  });
});
