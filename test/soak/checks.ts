import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecording } from '../../src/media/index.ts';
import { until } from '../harness/platform.ts';
import type { SoakCall } from './soak-call.ts';
import type { SoakProduct } from './soak-product.ts';
import type { SoakPhones } from './soak-phones.ts';

/** A process that was killed in this round, and until when the product was not ready after it. */
export type Death = { part: string; atMs: number; readyMs: number };

/** How long after the last call's end everything must be as before the first. */
const QUIET_WITHIN_MS = 20_000;
/** Sound that may be missing at either end of a recording besides the gaps that deaths explain. */
const RECORDING_SLACK_S = 1.5;

/** What is left behind although every call has been ended; empty: nothing. */
export async function leftBehind(product: SoakProduct): Promise<string[]> {
  let left: string[] = ['not looked yet'];
  const look = async (): Promise<boolean> => {
    left = await remains(product).catch((error: unknown) => [String(error)]);
    return left.length === 0;
  };
  await until(look, QUIET_WITHIN_MS).catch(() => undefined);
  return left;
}

async function remains(product: SoakProduct): Promise<string[]> {
  const open = await product.rows<{ id: string; phase: string; effects: string }>(
    `select id, phase, pending_effects::text as effects from call
      where phase <> 'ended' or pending_effects <> '[]'::jsonb`,
  );
  const held = await product.rows<{ key: string; state: string; call_id: string | null }>(
    `select key, state, call_id from operator
      where call_id is not null or (device_kind = 'sip' and state <> 'available')`,
  );
  const unsettled = await product.rows<{ id: string }>(
    `select id from recording where state = 'recording'`,
  );
  const [row] = await product.rows<{ legs: number }>(
    `select count(*)::integer as legs from operator where leg_id is not null`,
  );
  const kept = row?.legs ?? 0;
  const legs = await product.metric('denwaban_media', 'legs');
  const recordings = await product.metric('denwaban_media', 'recordings');
  const calls = await product.metric('denwaban_calls');
  const bound = await product.metric('denwaban_sip_bound_legs');
  return [
    ...open.map(({ id, phase, effects }) => `${id} is left ${phase}, owing ${effects}`),
    ...held.map(({ key, state, call_id: id }) => `${key} is ${state} for ${id ?? 'no call'}`),
    ...unsettled.map(({ id }) => `${id} is not settled`),
    ...(legs > kept ? [`${legs} media legs, ${kept} of them kept by desks`] : []),
    ...(recordings === 0 ? [] : [`${recordings} recordings still run`]),
    ...(calls === 0 ? [] : [`the app works on ${calls} calls`]),
    ...(bound === 0 ? [] : [`${bound} dialogs are still served`]),
  ];
}

/** Whether each established line has ended on both sides, and each caller knows how it went. */
export function linesLeft(
  calls: readonly SoakCall[],
  phones: SoakPhones,
  deaths: readonly Death[] = [],
): string[] {
  const found: string[] = [];
  // A call that rings while it cannot be stored is known to one process alone.
  const mayBeForgotten = ['postgres', 'app'].every((name) =>
    deaths.some(({ part }) => part.startsWith(name)),
  );
  for (const { view, target, id } of calls) {
    phones.look(view);
    const name = `${target} ${view.number} (${id ?? 'no call'})`;
    for (const { party, ended } of view.lines) {
      if (ended === undefined) found.push(`${name}: the ${party}'s line was never ended`);
    }
    for (const { party, invite } of view.ringing) {
      if (invite.state === 'open') found.push(`${name}: the ${party}'s telephone rings still`);
    }
    const statuses = view.placed?.seen.statuses ?? [200];
    if (id === undefined && mayBeForgotten) continue;
    if (!statuses.some((status) => status >= 200)) found.push(`${name}: the caller hears nothing`);
  }
  return found;
}

/** How a fault begins that another recording of the call may make up for. */
const SHORT = 'short:';

