import { describe, expect, it } from 'vitest';
import {
  FIELD_LIMITS as CONTRACT_LIMITS,
  callTypeSchema,
  messageFieldSchema,
  urgencySchema,
  wantsSchema,
} from '../contract/index.ts';
import {
  CALL_TYPES,
  FIELD_LIMITS,
  MESSAGE_FIELDS,
  URGENCIES,
  WANTS,
  normaliseField,
  normaliseForm,
  validateForm,
} from './form.ts';
import type { FormContext, FormFields } from './form.ts';
import type { MessageField } from './ports.ts';

describe('the form and the contract', () => {
  it('have the same fields, limits and choices', () => {
    expect([...MESSAGE_FIELDS].sort()).toEqual([...messageFieldSchema.options].sort());
    expect(FIELD_LIMITS).toEqual(CONTRACT_LIMITS);
    expect(CALL_TYPES).toEqual(callTypeSchema.options);
    expect(WANTS).toEqual(wantsSchema.options);
    expect(URGENCIES).toEqual(urgencySchema.options);
  });
});

describe('normaliseField', () => {
  it.each<[MessageField, string, string]>([
    ['phone', '０３ー０１２３ー４５６７', '03-0123-4567'],
    ['phone', ' 090 − 0123 ‐ 4567 ', '090-0123-4567'],
    ['phone', '03-0123-4567（内線３）', '03-0123-4567(内線3)'],
    ['company', '　株式会社　ＡＢＣ商事 ', '株式会社 ABC商事'],
    ['company', 'ｻｸﾗｶﾞｰﾃﾞﾝ', 'サクラガーデン'],
    ['name', '山田　太郎\r\nBcc: x@example.com', '山田 太郎 Bcc: x@example.com'],
    ['nameKana', 'やまだ ﾀﾛｳ', 'ヤマダ タロウ'],
    ['companyKana', 'ゔぃーなす', 'ヴィーナス'],
    ['callbackTime', '１４：００～１５：００', '14:00～15:00'],
    ['body', '見積書の件！\r\n\r\n\r\n\r\n１０台です。  \n', '見積書の件！\n\n１０台です。'],
    ['body', 'ｶﾀﾛｸﾞ希望\u0000\u0007', 'カタログ希望'],
  ])('%s: %j → %j', (field, raw, expected) => {
    expect(normaliseField(field, raw)).toBe(expected);
    expect(normaliseField(field, expected)).toBe(expected);
  });

  it('leaves the characters of a name as they are', () => {
    for (const name of ['髙橋', '山﨑', '神\uFA19', '𠮷田']) {
      expect(normaliseField('name', name)).toBe(name);
    }
  });

  it('leaves out what is empty', () => {
    expect(normaliseForm({ company: ' 　', name: ' 山田 ' })).toEqual({ name: '山田' });
  });
});

const KNOWN: FormContext = { callerWithheld: false, contactIds: ['con-yamada'] };
const WITHHELD: FormContext = { ...KNOWN, callerWithheld: true };
const WHOLE: FormFields = { company: '株式会社サクラ', name: '田中', body: 'お見積りの件' };

function errors(fields: FormFields, context = KNOWN): string[] {
  return validateForm(fields, context)
    .filter(({ severity }) => severity === 'error')
    .map(({ field, code }) => `${field} ${code}`);
}

function warnings(fields: FormFields, context = KNOWN): string[] {
  return validateForm(fields, context)
    .filter(({ severity }) => severity === 'warning')
    .map(({ field, code }) => `${field} ${code}`);
}

describe('validateForm', () => {
  it('has nothing to say about a whole form', () => {
    expect(validateForm({ ...WHOLE, contactId: 'con-yamada', wants: 'message' }, KNOWN)).toEqual(
      [],
    );
  });

  it('makes the number mandatory where it is withheld and a call-back wanted', () => {
    const form: FormFields = { ...WHOLE, wants: 'callback' };
    expect(errors(form, WITHHELD)).toEqual(['phone missing']);
    expect(errors(form)).toEqual([]);
    expect(errors({ ...form, phone: '090-0123-4567' }, WITHHELD)).toEqual([]);
    expect(errors({ ...form, phone: '後で連絡' }, WITHHELD)).toEqual(['phone no-number']);
    expect(errors({ ...form, phone: '090-0123-4567090-0123-4567' }, WITHHELD)).toEqual([
      'phone no-number',
    ]);
  });

  it('asks for the number of a withheld caller in any case, but does not insist', () => {
    expect(warnings(WHOLE, WITHHELD)).toEqual(['phone missing']);
    expect(errors(WHOLE, WITHHELD)).toEqual([]);
  });

  it('does not ask sales calls and wrong numbers for anything', () => {
    for (const callType of ['sales', 'wrong-number']) {
      expect(validateForm({ callType }, WITHHELD)).toEqual([]);
    }
  });

  it('refuses an empty form', () => {
    expect(errors({})).toEqual(['body empty']);
    expect(errors({ urgency: 'normal' })).toEqual(['body empty']);
    expect(errors({ phone: '090-0123-4567' })).toEqual(['body empty']);
  });

  it('asks for a name and a request', () => {
    expect(warnings({ callType: 'business' })).toEqual(['name missing', 'body missing']);
    expect(warnings({ company: '株式会社サクラ', wants: 'callback' })).toEqual([]);
  });

  it('refuses what is too long and what is no choice', () => {
    expect(errors({ ...WHOLE, body: 'あ'.repeat(4001) })).toEqual(['body too-long']);
    expect(errors({ ...WHOLE, wants: 'call-back', urgency: 'very', callType: 'x' })).toEqual([
      'callType unknown-choice',
      'wants unknown-choice',
      'urgency unknown-choice',
    ]);
  });

  it('refuses the contact of another subscriber', () => {
    expect(errors({ ...WHOLE, contactId: 'con-other' })).toEqual(['contactId unknown-contact']);
    expect(errors({ ...WHOLE, contactId: 'con-other' }, { ...KNOWN, contactIds: null })).toEqual(
      [],
    );
  });

  it('puts errors first and says them in Japanese and English', () => {
    const issues = validateForm({ body: 'あ'.repeat(4001) }, WITHHELD);
    expect(issues.map(({ severity }) => severity)).toEqual(['error', 'warning', 'warning']);
    expect(issues[0]).toMatchObject({ ja: '用件は4000文字以内で入力してください。' });
    for (const { en } of issues) expect(en).toMatch(/^[\x20-\x7e]+$/);
  });
});
