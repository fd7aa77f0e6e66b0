/**
 * RTCP compound packets, RFC 3550 §6: sender and receiver reports, source description (CNAME), goodbye.
 *
 *   0                   1                   2                   3
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |V=2|P| RC / SC |      PT       |      length in words - 1      |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import { readUint16, readUint32, writeUint16, writeUint32 } from './rtp-packet.ts';

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const GOODBYE = 203;
const REPORT_BLOCK_BYTES = 24;
const CNAME_ITEM = 1;
/** More packets than this in one datagram are not a report. */
const MAX_PACKETS = 32;

/** RFC 3550 §6.4.1: what a receiver says about one source. */
export type ReportBlock = {
  ssrc: number;
  fractionLost: number;
  cumulativeLost: number;
  highestSequence: number;
  jitter: number;
  lastSenderReport: number;
  delaySinceLastSenderReport: number;
};

export type SenderInfo = {
  ntpSeconds: number;
  ntpFraction: number;
  rtpTimestamp: number;
  packets: number;
  octets: number;
};

export type RtcpPacket =
  | { type: 'sender-report'; ssrc: number; sender: SenderInfo; reports: ReportBlock[] }
  | { type: 'receiver-report'; ssrc: number; reports: ReportBlock[] }
  | { type: 'source-description'; chunks: { ssrc: number; cname: string }[] }
  | { type: 'goodbye'; ssrcs: number[] }
  | { type: 'other'; payloadType: number };

/** Whether a datagram on a port shared with RTP is RTCP (RFC 5761 §4). */
export function isRtcp(datagram: Uint8Array): boolean {
  const type = datagram[1] ?? 0;
  return type >= 192 && type <= 223;
}

/** The packets of a compound datagram as far as they are whole; hostile bytes give fewer packets. */
export function parseRtcp(datagram: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  let offset = 0;
  while (offset + 4 <= datagram.length && packets.length < MAX_PACKETS) {
    const first = datagram[offset] ?? 0;
    const end = offset + 4 * (readUint16(datagram, offset + 2) + 1);
    if (first >> 6 !== 2 || end > datagram.length) break;
    packets.push(parseOne(datagram.subarray(offset, end), first & 31));
    offset = end;
  }
  return packets;
}

function parseOne(packet: Uint8Array, count: number): RtcpPacket {
  const payloadType = packet[1] ?? 0;
  const ssrc = packet.length >= 8 ? readUint32(packet, 4) : 0;
  switch (payloadType) {
    case SENDER_REPORT:
      if (packet.length < 28) break;
      return {
        type: 'sender-report',
        ssrc,
        sender: {
          ntpSeconds: readUint32(packet, 8),
          ntpFraction: readUint32(packet, 12),
          rtpTimestamp: readUint32(packet, 16),
          packets: readUint32(packet, 20),
          octets: readUint32(packet, 24),
        },
        reports: parseReports(packet, 28, count),
      };
    case RECEIVER_REPORT:
      if (packet.length < 8) break;
      return { type: 'receiver-report', ssrc, reports: parseReports(packet, 8, count) };
    case SOURCE_DESCRIPTION:
      return { type: 'source-description', chunks: parseChunks(packet, count) };
    case GOODBYE:
      return { type: 'goodbye', ssrcs: parseSources(packet, count) };
  }
  return { type: 'other', payloadType };
}

function parseReports(packet: Uint8Array, start: number, count: number): ReportBlock[] {
  const reports: ReportBlock[] = [];
  for (let at = start; reports.length < count; at += REPORT_BLOCK_BYTES) {
    if (at + REPORT_BLOCK_BYTES > packet.length) break;
    const lost = readUint32(packet, at + 4);
    reports.push({
      ssrc: readUint32(packet, at),
      fractionLost: lost >>> 24,
      // 24 bits, signed: duplicates can make it negative.
      cumulativeLost: (lost << 8) >> 8,
      highestSequence: readUint32(packet, at + 8),
      jitter: readUint32(packet, at + 12),
      lastSenderReport: readUint32(packet, at + 16),
      delaySinceLastSenderReport: readUint32(packet, at + 20),
    });
  }
  return reports;
}

