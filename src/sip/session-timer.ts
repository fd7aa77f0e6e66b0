import type { SipRequest, SipResponse } from './message.ts';
import type { SipHeaders } from './sip-headers.ts';
import { parseDigits, parseParams } from './uri.ts';

/** RFC 4028 §4: no session may be shorter. */
export const MIN_SESSION_S = 90;

/** What we want of session timers; without it they are not spoken at all. */
export type SessionPolicy = {
  /** Asked for in our INVITEs, and the longest we grant; 1800 is what RFC 4028 §4 recommends. */
  intervalS: number;
};

/** The session timer of a dialog as plain data, part of the stored dialog. */
export type SessionTimer = {
  intervalS: number;
  /** Who has to refresh. */
  refresher: 'us' | 'them';
  /** Unix ms of the latest refresh; null until the process that has the dialog has noted one. */
  refreshedAtMs: number | null;
};

type Header = [name: string, value: string];

/** RFC 4028 §9: 422 for a session that is too short for us. */
export function isSessionTooShort(request: SipRequest): boolean {
  const asked = sessionExpiresOf(request.headers);
  return asked !== undefined && asked.intervalS < MIN_SESSION_S && supportsTimer(request.headers);
}

/** What the headers ask for or say; undefined without Session-Expires, or with a broken one. */
export function sessionExpiresOf(
  headers: SipHeaders,
): { intervalS: number; refresher: 'uac' | 'uas' | undefined } | undefined {
  const value = headers.get('Session-Expires');
  if (value === undefined) return undefined;
  const semicolon = value.indexOf(';');
  const seconds = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  const intervalS = parseDigits(seconds, 2 ** 31);
  if (intervalS === undefined) return undefined;
  const params = semicolon < 0 ? undefined : parseParams(value, semicolon);
  const refresher = params?.get('refresher')?.toLowerCase();
  return {
    intervalS,
    refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined,
  };
}

/**
 * RFC 4028 §9: the timer that a request of the peer and our 2xx to it make. A peer that does not
 * know the extension is refreshed by us; one that does and names nobody refreshes by itself.
 */
export function timerOfRequest(
  request: SipRequest,
  policy: SessionPolicy | undefined,
  nowMs: number | null,
): SessionTimer | undefined {
  const asked = sessionExpiresOf(request.headers);
  if (!policy || !asked) return undefined;
  const least = parseDigits(request.headers.get('Min-SE') ?? '', 2 ** 31) ?? MIN_SESSION_S;
  const wanted = Math.min(asked.intervalS, policy.intervalS);
  const intervalS = Math.max(wanted, least, MIN_SESSION_S);
  const isTheirs = supportsTimer(request.headers) && asked.refresher !== 'uas';
  return { intervalS, refresher: isTheirs ? 'them' : 'us', refreshedAtMs: nowMs };
}

/** What our 2xx says of it: we are the UAS of this request. */
export function timerHeadersOfAnswer(timer: SessionTimer | undefined): Header[] {
  if (!timer) return [];
  const isTheirs = timer.refresher === 'them';
  const value = `${timer.intervalS};refresher=${isTheirs ? 'uac' : 'uas'}`;
  // §9: the peer has to know that refreshing is left to it.
  return isTheirs
    ? [
        ['Session-Expires', value],
        ['Require', 'timer'],
      ]
    : [['Session-Expires', value]];
}

/** §7.1, §7.4: what our INVITE or UPDATE asks for; inside a dialog the roles stay as they are. */
export function timerHeadersOfRequest(
  policy: SessionPolicy | undefined,
  timer: SessionTimer | undefined,
): Header[] {
  if (!policy) return [];
  const intervalS = timer?.intervalS ?? policy.intervalS;
  const refresher = timer && `;refresher=${timer.refresher === 'us' ? 'uac' : 'uas'}`;
  return [
    ['Session-Expires', `${intervalS}${refresher ?? ''}`],
    ['Min-SE', String(MIN_SESSION_S)],
  ];
}

/**
 * §7.2: the timer after a 2xx to our request. A 2xx that says nothing ends it, unless it is we who
 * refresh for a peer that does not know the extension.
 */
export function timerOfResponse(
  response: SipResponse,
  before: SessionTimer | undefined,
  nowMs: number,
): SessionTimer | undefined {
  const agreed = sessionExpiresOf(response.headers);
  if (agreed) {
    const refresher = agreed.refresher === 'uas' ? 'them' : 'us';
    const intervalS = Math.max(agreed.intervalS, MIN_SESSION_S);
    return { intervalS, refresher, refreshedAtMs: nowMs };
  }
  return before?.refresher === 'us' ? { ...before, refreshedAtMs: nowMs } : undefined;
}

/** §7.3: a 422 names the shortest session it would take; undefined when that makes no sense. */
export function longerSession(request: SipRequest, response: SipResponse): number | undefined {
  const wanted = parseDigits(response.headers.get('Min-SE') ?? '', 7 * 24 * 3600);
  const asked = sessionExpiresOf(request.headers)?.intervalS ?? 0;
  return wanted !== undefined && wanted > asked ? wanted : undefined;
}

/** §10: half way for the refresher; for the other side shortly before the end. */
export function dueTimes(
  timer: SessionTimer,
  sinceMs: number,
): Record<'refresh' | 'expire', number> {
  const { intervalS } = timer;
  const marginS = Math.min(32, intervalS / 3);
  return {
    refresh: sinceMs + (intervalS / 2) * 1000,
    expire: sinceMs + (intervalS - marginS) * 1000,
  };
}

function supportsTimer(headers: SipHeaders): boolean {
  return (
    headers.tokens('Supported').includes('timer') || headers.tokens('Require').includes('timer')
  );
}
