import type { Random } from '../base/index.ts';
import type { DialogState } from './dialog.ts';

/**
 * RFC 3261 §14.1: how long to wait after a 491 before the re-INVITE or UPDATE goes again. The two
 * sides draw from different ranges, so that they do not meet a second time.
 */
export function glareDelayMs(dialog: DialogState, random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  const share = (high * 256 + low) / 65_536;
  // The owner of the Call-ID: 2.1 to 4 s; the other side: 0 to 2 s; both in steps of 10 ms.
  if (dialog.role === 'uac') return 2_100 + 10 * Math.floor(share * 191);
  return 10 * Math.floor(share * 201);
}
