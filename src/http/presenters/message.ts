import type { MessageView } from '../../contract/index.ts';
import { readFault } from '../../delivery/index.ts';
import type { Delivery, DeliveryStore } from '../../delivery/index.ts';
import { buildReport } from '../../messages/index.ts';
import type { Message, ReportOptions } from '../../messages/index.ts';
import type { Recording, RecordingStore } from '../../recordings/index.ts';
import { readNumber } from '../../subscribers/index.ts';
import type { NumberPlan } from '../../subscribers/index.ts';
import type { CallWords } from './call.ts';

export type MessageSources = CallWords & {
  deliveries: Pick<DeliveryStore, 'ofMessages'>;
  recordings: Pick<RecordingStore, 'ofCalls'>;
};

/** Messages as operator and subscriber see them, with what became of each report. */
export async function presentMessages(
  messages: readonly Message[],
  sources: MessageSources,
): Promise<MessageView[]> {
  if (messages.length === 0) return [];
  const [deliveries, recordings] = await Promise.all([
    sources.deliveries.ofMessages(messages.map(({ id }) => id)),
    sources.recordings.ofCalls(messages.map(({ callId }) => callId)),
  ]);
  return messages.map((message) =>
    presentMessage(message, {
      words: sources,
      deliveries: deliveries.filter(({ messageId }) => messageId === message.id),
      recording: recordings.find(({ callId }) => callId === message.callId) ?? null,
    }),
  );
}

function presentMessage(
  message: Message,
  around: { words: CallWords; deliveries: Delivery[]; recording: Recording | null },
): MessageView {
  const { directory, numbers } = around.words;
  const { id, receiptNumber, callId, subscriberId, kind, fields, withheld } = message;
  const { operatorName, arrivedAt, sentAt, handledAt, handledBy } = message;
  const contact =
    subscriberId === null || message.contactId === null
      ? null
      : (directory.contactsOf(subscriberId).find((one) => one.id === message.contactId) ?? null);
  const subscriber = subscriberId === null ? null : directory.subscriber(subscriberId);
  return {
    id,
    receiptNumber,
    callId,
    subscriberId,
    subscriberName: subscriber?.name ?? null,
    kind,
    subject: subjectOf(message, { subscriber, contact, plan: numbers }),
    fields,
    contactName: contact?.name ?? null,
    callerNumberFormatted: writeNumber(message.callerNumber, numbers),
    withheld,
    operatorName,
    arrivedAt,
    sentAt,
    handledAt,
    handledBy,
    deliveries: around.deliveries.map(presentDelivery),
    recording: around.recording === null ? null : presentRecording(around.recording),
  };
}

/** As the mail's subject; what it is made of does not depend on the call. */
function subjectOf(
  message: Message,
  around: Pick<ReportOptions, 'subscriber' | 'contact' | 'plan'>,
): string {
  const call = { calledNumber: null, calledLabel: null, answeredAt: null, endedAt: null };
  const timeZone = around.subscriber?.timeZone ?? 'UTC';
  return buildReport({ ...around, message, call, timeZone }).subject;
}

/** What a trunk sent that is no number stays as it came. */
function writeNumber(raw: string | null, plan: NumberPlan): string | null {
  if (raw === null) return null;
  const number = readNumber(raw, plan);
  return number === null ? raw : plan.format(number);
}

export function presentDelivery(delivery: Delivery): MessageView['deliveries'][number] {
  const { id, channel, destination, state, attempts } = delivery;
  const { nextAttemptAt, acceptedAt, possibleDuplicate, lastError } = delivery;
  return {
    id,
    channel,
    destination: writeDestination(destination),
    state,
    attempts,
    nextAttemptAt,
    acceptedAt,
    possibleDuplicate,
    lastError: lastError === null ? null : readFault(lastError),
  };
}

/** Empty where a report could be sent to nobody. */
function writeDestination({ name, address }: Delivery['destination']): string {
  return address === '' ? name : `${name} <${address}>`.trim();
}

export function presentRecording(recording: Recording): NonNullable<MessageView['recording']> {
  const { id, callId, startedAt, seconds, state, cause } = recording;
  return { id, callId, startedAt, seconds, state, cause };
}
