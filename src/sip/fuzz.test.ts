import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SipNetwork, parsed, peerAt } from '../../test/harness/sip-network.ts';
import { parseAuthorization, parseChallenge } from './digest.ts';
import { contactOf, sdpOf } from './message.ts';
import { parseNameAddress, splitList } from './name-address.ts';
import { calledNumbers, callingNumbers, privacyOf } from './number-in-uri.ts';
import { parseMessage } from './parse-message.ts';
import { parseReferTo, referEventOf, sipfragStatus, wantsNoSubscription } from './refer.ts';
import { processRegister } from './registrar.ts';
import { parseRAck } from './reliable-provisional.ts';
import { serializeMessage } from './serialize-message.ts';
import { isSessionTooShort, timerOfRequest } from './session-timer.ts';
import { StreamFramer } from './stream-framer.ts';
import { formatUri, parseUri } from './uri.ts';
import { parseVia } from './via.ts';

const SEEDS = [
  'INVITE sip:0312345678@192.0.2.2;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5999;rport;branch=z9hG4bKf\r\nMax-Forwards: 70\r\nFrom: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=f\r\nTo: <sip:0312345678@192.0.2.2>\r\nCall-ID: fuzz\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.9:5999>\r\nDiversion: <sip:1@x>;reason=no-answer\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n',
  'REGISTER sip:example.com SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKg\r\nf: <sip:1001@example.com>;tag=g\r\nt: <sip:1001@example.com>\r\ni: reg\r\nCSeq: 2 REGISTER\r\nm: <sip:1001@10.0.0.1>;expires=60;q=0.5, *\r\nAuthorization: Digest username="1001", realm="r", nonce="n", uri="u", response="x", qop=auth, nc=00000001, cnonce="c"\r\nl: 0\r\n\r\n',
  'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKh\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n\r\n',
  'BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKi;received=::1\r\nFrom: <tel:+81301234567>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: y\r\nCSeq: 3 BYE\r\n\r\n',
  'INVITE sip:c@d SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKj\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: z\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.9;transport=tcp>\r\nRequire: 100rel, timer\r\nSession-Expires: 90;refresher=uas\r\nMin-SE: 90\r\n\r\n',
  'REFER sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKk\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: z\r\nCSeq: 4 REFER\r\nRefer-To: <sip:e@f;method=INVITE?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\nRefer-Sub: false\r\nEvent: refer;id=4\r\nContent-Type: message/sipfrag\r\nRAck: 1 1 INVITE\r\n\r\nSIP/2.0 200 OK\r\n',
];

/** Texts that once were trouble, or look as if they would be. */
const CORPUS = [
  '',
  '\n',
  ' \r\n\r\n',
  'A B SIP/2.0\n\n',
  'SIP/2.0\r\n\r\n',
  'SIP/2.0 200\r\n\r\n',
  `${'\r\n'.repeat(1000)}x`,
  'OPTIONS sip:a SIP/2.0\r\n: x\r\n\r\n',
  'OPTIONS sip:a SIP/2.0\r\n folded first\r\n\r\n',
  'OPTIONS sip:a SIP/2.0\r\nVia: ,,,\r\nFrom: ,\r\nTo: "\r\nCall-ID:\r\nCSeq: \r\n\r\n',
  'OPTIONS sip:__proto__ SIP/2.0\r\nVia: SIP/2.0/UDP h;__proto__=1;branch=constructor\r\nFrom: <sip:a@b>;tag=__proto__\r\nTo: <sip:a@b>\r\nCall-ID: constructor\r\nCSeq: 1 OPTIONS\r\n__proto__: x\r\n\r\n',
  `INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h${';a'.repeat(100)}\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\nCall-ID: q\r\nCSeq: 1 INVITE\r\n\r\n`,
  `OPTIONS sip:a@b SIP/2.0\r\nContact: ${'"'.repeat(4000)}\r\n\r\n`,
  `OPTIONS sip:a@b SIP/2.0\r\nContact: ${'<'.repeat(4000)}${','.repeat(4000)}\r\n\r\n`,
];

