import type { MessageView } from '../../src/contract/index.ts';

/** The number to call back: the one that was left, else the one that was shown. */
export function callBackNumber(message: MessageView): string | null {
  const left = message.fields.phone?.trim() ?? '';
  return left === '' ? message.callerNumberFormatted : left;
}
