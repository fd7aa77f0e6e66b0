import type { DeliveryId } from '../base/index.ts';
import type { Outcome } from './ports.ts';

/** A mail as it goes out: ready words, one receiver. */
export type OutgoingMail = {
  deliveryId: DeliveryId;
  /** Counts the copies of one delivery; the Message-ID stays the same. */
  attempt: number;
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  /** `<dlv_…@office.example.jp>` */
  messageId: string;
  /** `<call_…@office.example.jp>`: mails about one call stand together. */
  references: string;
};

/** Hands a mail on. Never throws; classifies its own vendor's replies. */
export interface MailChannel {
  send(mail: OutgoingMail, signal: AbortSignal): Promise<Outcome>;
}

export type MailAddress = { name: string; address: string };

/** `電話番 <denwaban@example.jp>` or a bare address. Null for anything a header could be broken with. */
export function parseMailAddress(text: string): MailAddress | null {
  const match = /^(?:([^<>]*)<([^<>]+)>|([^<>\s]+))$/.exec(text.trim());
  if (!match) return null;
  const address = (match[2] ?? match[3] ?? '').trim();
  if (!isMailAddress(address)) return null;
  return { name: plainName(match[1] ?? ''), address };
}

const LOCAL_PART = /^[^\s@<>()[\]\\,;:"\u0000-\u001f\u007f]{1,64}$/u;
const DOMAIN = /^[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,252}[\p{L}\p{N}])?$/u;

export function isMailAddress(address: string): boolean {
  const at = address.lastIndexOf('@');
  return at > 0 && LOCAL_PART.test(address.slice(0, at)) && DOMAIN.test(address.slice(at + 1));
}

/** A name without anything that ends a header line. */
export function plainName(name: string): string {
  return name
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll('"', '')
    .trim();
}
