import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { ContactId, SubscriberId } from '../base/index.ts';
import type { Message } from '../messages/index.ts';
import type { Contact } from '../subscribers/index.ts';
import { DELIVERY_LIFE_MS, planDeliveries } from './plan.ts';
import type { Delivery, MailRoute } from './ports.ts';

const SUBSCRIBER = asId<SubscriberId>('sub_1');
const NOW = 1_700_000_000_000;

function message(change: Partial<Message> = {}): Message {
  return {
    id: asId('msg_1'),
    receiptNumber: 'R1',
    callId: asId('call_1'),
    subscriberId: SUBSCRIBER,
    kind: 'taken',
    fields: {},
    contactId: null,
    callerNumber: null,
    withheld: null,
    operatorId: null,
    operatorName: null,
    arrivedAt: NOW,
    sentAt: NOW,
    handledAt: null,
    handledBy: null,
    ...change,
  };
}

function contact(key: string, email: string | null = `${key}@example.jp`): Contact {
  const id = asId<ContactId>(`con_${key}`);
  const empty = { kana: '', title: '', phone: null, presence: null };
  return { id, subscriberId: SUBSCRIBER, key, name: key, email, ...empty };
}

const route = (when: MailRoute['when'], ...keys: string[]): MailRoute => ({
  subscriberId: SUBSCRIBER,
  when,
  contactIds: keys.map((key) => asId(`con_${key}`)),
});

const contacts = [contact('a'), contact('b'), contact('c', null), contact('d', 'A@example.jp')];

function plan(routes: MailRoute[], change: Partial<Message> = {}): Delivery[] {
  let number = 0;
  return planDeliveries({
    message: message(change),
    routes,
    contacts,
    now: NOW,
    newDeliveryId: () => asId(`dlv_${++number}`),
  });
}
const addresses = (deliveries: Delivery[]): string[] =>
  deliveries.map((delivery) => delivery.destination.address);

describe('planDeliveries', () => {
  it('queues one mail per address, due now, for a day', () => {
    expect(plan([route('always', 'a', 'b'), route('always', 'b', 'd')])).toMatchObject([
      {
        id: 'dlv_1',
        messageId: 'msg_1',
        contactId: 'con_a',
        destination: { name: 'a', address: 'a@example.jp' },
        state: 'queued',
        nextAttemptAt: NOW,
        deadlineAt: NOW + DELIVERY_LIFE_MS,
      },
      { contactId: 'con_b' },
    ]);
  });

  it.each<[MailRoute['when'], Partial<Message>, string[]]>([
    ['urgent', {}, []],
    ['urgent', { fields: { urgency: 'normal' } }, []],
    ['urgent', { fields: { urgency: 'urgent' } }, ['a@example.jp', 'b@example.jp']],
    ['unanswered', {}, []],
    ['unanswered', { kind: 'unattended' }, ['a@example.jp', 'b@example.jp']],
    ['unanswered', { kind: 'abandoned' }, ['a@example.jp', 'b@example.jp']],
    ['addressed', { contactId: asId('con_b') }, ['b@example.jp']],
  ])('a route for %s messages, message %o', (when, change, expected) => {
    expect(addresses(plan([route(when, 'a', 'b')], change))).toEqual(expected);
  });

  it('shows a contact without a mail address as a failure, beside those who have one', () => {
    expect(plan([route('always', 'c', 'a')])).toMatchObject([
      { state: 'failed', destination: { name: 'c', address: '' }, nextAttemptAt: null },
      { state: 'queued' },
    ]);
  });

  it.each<[string, MailRoute[], Partial<Message>]>([
    ['there is no route', [], {}],
    ['it is addressed to nobody on a route', [route('addressed', 'a')], {}],
    ['a route names only contacts that are gone', [route('always', 'gone')], {}],
    ['nobody knows which company was rung', [], { subscriberId: null }],
  ])('shows a failure when %s', (_, routes, change) => {
    expect(plan(routes, change)).toMatchObject([
      { state: 'failed', contactId: null, lastError: expect.stringMatching(/./) as string },
    ]);
  });

  it('makes no fuss over an unanswered call that was for nobody known', () => {
    expect(plan([], { subscriberId: null, kind: 'abandoned' })).toEqual([]);
  });
});
