import type { ContactId, DeliveryId, MessageId, SubscriberId } from '../base/index.ts';

/**
 * What came of handing a report to a channel. The channel classifies its own vendor's replies; a
 * reply that never came after the request was written is `uncertain`, not a failure.
 */
export type Outcome =
  | { type: 'accepted'; providerId: string | null }
  | { type: 'retry'; reason: string; afterMs?: number }
  | { type: 'uncertain'; reason: string }
  | { type: 'reject.message'; reason: string }
  | { type: 'reject.destination'; reason: string }
  | { type: 'reject.account'; reason: string }
  | { type: 'quota'; reason: string };

export type DeliveryState = 'queued' | 'sending' | 'accepted' | 'retrying' | 'uncertain' | 'failed';

/** One message to one destination: a row of the outbox. */
export type Delivery = {
  id: DeliveryId;
  messageId: MessageId;
  subscriberId: SubscriberId | null;
  contactId: ContactId | null;
  channel: 'mail';
  destination: { name: string; address: string };
  state: DeliveryState;
  attempts: number;
  nextAttemptAt: number | null;
  deadlineAt: number;
  acceptedAt: number | null;
  /** An earlier attempt ended uncertain: later copies say 【再送】. */
  possibleDuplicate: boolean;
  lastError: string | null;
  createdAt: number;
};

/** Which contacts of a subscriber get which messages by mail. */
export type MailRoute = {
  subscriberId: SubscriberId;
  contactIds: ContactId[];
  when: 'always' | 'urgent' | 'unanswered' | 'addressed';
};

/** The outbox as its worker sees it. Implemented by storage. Claim, commit, then call the vendor. */
export interface DeliveryStore {
  claim(options: { now: number; leaseMs: number; limit: number }): Promise<Delivery[]>;
  /** Records the attempt and the delivery's next state in one transaction. */
  settle(
    id: DeliveryId,
    attempt: { startedAt: number; endedAt: number; outcome: Outcome },
    next: {
      state: DeliveryState;
      nextAttemptAt: number | null;
      possibleDuplicate: boolean;
      lastError: string | null;
    },
  ): Promise<void>;
  /** Rows left in `sending` past their lease: their outcome is not known. */
  expireLeases(now: number): Promise<DeliveryId[]>;
  nextDueAt(): Promise<number | null>;
  ofMessages(ids: readonly MessageId[]): Promise<Delivery[]>;
  delivery(id: DeliveryId): Promise<Delivery | null>;
  /** A person's "send again": queued now, the deadline moved. */
  requeue(id: DeliveryId, now: number): Promise<Delivery | null>;
  undeliveredCount(): Promise<number>;
}

/** Mails kept on this machine when no SMTP server is set. */
export type MailboxMail = {
  id: string;
  from: string;
  to: string;
  subject: string;
  messageId: string;
  text: string;
  html: string;
  receivedAt: number;
};

export interface MailboxStore {
  put(mail: MailboxMail): Promise<void>;
  list(limit: number): Promise<MailboxMail[]>;
}
