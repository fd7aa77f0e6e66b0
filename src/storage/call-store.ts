import type { CallId } from '../base/index.ts';
import type { CallState } from '../calls/index.ts';
import type { CallStore, SeenCall, StoredCall, StoredLeg, Transition } from '../engine/index.ts';
import { toJson, toTimestamp } from './database.ts';
import type { Database, Queryable, Statement } from './database.ts';

/*
 * The hot path: about six writes in a call's life, each one round trip that stores the call, its transition
 * and the legs that have changed together. Statements are named, so the server parses them once per connection.
 */
const LOG = 'insert into call_transition (call_id, version, from_phase, to_phase, event, at)';

/** Legs by their position, as one document: `{"0": {…}, "1": {…}}`. */
const putLegs = (parameter: string, from: string): string => `
    insert into call_leg (call_id, position, leg)
    select $1, put.key::integer, put.value from jsonb_each(${parameter}) as put${from}
    on conflict (call_id, position) do update set leg = excluded.leg`;

const INSERT = `
  with logged as (
    ${LOG} values ($1, $6, $7, $8, $9, $10)
    on conflict do nothing
  ),
  stored as (
    insert into call (id, state, pending_effects, owner) values ($1, $2, $3, $4)
    on conflict (id) do update set state = excluded.state, pending_effects = excluded.pending_effects
    where call.owner = excluded.owner and call.version <= excluded.version
    returning 1
  )${putLegs('$5', ', stored')}`;

const SAVE = `
    update call set state = $2, pending_effects = $3
    where id = $1 and owner = $4 and version <= $5
    returning 1`;

const SAVE_WITH_LEGS = `
  with saved as (${SAVE}),
  legs as (${putLegs('$6', ', saved')})
  select 1 from saved`;

const SAVE_WITH_TRANSITION = `
  with saved as (${SAVE}),
  logged as (
    ${LOG} select $1, $5, $6, $7, $8, $9 from saved
    on conflict do nothing
  )
  select 1 from saved`;

const SAVE_WITH_TRANSITION_AND_LEGS = `
  with saved as (${SAVE}),
  logged as (
    ${LOG} select $1, $5, $6, $7, $8, $9 from saved
    on conflict do nothing
  ),
  legs as (${putLegs('$10', ', saved')})
  select 1 from saved`;

/** The state is as stored: the columns drawn out of it are left alone. */
const SAVE_LEGS = `
  with saved as (
    update call set pending_effects = $2
    where id = $1 and owner = $3 and version = $4
    returning 1
  ),
  legs as (${putLegs('$5', ', saved')})
  select 1 from saved`;

/** What a machine at its busiest ends in the time in which a BYE is repeated. */
const MAX_OWING_BYE = 5_000;

const STORED = `
  select c.state, c.pending_effects, c.owner, coalesce(
    (select jsonb_agg(l.leg order by l.position) from call_leg l where l.call_id = c.id), '[]'
  ) as legs
  from call c`;

/** Those that ended lately are found by `call_ended`, few of them are left. */
const OWING_BYE = `${STORED}
  where c.ended_at > $1 and not c.is_open and exists (
    select from call_leg l where l.call_id = c.id and
      jsonb_path_exists(l.leg, '$.sip.over.bye ? (@.at > $since)',
        jsonb_build_object('since', $2::double precision)))
  order by c.ended_at desc limit $3`;

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
      const values = [...documents(call), call.owner, legsBut(call, []), ...logLine(transition)];
      await grouped.rows({ name: 'call-insert', text: INSERT, values });
    },

    async save(call, seen, transition): Promise<boolean> {
      const saved = await grouped.rows(saveStatement(call, seen, transition));
      return saved.length === 1;
    },

    /** Also calls that have ended with effects still to be run: a BYE, the end of a recording. */
    async openCalls(): Promise<StoredCall[]> {
      const rows = await database.rows<StoredCallRow>({
        text: `${STORED} where c.is_open order by c.arrived_at, c.id`,
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

function saveStatement(call: StoredCall, seen: SeenCall, transition: Transition | null): Statement {
  const { id, version } = call.state;
  const legs = legsBut(call, seen.legs);
  if (transition !== null) {
    const values = [...documents(call), call.owner, ...logLine(transition)];
    return legs === NO_LEGS
      ? { name: 'call-save-transition', text: SAVE_WITH_TRANSITION, values }
      : {
          name: 'call-save-transition-legs',
          text: SAVE_WITH_TRANSITION_AND_LEGS,
          values: [...values, legs],
        };
  }
  // Behind: the database was away when the call went on.
  if (version !== seen.version) {
    const values = [...documents(call), call.owner, version, legs];
    return { name: 'call-save', text: SAVE_WITH_LEGS, values };
  }
  const values = [id, toJson(call.pendingEffects), call.owner, version, legs];
  return { name: 'call-save-legs', text: SAVE_LEGS, values };
}

function documents(call: StoredCall): unknown[] {
  return [call.state.id, toJson(call.state), toJson(call.pendingEffects)];
}

const NO_LEGS = '{}';

/** The legs that are not as they were seen, by position. */
function legsBut(call: StoredCall, seen: readonly StoredLeg[]): string {
  const changed = call.legs.flatMap((leg, position) =>
    leg === seen[position] ? [] : [[position, leg] as const],
  );
  return changed.length === 0 ? NO_LEGS : toJson(Object.fromEntries(changed));
}

function logLine({ version, from, to, event, at }: Transition): unknown[] {
  return [version, from, to, event, toTimestamp(at)];
}
