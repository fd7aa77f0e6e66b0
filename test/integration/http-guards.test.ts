import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LightMyRequestResponse } from 'fastify';
import { ManualClock } from '../../src/base/index.ts';
import { API_TOKEN, CLI_TOKEN, httpRig, ORIGIN, PASSWORD, storeCall } from '../harness/http-rig.ts';
import type { HttpRig, RigUser } from '../harness/http-rig.ts';

const webRoot = mkdtempSync(join(tmpdir(), 'denwaban-web-'));
let rig: HttpRig;
beforeAll(async () => {
  mkdirSync(join(webRoot, 'assets'));
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>電話番</title>');
  writeFileSync(join(webRoot, 'assets', 'main-1234.js'), 'export {};');
  rig = await httpRig({ webRoot });
});
afterAll(async () => {
  await rig.close();
  rmSync(webRoot, { recursive: true });
});

describe('a request from another site', () => {
  const change = async (headers: Record<string, string>): Promise<LightMyRequestResponse> =>
    rig.app.inject({
      method: 'PUT',
      url: '/api/v1/desk/presence',
      headers: { cookie: await rig.cookie('operator'), host: 'localhost:8080', ...headers },
      payload: { presence: 'away' },
    });

  it.each([
    ['with a foreign origin', { origin: 'https://evil.example' }],
    ['that a browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['that a browser calls same-site', { 'sec-fetch-site': 'same-site', origin: ORIGIN }],
    ['without a word on its origin', {}],
    ['from a page without an origin', { origin: 'null' }],
  ])('%s changes nothing', async (_how, headers) => {
    const answer = await change(headers);
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'foreign-origin' });
    expect(rig.commands.said).toEqual([]);
  });

  it('is told from one of our own pages', async () => {
    expect((await change({ origin: ORIGIN })).statusCode).toBe(204);
    expect((await change({ 'sec-fetch-site': 'same-origin' })).statusCode).toBe(204);
    expect((await change({ origin: 'http://localhost:8080' })).statusCode).toBe(204);
    expect(rig.commands.said.splice(0)).toHaveLength(3);
  });

  it('cannot sign anybody in', async () => {
    const answer = await rig.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      headers: { origin: 'https://evil.example' },
      payload: { email: rig.emailOf('member'), password: PASSWORD },
    });
    expect(answer.statusCode).toBe(403);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });
});

describe('the session cookie over HTTPS', () => {
  it('is Secure and named so', async () => {
    const https = await httpRig({ publicUrl: 'https://denwaban.example.jp' });
    try {
      expect(await https.cookie('member')).toMatch(/^__Secure-denwaban\.session_token=/);
      const answer = await https.app.inject({
        method: 'POST',
        url: '/api/v1/session',
        payload: { email: https.emailOf('member'), password: PASSWORD },
      });
      expect(String(answer.headers['set-cookie'])).toMatch(/; Secure/i);
      expect(answer.headers['strict-transport-security']).toBeDefined();
    } finally {
      await https.close();
    }
  });
});

describe('the first administrator', () => {
  it('comes by a link that works once, for an hour, and ends with the next', async () => {
    const clock = new ManualClock(Date.now());
    const fresh = await httpRig({ users: false, clock });
    const link = async (): Promise<string | null> => {
      const answer = await fresh.app.inject({
        method: 'POST',
        url: '/api/v1/setup/link',
        headers: { authorization: `Bearer ${CLI_TOKEN}` },
      });
      const { url } = answer.json<{ url: string | null }>();
      return url === null ? null : new URL(url).searchParams.get('token');
    };
    const setUp = async (token: string | null): Promise<unknown> => {
      const payload = { token, name: '管理者', email: 'admin@example.jp', password: PASSWORD };
      const answer = await fresh.app.inject({ method: 'POST', url: '/api/v1/setup', payload });
      const { code, role } = answer.json<{ code?: string; role?: string }>();
      return code ?? role;
    };
    try {
      const first = await link();
      const second = await link();
      expect(await setUp(first)).toBe('setup-link-wrong');
      clock.advance(60 * 60_000);
      expect(await setUp(second)).toBe('setup-link-expired');
      const third = await link();
      const stored = await fresh.database.sql('select * from setup_link');
      expect(JSON.stringify(stored)).not.toContain(third);
      const both = await Promise.all([setUp(third), setUp(third)]);
      expect(both).toContain('administrator');
      expect(both.filter((said) => said === 'administrator')).toHaveLength(1);
      expect(await setUp(third)).toBe('setup-done');
      expect(await link()).toBeNull();
    } finally {
      await fresh.close();
    }
  });
});