type Recorded = {
  id: string;
  call_id: string;
  path: string;
  state: string;
  answered: number | null;
  ended: number | null;
};

/** Recordings of these calls, read back from the disk. */
export async function brokenRecordings(
  product: SoakProduct,
  calls: readonly SoakCall[],
  deaths: readonly Death[],
): Promise<string[]> {
  const ids = calls.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const rows = await product.rows<Recorded>(
    `select r.id, r.call_id, r.path, r.state,
        extract(epoch from c.answered_at)::float8 * 1000 as answered,
        extract(epoch from c.ended_at)::float8 * 1000 as ended
      from recording r join call c on c.id = r.call_id where r.call_id = any($1)`,
    [ids],
  );
  const found: string[] = [];
  const whole = new Set<string>();
  const short: { callId: string; fault: string }[] = [];
  for (const row of rows) {
    const { call_id: callId } = row;
    const call = calls.find(({ id }) => id === callId);
    const target = call?.target ?? '';
    const mediaDied = deaths.some(({ part }) => part === 'media');
    const caller = call?.view.lines.find(({ party }) => party === 'caller');
    const facts = { deaths, mediaDied, target, leftAtMs: caller?.endedAtMs };
    const fault = await faultOf(product, row, facts);
    if (fault === undefined) whole.add(callId);
    else if (fault.startsWith(SHORT))
      short.push({ callId, fault: `recording of ${target} ${callId}: ${fault}` });
    else found.push(`recording of ${target} ${callId}: ${fault}`);
  }
  // What a process answered that could not store it, the next one answers again: with a recording of its own.
  found.push(...short.filter(({ callId }) => !whole.has(callId)).map(({ fault }) => fault));
  const recorded = new Set(rows.map((row) => row.call_id));
  const talked = await product.rows<{ id: string }>(
    `select id from call where id = any($1) and answered_at is not null`,
    [ids],
  );
  for (const { id } of talked) if (!recorded.has(id)) found.push(`${id} was not recorded`);
  return found;
}

async function faultOf(
  product: SoakProduct,
  row: Recorded,
  facts: {
    deaths: readonly Death[];
    mediaDied: boolean;
    target: string;
    /** When the caller hung up, which may be long before anybody could store it. */
    leftAtMs: number | undefined;
  },
): Promise<string | undefined> {
  if (facts.mediaDied) return row.state === 'recording' ? 'never ended' : undefined;
  if (row.state !== 'complete') return `stored as ${row.state}`;
  const bytes = await readFile(join(product.recordingsDir(), row.path)).catch(() => undefined);
  if (!bytes) return 'no file';
  const read = readRecording(bytes);
  if (!read.ok) return read.reason;
  const { records, complete } = read.value;
  if (!complete) return 'no orderly end';
  if (records.slice(0, -1).some(({ samples }) => samples !== 8000)) return 'a second is short';
  if (row.answered === null || row.ended === null) return undefined;
  // Whoever leaves caller and contact alone may end their recording with it.
  if (facts.target === 'relayed' || facts.target.startsWith('calling-')) return undefined;
  const seconds = records.reduce((sum, { samples }) => sum + samples, 0) / 8000;
  const endedMs = Math.min(row.ended, facts.leftAtMs ?? Infinity);
  const wanted = (endedMs - row.answered) / 1000 - explained(row.answered, facts.deaths);
  return seconds + RECORDING_SLACK_S < wanted
    ? `${SHORT} ${seconds.toFixed(1)} s of ${wanted.toFixed(1)} s`
    : undefined;
}

/**
 * Seconds between an answer and the sound that follows it, when the app died in between or had not
 * done yet what it owed.
 */
function explained(answeredMs: number, deaths: readonly Death[]): number {
  const slow = deaths.filter(
    ({ atMs, readyMs }) =>
      answeredMs > atMs - 1_500 && answeredMs < Math.max(readyMs, atMs + 1_500),
  );
  const last = Math.max(answeredMs, ...slow.map(({ readyMs }) => readyMs));
  return (last - answeredMs) / 1000;
}
