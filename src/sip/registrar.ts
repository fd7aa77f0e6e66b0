import type { DigestServer, Ha1Lookup } from './digest-server.ts';
import { cseqOf, sipCallIdOf, toOf } from './message.ts';
import type { SipRequest } from './message.ts';
import { parseNameAddress } from './name-address.ts';
import type { NameAddress } from './name-address.ts';
import type { Peer } from './transport.ts';
import { decodeUser, parseDigits, sameUri } from './uri.ts';

/** Where one phone of an account can be reached: plain data, kept in the database. */
export type SipBinding = {
  /** The Contact URI as the phone wrote it: the Request-URI of a call to it. */
  contactUri: string;
  sipCallId: string;
  seq: number;
  /** Unix ms. */
  expiresAtMs: number;
  /** 0 to 1000: the preference of §10.2.1.2 in thousandths. */
  preference: number;
  /** Path values (RFC 3327), first hop first: the Route of a call to it. */
  path: string[];
  /** Where the REGISTER came from: through a NAT, the only address that reaches the phone. */
  source: Peer;
  userAgent: string;
};

export type RegistrarLimits = {
  minExpiresS: number;
  maxExpiresS: number;
  defaultExpiresS: number;
  maxBindings: number;
};

export const DEFAULT_REGISTRAR_LIMITS: RegistrarLimits = {
  minExpiresS: 60,
  maxExpiresS: 3600,
  defaultExpiresS: 3600,
  maxBindings: 10,
};

export type RegisterResult = {
  status: number;
  headers: [name: string, value: string][];
  /** What to store from now on; the same array when nothing changed. */
  bindings: readonly SipBinding[];
};

export type RegisterOptions = {
  request: SipRequest;
  source: Peer;
  bindings: readonly SipBinding[];
  nowMs: number;
  limits?: RegistrarLimits;
};

export type RegisterAuthorization =
  | { ok: true; username: string }
  | {
      ok: false;
      status: 401 | 403;
      /** The password was wrong, or the account is not known: a try, unlike a request without proof. */
      isWrong: boolean;
      headers: [name: string, value: string][];
    };

/** Steps 3 and 4 of §10.3: who is it, and is the address-of-record in To its own. */
export function authorizeRegister(
  request: SipRequest,
  digest: DigestServer,
  lookupHa1: Ha1Lookup,
): RegisterAuthorization {
  const verdict = digest.verify(request, lookupHa1);
  if (!verdict.ok) {
    const headers = verdict.challenge.map((value): [string, string] => ['WWW-Authenticate', value]);
    return { ok: false, status: 401, isWrong: verdict.reason === 'refused', headers };
  }
  const uri = toOf(request)?.uri;
  const user = uri && 'user' in uri ? decodeUser(uri.user) : '';
  if (user !== verdict.username) return { ok: false, status: 403, isWrong: false, headers: [] };
  return { ok: true, username: verdict.username };
}

/**
 * Steps 6 to 8 of RFC 3261 §10.3, for a request that is already authorised: all contacts of the
 * request are taken, or none.
 */
export function processRegister(options: RegisterOptions): RegisterResult {
  const { request, nowMs } = options;
  const limits = options.limits ?? DEFAULT_REGISTRAR_LIMITS;
  const alive = options.bindings.filter((binding) => binding.expiresAtMs > nowMs);
  const values = request.headers.list('Contact');
  if (values.includes('*')) return removeAll(options, alive, values.length);
  const wishes: Wish[] = [];
  for (const value of values) {
    const contact = parseNameAddress(value);
    if (!contact) return refuse(options, 400);
    const expiresS = wishedExpiry(contact, request, limits);
    if (expiresS > 0 && expiresS < limits.minExpiresS) {
      return refuse(options, 423, ['Min-Expires', String(limits.minExpiresS)]);
    }
    wishes.push({ contact, expiresS });
  }
  const result = applyWishes(options, alive, wishes);
  if (!result) return refuse(options, 500);
  if (result.length > limits.maxBindings) return refuse(options, 403);
  const changed = wishes.length > 0 || alive.length !== options.bindings.length;
  return {
    status: 200,
    headers: contactHeaders(request, result, nowMs),
    bindings: changed ? result : options.bindings,
  };
}

type Wish = { contact: NameAddress; expiresS: number };

/** §10.2.2: `*` stands alone and only together with `Expires: 0`. */
function removeAll(
  options: RegisterOptions,
  alive: readonly SipBinding[],
  contacts: number,
): RegisterResult {
  const { request } = options;
  if (contacts !== 1 || request.headers.get('Expires') !== '0') return refuse(options, 400);
  if (alive.some((binding) => isOutOfOrder(binding, request))) return refuse(options, 500);
  return { status: 200, headers: [], bindings: [] };
}

function applyWishes(
  { request, source, nowMs }: RegisterOptions,
  alive: readonly SipBinding[],
  wishes: readonly Wish[],
): SipBinding[] | undefined {
  let result = [...alive];
  for (const { contact, expiresS } of wishes) {
    const known = result.find((binding) => isSameContact(binding, contact));
    if (known && isOutOfOrder(known, request)) return undefined;
    result = result.filter((binding) => binding !== known);
    if (expiresS === 0) continue;
    result.push({
      contactUri: contact.uriText,
      sipCallId: sipCallIdOf(request),
      seq: cseqOf(request)?.number ?? 0,
      expiresAtMs: nowMs + expiresS * 1000,
      preference: parsePreference(contact.params.get('q')),
      path: request.headers.list('Path'),
      source,
      userAgent: request.headers.get('User-Agent') ?? '',
    });
  }
  return result.sort((left, right) => right.preference - left.preference);
}

function isSameContact(binding: SipBinding, contact: NameAddress): boolean {
  const known = parseNameAddress(`<${binding.contactUri}>`);
  return known !== undefined && sameUri(known.uri, contact.uri);
}

/**
 * §10.3 step 7. An equal CSeq is the same request once more, repeated to a process that did not
 * see the first: it does no harm.
 */
function isOutOfOrder(binding: SipBinding, request: SipRequest): boolean {
  const seq = cseqOf(request)?.number ?? 0;
  return binding.sipCallId === sipCallIdOf(request) && seq < binding.seq;
}

/** §10.3 step 6; a malformed value counts as absent. */
function wishedExpiry(contact: NameAddress, request: SipRequest, limits: RegistrarLimits): number {
  const text = contact.params.get('expires') ?? request.headers.get('Expires') ?? '';
  const wished = parseDigits(text, 4_294_967_295) ?? limits.defaultExpiresS;
  return Math.min(wished, limits.maxExpiresS);
}

/** `0.7` → 700; absent or malformed → 1000. */
function parsePreference(text: string | undefined): number {
  if (text === undefined || !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text)) return 1000;
  return Math.round(Number(text) * 1000);
}

function contactHeaders(
  request: SipRequest,
  bindings: readonly SipBinding[],
  nowMs: number,
): [name: string, value: string][] {
  const headers: [string, string][] = bindings.map((binding) => {
    const seconds = Math.max(1, Math.round((binding.expiresAtMs - nowMs) / 1000));
    const preference = binding.preference === 1000 ? '' : `;q=${binding.preference / 1000}`;
    return ['Contact', `<${binding.contactUri}>;expires=${seconds}${preference}`];
  });
  for (const path of request.headers.lines('Path')) headers.push(['Path', path]);
  return headers;
}

function refuse(
  options: RegisterOptions,
  status: number,
  ...headers: [string, string][]
): RegisterResult {
  return { status, headers, bindings: options.bindings };
}
