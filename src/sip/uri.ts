/** Parameters of a URI or a header value, by lower-case name; a flag has the value ''. */
export type Params = ReadonlyMap<string, string>;

/** Most URIs and many headers have none. */
export const NO_PARAMS: Params = new Map();

export type SipUri = {
  scheme: 'sip' | 'sips';
  /** As written, escapes included; '' when there is none. Use `decodeUser` to compare or dial. */
  user: string;
  password: string;
  /** Lower case; an IPv6 address keeps its brackets. */
  host: string;
  port?: number;
  params: Params;
  /** Everything behind `?`, as written. */
  headers: string;
};

export type TelUri = { scheme: 'tel'; number: string; params: Params };

/** A URI of a scheme that is not ours (`im:`, `http:`, …): kept, never dialled. */
export type OtherUri = { scheme: 'other'; text: string };

export type Uri = SipUri | TelUri | OtherUri;

const MAX_PARAMS = 64;

/** Reads one URI (no angle brackets around it); undefined when it is not one. */
export function parseUri(text: string): Uri | undefined {
  if (!hasOnlyUriCharacters(text)) return undefined;
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(scheme, text.slice(colon + 1));
  if (scheme === 'tel') return parseTelUri(text.slice(colon + 1));
  return isScheme(scheme) ? { scheme: 'other', text } : undefined;
}

/** As `parseUri`, for the places where only `sip:` and `sips:` make sense. */
export function parseSipOnly(text: string): SipUri | undefined {
  const uri = parseUri(text);
  return uri && (uri.scheme === 'sip' || uri.scheme === 'sips') ? uri : undefined;
}

function parseSipUri(scheme: 'sip' | 'sips', rest: string): SipUri | undefined {
  const at = rest.indexOf('@');
  let user = '';
  let password = '';
  if (at >= 0) {
    if (at === 0) return undefined;
    const userInfo = rest.slice(0, at);
    const colon = userInfo.indexOf(':');
    user = colon < 0 ? userInfo : userInfo.slice(0, colon);
    password = colon < 0 ? '' : userInfo.slice(colon + 1);
  }
  const place = rest.slice(at + 1);
  const question = place.indexOf('?');
  const beforeHeaders = question < 0 ? place : place.slice(0, question);
  const headers = question < 0 ? '' : place.slice(question + 1);
  const semicolon = beforeHeaders.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? beforeHeaders : beforeHeaders.slice(0, semicolon));
  const params = semicolon < 0 ? NO_PARAMS : parseParams(beforeHeaders, semicolon);
  if (!hostPort || !params) return undefined;
  return { scheme, user, password, ...hostPort, params, headers };
}

function parseTelUri(rest: string): TelUri | undefined {
  const semicolon = rest.indexOf(';');
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon);
  const params = semicolon < 0 ? NO_PARAMS : parseParams(rest, semicolon);
  if (number === '' || !params) return undefined;
  return { scheme: 'tel', number, params };
}

/** `host`, `host:port`, `[::1]:port`. */
export function parseHostPort(text: string): { host: string; port?: number } | undefined {
  let hostEnd = text.indexOf(':');
  if (text.startsWith('[')) {
    const bracket = text.indexOf(']');
    if (bracket < 0 || !isIpv6Text(text.slice(1, bracket))) return undefined;
    hostEnd = bracket + 1 < text.length ? bracket + 1 : -1;
    if (hostEnd > 0 && text[hostEnd] !== ':') return undefined;
  }
  const host = (hostEnd < 0 ? text : text.slice(0, hostEnd)).toLowerCase();
  if (host === '' || (!host.startsWith('[') && !isHostName(host))) return undefined;
  if (hostEnd < 0) return { host };
  const port = parseDigits(text.slice(hostEnd + 1), 65_535);
  return port === undefined ? undefined : { host, port };
}

/** Reads `;name=value;flag;name="quoted"` from `at` (which stands on the first `;`) to the end. */
export function parseParams(text: string, at: number): Params | undefined {
  let position = skipSpace(text, at);
  if (position >= text.length) return NO_PARAMS;
  const params = new Map<string, string>();
  while (position < text.length) {
    if (text[position] !== ';' || params.size >= MAX_PARAMS) return undefined;
    const end = endOfParam(text, position + 1);
    if (end < 0) return undefined;
    const one = text.slice(position + 1, end).trim();
    position = end;
    // An empty parameter (`;;`, a final `;`) is met in the wild and harmless.
    if (one === '') continue;
    const equals = one.indexOf('=');
    const name = (equals < 0 ? one : one.slice(0, equals)).trim().toLowerCase();
    if (name === '') return undefined;
    const value = equals < 0 ? '' : unquote(one.slice(equals + 1).trim());
    if (!params.has(name)) params.set(name, value);
  }
  return params;
}

function endOfParam(text: string, from: number): number {
  const plain = text.indexOf(';', from);
  const quote = text.indexOf('"', from);
  if (quote < 0 || (plain >= 0 && plain < quote)) return plain < 0 ? text.length : plain;
  const close = endOfQuoted(text, quote);
  if (close < 0) return -1;
  const next = text.indexOf(';', close);
  return next < 0 ? text.length : next;
}

