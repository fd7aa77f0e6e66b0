import type { E164 } from '../base/index.ts';

/** What the world's numbering plans know. Implemented in `app.ts`. */
export interface NumberPlan {
  /** Null for what is no possible number: extensions, emergency numbers, words. */
  toE164(raw: string, defaultCountry: 'JP'): E164 | null;
  /** For the eye, `03-0123-4567`; foreign numbers in international form, `+44 20 7946 0000`. */
  format(number: E164): string;
  /** ISO 3166 code of the country that lent the number; null for none and for worldwide services. */
  countryOf(number: E164): string | null;
}

/** Longer than any user part that is a number; beyond it nothing is read. */
const MAX_RAW_LENGTH = 256;

/** Among them what is not seen: numbers copied from a page or a telephone's contacts stand between such. */
const SEPARATORS = /[\s\p{Cf}().\-\u2010-\u2015\u2212\u30fc\uff70]/gu;

/**
 * A number as trunks, forms and files write it, in E.164: `+81…`, `03…`, hyphens, `tel:` and
 * `sip:` URIs, full-width digits, `184`/`186` (the caller's own "hide / show my number") alike.
 */
export function readNumber(raw: string, plan: NumberPlan): E164 | null {
  const { context } = splitUser(raw);
  const dialed = dialedDigits(raw);
  return dialed === null ? null : plan.toE164(withCountry(dialed, context), 'JP');
}

/** What keys would be pressed for it, `+` for the international prefix; null for what is no number. */
export function dialedDigits(raw: string): string | null {
  const dialed = splitUser(raw).number.replace(SEPARATORS, '');
  return /^\+?\d{3,20}$/.test(dialed) ? dialed : null;
}

function withCountry(dialed: string, context: string | null): string {
  if (dialed.startsWith('+')) return dialed;
  const shown = dialed.replace(/^18[46](?=0\d{8})/, '');
  if (shown.startsWith('0081')) return `+81${shown.slice(4)}`;
  // RFC 3966 §5.1.5: a local number is completed by its context; `0…` is complete in Japan.
  if (context !== null && !shown.startsWith('0')) return context + shown;
  return /^81\d{9,10}$/.test(shown) ? `+${shown}` : shown;
}

/** The user part of a URI, an address or a bare number, for the eye: without scheme and host. */
export function userPartOf(raw: string): string {
  return splitUser(raw).number;
}

function splitUser(raw: string): { number: string; context: string | null } {
  const text = raw.slice(0, MAX_RAW_LENGTH).normalize('NFKC').trim();
  const bracketed = /<([^>]*)>?/.exec(text)?.[1] ?? text;
  const bare = bracketed.replace(/^(?:sips?|tel):/i, '');
  const [user = '', ...parameters] = (bare.split('@')[0] ?? '').split(';');
  const context = parameters
    .map((parameter) => /^phone-context=(\+\d[\d.()-]*)$/i.exec(parameter)?.[1])
    .find((found) => found !== undefined);
  return { number: unescape(user).trim(), context: context?.replace(SEPARATORS, '') ?? null };
}

/** RFC 3986 §2.1, only for what a number may hold; anything else stays as it came. */
function unescape(user: string): string {
  return user.replace(/%(2[0-9a-f]|3[0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
