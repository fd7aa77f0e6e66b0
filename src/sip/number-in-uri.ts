import { fromOf, toOf } from './message.ts';
import type { SipRequest } from './message.ts';
import { parseNameAddress } from './name-address.ts';
import type { NameAddress } from './name-address.ts';
import { decodeUser, parseParams, parseUri } from './uri.ts';
import type { Params, Uri } from './uri.ts';

export type NumberSource =
  | 'request-uri'
  | 'to'
  | 'p-called-party-id'
  | 'diversion'
  | 'history-info'
  | 'from'
  | 'p-asserted-identity'
  | 'remote-party-id';

/** A number or name as one place of the request states it. What it means is decided elsewhere. */
export type NumberCandidate = {
  source: NumberSource;
  /** User part or tel number, escapes resolved, visual separators kept: `+81-3-0123-4567`. */
  text: string;
  /** True for `tel:` and for `user=phone`. */
  isPhone: boolean;
  /** RFC 3966: what a number without `+` is relative to; '' when not said. */
  phoneContext: string;
  /** '' for `tel:`. */
  host: string;
  /** What kind of telephone it is (`cpc`, as TS 24.229 §7.2A.12 writes it): `payphone`; '' when not said. */
  callingPartyCategory: string;
  displayName: string;
  /** Diversion: why (`unconditional`, `no-answer` …); '' elsewhere. */
  reason: string;
  /** History-Info: the index (`1.1`); '' elsewhere. */
  index: string;
};

/** Turns bytes (one per character) into text; invalid bytes become U+FFFD. */
export type DecodeUtf8 = (latin1: string) => string;

const MAX_ENTRIES = 20;

/**
 * Everything that says which number was dialled: Request-URI, To, P-Called-Party-ID (RFC 7315),
 * Diversion from the latest to the first (RFC 5806), History-Info in its order (RFC 7044).
 */
export function calledNumbers(request: SipRequest, decodeUtf8: DecodeUtf8): NumberCandidate[] {
  const requestUri = parseUri(request.uri);
  return [
    ...(requestUri ? [candidateOf('request-uri', requestUri)] : []),
    ...fromAddress('to', toOf(request), decodeUtf8),
    ...fromHeader('p-called-party-id', request, decodeUtf8),
    ...fromHeader('diversion', request, decodeUtf8),
    ...fromHeader('history-info', request, decodeUtf8),
  ];
}

/** Everything that says who calls: P-Asserted-Identity (RFC 3325), From, Remote-Party-ID. */
export function callingNumbers(request: SipRequest, decodeUtf8: DecodeUtf8): NumberCandidate[] {
  return [
    ...fromHeader('p-asserted-identity', request, decodeUtf8),
    ...fromAddress('from', fromOf(request), decodeUtf8),
    ...fromHeader('remote-party-id', request, decodeUtf8),
  ];
}

/**
 * The tokens of Privacy (RFC 3323): `id`, `user`, `header`, `session`, `none`, `critical`. They
 * are separated by semicolons; commas are met too. A Remote-Party-ID that is not to be shown asks for `id`.
 */
export function privacyOf(request: SipRequest): string[] {
  const tokens = request.headers
    .lines('Privacy')
    .flatMap((line) => line.split(/[;,]/))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
  return isRemotePartyHidden(request) ? [...tokens, 'id'] : tokens;
}

function isRemotePartyHidden(request: SipRequest): boolean {
  return request.headers
    .list('Remote-Party-ID')
    .slice(0, MAX_ENTRIES)
    .map((value) => parseNameAddress(value)?.params)
    .some((params) => {
      const isCaller = (params?.get('party') ?? 'calling').toLowerCase() === 'calling';
      return isCaller && /^(?:full|uri)/i.test(params?.get('privacy') ?? '');
    });
}

function fromHeader(
  source: NumberSource,
  request: SipRequest,
  decodeUtf8: DecodeUtf8,
): NumberCandidate[] {
  return request.headers
    .list(source)
    .slice(0, MAX_ENTRIES)
    .flatMap((value) => fromAddress(source, parseNameAddress(value), decodeUtf8));
}

function fromAddress(
  source: NumberSource,
  address: NameAddress | undefined,
  decodeUtf8: DecodeUtf8,
): NumberCandidate[] {
  if (!address) return [];
  const candidate = candidateOf(source, address.uri);
  candidate.displayName = decodeUtf8(address.displayName);
  if (source === 'diversion') candidate.reason = address.params.get('reason') ?? '';
  if (source === 'history-info') candidate.index = address.params.get('index') ?? '';
  return [candidate];
}

function candidateOf(source: NumberSource, uri: Uri): NumberCandidate {
  const plain = {
    source,
    text: '',
    isPhone: false,
    phoneContext: '',
    host: '',
    callingPartyCategory: '',
    displayName: '',
    reason: '',
    index: '',
  };
  if (uri.scheme === 'other') return plain;
  if (uri.scheme === 'tel') {
    const phoneContext = uri.params.get('phone-context') ?? '';
    const callingPartyCategory = categoryIn(uri.params);
    const text = decodeUser(uri.number);
    return { ...plain, text, isPhone: true, phoneContext, callingPartyCategory };
  }
  // RFC 3261 §19.1.6: the user part of a SIP URI may be a whole telephone-subscriber.
  const semicolon = uri.user.indexOf(';');
  const number = semicolon < 0 ? uri.user : uri.user.slice(0, semicolon);
  const params: Params | undefined = semicolon < 0 ? undefined : parseParams(uri.user, semicolon);
  return {
    ...plain,
    text: decodeUser(number),
    isPhone: uri.params.get('user')?.toLowerCase() === 'phone',
    phoneContext: params?.get('phone-context') ?? '',
    host: uri.host,
    callingPartyCategory: categoryIn(params) || categoryIn(uri.params),
  };
}

function categoryIn(params: Params | undefined): string {
  return params?.get('cpc')?.toLowerCase() ?? '';
}
