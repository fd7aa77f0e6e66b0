import { formatParams } from './uri.ts';
import { topVia } from './message.ts';
import type { SipMessage } from './message.ts';
import { splitList } from './name-address.ts';
import { formatVia } from './via.ts';
import type { Via } from './via.ts';

export type TransportProtocol = 'UDP' | 'TCP' | 'TLS' | 'WS';

export type Address = { address: string; port: number };

/**
 * Where a message goes. Over a stream: the far end of a connection; `orElse` is where to connect
 * when that connection is gone.
 */
export type Destination = Address & { orElse?: Address };

/** One end of the wire: where a message came from, or goes to. */
export type Peer = Destination & { protocol: TransportProtocol };

export function samePeer(left: Peer, right: Peer): boolean {
  return (
    left.protocol === right.protocol && left.address === right.address && left.port === right.port
  );
}

/**
 * All that the core wants of a socket. `message` holds one character per byte. `send` neither
 * throws nor waits; a failure known later is reported with `SipUserAgent.transportFailed`.
 */
export interface SipTransport {
  readonly protocol: TransportProtocol;
  /** True for a stream: no retransmissions are made. */
  readonly reliable: boolean;
  send(message: string, destination: Destination): void;
  /**
   * The peer of this connection goes on over another one: once the first is gone, what is for it goes over
   * the second. Absent without connections.
   */
  standIn?(first: Address, second: Address): void;
}

export const DEFAULT_PORT: Record<TransportProtocol, number> = {
  UDP: 5060,
  TCP: 5060,
  TLS: 5061,
  WS: 80,
};

/** RFC 3261 §18.2.1 and RFC 3581 §4: notes in the top Via where the request really came from. */
export function stampReceived(message: SipMessage, source: Peer): void {
  const via = topVia(message);
  if (!via) return;
  const wantsPort = via.params.has('rport');
  if (!wantsPort && hostAsAddress(via.host) === source.address) return;
  const params = new Map(via.params);
  params.set('received', source.address);
  if (wantsPort) params.set('rport', String(source.port));
  const rest = splitList(message.headers.get('Via') ?? '').slice(1);
  message.headers.replaceFirst('Via', [formatVia({ ...via, params }), ...rest].join(', '));
}

/** RFC 3261 §18.2.2 and RFC 3581 §4: where the response to a request of this Via goes. */
export function responseDestination(via: Via, source: Peer): Peer {
  // §18.2.2: over the connection of the request, else over a new one to the sent-by port.
  const port = via.port ?? DEFAULT_PORT[source.protocol];
  if (source.protocol !== 'UDP') return { ...source, orElse: { address: source.address, port } };
  if (via.params.has('rport')) return source;
  // maddr is not followed: nobody may have our answers sent to a third address.
  return { ...source, port };
}

/** `[2001:db8::1]` → `2001:db8::1`; other hosts unchanged. */
export function hostAsAddress(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

/** An address as a URI or a Via writes it: IPv6 in brackets. */
export function addressAsHost(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}

export function isIpAddress(host: string): boolean {
  return host.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

/** An address that nobody outside its own network can reach (RFC 1918, 6598, 3927, loopback). */
export function isPrivateAddress(address: string): boolean {
  return (
    /^(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address) ||
    /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(address) ||
    /^(::1$|f[cd]|fe80)/i.test(address)
  );
}

/** Our own Via: always with rport, so that answers find their way back through a NAT (RFC 3581). */
export function ownVia(protocol: TransportProtocol, contact: Address, branch: string): string {
  const params = new Map([
    ['rport', ''],
    ['branch', branch],
  ]);
  const host = addressAsHost(contact.address);
  return `SIP/2.0/${protocol} ${host}:${contact.port}${formatParams(params)}`;
}
