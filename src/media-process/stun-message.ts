import { createHmac, timingSafeEqual } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { crc32 } from 'node:zlib';

/*
 * RFC 8489 §5
 *   0 0 | type (14) | length (16)
 *   magic cookie 0x2112a442 (32)
 *   transaction id (96)
 *   attributes: type (16) | length (16) | value, padded to 32 bits
 */
const HEADER_BYTES = 20;
const COOKIE = 0x2112a442;
const MAX_BYTES = 1_500;
const INTEGRITY_BYTES = 20;
const FINGERPRINT_XOR = 0x5354554e;

export const STUN_TYPE = {
  bindingRequest: 0x0001,
  bindingIndication: 0x0011,
  bindingSuccess: 0x0101,
  bindingError: 0x0111,
} as const;

export const STUN_ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

/** Attributes below 0x8000 must be understood (RFC 8489 §14); these are. */
const UNDERSTOOD: ReadonlySet<number> = new Set(Object.values(STUN_ATTRIBUTE));

/** A STUN message whose structure and FINGERPRINT are right; who sent it is not yet known. */
export type StunMessage = {
  bytes: Buffer;
  type: number;
  transactionId: Buffer;
  username: string | undefined;
  useCandidate: boolean;
  /** The sender believes that it is the controlled one. */
  iceControlled: boolean;
  unknownRequired: number[];
  /** Where MESSAGE-INTEGRITY starts; -1 without. What follows it is not protected, so not read. */
  integrityAt: number;
};

/** Undefined for anything that is not one whole STUN message with a valid FINGERPRINT. */
export function parseStun(datagram: Uint8Array): StunMessage | undefined {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  if (bytes.length < HEADER_BYTES + 8 || bytes.length > MAX_BYTES) return undefined;
  if (bytes.readUInt8(0) > 3 || bytes.readUInt32BE(4) !== COOKIE) return undefined;
  if (bytes.readUInt16BE(2) !== bytes.length - HEADER_BYTES || bytes.length % 4 !== 0) {
    return undefined;
  }
  if (!hasFingerprint(bytes)) return undefined;
  return readAttributes(bytes);
}

/** RFC 8489 §14.7: FINGERPRINT is the last attribute and covers all before it. */
function hasFingerprint(bytes: Buffer): boolean {
  const at = bytes.length - 8;
  if (bytes.readUInt16BE(at) !== STUN_ATTRIBUTE.fingerprint) return false;
  if (bytes.readUInt16BE(at + 2) !== 4) return false;
  return bytes.readUInt32BE(at + 4) === fingerprintOf(bytes.subarray(0, at));
}

function fingerprintOf(bytes: Buffer): number {
  return (crc32(bytes) ^ FINGERPRINT_XOR) >>> 0;
}

function readAttributes(bytes: Buffer): StunMessage | undefined {
  const message: StunMessage = {
    bytes,
    type: bytes.readUInt16BE(0),
    transactionId: bytes.subarray(8, HEADER_BYTES),
    username: undefined,
    useCandidate: false,
    iceControlled: false,
    unknownRequired: [],
    integrityAt: -1,
  };
  const end = bytes.length - 8;
  let at = HEADER_BYTES;
  while (at < end) {
    const type = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    const next = at + 4 + Math.ceil(length / 4) * 4;
    if (next > end) return undefined;
    if (message.integrityAt < 0) readAttribute(message, type, { at, length });
    at = next;
  }
  return message;
}

function readAttribute(
  message: StunMessage,
  type: number,
  { at, length }: { at: number; length: number },
): void {
  switch (type) {
    case STUN_ATTRIBUTE.username:
      message.username ??= message.bytes.toString('latin1', at + 4, at + 4 + length);
      return;
    case STUN_ATTRIBUTE.useCandidate:
      message.useCandidate = true;
      return;
    case STUN_ATTRIBUTE.iceControlled:
      message.iceControlled = true;
      return;
    case STUN_ATTRIBUTE.messageIntegrity:
      if (length === INTEGRITY_BYTES) message.integrityAt = at;
      return;
    default:
      if (type < 0x8000 && !UNDERSTOOD.has(type)) message.unknownRequired.push(type);
  }
}

