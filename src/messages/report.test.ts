import fc from 'fast-check';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { CallId, ContactId, E164, MessageId, SubscriberId } from '../base/index.ts';
import { DEFAULT_RELAY_RULES } from '../subscribers/index.ts';
import type { Contact, NumberPlan, Subscriber } from '../subscribers/index.ts';
import type { Message } from './ports.ts';
import { buildReport } from './report.ts';
import type { Report, ReportOptions } from './report.ts';

const plan: NumberPlan = {
  toE164(raw, defaultCountry) {
    const parsed = parsePhoneNumberFromString(raw, defaultCountry);
    return parsed?.isPossible() ? asId<E164>(parsed.number) : null;
  },
  format(number) {
    const parsed = parsePhoneNumberFromString(number);
    const japanese = parsed?.countryCallingCode === '81';
    return (japanese ? parsed.formatNational() : parsed?.formatInternational()) ?? number;
  },
  countryOf: () => null,
};

const SUBSCRIBER: Subscriber = {
  id: asId<SubscriberId>('sub-1'),
  key: 'sakura',
  name: 'さくら設計事務所',
  kana: 'サクラセッケイジムショ',
  greeting: 'さくら設計事務所でございます',
  greetingKana: '',
  note: '',
  timeZone: 'Asia/Tokyo',
  relay: DEFAULT_RELAY_RULES,
};

const YAMADA: Contact = {
  id: asId<ContactId>('con-1'),
  subscriberId: SUBSCRIBER.id,
  key: 'yamada',
  name: '山田 太郎',
  kana: 'ヤマダ タロウ',
  title: '所長',
  phone: null,
  email: 'yamada@example.jp',
  presence: null,
};

const ARRIVED = Date.UTC(2026, 10, 23, 5, 5);

type Some = Partial<Omit<Message, 'fields'>> & {
  fields?: Message['fields'];
  contact?: Contact | null;
};

function report({ contact = YAMADA, ...some }: Some): Report {
  const message: Message = {
    id: asId<MessageId>('msg-1'),
    receiptNumber: '8K3F-2A',
    callId: asId<CallId>('call-1'),
    subscriberId: SUBSCRIBER.id,
    kind: 'taken',
    fields: {},
    contactId: contact?.id ?? null,
    callerNumber: '+819001234567',
    withheld: null,
    operatorId: null,
    operatorName: '佐藤',
    arrivedAt: ARRIVED,
    sentAt: ARRIVED + 180_000,
    handledAt: null,
    handledBy: null,
    ...some,
  };
  const options: ReportOptions = {
    message,
    subscriber: SUBSCRIBER,
    contact,
    call: {
      calledNumber: asId<E164>('+81301234567'),
      calledLabel: '代表',
      answeredAt: message.kind === 'taken' ? ARRIVED + 4_000 : null,
      endedAt: ARRIVED + 139_000,
    },
    timeZone: 'Asia/Tokyo',
    plan,
  };
  return buildReport(options);
}

const WHO = { company: '株式会社青葉', name: '鈴木' };

