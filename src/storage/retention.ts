import { toTimestamp } from './database.ts';
import type { Database } from './database.ts';

const DAY_MS = 24 * 60 * 60_000;

/** How much of what is only history is kept. */
export const KEPT = {
  mailboxMails: 1000,
  transitionDays: 90,
  legDays: 90,
  draftDays: 90,
  auditDays: 730,
  outboundDays: 400,
  expiredTokenDays: 90,
  expiredDays: 1,
} as const;

export type TidyResult = Record<string, number>;

/** Rows per statement: a long-neglected table is not one long transaction. */
const BATCH = 5000;

/**
 * Removes what has outlived its use; run now and then. Messages, their deliveries and attempts, and
 * calls are never removed here. The words of sent drafts live on in their message.
 */
export async function tidy(database: Database, now: number): Promise<TidyResult> {
  const before = (days: number): string => toTimestamp(now - days * DAY_MS);
  const expired = before(KEPT.expiredDays);
  const jobs: [string, string, unknown][] = [
    [
      'mailbox_mail',
      'select id from mailbox_mail order by received_at desc, id desc offset $1 limit $2',
      KEPT.mailboxMails,
    ],
    ['registration', 'select ctid from registration where expires_at < $1 limit $2', expired],
    ['session', 'select id from "session" where "expiresAt" < $1 limit $2', expired],
    ['verification', 'select id from "verification" where "expiresAt" < $1 limit $2', expired],
    ['setup_link', 'select token_hash from setup_link where expires_at < $1 limit $2', expired],
    ['audit_entry', 'select id from audit_entry where at < $1 limit $2', before(KEPT.auditDays)],
    [
      'outbound_call',
      'select leg_id from outbound_call where began_at < $1 limit $2',
      before(KEPT.outboundDays),
    ],
    [
      'recording_listen',
      'select id from recording_listen where at < $1 limit $2',
      before(KEPT.auditDays),
    ],
    [
      'api_token',
      'select id from api_token where expires_at < $1 limit $2',
      before(KEPT.expiredTokenDays),
    ],
    [
      'draft',
      'select call_id from draft where sent_message_id is not null and updated_at < $1 limit $2',
      before(KEPT.draftDays),
    ],
    [
      'call_transition',
      `select t.ctid from call_transition t join call c on c.id = t.call_id
        where c.ended_at < $1 limit $2`,
      before(KEPT.transitionDays),
    ],
    [
      'call_leg',
      `select t.ctid from call_leg t join call c on c.id = t.call_id
        where c.ended_at < $1 and not c.is_open limit $2`,
      before(KEPT.legDays),
    ],
  ];
  const removed: TidyResult = {};
  for (const [table, select, limit] of jobs) {
    removed[table] = await removeAll(database, { table, select, limit });
  }
  return removed;
}

async function removeAll(
  database: Database,
  { table, select, limit }: { table: string; select: string; limit: unknown },
): Promise<number> {
  const key = /^select (?:t\.)?(\w+)/.exec(select)?.[1] ?? 'id';
  let removed = 0;
  for (;;) {
    const [row] = await database.rows<{ count: number }>({
      text: `with gone as (delete from "${table}" where ${key} in (${select}) returning 1)
        select count(*) as count from gone`,
      values: [limit, BATCH],
    });
    const count = row?.count ?? 0;
    removed += count;
    if (count < BATCH) return removed;
  }
}
