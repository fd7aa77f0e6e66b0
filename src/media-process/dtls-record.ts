/*
 * RFC 6347 §4.1, a datagram holds one or more records:
 *   type (8) | version (16) | epoch (16) | sequence (48) | length (16) | fragment
 * RFC 6347 §4.2.2, a handshake record holds one or more fragments:
 *   type (8) | length (24) | message_seq (16) | offset (24) | fragment length (24) | body
 */
const RECORD_HEADER_BYTES = 13;
const HANDSHAKE_HEADER_BYTES = 12;
const MAX_RECORDS = 32;
const MAX_MESSAGE_BYTES = 8_192;
/** Flight 5 has four messages in clear; a few more may wait for one that is missing. */
const MAX_WAITING = 8;

export const CONTENT_TYPE = { changeCipherSpec: 20, alert: 21, handshake: 22 } as const;

export type DtlsRecord = {
  type: number;
  epoch: number;
  fragment: Buffer;
  /** The record with its header. */
  bytes: Buffer;
};

/** The whole records of a datagram; what follows a broken one is left away. */
export function readRecords(datagram: Buffer): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= datagram.length && records.length < MAX_RECORDS) {
    const end = at + RECORD_HEADER_BYTES + datagram.readUInt16BE(at + 11);
    if (end > datagram.length || datagram.readUInt8(at + 1) !== 0xfe) break;
    records.push({
      type: datagram.readUInt8(at),
      epoch: datagram.readUInt16BE(at + 3),
      fragment: datagram.subarray(at + RECORD_HEADER_BYTES, end),
      bytes: datagram.subarray(at, end),
    });
    at = end;
  }
  return records;
}

/** A record in epoch 0 around one whole handshake message. */
export function writeHandshakeRecord(message: HandshakeMessage): Buffer {
  const length = HANDSHAKE_HEADER_BYTES + message.body.length;
  const out = Buffer.alloc(RECORD_HEADER_BYTES + length);
  out.writeUInt8(CONTENT_TYPE.handshake, 0);
  out.writeUInt16BE(0xfefd, 1);
  out.writeUInt16BE(length, 11);
  out.writeUInt8(message.type, 13);
  out.writeUIntBE(message.body.length, 14, 3);
  out.writeUInt16BE(message.sequence, 17);
  out.writeUIntBE(message.body.length, 22, 3);
  out.set(message.body, RECORD_HEADER_BYTES + HANDSHAKE_HEADER_BYTES);
  return out;
}

export type HandshakeMessage = { type: number; sequence: number; body: Buffer };

type Fragment = { type: number; length: number; sequence: number; offset: number; body: Buffer };

/** The fragments of a handshake record; empty when any of them is malformed. */
export function readFragments(record: Buffer): Fragment[] {
  const fragments: Fragment[] = [];
  let at = 0;
  while (at < record.length) {
    if (at + HANDSHAKE_HEADER_BYTES > record.length) return [];
    const start = at + HANDSHAKE_HEADER_BYTES;
    const end = start + record.readUIntBE(at + 9, 3);
    const length = record.readUIntBE(at + 1, 3);
    const offset = record.readUIntBE(at + 6, 3);
    const body = record.subarray(start, end);
    if (end > record.length || offset + body.length > length) return [];
    fragments.push({
      type: record.readUInt8(at),
      length,
      sequence: record.readUInt16BE(at + 4),
      offset,
      body,
    });
    at = end;
  }
  return fragments;
}

type Partial = { type: number; body: Buffer; missing: Uint8Array; left: number };

/** Puts fragments together and gives the messages out in the order of message_seq. */
export class HandshakeOrder {
  #next = 0;
  readonly #waiting = new Map<number, Partial>();

  /** The next message is `sequence`; parts of others too far from it are forgotten. */
  startAt(sequence: number): void {
    this.#next = sequence;
    for (const known of this.#waiting.keys()) {
      if (!this.#isNear(known)) this.#waiting.delete(known);
    }
  }

  #isNear(sequence: number): boolean {
    return sequence >= this.#next && sequence < this.#next + MAX_WAITING;
  }

  add(fragment: Fragment): void {
    const { sequence, length } = fragment;
    if (!this.#isNear(sequence) || length > MAX_MESSAGE_BYTES) return;
    const partial = this.#waiting.get(sequence) ?? {
      type: fragment.type,
      body: Buffer.alloc(length),
      missing: new Uint8Array(length).fill(1),
      left: length,
    };
    if (partial.type !== fragment.type || partial.body.length !== length) return;
    this.#waiting.set(sequence, partial);
    partial.body.set(fragment.body, fragment.offset);
    for (let i = fragment.offset; i < fragment.offset + fragment.body.length; i++) {
      partial.left -= partial.missing[i] ?? 0;
      partial.missing[i] = 0;
    }
  }

  /** The next message, if it is whole. */
  take(): HandshakeMessage | undefined {
    const partial = this.#waiting.get(this.#next);
    if (!partial || partial.left > 0) return undefined;
    const message = { type: partial.type, sequence: this.#next, body: partial.body };
    this.#waiting.delete(this.#next++);
    return message;
  }
}
