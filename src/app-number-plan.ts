import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { asId } from './base/index.ts';
import type { E164 } from './base/index.ts';
import type { NumberPlan } from './subscribers/index.ts';

/** The world's numbering plans, by libphonenumber. */
export const numberPlan: NumberPlan = {
  toE164(raw, defaultCountry) {
    const parsed = parsePhoneNumberFromString(raw, defaultCountry);
    // Possible is enough: an office may use numbers its carrier was lent only last week.
    return parsed?.isPossible() === true ? asId<E164>(parsed.number) : null;
  },
  format(number) {
    const parsed = parsePhoneNumberFromString(number);
    if (!parsed) return number;
    return parsed.countryCallingCode === '81'
      ? parsed.formatNational()
      : parsed.formatInternational();
  },
  countryOf: (number) => parsePhoneNumberFromString(number)?.country ?? null,
};
