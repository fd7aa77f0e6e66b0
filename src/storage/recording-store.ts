import type { CallId, RecordingId, SubscriberId } from '../base/index.ts';
import type { RecordingIndex } from '../engine/index.ts';
import type {
  ExpiredRecordings,
  Recording,
  RecordingEnd,
  RecordingStore,
} from '../recordings/index.ts';
import { toInstant, toTimestamp } from './database.ts';
import type { Database, Queryable } from './database.ts';

type RecordingRow = {
  id: RecordingId;
  call_id: CallId;
  subscriber_id: SubscriberId | null;
  path: string;
  started_at: Date;
  ended_at: Date | null;
  seconds: number;
  state: Recording['state'];
  cause: Recording['cause'];
};

const FINISH = `update recording set ended_at = $2, seconds = $3, cause = coalesce($5, cause),
    state = case when cause is not null and $4 = 'complete' then 'incomplete' else $4 end
  where id = $1`;

/** Serves the recordings module and, as the writer, the engine. */
export function createRecordingStore(
  database: Database,
  grouped: Queryable,
): RecordingStore & RecordingIndex & ExpiredRecordings {
  const list = async (condition: string, values: unknown[]): Promise<Recording[]> => {
    const rows = await database.rows<RecordingRow>({
      text: `select * from recording where ${condition} order by started_at, id`,
      values,
    });
    return rows.map(toRecording);
  };
  const finish = async (
    name: string,
    text: string,
    id: RecordingId,
    end: RecordingEnd,
  ): Promise<void> => {
    const values = [id, toTimestamp(end.endedAt), end.seconds, end.state, end.cause ?? null];
    await grouped.rows({ name, text, values });
  };
  return {
    async begin(recording): Promise<void> {
      await grouped.rows({
        name: 'recording-begin',
        text: `insert into recording (id, call_id, subscriber_id, path, started_at, state)
          values ($1, $2, $3, $4, $5, 'recording') on conflict (id) do nothing`,
        values: [
          recording.id,
          recording.callId,
          recording.subscriberId,
          recording.path,
          toTimestamp(recording.startedAt),
        ],
      });
    },

    finish: (id, end) => finish('recording-finish', FINISH, id, end),
    finishLeft: (id, end) =>
      finish('recording-finish-left', `${FINISH} and state = 'recording'`, id, end),

    async noteCut(id, cause): Promise<void> {
      await grouped.rows({
        name: 'recording-cut',
        text: `update recording set cause = $2,
          state = case when state = 'complete' then 'incomplete' else state end where id = $1`,
        values: [id, cause],
      });
    },

    recording: async (id) => (await list('id = $1', [id]))[0] ?? null,
    ofCalls: (callIds) => list('call_id = any($1::text[])', [callIds]),
    open: () => list(`state = 'recording'`, []),
    olderThan: (instant, limit) =>
      list(
        `id in (select id from recording where started_at < $1 and state <> 'recording'
        order by started_at limit $2)`,
        [toTimestamp(instant), limit],
      ),

    async remove(id): Promise<void> {
      await database.rows({ text: 'delete from recording where id = $1', values: [id] });
    },
  };
}

function toRecording(row: RecordingRow): Recording {
  return {
    id: row.id,
    callId: row.call_id,
    subscriberId: row.subscriber_id,
    path: row.path,
    startedAt: toInstant(row.started_at),
    endedAt: toInstant(row.ended_at),
    seconds: row.seconds,
    state: row.state,
    cause: row.cause,
  };
}
