import type { DialogId } from './dialog.ts';
import type { InDialogOptions } from './outgoing-request.ts';
import { reasonPhrase } from './message.ts';
import type { SipRequest } from './message.ts';
import { parseNameAddress } from './name-address.ts';
import { decodeUser, parseDigits, parseParams } from './uri.ts';
import type { SipUri, TelUri } from './uri.ts';

/** What a REFER asks for (RFC 3515 §2.1). */
export type ReferTarget = {
  /** Without the headers that were in it. */
  uri: SipUri | TelUri;
  /** Attended transfer (RFC 5589 §7): the dialog at the target that the new call is to replace. */
  replaces: DialogId | undefined;
};

/** RFC 3891 §3 with the tags as the target of the transfer sees them; RFC 3261 §19.1.1 escapes it. */
export function parseReferTo(request: SipRequest): ReferTarget | undefined {
  const lines = request.headers.list('Refer-To');
  const address = lines.length === 1 ? parseNameAddress(lines[0] ?? '') : undefined;
  if (!address || address.uri.scheme === 'other') return undefined;
  if (address.uri.scheme === 'tel') return { uri: address.uri, replaces: undefined };
  const { headers } = address.uri;
  const params = new Map(address.uri.params);
  const method = params.get('method')?.toUpperCase() ?? 'INVITE';
  if (method !== 'INVITE') return undefined;
  params.delete('method');
  const replaces = replacesIn(headers);
  if (replaces === 'broken') return undefined;
  return { uri: { ...address.uri, params, headers: '' }, replaces };
}

function replacesIn(headers: string): DialogId | undefined | 'broken' {
  const found = headers.split('&').find((one) => one.toLowerCase().startsWith('replaces='));
  if (found === undefined) return undefined;
  return parseReplaces(decodeUser(found.slice('replaces='.length))) ?? 'broken';
}

/** RFC 3891 §3: the dialog that a new call replaces, as the side sees it that is called. */
function parseReplaces(value: string): DialogId | undefined {
  const semicolon = value.indexOf(';');
  const params = semicolon < 0 ? undefined : parseParams(value, semicolon);
  const [localTag, remoteTag] = [params?.get('to-tag'), params?.get('from-tag')];
  const sipCallId = value.slice(0, Math.max(0, semicolon)).trim();
  if (sipCallId === '' || localTag === undefined || remoteTag === undefined) return undefined;
  return { sipCallId, localTag, remoteTag };
}

/** The Replaces header of the INVITE to the target of a transfer; `replaces` as `ReferTarget` has it. */
function formatReplaces({ sipCallId, localTag, remoteTag }: DialogId): string {
  return `${sipCallId};to-tag=${localTag};from-tag=${remoteTag}`;
}

/** Refer-To for this target; `replaces` is our own dialog with it (RFC 5589 §7). */
export function formatReferTo(uri: string, replaces?: DialogId): string {
  if (!replaces) return `<${uri}>`;
  // The target's end of our dialog: the tags change places.
  const { sipCallId, localTag: remoteTag, remoteTag: localTag } = replaces;
  const value = formatReplaces({ sipCallId, localTag, remoteTag });
  return `<${uri}?Replaces=${encodeURIComponent(value)}>`;
}

/** RFC 3420: the first line of a response is all that a NOTIFY has to tell. */
export function sipfrag(status: number): string {
  return `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`;
}

/** The status in a NOTIFY of a REFER; undefined when it carries none. */
export function sipfragStatus(notify: SipRequest): number | undefined {
  const type = notify.headers.get('Content-Type')?.toLowerCase() ?? '';
  if (!type.startsWith('message/sipfrag')) return undefined;
  const status = parseDigits(/^SIP\/2\.0 (\d{3})/i.exec(notify.body)?.[1] ?? '', 699);
  return status === undefined || status < 100 ? undefined : status;
}

/** RFC 3515 §2.4.4, RFC 6665 §4.1.2: a final status ends the subscription. */
export function referNotify(status: number, referSeq: number): InDialogOptions {
  const isFinal = status >= 200;
  return {
    body: sipfrag(status),
    headers: [
      // §2.4.6: tells several REFERs of one dialog apart.
      ['Event', `refer;id=${referSeq}`],
      ['Subscription-State', isFinal ? 'terminated;reason=noresource' : 'active;expires=180'],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ],
  };
}

/** True for a NOTIFY of a REFER; `id` is the CSeq of that REFER, absent for the first (§2.4.6). */
export function referEventOf(notify: SipRequest): { id: number | undefined } | undefined {
  const value = notify.headers.get('Event') ?? '';
  const semicolon = value.indexOf(';');
  const name = (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
  if (name !== 'refer') return undefined;
  const params = semicolon < 0 ? undefined : parseParams(value, semicolon);
  return { id: parseDigits(params?.get('id') ?? '', 2_147_483_647) };
}

/** The subscription of a REFER is over: by this state, or by a final status. */
export function endsSubscription(notify: SipRequest): boolean {
  return /^terminated\b/i.test(notify.headers.get('Subscription-State')?.trim() ?? '');
}

/** RFC 4488: the peer wants no NOTIFY; we may agree. */
export function wantsNoSubscription(refer: SipRequest): boolean {
  return refer.headers.get('Refer-Sub')?.trim().toLowerCase().startsWith('false') === true;
}
