import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberPlan as plan } from '../app-number-plan.ts';
import {
  DEFAULT_OUTBOUND_RULES,
  OUTBOUND_WORDS,
  ceilingReached,
  checkOutboundNumber,
  digitsForTrunk,
} from './outbound-rules.ts';
import type { OutboundRules } from './outbound-rules.ts';

const rules = (change: Partial<OutboundRules> = {}): OutboundRules => ({
  ...DEFAULT_OUTBOUND_RULES,
  ...change,
});
const reasonOf = (raw: string, change: Partial<OutboundRules> = {}): string => {
  const verdict = checkOutboundNumber(raw, rules(change), plan);
  return verdict.ok ? 'ok' : verdict.reason;
};

describe('numbers that may be rung', () => {
  it.each([
    ['03-0123-4567', '+81301234567'],
    ['０９０ー０１２３ー４５６７', '+819001234567'],
    ['+81 90 0123 4567', '+819001234567'],
    ['010-81-3-0123-4567', '+81301234567'],
    ['050-0123-4567', '+815001234567'],
    ['0120-000-000', '+81120000000'],
    // Sapporo, though it begins like the police.
    ['011-012-3456', '+81110123456'],
    ['tel:+81-3-0123-4567', '+81301234567'],
  ])('%s is %s', (raw, number) => {
    expect(checkOutboundNumber(raw, rules(), plan)).toEqual({ ok: true, number });
  });
});

