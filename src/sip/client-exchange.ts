import { challengeOf } from './digest-client.ts';
import type { DigestSession } from './digest-client.ts';
import type { InviteClientTransaction } from './invite-client-transaction.ts';
import { cseqOf, toTagOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { longerSession } from './session-timer.ts';
import type { SipHeaders } from './sip-headers.ts';
import type { ClientTransactionUser } from './transaction.ts';
import type { Peer } from './transport.ts';
import type { UserAgentCore } from './user-agent-core.ts';

export type ClientExchangeOptions = {
  request: SipRequest;
  peer: Peer;
  digest?: DigestSession;
  user: ClientTransactionUser;
  /** The request goes again, by a challenge or as a datagram: what the first one met is over. */
  onAgain?: () => void;
};

/** Requests, hence CSeq numbers, of one exchange: the first, one per challenge, a stale nonce, a longer session. */
export const MAX_ATTEMPTS = 5;

/** One request with everything that digest makes of it: sent, challenged, sent again (§22). */
export class ClientExchange implements ClientTransactionUser {
  readonly #core: UserAgentCore;
  readonly #options: ClientExchangeOptions;
  #request: SipRequest;
  #peer: Peer;
  #transaction: InviteClientTransaction | undefined;
  /** As given, or where the latest 3xx has sent us. */
  #target: Peer;
  #attempts = 1;
  #mayRetry = true;
  /** Challenges of this exchange that have been answered. */
  #answered: Set<string> | undefined;

  constructor(core: UserAgentCore, options: ClientExchangeOptions) {
    this.#core = core;
    this.#options = options;
    this.#request = options.request;
    this.#peer = options.peer;
    this.#target = options.peer;
  }

  /** The request as it was prepared or sent last, Via included. */
  get request(): SipRequest {
    return this.#request;
  }

  /** Whom it is for; a large request may go there over TCP, the dialog need not. */
  get target(): Peer {
    return this.#target;
  }

  /** Where it went: what belongs to its transaction goes the same way. */
  get peer(): Peer {
    return this.#peer;
  }

  /** The INVITE's transaction, for CANCEL. */
  get transaction(): InviteClientTransaction | undefined {
    return this.#transaction;
  }

  /** All but the sending: `request` and `peer` are what `start` will use. */
  prepare(): void {
    this.#authorize();
    this.#peer = this.#core.largeRequests.peerFor(this.#request, this.#target);
    this.#core.layer.addVia(this.#request, this.#peer);
  }

  start(): void {
    if (!this.#request.headers.has('Via')) this.prepare();
    this.#transaction = this.#core.layer.request(this.#request, this.#peer, this);
  }

  /** Goes on with an INVITE that a former process sent. */
  resume(): void {
    const { layer } = this.#core;
    this.#transaction = layer.resumeInvite(this.#request, this.#options.peer, this);
  }

  /** A challenge from now on is a refusal. */
  stopRetrying(): void {
    this.#mayRetry = false;
  }

  /** For the transaction, as the two below. */
  onResponse(response: SipResponse): void {
    if (this.#retry(response) || this.#retryLonger(response)) return;
    const { user, digest } = this.#options;
    if (response.status >= 200 && response.status < 300) digest?.accepted(response);
    user.onResponse(response);
  }

  onTimeout(): void {
    this.#options.user.onTimeout();
  }

  onTransportError(): void {
    if (!this.#retryAsDatagram()) this.#options.user.onTransportError();
  }

  /** §18.1.1: a peer that takes no connection gets the large request as a datagram after all. */
  #retryAsDatagram(): boolean {
    if (this.#peer.protocol === this.#target.protocol) return false;
    this.#core.largeRequests.refused(this.#target);
    this.#request = { ...this.#request, headers: this.#request.headers.clone().delete('Via') };
    this.prepare();
    this.#options.onAgain?.();
    this.start();
    return true;
  }

  #authorize(): void {
    const { hash, random } = this.#core;
    for (const { name, value } of this.#options.digest?.authorize(this.#request, hash, random) ??
      []) {
      this.#request.headers.set(name, value);
    }
  }

  #retry(response: SipResponse): boolean {
    const { digest } = this.#options;
    if (response.status !== 401 && response.status !== 407) return false;
    if (!digest || !this.#mayRetry || this.#attempts >= MAX_ATTEMPTS) return false;
    const header = digest.challenged(response);
    if (header === undefined) return false;
    // A proof for this very challenge was refused: wrong password, unless only the nonce was too old.
    if (this.#answered?.has(header) === true && challengeOf(response)?.stale !== true) return false;
    (this.#answered ??= new Set()).add(header);
    this.#sendAgain(() => undefined);
    return true;
  }

  /** RFC 4028 §7.3: a 422 to our INVITE says how short a session may be. */
  #retryLonger(response: SipResponse): boolean {
    if (response.status !== 422 || !this.#core.session || toTagOf(this.#request) !== '') {
      return false;
    }
    const intervalS = longerSession(this.#request, response);
    if (intervalS === undefined || !this.#mayRetry || this.#attempts >= MAX_ATTEMPTS) return false;
    this.#sendAgain((headers) => {
      headers.set('Session-Expires', String(intervalS)).set('Min-SE', String(intervalS));
    });
    return true;
  }

  #sendAgain(change: (headers: SipHeaders) => void): void {
    const headers = this.#request.headers.clone().delete('Via');
    headers.set('CSeq', `${(cseqOf(this.#request)?.number ?? 0) + 1} ${this.#request.method}`);
    change(headers);
    this.#request = { ...this.#request, headers };
    this.#attempts++;
    this.prepare();
    this.#options.onAgain?.();
    this.start();
  }
}
