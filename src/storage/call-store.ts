import type { CallId } from '../base/index.ts';
import type { CallState } from '../calls/index.ts';
import type { CallStore, SeenCall, StoredCall, StoredLeg, Transition } from '../engine/index.ts';
import { toJson, toTimestamp } from './database.ts';
import type { Database, Queryable, Statement } from './database.ts';

/*
 * The hot path: about six writes in a call's life, each one round trip that stores the call, its transition
 * and the legs that have changed together. Statements are named, so the server parses them once per connection.
 */

/**
 * What queries ask of a call, beside its documents. Written and not generated: the server would read each
 * expression anew, from text, in every statement (PostgreSQL, `ExecInitGenerated`).
 */
const COLUMNS = {
  version: ({ state }) => state.version,
  phase: ({ state }) => state.phase,
  subscriber_id: ({ state }) => state.called.subscriberId,
  did: ({ state }) => state.called.did,
  caller_number: ({ state }) => state.caller.number,
  operator_id: ({ state }) => state.operator?.operatorId ?? state.offer?.operatorId,
  answered_by: ({ state }) => state.answeredBy,
  arrived_at: ({ state }) => toTimestamp(state.arrivedAt),
  answered_at: ({ state }) => toTimestamp(state.answeredAt),
  ended_at: ({ state }) => toTimestamp(state.endedAt),
  termination_class: ({ state }) => state.termination?.class,
  termination_reason: ({ state }) => state.termination?.reason,
  is_open: isOpen,
} satisfies Record<string, (call: StoredCall) => string | number | boolean | null | undefined>;

/** Also one that has ended with effects still to be run: a BYE, the end of a recording. */
function isOpen({ state, pendingEffects }: StoredCall): boolean {
  return state.phase !== 'ended' || pendingEffects.length > 0;
}

/** The parameters of a whole call: $1 to $4, then its columns; what comes with it stands behind. */
const NAMES = ['id', 'state', 'pending_effects', 'owner', ...Object.keys(COLUMNS)];
const WRITERS = Object.values(COLUMNS);
const parameter = (name: string): string => `$${NAMES.indexOf(name) + 1}`;
const behind = (place: number): string => `$${NAMES.length + place}`;
const [VERSION, PHASE] = [parameter('version'), parameter('phase')];
const [FROM, EVENT, AT, LEGS] = [behind(1), behind(2), behind(3), behind(4)];

const LOG = 'insert into call_transition (call_id, version, from_phase, to_phase, event, at)';
const LOG_LINE = `$1, ${VERSION}, ${FROM}, ${PHASE}, ${EVENT}, ${AT}`;

/** Legs by their position, as one document: `{"0": {…}, "1": {…}}`. */
const putLegs = (document: string, from: string): string => `
    insert into call_leg (call_id, position, leg)
    select $1, put.key::integer, put.value from jsonb_each(${document}) as put${from}
    on conflict (call_id, position) do update set leg = excluded.leg`;

/** All but the identity and the owner. */
const CHANGED = NAMES.filter((name) => name !== 'id' && name !== 'owner');

const INSERT = `
  with logged as (
    ${LOG} values (${LOG_LINE})
    on conflict do nothing
  ),
  stored as (
    insert into call (${NAMES.join(', ')}) values (${NAMES.map(parameter).join(', ')})
    on conflict (id) do update set ${CHANGED.map((name) => `${name} = excluded.${name}`).join(', ')}
    where call.owner = excluded.owner and call.version <= excluded.version
    returning 1
  )${putLegs(LEGS, ', stored')}`;

const SAVE = `
    update call set ${CHANGED.map((name) => `${name} = ${parameter(name)}`).join(', ')}
    where id = $1 and owner = $4 and version <= ${VERSION}
    returning 1`;

const SAVE_WITH_LEGS = `
  with saved as (${SAVE}),
  legs as (${putLegs(behind(1), ', saved')})
  select 1 from saved`;

const SAVE_WITH_TRANSITION = `
  with saved as (${SAVE}),
  logged as (
    ${LOG} select ${LOG_LINE} from saved
    on conflict do nothing
  )
  select 1 from saved`;

const SAVE_WITH_TRANSITION_AND_LEGS = `
  with saved as (${SAVE}),
  logged as (
    ${LOG} select ${LOG_LINE} from saved
    on conflict do nothing
  ),
  legs as (${putLegs(LEGS, ', saved')})
  select 1 from saved`;

/** The state is as stored. */
const SAVE_LEGS = `
  with saved as (
    update call set pending_effects = $2, is_open = $3
    where id = $1 and owner = $4 and version = $5
    returning 1
  ),
  legs as (${putLegs('$6', ', saved')})
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
      const values = [...parametersOf(call), ...logLine(transition), legsBut(call, [])];
      await grouped.rows({ name: 'call-insert', text: INSERT, values });
    },

    async save(call, seen, transition): Promise<boolean> {
      const saved = await grouped.rows(saveStatement(call, seen, transition));
      return saved.length === 1;
    },

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
  const legs = legsBut(call, seen.legs);
  if (transition !== null) {
    const values = [...parametersOf(call), ...logLine(transition)];
    return legs === NO_LEGS
      ? { name: 'call-save-transition', text: SAVE_WITH_TRANSITION, values }
      : {
          name: 'call-save-transition-legs',
          text: SAVE_WITH_TRANSITION_AND_LEGS,
          values: [...values, legs],
        };
  }
  const { id, version } = call.state;
  // Behind: the database was away when the call went on.
  if (version !== seen.version) {
    const values = [...parametersOf(call), legs];
    return { name: 'call-save', text: SAVE_WITH_LEGS, values };
  }
  const values = [id, toJson(call.pendingEffects), isOpen(call), call.owner, version, legs];
  return { name: 'call-save-legs', text: SAVE_LEGS, values };
}

/** In the order of `NAMES`. */
function parametersOf(call: StoredCall): unknown[] {
  const { state, pendingEffects, owner } = call;
  const columns = WRITERS.map((valueOf) => valueOf(call));
  return [state.id, toJson(state), toJson(pendingEffects), owner, ...columns];
}

const NO_LEGS = '{}';

/** The legs that are not as they were seen, by position. */
function legsBut(call: StoredCall, seen: readonly StoredLeg[]): string {
  const changed = call.legs.flatMap((leg, position) =>
    leg === seen[position] ? [] : [[position, leg] as const],
  );
  return changed.length === 0 ? NO_LEGS : toJson(Object.fromEntries(changed));
}

/** What of a transition the call after it does not say. */
function logLine({ from, event, at }: Transition): unknown[] {
  return [from, event, toTimestamp(at)];
}
