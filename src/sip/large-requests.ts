import type { Clock } from '../base/index.ts';
import type { SipRequest } from './message.ts';
import type { Peer } from './transport.ts';

/** RFC 3261 §18.1.1, the path MTU being unknown. */
const MAX_DATAGRAM_BYTES = 1300;
/** First line, Content-Length, and our Via, which is added last. */
const REST_BYTES = 160;
/** How long a peer without TCP is not asked for it again. */
const REFUSAL_MS = 10 * 60_000;
const MAX_REFUSALS = 1_000;

/** Requests too large for a datagram go over TCP, except to peers that have refused it. */
export class LargeRequests {
  readonly #clock: Clock;
  readonly #hasStream: boolean;
  readonly #refusedUntil = new Map<string, number>();

  constructor(clock: Clock, hasStream: boolean) {
    this.#clock = clock;
    this.#hasStream = hasStream;
  }

  /** Where the request goes: to this peer as it is, or over TCP. */
  peerFor(request: SipRequest, peer: Peer): Peer {
    if (peer.protocol !== 'UDP' || !this.#hasStream) return peer;
    const { uri, headers, body } = request;
    const bytes = uri.length + headers.length + body.length + REST_BYTES;
    if (bytes <= MAX_DATAGRAM_BYTES) return peer;
    const until = this.#refusedUntil.get(keyOf(peer)) ?? 0;
    return until > this.#clock.monotonic() ? peer : { ...peer, protocol: 'TCP' };
  }

  refused(peer: Peer): void {
    if (this.#refusedUntil.size >= MAX_REFUSALS) this.#refusedUntil.clear();
    this.#refusedUntil.set(keyOf(peer), this.#clock.monotonic() + REFUSAL_MS);
  }
}

function keyOf({ address, port }: Peer): string {
  return `${address}:${port}`;
}
