import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LightMyRequestResponse } from 'fastify';
import { cookieHeader, httpRig, ORIGIN, PASSWORD } from '../harness/http-rig.ts';
import type { HttpRig } from '../harness/http-rig.ts';

let rig: HttpRig;
beforeAll(async () => {
  rig = await httpRig();
});
afterAll(() => rig.close());

const signIn = (
  email: string,
  password: string,
  remoteAddress: string,
): Promise<LightMyRequestResponse> =>
  rig.app.inject({
    method: 'POST',
    url: '/api/v1/session',
    headers: { origin: ORIGIN },
    remoteAddress,
    payload: { email, password },
  });
const setCookies = (answer: LightMyRequestResponse): string[] =>
  [answer.headers['set-cookie'] ?? []].flat();

describe('signing in', () => {
  it('answers who one is and sets an HttpOnly, SameSite=Lax cookie', async () => {
    const answer = await signIn(rig.emailOf('member'), PASSWORD, '192.0.2.10');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ role: 'member', subscriberName: '株式会社あおぞら' });
    const [cookie = ''] = setCookies(answer);
    expect(cookie).toMatch(/^denwaban\.session_token=/);
    expect(cookie).toMatch(/; HttpOnly/i);
    expect(cookie).toMatch(/; SameSite=Lax/i);
    expect(cookie).not.toMatch(/; Secure/i);
    const me = await rig.app.inject({
      url: '/api/v1/session',
      headers: { cookie: cookieHeader(setCookies(answer)) },
    });
    expect(me.json()).toMatchObject({ email: rig.emailOf('member') });
  });

  it('refuses a wrong password and an unknown account alike', async () => {
    const wrong = await signIn(rig.emailOf('member'), 'not-the-password', '192.0.2.11');
    const unknown = await signIn('nobody@example.jp', 'not-the-password', '192.0.2.11');
    expect(wrong.statusCode).toBe(401);
    expect(wrong.body).toBe(unknown.body);
  });

  it('stops one address on one account after five failures, and nobody else', async () => {
    const email = rig.emailOf('supervisor');
    for (let i = 0; i < 5; i++) await signIn(email, 'not-the-password', '192.0.2.12');
    const stopped = await signIn(email, PASSWORD, '192.0.2.12');
    expect(stopped.statusCode).toBe(429);
    expect(stopped.json()).toMatchObject({ code: 'too-many-tries' });
    expect(Number(stopped.headers['retry-after'])).toBeGreaterThan(0);
    expect((await signIn(email, PASSWORD, '192.0.2.13')).statusCode).toBe(200);
    expect((await signIn(rig.emailOf('operator'), PASSWORD, '192.0.2.12')).statusCode).toBe(200);
  });

  it('ends the session at sign-out', async () => {
    const cookie = cookieHeader(
      setCookies(await signIn(rig.emailOf('operator'), PASSWORD, '192.0.2.14')),
    );
    const headers = { cookie, origin: ORIGIN };
    const out = await rig.app.inject({ method: 'DELETE', url: '/api/v1/session', headers });
    expect(out.statusCode).toBe(204);
    const after = await rig.app.inject({ url: '/api/v1/session', headers });
    expect(after.statusCode).toBe(401);
  });

  it('is written into the audit trail, refused or not', async () => {
    const rows = await rig.database.sql<{ action: string }>(
      `select distinct action from audit_entry where subject_type = 'session'`,
    );
    expect(rows.map(({ action }) => action).sort()).toEqual([
      'session.refused',
      'session.signed-in',
      'session.signed-out',
    ]);
  });
});
