import type { ReportBlock, SenderInfo } from './rtcp.ts';
import { sequenceDistance, timestampDistance } from './sequence.ts';

const SAMPLES_PER_MS = 8;

/** What is counted of one incoming source, and the report block made of it (RFC 3550 A.1, A.3, A.8). */
export class Reception {
  #ssrc = -1;
  #baseSequence = 0;
  #highest = 0;
  #cycles = 0;
  #received = 0;
  #receivedBefore = 0;
  #expectedBefore = 0;
  #jitter = 0;
  #transit = 0;
  #senderReportAtMs = 0;
  #senderReportMiddle = 0;

  receive(ssrc: number, sequence: number, ...[timestamp, nowMs]: [number, number]): void {
    if (ssrc !== this.#ssrc) this.#begin(ssrc, sequence);
    const ahead = sequenceDistance(sequence, this.#highest);
    if (ahead > 0) {
      if (sequence < this.#highest) this.#cycles += 0x1_0000;
      this.#highest = sequence;
    }
    const transit = (Math.round(nowMs * SAMPLES_PER_MS) - timestamp) | 0;
    if (this.#received > 0) {
      const change = Math.abs(timestampDistance(transit, this.#transit));
      this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transit = transit;
    this.#received++;
  }

  receiveSenderReport(ssrc: number, sender: SenderInfo, nowMs: number): void {
    if (ssrc !== this.#ssrc) return;
    this.#senderReportAtMs = nowMs;
    this.#senderReportMiddle = ((sender.ntpSeconds << 16) | (sender.ntpFraction >>> 16)) >>> 0;
  }

  /** The block about this source, or undefined when nothing ever came. */
  report(nowMs: number): ReportBlock | undefined {
    if (this.#received === 0) return undefined;
    const highestSequence = this.#cycles + this.#highest;
    const expected = highestSequence - this.#baseSequence + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    return {
      ssrc: this.#ssrc,
      fractionLost:
        expectedNow > 0 && lostNow > 0
          ? Math.min(255, Math.floor((lostNow * 256) / expectedNow))
          : 0,
      cumulativeLost: Math.max(-0x80_0000, Math.min(0x7f_ffff, expected - this.#received)),
      highestSequence: highestSequence >>> 0,
      jitter: Math.round(this.#jitter),
      lastSenderReport: this.#senderReportMiddle,
      delaySinceLastSenderReport:
        this.#senderReportMiddle === 0
          ? 0
          : Math.round((Math.max(0, nowMs - this.#senderReportAtMs) * 65_536) / 1000) >>> 0,
    };
  }

  #begin(ssrc: number, sequence: number): void {
    this.#ssrc = ssrc;
    this.#baseSequence = sequence;
    this.#highest = sequence;
    this.#cycles = 0;
    this.#received = 0;
    this.#receivedBefore = 0;
    this.#expectedBefore = 0;
    this.#jitter = 0;
    this.#senderReportMiddle = 0;
  }
}
