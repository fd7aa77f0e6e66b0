import { describe, expect, it } from 'vitest';
import { SipNetwork, parsed, peerAt } from '../../test/harness/sip-network.ts';
import { cseqOf, fromOf, toOf, topVia } from './message.ts';
import { parseMessage } from './parse-message.ts';
import { processRegister } from './registrar.ts';

/**
 * The cases of RFC 4475, written anew: same trouble, our own texts. `parse` is what the parser
 * says ('ok' or the issue), `answer` what a user agent at the far end answers (0: nothing), `why`
 * stands where we are more lenient than a strict element might be.
 */
type Case = {
  section: string;
  parse: string;
  answer: number;
  lines: string[];
  body?: string;
  why?: string;
};

const VIA = 'Via: SIP/2.0/UDP 192.0.2.9:5999;branch=z9hG4bKtorture';
const FROM = 'From: <sip:caller@example.net>;tag=torture';
const TO = 'To: <sip:user@example.com>';
const CALL_ID = 'Call-ID: torture@example.net';

function simple(method: string, uri = 'sip:user@example.com', ...more: string[]): string[] {
  return [`${method} ${uri} SIP/2.0`, VIA, FROM, TO, CALL_ID, `CSeq: 1 ${method}`, ...more];
}

/** The same message with the lines of these names replaced. */
function replacing(lines: string[], ...news: string[]): string[] {
  const names = news.map((line) => line.slice(0, line.indexOf(':')));
  return [...lines.filter((line) => !names.includes(line.slice(0, line.indexOf(':')))), ...news];
}

const VALID: Case[] = [
  {
    section: '3.1.1.1 tortuous INVITE',
    parse: 'ok',
    answer: 486,
    lines: [
      'INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0',
      'TO :',
      ' sip:vivekg@chair-dnrc.example.com ;   tag    =',
      'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
      '  ;',
      '  tag = 98asjd8',
      'MaX-fOrWaRdS: 0068',
      'Call-ID: wsinv.ndaksdj@192.0.2.1',
      'Content-Length   : 0',
      'cseq: 0009',
      '  INVITE',
      'Via  : SIP  /   2.0',
      ' /UDP',
      '    192.0.2.2;branch=390skdjuw',
      's :',
      'NewFangledHeader:   newfangled value',
      ' continued newfangled value',
      'UnknownHeaderWithUnusualValue: ;;,,;;,;',
      'Route:',
      ' <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
      'v:  SIP  / 2.0  / TCP     spindle.example.com   ;',
      '  branch  =   z9hG4bK9ikj8  ,',
      ' SIP  /    2.0   / UDP  192.168.255.111   ; branch=',
      ' z9hG4bK30239',
      'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
      '      newvalue ;',
      '  secondparam ; q = 0.33',
    ],
  },
  {
    section: '3.1.1.2 wide range of characters',
    parse: 'ok',
    answer: 501,
    lines: [
      "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0",
      VIA,
      'To: "BEL:\\\u0007 NUL:\\\u0000 DEL:\\\u007f" <sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>',
      "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\u00d1\u0080\u00d0\u00b0\";tag=_token~1'+`*%!-.",
      'Call-ID: intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{',
      "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
      "extensionHeader-!.%*+_`'~:\u00ef\u00bb\u00bf\u00e5\u00a4\u00a7",
    ],
  },
  {
    section: '3.1.1.3 escaped characters in URIs',
    parse: 'ok',
    answer: 486,
    lines: simple('INVITE', 'sip:sips%3Auser%40example.com@example.net'),
  },
  {
    section: '3.1.1.4 escaped nulls',
    parse: 'ok',
    answer: 405,
    lines: replacing(simple('REGISTER'), 'To: sip:null-%00-null@example.com'),
  },
  {
    section: '3.1.1.5 % that is no escape',
    parse: 'ok',
    answer: 501,
    lines: simple('RE%47IST%45R'),
  },
  {
    section: '3.1.1.6 no space between display name and <',
    parse: 'ok',
    answer: 200,
    lines: replacing(simple('OPTIONS'), 'From: caller<sip:caller@example.com>;tag=323'),
  },
  {
    section: '3.1.1.7 long values',
    parse: 'ok',
    answer: 486,
    lines: simple(
      'INVITE',
      `sip:user;lrparam=${'x'.repeat(500)}@example.com`,
      `Contact: <sip:amazinglylongcallername${'a'.repeat(1000)}@host5.example.net>`,
      ...Array.from(
        { length: 30 },
        (_, i) => `v: SIP/2.0/TCP sip${i}.example.com;branch=${'b'.repeat(100)}`,
      ),
    ),
  },
  {
    section: '3.1.1.8 extra bytes behind the message',
    parse: 'ok',
    answer: 405,
    lines: simple('REGISTER', 'sip:example.com', 'Content-Length: 0'),
    body: 'INVITE sip:joe@example.com SIP/2.0\r\n\r\n',
  },
  {
    section: '3.1.1.9 semicolon in the user part',
    parse: 'ok',
    answer: 200,
    lines: simple('OPTIONS', 'sip:user;par=u%40example.net@example.com'),
  },
  {
    section: '3.1.1.10 many and unknown transports',
    parse: 'ok',
    answer: 200,
    lines: simple(
      'OPTIONS',
      'sip:user@example.com',
      'v: SIP/2.0/UNKNOWN t3.example.com;branch=z9hG4bK3, SIP/2.0/TLS t4.example.com',
      'v: SIP/2.0/SCTP t2.example.com',
    ),
  },
  {
    section: '3.1.1.11 multipart body',
    parse: 'ok',
    answer: 405,
    lines: simple(
      'MESSAGE',
      'sip:kumiko@example.org',
      'Content-Type: multipart/mixed;boundary=7a9cbec02ceef655',
    ),
    body: '--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655--\r\n',
  },
  {
    section: '3.1.1.12 unusual reason phrase',
    parse: 'ok',
    answer: 0,
    lines: [
      'SIP/2.0 200 = 2**3 * 5**2 \u00d0\u00bd\u00d0\u00be',
      VIA,
      FROM,
      TO,
      CALL_ID,
      'CSeq: 1 INVITE',
    ],
  },
  {
    section: '3.1.1.13 empty reason phrase',
    parse: 'ok',
    answer: 0,
    lines: ['SIP/2.0 100 ', VIA, FROM, TO, CALL_ID, 'CSeq: 1 INVITE'],
  },
];

