import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerCheck, localUfrag, newIceCredentials } from './ice-lite.ts';
import {
  STUN_ATTRIBUTE,
  STUN_TYPE,
  addressBytes,
  hasIntegrity,
  parseStun,
  writeStun,
  xorMappedAddress,
} from './stun-message.ts';
import type { StunAttribute } from './stun-message.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';
const TRANSACTION = hex('b7e7a701bc34d686fa87dfae');

/** RFC 5769 §2.1 */
const SAMPLE_REQUEST = hex(`
  00010058 2112a442 b7e7a701bc34d686fa87dfae
  80220010 5354554e207465737420636c69656e74
  00240004 6e0001ff
  80290008 932ff9b151263b36
  00060009 6576746a3a68367659202020
  00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
  80280004 e57a3bcf`);

/** RFC 5769 §2.2 */
const SAMPLE_IPV4 = hex(`
  0101003c 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220
  00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
  80280004 c07d4c96`);

/** RFC 5769 §2.3 */
const SAMPLE_IPV6 = hex(`
  01010048 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220
  00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
  80280004 c8fb0b4c`);

describe('RFC 5769 samples', () => {
  it('reads the request and its integrity', () => {
    const message = parseStun(SAMPLE_REQUEST)!;
    expect(message.type).toBe(STUN_TYPE.bindingRequest);
    expect(message.username).toBe('evtj:h6vY');
    expect(message.iceControlled).toBe(true);
    expect(message.useCandidate).toBe(false);
    expect(hasIntegrity(message, PASSWORD)).toBe(true);
    expect(hasIntegrity(message, 'VOkJxbRl1RmTxUk/WvJxBu')).toBe(false);
  });

  it.each([
    ['IPv4', SAMPLE_IPV4, '192.0.2.1'],
    ['IPv6', SAMPLE_IPV6, '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('writes the mapped %s address as the response has it', (_, sample, address) => {
    const message = parseStun(sample)!;
    expect(hasIntegrity(message, PASSWORD)).toBe(true);
    const mapped = xorMappedAddress({ address, port: 32853 }, TRANSACTION);
    expect(sample.includes(Buffer.from(mapped.value))).toBe(true);
  });
});

describe('parseStun', () => {
  it('refuses every truncation and every flipped bit', () => {
    for (let length = 0; length < SAMPLE_REQUEST.length; length++) {
      expect(parseStun(SAMPLE_REQUEST.subarray(0, length))).toBeUndefined();
    }
    for (let bit = 0; bit < SAMPLE_REQUEST.length * 8; bit++) {
      const broken = Buffer.from(SAMPLE_REQUEST);
      broken[bit >>> 3] = broken[bit >>> 3]! ^ (1 << (bit & 7));
      expect(parseStun(broken), `bit ${bit}`).toBeUndefined();
    }
  });

  it('does not read attributes behind MESSAGE-INTEGRITY', () => {
    const signed = check({ useCandidate: false });
    const added = Buffer.concat([signed.subarray(0, -8), hex('00250000')]);
    added.writeUInt16BE(added.length - 20 + 8, 2);
    const crc = writeStunFingerprint(added);
    const message = parseStun(crc)!;
    expect(hasIntegrity(message, local.password)).toBe(true);
    expect(message.useCandidate).toBe(false);
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parseStun(bytes)).toBeUndefined();
      }),
    );
  });

  it('never throws on garbage attributes with a right fingerprint', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (words) => {
        const body = Buffer.alloc(20 + words.length * 4);
        body.set(SAMPLE_REQUEST.subarray(0, 20));
        words.forEach((word, i) => (body[20 + i * 4 + (i % 4)] = word));
        body.writeUInt16BE(body.length - 20 + 8, 2);
        const message = parseStun(writeStunFingerprint(body));
        if (message) expect(hasIntegrity(message, PASSWORD)).toBe(false);
      }),
    );
  });
});

