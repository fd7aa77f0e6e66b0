import type { CallId, E164 } from '../base/index.ts';
import { buildReport } from '../messages/index.ts';
import type { Message, MessageStore, Report } from '../messages/index.ts';
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
    const report = await reportOf(message, options);
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

const NO_FACTS = { calledNumber: null, answeredAt: null, endedAt: null };

async function reportOf(message: Message, options: MailComposerOptions): Promise<Report> {
  const { directory, plan, timeZone } = options;
  const { subscriberId, contactId } = message;
  const subscriber = subscriberId === null ? null : directory.subscriber(subscriberId);
  const contacts = subscriberId === null ? [] : directory.contactsOf(subscriberId);
  const facts = await options.calls.callFacts(message.callId);
  const calledNumber = facts?.calledNumber ?? null;
  const did = calledNumber === null ? null : directory.did(calledNumber);
  return buildReport({
    message,
    subscriber,
    contact: contacts.find((contact) => contact.id === contactId) ?? null,
    call: { ...(facts ?? NO_FACTS), calledLabel: did?.label ?? null },
    timeZone: subscriber?.timeZone ?? timeZone,
    plan,
  });
}
