import type { Clock, Random } from '../base/index.ts';
import {
  HASH_OF,
  computeResponse,
  parseAuthorization,
  parseHex,
  parseInstant,
  sameSecret,
} from './digest.ts';
import type { DigestAlgorithm, DigestAuthorization, HashFunction } from './digest.ts';
import type { SipRequest } from './message.ts';
import { newNonceSalt } from './tokens.ts';

export type DigestServerOptions = {
  realm: string;
  clock: Clock;
  random: Random;
  hash: HashFunction;
  /**
   * Offered in this order, one header line each. The default is MD5 alone: phones with libre 2
   * (baresip of Debian 12) give up when SHA-256 or a second challenge of the realm is there at all.
   */
  algorithms?: readonly DigestAlgorithm[];
  nonceLifetimeMs?: number;
  /** Used nonces whose count is remembered. */
  maxNonces?: number;
};

/** The stored H(username:realm:password) of an account; undefined for an unknown one. */
export type Ha1Lookup = (username: string, algorithm: DigestAlgorithm) => string | undefined;

export type DigestVerdict =
  | { ok: true; username: string }
  /** `challenge` holds one WWW-Authenticate value per algorithm, for the 401. */
  | { ok: false; reason: 'no-credentials' | 'stale' | 'refused'; challenge: string[] };

const DEFAULT_MAX_NONCES = 10_000;

/**
 * Challenges and verifies (RFC 3261 §22, RFC 7616, RFC 8760). A nonce carries its expiry and our
 * own mark, so none is kept until it has been used; of a used one the highest count is kept,
 * and a count that does not rise is refused as a replay.
 */
export class DigestServer {
  readonly #options: Required<DigestServerOptions>;
  readonly #secret: string;
  readonly #counts = new Map<string, number>();
  /** Expiry of the youngest nonce whose count has been forgotten. */
  #acceptAfterMs = 0;

  constructor(options: DigestServerOptions) {
    this.#options = {
      ...options,
      algorithms: options.algorithms ?? ['MD5'],
      nonceLifetimeMs: options.nonceLifetimeMs ?? 300_000,
      maxNonces: options.maxNonces ?? DEFAULT_MAX_NONCES,
    };
    this.#secret = newNonceSalt(options.random) + newNonceSalt(options.random);
  }

  /** The values for WWW-Authenticate, one header line each. */
  challenge(stale = false): string[] {
    const { algorithms, realm } = this.#options;
    const nonce = this.#newNonce();
    const tail = stale ? ', stale=true' : '';
    return algorithms.map(
      (name) => `Digest realm="${realm}", nonce="${nonce}", algorithm=${name}, qop="auth"${tail}`,
    );
  }

  /** Who sent this request. Every refusal comes with the challenge to answer it with. */
  verify(request: SipRequest, lookupHa1: Ha1Lookup): DigestVerdict {
    const authorization = this.#authorizationOf(request);
    if (!authorization) return this.#refuse('no-credentials');
    const { username, algorithm } = authorization;
    const ha1 = lookupHa1(username, algorithm);
    const expected = computeResponse(
      this.#options.hash,
      ha1 ?? this.#secret,
      request.method,
      authorization,
    );
    const right = sameSecret(expected, authorization.response) && ha1 !== undefined;
    if (!right) return this.#refuse('refused');
    if (!this.#isFresh(authorization)) return this.#refuse('stale');
    return { ok: true, username };
  }

  #authorizationOf(request: SipRequest): DigestAuthorization | undefined {
    for (const line of request.headers.lines('Authorization')) {
      const authorization = parseAuthorization(line);
      if (authorization?.realm !== this.#options.realm) continue;
      if (this.#options.algorithms.includes(authorization.algorithm)) return authorization;
    }
    return undefined;
  }

  #refuse(reason: 'no-credentials' | 'stale' | 'refused'): DigestVerdict {
    return { ok: false, reason, challenge: this.challenge(reason === 'stale') };
  }

  #newNonce(): string {
    const { clock, nonceLifetimeMs, random } = this.#options;
    const head = `${Math.floor(clock.now() + nonceLifetimeMs)}.${newNonceSalt(random)}`;
    return `${head}.${this.#mark(head)}`;
  }

  #mark(head: string): string {
    return this.#options.hash(HASH_OF['SHA-256'], `${this.#secret}:${head}:${this.#secret}`);
  }

  /** A nonce of ours, of its time, with a count not seen yet. */
  #isFresh({ nonce, qop, nc }: DigestAuthorization): boolean {
    const lastDot = nonce.lastIndexOf('.');
    const head = nonce.slice(0, Math.max(0, lastDot));
    if (!sameSecret(this.#mark(head), nonce.slice(lastDot + 1))) return false;
    const expiresAtMs = expiryOf(nonce);
    if (expiresAtMs <= this.#options.clock.now()) return false;
    const highest = this.#counts.get(nonce);
    if (highest === undefined && expiresAtMs <= this.#acceptAfterMs) return false;
    // Without qop there is no count: such a nonce is good for one request.
    const count = qop === '' ? 1 : parseHex(nc);
    if (count <= (highest ?? 0)) return false;
    this.#counts.delete(nonce);
    this.#counts.set(nonce, count);
    if (this.#counts.size > this.#options.maxNonces) this.#forgetOldest();
    return true;
  }

  /** A forgotten nonce could be replayed, so nothing as old as it is accepted any more. */
  #forgetOldest(): void {
    const [oldest] = this.#counts.keys();
    if (oldest === undefined) return;
    this.#counts.delete(oldest);
    this.#acceptAfterMs = Math.max(this.#acceptAfterMs, expiryOf(oldest));
  }
}

function expiryOf(nonce: string): number {
  return parseInstant(nonce.slice(0, Math.max(0, nonce.indexOf('.'))));
}