function parseChunks(packet: Uint8Array, count: number): { ssrc: number; cname: string }[] {
  const chunks: { ssrc: number; cname: string }[] = [];
  let at = 4;
  while (chunks.length < count && at + 4 <= packet.length) {
    const chunk = { ssrc: readUint32(packet, at), cname: '' };
    at += 4;
    while (at + 1 < packet.length && packet[at] !== 0) {
      const length = packet[at + 1] ?? 0;
      if (packet[at] === CNAME_ITEM) chunk.cname = latin1(packet, at + 2, at + 2 + length);
      at += 2 + length;
    }
    // Items end with a zero and fill up to the next word.
    at = (at + 4) & ~3;
    chunks.push(chunk);
  }
  return chunks;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (const byte of bytes.subarray(start, end)) text += String.fromCharCode(byte);
  return text;
}

function parseSources(packet: Uint8Array, count: number): number[] {
  const ssrcs: number[] = [];
  for (let at = 4; ssrcs.length < count && at + 4 <= packet.length; at += 4) {
    ssrcs.push(readUint32(packet, at));
  }
  return ssrcs;
}

/** Seconds from 1900 to 1970: NTP time starts earlier than Unix time. */
const NTP_EPOCH_SECONDS = 2_208_988_800;

/** Unix milliseconds as the two halves of an NTP timestamp (RFC 3550 §4). */
export function toNtp(unixMs: number): { ntpSeconds: number; ntpFraction: number } {
  const seconds = Math.floor(unixMs / 1000);
  return {
    ntpSeconds: (seconds + NTP_EPOCH_SECONDS) >>> 0,
    ntpFraction: Math.floor(((unixMs - seconds * 1000) / 1000) * 0x1_0000_0000) >>> 0,
  };
}

/**
 * SR (with `sender`) or RR (without), followed by the SDES with CNAME and, with `goodbye`, a BYE: the
 * compound packet of RFC 3550 §6.1.
 */
export function writeRtcp(options: {
  ssrc: number;
  cname: string;
  sender?: SenderInfo;
  report?: ReportBlock;
  goodbye?: boolean;
}): Uint8Array {
  const cname = options.cname.slice(0, 255);
  const reportBytes = 8 + (options.sender ? 20 : 0) + (options.report ? REPORT_BLOCK_BYTES : 0);
  const chunkBytes = (8 + 2 + cname.length + 4) & ~3;
  const out = new Uint8Array(reportBytes + chunkBytes + (options.goodbye ? 8 : 0));
  const count = options.report ? 1 : 0;
  writeHead(out, 0, options.sender ? SENDER_REPORT : RECEIVER_REPORT, count, reportBytes);
  writeUint32(out, 4, options.ssrc);
  let at = 8;
  if (options.sender) at = writeSender(out, at, options.sender);
  if (options.report) at = writeReport(out, at, options.report);
  writeHead(out, at, SOURCE_DESCRIPTION, 1, chunkBytes);
  writeUint32(out, at + 4, options.ssrc);
  out[at + 8] = CNAME_ITEM;
  out[at + 9] = cname.length;
  for (let i = 0; i < cname.length; i++) out[at + 10 + i] = cname.charCodeAt(i);
  at += chunkBytes;
  if (options.goodbye) {
    writeHead(out, at, GOODBYE, 1, 8);
    writeUint32(out, at + 4, options.ssrc);
  }
  return out;
}

function writeHead(
  out: Uint8Array,
  at: number,
  type: number,
  ...[count, bytes]: [count: number, bytes: number]
): void {
  out[at] = 0x80 | count;
  out[at + 1] = type;
  writeUint16(out, at + 2, bytes / 4 - 1);
}

function writeSender(out: Uint8Array, at: number, sender: SenderInfo): number {
  writeUint32(out, at, sender.ntpSeconds);
  writeUint32(out, at + 4, sender.ntpFraction);
  writeUint32(out, at + 8, sender.rtpTimestamp);
  writeUint32(out, at + 12, sender.packets);
  writeUint32(out, at + 16, sender.octets);
  return at + 20;
}

function writeReport(out: Uint8Array, at: number, report: ReportBlock): number {
  writeUint32(out, at, report.ssrc);
  writeUint32(out, at + 4, (report.fractionLost << 24) | (report.cumulativeLost & 0xff_ffff));
  writeUint32(out, at + 8, report.highestSequence);
  writeUint32(out, at + 12, report.jitter);
  writeUint32(out, at + 16, report.lastSenderReport);
  writeUint32(out, at + 20, report.delaySinceLastSenderReport);
  return at + REPORT_BLOCK_BYTES;
}
