import { describe, expect, it } from 'vitest';
import { parsed, request } from '../../test/harness/sip-network.ts';
import { contactOf, cseqOf, fromTagOf, sdpOf, toOf, topVia } from './message.ts';
import { encodeUtf8, formatNameAddress, parseNameAddress, splitList } from './name-address.ts';
import {
  MAX_HEADER_BYTES,
  MAX_HEADER_LINES,
  MAX_MESSAGE_BYTES,
  parseMessage,
} from './parse-message.ts';
import { serializeMessage } from './serialize-message.ts';
import { SipHeaders, canonicalName } from './sip-headers.ts';
import { decodeUser, encodeUser, formatUri, parseUri, sameUri } from './uri.ts';
import { formatVia, parseVia } from './via.ts';

const HEAD = [
  'INVITE sip:0312345678@192.0.2.2 SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone',
  'From: <sip:a@example.com>;tag=from',
  'To: <sip:0312345678@192.0.2.2>',
  'Call-ID: call@example.com',
  'CSeq: 7 INVITE',
];

const textOf = (lines: readonly string[], body = ''): string =>
  `${lines.join('\r\n')}\r\n\r\n${body}`;

function issueOf(text: string): string {
  const result = parseMessage(text);
  return result.ok ? 'none' : result.issue;
}

describe('a message', () => {
  it('is read, written, and read again alike', () => {
    const text = textOf([...HEAD, 'X-Unknown: kept', 'Content-Length: 4'], 'v=0\n');
    const message = parsed(text);
    const again = parsed(serializeMessage(message));
    expect(serializeMessage(again)).toBe(serializeMessage(message));
    expect(message).toMatchObject({ kind: 'request', method: 'INVITE', body: 'v=0\n' });
    expect(message.headers.get('x-unknown')).toBe('kept');
    expect(topVia(message)).toMatchObject({ transport: 'UDP', host: '192.0.2.1', port: 5060 });
    expect(cseqOf(message)).toEqual({ number: 7, method: 'INVITE' });
    expect(fromTagOf(message)).toBe('from');
  });

  it('may use compact names, folded lines, odd case and bare line feeds', () => {
    const message = parsed(
      [
        'SIP/2.0 180 Ringing',
        'v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1, SIP/2.0/UDP 192.0.2.3',
        'VIA: SIP/2.0/UDP 192.0.2.4',
        'f: <sip:a@example.com>;tag=1',
        't: <sip:b@example.com>',
        ' ;tag=2',
        'i: x',
        'cSEQ: 1 INVITE',
        'm: <sip:c@example.com>',
        'l: 0',
        '',
        '',
      ].join('\n'),
    );
    expect(message.headers.list('Via')).toHaveLength(3);
    expect(toOf(message)?.params.get('tag')).toBe('2');
    expect(contactOf(message)?.uriText).toBe('sip:c@example.com');
  });

  it('may be preceded by empty lines; only empty lines are a keep-alive', () => {
    expect(issueOf(`\r\n\r\n${textOf(HEAD)}`)).toBe('none');
    expect(issueOf('\r\n\r\n')).toBe('empty');
    expect(issueOf('')).toBe('empty');
  });

  it('says what is wrong and keeps what it could read', () => {
    const without = (name: string): string[] => HEAD.filter((line) => !line.startsWith(name));
    expect(issueOf('hello')).toBe('no-end-of-headers');
    expect(issueOf('hello\r\n\r\n')).toBe('bad-start-line');
    expect(issueOf(textOf(HEAD).trimEnd())).toBe('no-end-of-headers');
    expect(issueOf(textOf(without('Call-ID')))).toBe('missing-header');
    expect(issueOf(textOf([...HEAD, 'CSeq: 8 INVITE']))).toBe('duplicate-header');
    expect(issueOf(textOf([...HEAD, 'no colon here']))).toBe('bad-header');
    expect(issueOf(textOf([...without('Via'), 'Via: nonsense']))).toBe('bad-via');
    expect(issueOf(textOf([...without('From'), 'From: ']))).toBe('bad-from');
    expect(issueOf(textOf([...without('To'), 'To: "x <sip:a@b>']))).toBe('bad-to');
    expect(issueOf(textOf([...without('CSeq'), 'CSeq: 2147483648 INVITE']))).toBe('bad-cseq');
    expect(issueOf(textOf([...HEAD, 'Content-Length: x']))).toBe('bad-content-length');
    expect(issueOf('SIP/2.0 42 No\r\n\r\n')).toBe('bad-status');
    const result = parseMessage(textOf([...HEAD, 'Content-Length: 10'], 'short'));
    expect(result).toMatchObject({ ok: false, issue: 'truncated-body' });
    expect(!result.ok && result.partial?.headers.get('Call-ID')).toBe('call@example.com');
  });

  it('is bounded in size, in lines and in the length of a line', () => {
    expect(issueOf('x'.repeat(MAX_MESSAGE_BYTES + 1))).toBe('too-large');
    const many = Array.from({ length: MAX_HEADER_LINES }, (_, i) => `X-${i}: 1`);
    expect(issueOf(textOf([...HEAD, ...many]))).toBe('too-many-headers');
    expect(issueOf(textOf([...HEAD, `X: ${'a'.repeat(MAX_HEADER_BYTES)}`]))).toBe(
      'header-too-long',
    );
  });

  it('drops what stands behind Content-Length', () => {
    expect(parsed(textOf([...HEAD, 'Content-Length: 2'], 'ok, more')).body).toBe('ok');
  });

  it('carries SDP plainly or as a part of multipart', () => {
    const plain = request([...HEAD, 'Content-Type: application/sdp'], 'v=0\r\n');
    expect(sdpOf(plain)).toBe('v=0\r\n');
    const parts =
      '--edge\r\nContent-Type: application/isup\r\n\r\nxx\r\n--edge\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n--edge--\r\n';
    const mixed = request([...HEAD, 'Content-Type: multipart/mixed;boundary="edge"'], parts);
    expect(sdpOf(mixed)).toBe('v=0\r\ns=-');
    expect(sdpOf(request([...HEAD, 'Content-Type: text/plain'], 'v=0'))).toBe('');
    expect(sdpOf(request([...HEAD, 'Content-Type: multipart/mixed'], parts))).toBe('');
  });
});

