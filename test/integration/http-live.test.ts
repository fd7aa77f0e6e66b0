import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { asId, deferred } from '../../src/base/index.ts';
import type { CallId, LegId } from '../../src/base/index.ts';
import type { LiveServerFrame } from '../../src/contract/index.ts';
import { liveServerFrameSchema } from '../../src/contract/index.ts';
import { listen } from '../../src/http/index.ts';
import { httpRig, ORIGIN, PASSWORD, storeCall } from '../harness/http-rig.ts';
import type { HttpRig, RigUser } from '../harness/http-rig.ts';
import { message } from '../harness/storage-records.ts';

let rig: HttpRig;
let port: number;
beforeAll(async () => {
  rig = await httpRig();
  port = await listen(rig.app, { host: '127.0.0.1', port: 0 });
});
afterAll(() => rig.close());

/** A page's live connection that keeps what it hears. */
class Page {
  readonly heard: LiveServerFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #wake: () => void = () => undefined;

  constructor(headers: Record<string, string>) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { headers });
    this.socket.on('message', (data: Buffer) => {
      this.heard.push(liveServerFrameSchema.parse(JSON.parse(data.toString())));
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.closed = once(this.socket, 'close').then(([code]) => code as number);
  }

  say(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  async hello(topics: string[], deskId = 'desk-0001'): Promise<void> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    this.say({ type: 'hello', deskId, topics });
    await this.next('welcome');
  }

  async next<T extends LiveServerFrame['type']>(
    type: T,
    fits: (frame: Extract<LiveServerFrame, { type: T }>) => boolean = () => true,
  ): Promise<Extract<LiveServerFrame, { type: T }>> {
    for (;;) {
      for (const frame of this.heard) {
        if (frame.type !== type) continue;
        const found = frame as Extract<LiveServerFrame, { type: T }>;
        if (fits(found)) return found;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Everything sent to this page before now has arrived. */
  async flush(at: number): Promise<void> {
    this.say({ type: 'ping', at });
    await this.next('pong', (frame) => frame.at === at);
  }
}

const pages: Page[] = [];
async function open(user: RigUser): Promise<Page> {
  const page = new Page({ cookie: await rig.cookie(user), origin: ORIGIN });
  pages.push(page);
  return page;
}
afterEach(async () => {
  for (const page of pages.splice(0)) {
    page.socket.close();
    await page.closed;
  }
});

describe('the live connection', () => {
  it('is closed with 4401 for nobody', async () => {
    expect(await new Page({ origin: ORIGIN }).closed).toBe(4401);
  });

  it('is not opened for another site', async () => {
    const page = new Page({ cookie: await rig.cookie('operator'), origin: 'https://evil.example' });
    const [request, answer] = (await once(page.socket, 'unexpected-response')) as [
      { destroy(): void },
      { statusCode: number },
    ];
    expect(answer.statusCode).toBe(403);
    request.destroy();
  });

  it('is closed with 4403 for a topic one may not hear', async () => {
    const page = await open('member');
    await once(page.socket, 'open');
    page.say({ type: 'hello', deskId: 'desk-0001', topics: ['messages', 'floor'] });
    expect(await page.closed).toBe(4403);
    expect(page.heard).toEqual([]);
  });

  it('tells who comes to a desk of the trouble that lasts, and not of what is over', async () => {
    const notice = (code: 'not-saved' | 'saved-again' | 'disk-full' | 'disk-room'): void =>
      rig.floor.publish({ type: 'notice', operatorId: null, callId: null, code });
    notice('not-saved');
    notice('disk-full');
    notice('saved-again');
    const page = await open('operator');
    await page.hello(['desk']);
    await page.flush(1);
    const told = (one: Page): unknown[] =>
      one.heard.flatMap((frame) => (frame.type === 'notice' ? [frame.notice.code] : []));
    expect(told(page)).toEqual(['disk-full']);
    const portal = await open('member');
    await portal.hello(['messages']);
    notice('disk-room');
    await portal.flush(1);
    await page.flush(2);
    expect(told(portal)).toEqual([]);
    expect(told(page)).toEqual(['disk-full', 'disk-room']);
    const next = await open('operator');
    await next.hello(['desk']);
    await next.flush(1);
    expect(told(next)).toEqual([]);
  });

  it('tells supervisors, and no desk, of a call without operator that is not recorded', async () => {
    const codes = (one: Page): unknown[] =>
      one.heard.flatMap((frame) => (frame.type === 'notice' ? [frame.notice] : []));
    const callId = asId<CallId>('call_unrecorded');
    const say = (code: 'recording-failed' | 'recording-again'): void =>
      rig.floor.publish({ type: 'notice', operatorId: null, callId, code });
    const [desk, floor] = [await open('operator'), await open('supervisor')];
    await desk.hello(['desk']);
    await floor.hello(['floor']);
    say('recording-failed');
    const later = await open('supervisor');
    await later.hello(['floor']);
    await Promise.all([desk.flush(1), floor.flush(1), later.flush(1)]);
    const failed = { code: 'recording-failed', callId };
    expect([desk, floor, later].map(codes)).toEqual([[], [failed], [failed]]);
    say('recording-again');
    await floor.flush(2);
    expect(codes(floor)).toEqual([failed, { code: 'recording-again', callId }]);
    const next = await open('supervisor');
    await next.hello(['floor']);
    await next.flush(1);
    expect(codes(next)).toEqual([]);
  });

  it.each(['not json', '{"type":"unknown"}', '[]'])(
    'is closed with 1007 after %s',
    async (broken) => {
      const page = await open('operator');
      await page.hello(['desk']);
      page.say(broken);
      expect(await page.closed).toBe(1007);
    },
  );

  it('is closed after a frame of more than 64 KiB', async () => {
    const page = await open('operator');
    await page.hello(['desk']);
    page.say('x'.repeat(65 * 1024));
    expect(await page.closed).toBe(1009);
  });

  it('shows where a contact is as soon as anybody has told it', async () => {
    const { operatorId, subscriberId } = rig;
    const { callId } = await storeCall(rig, 2, { subscriberId });
    const give = (state: string, call: CallId | null): Promise<unknown> =>
      rig.database.sql(`update operator set state = $1, call_id = $2 where id = $3`, [
        state,
        call,
        operatorId,
      ]);
    await give('busy', callId);
    const page = await open('operator');
    await page.hello(['desk']);
    const [contact] = (await page.next('desk')).desk.contacts;
    const told = await rig.app.inject({
      method: 'PUT',
      url: `/api/v1/subscribers/${subscriberId}/contacts/${contact!.id}/presence`,
      headers: { cookie: await rig.cookie('member'), origin: ORIGIN },
      payload: { presence: { state: 'meeting' } },
    });
    expect(told.statusCode).toBe(204);
    await page.next('desk', ({ desk }) => desk.contacts[0]?.presence?.state === 'meeting');
    await give('offline', null);
  });

  it('shows the desk at once, and again after each change', async () => {
    const page = await open('operator');
    await page.hello(['desk']);
    const first = await page.next('desk');
    expect(first.desk).toMatchObject({ operatorName: '佐藤', call: null, audio: 'none' });
    const { callId } = await storeCall(rig, 3, { subscriberId: rig.subscriberId });
    await rig.database.sql(`update operator set state = 'busy', call_id = $1 where id = $2`, [
      callId,
      rig.operatorId,
    ]);
    rig.floor.publish({ type: 'call.changed', callId, operatorId: rig.operatorId });
    const { desk } = await page.next('desk', (frame) => frame.desk.call !== null);
    expect(desk.call).toMatchObject({
      id: callId,
      caller: { numberFormatted: '090-0123-4567' },
      called: {
        subscriberName: '株式会社あおぞら',
        subscriberKana: 'カブシキガイシャアオゾラ',
        didFormatted: '03-0123-4567',
        didLabel: '代表',
        greeting: 'お電話ありがとうございます。株式会社あおぞらでございます。',
        certainty: 'certain',
      },
    });
    expect(desk.contacts.map(({ name }) => name)).toEqual(['山田 太郎', '鈴木 花子']);
  });

  it('shows a call that is listened to as nobody’s own, without its form and its people', async () => {
    const operators = await rig.storage.callQueries.operators();
    const listener = operators.find(({ id }) => id !== rig.operatorId)!;
    const monitor = {
      operatorId: listener.id,
      legId: asId<LegId>('leg_listener'),
      mode: 'whisper',
      returnTo: 'away',
    } as const;
    const { subscriberId, operatorId } = rig;
    const { callId } = await storeCall(rig, 5, { subscriberId, state: { monitors: [monitor] } });
    await rig.storage.messages.openDraft({
      callId,
      subscriberId,
      operatorId,
      prefill: { company: '秘密商事' },
      now: Date.now(),
    });
    await rig.database.sql(`update operator set state = 'busy', call_id = $1`, [callId]);
    const page = await open('other-operator');
    await page.hello(['desk']);
    const { desk } = await page.next('desk');
    expect(desk).toMatchObject({
      call: null,
      draft: null,
      contacts: [],
      earlierCalls: [],
      watching: {
        callId,
        mode: 'whisper',
        phase: 'talking',
        subscriberName: '株式会社あおぞら',
        operatorName: '佐藤',
      },
    });
    const floor = await open('supervisor');
    await floor.hello(['floor']);
    const { floor: view } = await floor.next('floor');
    expect(view.calls.find(({ id }) => id === callId)).toMatchObject({
      monitors: [{ operatorId: listener.id, name: listener.name, mode: 'whisper' }],
      // Without a place of her own on the floor a supervisor hears nothing.
      operations: [],
    });
    const seen = view.operators.map(({ id, watches }) => [id, watches]);
    expect(Object.fromEntries(seen)).toEqual({ [rig.operatorId]: null, [listener.id]: 'whisper' });
    await rig.database.sql(`update operator set state = 'available', call_id = null`);
  });

  it('keeps a draft field by field and acknowledges each', async () => {
    const { callId } = await storeCall(rig, 4, { subscriberId: rig.subscriberId });
    const { subscriberId, operatorId } = rig;
    await rig.storage.messages.openDraft({
      callId,
      subscriberId,
      operatorId,
      prefill: {},
      now: Date.now(),
    });
    const page = await open('operator');
    await page.hello(['desk']);
    for (const [i, value] of ['山', '山田', '山田商事'].entries()) {
      page.say({ type: 'draft.put', callId, field: 'company', value, clientSeq: i + 1 });
    }
    const { ack } = await page.next('draft.ack', (frame) => frame.ack.clientSeq === 3);
    expect(ack).toMatchObject({ callId, field: 'company' });
    const draft = await rig.storage.messages.draft(callId);
    expect(draft?.fields.company?.value).toBe('山田商事');

    const other = await open('other-operator');
    await other.hello(['desk']);
    other.say({ type: 'draft.put', callId, field: 'company', value: 'x', clientSeq: 1 });
    expect(await other.next('draft.refused')).toMatchObject({ reason: 'not-yours' });
  });

  it('tells a sent message to the office and to its subscriber, and to no other', async () => {
    const office = await open('operator');
    const member = await open('member');
    const foreign = await open('foreign-member');
    for (const page of [office, member, foreign]) await page.hello(['messages']);
    const { message: sent } = await rig.storage.messages.send(
      message(21, { subscriberId: rig.subscriberId }),
    );
    rig.messageEvents.publish({ type: 'message.sent', messageId: sent.id });
    expect((await office.next('message')).message.id).toBe(sent.id);
    expect((await member.next('message')).message.id).toBe(sent.id);
    const unassigned = await rig.storage.messages.send(message(22, { subscriberId: null }));
    rig.messageEvents.publish({ type: 'message.sent', messageId: unassigned.message.id });
    await office.next('message', (frame) => frame.message.id === unassigned.message.id);
    await foreign.flush(1);
    await member.flush(2);
    expect(foreign.heard.map(({ type }) => type)).toEqual(['welcome', 'pong']);
    expect(member.heard.map(({ type }) => type)).toEqual(['welcome', 'message', 'pong']);
  });

  it('never tells an earlier state of a message after a later one', async () => {
    const office = await open('operator');
    await office.hello(['messages']);
    const { messages } = rig.storage;
    const { message: sent } = await messages.send(message(23));
    const [isRead, isLate] = [deferred<null>(), deferred<null>()];
    const readMessage = messages.message.bind(messages);
    const slow = vi.spyOn(messages, 'message').mockImplementationOnce(async (id) => {
      const early = await readMessage(id);
      isRead.resolve(null);
      await isLate.promise;
      return early;
    });
    rig.messageEvents.publish({ type: 'message.sent', messageId: sent.id });
    await isRead.promise;
    await messages.setHandled(sent.id, { at: Date.now(), by: '', userId: asId('user_1') });
    rig.messageEvents.publish({ type: 'message.changed', messageId: sent.id });
    // Time enough for a second view that does not wait for the first.
    await sleep(300);
    isLate.resolve(null);
    const told = (): boolean[] =>
      office.heard.flatMap((frame) =>
        frame.type === 'message' && frame.message.id === sent.id
          ? [frame.message.handledAt !== null]
          : [],
      );
    await expect.poll(told).toHaveLength(2);
    expect(told()).toEqual([false, true]);
    slow.mockRestore();
  });

  it('tells one desk that another took the audio', async () => {
    const [before, after] = [await open('operator'), await open('operator')];
    await before.hello(['desk'], 'desk-before');
    await after.hello(['desk'], 'desk-after');
    const { operatorId } = rig;
    rig.floor.publish({ type: 'desk.taken', operatorId, deskId: 'desk-after' });
    expect(await before.next('desk.taken')).toEqual({ type: 'desk.taken', deskId: 'desk-after' });
    await after.flush(3);
    expect(after.heard.some(({ type }) => type === 'desk.taken')).toBe(false);
  });

  it('knows who is at a desk', async () => {
    const page = await open('operator');
    await page.hello(['desk']);
    expect(rig.app.isAttended(rig.operatorId)).toBe(true);
    page.socket.close();
    await page.closed;
    await expect.poll(() => rig.app.isAttended(rig.operatorId)).toBe(false);
  });

  it('of a member’s token hears nothing of another subscriber, and ends with the token', async () => {
    const { token, secret } = await rig.people.createToken({
      name: 'portal',
      role: 'member',
      subscriberId: rig.foreignSubscriberId,
      operatorId: null,
      createdBy: 'test',
      expiresAt: null,
    });
    const page = new Page({ authorization: `Bearer ${secret}` });
    pages.push(page);
    await page.hello(['messages']);
    const { subscriberId } = rig;
    await rig.storage.messages.send(message(77, { subscriberId }));
    rig.messageEvents.publish({ type: 'message.changed', messageId: asId('msg_0077') });
    const office = await open('administrator');
    await office.hello(['messages']);
    rig.messageEvents.publish({ type: 'message.changed', messageId: asId('msg_0077') });
    await office.next('message');
    await page.flush(7);
    expect(page.heard.map(({ type }) => type)).toEqual(['welcome', 'pong']);
    expect(await rig.people.revokeToken(token.id)).toBe(true);
    expect(await page.closed).toBe(4401);
  });

  it('ends with the session', async () => {
    const page = await open('supervisor');
    await page.hello(['floor']);
    expect((await page.next('floor')).floor.operators).toHaveLength(2);
    const cookie = await rig.cookie('supervisor');
    await rig.people.changePassword(cookie, PASSWORD, 'another-long-password');
    expect(await page.closed).toBe(4401);
  });
});
