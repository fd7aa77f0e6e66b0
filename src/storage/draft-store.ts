import type { CallId, MessageId, OperatorId, SubscriberId } from '../base/index.ts';
import { FIELD_LIMITS } from '../messages/index.ts';
import type { Draft, DraftPut, DraftPutOutcome, MessageStore } from '../messages/index.ts';
import { toInstant, toJson, toTimestamp } from './database.ts';
import type { Database, Queryable } from './database.ts';

type DraftRow = {
  call_id: CallId;
  subscriber_id: SubscriberId | null;
  operator_id: OperatorId;
  version: number;
  fields: Draft['fields'];
  sent_message_id: MessageId | null;
  updated_at: Date;
};

/*
 * The rule of `putField` in `messages`, as one statement per keystroke. The draft's row lock puts writers in a line: whoever waits sees the
 * newest row when it is his turn. The desk's number decides whether the value is news.
 */
const PUT = `
  with target as (
    select call_id from draft
    where call_id = $1 and operator_id = $2 and sent_message_id is null
    for update
  ),
  news as (
    insert into draft_field_seq (call_id, desk_id, field, client_seq)
    select call_id, $5, $3, $6 from target
    on conflict (call_id, desk_id, field) do update set client_seq = excluded.client_seq
      where draft_field_seq.client_seq < excluded.client_seq
    returning call_id
  )
  update draft set
    version = version + 1,
    fields = fields || jsonb_build_object(
      $3::text, jsonb_build_object('value', $4::text, 'version', version + 1)),
    updated_at = $7
  from news where draft.call_id = news.call_id
  returning draft.version`;

export function createDraftStore(
  database: Database,
  grouped: Queryable,
): Pick<MessageStore, 'draft' | 'openDraft' | 'putField'> {
  const find = async (callId: CallId): Promise<Draft | null> => {
    const [row] = await database.rows<DraftRow>({
      name: 'draft',
      text: 'select * from draft where call_id = $1',
      values: [callId],
    });
    return row ? toDraft(row) : null;
  };
  return {
    draft: find,

    /** The words stay when the draft changes hands; only then does its version count on. */
    async openDraft({ callId, subscriberId, operatorId, prefill, now }): Promise<void> {
      const fields = Object.entries(prefill).map(([field, value]) => [
        field,
        { value, version: 1 },
      ]);
      await grouped.rows({
        name: 'draft-open',
        text: `insert into draft (call_id, subscriber_id, operator_id, version, fields, updated_at)
          values ($1, $2, $3, 1, $4, $5)
          on conflict (call_id) do update set operator_id = excluded.operator_id,
            version = draft.version + 1, updated_at = excluded.updated_at
          where draft.operator_id <> excluded.operator_id and draft.sent_message_id is null`,
        values: [
          callId,
          subscriberId,
          operatorId,
          toJson(Object.fromEntries(fields)),
          toTimestamp(now),
        ],
      });
    },

    async putField(put, now): Promise<DraftPutOutcome> {
      if (put.value.length > FIELD_LIMITS[put.field]) return { ok: false, reason: 'too-long' };
      const [row] = await database.rows<{ version: number }>({
        name: 'draft-put',
        text: PUT,
        values: [
          put.callId,
          put.operatorId,
          put.field,
          // PostgreSQL text cannot hold U+0000.
          put.value.replaceAll('\0', ''),
          put.deskId,
          put.clientSeq,
          toTimestamp(now),
        ],
      });
      if (row) return { ok: true, version: row.version };
      return explain(put, await find(put.callId));
    },
  };
}

/** Nothing was written: because it was already known, or because it may not be. */
function explain(put: DraftPut, draft: Draft | null): DraftPutOutcome {
  if (!draft) return { ok: false, reason: 'no-draft' };
  if (draft.operatorId !== put.operatorId) return { ok: false, reason: 'not-yours' };
  if (draft.sentMessageId !== null) return { ok: false, reason: 'already-sent' };
  return { ok: true, version: draft.fields[put.field]?.version ?? draft.version };
}

function toDraft(row: DraftRow): Draft {
  return {
    callId: row.call_id,
    subscriberId: row.subscriber_id,
    operatorId: row.operator_id,
    version: row.version,
    fields: row.fields,
    sentMessageId: row.sent_message_id,
    updatedAt: toInstant(row.updated_at),
  };
}
