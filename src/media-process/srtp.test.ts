import { describe, expect, it } from 'vitest';
import { ReplayWindow } from './replay-window.ts';
import { SrtcpReceiver, SrtcpSender } from './srtcp.ts';
import { SrtpKeystream } from './srtp-keystream.ts';
import { deriveKeys } from './srtp-keys.ts';
import { SrtpReceiver, SrtpSender, estimateIndex, rtpPayloadOffset } from './srtp.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const toHex = (bytes: Uint8Array | string): string =>
  typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('hex');

const master = {
  key: hex('e1f97a0d3e018be0d64fa32c06de4139'),
  salt: hex('0ec675ad498afeebb6960b3aabe6'),
};

function rtp(sequence: number, options: { ssrc?: number; payload?: Uint8Array } = {}): Uint8Array {
  const payload = options.payload ?? new Uint8Array(160).fill(sequence & 0xff);
  const packet = Buffer.alloc(12 + payload.length);
  packet[0] = 0x80;
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * 160) >>> 0, 4);
  packet.writeUInt32BE(options.ssrc ?? 0xcafebabe, 8);
  packet.set(payload, 12);
  return packet;
}

function protect(sender: SrtpSender | SrtcpSender, packet: Uint8Array): Buffer {
  const out = sender.protect(packet);
  if (typeof out === 'string') throw new Error(out);
  return out;
}

describe('RFC 3711 appendix B', () => {
  it('B.2: makes the AES-CM keystream', () => {
    const salt = hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD');
    const keystream = new SrtpKeystream(hex('2B7E151628AED2A6ABF7158809CF4F3C'), salt);
    const blocks = new Uint8Array(48);
    keystream.apply(blocks, 0, 0, 0);
    expect(toHex(blocks)).toBe(
      'e03ead0935c95e80e166b16dd92b4eb4' +
        'd23513162b02d0f72a43a2fe4a5f97ab' +
        '41e95b3bb0a2e8dd477901e4fca894c0',
    );
  });

  it('B.2: makes the same keystream for a packet longer than the window', () => {
    const salt = hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD');
    const keystream = new SrtpKeystream(hex('2B7E151628AED2A6ABF7158809CF4F3C'), salt);
    const long = new Uint8Array(0xff02 * 16);
    keystream.apply(long, 0, 0, 0);
    expect(toHex(long.subarray(0xfeff * 16))).toBe(
      'ec8cdf7398607cb0f2d21675ea9ea1e4' +
        '362b7c3c6773516318a077d7fc5073ae' +
        '6a2cc3787889374fbeb4c81b17ba6c44',
    );
  });

  it('B.3: derives the session keys', () => {
    const keys = deriveKeys(master, 'rtp');
    expect(toHex(keys.cipher)).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(toHex(keys.salt)).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(toHex(keys.auth)).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });
});

