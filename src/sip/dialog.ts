import { contactOf, cseqOf, fromOf, fromTagOf, sipCallIdOf, toOf, toTagOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { parseNameAddress } from './name-address.ts';
import type { SessionTimer } from './session-timer.ts';
import { SipHeaders } from './sip-headers.ts';
import { DEFAULT_PORT, hostAsAddress, isIpAddress, isPrivateAddress } from './transport.ts';
import type { Peer } from './transport.ts';
import { parseSipOnly, parseUri } from './uri.ts';

/**
 * RFC 3261 §12 as plain data: store it as JSON, and any process can go on with the dialog. Every
 * function here returns a new state and changes none.
 */
export type DialogState = {
  sipCallId: string;
  localTag: string;
  /** '' for a peer of RFC 2543, which has none. */
  remoteTag: string;
  localUri: string;
  remoteUri: string;
  /** CSeq of our latest request; store it before that request is sent. */
  localSeq: number;
  /** CSeq of the peer's latest request; null before the first. */
  remoteSeq: number | null;
  /** Route values as written, in the order in which they are used. */
  routeSet: string[];
  /** URI of the peer's latest Contact. */
  remoteTarget: string;
  /** Our Contact URI in this dialog. */
  localTarget: string;
  secure: boolean;
  role: 'uac' | 'uas';
  state: 'early' | 'confirmed';
  /** CSeq of the latest INVITE we sent (its ACK carries it); 0 when there is none. */
  inviteSeq: number;
  /** The session timer (RFC 4028); absent without one. */
  session?: SessionTimer | undefined;
  /** The peer has said that it takes UPDATE (RFC 3311 §4). */
  takesUpdate?: boolean;
  /** The last address the peer was seen at, or was sent to: the way back through a NAT. */
  peer: Peer;
};

/** The names under which in-dialog requests find their dialog. */
export type DialogId = Pick<DialogState, 'sipCallId' | 'localTag' | 'remoteTag'>;

export function dialogKey(id: DialogId): string {
  return `${id.sipCallId}|${id.localTag}|${id.remoteTag}`;
}

/** §12.1.1: the dialog that our tagged response to this INVITE makes. */
export function createUasDialog(options: {
  request: SipRequest;
  localTag: string;
  localTarget: string;
  source: Peer;
  session?: SessionTimer | undefined;
}): DialogState {
  const { request, localTag, localTarget, source, session } = options;
  return {
    sipCallId: sipCallIdOf(request),
    localTag,
    remoteTag: fromTagOf(request),
    localUri: toOf(request)?.uriText ?? '',
    remoteUri: fromOf(request)?.uriText ?? '',
    localSeq: 0,
    remoteSeq: cseqOf(request)?.number ?? 0,
    routeSet: request.headers.list('Record-Route'),
    remoteTarget: contactOf(request)?.uriText ?? fromOf(request)?.uriText ?? '',
    localTarget,
    secure: isSecure(request.uri) && source.protocol === 'TLS',
    role: 'uas',
    state: 'early',
    inviteSeq: 0,
    session,
    takesUpdate: request.headers.tokens('Allow').includes('update'),
    peer: source,
  };
}

/** §12.1.2: the dialog that a tagged response to our INVITE makes. */
export function createUacDialog(options: {
  request: SipRequest;
  response: SipResponse;
  peer: Peer;
  session?: SessionTimer | undefined;
}): DialogState {
  const { request, response, peer, session } = options;
  const seq = cseqOf(request)?.number ?? 0;
  return {
    sipCallId: sipCallIdOf(request),
    localTag: fromTagOf(request),
    remoteTag: toTagOf(response),
    localUri: fromOf(request)?.uriText ?? '',
    remoteUri: toOf(request)?.uriText ?? '',
    localSeq: seq,
    remoteSeq: null,
    routeSet: response.headers.list('Record-Route').reverse(),
    remoteTarget: contactOf(response)?.uriText ?? request.uri,
    localTarget: contactOf(request)?.uriText ?? '',
    secure: isSecure(request.uri) && peer.protocol === 'TLS',
    role: 'uac',
    state: response.status >= 200 ? 'confirmed' : 'early',
    inviteSeq: seq,
    session,
    takesUpdate: response.headers.tokens('Allow').includes('update'),
    peer,
  };
}

/** The state in which our next request is to be stored before it is sent. */
export function advanceLocalSeq(dialog: DialogState, method: string): DialogState {
  const localSeq = dialog.localSeq + 1;
  return { ...dialog, localSeq, inviteSeq: method === 'INVITE' ? localSeq : dialog.inviteSeq };
}

/** §12.2.1.1: a request inside the dialog; Via is added when it is sent. */
export function createInDialogRequest(
  dialog: DialogState,
  method: string,
  seq: number = dialog.localSeq,
): SipRequest {
  const { uri, routes } = routing(dialog);
  const headers = new SipHeaders();
  for (const route of routes) headers.add('Route', route);
  headers.add('Max-Forwards', '70');
  headers.add('From', `<${dialog.localUri}>${tagParam(dialog.localTag)}`);
  headers.add('To', `<${dialog.remoteUri}>${tagParam(dialog.remoteTag)}`);
  headers.add('Call-ID', dialog.sipCallId);
  headers.add('CSeq', `${seq} ${method}`);
  if (method === 'INVITE' || method === 'UPDATE') headers.add('Contact', `<${dialog.localTarget}>`);
  return { kind: 'request', method, uri, headers, body: '' };
}

/** §13.2.2.4: the ACK of a 2xx, with the CSeq number of its INVITE. */
export function createAck(dialog: DialogState, sdp = '', seq = dialog.inviteSeq): SipRequest {
  const request = createInDialogRequest(dialog, 'ACK', seq);
  if (sdp !== '') {
    request.headers.add('Content-Type', 'application/sdp');
    request.body = sdp;
  }
  return request;
}

/** §13.2.2.4: the ACK proves who we are with what its INVITE carried; it cannot be challenged. */
export function copyCredentials(invite: SipRequest, ack: SipRequest): void {
  ack.headers.copyFrom(invite.headers, 'Authorization', 'Proxy-Authorization');
}

export type InDialogVerdict =
  | { ok: true; dialog: DialogState }
  /** §12.2.2: a CSeq lower than one we have seen. */
  | { ok: false; status: 500 };

/** §12.2.2: order, and target refresh by the requests that carry one. */
export function acceptInDialogRequest(
  dialog: DialogState,
  request: SipRequest,
  source: Peer,
): InDialogVerdict {
  const seq = cseqOf(request)?.number ?? 0;
  if (dialog.remoteSeq !== null && seq < dialog.remoteSeq) return { ok: false, status: 500 };
  const contact = REFRESHES_TARGET.has(request.method) ? contactOf(request)?.uriText : undefined;
  return {
    ok: true,
    dialog: {
      ...dialog,
      remoteSeq: seq,
      remoteTarget: contact ?? dialog.remoteTarget,
      peer: dialog.routeSet.length > 0 ? dialog.peer : source,
    },
  };
}

/** §12.2.1.2: the 2xx of our re-INVITE or UPDATE may move the peer's target. */
export function refreshTarget(dialog: DialogState, response: SipResponse): DialogState {
  const contact = response.status < 300 ? contactOf(response)?.uriText : undefined;
  return contact === undefined ? dialog : { ...dialog, remoteTarget: contact };
}

const REFRESHES_TARGET = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/**
 * Where the next request of the dialog goes. The first route, else the peer's Contact, decides.
 * The address the peer was last seen at is used for names we cannot look up here, and for a
 * private Contact behind a public address (a phone behind NAT). A stream goes on over the
 * connection the peer was last seen at; Route or Contact say where to connect when that is gone.
 */
export function nextHop(dialog: Pick<DialogState, 'peer' | 'routeSet' | 'remoteTarget'>): Peer {
  const { peer } = dialog;
  const first = dialog.routeSet[0];
  const text = first === undefined ? dialog.remoteTarget : parseNameAddress(first)?.uriText;
  const uri = parseSipOnly(text ?? '');
  if (!uri) return peer;
  const isStream = peer.protocol !== 'UDP';
  const { address, isNamed } = reachableAddress(uri.host, peer.address);
  if (isStream) {
    const port = uri.port ?? DEFAULT_PORT[peer.protocol];
    const { protocol, address: seenAt, port: seenPort } = peer;
    return { protocol, address: seenAt, port: seenPort, orElse: { address, port } };
  }
  if (!isNamed) return peer;
  const wantsTcp = uri.params.get('transport')?.toLowerCase() === 'tcp';
  return { protocol: wantsTcp ? 'TCP' : 'UDP', address, port: uri.port ?? DEFAULT_PORT.UDP };
}

/** The host itself when it is an address that can be reached from here, else where the peer is. */
function reachableAddress(host: string, seenAt: string): { address: string; isNamed: boolean } {
  const address = hostAsAddress(host);
  const isBehindNat = isPrivateAddress(address) && !isPrivateAddress(seenAt);
  const isNamed = isIpAddress(host) && !isBehindNat;
  return { address: isNamed ? address : seenAt, isNamed };
}

/** Loose routers get the target as Request-URI; a strict router gets its own URI there (§12.2.1.1). */
function routing(dialog: DialogState): { uri: string; routes: string[] } {
  const first = dialog.routeSet[0];
  const router = first === undefined ? undefined : parseNameAddress(first);
  const uri = parseSipOnly(router?.uriText ?? '');
  if (!router || !uri || uri.params.has('lr')) {
    return { uri: dialog.remoteTarget, routes: dialog.routeSet };
  }
  return {
    uri: router.uriText,
    routes: [...dialog.routeSet.slice(1), `<${dialog.remoteTarget}>`],
  };
}

function tagParam(tag: string): string {
  return tag === '' ? '' : `;tag=${tag}`;
}

function isSecure(uri: string): boolean {
  return parseUri(uri)?.scheme === 'sips';
}

/** The dialog of a 2xx whose INVITE nobody remembers: enough to acknowledge and end it. */
export function createStrayDialog(response: SipResponse, source: Peer): DialogState {
  const seq = cseqOf(response)?.number ?? 0;
  return {
    sipCallId: sipCallIdOf(response),
    localTag: fromTagOf(response),
    remoteTag: toTagOf(response),
    localUri: fromOf(response)?.uriText ?? '',
    remoteUri: toOf(response)?.uriText ?? '',
    localSeq: seq,
    remoteSeq: null,
    routeSet: response.headers.list('Record-Route').reverse(),
    remoteTarget: contactOf(response)?.uriText ?? toOf(response)?.uriText ?? '',
    localTarget: '',
    secure: false,
    role: 'uac',
    state: 'confirmed',
    inviteSeq: seq,
    peer: source,
  };
}