const INVALID: Case[] = [
  {
    section: '3.1.2.1 extraneous separators',
    parse: 'ok',
    answer: 486,
    why: 'empty parameters and list members carry no meaning and are passed over',
    lines: replacing(
      simple('INVITE'),
      'Via: SIP/2.0/UDP 192.0.2.9:5999;;,;,,',
      'Contact: "Joe" <sip:joe@example.org>;;;;',
    ),
  },
  {
    section: '3.1.2.2 Content-Length larger than the body',
    parse: 'truncated-body',
    answer: 400,
    lines: simple('INVITE', 'sip:user@example.com', 'Content-Length: 9999'),
    body: 'v=0\r\n',
  },
  {
    section: '3.1.2.3 negative Content-Length',
    parse: 'bad-content-length',
    answer: 400,
    lines: simple('INVITE', 'sip:user@example.com', 'Content-Length: -999'),
  },
  {
    section: '3.1.2.4 request scalars out of range',
    parse: 'bad-cseq',
    answer: 400,
    lines: replacing(
      simple('REGISTER'),
      'CSeq: 36893488147419103232 REGISTER',
      'Max-Forwards: 300',
      'Expires: 10000000000000000',
    ),
  },
  {
    section: '3.1.2.5 response scalars out of range',
    parse: 'bad-cseq',
    answer: 0,
    lines: [
      'SIP/2.0 503 Service Unavailable',
      VIA,
      FROM,
      TO,
      CALL_ID,
      'CSeq: 9292394834772304023312 OPTIONS',
      'Retry-After: 949302838503028349304023988',
    ],
  },
  {
    section: '3.1.2.6 unterminated quoted string',
    parse: 'bad-to',
    answer: 400,
    lines: replacing(simple('INVITE'), 'To: "Mr. J. User <sip:j.user@example.com>'),
  },
  {
    section: '3.1.2.7 <> around the Request-URI',
    parse: 'bad-uri',
    answer: 400,
    lines: simple('INVITE', '<sip:user@example.com>'),
  },
  {
    section: '3.1.2.8 white space in the Request-URI',
    parse: 'bad-start-line',
    answer: 400,
    lines: simple('INVITE', 'sip:user@example.com; lr'),
  },
  {
    section: '3.1.2.9 two spaces in the request line',
    parse: 'bad-start-line',
    answer: 400,
    lines: simple('INVITE', ' sip:user@example.com '),
  },
  {
    section: '3.1.2.10 space behind the version',
    parse: 'bad-start-line',
    answer: 400,
    lines: [
      'OPTIONS sip:remote-target@example.com SIP/2.0 ',
      VIA,
      FROM,
      TO,
      CALL_ID,
      'CSeq: 1 OPTIONS',
    ],
  },
  {
    section: '3.1.2.11 escaped headers in the Request-URI',
    parse: 'ok',
    answer: 486,
    why: 'the headers of the URI are not looked at, so they do no harm',
    lines: simple('INVITE', 'sip:user@example.com?Route=%3Csip:example.com%3E'),
  },
  {
    section: '3.1.2.12 time zone other than GMT in Date',
    parse: 'ok',
    answer: 486,
    why: 'Date is not read',
    lines: simple('INVITE', 'sip:user@example.com', 'Date: Fri, 01 Jan 2010 16:00:00 EST'),
  },
  {
    section: '3.1.2.13 Contact with ? outside brackets',
    parse: 'ok',
    answer: 400,
    lines: replacing(
      simple('REGISTER'),
      'Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E',
    ),
  },
  {
    section: '3.1.2.14 spaces inside the brackets of an addr-spec',
    parse: 'ok',
    answer: 200,
    why: 'the meaning is plain; we never write such a form ourselves',
    lines: replacing(simple('OPTIONS'), 'To: "Watson, Thomas" < sip:t.watson@example.org >'),
  },
  {
    section: '3.1.2.15 display name with a comma outside quotes',
    parse: 'ok',
    answer: 200,
    why: 'From and To hold one value only, so the comma cannot mislead',
    lines: replacing(simple('OPTIONS'), 'From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43'),
  },
  {
    section: '3.1.2.16 unknown protocol version',
    parse: 'bad-version',
    answer: 505,
    lines: ['OPTIONS sip:t.watson@example.org SIP/7.0', VIA, FROM, TO, CALL_ID, 'CSeq: 1 OPTIONS'],
  },
  {
    section: '3.1.2.17 method of CSeq differs',
    parse: 'cseq-method-differs',
    answer: 400,
    lines: replacing(simple('OPTIONS'), 'CSeq: 8 INVITE'),
  },
  {
    section: '3.1.2.18 method of CSeq differs, unknown method',
    parse: 'cseq-method-differs',
    answer: 400,
    lines: replacing(simple('NEWMETHOD'), 'CSeq: 8 INVITE'),
  },
  {
    section: '3.1.2.19 status code out of range',
    parse: 'bad-status',
    answer: 0,
    lines: [
      'SIP/2.0 4294967301 better not break the receiver',
      VIA,
      FROM,
      TO,
      CALL_ID,
      'CSeq: 1 INVITE',
    ],
  },
];

