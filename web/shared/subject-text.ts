import type { MessageView } from '../../src/contract/index.ts';
import { callBackNumber } from './call-back-number.ts';
import type { Language } from './i18n.ts';

const TAGS = {
  callback: 'Please call back',
  'call-again': 'Will call again',
  message: 'Message',
  sales: 'Sales call',
  'wrong-number': 'Wrong number',
  unattended: 'Missed call',
  abandoned: 'Missed call',
} as const;

/** What heads a message on a screen. In Japanese the subject of its mail; that is not translated. */
export function subjectText(message: MessageView, language: Language): string {
  if (language === 'ja') return message.subject;
  const { kind, fields, contactName, withheld } = message;
  const isUrgent = kind === 'taken' && fields.urgency === 'urgent';
  const who = [fields.company, fields.name]
    .map((part) => part?.trim() ?? '')
    .filter((part) => part !== '')
    .join(' ');
  const unnamed = withheld === null ? 'unknown caller' : 'number withheld';
  const caller = who === '' ? (callBackNumber(message) ?? unnamed) : who;
  const addressee = contactName === null ? '' : ` → ${contactName}`;
  return `${isUrgent ? 'Urgent · ' : ''}${TAGS[tagOf(message)]}: ${caller}${addressee}`;
}

function tagOf({ kind, fields }: MessageView): keyof typeof TAGS {
  if (kind !== 'taken') return kind;
  const { callType, wants } = fields;
  if (callType === 'sales' || callType === 'wrong-number') return callType;
  return wants === 'callback' || wants === 'call-again' ? wants : 'message';
}
