import { parseNameAddress } from './name-address.ts';
import type { NameAddress } from './name-address.ts';
import type { SipHeaders } from './sip-headers.ts';
import { splitList } from './name-address.ts';
import { parseDigits, parseParams } from './uri.ts';
import { parseVia } from './via.ts';
import type { Via } from './via.ts';

export type SipRequest = {
  kind: 'request';
  method: string;
  /** The Request-URI as written. */
  uri: string;
  headers: SipHeaders;
  /** One character per byte. */
  body: string;
};

export type SipResponse = {
  kind: 'response';
  status: number;
  reason: string;
  headers: SipHeaders;
  body: string;
};

export type SipMessage = SipRequest | SipResponse;

export type CSeq = { number: number; method: string };

/** CSeq numbers are below 2**31 (§8.1.1.5). */
export const MAX_CSEQ = 2_147_483_647;

export function parseCSeq(value: string): CSeq | undefined {
  const space = value.search(/[ \t]/);
  if (space < 0) return undefined;
  const number = parseDigits(value.slice(0, space), MAX_CSEQ);
  const method = value.slice(space).trim();
  return number === undefined || !isToken(method) ? undefined : { number, method };
}

export function topVia(message: SipMessage): Via | undefined {
  return message.headers.parsed('Via', (value) => parseVia(splitList(value)[0] ?? ''));
}

export function fromOf(message: SipMessage): NameAddress | undefined {
  return message.headers.parsed('From', parseNameAddress);
}

export function toOf(message: SipMessage): NameAddress | undefined {
  return message.headers.parsed('To', parseNameAddress);
}

export function cseqOf(message: SipMessage): CSeq | undefined {
  return message.headers.parsed('CSeq', parseCSeq);
}

/** The first Contact; undefined also for `*`. */
export function contactOf(message: SipMessage): NameAddress | undefined {
  return message.headers.parsed('Contact', (value) => parseNameAddress(splitList(value)[0] ?? ''));
}

/** The Call-ID header: never the id of our call. */
export function sipCallIdOf(message: SipMessage): string {
  return message.headers.get('Call-ID') ?? '';
}

export function fromTagOf(message: SipMessage): string {
  return fromOf(message)?.params.get('tag') ?? '';
}

export function toTagOf(message: SipMessage): string {
  return toOf(message)?.params.get('tag') ?? '';
}

/** A session description carried by the message, also inside multipart; '' when there is none. */
export function sdpOf(message: SipMessage): string {
  const type = message.headers.get('Content-Type') ?? '';
  const lower = type.toLowerCase();
  if (lower.startsWith('application/sdp')) return message.body;
  return lower.startsWith('multipart/') ? sdpPart(type, message.body) : '';
}

const MAX_PARTS = 16;

/** RFC 5621: carriers wrap the SDP together with ISUP or identity documents. */
function sdpPart(type: string, body: string): string {
  const semicolon = type.indexOf(';');
  const boundary = semicolon < 0 ? '' : parseParams(type, semicolon)?.get('boundary');
  if (boundary === undefined || boundary === '') return '';
  for (const part of `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, MAX_PARTS + 1)) {
    const end = part.indexOf('\r\n\r\n');
    if (end < 0) continue;
    if (/\r\ncontent-type[ \t]*:[ \t]*application\/sdp/i.test(part.slice(0, end))) {
      return part.slice(end + 4);
    }
  }
  return '';
}

export function isToken(text: string): boolean {
  if (text === '') return false;
  for (let i = 0; i < text.length; i++) {
    if (!isTokenCode(text.charCodeAt(i))) return false;
  }
  return true;
}

/** RFC 3261 §25.1 `token`: letters, digits and -.!%*_+`'~ */
export function isTokenCode(code: number): boolean {
  return code < 128 && TOKEN[code] === 1;
}

const TOKEN = new Uint8Array(128);
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~") {
  TOKEN[character.charCodeAt(0)] = 1;
}

const REASONS: Record<number, string> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  421: 'Extension Required',
  422: 'Session Interval Too Small',
  423: 'Interval Too Brief',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
  606: 'Not Acceptable',
};

/** The reason phrase of the registry, or the name of the class. */
export function reasonPhrase(status: number): string {
  return REASONS[status] ?? REASONS[Math.floor(status / 100) * 100] ?? 'Unknown';
}
