import { expect, test } from 'vitest';
import type { MessageView } from '../../src/contract/index.ts';
import { callBackNumber } from '../shared/call-back-number.ts';
import { subjectText } from '../shared/subject-text.ts';
import { callTypeOf, telHref, wantsOf, withReading } from './message-words.ts';

const message: MessageView = {
  id: 'm1',
  receiptNumber: '1123-001',
  callId: 'c1',
  subscriberId: null,
  subscriberName: null,
  kind: 'taken',
  subject: '【伝言】株式会社見本',
  fields: {},
  contactName: null,
  callerNumberFormatted: '03-0123-4567',
  withheld: null,
  operatorName: null,
  arrivedAt: 0,
  sentAt: 0,
  handledAt: null,
  handledBy: null,
  deliveries: [],
  recording: null,
};

test('the number that was left goes before the one that was shown', () => {
  expect(callBackNumber(message)).toBe('03-0123-4567');
  expect(callBackNumber({ ...message, fields: { phone: ' ' } })).toBe('03-0123-4567');
  expect(callBackNumber({ ...message, fields: { phone: '090-0123-4567' } })).toBe('090-0123-4567');
  expect(callBackNumber({ ...message, callerNumberFormatted: null })).toBeNull();
});

test('a telephone link holds only what can be dialled', () => {
  expect(telHref('03-0123-4567')).toBe('tel:0301234567');
  expect(telHref('０３－０１２３－４５６７')).toBe('tel:0301234567');
  expect(telHref('+81 (3) 0123 4567')).toBe('tel:+81301234567');
  expect(telHref('0301234567#12')).toBe('tel:0301234567%2312');
  expect(telHref('Anonymous')).toBeNull();
});

test('readings stand in brackets, alone only without the word', () => {
  expect(withReading('見本', 'ミホン')).toBe('見本（ミホン）');
  expect(withReading('', 'ミホン')).toBe('ミホン');
  expect(withReading('見本', ' ')).toBe('見本');
  expect(withReading(undefined, undefined)).toBe('');
});

test('a choice that the form does not know is left unsaid', () => {
  const fields = { callType: 'inquiry', wants: 'callback' };
  expect(callTypeOf({ ...message, fields })).toBe('inquiry');
  expect(wantsOf({ ...message, fields })).toBe('callback');
  expect(callTypeOf({ ...message, fields: { callType: 'x' } })).toBeNull();
  expect(wantsOf(message)).toBeNull();
});

test('a message is headed by its mail’s subject in Japanese, and by the same in English', () => {
  const fields = { company: '青空商事', name: '田中 一郎', wants: 'callback', urgency: 'urgent' };
  expect(subjectText({ ...message, fields }, 'ja')).toBe('【伝言】株式会社見本');
  expect(subjectText({ ...message, fields, contactName: '山田 太郎' }, 'en')).toBe(
    'Urgent · Please call back: 青空商事 田中 一郎 → 山田 太郎',
  );
  expect(subjectText({ ...message, kind: 'abandoned' }, 'en')).toBe('Missed call: 03-0123-4567');
  const nobody = { ...message, callerNumberFormatted: null, withheld: 'withheld' } as const;
  expect(subjectText(nobody, 'en')).toBe('Message: number withheld');
});
