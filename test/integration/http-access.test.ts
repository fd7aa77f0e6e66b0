import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import { TOPIC_POLICIES } from '../../src/http/index.ts';
import { decide, NOBODY } from '../../src/people/index.ts';
import { ACCESS, COLUMNS, TOPICS } from '../access-table.ts';
import type { Column, Verdict } from '../access-table.ts';
import { API_TOKEN, CLI_TOKEN, httpRig, ORIGIN, storeCall } from '../harness/http-rig.ts';
import type { HttpRig } from '../harness/http-rig.ts';
import { message } from '../harness/storage-records.ts';

let rig: HttpRig;
let ids: Record<string, string>;
beforeAll(async () => {
  rig = await httpRig();
  const { subscriberId } = rig;
  const { callId, recordingId } = await storeCall(rig, 1, { subscriberId });
  await rig.storage.messages.send(message(1, { subscriberId }));
  ids = { calls: callId, recordings: recordingId, messages: 'msg_0001', subscribers: subscriberId };
});
afterAll(() => rig.close());

/** What these routes themselves answer here: they let one pass and find nothing. */
const findNothing = ['POST /api/v1/deliveries/:id/retry', 'DELETE /api/v1/tokens/:id', 'GET /*'];

const VERDICTS: Record<number, Verdict> = { 401: '-', 403: 'n', 404: 'x' };

async function headersOf(column: Column): Promise<Record<string, string>> {
  if (column === 'nobody') return { origin: ORIGIN };
  if (column === 'api-token') return { authorization: `Bearer ${API_TOKEN}` };
  if (column === 'cli-token') return { authorization: `Bearer ${CLI_TOKEN}` };
  return { origin: ORIGIN, cookie: await rig.cookie(column) };
}

/** Only what the guard before the route says: a refusal by the route itself has another code. */
async function ask(route: string, column: Column): Promise<Verdict> {
  return askAs(route, await headersOf(column));
}

async function askAs(route: string, headers: Record<string, string>): Promise<Verdict> {
  const [method = '', pattern = ''] = route.split(' ');
  const area = pattern.split('/')[3] ?? '';
  const url = pattern.replace(':id', ids[area] ?? 'none').replace(':field', 'body');
  const answer = await rig.app.inject({
    method: method,
    url: pattern === '/*' ? '/console' : url,
    headers,
  });
  const code = answer.body.startsWith('{"code"') ? answer.json<{ code: string }>().code : '';
  if (!['not-signed-in', 'not-allowed', 'not-found'].includes(code)) return 'y';
  return VERDICTS[answer.statusCode] ?? 'y';
}

describe('the access table', () => {
  it('names every route there is, and no other', () => {
    const live = rig.app.routeTable.map(({ method, url }) => `${method} ${url}`);
    expect([...new Set(live)].sort()).toEqual(Object.keys(ACCESS).sort());
    expect(new Set(live).size).toBe(live.length);
  });

  /** Passing it ends the session of the column. */
  const signOut = 'DELETE /api/v1/session';

  it.each(Object.entries(ACCESS))('%s: %s', async (route, row) => {
    for (const [i, column] of COLUMNS.entries()) {
      const written = row[i] as Verdict;
      if (route === signOut && written === 'y') continue;
      const expected = written === 'y' && findNothing.includes(route) ? 'x' : written;
      expect([column, await ask(route, column)]).toEqual([column, expected]);
    }
  });

  it('holds for the topics of the live connection', async () => {
    expect(Object.keys(TOPICS).sort()).toEqual(Object.keys(TOPIC_POLICIES).sort());
    for (const [topic, policy] of Object.entries(TOPIC_POLICIES)) {
      let row = '';
      for (const column of COLUMNS) {
        const { cookie, authorization } = await headersOf(column);
        const identity =
          column === 'nobody' ? NOBODY : await rig.people.identify({ cookie, authorization });
        row += decide(policy, identity, { demo: false }).allowed ? 'y' : 'n';
      }
      expect(`${topic} ${row}`).toBe(`${topic} ${TOPICS[topic] ?? ''}`);
    }
  });
});

