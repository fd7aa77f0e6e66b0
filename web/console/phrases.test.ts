import { expect, test } from 'vitest';
import { phrasesFor } from './phrases.ts';

const known = {
  called: { subscriberId: 'sub_1' },
  caller: { number: '+81312345678' },
  callType: '',
  company: '青空商事',
  name: '',
  phone: '03-0123-4567',
};

test('a known caller of a known company: absent, then the closing words', () => {
  expect(phrasesFor(known)).toEqual(['absent', 'closing']);
});

test('sales calls and wrong numbers get their refusal alone', () => {
  expect(phrasesFor({ ...known, callType: 'sales' })).toEqual(['sales']);
  expect(phrasesFor({ ...known, callType: 'wrong-number' })).toEqual(['wrongNumber']);
});

test('which company was rung is asked before anything else', () => {
  expect(phrasesFor({ ...known, called: { subscriberId: null } })[0]).toBe('unknownCompany');
});

test('a withheld number is asked for until there is one', () => {
  const withheld = { ...known, caller: { number: null }, phone: '' };
  expect(phrasesFor(withheld)).toContain('askNumber');
  expect(phrasesFor({ ...withheld, phone: '090-0123-4567' })).not.toContain('askNumber');
});

test('without company and name the full name is asked', () => {
  expect(phrasesFor({ ...known, company: '' })).toContain('askName');
});