describe('an administrator', () => {
  it('resets a password, which signs the account out everywhere', async () => {
    const cookie = await rig.cookie('foreign-member');
    const { users } = (
      await rig.app.inject({
        url: '/api/v1/users',
        headers: { authorization: `Bearer ${API_TOKEN}` },
      })
    ).json<{ users: { id: string; email: string }[] }>();
    const user = users.find(({ email }) => email === rig.emailOf('foreign-member'));
    const reset = await rig.app.inject({
      method: 'PATCH',
      url: `/api/v1/users/${user?.id ?? ''}`,
      headers: { authorization: `Bearer ${API_TOKEN}` },
      payload: { password: 'another-long-password' },
    });
    expect(reset.statusCode).toBe(200);
    const after = await rig.app.inject({ url: '/api/v1/session', headers: { cookie } });
    expect(after.statusCode).toBe(401);
  });

  it('gives a password to an account whose making was cut short before it had one', async () => {
    const email = rig.emailOf('other-operator');
    await rig.database.sql(
      `delete from account using "user" u where u.id = "userId" and u.email = $1`,
      [email],
    );
    const attempt = { email, password: 'a-third-long-password', address: '192.0.2.1' };
    const signIn = async (): Promise<boolean> =>
      (await rig.people.signIn({ ...attempt, userAgent: 'test' })).ok;
    expect(await signIn()).toBe(false);
    const user = await rig.people.userByEmail(email);
    await rig.people.updateUser(user!.id, { password: attempt.password });
    expect(await signIn()).toBe(true);
  });

  describe('gives places on the floor', () => {
    const change = async (user: RigUser, payload: object): Promise<LightMyRequestResponse> => {
      const { id } = (await rig.people.userByEmail(rig.emailOf(user)))!;
      const headers = { authorization: `Bearer ${API_TOKEN}` };
      return rig.app.inject({ method: 'PATCH', url: `/api/v1/users/${id}`, headers, payload });
    };
    let operatorId: string | null;
    beforeAll(async () => {
      const holder = await rig.people.userByEmail(rig.emailOf('other-operator'));
      operatorId = holder!.operatorId;
    });
    const deskOf = async (user: RigUser): Promise<number> => {
      const headers = { cookie: await rig.cookie(user) };
      return (await rig.app.inject({ url: '/api/v1/desk', headers })).statusCode;
    };
    const said = async (answer: Promise<LightMyRequestResponse>): Promise<unknown> =>
      (await answer).json<{ code?: string }>().code;

    it('to an account that exists, and only one that is free', async () => {
      expect(await deskOf('supervisor')).toBe(403);
      expect(await said(change('supervisor', { operatorId }))).toBe('user.place-taken');
      expect(await said(change('supervisor', { operatorId: 'op_none' }))).toBe('invalid-request');
      expect(await said(change('member', { operatorId }))).toBe('invalid-request');
      expect(await said(change('supervisor', { role: 'operator' }))).toBe('user.place-needed');
      expect(await said(change('other-operator', { operatorId: null }))).toBe('user.place-needed');

      // She stops: her desk is off the floor, may be given on, and she cannot come back without one.
      expect((await change('other-operator', { disabled: true })).statusCode).toBe(200);
      expect(rig.commands.said).toContainEqual(['setPresence', operatorId, 'offline']);
      expect((await change('other-operator', { operatorId: null })).statusCode).toBe(200);
      expect((await change('supervisor', { operatorId })).json()).toMatchObject({ operatorId });
      // Nobody had to sign in anew.
      expect(await deskOf('supervisor')).toBe(200);
      expect(await said(change('other-operator', { disabled: false }))).toBe('user.place-needed');
    });

    it('and takes none away in the middle of a call', async () => {
      const { commands } = rig;
      commands.refusal = 'operator-busy';
      expect(await said(change('supervisor', { operatorId: null }))).toBe('user.in-call');
      expect(await deskOf('supervisor')).toBe(200);
      commands.refusal = null;
      expect((await change('supervisor', { operatorId: null })).statusCode).toBe(200);
      expect(await deskOf('supervisor')).toBe(403);
      expect(
        (await change('other-operator', { disabled: false, operatorId })).json(),
      ).toMatchObject({ role: 'operator', disabled: false, operatorId });
    });
  });

  it('who is the last one stays one', async () => {
    const [admin] = (await rig.people.users()).filter(({ role }) => role === 'administrator');
    const answer = await rig.app.inject({
      method: 'PATCH',
      url: `/api/v1/users/${admin?.id ?? ''}`,
      headers: { authorization: `Bearer ${API_TOKEN}` },
      payload: { disabled: true },
    });
    expect(answer.json()).toMatchObject({ code: 'user.last-administrator' });
  });
});