/** Whether MESSAGE-INTEGRITY was made with this short-term password (RFC 8489 §14.5). */
export function hasIntegrity(message: StunMessage, password: string): boolean {
  const at = message.integrityAt;
  if (at < 0) return false;
  const given = message.bytes.subarray(at + 4, at + 4 + INTEGRITY_BYTES);
  return timingSafeEqual(given, integrityOf(message.bytes.subarray(0, at), password));
}

/** The HMAC is made over a length field that ends behind MESSAGE-INTEGRITY itself. */
function integrityOf(before: Buffer, password: string): Buffer {
  const covered = Buffer.from(before);
  covered.writeUInt16BE(covered.length - HEADER_BYTES + 4 + INTEGRITY_BYTES, 2);
  return createHmac('sha1', password).update(covered).digest();
}

export type StunAttribute = { type: number; value: Uint8Array };

/** A whole message with MESSAGE-INTEGRITY and FINGERPRINT. */
export function writeStun(message: {
  type: number;
  transactionId: Uint8Array;
  attributes: StunAttribute[];
  password: string;
}): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(message.type, 0);
  header.writeUInt32BE(COOKIE, 4);
  header.set(message.transactionId, 8);
  const body = Buffer.concat([header, ...message.attributes.map(writeAttribute)]);
  const integrity = writeAttribute({
    type: STUN_ATTRIBUTE.messageIntegrity,
    value: integrityOf(body, message.password),
  });
  const whole = Buffer.concat([body, integrity, Buffer.alloc(8)]);
  whole.writeUInt16BE(whole.length - HEADER_BYTES, 2);
  const at = whole.length - 8;
  whole.writeUInt16BE(STUN_ATTRIBUTE.fingerprint, at);
  whole.writeUInt16BE(4, at + 2);
  whole.writeUInt32BE(fingerprintOf(whole.subarray(0, at)), at + 4);
  return whole;
}

function writeAttribute({ type, value }: StunAttribute): Buffer {
  const out = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  out.writeUInt16BE(type, 0);
  out.writeUInt16BE(value.length, 2);
  out.set(value, 4);
  return out;
}

/** RFC 8489 §14.2: port and address XORed with the cookie, an IPv6 address also with the id. */
export function xorMappedAddress(
  from: { address: string; port: number },
  transactionId: Uint8Array,
): StunAttribute {
  const address = addressBytes(from.address);
  const value = Buffer.alloc(4 + address.length);
  value[1] = address.length === 4 ? 1 : 2;
  value.writeUInt16BE(from.port ^ (COOKIE >>> 16), 2);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(COOKIE, 0);
  mask.set(transactionId, 4);
  for (let i = 0; i < address.length; i++) value[4 + i] = (address[i] ?? 0) ^ (mask[i] ?? 0);
  return { type: STUN_ATTRIBUTE.xorMappedAddress, value };
}

/** RFC 8489 §14.8: class and number of the code, then a phrase. */
export function errorCode(code: number, phrase: string): StunAttribute {
  const value = Buffer.from([0, 0, Math.floor(code / 100), code % 100, ...Buffer.from(phrase)]);
  return { type: STUN_ATTRIBUTE.errorCode, value };
}

/** RFC 8489 §14.9. */
export function unknownAttributes(types: readonly number[]): StunAttribute {
  const value = Buffer.alloc(types.length * 2);
  types.forEach((type, i) => value.writeUInt16BE(type, i * 2));
  return { type: STUN_ATTRIBUTE.unknownAttributes, value };
}

/** 4 or 16 bytes of an address as `node:dgram` writes it; a zone (`%eth0`) is left away. */
export function addressBytes(text: string): Uint8Array {
  const address = text.replace(/%.*$/, '');
  if (!isIPv6(address)) return Uint8Array.from(address.split('.').map(Number));
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain = dotted ? `${dotted[1] ?? ''}${embeddedIpv4(dotted.slice(2, 6))}` : address;
  const [head = '', tail = ''] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = plain.includes('::') ? [...left, ...zeros, ...right] : left;
  return Uint8Array.from(groups.map((group) => parseInt(group, 16)).flatMap(twoBytes));
}

function embeddedIpv4(octets: string[]): string {
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function twoBytes(word: number): number[] {
  return [word >>> 8, word & 0xff];
}
