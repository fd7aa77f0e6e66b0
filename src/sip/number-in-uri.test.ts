import { describe, expect, it } from 'vitest';
import { request } from '../../test/harness/sip-network.ts';
import type { SipRequest } from './message.ts';
import { encodeUtf8 } from './name-address.ts';
import { calledNumbers, callingNumbers, privacyOf } from './number-in-uri.ts';

const decodeUtf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');

function invite(options: {
  uri?: string;
  from?: string;
  to?: string;
  more?: string[];
}): SipRequest {
  return request([
    `INVITE ${options.uri ?? 'sip:0312345678@192.0.2.2'} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKn',
    `From: ${options.from ?? '<sip:09012345678@example.com>'};tag=1`,
    `To: ${options.to ?? '<sip:0312345678@example.com>'}`,
    'Call-ID: n',
    'CSeq: 1 INVITE',
    ...(options.more ?? []),
  ]);
}

describe('called numbers', () => {
  it('come from Request-URI, To, P-Called-Party-ID, Diversion and History-Info, in this order', () => {
    const found = calledNumbers(
      invite({
        uri: 'sip:+81-3-0123-4567@192.0.2.2;user=phone',
        to: '<tel:0120-000-000;phone-context=+81>',
        more: [
          'P-Called-Party-ID: <sip:05001234567@example.jp>',
          'Diversion: <sip:0301234567@example.jp>;reason=no-answer;counter=1, <tel:+81301234568>;reason=unconditional',
          'History-Info: <sip:0301234567@example.jp?Reason=SIP%3Bcause%3D408>;index=1',
          'History-Info: <sip:0301234568@example.jp>;index=1.1',
        ],
      }),
      decodeUtf8,
    );
    expect(found.map(({ source, text }) => `${source} ${text}`)).toEqual([
      'request-uri +81-3-0123-4567',
      'to 0120-000-000',
      'p-called-party-id 05001234567',
      'diversion 0301234567',
      'diversion +81301234568',
      'history-info 0301234567',
      'history-info 0301234568',
    ]);
    expect(found[0]).toMatchObject({ isPhone: true, host: '192.0.2.2' });
    expect(found[1]).toMatchObject({ isPhone: true, phoneContext: '+81', host: '' });
    expect(found[2]).toMatchObject({ isPhone: false });
    expect(found.map(({ reason }) => reason).slice(3, 5)).toEqual(['no-answer', 'unconditional']);
    expect(found.map(({ index }) => index).slice(5)).toEqual(['1', '1.1']);
  });

  it('may be a telephone-subscriber inside a SIP URI (RFC 3261 §19.1.6)', () => {
    const [first] = calledNumbers(
      invite({ uri: 'sip:7042;phone-context=example.com@192.0.2.2;user=phone' }),
      decodeUtf8,
    );
    expect(first).toMatchObject({ text: '7042', phoneContext: 'example.com', isPhone: true });
  });

  it('are bounded and leave out what cannot be read', () => {
    const more = Array.from({ length: 50 }, () => 'Diversion: <sip:1@example.jp>');
    const found = calledNumbers(invite({ more: ['P-Called-Party-ID: <<', ...more] }), decodeUtf8);
    expect(found).toHaveLength(22);
  });
});

describe('calling numbers', () => {
  it('come from P-Asserted-Identity, From and Remote-Party-ID with their display names', () => {
    const found = callingNumbers(
      invite({
        from: `"${encodeUtf8('山田')}" <sip:09012345678@example.com>`,
        more: [
          'P-Asserted-Identity: "Yamada" <sip:+819012345678@example.jp;user=phone>, <tel:+819012345678>',
          'Remote-Party-ID: <sip:1@example.jp>;privacy=full',
        ],
      }),
      decodeUtf8,
    );
    expect(found.map(({ source, text, displayName }) => [source, text, displayName])).toEqual([
      ['p-asserted-identity', '+819012345678', 'Yamada'],
      ['p-asserted-identity', '+819012345678', ''],
      ['from', '09012345678', '山田'],
      ['remote-party-id', '1', ''],
    ]);
  });

  it.each(['Anonymous', 'Coin line/payphone', 'Unavailable', 'Interaction with other service'])(
    'carry the reason %j of a withheld number in the display name',
    (reason) => {
      const [from] = callingNumbers(
        invite({ from: `"${reason}" <sip:anonymous@anonymous.invalid>` }),
        decodeUtf8,
      );
      expect(from).toMatchObject({ displayName: reason, host: 'anonymous.invalid' });
    },
  );

  it('come with the tokens of Privacy', () => {
    expect(privacyOf(invite({ more: ['Privacy: id;Header', 'Privacy: user, critical'] }))).toEqual([
      'id',
      'header',
      'user',
      'critical',
    ]);
    expect(privacyOf(invite({}))).toEqual([]);
  });
});
