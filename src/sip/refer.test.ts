import { describe, expect, it } from 'vitest';
import { request } from '../../test/harness/sip-network.ts';
import {
  endsSubscription,
  formatReferTo,
  parseReferTo,
  referEventOf,
  referNotify,
  sipfragStatus,
  wantsNoSubscription,
} from './refer.ts';
import { formatUri } from './uri.ts';

const REST = [
  'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr',
  'From: <sip:a@192.0.2.1>;tag=1',
  'To: <sip:b@192.0.2.2>;tag=2',
  'Call-ID: r',
];
const refer = (...lines: string[]) =>
  request(['REFER sip:b@192.0.2.2 SIP/2.0', ...REST, 'CSeq: 3 REFER', ...lines]);
const notify = (status: number, id = 3) => {
  const { headers = [], body = '' } = referNotify(status, id);
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return request(['NOTIFY sip:b@192.0.2.2 SIP/2.0', ...REST, 'CSeq: 4 NOTIFY', ...lines], body);
};

describe('REFER', () => {
  it('names a target: a SIP URI or a number', () => {
    const target = (value: string): string => {
      const found = parseReferTo(refer(`Refer-To: ${value}`));
      return found ? formatUri(found.uri) : 'none';
    };
    expect(target('<sip:0301234567@example.com;user=phone;method=INVITE>')).toBe(
      'sip:0301234567@example.com;user=phone',
    );
    expect(target('"Sakura" <tel:+81301234567>')).toBe('tel:+81301234567');
    expect(target('sip:c@example.com')).toBe('sip:c@example.com');
  });

  it('may name the dialog to be replaced, as each side sees it', () => {
    const ours = { sipCallId: 'abc@192.0.2.9', localTag: 'us', remoteTag: 'them' };
    const found = parseReferTo(refer(`Refer-To: ${formatReferTo('sip:c@example.com', ours)}`));
    // At the target of the transfer the tags are the other way round.
    expect(found?.replaces).toEqual({
      sipCallId: ours.sipCallId,
      localTag: 'them',
      remoteTag: 'us',
    });
    expect(found && formatUri(found.uri)).toBe('sip:c@example.com');
  });

  it.each([
    [],
    ['Refer-To: <sip:a@b>', 'Refer-To: <sip:c@d>'],
    ['Refer-To: <sip:a@b>, <sip:c@d>'],
    ['Refer-To: <http://example.com/>'],
    ['Refer-To: <sip:a@b;method=BYE>'],
    ['Refer-To: <sip:a@b?Replaces=%>'],
    ['Refer-To: <sip:a@b?Replaces=x%3Bto-tag%3D1>'],
    ['Refer-To: <sip:a@b'],
    ['Refer-To: '],
  ])('is refused when it asks for nothing we could do: %j %j', (...lines) => {
    expect(parseReferTo(refer(...lines))).toBeUndefined();
  });

  it('is told by NOTIFY how the call goes, and ends with a final status', () => {
    expect(sipfragStatus(notify(180))).toBe(180);
    expect(endsSubscription(notify(180))).toBe(false);
    expect(sipfragStatus(notify(486))).toBe(486);
    expect(endsSubscription(notify(486))).toBe(true);
    expect(referEventOf(notify(100, 17))).toEqual({ id: 17 });
    expect(referEventOf(refer('Event: refer'))).toEqual({ id: undefined });
    expect(referEventOf(refer('Event: presence;id=3'))).toBeUndefined();
  });

  it('reads a NOTIFY of any content without harm', () => {
    for (const body of ['', 'SIP/2.0', 'SIP/2.0 999 X', 'SIP/2.0 20', '\u0000'.repeat(100)]) {
      const message = request(
        [
          'NOTIFY sip:b@192.0.2.2 SIP/2.0',
          ...REST,
          'CSeq: 4 NOTIFY',
          'Content-Type: message/sipfrag',
        ],
        body,
      );
      expect(sipfragStatus(message)).toBeUndefined();
    }
    expect(sipfragStatus(refer())).toBeUndefined();
  });

  it('may do without a subscription (norefersub)', () => {
    expect(wantsNoSubscription(refer('Refer-Sub: false'))).toBe(true);
    expect(wantsNoSubscription(refer('Refer-Sub: true'))).toBe(false);
    expect(wantsNoSubscription(refer())).toBe(false);
  });
});