describe('headers', () => {
  it('have one spelling', () => {
    expect(['call-id', 'CALL-ID', 'i', 'x-my-header'].map(canonicalName)).toEqual([
      'Call-ID',
      'Call-ID',
      'Call-ID',
      'X-My-Header',
    ]);
  });

  it('never let a value start a header of its own', () => {
    const headers = new SipHeaders().add('Subject', 'a\r\nEvil: 1').set('To', 'x\ny');
    expect(headers.toText()).toBe('Subject: a Evil: 1\r\nTo: x y\r\n');
  });

  it('are set, replaced and deleted by name', () => {
    const headers = new SipHeaders().add('Via', '1').add('To', 't').add('v', '2');
    expect(headers.lines('Via')).toEqual(['1', '2']);
    headers.replaceFirst('Via', '0').prepend('Via', 'top');
    expect(headers.lines('Via')).toEqual(['top', '0', '2']);
    headers.set('Via', 'only');
    expect(headers.lines('Via')).toEqual(['only']);
    expect(headers.delete('Via').has('Via')).toBe(false);
    expect(headers.size).toBe(1);
  });

  it('keep a parsed view only until they change', () => {
    const headers = new SipHeaders().add('CSeq', '1 BYE');
    expect(headers.parsed('CSeq', (value) => value)).toBe('1 BYE');
    headers.set('CSeq', '2 BYE');
    expect(headers.parsed('CSeq', (value) => value)).toBe('2 BYE');
  });
});

