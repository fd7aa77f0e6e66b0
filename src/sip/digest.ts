import { splitList } from './name-address.ts';
import { parseDigits, unquote } from './uri.ts';

/** Hashes the bytes of a text that holds one character per byte; returns lower-case hex. */
export type HashFunction = (algorithm: HashAlgorithm, text: string) => string;

export type HashAlgorithm = 'md5' | 'sha-256';

/** As it is written in a challenge (RFC 7616 §3.3, RFC 8760 §2.1). */
export type DigestAlgorithm = 'MD5' | 'SHA-256';

export const HASH_OF: Record<DigestAlgorithm, HashAlgorithm> = { MD5: 'md5', 'SHA-256': 'sha-256' };

/** What an Authorization or Proxy-Authorization header of a client says. */
export type DigestAuthorization = {
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  response: string;
  algorithm: DigestAlgorithm;
  /** '' for the old form without quality of protection (RFC 2069). */
  qop: '' | 'auth';
  cnonce: string;
  nc: string;
};

/** The stored secret of an account: H(username:realm:password). */
export function computeHa1(
  hash: HashFunction,
  algorithm: DigestAlgorithm,
  account: { username: string; realm: string; password: string },
): string {
  return hash(HASH_OF[algorithm], `${account.username}:${account.realm}:${account.password}`);
}

/** RFC 7616 §3.4.1, for `qop=auth` and for the form without. */
export function computeResponse(
  hash: HashFunction,
  ha1: string,
  method: string,
  with_: Omit<DigestAuthorization, 'username' | 'realm' | 'response'>,
): string {
  const algorithm = HASH_OF[with_.algorithm];
  const ha2 = hash(algorithm, `${method}:${with_.uri}`);
  const middle =
    with_.qop === '' ? with_.nonce : `${with_.nonce}:${with_.nc}:${with_.cnonce}:${with_.qop}`;
  return hash(algorithm, `${ha1}:${middle}:${ha2}`);
}

/** Reads `Digest name="value", name=value`; undefined for another scheme. */
export function parseDigestFields(value: string): Map<string, string> | undefined {
  const space = value.indexOf(' ');
  if (value.slice(0, space).toLowerCase() !== 'digest') return undefined;
  const fields = new Map<string, string>();
  for (const part of splitList(value.slice(space + 1)).slice(0, 32)) {
    const equals = part.indexOf('=');
    if (equals <= 0) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    if (!fields.has(name)) fields.set(name, unquote(part.slice(equals + 1).trim()));
  }
  return fields;
}

/** The algorithm by its name in a header; undefined for those we do not speak (`-sess`, SHA-512). */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const upper = (name ?? 'MD5').toUpperCase();
  return upper === 'MD5' || upper === 'SHA-256' ? upper : undefined;
}

/** Reads one Authorization value; undefined when it is not a digest that could be verified. */
export function parseAuthorization(value: string): DigestAuthorization | undefined {
  const fields = parseDigestFields(value);
  const algorithm = digestAlgorithm(fields?.get('algorithm'));
  const qop = fields?.get('qop')?.toLowerCase() ?? '';
  if (!fields || !algorithm || (qop !== '' && qop !== 'auth')) return undefined;
  const text = (name: string): string => fields.get(name) ?? '';
  const authorization: DigestAuthorization = {
    username: text('username'),
    realm: text('realm'),
    nonce: text('nonce'),
    uri: text('uri'),
    response: text('response').toLowerCase(),
    algorithm,
    qop,
    cnonce: text('cnonce'),
    nc: text('nc'),
  };
  const complete = authorization.nonce !== '' && authorization.response !== '';
  const counted = qop === '' || (parseHex(authorization.nc) > 0 && authorization.cnonce !== '');
  return complete && counted ? authorization : undefined;
}

/** A nonce count (`0000000a`); -1 when it is not one. */
export function parseHex(text: string): number {
  return /^[0-9a-fA-F]{1,8}$/.test(text) ? Number.parseInt(text, 16) : -1;
}

/** Compares without telling by its duration where the difference is. */
export function sameSecret(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left.charCodeAt(i) ^ right.charCodeAt(i);
  return difference === 0;
}

/** A parsed WWW-Authenticate or Proxy-Authenticate value. */
export type DigestChallenge = {
  realm: string;
  nonce: string;
  opaque: string;
  algorithm: DigestAlgorithm;
  qop: '' | 'auth';
  stale: boolean;
};

/** Reads one challenge; undefined when we could not answer it. */
export function parseChallenge(value: string): DigestChallenge | undefined {
  const fields = parseDigestFields(value);
  const algorithm = digestAlgorithm(fields?.get('algorithm'));
  const nonce = fields?.get('nonce');
  if (!fields || !algorithm || nonce === undefined) return undefined;
  const offered = fields.get('qop');
  const qops = (offered ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim());
  if (offered !== undefined && !qops.includes('auth')) return undefined;
  return {
    realm: fields.get('realm') ?? '',
    nonce,
    opaque: fields.get('opaque') ?? '',
    algorithm,
    qop: offered === undefined ? '' : 'auth',
    stale: fields.get('stale')?.toLowerCase() === 'true',
  };
}

/** `parseDigits` for expiry times written into nonces. */
export function parseInstant(text: string): number {
  return parseDigits(text, Number.MAX_SAFE_INTEGER) ?? -1;
}