describe('a recording', () => {
  let url: string;
  beforeAll(async () => {
    const { recordingId } = await storeCall(rig, 7, { subscriberId: rig.subscriberId });
    url = `/api/v1/recordings/${recordingId}/audio`;
  });
  const fetchAudio = async (range?: string): Promise<LightMyRequestResponse> =>
    rig.app.inject({
      url,
      headers: { cookie: await rig.cookie('member'), ...(range !== undefined && { range }) },
    });

  it('comes whole, and is kept by nobody', async () => {
    const answer = await fetchAudio();
    expect(answer.statusCode).toBe(200);
    expect(new Uint8Array(answer.rawPayload)).toEqual(rig.wav.bytes);
    expect(answer.headers).toMatchObject({
      'content-type': 'audio/wav',
      'cache-control': 'no-store, private',
      'accept-ranges': 'bytes',
    });
  });

  it.each([
    ['bytes=0-99', 206, 'bytes 0-99/1000', [0, 100]],
    ['bytes=900-', 206, 'bytes 900-999/1000', [900, 1000]],
    ['bytes=-10', 206, 'bytes 990-999/1000', [990, 1000]],
    ['bytes=990-5000', 206, 'bytes 990-999/1000', [990, 1000]],
    ['bytes=0-0,5-6', 200, undefined, [0, 1000]],
    ['bytes=9-2', 200, undefined, [0, 1000]],
  ] as const)('answers %s with %i', async (range, status, contentRange, [from, to]) => {
    const answer = await fetchAudio(range);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(new Uint8Array(answer.rawPayload)).toEqual(rig.wav.bytes.slice(from, to));
  });

  it('has no part beyond its end', async () => {
    const answer = await fetchAudio('bytes=1000-');
    expect(answer.statusCode).toBe(416);
    expect(answer.headers['content-range']).toBe('bytes */1000');
  });

  it('counts all those ranges as one listen', async () => {
    const listens = await rig.database.sql('select user_name from recording_listen');
    expect(listens).toEqual([{ user_name: 'member' }]);
  });
});

describe('too much or broken input', () => {
  it.each([
    ['too long', `/api/v1/calls/${'x'.repeat(5000)}/hold`],
    ['not decodable', '/api/v1/calls/%E0%A4%A/hold'],
  ])('an address %s is refused like all else', async (_what, url) => {
    const answer = await rig.app.inject({ method: 'POST', url });
    expect(answer.statusCode).toBe(400);
    const messageJa = expect.any(String) as string;
    expect(answer.json()).toMatchObject({ code: 'invalid-request', messageJa });
  });

  it('is refused with a sentence in both languages', async () => {
    const answer = await rig.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      headers: { origin: ORIGIN },
      payload: { email: 'a@example.jp', password: 'x'.repeat(300_000) },
    });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ code: 'too-large' });
    expect(answer.json<{ messageJa: string }>().messageJa).toContain('大きすぎます');
  });

  it('names the field that is wrong', async () => {
    const answer = await rig.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      headers: { origin: ORIGIN },
      payload: { email: 'no-address', password: 'x' },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid-request', issues: [{ path: 'email' }] });
  });

  it('that is no JSON does no harm', async () => {
    const answer = await rig.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      headers: { origin: ORIGIN, 'content-type': 'application/json' },
      payload: '{"email":',
    });
    expect(answer.json()).toMatchObject({ code: 'invalid-request' });
  });
});