const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ maxLength })
    .map((array) => Array.from(array, (byte) => String.fromCharCode(byte)).join(''));

type Edit = { at: number; drop: number; insert: string };

const snippet = fc.oneof(
  bytes(6),
  fc.constantFrom(
    '\r\n',
    '\r\n\r\n',
    '"',
    '<',
    '>',
    ',',
    ';',
    '\\',
    '%',
    ':',
    '@',
    '\u0000',
    ' ',
    '*',
    ';tag=',
    'SIP/2.0',
    '99999999999',
  ),
);

const mutated = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(fc.record<Edit>({ at: fc.nat(600), drop: fc.nat(30), insert: snippet }), {
      minLength: 1,
      maxLength: 8,
    }),
  )
  .map(([seed, edits]) =>
    edits.reduce((text, { at, drop, insert }) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + insert + text.slice(place + drop);
    }, seed),
  );

const hostile = fc.oneof({ weight: 4, arbitrary: mutated }, { weight: 1, arbitrary: bytes(4000) });

const decodeUtf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

/** Everything that anybody reads in a message, read. */
function readAll(text: string): void {
  const result = parseMessage(text);
  const message = result.ok ? result.message : result.partial;
  if (!message) return;
  contactOf(message);
  sdpOf(message);
  for (const [, value] of message.headers.entries()) {
    splitList(value);
    parseNameAddress(value);
    parseVia(value);
    parseAuthorization(value);
    parseChallenge(value);
    parseRAck(value);
  }
  if (message.kind !== 'request') return;
  calledNumbers(message, decodeUtf8);
  callingNumbers(message, decodeUtf8);
  privacyOf(message);
  parseReferTo(message);
  referEventOf(message);
  sipfragStatus(message);
  wantsNoSubscription(message);
  isSessionTooShort(message);
  timerOfRequest(message, { intervalS: 1800 }, 0);
  processRegister({ request: message, source: peerAt(9), bindings: [], nowMs: 0 });
}

describe('hostile bytes', () => {
  it.each(CORPUS.map((text) => ({ name: JSON.stringify(text.slice(0, 60)), text })))(
    'kept case $name',
    ({ text }) => {
      expect(() => readAll(text)).not.toThrow();
    },
  );

  it('never make a reader throw', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        readAll(text);
      }),
      { numRuns: 1500 },
    );
  });

  it('never make a user agent throw, and leave nothing behind', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 6 }), (texts) => {
        const network = new SipNetwork();
        const agent = network.start(
          2,
          {
            onInvite: (invite) => {
              invite.provisional(180);
              invite.accept();
              agent.forgetDialog(invite.dialog);
            },
            onRegister: (incoming) => incoming.respond(200),
            onStrayAnswer: () => 'end',
          },
          { supported: ['timer', '100rel'], session: { intervalS: 1800 } },
        );
        for (const text of texts) agent.receive(text, { ...peerAt(9), port: 5999 });
        network.clock.advance(70_000);
        expect(agent.counts).toEqual({ transactions: 0, dialogs: 0, openInvites: 0, answers: 0 });
        for (const { text } of network.sent) {
          // A refusal of something malformed gives its headers back as they are.
          if (!/^SIP\/2\.0 (400|505) /.test(text)) parsed(text);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('never make the stream framer throw or grow without bound', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 10 }), (chunks) => {
        const framer = new StreamFramer();
        for (const chunk of chunks) framer.push(chunk);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what was read', () => {
  it('is written so that it reads the same again', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const first = parseMessage(text);
        if (!first.ok) return;
        const written = serializeMessage(first.message);
        const second = parseMessage(written);
        expect(second.ok && serializeMessage(second.message)).toBe(written);
      }),
      { numRuns: 800 },
    );
  });

  it('holds for URIs too', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (rest) => {
        const uri = parseUri(`sip:${rest}`);
        if (!uri) return;
        const written = formatUri(uri);
        const again = parseUri(written);
        expect(again && formatUri(again)).toBe(written);
      }),
      { numRuns: 1000 },
    );
  });
});
