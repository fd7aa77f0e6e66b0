import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { countingRandom, nodeHash, peerAt, request } from '../../test/harness/sip-network.ts';
import { DigestSession } from './digest-client.ts';
import { DigestServer } from './digest-server.ts';
import { computeHa1 } from './digest.ts';
import { authorizeRegister, processRegister } from './registrar.ts';
import type { RegisterResult, SipBinding } from './registrar.ts';
import { createResponse } from './response.ts';
import type { SipRequest } from './message.ts';

const NOW = 1_700_000_000_000;

function registerOf(headers: string[], seq = 1, sipCallId = 'r'): SipRequest {
  return request([
    'REGISTER sip:example.com SIP/2.0',
    'Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKr',
    'From: <sip:1001@example.com>;tag=1',
    'To: <sip:1001@example.com>',
    `Call-ID: ${sipCallId}`,
    `CSeq: ${seq} REGISTER`,
    ...headers,
  ]);
}

function process(
  message: SipRequest,
  bindings: readonly SipBinding[] = [],
  nowMs = NOW,
): RegisterResult {
  return processRegister({ request: message, source: peerAt(7), bindings, nowMs });
}

const contactsOf = (result: RegisterResult): string[] =>
  result.headers.filter(([name]) => name === 'Contact').map(([, value]) => value);

const PHONE = 'Contact: <sip:1001@10.0.0.7:5060>';

