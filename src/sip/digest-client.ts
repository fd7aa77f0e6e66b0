import type { Random } from '../base/index.ts';
import { computeHa1, computeResponse, parseChallenge, parseDigestFields } from './digest.ts';
import type { DigestChallenge, HashFunction } from './digest.ts';
import type { SipResponse } from './message.ts';
import { newNonceSalt } from './tokens.ts';

/** How we prove who we are to a carrier. */
export type Credentials = { username: string; password: string };

export type DigestAnswer = { name: 'Authorization' | 'Proxy-Authorization'; value: string };

type Asked = { challenge: DigestChallenge; count: number };

/**
 * An account at one server, with the challenges that server and the proxy before it have made so
 * far: a request made after one needs no challenge of its own (RFC 7616 §3.3, RFC 3261 §22.2).
 */
export class DigestSession {
  readonly #credentials: Credentials;
  readonly #asked = new Map<DigestAnswer['name'], Asked>();

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** Remembers what a 401 or 407 asks for; undefined when it is nothing we could answer. */
  challenged(response: SipResponse): DigestAnswer['name'] | undefined {
    const challenge = challengeOf(response);
    if (!challenge) return undefined;
    const name = response.status === 407 ? 'Proxy-Authorization' : 'Authorization';
    this.#asked.set(name, { challenge, count: 0 });
    return name;
  }

  /** RFC 7616 §3.5: a server may name the nonce it wants next. */
  accepted(response: SipResponse): void {
    for (const [name, info] of INFO_OF) {
      const asked = this.#asked.get(name);
      const next = parseDigestFields(`Digest ${response.headers.get(info) ?? ''}`)?.get(
        'nextnonce',
      );
      if (!asked || next === undefined || next === '') continue;
      this.#asked.set(name, { challenge: { ...asked.challenge, nonce: next }, count: 0 });
    }
  }

  /** The headers for this request: none before the first challenge. Each call is a use (`nc`). */
  authorize(
    request: { method: string; uri: string },
    hash: HashFunction,
    random: Random,
  ): DigestAnswer[] {
    return [...this.#asked].map(([name, asked]) => {
      asked.count++;
      const cnonce = newNonceSalt(random);
      const nc = asked.count.toString(16).padStart(8, '0');
      return { name, value: this.#proof(asked.challenge, request, { hash, cnonce, nc }) };
    });
  }

  #proof(
    challenge: DigestChallenge,
    { method, uri }: { method: string; uri: string },
    { hash, cnonce, nc }: { hash: HashFunction; cnonce: string; nc: string },
  ): string {
    const { algorithm, realm, nonce, qop, opaque } = challenge;
    const ha1 = computeHa1(hash, algorithm, { ...this.#credentials, realm });
    const digest = computeResponse(hash, ha1, method, { uri, nonce, algorithm, qop, nc, cnonce });
    const fields = [
      `username="${escapeQuotes(this.#credentials.username)}"`,
      `realm="${escapeQuotes(realm)}"`,
      `nonce="${escapeQuotes(nonce)}"`,
      `uri="${uri}"`,
      `response="${digest}"`,
      `algorithm=${algorithm}`,
    ];
    if (opaque !== '') fields.push(`opaque="${escapeQuotes(opaque)}"`);
    if (qop !== '') fields.push(`qop=auth, nc=${nc}, cnonce="${cnonce}"`);
    return `Digest ${fields.join(', ')}`;
  }
}

const INFO_OF = [
  ['Authorization', 'Authentication-Info'],
  ['Proxy-Authorization', 'Proxy-Authentication-Info'],
] as const;

/**
 * The challenge of a 401 or 407 that we would answer: the topmost whose algorithm we speak
 * (RFC 8760 §2.4).
 */
export function challengeOf(response: SipResponse): DigestChallenge | undefined {
  const name = response.status === 407 ? 'Proxy-Authenticate' : 'WWW-Authenticate';
  for (const line of response.headers.lines(name)) {
    const challenge = parseChallenge(line);
    if (challenge) return challenge;
  }
  return undefined;
}

function escapeQuotes(text: string): string {
  return text.replaceAll(/[\\"]/g, '\\$&');
}
