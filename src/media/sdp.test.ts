import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/harness/tone-blocks.ts';
import { answerAudio, isHold, offerAudio, parseSdp, readAudio, serializeSdp } from './sdp.ts';

const local = { address: '192.0.2.1', port: 20_000, sessionId: '77', sessionVersion: 1 };
const lines = (...text: string[]): string => `${text.join('\r\n')}\r\n`;
const HEAD = ['v=0', 'o=alice 1 2 IN IP4 203.0.113.5', 's=-', 'c=IN IP4 203.0.113.5', 't=0 0'];
const CARRIER = lines(
  ...HEAD,
  'm=audio 4000 RTP/AVP 18 8 0 96',
  'a=rtpmap:96 telephone-event/8000',
  'a=fmtp:96 0-15',
  'a=ptime:20',
  'a=rtcp:4007',
);

const BROWSER = lines(
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 126',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789012345678901',
  'a=ice-options:trickle',
  'a=fingerprint:sha-256 aa:bb',
  'a=setup:actpass',
  'a=mid:0',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'a=rtpmap:126 telephone-event/8000',
  'a=ssrc:123456 cname:x',
);

describe('readAudio', () => {
  it("takes the offer's first G.711 codec, its events and its address", () => {
    expect(readAudio(CARRIER)).toMatchObject({
      ok: true,
      audio: {
        codec: 'PCMA',
        payloadType: 8,
        eventPayloadType: 96,
        remoteDirection: 'sendrecv',
        remote: { address: '203.0.113.5', port: 4000 },
        remoteRtcpPort: 4007,
      },
    });
  });

  it('accepts bare line feeds, dynamic payload types and names in any case', () => {
    const odd = lines(
      ...HEAD,
      'm=audio 4000 RTP/AVP 99',
      'a=rtpmap:99 pcmu/8000/1',
      'a=SENDONLY',
    ).replaceAll('\r', '');
    expect(readAudio(odd)).toMatchObject({
      audio: { codec: 'PCMU', payloadType: 99, remoteDirection: 'sendonly' },
    });
  });

  it.each([
    ['a=sendonly', 'sendonly', true],
    ['a=inactive', 'inactive', true],
    ['c=IN IP4 0.0.0.0', 'sendonly', true],
    ['a=recvonly', 'recvonly', false],
  ])('knows hold by %s', (line, remoteDirection, hold) => {
    const reading = readAudio(lines(...HEAD, 'm=audio 4000 RTP/AVP 0', line));
    if (!reading.ok) throw new Error(reading.reason);
    expect(reading.audio.remoteDirection).toBe(remoteDirection);
    expect(isHold(reading.audio)).toBe(hold);
  });

  it.each([
    ['G.729 only', 'm=audio 4000 RTP/AVP 18'],
    ['video only', 'm=video 4000 RTP/AVP 0'],
    ['a stream that is switched off', 'm=audio 0 RTP/AVP 0'],
    ['an encrypted profile', 'm=audio 4000 RTP/SAVP 0'],
    ['G.711 at another rate', 'm=audio 4000 RTP/AVP 97\r\na=rtpmap:97 PCMU/16000'],
  ])('finds no common codec in %s', (_, media) => {
    expect(readAudio(lines(...HEAD, media))).toEqual({ ok: false, reason: 'no-common-codec' });
  });

  it.each([
    ['nothing', ''],
    ['another protocol', 'INVITE sip:x SIP/2.0'],
    ['no media', lines(...HEAD)],
    ['a broken port', lines(...HEAD, 'm=audio 99999 RTP/AVP 0')],
    ['a name as address', lines('v=0', 'c=IN IP4 media.example.com', 'm=audio 4 RTP/AVP 0')],
    ['too many streams', lines(...HEAD, ...new Array<string>(17).fill('m=audio 4 RTP/AVP 0'))],
    ['too much text', lines(...HEAD, 'm=audio 4 RTP/AVP 0', 'x'.repeat(20_000))],
  ])('calls %s bad', (_, text) => {
    expect(readAudio(text)).toEqual({ ok: false, reason: 'bad-sdp' });
  });

  it('reads a browser only as a browser', () => {
    expect(readAudio(BROWSER)).toMatchObject({ ok: false, reason: 'no-common-codec' });
    expect(readAudio(BROWSER, 'webrtc')).toMatchObject({
      audio: { codec: 'PCMU', eventPayloadType: 126 },
      media: {
        mid: '0',
        rtcpMux: true,
        ice: { ufrag: 'abcd', options: ['trickle'] },
        dtls: { setup: 'actpass', fingerprints: [{ hash: 'sha-256', value: 'AA:BB' }] },
        ssrcs: [123_456],
      },
      sdp: { bundles: [['0']] },
    });
  });
});

describe('answers and offers', () => {
  it('answers with the payload types of the offer and refuses other streams', () => {
    const offer = readAudio(
      lines(
        ...HEAD,
        'm=video 5000 RTP/AVP 99',
        'm=audio 4000 RTP/AVP 97 96',
        'a=rtpmap:97 PCMU/8000',
        'a=rtpmap:96 telephone-event/8000',
        'a=sendonly',
        'm=audio 6000 RTP/AVP 0',
      ),
    );
    if (!offer.ok) throw new Error(offer.reason);
    expect(answerAudio(local, offer)).toBe(
      lines(
        'v=0',
        'o=- 77 1 IN IP4 192.0.2.1',
        's=-',
        'c=IN IP4 192.0.2.1',
        't=0 0',
        'm=video 0 RTP/AVP 99',
        'm=audio 20000 RTP/AVP 97 96',
        'a=rtpmap:97 PCMU/8000',
        'a=rtpmap:96 telephone-event/8000',
        'a=fmtp:96 0-15',
        'a=ptime:20',
        'a=recvonly',
        'm=audio 0 RTP/AVP 0',
      ),
    );
  });

  it('offers both laws and events, and reads its own offer', () => {
    expect(readAudio(offerAudio({ ...local, address: '2001:db8::1' }))).toMatchObject({
      audio: {
        codec: 'PCMU',
        eventPayloadType: 101,
        remote: { address: '2001:db8::1', port: 20_000 },
        remoteRtcpPort: 20_001,
      },
    });
  });
});

describe('parse and serialise', () => {
  it('are each other’s inverse for a browser’s offer', () => {
    const parsed = parseSdp(BROWSER);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parseSdp(serializeSdp(parsed.sdp))).toMatchObject({
      ok: true,
      sdp: { media: [{ ...parsed.sdp.media[0]!, ice: { ufrag: 'abcd' } }] },
    });
  });

  it('survives mutilated descriptions', () => {
    const random = seededRandom(3);
    for (let run = 0; run < 3000; run++) {
      const source = run % 2 === 0 ? CARRIER : BROWSER;
      const characters = Array.from(source);
      for (let i = 0; i < 5; i++) {
        const at = Math.floor(random() * characters.length);
        if (random() < 0.5) characters.splice(at, Math.floor(random() * 20));
        else characters[at] = String.fromCharCode(random() * 256);
      }
      const text = characters.join('');
      expect(() => readAudio(text, run % 4 < 2 ? 'rtp' : 'webrtc')).not.toThrow();
    }
  });
});