describe('184 and 186 before a number', () => {
  it.each([
    ['184-090-0123-4567', 'withheld'],
    ['１８６−０９０ー０１２３ー４５６７', 'shown'],
    ['sip:18409001234567@192.0.2.1;user=phone', 'withheld'],
    ['tel:18609001234567;phone-context=+1', 'shown'],
    ['090-0123-4567', undefined],
  ])('%s: ours is %s', (raw, presentation) => {
    const verdict = checkOutboundNumber(raw, rules(), plan);
    expect(verdict).toEqual({ ok: true, number: '+819001234567', presentation });
  });

  it('open nothing that is closed without them, and close nothing that is open', () => {
    const digits = fc.stringMatching(/^0[0-9]{6,16}$/);
    const open = rules({ countries: ['US', 'GB'] });
    const forged = ['110', '0990500000', '0105312345678', '01012125550100', '0301234567'];
    const spelling = fc.oneof(
      digits,
      fc.constantFrom(...forged.map((one) => `0${one}`), ...forged),
    );
    fc.assert(
      fc.property(spelling, fc.constantFrom('184', '186'), (raw, prefix) => {
        const plain = checkOutboundNumber(raw, open, plan);
        const prefixed = checkOutboundNumber(prefix + raw, open, plan);
        expect(prefixed.ok).toBe(plain.ok);
        if (prefixed.ok && plain.ok) expect(prefixed.number).toBe(plain.number);
        expect(checkOutboundNumber(`184${prefix}${raw}`, open, plan).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('toll fraud, number by number', () => {
  it.each([
    ['110', 'emergency'],
    ['１１９', 'emergency'],
    ['1-1-8', 'emergency'],
    ['184110', 'emergency'],
    ['186-119', 'emergency'],
    ['184186110', 'emergency'],
    ['+81110', 'emergency'],
    ['+81-0-119', 'emergency'],
    ['010-81-110', 'emergency'],
    ['0081110', 'emergency'],
    ['tel:110;phone-context=+81', 'emergency'],
    ['sip:119@192.0.2.1', 'emergency'],
    ['117', 'special-number'],
    ['104', 'special-number'],
    ['171', 'special-number'],
    ['020-0123-4567', 'special-number'],
    ['0170-123-456', 'special-number'],
    ['+81 910 123456', 'special-number'],
    ['184-0110', 'not-a-number'],
    ['184-010-81-110', 'emergency'],
    ['186-0081-119', 'emergency'],
    ['184117', 'special-number'],
    ['184-0990-500-000', 'premium'],
    ['186-010-1-900-555-0100', 'premium'],
    ['184-0570-000-000', 'navi-dial'],
    ['184-010-44-20-7946-0000', 'international'],
    ['184-0033-03-0123-4567', 'carrier-prefix'],
    ['1840077-03-0123-4567', 'carrier-prefix'],
    ['184-186-03-0123-4567', 'presentation-prefix'],
    ['186-186-0990-500-000', 'presentation-prefix'],
    ['184-184-184-03-0123-4567', 'presentation-prefix'],
    ['184-90-0123-4567', 'presentation-prefix'],
    ['tel:18428123456;phone-context=+371', 'presentation-prefix'],
    ['184+81301234567', 'not-a-number'],
    ['+184-03-0123-4567', 'not-a-number'],
    ['0033-010-1-212-555-0100', 'carrier-prefix'],
    ['0077-03-0123-4567', 'carrier-prefix'],
    ['001-010-44-20-7946-0000', 'carrier-prefix'],
    ['0990-500-000', 'premium'],
    ['0180-99-0000', 'premium'],
    ['+1 900 555 0100', 'premium'],
    ['010-1-900-555-0100', 'premium'],
    ['+44 909 879 0000', 'premium'],
    ['0570-000-000', 'navi-dial'],
    ['+81570000000', 'navi-dial'],
    ['+870 773 111 632', 'satellite'],
    ['+8816 3149 1234', 'satellite'],
    ['+882 16 5555 0100', 'satellite'],
    ['010-979-123-456789', 'satellite'],
    ['+44 20 7946 0000', 'international'],
    ['+1 212 555 0100', 'international'],
    ['+1 876 555 0100', 'international'],
    ['+53 5 1234567', 'international'],
    ['+371 2812 3456', 'international'],
    ['tel:28123456;phone-context=+371', 'international'],
    ['', 'not-a-number'],
    ['*72#03', 'not-a-number'],
    ['1001', 'not-a-number'],
    ['0301234567,,,9', 'not-a-number'],
    // As a carrier would read them with the 0 before: 010 1 212… and 00….
    ['+81 10 1 212 555 0100', 'not-a-number'],
    ['010-81-10-53-5123456', 'not-a-number'],
    ['tel:1012125550100;phone-context=+81', 'not-a-number'],
    ['+81 001 010 1 212 555 0100', 'not-a-number'],
    ['01000000', 'not-a-number'],
    ['03-0123-4567-8901', 'not-a-number'],
    ['sip:attacker@198.51.100.1', 'not-a-number'],
    ['+'.repeat(400), 'not-a-number'],
  ])('%j is refused: %s', (raw, reason) => {
    expect(reasonOf(raw)).toBe(reason);
  });

  it('a country opened stays closed for its premium numbers and its neighbours under one code', () => {
    const open = { countries: ['US', 'GB'] };
    expect(reasonOf('+1 212 555 0100', open)).toBe('ok');
    expect(reasonOf('+44 20 7946 0000', open)).toBe('ok');
    expect(reasonOf('+1 900 555 0100', open)).toBe('premium');
    expect(reasonOf('+1 876 555 0100', open)).toBe('international');
    expect(reasonOf('+1 284 555 0100', open)).toBe('international');
    expect(reasonOf('+44 70 1234 5678', open)).toBe('premium');
    const others = { countries: ['RU', 'NO', 'FI', 'MA'] };
    for (const number of [
      '+7 809 123 4567',
      '+47 829 12 345',
      '+358 700 12345',
      '+212 891 234567',
    ]) {
      expect(reasonOf(number, others)).toBe('premium');
    }
  });

  it('prefixes narrow what is allowed, and a denied one wins', () => {
    const narrow = { allowedPrefixes: ['+8190', '+813'], deniedPrefixes: ['+81900'] };
    expect(reasonOf('03-0123-4567', narrow)).toBe('ok');
    expect(reasonOf('090-1234-5678', narrow)).toBe('ok');
    expect(reasonOf('090-0123-4567', narrow)).toBe('denied-prefix');
    expect(reasonOf('080-0123-4567', narrow)).toBe('denied-prefix');
    expect(reasonOf('0570-000-000', { naviDial: true })).toBe('ok');
  });

  it('whatever is written, only a Japanese telephone passes the rules of a new office', () => {
    const digits = fc.stringMatching(/^[+０-９0-9 ()−ー.-]{0,24}$/u);
    const uri = fc
      .tuple(fc.constantFrom('tel:', 'sip:', '184', '186', '010', '00', ''), digits, digits)
      .map(([head, user, tail]) => `${head}${user};phone-context=${tail}`);
    fc.assert(
      fc.property(fc.oneof(digits, uri, fc.string({ unit: 'binary' })), (raw) => {
        const verdict = checkOutboundNumber(raw, rules(), plan);
        if (!verdict.ok) return;
        expect(verdict.number).toMatch(/^\+81(?!990|180|570|20|10)[1-9]\d{8,9}$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('separators, width and the international form do not open what is closed', () => {
    const closed = ['110', '119', '0990500000', '0570000000', '0180990000', '0105312345678'];
    const separators = fc.array(fc.constantFrom('', '-', ' ', 'ー', '.', '('), {
      minLength: 20,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.constantFrom(...closed), separators, fc.boolean(), (number, between, wide) => {
        const written = Array.from(number)
          .map((digit, i) => {
            const shape = wide ? String.fromCharCode(digit.charCodeAt(0) + 0xfee0) : digit;
            return `${shape}${between[i] ?? ''}`;
          })
          .join('');
        expect(reasonOf(written)).not.toBe('ok');
      }),
    );
  });
});

describe('what a trunk is sent', () => {
  /** Spellings a fraudster may try, and whole numbers with what carriers read before them. */
  const digits = fc.stringMatching(/^[+０-９0-9 ()−ー.-]{0,24}$/u);
  const heads = [
    '+81',
    '81',
    '0081',
    '010',
    '01081',
    '00',
    '0',
    '184',
    '186',
    '+',
    '+8110',
    '+810',
  ];
  const tails = ['12125550100', '442079460000', '110', '0990500000', '301234567', '5351234567'];
  const forged = fc
    .tuple(fc.constantFrom(...heads), fc.constantFrom(...heads, ''), fc.constantFrom(...tails))
    .map((parts) => parts.join(''));
  const context = fc
    .tuple(
      fc.constantFrom('tel:', 'sip:', '<sip:'),
      forged,
      fc.constantFrom('+81', '+1', '+810', '+81010'),
    )
    .map(([scheme, user, where]) => `${scheme}${user};phone-context=${where}`);
  const spelling = fc.oneof(digits, forged, context, fc.string({ unit: 'binary' }));
  const format = fc.constantFrom('national' as const, 'e164' as const);

  it.each([
    ['+81301234567', 'national', '0301234567'],
    ['03-0123-4567', 'e164', '+81301234567'],
    // Not 010 30 1234567, which is Greece.
    ['0301234567', 'national', '0301234567'],
  ] as const)('%s, %s: %s', (raw, as, sent) => {
    const dialled = digitsForTrunk(raw, as, { rules: rules(), plan });
    expect(dialled).toMatchObject({ ok: true, digits: sent });
  });

  it('goes abroad by 010 where the country is open', () => {
    const open = { rules: rules({ countries: ['US'] }), plan };
    const dialled = digitsForTrunk('+1 212 555 0100', 'national', open);
    expect(dialled).toMatchObject({ ok: true, digits: '0101 212 555 0100'.replaceAll(' ', '') });
  });

  it('never leaves the country, chooses a carrier or rings a service for a new office', () => {
    fc.assert(
      fc.property(spelling, format, (raw, as) => {
        const dialled = digitsForTrunk(raw, as, { rules: rules(), plan });
        if (!dialled.ok) return;
        const national = /^0(?!0|10|990|180|570|20|170|91)[1-9]\d{8,9}$/;
        expect(dialled.digits.replace(/^\+81/, '0')).toMatch(national);
      }),
      { numRuns: 3000 },
    );
  });

  it('is always the number that was judged, whatever countries are open', () => {
    const countries = ['US', 'GB', 'GR', 'CU', 'DE'];
    fc.assert(
      fc.property(spelling, format, (raw, as) => {
        const dialled = digitsForTrunk(raw, as, { rules: rules({ countries }), plan });
        if (!dialled.ok) return;
        const { digits: sent, number } = dialled;
        // Read by hand, as a Japanese exchange does.
        const read = sent.startsWith('+')
          ? sent
          : sent.startsWith('010')
            ? `+${sent.slice(3)}`
            : `+81${sent.slice(1)}`;
        expect(read).toBe(number);
        expect(['JP', ...countries, null]).toContain(plan.countryOf(number));
        if (plan.countryOf(number) === null) expect(number).toMatch(/^\+81/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('ceilings', () => {
  const use = { hour: 0, hourOfSubscriber: 0, now: 0, nowOfSubscriber: 0 };
  it.each([
    [{}, null],
    [{ nowOfSubscriber: 4 }, 'calls-at-once-of-subscriber'],
    [{ hourOfSubscriber: 40 }, 'calls-per-hour-of-subscriber'],
    [{ now: 30 }, 'calls-at-once'],
    [{ hour: 300 }, 'calls-per-hour'],
    [{ hour: 299, hourOfSubscriber: 39, now: 29, nowOfSubscriber: 3 }, null],
  ])('%j: %s', (change, ceiling) => {
    expect(ceilingReached({ ...use, ...change }, rules())).toBe(ceiling);
  });

  it('every refusal has a sentence in both languages', () => {
    for (const { ja, en } of Object.values(OUTBOUND_WORDS)) {
      expect(ja).toMatch(/。$/);
      expect(en).toMatch(/^[A-Z0].*\.$/);
    }
  });
});
