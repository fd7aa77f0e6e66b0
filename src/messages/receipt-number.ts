import type { Random } from '../base/index.ts';

/** Neither 0 and O, nor 1, I and L, nor U, which is heard as V: read out on the telephone. */
const LETTERS = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The number people quote for a message: `8K3F-21`. Six of 30 characters, 729 million; storage
 * draws again when one is taken. It is no secret, so that the slight lean of the remainder towards
 * the first letters does no harm.
 */
export function newReceiptNumber(random: Random): string {
  let text = '';
  for (const byte of random.bytes(6)) text += LETTERS.charAt(byte % LETTERS.length);
  return `${text.slice(0, 4)}-${text.slice(4)}`;
}
