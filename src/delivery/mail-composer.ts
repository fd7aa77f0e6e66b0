import type { CallId, E164 } from '../base/index.ts';
import { buildReport } from '../messages/index.ts';
import type { MessageStore } from '../messages/index.ts';
import type { Directory, NumberPlan } from '../subscribers/index.ts';
import { plainName } from './mail.ts';
import type { OutgoingMail } from './mail.ts';
import { renderMail } from './mail-template.ts';
import type { Delivery } from './ports.ts';

/** What a report says of its call. */
export interface CallFacts {
  callFacts(callId: CallId): Promise<{
    calledNumber: E164 | null;
    answeredAt: number | null;
    endedAt: number | null;
  } | null>;
}

export type MailComposerOptions = {
  messages: Pick<MessageStore, 'message'>;
  directory: Directory;
  calls: CallFacts;
  plan: NumberPlan;
  timeZone: string;
  /** Without a trailing slash. */
  publicUrl: string;
  /** The right side of Message-IDs: the sender's domain. */
  domain: string;
};

/** Makes a delivery's mail out of its message. Null when the message is gone. */
export type ComposeMail = (delivery: Delivery) => Promise<OutgoingMail | null>;

export function createMailComposer(options: MailComposerOptions): ComposeMail {
  const { directory } = options;
  return async (delivery) => {
    const message = await options.messages.message(delivery.messageId);
    if (!message) return null;
    const { subscriberId } = message;
    const subscriber = subscriberId === null ? null : directory.subscriber(subscriberId);
    const contacts = subscriberId === null ? [] : directory.contactsOf(subscriberId);
    const facts = await options.calls.callFacts(message.callId);
    const calledNumber = facts?.calledNumber ?? null;
    const report = buildReport({
      message,
      subscriber,
      contact: contacts.find((contact) => contact.id === message.contactId) ?? null,
      call: {
        calledNumber,
        calledLabel: calledNumber === null ? null : (directory.did(calledNumber)?.label ?? null),
        answeredAt: facts?.answeredAt ?? null,
        endedAt: facts?.endedAt ?? null,
      },
      timeZone: subscriber?.timeZone ?? options.timeZone,
      plan: options.plan,
    });
    const words = renderMail({
      report,
      url: `${options.publicUrl}/portal/messages/${encodeURIComponent(message.id)}`,
      office: directory.settings().name,
      possibleDuplicate: delivery.possibleDuplicate,
    });
    return {
      ...words,
      deliveryId: delivery.id,
      attempt: delivery.attempts,
      to: { name: plainName(delivery.destination.name), address: delivery.destination.address },
      messageId: `<${delivery.id}@${options.domain}>`,
      references: `<${message.callId}@${options.domain}>`,
    };
  };
}
