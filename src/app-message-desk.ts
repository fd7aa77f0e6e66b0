import { AppError, asId, newId } from './base/index.ts';
import type { Clock, ContactId, MessageId, OperatorId, Random } from './base/index.ts';
import type { CallState } from './calls/index.ts';
import type { MessageDesk } from './engine/index.ts';
import { fieldsOf, newReceiptNumber, normaliseForm } from './messages/index.ts';
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

/** Drawn at random; two in a row taken is already unlikely. */
const MAX_RECEIPT_NUMBERS = 5;

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
  deps: MessageDeskDeps,
  call: CallState,
  kind: 'unattended' | 'abandoned',
): Promise<void> {
  const { store, announce } = deps;
  const draft = await store.draft(call.id);
  const written = draft === null ? {} : normaliseForm(fieldsOf(draft));
  for (let tries = 1; ; tries++) {
    try {
      const sent = await store.send(unansweredMessage(deps, call, { kind, fields: written }));
      if (sent.created) announce({ type: 'message.sent', messageId: sent.message.id });
      return;
    } catch (thrown) {
      const isTaken = thrown instanceof AppError && thrown.code === 'receipt-number-taken';
      if (!isTaken || tries === MAX_RECEIPT_NUMBERS) throw thrown;
    }
  }
}

/** What a lost operator had written already goes along: it is all anybody knows of this caller. */
function unansweredMessage(
  { clock, random }: MessageDeskDeps,
  call: CallState,
  { kind, fields }: Pick<Message, 'kind' | 'fields'>,
): Message {
  const contactId = fields.contactId ?? '';
  return {
    id: newId<MessageId>('msg', clock.now(), random),
    receiptNumber: newReceiptNumber(random),
    callId: call.id,
    subscriberId: call.called.subscriberId,
    kind,
    fields,
    contactId: contactId === '' ? null : asId<ContactId>(contactId),
    callerNumber: call.caller.number ?? call.caller.rawNumber,
    withheld: call.caller.withheld,
    operatorId: null,
    operatorName: null,
    arrivedAt: call.arrivedAt,
    sentAt: clock.now(),
    handledAt: null,
    handledBy: null,
  };
}
