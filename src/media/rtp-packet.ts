/**
 * RTP fixed header, RFC 3550 §5.1.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                           timestamp                           |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |           synchronization source (SSRC) identifier            |
 *  +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 */

export const RTP_HEADER_BYTES = 12;

/** A header's fields and where its payload lies in the datagram; one object is used again and again. */
export type RtpHeader = {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payloadStart: number;
  payloadEnd: number;
};

export function emptyRtpHeader(): RtpHeader {
  return {
    marker: false,
    payloadType: 0,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

/**
 * Reads a header into `into`. False for anything that is not RTP version 2 or whose lengths do not fit;
 * `into` is then unspecified. Allocates nothing.
 */
export function readRtpHeader(datagram: Uint8Array, into: RtpHeader): boolean {
  const length = datagram.length;
  if (length < RTP_HEADER_BYTES) return false;
  const first = datagram[0] ?? 0;
  if (first >> 6 !== 2) return false;
  const second = datagram[1] ?? 0;
  let start = RTP_HEADER_BYTES + 4 * (first & 15);
  if (first & 0x10) {
    if (start + 4 > length) return false;
    start += 4 + 4 * readUint16(datagram, start + 2);
  }
  let end = length;
  if (first & 0x20) {
    const padding = datagram[length - 1] ?? 0;
    if (padding === 0) return false;
    end -= padding;
  }
  if (start > end) return false;
  into.marker = (second & 0x80) !== 0;
  into.payloadType = second & 0x7f;
  into.sequence = readUint16(datagram, 2);
  into.timestamp = readUint32(datagram, 4);
  into.ssrc = readUint32(datagram, 8);
  into.payloadStart = start;
  into.payloadEnd = end;
  return true;
}

/** Writes the 12 bytes of a header without extension, padding or contributing sources. */
export function writeRtpHeader(
  out: Uint8Array,
  header: Pick<RtpHeader, 'marker' | 'payloadType' | 'sequence' | 'timestamp' | 'ssrc'>,
): void {
  out[0] = 0x80;
  out[1] = (header.marker ? 0x80 : 0) | header.payloadType;
  writeUint16(out, 2, header.sequence);
  writeUint32(out, 4, header.timestamp);
  writeUint32(out, 8, header.ssrc);
}

export function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return ((readUint16(bytes, offset) << 16) | readUint16(bytes, offset + 2)) >>> 0;
}

export function writeUint16(out: Uint8Array, offset: number, value: number): void {
  out[offset] = value >>> 8;
  out[offset + 1] = value;
}

export function writeUint32(out: Uint8Array, offset: number, value: number): void {
  writeUint16(out, offset, value >>> 16);
  writeUint16(out, offset + 2, value);
}