const LAYERS: Case[] = [
  {
    section: '3.2.1 branch that is only the cookie',
    parse: 'ok',
    answer: 200,
    lines: replacing(simple('OPTIONS'), 'Via: SIP/2.0/UDP 192.0.2.9:5999;branch=z9hG4bK'),
  },
  {
    section: '3.3.1 required headers missing',
    parse: 'missing-header',
    answer: 0,
    why: 'without To, From and Call-ID no client could tell what is answered',
    lines: ['INVITE sip:user@example.com SIP/2.0', 'CSeq: 193942 INVITE', VIA, 'Content-Length: 0'],
  },
  {
    section: '3.3.2 unknown scheme in the Request-URI',
    parse: 'ok',
    answer: 416,
    lines: simple('OPTIONS', 'nobodyKnowsThisScheme:totallyopaquecontent'),
  },
  {
    section: '3.3.3 known but atypical scheme',
    parse: 'ok',
    answer: 416,
    lines: simple('OPTIONS', 'soap.beep://192.0.2.103:3002'),
  },
  {
    section: '3.3.4 unknown schemes in From and To',
    parse: 'ok',
    answer: 405,
    lines: replacing(
      simple('REGISTER'),
      'To: isbn:2983792873',
      'From: <http://www.example.com>;tag=3234233',
    ),
  },
  {
    section: '3.3.5 Require of unknown extensions',
    parse: 'ok',
    answer: 420,
    lines: simple(
      'OPTIONS',
      'sip:user@example.com',
      'Require: nothingSupportsThis, nothingSupportsThisEither',
      'Proxy-Require: noProxiesSupportThis',
    ),
  },
  {
    section: '3.3.6 unknown content type',
    parse: 'ok',
    answer: 415,
    lines: simple('INVITE', 'sip:user@example.com', 'Content-Type: application/unknownformat'),
    body: '<audio>\r\n',
  },
  {
    section: '3.3.7 unknown authorization scheme',
    parse: 'ok',
    answer: 405,
    lines: simple(
      'REGISTER',
      'sip:example.com',
      'Authorization: NoOneKnowsThisScheme opaque-data=here',
    ),
  },
  {
    section: '3.3.8 several values in single-value headers',
    parse: 'duplicate-header',
    answer: 400,
    lines: simple(
      'INVITE',
      'sip:user@example.com',
      'CSeq: 59 INVITE',
      'Call-ID: multi02',
      'Max-Forwards: 70',
      'From: sip:other@example.com;tag=3413415',
    ),
  },
  {
    section: '3.3.9 several Content-Length values',
    parse: 'duplicate-header',
    answer: 400,
    lines: simple('OPTIONS', 'sip:user@example.com', 'Content-Length: 13', 'Content-Length: 5'),
    body: 'There is not really any body',
  },
  {
    section: '3.3.10 200 with a broadcast Via',
    parse: 'ok',
    answer: 0,
    lines: [
      'SIP/2.0 200 OK',
      'Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23',
      FROM,
      TO,
      CALL_ID,
      'CSeq: 1 INVITE',
    ],
  },
  {
    section: '3.3.11 Max-Forwards 0',
    parse: 'ok',
    answer: 200,
    lines: simple('OPTIONS', 'sip:user@example.com', 'Max-Forwards: 0'),
  },
  {
    section: '3.3.15 nothing acceptable in Accept',
    parse: 'ok',
    answer: 486,
    why: 'Accept is left to the answer of the call itself',
    lines: simple('INVITE', 'sip:user@example.com', 'Accept: text/nobodyKnowsThis'),
  },
  {
    section: '3.4.1 INVITE of RFC 2543',
    parse: 'ok',
    answer: 486,
    lines: [
      'INVITE sip:UserB@example.com SIP/2.0',
      'Via: SIP/2.0/UDP 192.0.2.9:5999',
      'From: <sip:UserA@example.net>',
      'To: sip:UserB@example.com',
      'Call-ID: inv2543.ksdjf',
      'CSeq: 1 INVITE',
      'Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>',
    ],
  },
];

