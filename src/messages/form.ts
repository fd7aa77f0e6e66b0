import { HALF_WIDTH_KANA, foldAscii, foldLetters, toKatakana } from './width.ts';
import type { MessageField } from './ports.ts';

/** What the choice fields may hold; '' is "not chosen". Held equal to the contract by a test. */
export const CALL_TYPES = ['business', 'inquiry', 'complaint', 'sales', 'wrong-number'] as const;
export const WANTS = ['callback', 'call-again', 'message'] as const;
export const URGENCIES = ['normal', 'urgent'] as const;
export type CallType = (typeof CALL_TYPES)[number];
export type Wants = (typeof WANTS)[number];
export type Urgency = (typeof URGENCIES)[number];

/** The words of the choices, as the subscriber reads them. */
export const CALL_TYPE_WORDS: Record<CallType, string> = {
  business: '用件・伝言',
  inquiry: 'お問い合わせ',
  complaint: 'ご意見・苦情',
  sales: '営業電話',
  'wrong-number': '間違い電話・無言電話',
};
export const WANTS_WORDS: Record<Wants, string> = {
  callback: '折返し希望',
  'call-again': '先方からかけ直し',
  message: '伝言のみ',
};

export const FIELD_NAMES: Record<MessageField, string> = {
  company: '会社名',
  companyKana: '会社名フリガナ',
  name: 'お名前',
  nameKana: 'お名前フリガナ',
  phone: '電話番号',
  contactId: '宛先',
  callType: '用件区分',
  body: '用件',
  wants: '折返し要否',
  callbackTime: '希望時間',
  urgency: '緊急度',
};

export const MESSAGE_FIELDS = Object.keys(FIELD_NAMES) as MessageField[];

/** In UTF-16 units, as browsers count `maxlength`. Held equal to the contract by a test. */
export const FIELD_LIMITS: Record<MessageField, number> = {
  company: 100,
  companyKana: 100,
  name: 60,
  nameKana: 60,
  phone: 30,
  contactId: 60,
  callType: 40,
  body: 4000,
  wants: 20,
  callbackTime: 100,
  urgency: 10,
};

export type FormFields = Partial<Record<MessageField, string>>;

/**
 * A field as it is stored with the message: widths made equal, stray spaces and control characters
 * gone, the writer's words untouched. Not for drafts: text must not move under the caret.
 */
export function normaliseField(field: MessageField, value: string): string {
  switch (field) {
    case 'body':
      return tidyLines(value.replace(HALF_WIDTH_KANA, (run) => run.normalize('NFKC')));
    case 'phone':
      return normalisePhone(value);
    case 'companyKana':
    case 'nameKana':
      return tidy(toKatakana(foldLetters(value)));
    case 'callbackTime':
      return tidy(foldAscii(value));
    default:
      return tidy(foldLetters(value));
  }
}

/** All fields normalised, empty ones left out. */
export function normaliseForm(fields: FormFields): FormFields {
  const normalised: FormFields = {};
  for (const field of MESSAGE_FIELDS) {
    const value = normaliseField(field, fields[field] ?? '');
    if (value !== '') normalised[field] = value;
  }
  return normalised;
}

/** `０３ー０１２３ー４５６７` → `03-0123-4567`; a remark beside the number stays. */
function normalisePhone(value: string): string {
  const plain = tidy(value.normalize('NFKC'));
  return plain.replace(/(?<=\d)\s*[-\u2010-\u2015\u2212\u30fc]\s*(?=\d)/gu, '-');
}

function tidy(value: string): string {
  return value
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, ' ')
    .replace(/[ \u3000]+/g, ' ')
    .trim();
}

