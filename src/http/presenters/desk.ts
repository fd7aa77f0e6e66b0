import type { CallId, OperatorId } from '../../base/index.ts';
import type { CallQueries, CallRecord, Operator } from '../../calls/index.ts';
import type { DeskView, DraftView } from '../../contract/index.ts';
import type { Draft, MessageStore } from '../../messages/index.ts';
import { presenceAt } from '../../subscribers/index.ts';
import type { Contact } from '../../subscribers/index.ts';
import { format, presentCall } from './call.ts';
import type { CallWords } from './call.ts';

export type DeskSources = CallWords & {
  calls: CallQueries;
  messages: Pick<MessageStore, 'draft'>;
};

const EARLIER_CALLS = 5;

/** The whole desk of one operator in one snapshot. Null when there is no such operator. */
export async function presentDesk(
  operatorId: OperatorId,
  sources: DeskSources,
  now: number,
): Promise<DeskView | null> {
  const [operator, waitingCalls, parked] = await Promise.all([
    sources.calls.operator(operatorId),
    sources.calls.waitingCount(),
    sources.calls.parkedCalls(),
  ]);
  if (operator === null) return null;
  const [held, draft] = await callAndDraft(operator, sources);
  const watching = held === null ? null : presentWatched(held, operatorId, sources);
  const record = watching === null ? held : null;
  return {
    operatorId,
    operatorName: operator.name,
    device: operator.deviceKind,
    state: operator.state,
    stateSince: operator.stateSince,
    deskId: operator.deskId,
    audio: audioOf(operator),
    call: record === null ? null : presentCall(record, sources, { operatorId, supervises: false }),
    watching,
    draft: draft === null || draft.operatorId !== operatorId ? null : presentDraft(draft),
    contacts: contactsOf(record, sources, now),
    earlierCalls: record === null ? [] : await earlierCalls(record, sources),
    waitingCalls,
    parkedCalls: parked.flatMap((one) => presentParked(one, sources)),
    serverTime: now,
  };
}

/** Null unless this operator is in the call as its listener. */
function presentWatched(
  record: CallRecord,
  operatorId: OperatorId,
  sources: CallWords,
): DeskView['watching'] {
  const monitor = record.state.monitors.find((one) => one.operatorId === operatorId);
  if (monitor === undefined) return null;
  const { id, phase, answeredAt, called, caller, operatorName } = presentCall(record, sources);
  return {
    callId: id,
    mode: monitor.mode,
    phase,
    answeredAt,
    subscriberName: called.subscriberName,
    callerNumberFormatted: caller.numberFormatted,
    operatorName,
  };
}

function presentParked(record: CallRecord, sources: CallWords): DeskView['parkedCalls'] {
  const { id, caller, called, parked } = presentCall(record, sources);
  if (parked === null) return [];
  const { subscriberName } = called;
  return [{ id, subscriberName, callerNumberFormatted: caller.numberFormatted, ...parked }];
}

async function callAndDraft(
  { callId }: Operator,
  { calls, messages }: DeskSources,
): Promise<[CallRecord | null, Draft | null]> {
  return callId === null ? [null, null] : Promise.all([calls.call(callId), messages.draft(callId)]);
}

function audioOf(operator: Operator): DeskView['audio'] {
  if (operator.legId !== null) return 'up';
  return operator.deskId === null ? 'none' : 'lost';
}

function contactsOf(
  record: CallRecord | null,
  sources: DeskSources,
  now: number,
): DeskView['contacts'] {
  const subscriberId = record?.state.called.subscriberId ?? null;
  if (subscriberId === null) return [];
  return sources.directory
    .contactsOf(subscriberId)
    .map((contact) => presentContact(contact, sources, now));
}

export function presentContact(
  { id, name, kana, title, phone, email, presence }: Contact,
  { numbers }: Pick<CallWords, 'numbers'>,
  now: number,
): DeskView['contacts'][number] {
  const number = format(phone, numbers);
  return { id, name, kana, title, phone: number, email, presence: presenceAt(presence, now) };
}

async function earlierCalls(
  { state }: CallRecord,
  { calls }: DeskSources,
): Promise<DeskView['earlierCalls']> {
  const caller = state.caller.number;
  const { subscriberId } = state.called;
  if (caller === null || subscriberId === null) return [];
  return calls.earlierCalls({ caller, subscriberId, before: state.id, limit: EARLIER_CALLS });
}

export function presentDraft(draft: Draft): DraftView {
  const { callId, version, fields, sentMessageId } = draft;
  return { callId, version, fields, sentMessageId };
}

/** A call nobody has written about yet. */
export function emptyDraft(callId: CallId): DraftView {
  return { callId, version: 0, fields: {}, sentMessageId: null };
}
