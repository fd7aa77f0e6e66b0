import type { CallId } from '../base/index.ts';
import type { CallState } from '../calls/index.ts';
import type { CallStore, StoredCall, Transition } from '../engine/index.ts';
import { toJson, toTimestamp } from './database.ts';
import type { Database, Queryable, Statement } from './database.ts';

/*
 * The hot path: about six writes in a call's life, each one round trip that stores the call and its
 * transition together. Statements are named, so the server parses them once per connection.
 */
const INSERT = `
  with logged as (
    insert into call_transition (call_id, version, from_phase, to_phase, event, at)
    values ($1, $6, $7, $8, $9, $10)
    on conflict do nothing
  )
  insert into call (id, state, legs, pending_effects, owner) values ($1, $2, $3, $4, $5)
  on conflict (id) do update set state = excluded.state, legs = excluded.legs,
    pending_effects = excluded.pending_effects
  where call.owner = excluded.owner and call.version <= excluded.version`;

const SAVE = `
  update call set state = $2, legs = $3, pending_effects = $4
  where id = $1 and owner = $5 and version <= $6
  returning 1`;

const SAVE_WITH_TRANSITION = `
  with saved as (${SAVE}),
  logged as (
    insert into call_transition (call_id, version, from_phase, to_phase, event, at)
    select $1, $6, $7, $8, $9, $10 from saved
    on conflict do nothing
  )
  select 1 from saved`;

/** The state is as stored: the columns drawn out of it are left alone. */
const SAVE_LEGS = `
  update call set legs = $2, pending_effects = $3
  where id = $1 and owner = $4 and version = $5
  returning 1`;

/** What a machine at its busiest ends in the time in which a BYE is repeated. */
const MAX_OWING_BYE = 5_000;

/** Those that ended lately are found by `call_ended`, few of them are left. */
const OWING_BYE = `
  select state, legs, pending_effects, owner from call
  where ended_at > $1 and phase = 'ended' and pending_effects = '[]'::jsonb
    and jsonb_path_exists(legs, '$[*].sip.over.bye ? (@.at > $since)',
      jsonb_build_object('since', $2::double precision))
  order by ended_at desc limit $3`;

/** What of a row makes a `StoredCall`. */
type StoredCallRow = {
  state: CallState;
  legs: StoredCall['legs'];
  pending_effects: StoredCall['pendingEffects'];
  owner: string;
};

function storedCallOf(row: StoredCallRow): StoredCall {
  const { state, legs, pending_effects: pendingEffects, owner } = row;
  return { state, legs, pendingEffects, owner };
}

export function createCallStore(database: Database, grouped: Queryable): CallStore {
  return {
    async insert(call, transition): Promise<void> {
      const values = [...documents(call), call.owner, ...logLine(transition)];
      await grouped.rows({ name: 'call-insert', text: INSERT, values });
    },

    async save(call, seenVersion, transition): Promise<boolean> {
      const saved = await grouped.rows(saveStatement(call, seenVersion, transition));
      return saved.length === 1;
    },

    /** Also calls that have ended with effects still to be run: a BYE, the end of a recording. */
    async openCalls(): Promise<StoredCall[]> {
      const rows = await database.rows<StoredCallRow>({
        text: `select state, legs, pending_effects, owner from call
          where phase <> 'ended' or pending_effects <> '[]'::jsonb order by arrived_at, id`,
      });
      return rows.map(storedCallOf);
    },

    async callsOwingBye({ endedSince, sentSince }): Promise<StoredCall[]> {
      const rows = await database.rows<StoredCallRow>({
        text: OWING_BYE,
        values: [toTimestamp(endedSince), sentSince, MAX_OWING_BYE],
      });
      return rows.map(storedCallOf);
    },

    async adopt(callId: CallId, fromOwner: string, toOwner: string): Promise<boolean> {
      const rows = await database.rows({
        text: 'update call set owner = $3 where id = $1 and owner = $2 returning 1',
        values: [callId, fromOwner, toOwner],
      });
      return rows.length === 1;
    },
  };
}

function saveStatement(
  call: StoredCall,
  seenVersion: number,
  transition: Transition | null,
): Statement {
  const { id, version } = call.state;
  if (transition !== null) {
    const values = [...documents(call), call.owner, ...logLine(transition)];
    return { name: 'call-save-transition', text: SAVE_WITH_TRANSITION, values };
  }
  // Behind: the database was away when the call went on.
  if (version !== seenVersion) {
    const values = [...documents(call), call.owner, version];
    return { name: 'call-save', text: SAVE, values };
  }
  const values = [id, toJson(call.legs), toJson(call.pendingEffects), call.owner, version];
  return { name: 'call-save-legs', text: SAVE_LEGS, values };
}

function documents(call: StoredCall): unknown[] {
  return [call.state.id, toJson(call.state), toJson(call.legs), toJson(call.pendingEffects)];
}

function logLine(transition: Transition): unknown[] {
  const { version, from, to, event, at } = transition;
  return [version, from, to, event, toTimestamp(at)];
}
