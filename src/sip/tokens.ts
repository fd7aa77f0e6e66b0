import type { Random } from '../base/index.ts';
import { MAGIC_COOKIE } from './via.ts';

function randomHex(random: Random, bytes: number): string {
  let text = '';
  for (const byte of random.bytes(bytes)) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** At least 32 random bits are asked for (§19.3); 64 make guessing pointless. */
export function newTag(random: Random): string {
  return randomHex(random, 8);
}

export function newBranch(random: Random): string {
  return `${MAGIC_COOKIE}${randomHex(random, 10)}`;
}

export function newSipCallId(random: Random): string {
  return randomHex(random, 16);
}

export function newNonceSalt(random: Random): string {
  return randomHex(random, 8);
}
