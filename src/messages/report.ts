import { formatJapanese } from '../base/index.ts';
import type { E164 } from '../base/index.ts';
import { readNumber } from '../subscribers/index.ts';
import type { Contact, NumberPlan, Subscriber } from '../subscribers/index.ts';
import { CALL_TYPES, CALL_TYPE_WORDS, WANTS, WANTS_WORDS } from './form.ts';
import type { Message } from './ports.ts';

/** What a message says to the subscriber, in whatever channel: words and order, no markup. */
export type Report = {
  /** `【折返し希望】株式会社○○ △△様 → 山田様`: one line, at most 160 characters. */
  subject: string;
  /** The same as a sentence: what a lock screen shows first. */
  headline: string;
  urgent: boolean;
  /** Label and value, in reading order, only what is known. The request is not among them. */
  rows: { label: string; value: string }[];
  /** 用件, lines kept; empty when nothing was written down. */
  body: string;
  receiptNumber: string;
};

export type ReportOptions = {
  message: Message;
  /** Null for a message of the catch-all desk. */
  subscriber: Subscriber | null;
  /** 宛先, when one was chosen. */
  contact: Contact | null;
  call: {
    /** The number of the subscriber's that was rung, and what it is called. */
    calledNumber: E164 | null;
    calledLabel: string | null;
    answeredAt: number | null;
    endedAt: number | null;
  };
  timeZone: string;
  plan: NumberPlan;
};

type Variant =
  'unattended' | 'abandoned' | 'sales' | 'wrong-number' | 'callback' | 'call-again' | 'message';

const TAGS: Record<Variant, string> = {
  unattended: '不在着信',
  abandoned: '不在着信',
  sales: '営業',
  'wrong-number': '間違い電話',
  callback: '折返し希望',
  'call-again': '再度お電話',
  message: '伝言',
};

const SENTENCES: Record<Variant, (caller: string) => string> = {
  unattended: (caller) => `${caller}よりお電話がありましたが、応答できませんでした。`,
  abandoned: (caller) => `${caller}よりお電話がありましたが、応答前に切れました。`,
  sales: (caller) => `${caller}より営業のお電話がありました。`,
  'wrong-number': (caller) => `${caller}より間違い電話がありました。`,
  callback: (caller) => `${caller}が折返しのお電話をご希望です。`,
  'call-again': (caller) => `${caller}より改めてお電話をいただけるとのことです。`,
  message: (caller) => `${caller}よりお電話があり、ご伝言をお預かりしました。`,
};

const WITHHELD_WORDS = { withheld: '非通知', payphone: '公衆電話', unavailable: '表示圏外' };

/** Longest parts of a subject: a lock screen shows some forty characters of it. */
const LIMITS = { company: 60, name: 40, contact: 40 };

export function buildReport(options: ReportOptions): Report {
  const { message, contact } = options;
  const variant = variantOf(message);
  const urgent = message.kind === 'taken' && message.fields.urgency === 'urgent';
  const caller = callerWords(options);
  const addressee =
    contact === null ? '' : ` → ${honoured(shorten(surname(contact.name), 'contact'))}`;
  const sentence = SENTENCES[variant](caller);
  return {
    subject: `【${urgent ? '至急・' : ''}${TAGS[variant]}】${caller}${addressee}`,
    headline: `${urgent ? '【至急】' : ''}${sentence}`,
    urgent,
    rows: rowsOf(options),
    body: message.fields.body ?? '',
    receiptNumber: message.receiptNumber,
  };
}

function variantOf({ kind, fields }: Message): Variant {
  if (kind !== 'taken') return kind;
  if (fields.callType === 'sales' || fields.callType === 'wrong-number') return fields.callType;
  return fields.wants === 'callback' || fields.wants === 'call-again' ? fields.wants : 'message';
}

/** `株式会社○○ △△様`, else the number, else why there is none. */
function callerWords(options: ReportOptions): string {
  const company = shorten(oneLine(options.message.fields.company ?? ''), 'company');
  const name = shorten(oneLine(options.message.fields.name ?? ''), 'name');
  const parts = [company, name].filter((part) => part !== '');
  if (parts.length > 0) return honoured(parts.join(' '));
  const number = given(options) ?? shown(options);
  if (number !== null) return number;
  const { withheld, kind } = options.message;
  if (withheld !== null) return `${WITHHELD_WORDS[withheld]}のお客様`;
  return kind === 'taken' ? 'お名前不明のお客様' : '番号不明のお客様';
}

