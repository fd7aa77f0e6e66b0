import type { E164 } from '../base/index.ts';
import type { CallerIdentity, WithheldReason } from './called-party.ts';
import { readNumber, userPartOf } from './phone-number.ts';
import type { NumberPlan } from './phone-number.ts';

export type CallerCandidates = {
  /** The From URI or its user part. */
  from: string | null;
  fromDisplayName: string | null;
  /** P-Asserted-Identity (RFC 3325), then Remote-Party-ID; each value's URI. */
  pAssertedIdentity: string[];
  /** The Privacy header (RFC 3323), as it came. */
  privacy: string | null;
  /** Does the trunk vouch for the asserted identity? */
  trustAsserted: boolean;
  /** The carrier says so of the number, shown or not. */
  isPayphone: boolean;
};

const MAX_ENTRIES = 10;
const MAX_SHOWN_LENGTH = 80;

/** What Japanese carriers put into the From display name when there is no number to show. */
const REASONS: Record<string, WithheldReason> = {
  anonymous: 'withheld',
  非通知: 'withheld',
  'coin line/payphone': 'payphone',
  'coin line': 'payphone',
  payphone: 'payphone',
  公衆電話: 'payphone',
  unavailable: 'unavailable',
  'interaction with other service': 'unavailable',
  表示圏外: 'unavailable',
  通知圏外: 'unavailable',
  通知不可能: 'unavailable',
};

/** Who rings, and if no number is shown: why. A number that was to be hidden is not kept. */
export function identifyCaller(candidates: CallerCandidates, plan: NumberPlan): CallerIdentity {
  const displayName = clean(candidates.fromDisplayName ?? '');
  const user = clean(userPartOf(candidates.from ?? ''));
  const reason = reasonIn(displayName) ?? reasonIn(user);
  const hidden = reason === 'withheld' || reason === 'payphone' || asksPrivacy(candidates.privacy);
  // Carriers ask for privacy in all three cases; the display name says which it is.
  if (hidden) return nobody(hiddenBecause(reason, candidates));
  const number = numberOf(candidates, plan);
  // "Unavailable" is no wish of the caller's: a number that came all the same may be shown.
  if (number === null && (reason !== null || user === '')) return nobody('unavailable');
  const name = reason === null && displayName !== '' && displayName !== user ? displayName : null;
  return {
    number,
    rawNumber: number === null ? user : null,
    displayName: name,
    withheld: null,
    international: isForeign(number),
  };
}

/** That it is a payphone says more than that nobody is to be named. */
function hiddenBecause(
  reason: WithheldReason | null,
  { isPayphone }: Pick<CallerCandidates, 'isPayphone'>,
): WithheldReason {
  if (reason !== null && reason !== 'withheld') return reason;
  return isPayphone ? 'payphone' : 'withheld';
}

function isForeign(number: E164 | null): boolean {
  return number !== null && !number.startsWith('+81');
}

function numberOf(candidates: CallerCandidates, plan: NumberPlan): E164 | null {
  if (candidates.trustAsserted) {
    for (const asserted of candidates.pAssertedIdentity.slice(0, MAX_ENTRIES)) {
      const number = readNumber(asserted, plan);
      if (number !== null) return number;
    }
  }
  return candidates.from === null ? null : readNumber(candidates.from, plan);
}

function nobody(withheld: WithheldReason): CallerIdentity {
  return { number: null, rawNumber: null, displayName: null, withheld, international: false };
}

function reasonIn(text: string): WithheldReason | null {
  const key = text.toLowerCase().replace(/\s*\/\s*/g, '/');
  return Object.hasOwn(REASONS, key) ? (REASONS[key] ?? null) : null;
}

/** RFC 3323 §4.2 and RFC 3325 §9.3; `none` asks for the opposite, `critical` and `session` hide no name. */
function asksPrivacy(privacy: string | null): boolean {
  const values = (privacy ?? '').toLowerCase().split(/[;,\s]+/, MAX_ENTRIES);
  return ['id', 'user', 'header'].some((value) => values.includes(value));
}

function clean(text: string): string {
  return text
    .slice(0, 4 * MAX_SHOWN_LENGTH)
    .replace(/\p{C}/gu, '')
    .replace(/^\s*"(.*)"\s*$/, '$1')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_SHOWN_LENGTH);
}
