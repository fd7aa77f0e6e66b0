import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { countingRandom, nodeHash, request, response } from '../../test/harness/sip-network.ts';
import { DigestSession } from './digest-client.ts';
import { DigestServer } from './digest-server.ts';
import type { DigestServerOptions } from './digest-server.ts';
import { computeHa1, computeResponse, parseAuthorization, parseChallenge } from './digest.ts';
import type { DigestAlgorithm } from './digest.ts';
import type { SipRequest } from './message.ts';

describe('digest arithmetic', () => {
  it('gives the response of the example in RFC 2617 §3.5', () => {
    const account = {
      username: 'Mufasa',
      realm: 'testrealm@host.com',
      password: 'Circle Of Life',
    };
    const digest = computeResponse(nodeHash, computeHa1(nodeHash, 'MD5', account), 'GET', {
      uri: '/dir/index.html',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      algorithm: 'MD5',
      qop: 'auth',
      nc: '00000001',
      cnonce: '0a4f113b',
    });
    expect(digest).toBe('6629fae49393a05397450978507c4ef1');
  });

  it('gives the responses of the example in RFC 7616 §3.9.1, MD5 and SHA-256', () => {
    const account = {
      username: 'Mufasa',
      realm: 'http-auth@example.org',
      password: 'Circle of Life',
    };
    const of = (algorithm: DigestAlgorithm): string =>
      computeResponse(nodeHash, computeHa1(nodeHash, algorithm, account), 'GET', {
        uri: '/dir/index.html',
        nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
        algorithm,
        qop: 'auth',
        nc: '00000001',
        cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      });
    expect(of('MD5')).toBe('8ca523f5e9506fed4657c9700eebdbec');
    expect(of('SHA-256')).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  });
});

const ACCOUNT = { username: '1001', realm: 'example.com', password: 'very-secret' };

function server(options: Partial<DigestServerOptions> = {}) {
  const clock = new ManualClock();
  const digest = new DigestServer({
    realm: ACCOUNT.realm,
    clock,
    random: countingRandom(9),
    hash: nodeHash,
    algorithms: ['SHA-256', 'MD5'],
    ...options,
  });
  const verify = (message: SipRequest) =>
    digest.verify(message, (username, algorithm) =>
      username === ACCOUNT.username ? computeHa1(nodeHash, algorithm, ACCOUNT) : undefined,
    );
  return { clock, digest, verify };
}

type Proof = {
  nonce: string;
  nc?: string;
  password?: string;
  username?: string;
  algorithm?: DigestAlgorithm;
  qop?: 'auth' | '';
};

function register(proof?: Proof): SipRequest {
  const lines = [
    'REGISTER sip:example.com SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr',
    'From: <sip:1001@example.com>;tag=1',
    'To: <sip:1001@example.com>',
    'Call-ID: r',
    'CSeq: 1 REGISTER',
  ];
  if (!proof) return request(lines);
  const { nonce, nc = '00000001', algorithm = 'SHA-256', qop = 'auth' } = proof;
  const account = {
    ...ACCOUNT,
    password: proof.password ?? ACCOUNT.password,
    username: proof.username ?? ACCOUNT.username,
  };
  const fields = { uri: 'sip:example.com', nonce, algorithm, qop, nc, cnonce: 'c' };
  const ha1 = computeHa1(nodeHash, algorithm, account);
  const digest = computeResponse(nodeHash, ha1, 'REGISTER', fields);
  const counted = qop === '' ? '' : `, qop=auth, nc=${nc}, cnonce="c"`;
  return request([
    ...lines,
    `Authorization: Digest username="${account.username}", realm="example.com", nonce="${nonce}", uri="sip:example.com", response="${digest}", algorithm=${algorithm}${counted}`,
  ]);
}

const nonceOf = (challenge: readonly string[]): string =>
  parseChallenge(challenge[0] ?? '')?.nonce ?? '';

