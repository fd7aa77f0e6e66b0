import type { CallId, OperatorId } from '../base/index.ts';
import { isNotReached } from '../calls/index.ts';
import type {
  CallQueries,
  CallRecord,
  CallState,
  EarlierOutcome,
  Termination,
} from '../calls/index.ts';
import type { Message } from '../messages/index.ts';
import { toInstant } from './database.ts';
import type { Database } from './database.ts';
import { findOperator, findOperatorByUser, listOperators } from './floor-store.ts';

type RecordRow = { state: CallState; operator_id: OperatorId | null; operator_name: string | null };

const RECORD = `
  select c.state, o.id as operator_id, o.name as operator_name
  from call c left join operator o on o.id = coalesce(c.operator_id, c.answered_by)`;

const EARLIER = `
  select c.id, c.arrived_at, coalesce(m.operator_name, o.name) as operator_name,
    m.kind, m.fields, c.termination_class, c.termination_reason, c.answered_at is not null as answered,
    exists (
      select 1 from call_transition t where t.call_id = c.id and t.to_phase = 'relayed'
    ) as relayed
  from call c
    left join message m on m.call_id = c.id
    left join operator o on o.id = c.answered_by
  where c.caller_number = $1 and c.subscriber_id = $2 and c.id <> $3
  order by c.arrived_at desc, c.id desc limit $4`;

type EarlierRow = {
  id: CallId;
  arrived_at: Date;
  operator_name: string | null;
  kind: Message['kind'] | null;
  fields: Message['fields'] | null;
  termination_class: Termination['class'] | null;
  termination_reason: Termination['reason'] | null;
  answered: boolean;
  relayed: boolean;
};

const SUMMARY_LENGTH = 60;

export function createCallQueries(database: Database): CallQueries {
  return {
    async call(id): Promise<CallRecord | null> {
      const rows = await database.rows<RecordRow>({
        name: 'call-record',
        text: `${RECORD} where c.id = $1`,
        values: [id],
      });
      return rows[0] ? toRecord(rows[0]) : null;
    },

    async openCalls(): Promise<CallRecord[]> {
      const rows = await database.rows<RecordRow>({
        name: 'call-records-open',
        text: `${RECORD} where c.is_open and c.phase <> 'ended' order by c.arrived_at, c.id`,
      });
      return rows.map(toRecord);
    },

    async parkedCalls(): Promise<CallRecord[]> {
      const rows = await database.rows<RecordRow>({
        name: 'call-records-parked',
        text: `${RECORD} where c.is_open and c.phase = 'parked' order by c.state -> 'parked' ->> 'since', c.id`,
      });
      return rows.map(toRecord);
    },

    async waitingCount(): Promise<number> {
      const rows = await database.rows<{ count: number }>({
        name: 'call-waiting-count',
        text: `select count(*) as count from call
          where is_open and phase in ('waiting', 'offering')`,
      });
      return rows[0]?.count ?? 0;
    },

    operator: (id) => findOperator(database, id),
    operatorByUser: (userId) => findOperatorByUser(database, userId),
    operators: () => listOperators(database),

    async earlierCalls({ caller, subscriberId, before, limit }) {
      const rows = await database.rows<EarlierRow>({
        name: 'call-earlier',
        text: EARLIER,
        values: [caller, subscriberId, before, limit],
      });
      return rows.map((row) => ({
        callId: row.id,
        arrivedAt: toInstant(row.arrived_at),
        operatorName: row.operator_name,
        summary: summaryOf(row),
        outcome: outcomeOf(row),
      }));
    },
  };
}

function toRecord(row: RecordRow): CallRecord {
  return { state: row.state, operatorId: row.operator_id, operatorName: row.operator_name };
}

function outcomeOf(row: EarlierRow): EarlierOutcome | null {
  if (row.termination_class === null) return null;
  if (row.relayed) return 'relayed';
  if (row.kind === 'unattended') return 'unattended';
  const { termination_class: by, termination_reason: reason } = row;
  const byPerson = by === 'caller' || by === 'operator' || by === 'contact';
  if (reason === 'line-lost') return reason;
  if (row.answered) return byPerson ? 'answered' : 'fault';
  if (reason !== null && isNotReached(reason)) return reason;
  if (by === 'caller') return 'abandoned';
  return byPerson ? 'cancelled' : 'fault';
}

/** What became of the call, in a line: the first words of its message, or that nobody answered. */
function summaryOf(row: EarlierRow): string {
  if (row.kind === null) return '';
  if (row.kind !== 'taken') return '';
  const parts = [row.fields?.company, row.fields?.name, row.fields?.body];
  const line = parts
    .map((part) => part?.trim().replaceAll(/\s+/g, ' ') ?? '')
    .filter((part) => part !== '')
    .join(' ');
  const characters = Array.from(line);
  if (characters.length <= SUMMARY_LENGTH) return line;
  return `${characters.slice(0, SUMMARY_LENGTH).join('')}…`;
}
