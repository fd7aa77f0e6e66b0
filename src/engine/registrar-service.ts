import { createHash } from 'node:crypto';
import { SignInThrottle } from '../base/index.ts';
import type { Clock, Logger, Random } from '../base/index.ts';
import {
  DigestServer,
  authorizeRegister,
  decodeUser,
  processRegister,
  samePeer,
  sipCallIdOf,
  toOf,
} from '../sip/index.ts';
import type { IncomingRequest, Peer, RegisterAuthorization, SipBinding } from '../sip/index.ts';
import type { PhoneBook } from './phone-book.ts';
import type { RegistrationStore, StoredBinding } from './ports.ts';

/** The realm of every phone account; part of the stored hashes, so it never changes. */
export const SIP_REALM = 'denwaban';

export type RegistrarServiceDeps = {
  clock: Clock;
  random: Random;
  log: Logger;
  store: RegistrationStore;
  phones: PhoneBook;
  /** A phone came or went: its operator may be reachable now. */
  onChange: (username: string) => void;
  /** Where the phone with this Contact is now. */
  onContact: (contactUri: string, source: Peer) => void;
};

/** REGISTER of operators' phones: digest, then RFC 3261 §10.3, then the database. */
export class RegistrarService {
  readonly #deps: RegistrarServiceDeps;
  readonly #digest: DigestServer;
  readonly #throttle: SignInThrottle;
  /** The last that each account has under way. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(deps: RegistrarServiceDeps) {
    this.#deps = deps;
    this.#throttle = new SignInThrottle(deps.clock);
    this.#digest = new DigestServer({
      realm: SIP_REALM,
      clock: deps.clock,
      random: deps.random,
      hash: (algorithm, text) => {
        const name = algorithm === 'md5' ? 'md5' : 'sha256';
        return createHash(name).update(text, 'latin1').digest('hex');
      },
    });
  }

  async onRegister(incoming: IncomingRequest): Promise<void> {
    const { store } = this.#deps;
    const claimed = accountOf(incoming);
    const secret = claimed === null ? null : await store.credentials(claimed);
    const authorized = authorizeRegister(incoming.request, this.#digest, (username, algorithm) => {
      if (username !== claimed || secret === null) return undefined;
      return algorithm === 'MD5' ? secret.ha1Md5 : secret.ha1Sha256;
    });
    if (this.#isStopped(incoming, claimed ?? '', authorized)) return;
    if (!authorized.ok) {
      incoming.respond(authorized.status, { headers: authorized.headers });
      return;
    }
    await this.#inTurn(authorized.username, () => this.#register(incoming, authorized.username));
  }

  /** Two telephones of one account at one moment: neither decides by what was before the other. */
  async #inTurn(username: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(username) ?? Promise.resolve()).then(work, work);
    this.#turns.set(username, turn);
    try {
      await turn;
    } finally {
      if (this.#turns.get(username) === turn) this.#turns.delete(username);
    }
  }

  async #register(incoming: IncomingRequest, username: string): Promise<void> {
    const { phones, clock, log } = this.#deps;
    const before = phones.bindingsOf(username).map(toBinding);
    const result = processRegister({
      request: incoming.request,
      source: incoming.source,
      bindings: before,
      nowMs: clock.now(),
    });
    if (result.bindings !== before) {
      const after = result.bindings.map((binding) => toStored(username, binding));
      await phones.replace(username, after);
      for (const { contactUri, source } of result.bindings) {
        if (samePeer(source, incoming.source)) this.#deps.onContact(contactUri, source);
      }
      if ((before.length === 0) !== (after.length === 0)) {
        log.info({ username, registered: after.length > 0 }, 'phone registration');
        this.#deps.onChange(username);
      }
    }
    incoming.respond(result.status, { headers: result.headers });
  }

  /**
   * Who has guessed too often is not told whether this try was right. A phone that renews what it has is never
   * stopped: only it knows the Call-ID.
   */
  #isStopped(
    incoming: IncomingRequest,
    account: string,
    authorized: RegisterAuthorization,
  ): boolean {
    const { address } = incoming.source;
    const isTry = authorized.ok || authorized.isWrong;
    const sipCallId = sipCallIdOf(incoming.request);
    const isKnown = this.#deps.phones
      .bindingsOf(account)
      .some((binding) => binding.sipCallId === sipCallId);
    if (!isTry || isKnown) return false;
    const waitMs = this.#throttle.waitMs(account, address);
    if (waitMs > 0) {
      incoming.respond(503, { headers: [['Retry-After', String(Math.ceil(waitMs / 1000))]] });
      return true;
    }
    if (authorized.ok) {
      this.#throttle.succeeded(account, address);
      return false;
    }
    this.#throttle.failed(account, address);
    // Said once for each time it comes to that, not for each try.
    if (this.#throttle.waitMs(account, address) > 0) {
      this.#deps.log.warn(
        { username: account, address },
        'wrong passwords: no more tries for a while',
      );
    }
    return false;
  }
}

/** The account is the user of To; digest then proves it. */
function accountOf(incoming: IncomingRequest): string | null {
  const uri = toOf(incoming.request)?.uri;
  return uri?.scheme === 'sip' || uri?.scheme === 'sips' ? decodeUser(uri.user) : null;
}

function toBinding(stored: StoredBinding): SipBinding {
  return {
    contactUri: stored.contactUri,
    sipCallId: stored.sipCallId,
    seq: stored.cseq,
    expiresAtMs: stored.expiresAt,
    preference: 1000,
    path: stored.path,
    source: {
      protocol: stored.transport,
      address: stored.sourceAddress,
      port: stored.sourcePort,
    },
    userAgent: stored.userAgent,
  };
}

function toStored(username: string, binding: SipBinding): StoredBinding {
  return {
    username,
    contactUri: binding.contactUri,
    sourceAddress: binding.source.address,
    sourcePort: binding.source.port,
    transport: binding.source.protocol,
    path: binding.path,
    sipCallId: binding.sipCallId,
    cseq: binding.seq,
    expiresAt: binding.expiresAtMs,
    userAgent: binding.userAgent,
  };
}
