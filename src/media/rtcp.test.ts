import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/harness/tone-blocks.ts';
import { Reception } from './reception.ts';
import { isRtcp, parseRtcp, toNtp, writeRtcp } from './rtcp.ts';

const report = {
  ssrc: 0xcafe,
  fractionLost: 3,
  cumulativeLost: -2,
  highestSequence: 70_000,
  jitter: 12,
  lastSenderReport: 0x12345678,
  delaySinceLastSenderReport: 65_536,
};
const sender = {
  ntpSeconds: 1,
  ntpFraction: 2,
  rtpTimestamp: 0xffff_ffff,
  packets: 50,
  octets: 8000,
};

describe('RTCP', () => {
  it('writes a sender report with source description and goodbye that reads back', () => {
    const bytes = writeRtcp({ ssrc: 7, cname: 'denwaban-7', sender, report, goodbye: true });
    expect(bytes.length % 4).toBe(0);
    expect(isRtcp(bytes)).toBe(true);
    expect(parseRtcp(bytes)).toEqual([
      { type: 'sender-report', ssrc: 7, sender, reports: [report] },
      { type: 'source-description', chunks: [{ ssrc: 7, cname: 'denwaban-7' }] },
      { type: 'goodbye', ssrcs: [7] },
    ]);
  });

  it.each([0, 1, 2, 3, 4, 5])('pads a CNAME of %i characters to whole words', (length) => {
    const cname = 'x'.repeat(length);
    const [first, second] = parseRtcp(writeRtcp({ ssrc: 7, cname }));
    expect(first).toEqual({ type: 'receiver-report', ssrc: 7, reports: [] });
    expect(second).toEqual({ type: 'source-description', chunks: [{ ssrc: 7, cname }] });
  });

  it('does not throw on cut or random bytes', () => {
    const whole = writeRtcp({ ssrc: 7, cname: 'denwaban', sender, report, goodbye: true });
    for (let length = 0; length < whole.length; length++) {
      expect(parseRtcp(whole.subarray(0, length)).length).toBeLessThan(3);
    }
    const random = seededRandom(5);
    for (let run = 0; run < 2000; run++) {
      const bytes = Uint8Array.from(
        { length: 4 + Math.floor(random() * 80) },
        () => random() * 256,
      );
      if (run % 2 === 0) bytes.set([0x80 | (run & 31), 200 + (run % 5), 0, 5]);
      expect(() => parseRtcp(bytes)).not.toThrow();
    }
  });

  it('counts NTP time from 1900', () => {
    expect(toNtp(500)).toEqual({ ntpSeconds: 2_208_988_800, ntpFraction: 0x8000_0000 });
  });
});

describe('Reception', () => {
  it('counts loss over the wrap of the sequence number', () => {
    const reception = new Reception();
    expect(reception.report(0)).toBeUndefined();
    for (let i = 0; i < 100; i++) {
      if (i % 10 === 5) continue;
      reception.receive(1, (65_500 + i) & 0xffff, i * 160, i * 20);
    }
    expect(reception.report(2000)).toMatchObject({
      ssrc: 1,
      cumulativeLost: 10,
      fractionLost: 25,
      highestSequence: 65_599,
      jitter: 0,
    });
    expect(reception.report(2000)).toMatchObject({ fractionLost: 0, cumulativeLost: 10 });
  });

  it('measures jitter, answers sender reports and starts again with a new source', () => {
    const reception = new Reception();
    for (let i = 0; i < 200; i++) reception.receive(1, i, i * 160, i * 20 + (i % 2) * 5);
    reception.receiveSenderReport(1, { ...sender, ntpSeconds: 0x10002, ntpFraction: 0x30000 }, 100);
    reception.receiveSenderReport(99, sender, 200);
    const first = reception.report(1100);
    expect(first?.jitter).toBeGreaterThan(35);
    expect(first).toMatchObject({ lastSenderReport: 0x20003, delaySinceLastSenderReport: 65_536 });
    // One that came while the reports of this second were being made.
    expect(reception.report(99)).toMatchObject({ delaySinceLastSenderReport: 0 });
    reception.receive(2, 7, 0, 0);
    expect(reception.report(0)).toMatchObject({ ssrc: 2, cumulativeLost: 0, lastSenderReport: 0 });
  });
});
