import type { ContactId, DeliveryId } from '../base/index.ts';
import type { Message } from '../messages/index.ts';
import type { Contact } from '../subscribers/index.ts';
import { faultText } from './fault.ts';
import type { FaultCode } from './fault.ts';
import type { Delivery, MailRoute } from './ports.ts';

/** After this long a report that nobody took is a person's task. */
export const DELIVERY_LIFE_MS = 24 * 60 * 60_000;

export type PlanOptions = {
  message: Message;
  /** The routes and contacts of the message's subscriber. */
  routes: readonly MailRoute[];
  contacts: readonly Contact[];
  now: number;
  newDeliveryId: () => DeliveryId;
};

/**
 * Who gets the message by mail: one delivery per address. A destination that cannot be (no mail
 * address, no route at all) becomes a failed delivery, so that a person sees it.
 */
export function planDeliveries(options: PlanOptions): Delivery[] {
  const { message, routes, contacts } = options;
  if (message.subscriberId === null) {
    // Nobody to tell yet: for a taken message the desk must find out who was rung.
    return message.kind === 'taken' ? [undeliverable(options, null, 'no-subscriber')] : [];
  }
  const byId = new Map(contacts.map((contact) => [contact.id, contact]));
  const planned = new Map<string, Delivery>();
  for (const contactId of recipients(message, routes)) {
    const contact = byId.get(contactId);
    if (!contact) continue;
    const address = contact.email?.trim() ?? '';
    const delivery =
      address === ''
        ? undeliverable(options, contact, 'no-address')
        : queued(options, contact, address);
    const key = address === '' ? contact.id : address.toLowerCase();
    if (!planned.has(key)) planned.set(key, delivery);
  }
  if (planned.size === 0 && routes.every(reachesSomebody)) {
    return [undeliverable(options, null, 'no-route')];
  }
  return [...planned.values()];
}

/** An `urgent` or `unanswered` route that does not apply is the subscriber's wish, not a gap. */
function reachesSomebody(route: MailRoute): boolean {
  return route.when === 'always' || route.when === 'addressed';
}

function recipients(message: Message, routes: readonly MailRoute[]): ContactId[] {
  return routes.flatMap((route) => {
    switch (route.when) {
      case 'always':
        return route.contactIds;
      case 'urgent':
        return message.fields.urgency === 'urgent' ? route.contactIds : [];
      case 'unanswered':
        return message.kind === 'taken' ? [] : route.contactIds;
      case 'addressed':
        return route.contactIds.filter((id) => id === message.contactId);
    }
  });
}

function queued(options: PlanOptions, contact: Contact, address: string): Delivery {
  return {
    id: options.newDeliveryId(),
    messageId: options.message.id,
    subscriberId: options.message.subscriberId,
    contactId: contact.id,
    channel: 'mail',
    destination: { name: contact.name, address },
    state: 'queued',
    attempts: 0,
    nextAttemptAt: options.now,
    deadlineAt: options.now + DELIVERY_LIFE_MS,
    acceptedAt: null,
    possibleDuplicate: false,
    lastError: null,
    createdAt: options.now,
  };
}

function undeliverable(options: PlanOptions, contact: Contact | null, fault: FaultCode): Delivery {
  return {
    id: options.newDeliveryId(),
    messageId: options.message.id,
    subscriberId: options.message.subscriberId,
    contactId: contact?.id ?? null,
    channel: 'mail',
    destination: { name: contact?.name ?? '', address: '' },
    state: 'failed',
    attempts: 0,
    nextAttemptAt: null,
    deadlineAt: options.now,
    acceptedAt: null,
    possibleDuplicate: false,
    lastError: faultText(fault),
    createdAt: options.now,
  };
}
