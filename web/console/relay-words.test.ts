import { expect, test } from 'vitest';
import {
  callerKind,
  chosenIds,
  concernedContact,
  familyName,
  reachable,
  requestText,
} from './relay-words.ts';

const contact = (id: string, phone: string | null) => {
  return { id, name: id, kana: '', title: '', phone, email: null, presence: null };
};

test('who has no telephone cannot be rung', () => {
  const people = [contact('one', null), contact('two', '090-0123-4568')];
  expect(reachable(people).map(({ id }) => id)).toEqual(['two']);
});

test('the marked ones are rung in the order of marking, else the one under the bar', () => {
  const choices = [{ id: 'one' }, { id: 'two' }, { id: 'three' }];
  expect(chosenIds(choices, ['three', 'one'], 1)).toEqual(['three', 'one']);
  expect(chosenIds(choices, [], 1)).toEqual(['two']);
  expect(chosenIds(choices, ['gone'], 0)).toEqual(['one']);
  expect(chosenIds([], [], 0)).toEqual([]);
});

test('the caller is named by what is known of her', () => {
  const said = { company: '', name: '', phone: '', body: '' };
  expect(callerKind({ ...said, company: '青空商事', name: '鈴木' })).toBe('person');
  expect(callerKind({ ...said, company: '青空商事' })).toBe('company');
  expect(callerKind({ ...said, name: '鈴木' })).toBe('name');
  expect(callerKind({ ...said, phone: '090-0123-4567' })).toBe('number');
  expect(callerKind({ ...said, company: ' ' })).toBe('nobody');
});

test('the request is one line of a length that can be read out', () => {
  expect(requestText('見積書の件。\n至急です。')).toBe('見積書の件。 至急です');
  expect(requestText('お電話がほしいとのことです。')).toBe('お電話がほしい');
  expect(requestText('あ'.repeat(200))).toHaveLength(80);
});

test('the contact it is about: on the line before rung before tried', () => {
  const leg = (name: string, state: 'ringing' | 'joined') => {
    return { legId: name, contactId: name, name, numberFormatted: '', state, due: null };
  };
  const relay = {
    announce: 'operator' as const,
    waiting: [],
    outcomes: [{ contactId: 'x', name: '佐藤', reason: 'busy' as const }],
  };
  expect(concernedContact({ contacts: [], relay })).toBe('佐藤');
  const contacts = [leg('田中', 'ringing'), leg('山田', 'joined')];
  expect(concernedContact({ contacts, relay })).toBe('山田');
  expect(concernedContact({ contacts: [], relay: null })).toBe('');
});

test('the family name alone', () => {
  expect(familyName('山田 太郎')).toBe('山田');
  expect(familyName('山田　太郎')).toBe('山田');
  expect(familyName('')).toBe('');
});
