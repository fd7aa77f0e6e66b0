import type { CallId, E164, LegId, OperatorId, UserId } from '../base/index.ts';
import type { Operator, OperatorState } from '../calls/index.ts';
import type { FloorStore } from '../engine/index.ts';
import { toInstant, toTimestamp } from './database.ts';
import type { Database, Queryable } from './database.ts';

type OperatorRow = {
  id: OperatorId;
  key: string;
  name: string;
  user_id: UserId | null;
  device_kind: 'browser' | 'sip' | 'number';
  sip_username: string | null;
  sip_uri: string | null;
  sip_auto_answer: boolean;
  number: E164 | null;
  state: OperatorState;
  state_since: Date;
  idle_since: Date;
  call_id: CallId | null;
  leg_id: LegId | null;
  desk_id: string | null;
  ring_no_answer_count: number;
};

const COLUMNS = `operator.*,
  (select u.id from "user" u where u."operatorId" = operator.id) as user_id`;

/** Where an account was stopped, a telephone registered still gets no calls; one without an account does. */
const IS_NOT_STOPPED = `not exists
  (select 1 from "user" u where u."operatorId" = operator.id and u.disabled)`;

/**
 * A call that asks again (its app died in between) gets the operator it has already reserved. Rows
 * locked by another claim are skipped, so no two calls ever wait for each other or share a person.
 */
const CLAIM = `
  update operator set state = 'reserved', state_since = $2, call_id = $1
  where id = coalesce(
    (select id from operator
     where call_id = $1 and state = 'reserved' and id <> all($3::text[]) limit 1),
    (select id from operator
     where state = 'available' and id <> all($3::text[]) and ${IS_NOT_STOPPED}
       and case device_kind
         when 'browser' then leg_id is not null
         when 'number' then true
         else sip_uri is not null or sip_username = any($4::text[])
       end
     order by idle_since, id
     limit 1 for update skip locked)
  )
  returning ${COLUMNS}`;

const CLAIM_ONE = `
  with before as (select id, state from operator where id = $3 for update)
  update operator set state = 'reserved', state_since = $2, call_id = $1
  from before
  where operator.id = before.id and before.state = any($4::text[]) and operator.call_id is null
    and ${IS_NOT_STOPPED}
    and case device_kind
      when 'browser' then leg_id is not null
      when 'number' then true
      else sip_uri is not null or sip_username = any($5::text[])
    end
  returning ${COLUMNS}, before.state as was`;

/*
 * idle_since moves when an operator becomes available after work or a break. One whose caller hung
 * up while it rang keeps the place in the line.
 */
const CHANGE_STATE = `
  update operator set
    state = $2,
    call_id = $3,
    state_since = case when state = $2 then state_since else $4 end,
    idle_since = case
      when $2 = 'available' and state not in ('available', 'reserved') then $4
      else idle_since
    end,
    ring_no_answer_count = case
      when $2 = 'busy' or ($2 = 'available' and state in ('away', 'offline')) then 0
      else ring_no_answer_count
    end`;

const END_AUDIO = `
  update operator set leg_id = null, desk_id = null where id = $1 and leg_id = $2`;

const NO_ANSWER = `
  update operator set ring_no_answer_count = ring_no_answer_count + 1,
    idle_since = greatest(idle_since, state_since)
  where id = $1 returning ring_no_answer_count as count`;

/** States in which an operator belongs to a call. */
const ON_CALL: readonly OperatorState[] = ['reserved', 'busy', 'wrap-up'];