describe('rows', () => {
  it('of another subscriber are not in a list, whatever is asked for', async () => {
    const cookie = await rig.cookie('foreign-member');
    for (const query of ['', `?subscriberId=${rig.subscriberId}`]) {
      const answer = await rig.app.inject({
        url: `/api/v1/messages${query}`,
        headers: { cookie },
      });
      expect(answer.json()).toEqual({ messages: [], nextCursor: null });
    }
    const own = await rig.app.inject({
      url: '/api/v1/messages',
      headers: { cookie: await rig.cookie('member') },
    });
    expect(own.json<{ messages: unknown[] }>().messages).toHaveLength(1);
  });

  it('of subscribers are one for a member', async () => {
    const cookie = await rig.cookie('foreign-member');
    const answer = await rig.app.inject({ url: '/api/v1/subscribers', headers: { cookie } });
    expect(answer.json()).toMatchObject({ subscribers: [{ name: '星印刷株式会社' }] });
  });
});

describe('a token', () => {
  it('acts for the operator it names', async () => {
    const answer = await rig.app.inject({
      url: '/api/v1/desk',
      headers: { authorization: `Bearer ${API_TOKEN}`, 'denwaban-operator': rig.operatorId },
    });
    expect(answer.json()).toMatchObject({ operatorName: '佐藤' });
  });

  it('that is wrong is nobody, also beside a good cookie', async () => {
    const answer = await rig.app.inject({
      url: '/api/v1/users',
      headers: { authorization: 'Bearer wrong', cookie: await rig.cookie('administrator') },
    });
    expect(answer.statusCode).toBe(401);
  });
});