function tidyLines(value: string): string {
  return value
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/[^\P{Cc}\n\t]|\p{Cs}/gu, '')
    .replace(/[ \t\u3000]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

export type FormIssue = {
  field: MessageField;
  code: 'empty' | 'missing' | 'too-long' | 'unknown-choice' | 'unknown-contact' | 'no-number';
  /** An `error` keeps the message from being sent; a `warning` is shown and may be passed over. */
  severity: 'error' | 'warning';
  ja: string;
  en: string;
};

export type FormContext = {
  /** The caller's number is not known, for whatever reason. */
  callerWithheld: boolean;
  /** The subscriber's contacts; null when it is not known who was rung. */
  contactIds: readonly string[] | null;
};

/** What is wrong with a normalised form, errors first. No error: the message may be sent. */
export function validateForm(fields: FormFields, context: FormContext): FormIssue[] {
  const issues = [
    ...tooLong(fields),
    ...unknownChoices(fields, context),
    ...missingNumber(fields, context),
    ...missingWords(fields),
  ];
  return issues.sort((a, b) => rank(a) - rank(b));
}

function rank(issue: FormIssue): number {
  return issue.severity === 'error' ? 0 : 1;
}

function tooLong(fields: FormFields): FormIssue[] {
  return MESSAGE_FIELDS.filter((f) => (fields[f] ?? '').length > FIELD_LIMITS[f]).map((field) => ({
    field,
    code: 'too-long',
    severity: 'error',
    ja: `${FIELD_NAMES[field]}は${FIELD_LIMITS[field]}文字以内で入力してください。`,
    en: `At most ${FIELD_LIMITS[field]} characters.`,
  }));
}

function unknownChoices(fields: FormFields, context: FormContext): FormIssue[] {
  const choices: [MessageField, readonly string[]][] = [
    ['callType', CALL_TYPES],
    ['wants', WANTS],
    ['urgency', URGENCIES],
  ];
  const issues: FormIssue[] = choices
    .filter(([field, known]) => !['', ...known].includes(fields[field] ?? ''))
    .map(([field]) => ({
      field,
      code: 'unknown-choice',
      severity: 'error',
      ja: `${FIELD_NAMES[field]}を選び直してください。`,
      en: 'Choose one of the list.',
    }));
  const contactId = fields.contactId ?? '';
  if (contactId !== '' && context.contactIds?.includes(contactId) === false) {
    issues.push({
      field: 'contactId',
      code: 'unknown-contact',
      severity: 'error',
      ja: '宛先がこの契約者の担当者ではありません。選び直してください。',
      en: 'This person does not belong to the subscriber.',
    });
  }
  return issues;
}

const MIN_PHONE_DIGITS = 6;
/** An international number (010 and 15 digits, ITU-T E.164) and an extension behind any shorter one. */
const MAX_PHONE_DIGITS = 20;

/** A call-back needs a number; otherwise it is asked for, but the caller may have declined. */
function missingNumber(fields: FormFields, context: FormContext): FormIssue[] {
  const phone = fields.phone ?? '';
  const wanted = fields.wants === 'callback';
  if (phone === '') {
    if (!context.callerWithheld || isUnwanted(fields)) return [];
    return [
      {
        field: 'phone',
        code: 'missing',
        severity: wanted ? 'error' : 'warning',
        ja: wanted
          ? '番号が通知されていません。折返し先の電話番号を入力してください。'
          : '番号が通知されていません。電話番号を伺ってください。',
        en: 'No number was shown: please ask for one.',
      },
    ];
  }
  const digits = (phone.match(/\d/g) ?? []).length;
  if (digits >= MIN_PHONE_DIGITS && digits <= MAX_PHONE_DIGITS) return [];
  return [
    {
      field: 'phone',
      code: 'no-number',
      severity: wanted ? 'error' : 'warning',
      ja: '電話番号をご確認ください。',
      en: 'This does not look like a telephone number.',
    },
  ];
}

function missingWords(fields: FormFields): FormIssue[] {
  if (isUnwanted(fields)) return [];
  const said = (field: MessageField): boolean => (fields[field] ?? '') !== '';
  const warn = (field: MessageField, ja: string, en: string): FormIssue => ({
    field,
    code: 'missing',
    severity: 'warning',
    ja,
    en,
  });
  // The number is in the form before she has written anything.
  if (!(['company', 'name', 'body', 'wants', 'callType'] as const).some(said)) {
    const ja = 'まだ何も書かれていません。お名前か用件を入力してください。';
    const en = 'Nothing is written yet: fill in a name or the request.';
    return [{ field: 'body', code: 'empty', severity: 'error', ja, en }];
  }
  const issues: FormIssue[] = [];
  if (!said('name') && !said('company')) {
    issues.push(warn('name', 'お名前を伺ってください。', 'Please ask for the name.'));
  }
  if (!said('body') && fields.wants !== 'callback' && fields.wants !== 'call-again') {
    issues.push(warn('body', 'ご用件が入力されていません。', 'The request is not filled in.'));
  }
  return issues;
}

/** Sales calls and wrong numbers are noted, not asked about. */
function isUnwanted(fields: FormFields): boolean {
  return fields.callType === 'sales' || fields.callType === 'wrong-number';
}