function rowsOf(options: ReportOptions): Report['rows'] {
  const { message, subscriber, contact, call, timeZone } = options;
  const { fields } = message;
  const rows: [string, string][] = [
    ['受電日時', formatJapanese(message.arrivedAt, timeZone)],
    ['着信先', calledWords(options)],
    ['契約者', subscriber?.name ?? '不明（着信先の会社が特定できていません）'],
    ['宛先', contact === null ? '' : honoured(contact.name)],
    ['会社名', withReading(fields.company, fields.companyKana)],
    ['お名前', withReading(fields.name, fields.nameKana, '様')],
    ...numberRows(options),
    ['用件区分', choice(CALL_TYPES, CALL_TYPE_WORDS, fields.callType)],
    ['折返し', choice(WANTS, WANTS_WORDS, fields.wants)],
    ['希望時間', fields.callbackTime ?? ''],
    ['緊急度', fields.urgency === 'urgent' ? '至急' : ''],
    ['通話時間', durationWords(call)],
    ['対応者', message.operatorName ?? ''],
    ['受付番号', message.receiptNumber],
  ];
  return rows
    .map(([label, value]) => ({ label, value: oneLine(value) }))
    .filter(({ value }) => value !== '');
}

/** The number the caller left, and the one shown by the network where that is another. */
function numberRows(options: ReportOptions): [string, string][] {
  const left = given(options);
  const { withheld } = options.message;
  const network = shown(options) ?? (withheld === null ? '' : WITHHELD_WORDS[withheld]);
  if (left === null) return [['電話番号', network]];
  return [
    ['電話番号', left],
    ['発信者番号', network === left ? '' : network],
  ];
}

function given({ message, plan }: ReportOptions): string | null {
  const left = message.fields.phone ?? '';
  return left === '' ? null : formatted(oneLine(left), plan);
}

function shown({ message, plan }: ReportOptions): string | null {
  const { callerNumber } = message;
  return callerNumber === null || callerNumber === ''
    ? null
    : formatted(oneLine(callerNumber), plan);
}

function formatted(raw: string, plan: NumberPlan): string {
  const number = readNumber(raw, plan);
  return number === null ? shorten(raw, 'name') : plan.format(number);
}

function calledWords({ call, plan }: ReportOptions): string {
  const number = call.calledNumber === null ? '' : plan.format(call.calledNumber);
  const label = call.calledLabel ?? '';
  if (number === '') return label;
  return label === '' ? number : `${number}（${label}）`;
}

function choice<T extends string>(
  known: readonly T[],
  words: Record<T, string>,
  chosen: string | undefined,
): string {
  const found = known.find((value) => value === chosen);
  return found === undefined ? '' : words[found];
}

function withReading(text = '', reading = '', suffix = ''): string {
  const named = text === '' || suffix === '' ? text : honoured(text);
  if (reading === '' || reading === text) return named;
  return named === '' ? reading : `${named}（${reading}）`;
}

function durationWords(call: ReportOptions['call']): string {
  if (call.answeredAt === null || call.endedAt === null) return '';
  const seconds = Math.max(0, Math.round((call.endedAt - call.answeredAt) / 1000));
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds}秒` : `${minutes}分${seconds % 60}秒`;
}

/** 様, unless the writer has put a title of respect already. */
function honoured(name: string): string {
  return /(?:様|さま|さん|殿|先生|御中)$/u.test(name) ? name : `${name}様`;
}

/** `山田 太郎` is 山田様 in a subject; names without a space, or not in kanji and kana, stay whole. */
function surname(name: string): string {
  return (
    /^([\p{sc=Han}\p{sc=Hira}\p{sc=Kana}々ー]+)[ \u3000]\S+$/u.exec(oneLine(name))?.[1] ??
    oneLine(name)
  );
}

/** Nothing that could end a header line or a row. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}

function shorten(text: string, part: keyof typeof LIMITS): string {
  const letters = Array.from(text);
  const limit = LIMITS[part];
  return letters.length <= limit ? text : `${letters.slice(0, limit - 1).join('')}…`;
}
