import type { SipRequest } from './message.ts';

/**
 * The key in an INFO of a telephone that sends keys by signalling instead of RFC 4733: `Signal=5` in
 * application/dtmf-relay, or the bare key in application/dtmf. Null for any other INFO.
 */
export function digitOfInfo({ method, headers, body }: SipRequest): string | null {
  if (method !== 'INFO') return null;
  const type = (headers.get('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase();
  const text = body.slice(0, 200);
  const key =
    type === 'application/dtmf-relay'
      ? /^\s*signal\s*=\s*(\S{1,2})\s*$/im.exec(text)?.[1]
      : type === 'application/dtmf'
        ? text.trim()
        : undefined;
  const digit = NAMED[key ?? ''] ?? key?.toUpperCase();
  return digit !== undefined && /^[0-9*#A-D]$/.test(digit) ? digit : null;
}

/** Some write the event code of RFC 4733 for the keys that are no digits. */
const NAMED: Record<string, string> = { '10': '*', '11': '#' };
