import type { Message } from '../messages/index.ts';

/**
 * Text as search compares it: full and half width alike (NFKC), case and kana script alike.
 * Katakana U+30A1–U+30F6 has its hiragana 0x60 below.
 */
export function foldForSearch(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\u30a1-\u30f6]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const NUMBER = /^[+\d][\d\-() ]*$/;
const HYPHENS = /[-\u2010-\u2015\u2212\u30fc]/g;

/** A pattern for `LIKE` with `\` as its escape; null when there is nothing to look for. */
export function likePattern(query: string): string | null {
  let folded = foldForSearch(query);
  if (folded === '') return null;
  const dialled = folded.replaceAll(HYPHENS, '-');
  if (NUMBER.test(dialled)) folded = plainNumber(dialled);
  return `%${folded.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

/** What of a message can be found. Numbers stand there as written and without hyphens. */
export function searchTextOf(message: Message, contactName: string | null): string {
  const parts = [
    message.receiptNumber,
    ...Object.entries(message.fields)
      .filter(([field]) => field !== 'contactId')
      .map(([, value]) => value),
    contactName ?? '',
    message.operatorName ?? '',
    plainNumber(message.fields.phone ?? ''),
    plainNumber(message.callerNumber ?? ''),
  ];
  return parts.map(foldForSearch).join('\n');
}

/** `+81 3-0123-4567` → `0301234567`; a lone sign is left alone. */
function plainNumber(text: string): string {
  const digits = text.normalize('NFKC').replaceAll(HYPHENS, '').replaceAll(/[() ]/g, '');
  return digits.replace(/^\+81(?=\d)/, '0');
}
