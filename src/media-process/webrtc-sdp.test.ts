import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseOffer, writeAnswer } from './webrtc-sdp.ts';
import type { AnswerParts, WebRtcOffer } from './webrtc-sdp.ts';

const lines = (text: string): string => text.trim().split(/\n\s*/).join('\r\n') + '\r\n';
const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i + 16).toString(16).toUpperCase());

/** As Chromium 156 writes it, its long lists of codecs cut short. */
const CHROME = lines(`
  v=0
  o=- 5881530641869435187 2 IN IP4 127.0.0.1
  s=-
  t=0 0
  a=group:BUNDLE 0 1 2
  a=extmap-allow-mixed
  a=msid-semantic: WMS 4f36e821-a7e3-4494-948b-85746d95f638
  m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
  c=IN IP4 0.0.0.0
  a=rtcp:9 IN IP4 0.0.0.0
  a=ice-ufrag:uPaO
  a=ice-pwd:L0TXDMILPiNpq+DHrGZMj36a
  a=ice-options:trickle
  a=fingerprint:sha-256 ${FINGERPRINT.join(':')}
  a=setup:actpass
  a=mid:0
  a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
  a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
  a=sendrecv
  a=msid:4f36e821-a7e3-4494-948b-85746d95f638 631d2d03-4413-4f32-9cfb-b1885fc06967
  a=rtcp-mux
  a=rtcp-rsize
  a=rtpmap:111 opus/48000/2
  a=fmtp:111 minptime=10;useinbandfec=1
  a=rtpmap:63 red/48000/2
  a=rtpmap:9 G722/8000
  a=rtpmap:0 PCMU/8000
  a=rtpmap:8 PCMA/8000
  a=rtpmap:13 CN/8000
  a=rtpmap:110 telephone-event/48000
  a=rtpmap:126 telephone-event/8000
  a=ssrc:2744876732 cname:dvLk4uIFv8aqpmLv
  a=candidate:1 1 udp 2113937151 b7ef4d3a-7d2c-4b2e-9d7c-cf8c3e9f1d55.local 51234 typ host
  m=video 9 UDP/TLS/RTP/SAVPF 96 97
  c=IN IP4 0.0.0.0
  a=ice-ufrag:uPaO
  a=ice-pwd:L0TXDMILPiNpq+DHrGZMj36a
  a=fingerprint:sha-256 ${FINGERPRINT.join(':')}
  a=setup:actpass
  a=mid:1
  a=recvonly
  a=rtcp-mux
  a=rtpmap:96 VP8/90000
  a=rtpmap:97 rtx/90000
  m=application 9 UDP/DTLS/SCTP webrtc-datachannel
  c=IN IP4 0.0.0.0
  a=mid:2
  a=sctp-port:5000`);

/** Firefox: the fingerprint for the session, other payload numbers, `/1` behind the rate. */
const FIREFOX = lines(`
  v=0
  o=mozilla...THIS_IS_SDPARTA-143.0 1489276387233947245 0 IN IP4 0.0.0.0
  s=-
  t=0 0
  a=fingerprint:sha-256 ${FINGERPRINT.join(':')}
  a=group:BUNDLE 0
  a=ice-options:trickle
  a=msid-semantic:WMS *
  m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
  c=IN IP4 0.0.0.0
  a=sendrecv
  a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
  a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
  a=fmtp:101 0-15
  a=ice-pwd:6c4e1a7cd1f3c4d48ee8e1bb6a6bd2ae
  a=ice-ufrag:b2a1ce5f
  a=mid:0
  a=msid:{a9f2a9c3-6f4f-4c6f-8f0c-3c1d3b6b8a51} {3e9d0d6e-6a2a-4a39-8b2e-7a5c4b4f6d0c}
  a=rtcp-mux
  a=rtcp-mux-only
  a=rtpmap:109 opus/48000/2
  a=rtpmap:9 G722/8000/1
  a=rtpmap:0 PCMU/8000
  a=rtpmap:8 PCMA/8000
  a=rtpmap:101 telephone-event/8000/1
  a=setup:actpass
  a=ssrc:3735928559 cname:{5b9c0c57-1f6e-4c87-8b10-0a7b6a1c2d3e}`);

const PARTS: AnswerParts = {
  sessionId: '4711',
  version: 1,
  ice: { ufrag: 'ours1234', password: 'our-password-of-24-chars' },
  fingerprint: { hash: 'sha-256', value: 'AA:BB' },
  candidates: [
    { address: '192.0.2.10', port: 43_000 },
    { address: '2001:db8::10', port: 43_000 },
  ],
  ssrc: 12_648_430,
};

function accepted(sdp: string): WebRtcOffer {
  const parsed = parseOffer(sdp);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.offer;
}

const answer = (sdp: string): string[] => writeAnswer(accepted(sdp), PARTS).split('\r\n');