describe('a registrar', () => {
  it('keeps the contact, where it came from, and for how long', () => {
    const result = process(registerOf([`${PHONE};expires=600;q=0.7`, 'User-Agent: desk phone']));
    expect(result.status).toBe(200);
    expect(contactsOf(result)).toEqual(['<sip:1001@10.0.0.7:5060>;expires=600;q=0.7']);
    expect(result.bindings).toEqual([
      {
        contactUri: 'sip:1001@10.0.0.7:5060',
        sipCallId: 'r',
        seq: 1,
        expiresAtMs: NOW + 600_000,
        preference: 700,
        path: [],
        source: peerAt(7),
        userAgent: 'desk phone',
      },
    ]);
    expect(JSON.parse(JSON.stringify(result.bindings))).toEqual(result.bindings);
  });

  it('takes the expiry of the contact, of the header, or its own, and never more than its own', () => {
    const expiry = (headers: string[]): string => contactsOf(process(registerOf(headers)))[0] ?? '';
    expect(expiry([`${PHONE};expires=100`, 'Expires: 200'])).toContain('expires=100');
    expect(expiry([PHONE, 'Expires: 200'])).toContain('expires=200');
    expect(expiry([PHONE])).toContain('expires=3600');
    expect(expiry([`${PHONE};expires=99999999`])).toContain('expires=3600');
    expect(expiry([`${PHONE};expires=nonsense`])).toContain('expires=3600');
  });

  it('refuses an expiry that is too short with 423 and Min-Expires', () => {
    const result = process(registerOf([`${PHONE};expires=5`]));
    expect(result).toMatchObject({ status: 423, headers: [['Min-Expires', '60']] });
    expect(result.bindings).toEqual([]);
  });

  it('registers several contacts, best first, and removes one by expires 0', () => {
    const two = process(
      registerOf(['Contact: <sip:a@192.0.2.7>;q=0.1, <sip:b@192.0.2.7>', 'Expires: 60']),
    );
    expect(two.bindings.map(({ contactUri }) => contactUri)).toEqual([
      'sip:b@192.0.2.7',
      'sip:a@192.0.2.7',
    ]);
    const one = process(
      registerOf(['Contact: <sip:B@192.0.2.7>, <sip:b@192.0.2.7>;expires=0'], 2),
      two.bindings,
    );
    expect(one.bindings.map(({ contactUri }) => contactUri)).toEqual([
      'sip:B@192.0.2.7',
      'sip:a@192.0.2.7',
    ]);
  });

  it('answers a query without Contact and changes nothing', () => {
    const { bindings } = process(registerOf([PHONE]));
    const query = process(registerOf([], 2), bindings);
    expect(contactsOf(query)).toEqual(['<sip:1001@10.0.0.7:5060>;expires=3600']);
    expect(query.bindings).toBe(bindings);
  });

  it('removes all by * with Expires 0 and refuses * otherwise', () => {
    const { bindings } = process(registerOf([PHONE]));
    expect(process(registerOf(['Contact: *', 'Expires: 0'], 2), bindings).bindings).toEqual([]);
    expect(process(registerOf(['Contact: *', 'Expires: 60'], 2), bindings).status).toBe(400);
    expect(process(registerOf(['Contact: *'], 2), bindings).status).toBe(400);
    const mixed = registerOf(['Contact: *', PHONE, 'Expires: 0'], 2);
    expect(process(mixed, bindings)).toMatchObject({ status: 400, bindings });
  });

  it('refuses a CSeq lower than the one it has, all contacts or none; a new Call-ID starts afresh', () => {
    const { bindings } = process(registerOf([PHONE], 5));
    const late = registerOf(['Contact: <sip:new@192.0.2.7>', PHONE], 4);
    expect(process(late, bindings)).toMatchObject({ status: 500, bindings });
    expect(process(registerOf(['Contact: *', 'Expires: 0'], 4), bindings).status).toBe(500);
    expect(process(registerOf([PHONE], 5), bindings).status).toBe(200);
    expect(process(registerOf([PHONE], 1, 'rebooted'), bindings).status).toBe(200);
  });

  it('forgets what has expired', () => {
    const { bindings } = process(registerOf([`${PHONE};expires=60`]));
    const later = process(registerOf([], 2), bindings, NOW + 60_000);
    expect(contactsOf(later)).toEqual([]);
    expect(later.bindings).toEqual([]);
  });

  it('keeps Path and returns it (RFC 3327)', () => {
    const result = process(registerOf([PHONE, 'Path: <sip:edge.example.com;lr>']));
    expect(result.bindings[0]?.path).toEqual(['<sip:edge.example.com;lr>']);
    expect(result.headers).toContainEqual(['Path', '<sip:edge.example.com;lr>']);
  });

  it('refuses more contacts than allowed and contacts that are none', () => {
    const many = Array.from({ length: 11 }, (_, i) => `<sip:${i}@192.0.2.7>`).join(', ');
    expect(process(registerOf([`Contact: ${many}`]))).toMatchObject({ status: 403, bindings: [] });
    expect(process(registerOf(['Contact: nonsense'])).status).toBe(400);
    expect(process(registerOf(['Contact: sip:a@b?Route=%3Csip:x%3E'])).status).toBe(400);
  });
});

describe('authorisation of REGISTER', () => {
  const account = { username: '1001', realm: 'example.com', password: 'secret' };
  const digest = new DigestServer({
    realm: 'example.com',
    clock: new ManualClock(),
    random: countingRandom(),
    hash: nodeHash,
  });
  const lookup = (username: string, algorithm: 'MD5' | 'SHA-256'): string =>
    computeHa1(nodeHash, algorithm, { ...account, username });

  function answered(message: SipRequest, username: string): SipRequest {
    const first = authorizeRegister(message, digest, lookup);
    if (first.ok || first.status !== 401) throw new Error('not challenged');
    const session = new DigestSession({ username, password: account.password });
    session.challenged(createResponse(message, 401, { headers: first.headers }));
    for (const { name, value } of session.authorize(message, nodeHash, countingRandom(4))) {
      message.headers.add(name, value);
    }
    return message;
  }

  it('challenges, then knows the account', () => {
    const message = answered(registerOf([PHONE]), '1001');
    expect(authorizeRegister(message, digest, lookup)).toEqual({ ok: true, username: '1001' });
  });

  it('forbids registering the address of another account', () => {
    const message = answered(registerOf([PHONE]), '1002');
    expect(authorizeRegister(message, digest, lookup)).toMatchObject({ ok: false, status: 403 });
  });
});
