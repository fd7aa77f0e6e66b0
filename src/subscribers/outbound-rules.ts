import type { E164 } from '../base/index.ts';
import { dialedDigits, readNumber } from './phone-number.ts';
import type { NumberPlan } from './phone-number.ts';

/** Which telephones the office may ring, and how many calls at most: the dam against toll fraud. */
export type OutboundRules = {
  /** ISO 3166 codes besides Japan. */
  countries: string[];
  /** In E.164, `+8190`: when there are any, nothing else is rung. */
  allowedPrefixes: string[];
  /** In E.164; they win over everything that is allowed. */
  deniedPrefixes: string[];
  /** 0570 numbers, whose price the called company sets. */
  naviDial: boolean;
  callsPerHour: number;
  callsPerHourOfSubscriber: number;
  callsAtOnce: number;
  callsAtOnceOfSubscriber: number;
};

export const DEFAULT_OUTBOUND_RULES: OutboundRules = {
  countries: [],
  allowedPrefixes: [],
  deniedPrefixes: [],
  naviDial: false,
  callsPerHour: 300,
  callsPerHourOfSubscriber: 40,
  callsAtOnce: 30,
  callsAtOnceOfSubscriber: 4,
};

/** Why a number is not rung. */
export type NumberRefusal =
  | 'not-a-number'
  /** 110, 118, 119: a machine that rings them keeps somebody in need from getting through. */
  | 'emergency'
  /** Other numbers of three digits, 020, 0170 and 0910: services of the network, no telephones. */
  | 'special-number'
  /** 184, 186 twice, or before what is no number. */
  | 'presentation-prefix'
  /** 00XY: another carrier would be chosen, past the rules of this one. */
  | 'carrier-prefix'
  | 'premium'
  | 'navi-dial'
  | 'satellite'
  | 'international'
  | 'denied-prefix';

/**
 * Said for one call by 184 or 186 before its number: the called party is not to see ours, or is to see it. It
 * wins over the trunk's rule, as a line's own setting gives way to it at an exchange.
 */
export type Presentation = 'withheld' | 'shown';

export type NumberVerdict =
  | { ok: true; number: E164; presentation?: Presentation | undefined }
  | { ok: false; reason: NumberRefusal };

/** What comes first must win: `+1900` before the country of `+1`. */
const PREMIUM = [
  // Japan: 0990 Dial Q2, 0180 information services.
  ...['+81990', '+81180'],
  ...['+1900', '+1976', '+448', '+449', '+4470', '+49900', '+49137', '+49180', '+338', '+3989'],
  ...['+34803', '+34806', '+34807', '+43900', '+43930', '+43939', '+41900', '+41901', '+41906'],
  ...['+31900', '+31906', '+31909', '+3290', '+46900', '+46939', '+46944', '+61190', '+64900'],
  ...['+8260', '+82700', '+852900', '+65190', '+886203', '+886204', '+6690', '+6319'],
  ...['+7803', '+7809', '+4782', '+358600', '+358606', '+358700', '+21289'],
];
/** Japan: 020 pagers and machines, 0170 voice boxes, 0910 private networks. */
const SERVICES = ['+8120', '+81170', '+81910'];
/** Satellites, international networks, universal and international premium numbers: no country. */
const WORLDWIDE = ['+800', '+808', '+870', '+878', '+88', '+979', '+999'];
const EMERGENCY = /^(110|118|119)$/;
/**
 * A telephone in Japan: nine digits after +81, ten for 050 to 090 and 0800. None begins with 0 or 10: dialled
 * with the 0 before it, `+81 10 1 212…` would be 010 1 212…, a call abroad, and `+81 0…` a carrier's prefix.
 */
const JAPANESE = /^\+81(?!0|10)(?:\d{9}|[5-9]0\d{8})$/;
/** Nobody has more of them to say; a longer list is a forged one. */
const MAX_PREFIXES = 200;

