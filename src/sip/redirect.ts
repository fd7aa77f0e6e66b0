import type { SipResponse } from './message.ts';
import { parseNameAddress } from './name-address.ts';

const MAX_PLACES = 5;

/**
 * Where a 3xx says that the called party is (RFC 3261 §8.1.3.4): its Contact URIs, the preferred one first
 * (`q`, §20.10). Whether a call of ours goes there is decided elsewhere. Empty for other responses.
 */
export function placesOfRedirect({ status, headers }: SipResponse): string[] {
  if (status < 300 || status >= 400) return [];
  return headers
    .list('Contact')
    .slice(0, MAX_PLACES)
    .flatMap((value) => parseNameAddress(value) ?? [])
    .map(({ uriText, params }) => ({ uriText, q: Number(params.get('q') ?? 1) || 0 }))
    .sort((one, other) => other.q - one.q)
    .map(({ uriText }) => uriText);
}
