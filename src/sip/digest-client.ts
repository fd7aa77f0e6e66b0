import type { Random } from '../base/index.ts';
import { computeHa1, computeResponse, parseChallenge } from './digest.ts';
import type { DigestChallenge, HashFunction } from './digest.ts';
import type { SipResponse } from './message.ts';
import { newNonceSalt } from './tokens.ts';

/** How we prove who we are to a carrier. */
export type Credentials = { username: string; password: string };

export type DigestAnswer = { name: 'Authorization' | 'Proxy-Authorization'; value: string };

/**
 * The header that answers a 401 or 407; undefined when there is no challenge we can answer. The
 * topmost challenge whose algorithm we speak is taken (RFC 8760 §2.4).
 */
export function answerChallenge(options: {
  response: SipResponse;
  method: string;
  uri: string;
  credentials: Credentials;
  hash: HashFunction;
  random: Random;
}): DigestAnswer | undefined {
  const { response, method, uri, credentials, hash } = options;
  const challenge = challengeOf(response);
  if (!challenge) return undefined;
  const proof = {
    uri,
    nonce: challenge.nonce,
    algorithm: challenge.algorithm,
    qop: challenge.qop,
    nc: '00000001',
    cnonce: newNonceSalt(options.random),
  };
  const ha1 = computeHa1(hash, challenge.algorithm, { ...credentials, realm: challenge.realm });
  const digest = computeResponse(hash, ha1, method, proof);
  const fields = [
    `username="${escapeQuotes(credentials.username)}"`,
    `realm="${escapeQuotes(challenge.realm)}"`,
    `nonce="${escapeQuotes(challenge.nonce)}"`,
    `uri="${uri}"`,
    `response="${digest}"`,
    `algorithm=${challenge.algorithm}`,
  ];
  if (challenge.opaque !== '') fields.push(`opaque="${escapeQuotes(challenge.opaque)}"`);
  if (challenge.qop !== '') fields.push(`qop=auth, nc=${proof.nc}, cnonce="${proof.cnonce}"`);
  const name = response.status === 407 ? 'Proxy-Authorization' : 'Authorization';
  return { name, value: `Digest ${fields.join(', ')}` };
}

/** The challenge of a 401 or 407 that we would answer. */
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