/**
 * Whether a number, as a person or a form writes it, may be rung; it comes back in E.164. One 184 or 186 before
 * it is taken off, and the number behind is asked about.
 */
export function checkOutboundNumber(
  raw: string,
  rules: OutboundRules,
  plan: NumberPlan,
): NumberVerdict {
  const dialed = dialedDigits(raw);
  if (dialed === null) return { ok: false, reason: 'not-a-number' };
  const early = refusalOfDialed(dialed);
  if (early !== null) return { ok: false, reason: early };
  const number = readNumber(raw, plan);
  if (number === null) return { ok: false, reason: 'not-a-number' };
  const late = refusalOfNumber(number, rules, plan);
  if (late !== null) return { ok: false, reason: late };
  return { ok: true, number, presentation: presentationOf(dialed) };
}

/** What 184 (withheld) or 186 (shown) before a number asks for; undefined without them. */
export function presentationOf(dialed: string): Presentation | undefined {
  if (!/^18[46]0/.test(dialed)) return undefined;
  return dialed.startsWith('184') ? 'withheld' : 'shown';
}

/** How a trunk wants its numbers: `0301234567` and `010442079460000`, or in E.164. */
export type TrunkFormat = 'national' | 'e164';

export type DialVerdict =
  { ok: true; number: E164; digits: string } | { ok: false; reason: NumberRefusal };

/**
 * What a trunk is sent for a number. These digits are what is charged for, so they are asked of the same rules
 * once more, read as a carrier in Japan reads them: they must be allowed, and the very number that was meant.
 */
export function digitsForTrunk(
  raw: string,
  format: TrunkFormat,
  { rules, plan }: { rules: OutboundRules; plan: NumberPlan },
): DialVerdict {
  const meant = checkOutboundNumber(raw, rules, plan);
  if (!meant.ok) return meant;
  const digits = inFormat(meant.number, format);
  const sent = checkOutboundNumber(digits, rules, plan);
  if (!sent.ok) return sent;
  return sent.number === meant.number
    ? { ok: true, number: meant.number, digits }
    : { ok: false, reason: 'not-a-number' };
}

/** A number as the trunk wants it; of our own, that is shown, nothing is asked. */
export function inFormat(number: E164, format: TrunkFormat): string {
  if (format === 'e164') return number;
  return number.startsWith('+81') ? `0${number.slice(3)}` : `010${number.slice(1)}`;
}

/** What the keys pressed say before they are a number. */
function refusalOfDialed(dialed: string): NumberRefusal | null {
  const bare = dialed
    .replace(/^(?:18[46])+(?=[01])/, '')
    .replace(/^(?:\+|00|010)?81(?=0?1\d\d$)0?/, '');
  if (EMERGENCY.test(bare)) return 'emergency';
  if (/^1\d\d$/.test(bare)) return 'special-number';
  if (/^18[46](?!0)/.test(dialed)) return 'presentation-prefix';
  if (/^(?:18[46])?00/.test(dialed)) return 'carrier-prefix';
  return null;
}

function refusalOfNumber(
  number: E164,
  rules: OutboundRules,
  plan: NumberPlan,
): NumberRefusal | null {
  const under = (prefixes: readonly string[]): boolean =>
    prefixes.slice(0, MAX_PREFIXES).some((prefix) => number.startsWith(prefix));
  if (under(PREMIUM)) return 'premium';
  if (number.startsWith('+81')) {
    if (under(SERVICES)) return 'special-number';
    if (number.startsWith('+81570') && !rules.naviDial) return 'navi-dial';
    if (!JAPANESE.test(number)) return 'not-a-number';
  } else {
    if (under(WORLDWIDE) && !number.startsWith('+880') && !number.startsWith('+886')) {
      return 'satellite';
    }
    const country = plan.countryOf(number);
    if (country === null || !rules.countries.includes(country)) return 'international';
  }
  if (under(rules.deniedPrefixes)) return 'denied-prefix';
  return rules.allowedPrefixes.length > 0 && !under(rules.allowedPrefixes) ? 'denied-prefix' : null;
}