const textOf = ({ lines, body = '' }: Case): string => `${lines.join('\r\n')}\r\n\r\n${body}`;

function answerTo(one: Case): number {
  const network = new SipNetwork();
  const agent = network.start(2, {
    ...(one.section.startsWith('3.1.2.13')
      ? {
          onRegister: (incoming) => {
            const { status } = processRegister({
              request: incoming.request,
              source: incoming.source,
              bindings: [],
              nowMs: 0,
            });
            incoming.respond(status);
          },
        }
      : {}),
  });
  agent.receive(textOf(one), { ...peerAt(9), port: 5999 });
  const statuses = network.sent
    .map(({ text }) => Number(/^SIP\/2\.0 (\d{3}) /.exec(text)?.[1]))
    .filter((status) => status > 100);
  network.clock.advance(200_000);
  expect(agent.counts.transactions).toBe(0);
  return statuses[0] ?? 0;
}

describe.each([
  ['RFC 4475 §3.1.1 valid messages', VALID],
  ['RFC 4475 §3.1.2 invalid messages', INVALID],
  ['RFC 4475 §3.2 to §3.4', LAYERS],
])('%s', (_, cases) => {
  it.each(cases)('$section: $parse, answered $answer', (one) => {
    const result = parseMessage(textOf(one));
    expect(result.ok ? 'ok' : result.issue).toBe(one.parse);
    expect(answerTo(one)).toBe(one.answer);
  });
});

describe('what a tortuous message says', () => {
  it('is read right in spite of its form', () => {
    const message = parsed(textOf(VALID[0]!));
    expect(fromOf(message)).toMatchObject({ displayName: 'J Rosenberg \\"' });
    expect(fromOf(message)?.params.get('tag')).toBe('98asjd8');
    expect(cseqOf(message)).toEqual({ number: 9, method: 'INVITE' });
    expect(topVia(message)).toMatchObject({ transport: 'UDP', host: '192.0.2.2' });
    expect(message.headers.list('Via')).toHaveLength(3);
    expect(message.headers.get('NewFangledHeader')).toBe(
      'newfangled value continued newfangled value',
    );
  });

  it('keeps escapes as they are', () => {
    const message = parsed(textOf(VALID[1]!));
    expect(toOf(message)?.displayName).toBe('BEL:\u0007 NUL:\u0000 DEL:\u007f');
    expect(fromOf(message)?.params.get('tag')).toBe("_token~1'+`*%!-.");
  });

  it('ends where Content-Length says', () => {
    expect(parsed(textOf(VALID[7]!)).body).toBe('');
  });
});