describe('addressBytes', () => {
  it.each([
    ['192.0.2.1', 'c0000201'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['2001:db8::8a2e:370:7334', '20010db80000000000008a2e03707334'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ])('%s', (address, bytes) => {
    expect(Buffer.from(addressBytes(address)).toString('hex')).toBe(bytes);
  });
});

const local = { ufrag: 'ours1234', password: 'our-password-of-22-ch.' };
const from = { address: '192.0.2.7', port: 50_000 };
const credentials = { local, remoteUfrag: 'them' };

function writeStunFingerprint(body: Buffer): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(0x80280004, 0);
  tail.writeUInt32BE((crcOf(body) ^ 0x5354554e) >>> 0, 4);
  return Buffer.concat([body, tail]);
}

function crcOf(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function check(options: {
  useCandidate?: boolean;
  extra?: StunAttribute[];
  username?: string;
  password?: string;
  type?: number;
}): Buffer {
  const username = options.username ?? `${local.ufrag}:them`;
  return writeStun({
    type: options.type ?? STUN_TYPE.bindingRequest,
    transactionId: TRANSACTION,
    attributes: [
      { type: STUN_ATTRIBUTE.username, value: Buffer.from(username) },
      { type: STUN_ATTRIBUTE.priority, value: hex('6e0001ff') },
      ...(options.useCandidate ? [{ type: STUN_ATTRIBUTE.useCandidate, value: hex('') }] : []),
      ...(options.extra ?? []),
    ],
    password: options.password ?? local.password,
  });
}

const answer = (bytes: Buffer): ReturnType<typeof answerCheck> =>
  answerCheck(parseStun(bytes)!, from, credentials);

describe('answerCheck', () => {
  it('answers a check with the address it came from, signed with our password', () => {
    const outcome = answer(check({}));
    if (outcome.kind !== 'valid') throw new Error(outcome.kind);
    expect(outcome.nominated).toBe(false);
    const reply = parseStun(outcome.reply)!;
    expect(reply.type).toBe(STUN_TYPE.bindingSuccess);
    expect(reply.transactionId.equals(TRANSACTION)).toBe(true);
    expect(hasIntegrity(reply, local.password)).toBe(true);
    expect(outcome.reply.includes(Buffer.from(xorMappedAddress(from, TRANSACTION).value))).toBe(
      true,
    );
  });

  it('sees the nomination', () => {
    expect(answer(check({ useCandidate: true }))).toMatchObject({ kind: 'valid', nominated: true });
  });

  it.each([
    ['another password', { password: 'guessed' }],
    ['another remote ufrag', { username: 'ours1234:else' }],
    ['another local ufrag', { username: 'our:them' }],
  ])('says nothing to %s', (_, wrong) => {
    expect(answer(check(wrong))).toEqual({ kind: 'dropped', reason: 'bad-integrity' });
  });

  it('says nothing to a check without integrity', () => {
    const unsigned = Buffer.from(check({}).subarray(0, -32));
    unsigned.writeUInt16BE(unsigned.length - 20 + 8, 2);
    expect(answer(writeStunFingerprint(unsigned)).kind).toBe('dropped');
  });

  it('says nothing to indications and responses', () => {
    for (const type of [STUN_TYPE.bindingIndication, STUN_TYPE.bindingSuccess]) {
      expect(answer(check({ type }))).toEqual({ kind: 'dropped', reason: 'not-a-request' });
    }
  });

  it('tells a browser that thinks it is controlled to switch', () => {
    const controlled = { type: STUN_ATTRIBUTE.iceControlled, value: randomBytes(8) };
    const outcome = answer(check({ extra: [controlled] }));
    if (outcome.kind !== 'refused') throw new Error(outcome.kind);
    expect(outcome.reason).toBe('role-conflict');
    expect(outcome.reply.includes(hex('00090011 00000457'))).toBe(true);
    expect(hasIntegrity(parseStun(outcome.reply)!, local.password)).toBe(true);
  });

  it('names the required attribute it does not know', () => {
    const outcome = answer(check({ extra: [{ type: 0x7777, value: hex('01') }] }));
    if (outcome.kind !== 'refused') throw new Error(outcome.kind);
    expect(outcome.reason).toBe('unknown-attribute');
    expect(outcome.reply.includes(hex('000a0002 7777'))).toBe(true);
  });
});

describe('credentials', () => {
  it('are long enough, of ice-chars, and new each time', () => {
    const made = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const { ufrag, password } = newIceCredentials();
      expect(ufrag).toMatch(/^[A-Za-z0-9+/]{8}$/);
      expect(password).toMatch(/^[A-Za-z0-9+/]{24}$/);
      made.add(ufrag);
    }
    expect(made.size).toBe(200);
  });

  it('finds our part of the user name', () => {
    expect(localUfrag('abc:def')).toBe('abc');
    expect(localUfrag('abc')).toBeUndefined();
    expect(localUfrag(':abc')).toBeUndefined();
    expect(localUfrag(undefined)).toBeUndefined();
  });
});