/** How many calls there are already. */
export type OutboundUse = {
  hour: number;
  hourOfSubscriber: number;
  now: number;
  nowOfSubscriber: number;
};

export type Ceiling =
  | 'calls-per-hour'
  | 'calls-per-hour-of-subscriber'
  | 'calls-at-once'
  | 'calls-at-once-of-subscriber'
  /** Each trunk that could carry the call carries as many as it may (`maxCalls`). */
  | 'trunks-full';

/** The first ceiling that one more call would break; null when there is room. */
export function ceilingReached(use: OutboundUse, rules: OutboundRules): Ceiling | null {
  if (use.nowOfSubscriber >= rules.callsAtOnceOfSubscriber) return 'calls-at-once-of-subscriber';
  if (use.hourOfSubscriber >= rules.callsPerHourOfSubscriber) return 'calls-per-hour-of-subscriber';
  if (use.now >= rules.callsAtOnce) return 'calls-at-once';
  return use.hour >= rules.callsPerHour ? 'calls-per-hour' : null;
}

/** For the operator, who must know what to tell the caller; a sentence each. */
export const OUTBOUND_WORDS: Record<NumberRefusal | Ceiling | 'no-trunk', Words> = {
  'not-a-number': words(
    '電話番号として読み取れません。番号を確かめてください。',
    'This is not a telephone number. Check its digits.',
  ),
  emergency: words(
    '110・118・119 へは、このシステムからかけられません。ご自身の電話でおかけください。',
    'Emergency numbers are never dialled by the system. Use your own telephone.',
  ),
  'special-number': words(
    '3桁の番号など、特別な番号へはかけられません。',
    'Short and service numbers cannot be called.',
  ),
  'presentation-prefix': words(
    '184・186 は、0 から始まる番号の前に1つだけ付けてください。',
    'Put 184 or 186 once, and before a number that begins with 0.',
  ),
  'carrier-prefix': words(
    '00 で始まる番号（電話会社の指定）へはかけられません。',
    'Numbers that choose another carrier (00…) cannot be called.',
  ),
  premium: words(
    '情報料のかかる番号へはかけられません。',
    'Premium-rate numbers cannot be called.',
  ),
  'navi-dial': words(
    '0570 の番号へは、設定によりかけられません。',
    '0570 numbers are not allowed by the settings.',
  ),
  satellite: words(
    '衛星電話などの番号へはかけられません。',
    'Satellite and worldwide service numbers cannot be called.',
  ),
  international: words(
    'この国への国際電話は、設定により許可されていません。',
    'International calls to this country are not allowed by the settings.',
  ),
  'denied-prefix': words(
    'この番号への発信は、設定により許可されていません。',
    'Calls to this number are not allowed by the settings.',
  ),
  'calls-per-hour': words(
    '1時間あたりの発信数の上限に達しました。管理者に知らせてください。',
    'The office has placed as many calls this hour as it may. Tell the administrator.',
  ),
  'calls-per-hour-of-subscriber': words(
    'この契約者の1時間あたりの発信数の上限に達しました。',
    'As many calls were placed this hour for this subscriber as may be.',
  ),
  'trunks-full': words(
    '回線がすべて使用中です。空くのを待ってから、かけ直してください。',
    'All lines are in use. Try again when one is free.',
  ),
  'calls-at-once': words(
    '同時に発信できる数の上限に達しました。少し待ってからかけ直してください。',
    'As many calls are up as may be. Try again in a moment.',
  ),
  'calls-at-once-of-subscriber': words(
    'この契約者の同時に発信できる数の上限に達しました。少し待ってからかけ直してください。',
    'As many calls are up for this subscriber as may be. Try again in a moment.',
  ),
  'no-trunk': words(
    '発信できる回線がありません。管理者に知らせてください。',
    'No trunk can carry the call now. Tell the administrator.',
  ),
};

type Words = { ja: string; en: string };

function words(ja: string, en: string): Words {
  return { ja, en };
}
