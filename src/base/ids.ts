/** A string that TypeScript keeps apart from other strings: ids of different kinds never mix. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };

export type CallId = Brand<string, 'CallId'>;
export type LegId = Brand<string, 'LegId'>;
export type RecordingId = Brand<string, 'RecordingId'>;
export type PlaybackId = Brand<string, 'PlaybackId'>;
export type SubscriberId = Brand<string, 'SubscriberId'>;
export type ContactId = Brand<string, 'ContactId'>;
export type OperatorId = Brand<string, 'OperatorId'>;
export type UserId = Brand<string, 'UserId'>;
export type ApiTokenId = Brand<string, 'ApiTokenId'>;
export type MessageId = Brand<string, 'MessageId'>;
export type DeliveryId = Brand<string, 'DeliveryId'>;
export type TrunkId = Brand<string, 'TrunkId'>;

/** A telephone number in E.164 form with its plus sign: `+81312345678`. */
export type E164 = Brand<string, 'E164'>;

/** Says that a string read from a trusted place (our database, our own generator) is this id. */
export function asId<T extends Brand<string, string>>(value: string): T {
  return value as T;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new sortable id: prefix, 10 characters of millisecond time, 16 random characters
 * (Crockford base 32, lower case), 80 random bits. `call_01jd…`.
 */
export function newId<T extends Brand<string, string>>(
  prefix: string,
  nowMs: number,
  random: Random,
): T {
  let time = '';
  for (let i = 0, rest = nowMs; i < 10; i++) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  const bytes = random.bytes(16);
  let tail = '';
  for (const byte of bytes) tail += ALPHABET.charAt(byte & 31);
  return `${prefix}_${time}${tail}` as T;
}

/** The only source of randomness; pure modules receive it. */
export interface Random {
  bytes(length: number): Uint8Array;
}