describe('a token that an administrator makes', () => {
  type Created = { id: string; secret: string; expiresAt: number | null };

  async function make(body: object): Promise<Created> {
    const answer = await rig.app.inject({
      method: 'POST',
      url: '/api/v1/tokens',
      headers: { origin: ORIGIN, cookie: await rig.cookie('administrator') },
      payload: { name: 'script', expiresInDays: 30, ...body },
    });
    expect(answer.statusCode, answer.body).toBe(201);
    return answer.json<Created>();
  }

  const columnOf: Partial<Record<Column, () => object>> = {
    member: () => ({ role: 'member', subscriberId: rig.subscriberId }),
    'foreign-member': () => ({ role: 'member', subscriberId: rig.foreignSubscriberId }),
    operator: () => ({ role: 'operator', operatorId: rig.operatorId }),
    supervisor: () => ({ role: 'supervisor' }),
    administrator: () => ({ role: 'administrator' }),
  };
  /** What is a person's alone. */
  const personal = [
    'GET /api/v1/session',
    'POST /api/v1/session/password',
    'DELETE /api/v1/session',
  ];

  it.each(Object.keys(columnOf) as Column[])(
    'for the role of %s may do just that',
    async (column) => {
      const { secret } = await make(columnOf[column]!());
      const headers = { authorization: `Bearer ${secret}` };
      for (const [route, row] of Object.entries(ACCESS)) {
        const written = row[COLUMNS.indexOf(column)] as Verdict;
        const expected = personal.includes(route) ? 'n' : written;
        const given = await askAs(route, headers);
        const found = expected === 'y' && findNothing.includes(route) ? 'y' : given;
        expect([route, found]).toEqual([route, expected]);
      }
    },
  );

  it('sees the rows of its subscriber alone', async () => {
    const count = async (subscriberId: string): Promise<number> => {
      const { secret } = await make({ role: 'member', subscriberId });
      const headers = { authorization: `Bearer ${secret}` };
      const answer = await rig.app.inject({ url: '/api/v1/messages', headers });
      return answer.json<{ messages: unknown[] }>().messages.length;
    };
    expect(await count(rig.subscriberId)).toBe(1);
    expect(await count(rig.foreignSubscriberId)).toBe(0);
  });

  it('of an operator acts for no other, whoever it names', async () => {
    const { secret } = await make({ role: 'operator', operatorId: rig.operatorId });
    const desk = async (named?: string): Promise<number> => {
      const headers = {
        authorization: `Bearer ${secret}`,
        ...(named !== undefined && { 'denwaban-operator': named }),
      };
      return (await rig.app.inject({ url: '/api/v1/desk', headers })).statusCode;
    };
    expect([await desk(), await desk(rig.operatorId), await desk('op_other')]).toEqual([
      200, 200, 403,
    ]);
  });

  it('is kept as a hash, listed with its last use, and ends when it is revoked', async () => {
    const { id, secret } = await make({ role: 'supervisor', name: 'wallboard' });
    const headers = { authorization: `Bearer ${secret}` };
    const floor = async (): Promise<number> =>
      (await rig.app.inject({ url: '/api/v1/floor', headers })).statusCode;
    expect(await floor()).toBe(200);
    const rows = await rig.database.sql<{ token_hash: string }>('select * from api_token');
    expect(JSON.stringify(rows)).not.toContain(secret);
    const administrator = { origin: ORIGIN, cookie: await rig.cookie('administrator') };
    const list = await rig.app.inject({ url: '/api/v1/tokens', headers: administrator });
    expect(list.body).not.toContain(secret);
    expect(list.json<{ tokens: object[] }>().tokens).toContainEqual(
      expect.objectContaining({
        id,
        name: 'wallboard',
        createdBy: 'administrator',
        lastUsedAt: expect.any(Number) as number,
      }),
    );
    const url = `/api/v1/tokens/${id}`;
    const revoke = { method: 'DELETE', url, headers: administrator } as const;
    expect((await rig.app.inject(revoke)).statusCode).toBe(204);
    expect(await floor()).toBe(401);
    const audit = await rig.database.sql<{ action: string }>(
      'select action from audit_entry where subject_id = $1 order by id',
      [id],
    );
    expect(audit.map(({ action }) => action)).toEqual(['token.created', 'token.revoked']);
  });

  it('is nobody when its time is over', async () => {
    const { id, secret } = await make({ role: 'supervisor' });
    await rig.database.sql(`update api_token set expires_at = now() where id = $1`, [id]);
    const headers = { authorization: `Bearer ${secret}` };
    expect((await rig.app.inject({ url: '/api/v1/floor', headers })).statusCode).toBe(401);
  });

  it.each([
    { role: 'member' },
    { role: 'operator' },
    { role: 'operator', operatorId: 'op_none' },
    { role: 'supervisor', subscriberId: 'own' },
    { role: 'nobody' },
    { role: 'supervisor', name: '' },
    { role: 'supervisor', expiresInDays: 0 },
  ])('is not made from %j', async (body) => {
    const answer = await rig.app.inject({
      method: 'POST',
      url: '/api/v1/tokens',
      headers: { authorization: `Bearer ${API_TOKEN}` },
      payload: { name: 'script', expiresInDays: null, ...body },
    });
    expect(answer.statusCode).toBe(400);
  });
});

describe('demonstration mode', () => {
  it('lets everybody call as a customer, and follow only calls of that kind', async () => {
    const demo = await httpRig({ demo: true });
    try {
      const numbers = await demo.app.inject({ url: '/api/v1/customer/numbers' });
      expect(numbers.json<{ numbers: unknown[] }>().numbers).toContainEqual({
        number: '+81301234567',
        formatted: '03-0123-4567',
        subscriberName: '株式会社あおぞら',
      });
      const placed = await demo.app.inject({
        method: 'POST',
        url: '/api/v1/customer/calls',
        payload: { dialedNumber: '0301234567', sdpOffer: 'v=0' },
      });
      expect(placed.statusCode).toBe(201);
      const { subscriberId } = demo;
      await storeCall(demo, 1, { subscriberId });
      const leg = { id: asId('leg_c'), kind: 'browser', answered: true, gone: false } as never;
      await storeCall(demo, 2, { subscriberId, state: { callerLeg: leg } });
      const follow = async (id: string): Promise<number> =>
        (await demo.app.inject({ url: `/api/v1/customer/calls/${id}` })).statusCode;
      expect(await follow('call_rig1')).toBe(404);
      expect(await follow('call_rig2')).toBe(200);
    } finally {
      await demo.close();
    }
  });
});