describe('parseOffer', () => {
  it('reads what Chromium offers', () => {
    expect(accepted(CHROME)).toMatchObject({
      origin: '5881530641869435187',
      ice: { ufrag: 'uPaO', password: 'L0TXDMILPiNpq+DHrGZMj36a' },
      fingerprints: [{ hash: 'sha-256', value: FINGERPRINT.join(':') }],
      audioIndex: 0,
      mid: '0',
      bundled: true,
      direction: 'sendrecv',
      pcmu: '0',
      telephoneEvent: '126',
    });
  });

  it('reads what Firefox offers', () => {
    expect(accepted(FIREFOX)).toMatchObject({
      origin: '1489276387233947245',
      ice: { ufrag: 'b2a1ce5f', password: '6c4e1a7cd1f3c4d48ee8e1bb6a6bd2ae' },
      fingerprints: [{ hash: 'sha-256', value: FINGERPRINT.join(':') }],
      pcmu: '0',
      telephoneEvent: '101',
    });
  });

  it.each([
    ['no SDP', 'hello'],
    ['no audio', CHROME.replace('m=audio', 'm=text')],
    ['plain RTP', CHROME.replace('m=audio 9 UDP/TLS/RTP/SAVPF', 'm=audio 9 RTP/AVP')],
    ['no fingerprint', FIREFOX.replace(/a=fingerprint.*\r\n/, '')],
    ['a weak fingerprint', FIREFOX.replace('sha-256', 'sha-1')],
    ['no ICE', FIREFOX.replace(/a=ice-pwd.*\r\n/, '')],
    ['a short ICE password', FIREFOX.replace(/a=ice-pwd.*\r\n/, 'a=ice-pwd:short\r\n')],
    ['a passive peer', FIREFOX.replace('setup:actpass', 'setup:passive')],
    ['no rtcp-mux', FIREFOX.replace('a=rtcp-mux\r\n', '')],
    ['a broken m-line', FIREFOX.replace('m=audio 9', 'm=audio x')],
    ['too many m-lines', FIREFOX + 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(32)],
    ['an endless SDP', FIREFOX + 'a=x\r\n'.repeat(20_000)],
  ])('refuses %s', (_, sdp) => {
    expect(parseOffer(sdp)).toEqual({ ok: false, reason: 'bad-sdp' });
  });

  it('refuses an offer without PCMU', () => {
    const opusOnly = CHROME.replace('111 63 9 0 8 13 110 126', '111 63');
    expect(parseOffer(opusOnly)).toEqual({ ok: false, reason: 'no-common-codec' });
  });

  it('takes PCMU under the number the offer gave it, or its static one without a map', () => {
    const renumbered = CHROME.replace('9 0 8 13', '9 77 8 13').replace('rtpmap:0 ', 'rtpmap:77 ');
    expect(accepted(renumbered).pcmu).toBe('77');
    expect(accepted(CHROME.replace(/a=rtpmap:0 .*\r\n/, '')).pcmu).toBe('0');
  });

  it('never throws, whatever the text', () => {
    const pieces = [...CHROME.split('\r\n'), ...FIREFOX.split('\r\n')];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string())), (chosen) => {
        const parsed = parseOffer(['v=0', ...chosen].join('\r\n'));
        if (parsed.ok) expect(writeAnswer(parsed.offer, PARTS)).toContain('m=audio');
      }),
    );
  });
});

describe('writeAnswer', () => {
  it('answers Chromium with one audio line and rejects the others in their place', () => {
    const lines = answer(CHROME);
    expect(lines.filter((line) => line.startsWith('m='))).toEqual([
      'm=audio 43000 UDP/TLS/RTP/SAVPF 0 126',
      'm=video 0 UDP/TLS/RTP/SAVPF 96 97',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
    ]);
    expect(lines.filter((line) => line.startsWith('a=mid:'))).toEqual([
      'a=mid:0',
      'a=mid:1',
      'a=mid:2',
    ]);
    for (const line of [
      'a=ice-lite',
      'a=group:BUNDLE 0',
      'a=ice-ufrag:ours1234',
      'a=ice-pwd:our-password-of-24-chars',
      'a=fingerprint:sha-256 AA:BB',
      'a=setup:passive',
      'a=rtcp-mux',
      'a=sendrecv',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:126 telephone-event/8000',
      'a=fmtp:126 0-16',
      'a=ssrc:12648430 cname:denwaban',
      'a=end-of-candidates',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.filter((line) => /extmap|opus|rtcp-mux-only/.test(line))).toEqual([]);
  });

  it('lists the candidates in order of preference', () => {
    expect(answer(FIREFOX).filter((line) => line.startsWith('a=candidate'))).toEqual([
      'a=candidate:1 1 udp 2130706431 192.0.2.10 43000 typ host',
      'a=candidate:2 1 udp 2130706175 2001:db8::10 43000 typ host',
    ]);
    expect(answer(FIREFOX)).toContain('c=IN IP4 192.0.2.10');
  });

  it.each([
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ])('answers %s with %s', (offered, answered) => {
    expect(answer(FIREFOX.replace('a=sendrecv', `a=${offered}`))).toContain(`a=${answered}`);
  });

  it('offers no keys and no group where the browser has none', () => {
    const bare = FIREFOX.replace(/a=group.*\r\n/, '')
      .replace(/a=mid.*\r\n/, '')
      .replace(/a=rtpmap:101.*\r\n/, '');
    expect(answer(bare).filter((line) => /group|mid:0|telephone/.test(line))).toEqual([]);
    expect(answer(bare)).toContain('m=audio 43000 UDP/TLS/RTP/SAVPF 0');
  });
});
