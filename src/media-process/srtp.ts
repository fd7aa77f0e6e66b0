import { HmacSha1 } from './hmac-sha1.ts';
import { ReplayWindow } from './replay-window.ts';
import { SrtpKeystream } from './srtp-keystream.ts';
import { deriveKeys } from './srtp-keys.ts';
import type { SrtpMaster } from './srtp-keys.ts';

/** HMAC_SHA1_80: the first ten bytes of the digest end the packet. */
export const TAG_BYTES = 10;
const RTP_HEADER_BYTES = 12;
const SEQUENCE_MODULUS = 0x1_0000;
const HALF_SEQUENCE = 0x8000;
/** A browser sends one SSRC; a page that changes its track a few times still fits. */
const MAX_SSRCS = 8;

export type SrtpRefusal = 'malformed' | 'bad-tag' | 'replayed' | 'too-many-ssrcs';

/**
 * Where the payload starts: fixed header, CSRCs, header extension (RFC 3550 §5.1, §5.3.1).
 * -1 when these are not RTP or are longer than `length`.
 */
export function rtpPayloadOffset(packet: Uint8Array, length: number): number {
  const first = packet[0] ?? 0;
  if (length < RTP_HEADER_BYTES || first >>> 6 !== 2) return -1;
  let offset = RTP_HEADER_BYTES + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (offset + 4 > length) return -1;
    offset += 4 + (((packet[offset + 2] ?? 0) << 8) | (packet[offset + 3] ?? 0)) * 4;
  }
  return offset <= length ? offset : -1;
}

/** RFC 3711 §3.3.1 and appendix A: the 48-bit index nearest to the highest one so far. */
export function estimateIndex(highest: number, sequence: number): number {
  if (highest < 0) return sequence;
  const last = highest % SEQUENCE_MODULUS;
  const rollover = highest - last;
  if (last < HALF_SEQUENCE && sequence - last > HALF_SEQUENCE) {
    return rollover - SEQUENCE_MODULUS + sequence;
  }
  if (last >= HALF_SEQUENCE && last - HALF_SEQUENCE > sequence) {
    return rollover + SEQUENCE_MODULUS + sequence;
  }
  return rollover + sequence;
}

export function readWord(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}

function readSequence(packet: Uint8Array): number {
  return ((packet[2] ?? 0) << 8) | (packet[3] ?? 0);
}

/** Compares the tag at `at` without stopping early: the time tells a forger nothing. */
export function hasTag(bytes: Uint8Array, at: number, digest: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < TAG_BYTES; i++) difference |= (bytes[at + i] ?? 0) ^ (digest[i] ?? 0);
  return difference === 0;
}

export function writeTag(bytes: Uint8Array, at: number, digest: Uint8Array): void {
  for (let i = 0; i < TAG_BYTES; i++) bytes[at + i] = digest[i] ?? 0;
}

/** Encrypts the one RTP stream that we send on a leg. */
export class SrtpSender {
  readonly #keystream: SrtpKeystream;
  readonly #hmac: HmacSha1;
  #highest = -1;

  constructor(master: SrtpMaster) {
    const keys = deriveKeys(master, 'rtp');
    this.#keystream = new SrtpKeystream(keys.cipher, keys.salt);
    this.#hmac = new HmacSha1(keys.auth);
  }

  /**
   * The packet to send, or why not. A sequence number that does not move forward is refused: the
   * same keystream for two payloads would give both away.
   */
  protect(packet: Uint8Array): Buffer | SrtpRefusal {
    const length = packet.length;
    const payload = rtpPayloadOffset(packet, length);
    if (payload < 0) return 'malformed';
    const index = estimateIndex(this.#highest, readSequence(packet));
    if (index <= this.#highest) return 'replayed';
    this.#highest = index;
    const out = Buffer.allocUnsafe(length + TAG_BYTES);
    out.set(packet);
    this.#keystream.apply(out.subarray(0, length), payload, readWord(packet, 8), index);
    const rollover = Math.floor(index / SEQUENCE_MODULUS);
    writeTag(out, length, this.#hmac.digest(out, length, rollover));
    return out;
  }
}

type Stream = { ssrc: number; highest: number; window: ReplayWindow };

/** Checks and decrypts what the browser sends, each SSRC with its own rollover counter. */
export class SrtpReceiver {
  readonly #keystream: SrtpKeystream;
  readonly #hmac: HmacSha1;
  readonly #streams: Stream[] = [];

  constructor(master: SrtpMaster) {
    const keys = deriveKeys(master, 'rtp');
    this.#keystream = new SrtpKeystream(keys.cipher, keys.salt);
    this.#hmac = new HmacSha1(keys.auth);
  }

  /** Decrypts in place; the RTP packet is a view of `bytes`. State moves only on a valid tag. */
  unprotect(bytes: Uint8Array): Uint8Array | SrtpRefusal {
    const length = bytes.length - TAG_BYTES;
    const payload = rtpPayloadOffset(bytes, length);
    if (payload < 0) return 'malformed';
    const ssrc = readWord(bytes, 8);
    const known = this.#find(ssrc);
    if (!known && this.#streams.length >= MAX_SSRCS) return 'too-many-ssrcs';
    const index = estimateIndex(known?.highest ?? -1, readSequence(bytes));
    if (index < 0 || (known && !known.window.isNew(index))) return 'replayed';
    const rollover = Math.floor(index / SEQUENCE_MODULUS);
    if (!hasTag(bytes, length, this.#hmac.digest(bytes, length, rollover))) return 'bad-tag';
    const stream = known ?? this.#add(ssrc);
    stream.window.accept(index);
    if (index > stream.highest) stream.highest = index;
    const packet = bytes.subarray(0, length);
    this.#keystream.apply(packet, payload, ssrc, index);
    return packet;
  }

  #find(ssrc: number): Stream | undefined {
    for (const stream of this.#streams) if (stream.ssrc === ssrc) return stream;
    return undefined;
  }

  #add(ssrc: number): Stream {
    const stream = { ssrc, highest: -1, window: new ReplayWindow() };
    this.#streams.push(stream);
    return stream;
  }
}
