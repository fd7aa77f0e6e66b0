import type { LegId, TrunkId } from '../base/index.ts';
import type { OutboundLedger, TrunkLimit, TrunkSecrets } from '../engine/index.ts';
import type { OutboundUse } from '../subscribers/index.ts';
import { toTimestamp } from './database.ts';
import type { Database, Queryable } from './database.ts';
import type { SecretBox } from './secret-box.ts';

/** Counting and beginning are one step: two calls at once cannot both be the last allowed one. */
const LOCK_KEY = 7_303_016;
const HOUR_MS = 60 * 60_000;

/**
 * A call that is over holds no place, whatever became of the process that should have said so. A
 * call that is not stored yet holds one for a minute.
 */
const isUp = (unstoredSince: string): string => `o.ended_at is null
  and case when c.id is null then o.began_at > ${unstoredSince} else c.phase <> 'ended' end`;
const UNSTORED_MS = 60_000;

const USE = `
  select
    count(*) filter (where o.began_at > $2) as hour,
    count(*) filter (where o.began_at > $2 and o.subscriber_id = $1) as hour_of_subscriber,
    count(*) filter (where ${isUp('$3')}) as now,
    count(*) filter (where ${isUp('$3')} and o.subscriber_id = $1) as now_of_subscriber
  from outbound_call o left join call c on c.id = o.call_id
  where o.began_at > $2 or o.ended_at is null`;

type UseRow = {
  hour: number;
  hour_of_subscriber: number;
  now: number;
  now_of_subscriber: number;
};

export function createOutboundLedger(database: Database): OutboundLedger {
  return {
    begin: (call, trunks, ceiling) =>
      database.transact(async (tx) => {
        await tx.rows({ text: `select pg_advisory_xact_lock(${LOCK_KEY})` });
        const known = await tx.rows({
          text: 'select 1 from outbound_call where leg_id = $1 and ended_at is null',
          values: [call.legId],
        });
        const full = await fullOf(tx, trunks, call);
        if (known.length > 0) return { reached: null, full };
        const trunk = trunks.find(({ id }) => !full.includes(id));
        const use = await useOf(tx, call.subscriberId, call.now);
        const reached = ceiling(use) ?? (trunk === undefined ? 'trunks-full' : null);
        if (reached === null && trunk) await insert(tx, { ...call, trunkId: trunk.id });
        return { reached, full };
      }),

    async end(leg, now): Promise<void> {
      await database.rows({
        name: 'outbound-end',
        text: 'update outbound_call set ended_at = $2 where leg_id = $1 and ended_at is null',
        values: [leg, toTimestamp(now)],
      });
    },

    async noteTrunk(leg, trunkId): Promise<void> {
      await database.rows({
        name: 'outbound-trunk',
        text: 'update outbound_call set trunk_id = $2 where leg_id = $1',
        values: [leg, trunkId],
      });
    },
  };
}

/** A caller has a line until it is gone: in the wrap-up the line is free. */
const LINES = `
  select t.id,
    (select count(*) from outbound_call o left join call c on c.id = o.call_id
      where o.trunk_id = t.id and o.leg_id <> $2 and ${isUp('$3')})
    + (select count(*) from call c where c.is_open and c.phase <> 'ended'
      and c.state->>'trunkId' = t.id and c.state->'callerLeg'->>'gone' = 'false') as up
  from unnest($1::text[]) t(id)`;

/** Those that carry as many calls as they may, this one not counted. */
async function fullOf(
  tx: Queryable,
  trunks: readonly TrunkLimit[],
  { legId, now }: { legId: LegId; now: number },
): Promise<TrunkId[]> {
  const limited = trunks.filter(({ maxCalls }) => maxCalls !== null);
  if (limited.length === 0) return [];
  const rows = await tx.rows<{ id: string; up: number }>({
    text: LINES,
    values: [limited.map(({ id }) => id), legId, toTimestamp(now - UNSTORED_MS)],
  });
  const up = new Map(rows.map((row) => [row.id, row.up]));
  return limited
    .filter(({ id, maxCalls }) => maxCalls !== null && (up.get(id) ?? 0) >= maxCalls)
    .map(({ id }) => id);
}

async function useOf(
  tx: Queryable,
  subscriberId: string | null,
  now: number,
): Promise<OutboundUse> {
  const [row] = await tx.rows<UseRow>({
    text: USE,
    values: [subscriberId, toTimestamp(now - HOUR_MS), toTimestamp(now - UNSTORED_MS)],
  });
  return {
    hour: row?.hour ?? 0,
    hourOfSubscriber: row?.hour_of_subscriber ?? 0,
    now: row?.now ?? 0,
    nowOfSubscriber: row?.now_of_subscriber ?? 0,
  };
}

async function insert(
  tx: Queryable,
  call: Parameters<OutboundLedger['begin']>[0] & { trunkId: TrunkId },
): Promise<void> {
  await tx.rows({
    text: `insert into outbound_call (leg_id, call_id, subscriber_id, purpose, number, began_at, trunk_id)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (leg_id) do update set
        began_at = excluded.began_at, trunk_id = excluded.trunk_id, ended_at = null`,
    values: [
      call.legId,
      call.callId,
      call.subscriberId,
      call.purpose,
      call.number,
      toTimestamp(call.now),
      call.trunkId,
    ],
  });
}

export function createTrunkSecrets(database: Database, box: SecretBox): TrunkSecrets {
  return {
    async password(trunkId): Promise<string | null> {
      const [row] = await database.rows<{ sealed: string }>({
        name: 'trunk-secret',
        text: 'select sealed from trunk_secret where trunk_id = $1',
        values: [trunkId],
      });
      return row ? box.open(row.sealed, trunkId) : null;
    },
  };
}
