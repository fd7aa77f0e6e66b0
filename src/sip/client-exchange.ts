import { answerChallenge, challengeOf } from './digest-client.ts';
import type { Credentials } from './digest-client.ts';
import type { InviteClientTransaction } from './invite-client-transaction.ts';
import { cseqOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import type { ClientTransactionUser } from './transaction.ts';
import type { Peer } from './transport.ts';
import type { UserAgentCore } from './user-agent-core.ts';

export type ClientExchangeOptions = {
  request: SipRequest;
  peer: Peer;
  credentials?: Credentials;
  user: ClientTransactionUser;
};

/** Answers to challenges in one exchange: one per header, and one more for a stale nonce. */
const MAX_ATTEMPTS = 4;

/** One request with everything that digest makes of it: sent, challenged, sent again (§22). */
export class ClientExchange {
  readonly #core: UserAgentCore;
  readonly #options: ClientExchangeOptions;
  #request: SipRequest;
  #transaction: InviteClientTransaction | undefined;
  #attempts = 1;
  #mayRetry = true;

  constructor(core: UserAgentCore, options: ClientExchangeOptions) {
    this.#core = core;
    this.#options = options;
    this.#request = options.request;
  }

  /** The request as it was sent last, Via included. */
  get request(): SipRequest {
    return this.#request;
  }

  /** The INVITE's transaction, for CANCEL. */
  get transaction(): InviteClientTransaction | undefined {
    return this.#transaction;
  }

  start(): void {
    this.#transaction = this.#core.layer.request(this.#request, this.#options.peer, this.#user());
  }

  /** Goes on with an INVITE that a former process sent. */
  resume(): void {
    const { layer } = this.#core;
    this.#transaction = layer.resumeInvite(this.#request, this.#options.peer, this.#user());
  }

  /** A challenge from now on is a refusal. */
  stopRetrying(): void {
    this.#mayRetry = false;
  }

  #user(): ClientTransactionUser {
    const { user } = this.#options;
    return {
      onResponse: (response) => {
        if (!this.#retry(response)) user.onResponse(response);
      },
      onTimeout: () => user.onTimeout(),
      onTransportError: () => user.onTransportError(),
    };
  }

  #retry(response: SipResponse): boolean {
    const { credentials } = this.#options;
    if (response.status !== 401 && response.status !== 407) return false;
    if (!credentials || !this.#mayRetry || this.#attempts >= MAX_ATTEMPTS) return false;
    const answer = answerChallenge({
      response,
      method: this.#request.method,
      uri: this.#request.uri,
      credentials,
      hash: this.#core.hash,
      random: this.#core.random,
    });
    if (!answer) return false;
    // The same proof was refused: wrong password, unless only the nonce was too old.
    if (this.#request.headers.has(answer.name) && challengeOf(response)?.stale !== true) {
      return false;
    }
    const headers = this.#request.headers.clone().delete('Via').set(answer.name, answer.value);
    headers.set('CSeq', `${(cseqOf(this.#request)?.number ?? 0) + 1} ${this.#request.method}`);
    this.#request = { ...this.#request, headers };
    this.#attempts++;
    this.start();
    return true;
  }
}
