import { HmacSha1 } from './hmac-sha1.ts';
import { ReplayWindow } from './replay-window.ts';
import { SrtpKeystream } from './srtp-keystream.ts';
import { deriveKeys } from './srtp-keys.ts';
import type { SrtpMaster } from './srtp-keys.ts';
import { TAG_BYTES, hasTag, readWord, writeTag } from './srtp.ts';

const RTCP_HEADER_BYTES = 8;
const TRAILER_BYTES = 4;
const ENCRYPTED = 0x8000_0000;
const INDEX_MASK = 0x7fff_ffff;
/** As for SRTP: a page that changes its track a few times still fits. */
const MAX_SENDERS = 8;

export type SrtcpRefusal = 'malformed' | 'bad-tag' | 'replayed';

/*
 * RFC 3711 §3.4
 *  | RTCP header, SSRC of sender (8) | encrypted … | E | index (31) | tag (10) |
 * The tag covers everything before it, the index included.
 */

export class SrtcpSender {
  readonly #keystream: SrtpKeystream;
  readonly #hmac: HmacSha1;
  #nextIndex = 0;

  constructor(master: SrtpMaster) {
    const keys = deriveKeys(master, 'rtcp');
    this.#keystream = new SrtpKeystream(keys.cipher, keys.salt);
    this.#hmac = new HmacSha1(keys.auth);
  }

  protect(packet: Uint8Array): Buffer | SrtcpRefusal {
    const length = packet.length;
    if (length < RTCP_HEADER_BYTES || this.#nextIndex > INDEX_MASK) return 'malformed';
    const index = this.#nextIndex++;
    const out = Buffer.allocUnsafe(length + TRAILER_BYTES + TAG_BYTES);
    out.set(packet);
    this.#keystream.apply(out.subarray(0, length), RTCP_HEADER_BYTES, readWord(packet, 4), index);
    const trailer = (index | ENCRYPTED) >>> 0;
    out.writeUInt32BE(trailer, length);
    writeTag(out, length + TRAILER_BYTES, this.#hmac.digest(out, length, trailer));
    return out;
  }
}

export class SrtcpReceiver {
  readonly #keystream: SrtpKeystream;
  readonly #hmac: HmacSha1;
  /** RFC 3711 §3.2.3: the context, its index included, belongs to one sender's SSRC. */
  readonly #windows = new Map<number, ReplayWindow>();

  constructor(master: SrtpMaster) {
    const keys = deriveKeys(master, 'rtcp');
    this.#keystream = new SrtpKeystream(keys.cipher, keys.salt);
    this.#hmac = new HmacSha1(keys.auth);
  }

  /** Decrypts in place; the RTCP packet is a view of `bytes`. Unencrypted SRTCP is refused. */
  unprotect(bytes: Uint8Array): Uint8Array | SrtcpRefusal {
    const length = bytes.length - TRAILER_BYTES - TAG_BYTES;
    if (length < RTCP_HEADER_BYTES || (bytes[0] ?? 0) >>> 6 !== 2) return 'malformed';
    const trailer = readWord(bytes, length);
    if ((trailer & ENCRYPTED) === 0) return 'malformed';
    const index = trailer & INDEX_MASK;
    const ssrc = readWord(bytes, 4);
    const known = this.#windows.get(ssrc);
    if (known && !known.isNew(index)) return 'replayed';
    const digest = this.#hmac.digest(bytes, length, trailer);
    if (!hasTag(bytes, length + TRAILER_BYTES, digest)) return 'bad-tag';
    if (!known && this.#windows.size >= MAX_SENDERS) return 'malformed';
    const window = known ?? new ReplayWindow();
    window.accept(index);
    this.#windows.set(ssrc, window);
    const packet = bytes.subarray(0, length);
    this.#keystream.apply(packet, RTCP_HEADER_BYTES, ssrc, index);
    return packet;
  }
}