/** Position behind the closing quote of the quoted string that opens at `at`; -1 without one. */
export function endOfQuoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 92) i++;
    else if (code === 34) return i + 1;
  }
  return -1;
}

/** `"a \"b\""` → `a "b"`; text that is not quoted comes back unchanged. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  const inner = text.slice(1, -1);
  if (!inner.includes('\\')) return inner;
  let result = '';
  for (let i = 0; i < inner.length; i++) {
    if (inner[i] === '\\' && i + 1 < inner.length) i++;
    result += inner.charAt(i);
  }
  return result;
}

/** The user part with its escapes resolved (one character per byte, as everything here). */
export function decodeUser(user: string): string {
  if (!user.includes('%')) return user;
  let result = '';
  for (let i = 0; i < user.length; i++) {
    const code = user[i] === '%' ? parseHexByte(user, i + 1) : -1;
    if (code >= 0) i += 2;
    result += code >= 0 ? String.fromCharCode(code) : user.charAt(i);
  }
  return result;
}

/** The other way round: whatever the text holds, it stays the user part and nothing else (RFC 3261 §25.1). */
export function encodeUser(text: string): string {
  const isPlain = /^[A-Za-z0-9\-_.!~*'()&=+$,?/]*$/;
  return isPlain.test(text) ? text : Array.from(text.toWellFormed(), escapedInUser).join('');
}

function escapedInUser(character: string): string {
  if (/^[A-Za-z0-9\-_.!~*'()&=+$,?/]$/.test(character)) return character;
  const code = character.charCodeAt(0);
  const isByte = character.length === 1 && code <= 255;
  return isByte
    ? `%${code.toString(16).toUpperCase().padStart(2, '0')}`
    : encodeURIComponent(character);
}

function parseHexByte(text: string, at: number): number {
  const pair = text.slice(at, at + 2);
  return /^[0-9a-fA-F]{2}$/.test(pair) ? Number.parseInt(pair, 16) : -1;
}

export function formatUri(uri: Uri): string {
  if (uri.scheme === 'other') return uri.text;
  if (uri.scheme === 'tel') return `tel:${uri.number}${formatParams(uri.params)}`;
  const password = uri.password === '' ? '' : `:${uri.password}`;
  const user = uri.user === '' ? '' : `${uri.user}${password}@`;
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  const headers = uri.headers === '' ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${user}${uri.host}${port}${formatParams(uri.params)}${headers}`;
}

export function formatParams(params: Params): string {
  let text = '';
  for (const [name, value] of params) text += value === '' ? `;${name}` : `;${name}=${value}`;
  return text;
}

const MUST_MATCH = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** RFC 3261 §19.1.4, the part that a registrar and a dialog need (URI headers are compared whole). */
export function sameUri(left: Uri, right: Uri): boolean {
  if (left.scheme === 'other' || right.scheme === 'other') {
    return left.scheme === right.scheme && formatUri(left) === formatUri(right);
  }
  if (left.scheme === 'tel' || right.scheme === 'tel') {
    return left.scheme === 'tel' && right.scheme === 'tel' && left.number === right.number;
  }
  return (
    left.scheme === right.scheme &&
    decodeUser(left.user) === decodeUser(right.user) &&
    left.password === right.password &&
    left.host === right.host &&
    left.port === right.port &&
    left.headers === right.headers &&
    sameParams(left.params, right.params)
  );
}

function sameParams(left: Params, right: Params): boolean {
  for (const name of MUST_MATCH) {
    if (left.get(name)?.toLowerCase() !== right.get(name)?.toLowerCase()) return false;
  }
  for (const [name, value] of left) {
    const other = right.get(name);
    if (other !== undefined && other.toLowerCase() !== value.toLowerCase()) return false;
  }
  return true;
}

/** Digits only, at most `max`; undefined for anything else (signs, spaces, overflow, nothing). */
export function parseDigits(text: string, max: number): number | undefined {
  if (text === '' || text.length > 16) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= max ? value : undefined;
}

export function skipSpace(text: string, at: number): number {
  let position = at;
  while (text[position] === ' ' || text[position] === '\t') position++;
  return position;
}

function hasOnlyUriCharacters(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Controls, space, quotes and brackets never stand in a URI; bytes ≥ 128 are let through (RFC 3261 wants them escaped, phones forget).
    if (code <= 32 || code === 127 || code === 34 || code === 60 || code === 62) return false;
  }
  return text.length > 0;
}

function isHostName(host: string): boolean {
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i);
    const letterOrDigit = (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
    if (!letterOrDigit && code !== 45 && code !== 46 && code !== 95) return false;
  }
  return true;
}

function isIpv6Text(text: string): boolean {
  return /^[0-9a-fA-F:.]{2,45}$/.test(text);
}

function isScheme(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*$/.test(text);
}
