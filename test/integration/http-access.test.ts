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

const VERDICTS: Record<number, Verdict> = { 401: '-', 403: 'n', 404: 'x' };

async function headersOf(column: Column): Promise<Record<string, string>> {
  if (column === 'nobody') return { origin: ORIGIN };
  if (column === 'api-token') return { authorization: `Bearer ${API_TOKEN}` };
  if (column === 'cli-token') return { authorization: `Bearer ${CLI_TOKEN}` };
  return { origin: ORIGIN, cookie: await rig.cookie(column) };
}

/** Only what the guard before the route says: a refusal by the route itself has another code. */
async function ask(route: string, column: Column): Promise<Verdict> {
  const [method = '', pattern = ''] = route.split(' ');
  const area = pattern.split('/')[3] ?? '';
  const url = pattern.replace(':id', ids[area] ?? 'none').replace(':field', 'body');
  const answer = await rig.app.inject({
    method: method,
    url: pattern === '/*' ? '/console' : url,
    headers: await headersOf(column),
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

  /** What these routes themselves answer here: they let one pass and find nothing. */
  const findNothing = ['POST /api/v1/deliveries/:id/retry', 'GET /*'];
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
