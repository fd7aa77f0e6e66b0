import type {
  CallId,
  ContactId,
  MessageId,
  OperatorId,
  SubscriberId,
  UserId,
} from '../base/index.ts';

/** The fields of the message form; contract's `messageFieldSchema` is held equal by a test. */
export type MessageField =
  | 'company'
  | 'companyKana'
  | 'name'
  | 'nameKana'
  | 'phone'
  | 'contactId'
  | 'callType'
  | 'body'
  | 'wants'
  | 'callbackTime'
  | 'urgency';

/** What the operator is writing, field by field; every acknowledged keystroke is in the database. */
export type Draft = {
  callId: CallId;
  subscriberId: SubscriberId | null;
  operatorId: OperatorId;
  /** Counts all changes; a field's version is the draft's version at its last change. */
  version: number;
  fields: Partial<Record<MessageField, { value: string; version: number }>>;
  sentMessageId: MessageId | null;
  updatedAt: number;
};

/** 伝言: what was taken down for the subscriber, or that nobody answered. Never changed once sent. */
export type Message = {
  id: MessageId;
  receiptNumber: string;
  callId: CallId;
  subscriberId: SubscriberId | null;
  kind: 'taken' | 'unattended' | 'abandoned';
  fields: Partial<Record<MessageField, string>>;
  contactId: ContactId | null;
  callerNumber: string | null;
  withheld: 'withheld' | 'payphone' | 'unavailable' | null;
  operatorId: OperatorId | null;
  operatorName: string | null;
  arrivedAt: number;
  sentAt: number;
  handledAt: number | null;
  handledBy: string | null;
};

export type DraftPut = {
  callId: CallId;
  operatorId: OperatorId;
  field: MessageField;
  value: string;
  deskId: string;
  clientSeq: number;
};

export type DraftPutOutcome =
  | { ok: true; version: number }
  | { ok: false; reason: 'no-draft' | 'not-yours' | 'already-sent' | 'too-long' };

export type MessageFilter = {
  subscriberId?: SubscriberId;
  handled?: boolean;
  search?: string;
  cursor?: string;
  limit: number;
};

/**
 * Drafts and messages. Implemented by storage. `send` writes the message, its deliveries and the
 * draft's end in one transaction; calling it twice for one call returns the first message.
 */
export interface MessageStore {
  draft(callId: CallId): Promise<Draft | null>;
  /** Creates the draft or hands it to another operator, its text kept. Idempotent. */
  openDraft(options: {
    callId: CallId;
    subscriberId: SubscriberId | null;
    operatorId: OperatorId;
    prefill: Partial<Record<MessageField, string>>;
    now: number;
  }): Promise<void>;
  putField(put: DraftPut, now: number): Promise<DraftPutOutcome>;
  send(message: Message): Promise<{ message: Message; created: boolean }>;
  message(id: MessageId): Promise<Message | null>;
  list(filter: MessageFilter): Promise<{ messages: Message[]; nextCursor: string | null }>;
  setHandled(
    id: MessageId,
    handled: { at: number; by: string; userId: UserId } | null,
  ): Promise<Message | null>;
}

/** Said after the transaction is committed. */
export type MessageEvent = { type: 'message.sent' | 'message.changed'; messageId: MessageId };
