import { AppError, asId, newId } from '../base/index.ts';
import type { CallId, ContactId, MessageId, OperatorId } from '../base/index.ts';
import { fieldsOf, newReceiptNumber, normaliseForm, validateForm } from '../messages/index.ts';
import type { FormFields, Message } from '../messages/index.ts';
import type { CallRecord } from '../calls/index.ts';
import type { Issue, ProblemCode } from './problems.ts';
import type { ServerDeps } from './server-deps.ts';

export type SendDeps = Pick<
  ServerDeps,
  'calls' | 'messages' | 'directory' | 'clock' | 'random' | 'announce'
>;

export type SendOutcome =
  { ok: true; message: Message } | { ok: false; code: ProblemCode; issues?: Issue[] };

/**
 * Makes a message of a call's draft. Sent twice, the first message is the answer, so that a lost
 * reply may be asked for again.
 */
export async function sendMessage(
  callId: CallId,
  operatorId: OperatorId,
  deps: SendDeps,
): Promise<SendOutcome> {
  const [record, draft] = await Promise.all([deps.calls.call(callId), deps.messages.draft(callId)]);
  if (record === null) return { ok: false, code: 'no-such-call' };
  if (draft === null) return { ok: false, code: 'no-draft' };
  if (draft.operatorId !== operatorId) return { ok: false, code: 'not-your-call' };
  if (draft.sentMessageId !== null) {
    const sent = await deps.messages.message(draft.sentMessageId);
    if (sent !== null) return { ok: true, message: sent };
  }
  const fields = normaliseForm(fieldsOf(draft));
  const issues = issuesOf(fields, record, deps);
  if (issues.length > 0) return { ok: false, code: 'message-incomplete', issues };
  const operator = await deps.calls.operator(operatorId);
  const author = { operatorId, operatorName: operator?.name ?? null };
  return { ok: true, message: await store(record, fields, { ...deps, author }) };
}

function issuesOf(fields: FormFields, { state }: CallRecord, deps: SendDeps): Issue[] {
  const { subscriberId } = state.called;
  const contacts = subscriberId === null ? null : deps.directory.contactsOf(subscriberId);
  const context = {
    callerWithheld: state.caller.number === null,
    contactIds: contacts?.map(({ id }) => id) ?? null,
  };
  return validateForm(fields, context)
    .filter(({ severity }) => severity === 'error')
    .map(({ field, en, ja }) => ({ path: field, message: en, messageJa: ja }));
}

type Author = Pick<Message, 'operatorId' | 'operatorName'>;

async function store(
  { state }: CallRecord,
  fields: FormFields,
  deps: SendDeps & { author: Author },
): Promise<Message> {
  const { clock, random, messages } = deps;
  const message: Omit<Message, 'receiptNumber'> = {
    id: newId<MessageId>('msg', clock.now(), random),
    callId: state.id,
    subscriberId: state.called.subscriberId,
    kind: 'taken',
    fields,
    contactId: fields.contactId === undefined ? null : asId<ContactId>(fields.contactId),
    callerNumber: state.caller.number ?? state.caller.rawNumber,
    withheld: state.caller.withheld,
    ...deps.author,
    arrivedAt: state.arrivedAt,
    sentAt: clock.now(),
    handledAt: null,
    handledBy: null,
  };
  const attempt = (): ReturnType<typeof messages.send> =>
    messages.send({ ...message, receiptNumber: newReceiptNumber(random) });
  const sent = await attempt().catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'receipt-number-taken') return attempt();
    throw error;
  });
  if (sent.created) deps.announce({ type: 'message.sent', messageId: sent.message.id });
  return sent.message;
}