describe('the pages', () => {
  it('are one, at every address outside the API', async () => {
    for (const url of ['/', '/console', '/portal/messages/msg_1', '/sign-in?next=/admin']) {
      const answer = await rig.app.inject({ url });
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('電話番');
      expect(answer.headers['content-security-policy']).toContain("script-src 'self'");
      expect(answer.headers['permissions-policy']).toContain('microphone=(self)');
      expect(answer.headers['cache-control']).toBe('no-cache');
    }
  });

  it('have assets that browsers keep', async () => {
    const answer = await rig.app.inject({ url: '/assets/main-1234.js' });
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const missing = await rig.app.inject({ url: '/assets/other.js' });
    expect(missing.statusCode).toBe(404);
    expect(missing.headers['cache-control']).toBeUndefined();
    expect((await rig.app.inject({ url: '/../package.json' })).statusCode).toBe(404);
  });

  it('come to whoever is signed in also while the database cannot say so', async () => {
    const headers = { cookie: await rig.cookie('operator') };
    const status = async (url: string): Promise<number> =>
      (await rig.app.inject({ url, headers })).statusCode;
    await rig.database.sql('alter table session rename to session_away');
    try {
      expect(await status('/api/v1/desk')).toBe(500);
      expect(await status('/console')).toBe(200);
    } finally {
      await rig.database.sql('alter table session_away rename to session');
    }
    expect(await status('/api/v1/desk')).toBe(200);
  });

  it('do not stand in for a route that is not there', async () => {
    const answer = await rig.app.inject({ url: '/api/v1/nothing' });
    expect(answer.json()).toMatchObject({ code: 'not-found' });
  });
});

describe('the description of the API', () => {
  it('is OpenAPI 3.1 and has every route, its security and its refusals', async () => {
    const document = (await rig.app.inject({ url: '/api/openapi.json' })).json<{
      openapi: string;
      paths: Record<
        string,
        Record<
          string,
          { summary?: string; operationId?: string; security?: unknown; responses: object }
        >
      >;
      components: { securitySchemes: object };
    }>();
    const ids: string[] = [];
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.components.securitySchemes)).toEqual(['session', 'token']);
    for (const { method, url, policy } of rig.app.routeTable) {
      if (url === '/*') continue;
      const path = url.replaceAll(/:(\w+)/g, '{$1}');
      const operation = document.paths[path]?.[method.toLowerCase()];
      expect([path, Object.keys(operation?.responses ?? {})]).toEqual([
        path,
        expect.arrayContaining(['4XX', '5XX']),
      ]);
      const ways = (operation?.security as object[]).map((way) => Object.keys(way)[0] ?? 'nobody');
      const expected: Partial<Record<typeof policy.kind, string[]>> = {
        public: [],
        'demo-or-roles': ['nobody', 'session', 'token'],
        person: ['session'],
        'local-cli': ['token'],
      };
      expect([path, ways]).toEqual([path, expected[policy.kind] ?? ['session', 'token']]);
      expect(operation?.summary).toMatch(/./);
      ids.push(operation?.operationId ?? '');
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('putCallsByIdDraftFieldsByField');
  });
});

