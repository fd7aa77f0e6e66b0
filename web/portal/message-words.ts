import { callTypeSchema, wantsSchema } from '../../src/contract/index.ts';
import type { CallType, MessageView, Wants } from '../../src/contract/index.ts';

/** RFC 3966 without what a keypad does not have; null when nothing can be dialled. */
export function telHref(number: string): string | null {
  const dialable = number.normalize('NFKC').replace(/[^0-9+*#]/g, '');
  return /\d{3}/.test(dialable) ? `tel:${dialable.replaceAll('#', '%23')}` : null;
}

/** `株式会社見本（ミホン）` */
export function withReading(value: string | undefined, reading: string | undefined): string {
  const text = value?.trim() ?? '';
  const kana = reading?.trim() ?? '';
  if (kana === '') return text;
  return text === '' ? kana : `${text}（${kana}）`;
}

/** The choices of the form; what an older form held stays unsaid. */
export function callTypeOf(message: MessageView): CallType | null {
  return callTypeSchema.safeParse(message.fields.callType).data ?? null;
}

export function wantsOf(message: MessageView): Wants | null {
  return wantsSchema.safeParse(message.fields.wants).data ?? null;
}
