import { createCipheriv } from 'node:crypto';
import type { Cipheriv } from 'node:crypto';

/** One direction's master key (16 bytes) and salt (14 bytes), as DTLS exports them. */
export type SrtpMaster = { key: Uint8Array; salt: Uint8Array };

/** What RFC 3711 §4.3 derives for RTP or for RTCP. */
export type SrtpKeys = { cipher: Uint8Array; salt: Uint8Array; auth: Uint8Array };

const LABELS = { rtp: { cipher: 0, auth: 1, salt: 2 }, rtcp: { cipher: 3, auth: 4, salt: 5 } };

/** RFC 3711 §4.3.1 with a key derivation rate of zero: the keys never change. */
export function deriveKeys(master: SrtpMaster, kind: 'rtp' | 'rtcp'): SrtpKeys {
  const labels = LABELS[kind];
  return {
    cipher: derive(master, labels.cipher, 16),
    salt: derive(master, labels.salt, 14),
    auth: derive(master, labels.auth, 20),
  };
}

function derive(master: SrtpMaster, label: number, length: number): Uint8Array {
  const start = new Uint8Array(16);
  start.set(master.salt);
  start[7] = (start[7] ?? 0) ^ label;
  const cipher = createCipheriv('aes-128-ctr', master.key, start);
  return cipher.update(new Uint8Array(length));
}

/** AES blocks under one kept key: counter blocks in, keystream out. */
export function openBlockCipher(key: Uint8Array): Cipheriv {
  return createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
}