describe('the subject', () => {
  it.each<[string, Some]>([
    ['【折返し希望】株式会社青葉 鈴木様 → 山田様', { fields: { ...WHO, wants: 'callback' } }],
    [
      '【至急・折返し希望】株式会社青葉 鈴木様 → 山田様',
      { fields: { ...WHO, wants: 'callback', urgency: 'urgent' } },
    ],
    ['【再度お電話】株式会社青葉 鈴木様 → 山田様', { fields: { ...WHO, wants: 'call-again' } }],
    ['【伝言】株式会社青葉 鈴木様 → 山田様', { fields: { ...WHO, wants: 'message' } }],
    ['【伝言】株式会社青葉 鈴木様', { fields: WHO, contact: null }],
    [
      '【営業】株式会社青葉 鈴木様 → 山田様',
      { fields: { ...WHO, callType: 'sales', wants: 'callback' } },
    ],
    ['【間違い電話】090-0123-4567', { fields: { callType: 'wrong-number' }, contact: null }],
    ['【伝言】鈴木様 → 山田様', { fields: { name: '鈴木' } }],
    ['【伝言】鈴木様 → 山田様', { fields: { name: '鈴木様' } }],
    ['【伝言】株式会社青葉様 → 山田様', { fields: { company: '株式会社青葉' } }],
    ['【伝言】03-0123-4568 → 山田様', { fields: { phone: '0301234568' } }],
    ['【伝言】090-0123-4567 → 山田様', {}],
    ['【伝言】非通知のお客様 → 山田様', { callerNumber: null, withheld: 'withheld' }],
    ['【伝言】お名前不明のお客様 → 山田様', { callerNumber: null }],
    ['【不在着信】090-0123-4567', { kind: 'abandoned', contact: null }],
    [
      '【不在着信】公衆電話のお客様',
      { kind: 'unattended', contact: null, callerNumber: null, withheld: 'payphone' },
    ],
    [
      '【不在着信】+44 20 7946 0000',
      { kind: 'unattended', contact: null, callerNumber: '+442079460000' },
    ],
    ['【不在着信】鈴木様', { kind: 'unattended', contact: null, fields: { name: '鈴木' } }],
  ])('%s', (subject, some) => {
    expect(report(some).subject).toBe(subject);
  });

  it('keeps a contact’s name whole where the surname cannot be told', () => {
    const named = (name: string): string =>
      report({ fields: WHO, contact: { ...YAMADA, name } }).subject;
    expect(named('山田太郎')).toContain('→ 山田太郎様');
    expect(named('John Smith')).toContain('→ John Smith様');
    expect(named('佐々木　花子')).toContain('→ 佐々木様');
  });

  it('is one short line, whatever was written', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 });
    fc.assert(
      fc.property(text, text, text, (company, name, phone) => {
        const { subject, headline, rows } = report({
          fields: { company, name, phone, wants: 'callback', urgency: 'urgent' },
          contact: { ...YAMADA, name: `${name}\r\nBcc: x@example.com` },
        });
        expect(Array.from(subject).length).toBeLessThanOrEqual(160);
        for (const line of [subject, headline, ...rows.map(({ value }) => value)]) {
          expect(line).not.toMatch(/[\r\n\u0000\u2028]/);
        }
      }),
    );
  });
});

describe('the report', () => {
  it('says everything that is known, in reading order', () => {
    const { headline, urgent, rows, body, receiptNumber } = report({
      fields: {
        company: '株式会社青葉',
        companyKana: 'アオバ',
        name: '鈴木',
        nameKana: 'スズキ',
        phone: '03-0123-4568',
        callType: 'inquiry',
        wants: 'callback',
        callbackTime: '15時以降',
        urgency: 'urgent',
        body: '図面の件。\n本日中にお願いしたいとのこと。',
      },
    });
    expect(headline).toBe('【至急】株式会社青葉 鈴木様が折返しのお電話をご希望です。');
    expect(urgent).toBe(true);
    expect(body).toBe('図面の件。\n本日中にお願いしたいとのこと。');
    expect(receiptNumber).toBe('8K3F-2A');
    expect(rows.map(({ label, value }) => `${label}: ${value}`)).toEqual([
      '受電日時: 11月23日(月) 14:05',
      '着信先: 03-0123-4567（代表）',
      '契約者: さくら設計事務所',
      '宛先: 山田 太郎様',
      '会社名: 株式会社青葉（アオバ）',
      'お名前: 鈴木様（スズキ）',
      '電話番号: 03-0123-4568',
      '発信者番号: 090-0123-4567',
      '用件区分: お問い合わせ',
      '折返し: 折返し希望',
      '希望時間: 15時以降',
      '緊急度: 至急',
      '通話時間: 2分15秒',
      '対応者: 佐藤',
      '受付番号: 8K3F-2A',
    ]);
  });

  it('leaves out what is not known, and does not repeat the caller’s own number', () => {
    const labels = report({
      contact: null,
      operatorName: null,
      fields: { phone: '090-0123-4567' },
    }).rows.map(({ label }) => label);
    expect(labels).toEqual(['受電日時', '着信先', '契約者', '電話番号', '通話時間', '受付番号']);
  });

  it.each([
    ['abandoned', '090-0123-4567よりお電話がありましたが、応答前に切れました。'],
    ['unattended', '090-0123-4567よりお電話がありましたが、応答できませんでした。'],
  ] as const)('says why nobody spoke: %s', (kind, headline) => {
    const unanswered = report({ kind, contact: null, fields: { urgency: 'urgent' } });
    expect(unanswered).toMatchObject({ headline, urgent: false });
  });

  it('says the time of the subscriber’s zone', () => {
    expect(report({}).rows[0]?.value).toBe('11月23日(月) 14:05');
  });
});