describe('operation', () => {
  it('tells whether calls can be taken, and its figures', async () => {
    expect((await rig.app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' });
    expect((await rig.app.inject({ url: '/readyz' })).json()).toEqual({
      database: { ready: true, detail: 'PostgreSQL' },
    });
    const metrics = (await rig.app.inject({ url: '/metrics' })).body;
    expect(metrics).toMatch(/^denwaban_http_requests_total\{method="GET",status="2xx"\} \d+$/m);
  });
});

describe('a backup', () => {
  it('goes out and comes back, and does not overwrite a database in use', async () => {
    const headers = { authorization: `Bearer ${API_TOKEN}` };
    const taken = await rig.app.inject({ url: '/api/v1/backup', headers });
    expect(taken.statusCode).toBe(200);
    const put = (query: string, payload: Buffer): Promise<LightMyRequestResponse> =>
      rig.app.inject({
        method: 'POST',
        url: `/api/v1/restore${query}`,
        headers: { ...headers, 'content-type': 'application/octet-stream' },
        payload,
      });
    expect((await put('', taken.rawPayload)).json()).toMatchObject({ code: 'restore-not-empty' });
    const damaged = await put('?replace=true', taken.rawPayload.subarray(0, 100));
    expect(damaged.json()).toMatchObject({ code: 'restore-damaged' });
    expect((await put('?replace=true', taken.rawPayload)).statusCode).toBe(200);
  });
});

describe('a number that was typed', () => {
  const ask = async (path: string, payload: object): Promise<LightMyRequestResponse> =>
    rig.app.inject({
      method: 'POST',
      url: `/api/v1/${path}`,
      headers: { cookie: await rig.cookie('operator'), origin: ORIGIN },
      payload,
    });

  it.each([
    ['119', '110・118・119'],
    ['0990-123-456', '情報料'],
    ['184-0990-123-456', '情報料'],
    ['+1 212 555 0100', '国際電話'],
  ])('%s is refused with the rule, and nothing is done', async (number, words) => {
    rig.commands.said.length = 0;
    for (const answer of [
      await ask('calls/call_1/relay', { to: [{ number }] }),
      await ask('calls/call_1/transfer', { to: { number } }),
      await ask(`subscribers/${rig.subscriberId}/call-backs`, { number }),
    ]) {
      expect(answer.statusCode).toBe(422);
      expect(answer.json()).toMatchObject({ code: 'number-not-allowed' });
      expect(answer.json<{ issues: { messageJa: string }[] }>().issues[0]?.messageJa).toContain(
        words,
      );
    }
    expect(rig.commands.said).toEqual([]);
  });

  it('that is none is said so; one within the rules is rung', async () => {
    const wrong = await ask('calls/call_1/relay', { to: [{ number: 'あした' }] });
    expect(wrong.json()).toMatchObject({ code: 'no-number' });
    const order = { order: 'together', announce: 'system' };
    const right = { to: [{ number: '184-090-0123-4568' }], ...order };
    expect((await ask('calls/call_1/relay', right)).statusCode).toBe(204);
    const to = [{ number: '+819001234568', name: '', presentation: 'withheld' }];
    expect(rig.commands.said.splice(0)).toEqual([
      ['relay', rig.operatorId, 'call_1', { to, ...order }],
    ]);
  });
});

describe('an operation on a call that is over', () => {
  const hold = async (callId: string, user: 'operator' | 'member'): Promise<string> => {
    const headers = { cookie: await rig.cookie(user), origin: ORIGIN, host: 'localhost:8080' };
    const codes: string[] = [];
    for (const what of ['hold', 'hang-up']) {
      const url = `/api/v1/calls/${callId}/${what}`;
      const answer = await rig.app.inject({ method: 'POST', url, headers });
      codes.push(`${answer.statusCode} ${answer.json<{ code: string }>().code}`);
    }
    return [...new Set(codes)].join();
  };

  it('is told so to whoever may know of it; what never was is not there', async () => {
    const { subscriberId } = rig;
    const termination = { class: 'caller', reason: 'hung-up' } as const;
    const over = await storeCall(rig, 91, { subscriberId, state: { phase: 'ended', termination } });
    const open = await storeCall(rig, 92, { subscriberId });
    // No call of these is at work here.
    rig.commands.refusal = 'no-such-call';
    try {
      expect(await hold(over.callId, 'operator')).toBe('409 call-over');
      expect(await hold(open.callId, 'operator')).toBe('404 no-such-call');
      expect(await hold('call_never', 'operator')).toBe('404 no-such-call');
      expect(await hold(over.callId, 'member')).toBe('403 not-allowed');
      expect(await hold('call_never', 'member')).toBe('403 not-allowed');
    } finally {
      rig.commands.refusal = null;
    }
  });
});
