import { SipHeaders } from './sip-headers.ts';
import { cseqOf, fromOf, isToken, isTokenCode, toOf, topVia } from './message.ts';
import type { SipMessage } from './message.ts';
import { parseDigits, parseUri } from './uri.ts';

export type ParseIssue =
  | 'empty'
  | 'too-large'
  | 'bad-start-line'
  | 'bad-version'
  | 'bad-uri'
  | 'bad-status'
  | 'bad-header'
  | 'header-too-long'
  | 'too-many-headers'
  | 'no-end-of-headers'
  | 'missing-header'
  | 'duplicate-header'
  | 'bad-via'
  | 'bad-from'
  | 'bad-to'
  | 'bad-cseq'
  | 'cseq-method-differs'
  | 'bad-content-length'
  | 'truncated-body';

export type ParseResult =
  | { ok: true; message: SipMessage }
  | {
      ok: false;
      issue: ParseIssue;
      /** Where in the text it was noticed. */
      offset: number;
      /** What could be read: enough, as a rule, to answer 400. */
      partial?: SipMessage;
    };

export const MAX_MESSAGE_BYTES = 65_535;
export const MAX_HEADER_LINES = 256;
export const MAX_HEADER_BYTES = 8192;

const SINGLE = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Length', 'Content-Type'];
const REQUIRED = ['Via', 'From', 'To', 'Call-ID', 'CSeq'];

/**
 * Reads one whole message (a datagram, or what the stream framer cut out). Never throws. Bare line
 * feeds are taken for line ends; the white space rules of the request line are not loosened.
 */
export function parseMessage(text: string): ParseResult {
  if (text.length > MAX_MESSAGE_BYTES) {
    return { ok: false, issue: 'too-large', offset: MAX_MESSAGE_BYTES };
  }
  const start = skipLineEnds(text);
  if (start === text.length) return { ok: false, issue: 'empty', offset: start };
  const lineEnd = text.indexOf('\n', start);
  if (lineEnd < 0) return { ok: false, issue: 'no-end-of-headers', offset: text.length };
  const first = parseStartLine(trimLineEnd(text, start, lineEnd));
  if (!first.message) return { ok: false, issue: first.issue ?? 'bad-start-line', offset: start };
  const message = first.message;
  const headers = parseHeaders(text, lineEnd + 1, message.headers);
  message.body = text.slice(headers.end);
  const issue = first.issue ?? headers.issue ?? checkHeaders(message) ?? takeBody(message);
  if (issue === undefined) return { ok: true, message };
  return { ok: false, issue, offset: first.issue ? start : headers.end, partial: message };
}

function skipLineEnds(text: string): number {
  let at = 0;
  while (text[at] === '\r' || text[at] === '\n') at++;
  return at;
}

function trimLineEnd(text: string, start: number, lineFeed: number): string {
  const end = lineFeed > start && text[lineFeed - 1] === '\r' ? lineFeed - 1 : lineFeed;
  return text.slice(start, end);
}

type StartLine = { message?: SipMessage; issue?: ParseIssue };

function parseStartLine(line: string): StartLine {
  const headers = new SipHeaders();
  const firstSpace = line.indexOf(' ');
  if (firstSpace <= 0) return { issue: 'bad-start-line' };
  const word = line.slice(0, firstSpace);
  if (/^SIP\//i.test(word)) {
    return parseStatusLine(word, line.slice(firstSpace + 1), headers);
  }
  const lastSpace = line.lastIndexOf(' ');
  const uri = line.slice(firstSpace + 1, lastSpace);
  const version = line.slice(lastSpace + 1);
  if (!isToken(word)) return { issue: 'bad-start-line' };
  const message: SipMessage = { kind: 'request', method: word, uri, headers, body: '' };
  if (lastSpace === firstSpace || uri === '' || uri.includes(' ') || version === '') {
    return { message, issue: 'bad-start-line' };
  }
  if (version.toUpperCase() !== 'SIP/2.0') {
    return version.startsWith('SIP/')
      ? { message, issue: 'bad-version' }
      : { issue: 'bad-start-line' };
  }
  return parseUri(uri) ? { message } : { message, issue: 'bad-uri' };
}

function parseStatusLine(version: string, rest: string, headers: SipHeaders): StartLine {
  if (version.toUpperCase() !== 'SIP/2.0') return { issue: 'bad-version' };
  const digits = rest.slice(0, 3);
  const status = parseDigits(digits, 699);
  const separated = rest.length === 3 || rest[3] === ' ';
  if (status === undefined || status < 100 || digits.length !== 3 || !separated) {
    return { issue: 'bad-status' };
  }
  return { message: { kind: 'response', status, reason: rest.slice(4), headers, body: '' } };
}

function parseHeaders(
  text: string,
  from: number,
  headers: SipHeaders,
): { end: number; issue?: ParseIssue } {
  let at = from;
  let issue: ParseIssue | undefined;
  for (let count = 0; at < text.length; count++) {
    const lineFeed = text.indexOf('\n', at);
    if (lineFeed < 0) return { end: text.length, issue: issue ?? 'no-end-of-headers' };
    const line = trimLineEnd(text, at, lineFeed);
    at = lineFeed + 1;
    if (line === '') return issue === undefined ? { end: at } : { end: at, issue };
    if (count >= MAX_HEADER_LINES) return { end: at, issue: 'too-many-headers' };
    issue = takeHeaderLine(line, headers) ?? issue;
  }
  return { end: at, issue: issue ?? 'no-end-of-headers' };
}

function takeHeaderLine(line: string, headers: SipHeaders): ParseIssue | undefined {
  if (line.length > MAX_HEADER_BYTES) return 'header-too-long';
  const code = line.charCodeAt(0);
  if (code === 32 || code === 9) {
    if (headers.size === 0) return 'bad-header';
    headers.extendLast(line.trim());
    return undefined;
  }
  let nameEnd = 0;
  while (nameEnd < line.length && isTokenCode(line.charCodeAt(nameEnd))) nameEnd++;
  let colon = nameEnd;
  while (line[colon] === ' ' || line[colon] === '\t') colon++;
  if (nameEnd === 0 || line[colon] !== ':') return 'bad-header';
  headers.add(line.slice(0, nameEnd), line.slice(colon + 1).trim());
  return undefined;
}

function checkHeaders(message: SipMessage): ParseIssue | undefined {
  const { headers } = message;
  for (const name of REQUIRED) if (!headers.has(name)) return 'missing-header';
  const seen = new Set<string>();
  for (const [name] of headers.entries()) {
    if (SINGLE.includes(name)) {
      if (seen.has(name)) return 'duplicate-header';
      seen.add(name);
    }
  }
  if (!topVia(message)) return 'bad-via';
  if (!fromOf(message)) return 'bad-from';
  if (!toOf(message)) return 'bad-to';
  const cseq = cseqOf(message);
  if (!cseq) return 'bad-cseq';
  if (message.kind === 'request' && cseq.method !== message.method) return 'cseq-method-differs';
  return headers.get('Call-ID') === '' ? 'missing-header' : undefined;
}

/** §18.3: bytes behind Content-Length are dropped, a body shorter than promised is an error. */
function takeBody(message: SipMessage): ParseIssue | undefined {
  const value = message.headers.get('Content-Length');
  if (value === undefined) return undefined;
  const length = parseDigits(value, 999_999_999);
  if (length === undefined) return 'bad-content-length';
  if (length > message.body.length) return 'truncated-body';
  if (length < message.body.length) message.body = message.body.slice(0, length);
  return undefined;
}