export function createFloorStore(database: Database, grouped: Queryable): FloorStore {
  const change = async (name: string, text: string, values: unknown[]): Promise<boolean> => {
    const rows = await grouped.rows({ name, text: `${text} returning 1`, values });
    return rows.length > 0;
  };
  return {
    operator: (id) => findOperator(grouped, id),
    operators: () => listOperators(database),

    async claimLongestIdle({ callId, excluded, registered, now }): Promise<Operator | null> {
      const rows = await grouped.rows<OperatorRow>({
        name: 'operator-claim',
        text: CLAIM,
        values: [callId, toTimestamp(now), excluded, registered],
      });
      return rows[0] ? toOperator(rows[0]) : null;
    },

    claim: (options) => claimOne(database, options),

    async anyoneSignedIn(): Promise<boolean> {
      const rows = await grouped.rows<{ any: boolean }>({
        name: 'operator-any',
        text: `select exists (select from operator where state <> 'offline') as any`,
      });
      return rows[0]?.any ?? false;
    },

    setState: (id, state, { callId, now }) =>
      change('operator-state', `${CHANGE_STATE} where id = $1`, [
        id,
        state,
        callId,
        toTimestamp(now),
      ]),

    releaseFrom: (id, callId, state, now) =>
      change(
        'operator-release',
        `${CHANGE_STATE} where id = $1 and call_id is not distinct from $5`,
        [id, state, ON_CALL.includes(state) ? callId : null, toTimestamp(now), callId],
      ),

    async setAudio(id, audio): Promise<Operator | null> {
      const rows = await grouped.rows<OperatorRow>({
        name: 'operator-audio',
        text: `update operator set leg_id = $2, desk_id = $3 where id = $1 returning ${COLUMNS}`,
        values: [id, audio.legId, audio.deskId],
      });
      return rows[0] ? toOperator(rows[0]) : null;
    },

    async endAudio(id, legId): Promise<void> {
      await change('operator-audio-end', END_AUDIO, [id, legId]);
    },

    /** Whoever let it ring goes to the end of the line. */
    async noteRingNoAnswer(id): Promise<number> {
      const rows = await grouped.rows<{ count: number }>({
        name: 'operator-no-answer',
        text: NO_ANSWER,
        values: [id],
      });
      return rows[0]?.count ?? 0;
    },
  };
}

async function claimOne(
  database: Database,
  { callId, operatorId, states, registered, now }: Parameters<FloorStore['claim']>[0],
): ReturnType<FloorStore['claim']> {
  const [row] = await database.rows<OperatorRow & { was: OperatorState }>({
    name: 'operator-claim-one',
    text: CLAIM_ONE,
    values: [callId, toTimestamp(now), operatorId, states, registered],
  });
  return row ? { operator: toOperator(row), was: row.was } : null;
}

export async function findOperator(database: Queryable, id: OperatorId): Promise<Operator | null> {
  const rows = await database.rows<OperatorRow>({
    name: 'operator-by-id',
    text: `select ${COLUMNS} from operator where id = $1`,
    values: [id],
  });
  return rows[0] ? toOperator(rows[0]) : null;
}

export async function findOperatorByUser(
  database: Database,
  userId: UserId,
): Promise<Operator | null> {
  const rows = await database.rows<OperatorRow>({
    name: 'operator-by-user',
    text: `select ${COLUMNS} from operator
      where id = (select "operatorId" from "user" where id = $1)`,
    values: [userId],
  });
  return rows[0] ? toOperator(rows[0]) : null;
}

export async function listOperators(database: Database): Promise<Operator[]> {
  const rows = await database.rows<OperatorRow>({
    name: 'operators',
    text: `select ${COLUMNS} from operator order by key`,
  });
  return rows.map(toOperator);
}

function toOperator(row: OperatorRow): Operator {
  return {
    id: row.id,
    key: row.key,
    name: row.name,
    userId: row.user_id,
    deviceKind: row.device_kind,
    sipUsername: row.sip_username,
    sipUri: row.sip_uri,
    autoAnswers: row.sip_auto_answer,
    number: row.number,
    state: row.state,
    stateSince: toInstant(row.state_since),
    idleSince: toInstant(row.idle_since),
    callId: row.call_id,
    legId: row.leg_id,
    deskId: row.desk_id,
    ringNoAnswerCount: row.ring_no_answer_count,
  };
}
