import { newId } from './base/index.ts';
import type { Clock, MessageId, OperatorId, Random } from './base/index.ts';
import type { CallState } from './calls/index.ts';
import type { MessageDesk } from './engine/index.ts';
import { newReceiptNumber } from './messages/index.ts';
import type { Message, MessageEvent, MessageStore } from './messages/index.ts';
import type { NumberPlan } from './subscribers/index.ts';

export type MessageDeskDeps = {
  clock: Clock;
  random: Random;
  store: MessageStore;
  numbers: NumberPlan;
  /** After the message is committed: screens and the outbox are told. */
  announce: (event: MessageEvent) => void;
};

/** What a call leaves behind: a draft for its operator, or a message that nobody took. */
export function createMessageDesk(deps: MessageDeskDeps): MessageDesk {
  return {
    openDraft: (call, operatorId) => openDraft(deps, call, operatorId),
    recordUnanswered: (call, kind) => recordUnanswered(deps, call, kind),
  };
}

async function openDraft(
  { store, numbers, clock }: MessageDeskDeps,
  call: CallState,
  operatorId: OperatorId,
): Promise<void> {
  const { number } = call.caller;
  await store.openDraft({
    callId: call.id,
    subscriberId: call.called.subscriberId,
    operatorId,
    prefill: number === null ? {} : { phone: numbers.format(number) },
    now: clock.now(),
  });
}

async function recordUnanswered(
  { store, clock, random, announce }: MessageDeskDeps,
  call: CallState,
  kind: 'unattended' | 'abandoned',
): Promise<void> {
  const message: Message = {
    id: newId<MessageId>('msg', clock.now(), random),
    receiptNumber: newReceiptNumber(random),
    callId: call.id,
    subscriberId: call.called.subscriberId,
    kind,
    fields: {},
    contactId: null,
    callerNumber: call.caller.number ?? call.caller.rawNumber,
    withheld: call.caller.withheld,
    operatorId: null,
    operatorName: null,
    arrivedAt: call.arrivedAt,
    sentAt: clock.now(),
    handledAt: null,
    handledBy: null,
  };
  const sent = await store.send(message);
  if (sent.created) announce({ type: 'message.sent', messageId: sent.message.id });
}
