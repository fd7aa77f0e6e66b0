import { expect, test } from 'vitest';
import { phrasesFor } from './phrases.ts';
import type { Conversation } from './phrases.ts';

const known: Conversation = {
  called: { subscriberId: 'sub_1' },
  caller: { number: '+81312345678' },
  phase: 'talking',
  relay: null,
  noSoundFrom: [],
  away: null,
  tookOver: false,
  callType: '',
  company: '青空商事',
  name: '',
  phone: '03-0123-4567',
};

test('a known caller of a known company: absent, then the closing words', () => {
  expect(phrasesFor(known)).toEqual(['absent', 'closing']);
});

test('where the one asked for is, when it is known, until a relay has shown more', () => {
  expect(phrasesFor({ ...known, away: 'meeting' })).toEqual(['absentMeeting', 'closing']);
  expect(phrasesFor({ ...known, away: 'out', phase: 'held' })[1]).toBe('absentOut');
  const busy = [{ contactId: 'c_1', name: '山田 太郎', reason: 'busy' as const }];
  const relay = { announce: 'operator' as const, waiting: [], outcomes: busy };
  expect(phrasesFor({ ...known, away: 'off', relay })).toEqual(['relayBusy', 'closing']);
});

test('a call that a colleague handed over begins with one’s own name', () => {
  expect(phrasesFor({ ...known, tookOver: true })[0]).toBe('tookOver');
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

test('back from a contact who was not reached: the words fit the reason', () => {
  const after = (reason: NonNullable<Conversation['relay']>['outcomes'][number]['reason']) => {
    const outcomes = [
      { contactId: 'a', name: '佐藤', reason: 'busy' as const },
      { contactId: 'b', name: '山田', reason },
    ];
    return phrasesFor({ ...known, relay: { announce: 'operator', waiting: [], outcomes } })[0];
  };
  expect(after('no-answer')).toBe('relayAbsent');
  expect(after('busy')).toBe('relayBusy');
  expect(after('declined')).toBe('relayDeclined');
  expect(after('call-back')).toBe('relayCallBack');
  for (const reason of ['wrong-number', 'not-allowed', 'unreachable'] as const) {
    expect(after(reason)).toBe('relayFailed');
  }
  for (const reason of ['no-key', 'voicemail', 'absent'] as const) {
    expect(after(reason)).toBe('relayAbsent');
  }
  expect(after('withdrawn')).toBe('thanksForWaiting');
});

test('a caller on music is thanked for waiting first', () => {
  expect(phrasesFor({ ...known, phase: 'held' })[0]).toBe('thanksForWaiting');
});

test('with the contact on the line: the words that connect', () => {
  expect(phrasesFor({ ...known, phase: 'consulting' })).toEqual(['connectNow']);
  expect(phrasesFor({ ...known, phase: 'three-way' })).toEqual(['threeWay']);
});

test('one who is not heard is told so, as long as she talks with the operator', () => {
  const silent = { ...known, noSoundFrom: ['caller' as const] };
  expect(phrasesFor(silent)).toEqual(['noSoundCaller', 'absent', 'closing']);
  expect(phrasesFor({ ...silent, phase: 'held' })[0]).toBe('thanksForWaiting');
  expect(phrasesFor({ ...silent, phase: 'consulting' })).toEqual(['connectNow']);
  const contact = { ...known, phase: 'consulting' as const, noSoundFrom: ['contact' as const] };
  expect(phrasesFor(contact)).toEqual(['noSoundContact', 'connectNow']);
});
