import { expect, it } from 'vitest';
import { asId } from '../../base/index.ts';
import type { DeliveryId, MessageId } from '../../base/index.ts';
import { presentDelivery } from './message.ts';

it.each([
  ['山田 太郎', 'yamada@example.jp', '山田 太郎 <yamada@example.jp>'],
  ['', 'yamada@example.jp', '<yamada@example.jp>'],
  ['山田 太郎', '', '山田 太郎'],
  ['', '', ''],
])('a report to %j at %j is written %j', (name, address, written) => {
  const delivery = presentDelivery({
    id: asId<DeliveryId>('del_1'),
    messageId: asId<MessageId>('msg_1'),
    subscriberId: null,
    contactId: null,
    channel: 'mail',
    destination: { name, address },
    state: 'failed',
    attempts: 0,
    nextAttemptAt: null,
    deadlineAt: 0,
    acceptedAt: null,
    possibleDuplicate: false,
    lastError: null,
    createdAt: 0,
  });
  expect(delivery.destination).toBe(written);
});