describe('a name-addr', () => {
  it('is read with quotes, escapes and parameters', () => {
    const address = parseNameAddress('"A \\"B\\", C" <sip:a@b;x=1?h=v>;tag=t;q="a;b"');
    expect(address).toMatchObject({ displayName: 'A "B", C', uriText: 'sip:a@b;x=1?h=v' });
    expect(address?.params).toEqual(
      new Map([
        ['tag', 't'],
        ['q', 'a;b'],
      ]),
    );
    expect(parseNameAddress('Plain Name <tel:+8131234>')?.displayName).toBe('Plain Name');
  });

  it('without brackets leaves parameters to the header and takes no headers of the URI', () => {
    const address = parseNameAddress('sip:a@b;tag=t');
    expect(address?.params.get('tag')).toBe('t');
    expect(address?.uriText).toBe('sip:a@b');
    expect(parseNameAddress('sip:a@b?Route=x')).toBeUndefined();
  });

  it.each(['', '<>', '"open <sip:a@b>', '<sip:a@b', 'sip:', '"x" sip:a@b', '<sip:a b@c>'])(
    'is not %j',
    (value) => expect(parseNameAddress(value)).toBeUndefined(),
  );

  it('is written with its display name as UTF-8 bytes', () => {
    const text = formatNameAddress('sip:a@b', '山田 "太郎"');
    expect(Buffer.from(text, 'latin1').toString('utf8')).toBe('"山田 \\"太郎\\"" <sip:a@b>');
    expect(encodeUtf8('é')).toBe('\u00c3\u00a9');
    expect(() => encodeUtf8('\ud800')).not.toThrow();
  });

  it('lists are split outside quotes and brackets only', () => {
    expect(splitList('"a,b" <sip:x,y@z>, <sip:c@d> ,, e')).toEqual([
      '"a,b" <sip:x,y@z>',
      '<sip:c@d>',
      'e',
    ]);
  });
});

describe('a URI', () => {
  it.each([
    'sip:a@example.com',
    'sips:a:pw@example.com:5061;transport=tcp;lr?Subject=x',
    'sip:[2001:db8::1]:5060',
    'tel:+81-3-0123-4567;phone-context=example.com',
    'urn:service:sos',
  ])('%s is read and written alike', (text) => {
    const uri = parseUri(text);
    expect(uri && formatUri(uri)).toBe(text);
  });

  it.each([
    '',
    'sip',
    ':a@b',
    'sip:@b',
    'sip:a@',
    'sip:a@b:99999',
    'sip:a@b:x',
    'sip:[::1',
    'sip:a@b c',
    'sip:a@b\u0000',
    'sip:a@b<',
    'tel:',
  ])('%j is refused', (text) => expect(parseUri(text)).toBeUndefined());

  it('is compared by RFC 3261 §19.1.4', () => {
    const same = (left: string, right: string): boolean =>
      sameUri(parseUri(left)!, parseUri(right)!);
    expect(
      same('sip:%61lice@AtLanTa.CoM;transport=TCP', 'SIP:alice@atlanta.com;Transport=tcp'),
    ).toBe(true);
    expect(same('sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5')).toBe(true);
    expect(same('sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;newparam=6')).toBe(
      false,
    );
    expect(same('SIP:ALICE@AtLanTa.CoM', 'sip:alice@atlanta.com')).toBe(false);
    expect(same('sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060')).toBe(false);
    expect(same('sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp')).toBe(false);
    expect(same('sip:a@b', 'tel:+1')).toBe(false);
  });

  it('has its user unescaped for comparison', () => {
    expect(decodeUser('sales%40office%2')).toBe('sales@office%2');
    const hostile = 'a b>;tag=x\r\nVia: y@"\u00e5';
    expect(parseUri(`sip:${encodeUser(hostile)}@192.0.2.1`)).toMatchObject({ host: '192.0.2.1' });
    expect(decodeUser(encodeUser(hostile))).toBe(hostile);
    expect(encodeUser('+81-3.0123')).toBe('+81-3.0123');
    expect(encodeUser('山\ud800')).toBe('%E5%B1%B1%EF%BF%BD');
  });
});

describe('a Via', () => {
  it('is read with white space and written without', () => {
    const via = parseVia('SIP / 2.0 / udp  first.example.com : 4000 ;ttl=16 ;branch=z9hG4bKa');
    expect(via && formatVia(via)).toBe('SIP/2.0/UDP first.example.com:4000;ttl=16;branch=z9hG4bKa');
    expect(parseVia('SIP/2.0/UDP [2001:db8::9]:5060')).toMatchObject({
      host: '[2001:db8::9]',
      port: 5060,
    });
  });

  it.each(['', 'SIP/2.0', 'SIP/3.0/UDP h', 'HTTP/2.0/UDP h', 'SIP/2.0/UDP', 'SIP/2.0/UDP h;b="x'])(
    'is not %j',
    (value) => expect(parseVia(value)).toBeUndefined(),
  );
});
