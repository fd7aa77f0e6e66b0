import fc from 'fast-check';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { E164, SubscriberId } from '../base/index.ts';
import { identifyCaller } from './identify-caller.ts';
import type { CallerCandidates } from './identify-caller.ts';
import { readNumber } from './phone-number.ts';
import type { NumberPlan } from './phone-number.ts';
import { recogniseBrowserCall, recogniseCalled } from './recognise-called.ts';
import type { CalledCandidates } from './recognise-called.ts';

const plan: NumberPlan = {
  toE164(raw, defaultCountry) {
    const parsed = parsePhoneNumberFromString(raw, defaultCountry);
    return parsed?.isPossible() ? asId<E164>(parsed.number) : null;
  },
  format: (number) => parsePhoneNumberFromString(number)?.formatNational() ?? number,
  countryOf: (number) => parsePhoneNumberFromString(number)?.country ?? null,
};

describe('readNumber', () => {
  it.each([
    '+81301234567',
    '+81-3-0123-4567',
    '0301234567',
    '03-0123-4567',
    '03(0123)4567',
    '03.0123.4567',
    '０３−０１２３−４５６７',
    '03ー0123ー4567',
    '81301234567',
    '0081301234567',
    '010-81-3-0123-4567',
    '1840301234567',
    '186-03-0123-4567',
    'tel:+81-3-0123-4567',
    'tel:0301234567;phone-context=+81',
    'tel:301234567;phone-context=+81',
    'TEL:03-0123-4567',
    '\u202a03-0123\u200b-4567\u202c',
    'sip:0301234567@trunk.example.jp;user=phone',
    'sip:+81301234567;npdi@192.0.2.1:5060',
    'sips:%2B81301234567@example.jp',
    '"03-0123-4567" <sip:0301234567@example.jp>;tag=1',
  ])('%s is +81301234567', (raw) => {
    expect(readNumber(raw, plan)).toBe('+81301234567');
  });

  it.each([
    ['090-0123-4567', '+819001234567'],
    ['050-0123-4567', '+815001234567'],
    ['0120-000-000', '+81120000000'],
    ['+44 20 7946 0000', '+442079460000'],
  ])('%s is %s', (raw, expected) => {
    expect(readNumber(raw, plan)).toBe(expected);
  });

  it.each([
    '',
    'anonymous',
    '110',
    '119',
    '1001',
    'sip:operator@example.jp',
    '+',
    '++8130',
    '03-0123-4567x',
  ])('%j is no number', (raw) => {
    expect(readNumber(raw, plan)).toBeNull();
  });

  it('never throws, whatever comes', () => {
    const any = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[<>"@;:%+0-9-]*$/));
    fc.assert(
      fc.property(any, (raw) => {
        const read = readNumber(raw, plan);
        expect(read === null || /^\+\d{1,17}$/.test(read)).toBe(true);
      }),
    );
  });
});

const COMPANIES: Record<string, string> = {
  '+81301234567': 'sub-sakura',
  '+81301234568': 'sub-ume',
  '+815001234567': 'sub-matsu',
};
const directory = {
  subscriberOf: (did: E164): SubscriberId | null => {
    const found = COMPANIES[did];
    return found === undefined ? null : asId<SubscriberId>(found);
  },
};

function candidates(some: Partial<CalledCandidates>): CalledCandidates {
  return {
    requestUri: null,
    to: null,
    pCalledPartyId: null,
    diversion: [],
    historyInfo: [],
    ...some,
  };
}

describe('recogniseCalled', () => {
  const NUMBERS = [
    ['0301234567', 'sub-sakura'],
    ['+81-3-0123-4568', 'sub-ume'],
    ['tel:050-0123-4567', 'sub-matsu'],
  ] as const;

  it.each(NUMBERS)('believes the Request-URI %s, whatever To says', (requestUri, company) => {
    for (const [to] of NUMBERS) {
      expect(recogniseCalled(candidates({ requestUri, to }), directory, plan)).toMatchObject({
        subscriberId: company,
        how: 'request-uri',
        certainty: 'certain',
      });
    }
  });

  it.each(NUMBERS)('believes To %s where the trunk’s rule says so', (to, company) => {
    // The Request-URI is the registered contact, which may be the trunk's main number.
    for (const requestUri of ['denwaban', '0301234567']) {
      const called = recogniseCalled(candidates({ requestUri, to }), directory, plan, 'to');
      expect(called).toMatchObject({ subscriberId: company, how: 'trunk-rule' });
      expect(called.certainty).toBe('certain');
    }
  });

  it('never believes To without such a rule', () => {
    const called = recogniseCalled(
      candidates({ requestUri: 'sip:denwaban@192.0.2.1', to: '0301234567' }),
      directory,
      plan,
    );
    expect(called).toEqual({
      subscriberId: null,
      did: null,
      dialedNumber: 'denwaban',
      how: 'catch-all',
      certainty: 'unknown',
    });
  });

  it('falls back on the Request-URI, less sure, when the place of the rule holds nothing of ours', () => {
    const called = recogniseCalled(
      candidates({ requestUri: '0301234568', pCalledPartyId: '0399999999' }),
      directory,
      plan,
      'p-called-party-id',
    );
    expect(called).toMatchObject({
      subscriberId: 'sub-ume',
      how: 'request-uri',
      certainty: 'likely',
    });
  });

  it('goes on to P-Called-Party-ID, Diversion, History-Info, in this order', () => {
    const all = candidates({
      requestUri: '0311110000',
      pCalledPartyId: '<sip:+81301234567@example.jp>',
      diversion: ['0322220000', 'tel:+81-3-0123-4568'],
      historyInfo: ['sip:0500123-4567@example.jp'],
    });
    const expected = [
      ['p-called-party-id', 'sub-sakura', 'certain'],
      ['diversion', 'sub-ume', 'likely'],
      ['history-info', 'sub-matsu', 'likely'],
    ] as const;
    const steps = [all, { ...all, pCalledPartyId: null }];
    steps.push({ ...all, pCalledPartyId: null, diversion: [] });
    expected.forEach(([how, subscriberId, certainty], index) => {
      expect(recogniseCalled(steps[index]!, directory, plan)).toMatchObject({
        how,
        subscriberId,
        certainty,
      });
    });
  });

  it('keeps what was dialled of a number nobody knows, bounded and without control characters', () => {
    const requestUri = `sip:0399\u0000999999${'9'.repeat(500)}@example.jp`;
    const called = recogniseCalled(candidates({ requestUri }), directory, plan);
    expect(called.how).toBe('catch-all');
    expect(called.dialedNumber).toMatch(/^039{62}$/);
  });
});

describe('recogniseBrowserCall', () => {
  it('knows our numbers and sends others to the catch-all desk', () => {
    expect(recogniseBrowserCall('03-0123-4567', directory, plan)).toMatchObject({
      subscriberId: 'sub-sakura',
      did: '+81301234567',
      how: 'browser',
    });
    expect(recogniseBrowserCall('03-9999-9999', directory, plan).how).toBe('catch-all');
  });
});

function caller(some: Partial<CallerCandidates>): ReturnType<typeof identifyCaller> {
  return identifyCaller(
    {
      from: null,
      fromDisplayName: null,
      pAssertedIdentity: [],
      privacy: null,
      trustAsserted: true,
      isPayphone: false,
      ...some,
    },
    plan,
  );
}

describe('identifyCaller', () => {
  it('reads the number of From', () => {
    expect(caller({ from: 'sip:09001234567@example.jp', fromDisplayName: '' })).toEqual({
      number: '+819001234567',
      rawNumber: null,
      displayName: null,
      withheld: null,
      international: false,
    });
  });

  it('believes an asserted identity only of a trunk that vouches for it', () => {
    const both = { from: '09001234567', pAssertedIdentity: ['<tel:+81301234567>'] };
    expect(caller(both).number).toBe('+81301234567');
    expect(caller({ ...both, trustAsserted: false }).number).toBe('+819001234567');
  });

  it.each([
    ['Anonymous', 'withheld'],
    ['"Anonymous"', 'withheld'],
    ['Coin line/payphone', 'payphone'],
    ['coin line / payphone', 'payphone'],
    ['Unavailable', 'unavailable'],
    ['Interaction with other service', 'unavailable'],
  ])('%s: no number, %s', (fromDisplayName, withheld) => {
    expect(caller({ fromDisplayName, from: 'sip:anonymous@anonymous.invalid' })).toEqual({
      number: null,
      rawNumber: null,
      displayName: null,
      withheld,
      international: false,
    });
  });

  it('does not keep the number of a caller who hides it, even when the trunk tells it', () => {
    const hidden = caller({
      from: 'sip:09001234567@example.jp',
      pAssertedIdentity: ['tel:+819001234567'],
      privacy: 'user; id',
    });
    expect(hidden).toMatchObject({ number: null, rawNumber: null, withheld: 'withheld' });
    expect(caller({ from: '09001234567', privacy: 'none' }).number).toBe('+819001234567');
  });

  it('marks a foreign number', () => {
    expect(caller({ from: '+442079460000' })).toMatchObject({
      number: '+442079460000',
      international: true,
    });
  });

  it('keeps what is no number, and says unavailable where nothing came', () => {
    expect(caller({ from: 'sip:reception@example.jp', fromDisplayName: '受付' })).toEqual({
      number: null,
      rawNumber: 'reception',
      displayName: '受付',
      withheld: null,
      international: false,
    });
    expect(caller({}).withheld).toBe('unavailable');
  });

  it('never throws and keeps everything short', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(text, text, text, (from, fromDisplayName, privacy) => {
        const identity = caller({ from, fromDisplayName, privacy, pAssertedIdentity: [from] });
        expect((identity.displayName ?? '').length).toBeLessThanOrEqual(80);
        expect((identity.rawNumber ?? '').length).toBeLessThanOrEqual(80);
      }),
    );
  });
});