describe('the digest server', () => {
  it('challenges a request without credentials, best algorithm first', () => {
    const verdict = server().verify(register());
    expect(verdict).toMatchObject({ ok: false, reason: 'no-credentials' });
    const challenges = verdict.ok ? [] : verdict.challenge.map((value) => parseChallenge(value));
    expect(challenges.map((one) => one?.algorithm)).toEqual(['SHA-256', 'MD5']);
    expect(challenges[0]).toMatchObject({ realm: 'example.com', qop: 'auth', stale: false });
  });

  it('offers MD5 alone unless told otherwise, and takes no other', () => {
    const { digest, verify } = server({ algorithms: undefined });
    const challenge = digest.challenge();
    expect(challenge.map((value) => parseChallenge(value)?.algorithm)).toEqual(['MD5']);
    const nonce = nonceOf(challenge);
    expect(verify(register({ nonce, algorithm: 'SHA-256' })).ok).toBe(false);
    expect(verify(register({ nonce, algorithm: 'MD5' })).ok).toBe(true);
  });

  it('accepts the right answer in either algorithm, with and without qop', () => {
    for (const algorithm of ['MD5', 'SHA-256'] as const) {
      for (const qop of ['auth', ''] as const) {
        const { digest, verify } = server();
        const nonce = nonceOf(digest.challenge());
        expect(verify(register({ nonce, algorithm, qop }))).toEqual({ ok: true, username: '1001' });
      }
    }
  });

  it('refuses a wrong password and an unknown account alike', () => {
    const { digest, verify } = server();
    const nonce = nonceOf(digest.challenge());
    const wrong = verify(register({ nonce, password: 'x' }));
    const unknown = verify(register({ nonce, username: '9999' }));
    expect(wrong).toMatchObject({ ok: false, reason: 'refused' });
    expect(unknown).toMatchObject({ ok: false, reason: 'refused' });
  });

  it('accepts rising counts of one nonce and refuses a replay as stale', () => {
    const { digest, verify } = server();
    const nonce = nonceOf(digest.challenge());
    expect(verify(register({ nonce })).ok).toBe(true);
    expect(verify(register({ nonce, nc: '00000002' })).ok).toBe(true);
    expect(verify(register({ nonce, nc: '00000002' }))).toMatchObject({ reason: 'stale' });
    expect(verify(register({ nonce, nc: '00000001' }))).toMatchObject({ reason: 'stale' });
    expect(verify(register({ nonce, qop: '' }))).toMatchObject({ reason: 'stale' });
  });

  it('says stale for an expired nonce and for one of another process, not refused', () => {
    const { clock, digest, verify } = server({ nonceLifetimeMs: 1000 });
    const nonce = nonceOf(digest.challenge());
    clock.advance(1000);
    const expired = verify(register({ nonce }));
    expect(expired).toMatchObject({ ok: false, reason: 'stale' });
    expect(expired.ok ? '' : expired.challenge[0]).toContain('stale=true');
    const foreign = nonceOf(server({ random: countingRandom(77) }).digest.challenge());
    expect(verify(register({ nonce: foreign }))).toMatchObject({ reason: 'stale' });
  });

  it('remembers a bounded number of nonces and refuses what it may have forgotten', () => {
    const { clock, digest, verify } = server({ maxNonces: 2 });
    const nonces = [1, 2, 3].map(() => {
      clock.advance(10);
      return nonceOf(digest.challenge());
    });
    for (const nonce of nonces) expect(verify(register({ nonce })).ok).toBe(true);
    expect(verify(register({ nonce: nonces[0]! }))).toMatchObject({ reason: 'stale' });
    expect(verify(register({ nonce: nonces[2]!, nc: '00000002' })).ok).toBe(true);
  });

  it.each([
    'Basic dXNlcjpwYXNz',
    'Digest',
    'Digest username="1001"',
    'Digest realm="example.com", nonce="n", response="r", algorithm=SHA-512',
    'Digest realm="example.com", nonce="n", response="r", qop=auth-int, nc=00000001, cnonce="c"',
    'Digest realm="example.com", nonce="n", response="r", qop=auth, nc=zz, cnonce="c"',
    `Digest ${'a="b",'.repeat(200)}`,
  ])('treats %j as no credentials', (value) => {
    const message = register();
    message.headers.add('Authorization', value);
    expect(parseAuthorization(value)).toBeUndefined();
    expect(server().verify(message)).toMatchObject({ ok: false, reason: 'no-credentials' });
  });
});

describe('the digest client', () => {
  const request = { method: 'REGISTER', uri: 'sip:example.com' };
  const answerTo = (status: number, headers: string[]) =>
    response([
      `SIP/2.0 ${status} No`,
      'Via: SIP/2.0/UDP 192.0.2.1',
      'From: <sip:a@b>;tag=1',
      'To: <sip:a@b>',
      'Call-ID: x',
      'CSeq: 1 REGISTER',
      ...headers,
    ]);
  const challenge = (status: number, values: string[]) =>
    answerTo(
      status,
      values.map((value) => `${status === 407 ? 'Proxy' : 'WWW'}-Authenticate: ${value}`),
    );
  const answer = (status: number, challenges: string[]) => {
    const session = new DigestSession({ username: 'u"ser', password: 'p' });
    session.challenged(challenge(status, challenges));
    return session.authorize(request, nodeHash, countingRandom())[0];
  };

  it('uses a nonce again with the next count, and the one that the server names next', () => {
    const session = new DigestSession({ username: 'user', password: 'p' });
    const used = () =>
      session
        .authorize(request, nodeHash, countingRandom())
        .map(({ value }) => parseAuthorization(value))
        .map((proof) => `${proof?.nonce} ${proof?.nc}`);
    expect(used()).toEqual([]);
    session.challenged(challenge(401, ['Digest realm="r", nonce="one", qop="auth"']));
    expect([used(), used()]).toEqual([['one 00000001'], ['one 00000002']]);
    session.accepted(answerTo(200, ['Authentication-Info: nextnonce="two", qop=auth']));
    expect(used()).toEqual(['two 00000001']);
    session.challenged(challenge(407, ['Digest realm="p", nonce="proxy", qop="auth"']));
    expect(used()).toEqual(['two 00000002', 'proxy 00000001']);
  });

  it('answers the topmost challenge whose algorithm it speaks (RFC 8760 §2.4)', () => {
    const header = answer(407, [
      'Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth"',
      'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth,auth-int", opaque="o"',
      'Digest realm="r", nonce="3", algorithm=MD5',
    ]);
    expect(header?.name).toBe('Proxy-Authorization');
    expect(header?.value).toContain('nonce="2"');
    expect(header?.value).toContain('opaque="o"');
    expect(header?.value).toContain('username="u\\"ser"');
    expect(parseAuthorization(header?.value ?? '')).toMatchObject({ qop: 'auth', nc: '00000001' });
  });

  it('answers an old challenge without qop and algorithm', () => {
    const header = answer(401, ['Digest realm="r", nonce="1"']);
    expect(header?.name).toBe('Authorization');
    expect(header?.value).not.toContain('qop');
  });

  it('has no answer to what it does not speak', () => {
    expect(answer(401, ['Basic realm="x"'])).toBeUndefined();
    expect(answer(401, ['Digest realm="r", nonce="1", qop="auth-int"'])).toBeUndefined();
    expect(answer(401, [])).toBeUndefined();
  });
});