describe('SRTP', () => {
  it('gives the ciphertext that libsrtp gives', () => {
    const plain = hex(`800f1234decafbadcafebabe ${'ab'.repeat(16)}`);
    const cipher = hex(
      '800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb',
    );
    expect(toHex(protect(new SrtpSender(master), plain))).toBe(toHex(cipher));
    expect(toHex(new SrtpReceiver(master).unprotect(cipher))).toBe(toHex(plain));
  });

  it('brings a thousand packets through, over both windows and the sequence wrap', () => {
    const sender = new SrtpSender(master);
    const receiver = new SrtpReceiver(master);
    for (let sequence = 65_000; sequence < 66_000; sequence++) {
      const packet = rtp(sequence);
      expect(toHex(receiver.unprotect(protect(sender, packet)))).toBe(toHex(packet));
    }
  });

  it('goes on over several wraps of the sequence number', () => {
    const sender = new SrtpSender(master);
    const receiver = new SrtpReceiver(master);
    for (let sequence = 1; sequence < 4 * 65_536; sequence += 20_000) {
      const packet = rtp(sequence);
      expect(toHex(receiver.unprotect(protect(sender, packet)))).toBe(toHex(packet));
    }
  });

  it('takes reordered packets around the wrap once each', () => {
    const sender = new SrtpSender(master);
    const receiver = new SrtpReceiver(master);
    const plain = Array.from({ length: 40 }, (_, i) => rtp(65_520 + i));
    const sent = plain.map((packet) => protect(sender, packet));
    const order = plain.map((_, i) => (i % 8 < 4 ? i + 4 : i - 4));
    for (const i of order) {
      expect(toHex(receiver.unprotect(Buffer.from(sent[i]!)))).toBe(toHex(plain[i]!));
    }
    for (const i of order) expect(receiver.unprotect(Buffer.from(sent[i]!))).toBe('replayed');
  });

  it('refuses what is older than the window', () => {
    const sender = new SrtpSender(master);
    const receiver = new SrtpReceiver(master);
    const late = protect(sender, rtp(100));
    receiver.unprotect(protect(sender, rtp(101)));
    receiver.unprotect(protect(sender, rtp(228)));
    expect(receiver.unprotect(late)).toBe('replayed');
  });

  it('refuses every single flipped bit and stays usable', () => {
    const receiver = new SrtpReceiver(master);
    const sent = protect(new SrtpSender(master), rtp(7));
    for (let bit = 0; bit < sent.length * 8; bit++) {
      const forged = Buffer.from(sent);
      forged[bit >>> 3] = forged[bit >>> 3]! ^ (1 << (bit & 7));
      expect(typeof receiver.unprotect(forged), `bit ${bit}`).toBe('string');
    }
    expect(toHex(receiver.unprotect(sent))).toBe(toHex(rtp(7)));
  });

  it('does not let a forged packet move the rollover counter', () => {
    const sender = new SrtpSender(master);
    const receiver = new SrtpReceiver(master);
    receiver.unprotect(protect(sender, rtp(65_000)));
    expect(receiver.unprotect(Buffer.concat([rtp(3), Buffer.alloc(10)]))).toBe('bad-tag');
    const next = rtp(65_001);
    expect(toHex(receiver.unprotect(protect(sender, next)))).toBe(toHex(next));
  });

  it('encrypts behind CSRCs and a header extension', () => {
    const header = hex('92 00 0001 00000000 00000001 11111111 22222222 bede0001 10ff0000');
    const packet = Buffer.concat([header, Buffer.alloc(20, 0x55)]);
    expect(rtpPayloadOffset(packet, packet.length)).toBe(header.length);
    const sent = protect(new SrtpSender(master), packet);
    expect(toHex(sent.subarray(0, header.length))).toBe(toHex(header));
    expect(toHex(new SrtpReceiver(master).unprotect(sent))).toBe(toHex(packet));
  });

  it('never encrypts two packets with one keystream', () => {
    const sender = new SrtpSender(master);
    protect(sender, rtp(500));
    expect(sender.protect(rtp(500))).toBe('replayed');
    expect(sender.protect(rtp(499))).toBe('replayed');
    expect(sender.protect(rtp(501))).toBeInstanceOf(Buffer);
  });

  it('keeps a rollover counter per SSRC and bounds their number', () => {
    const receiver = new SrtpReceiver(master);
    for (let ssrc = 1; ssrc <= 8; ssrc++) {
      const packet = rtp(65_535 - ssrc, { ssrc });
      expect(toHex(receiver.unprotect(protect(new SrtpSender(master), packet)))).toBe(
        toHex(packet),
      );
    }
    const ninth = protect(new SrtpSender(master), rtp(1, { ssrc: 9 }));
    expect(receiver.unprotect(ninth)).toBe('too-many-ssrcs');
  });

  it('refuses short, truncated and foreign bytes', () => {
    const receiver = new SrtpReceiver(master);
    for (const bytes of ['', '80', '8000000100000000', `80${'00'.repeat(20)}`]) {
      expect(receiver.unprotect(hex(bytes))).toBe('malformed');
    }
    const extensionTooLong = hex(`90000001 00000000 00000001 bedeffff ${'00'.repeat(30)}`);
    expect(receiver.unprotect(extensionTooLong)).toBe('malformed');
    expect(receiver.unprotect(hex(`40${'00'.repeat(41)}`))).toBe('malformed');
  });
});

describe('the estimated index', () => {
  it.each([
    ['first packet', -1, 40_000, 40_000],
    ['next', 10, 11, 11],
    ['late', 11, 10, 10],
    ['wrap', 65_535, 0, 65_536],
    ['late across the wrap', 65_536, 65_535, 65_535],
    ['before the beginning', 5, 65_535, -1],
    ['a later wrap', 3 * 65_536 - 1, 2, 3 * 65_536 + 2],
  ])('%s', (_, highest, sequence, index) => {
    expect(estimateIndex(highest, sequence)).toBe(index);
  });
});

describe('ReplayWindow', () => {
  it('forgets the marks it jumps over', () => {
    const window = new ReplayWindow();
    for (let index = 0; index < 128; index++) window.accept(index);
    window.accept(300);
    for (let index = 173; index < 300; index++) expect(window.isNew(index)).toBe(true);
    expect(window.isNew(172)).toBe(false);
    expect(window.isNew(300)).toBe(false);
  });
});

describe('SRTCP', () => {
  const report = hex(`81c8000bcafebabe ${'ab'.repeat(16)}`);

  it('gives the ciphertext that libsrtp gives for index 1', () => {
    const cipher = hex(
      '81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798',
    );
    const sender = new SrtcpSender(master);
    protect(sender, report);
    expect(toHex(protect(sender, report))).toBe(toHex(cipher));
    expect(toHex(new SrtcpReceiver(master).unprotect(cipher))).toBe(toHex(report));
  });

  it('refuses replays, flipped bits, unencrypted and short packets', () => {
    const sender = new SrtcpSender(master);
    const receiver = new SrtcpReceiver(master);
    const first = protect(sender, report);
    expect(toHex(receiver.unprotect(Buffer.from(first)))).toBe(toHex(report));
    expect(receiver.unprotect(Buffer.from(first))).toBe('replayed');
    const second = protect(sender, report);
    for (let bit = 0; bit < second.length * 8; bit++) {
      const forged = Buffer.from(second);
      forged[bit >>> 3] = forged[bit >>> 3]! ^ (1 << (bit & 7));
      expect(typeof receiver.unprotect(forged), `bit ${bit}`).toBe('string');
    }
    expect(toHex(receiver.unprotect(second))).toBe(toHex(report));
    expect(receiver.unprotect(first.subarray(0, 21))).toBe('malformed');
  });
});
