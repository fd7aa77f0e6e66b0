import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecording } from '../src/media/index.ts';
import { FrameReader } from './sound-code.ts';
import type { Side } from './sound-code.ts';
import type { Product } from './product.ts';

type Row = {
  id: string;
  path: string;
  state: string;
  seconds: number;
  due_seconds: number;
  begun_late_seconds: number;
};

export type ReadBack = {
  calls: number;
  recordings: number;
  /** One sentence per recording that is missing or not what it should be; the first ten. */
  faults: string[];
  faultCount: number;
  /** Frames of the load found in the recordings, and missing between the first and the last. */
  frames: number;
  missing: number;
};

const CALLS_STORED = `
  select r.id, r.path, r.state, r.seconds,
    extract(epoch from c.ended_at - r.started_at)::float8 as due_seconds,
    extract(epoch from r.started_at - c.answered_at)::float8 as begun_late_seconds
  from call c join recording r on r.call_id = c.id
  where c.phase = 'ended' and c.termination_reason = 'hung-up'
    and c.caller_number like '+81900123%' and c.arrived_at >= to_timestamp(SINCE)`;

/**
 * Reads every recording of the calls since `sinceMs` from the disk: checksums of each second, an
 * orderly end, the length from its start (the phone was picked up) to the call's end. With `sound` each channel must hold the frames of its own side, one after
 * another.
 */
export async function readBack(
  product: Product,
  sinceMs: number,
  sound: boolean,
): Promise<ReadBack> {
  const rows = await product.rows<Row>(CALLS_STORED.replace('SINCE', String(sinceMs / 1000)));
  const result: ReadBack = {
    calls: rows.length,
    recordings: 0,
    faults: [],
    faultCount: 0,
    frames: 0,
    missing: 0,
  };
  for (const row of rows) {
    const fault = await checkOne(product.recordingsDir, row, sound ? result : undefined);
    if (fault === undefined) result.recordings++;
    else {
      result.faultCount++;
      if (result.faults.length < 10) result.faults.push(`${row.id}: ${fault}`);
    }
  }
  return result;
}

async function checkOne(
  folder: string,
  row: Row,
  sound: ReadBack | undefined,
): Promise<string | undefined> {
  const bytes = await readFile(join(folder, row.path)).catch(() => undefined);
  if (!bytes) return 'no file';
  const recording = readRecording(bytes);
  if (!recording.ok) return recording.reason;
  const { header, records, complete } = recording.value;
  if (header.recordingId !== row.id) return 'belongs to another recording';
  if (!complete) return 'has no orderly end';
  if (row.state !== 'complete') return `is stored as ${row.state}`;
  const seconds = records.reduce((sum, { samples }) => sum + samples, 0) / 8000;
  if (row.begun_late_seconds > 0.5) return `begins ${row.begun_late_seconds} s after the answer`;
  if (Math.abs(seconds - row.due_seconds) > 0.5) {
    return `${seconds} s recorded of ${row.due_seconds} s`;
  }
  return sound && checkSound(records, sound);
}

function checkSound(
  records: { caller: Uint8Array; ours: Uint8Array; samples: number }[],
  sum: ReadBack,
): string | undefined {
  for (const side of ['caller', 'operator'] as const) {
    const heard = framesOf(records, side);
    if (heard.foreign > 0)
      return `${heard.foreign} frames of somebody else on the ${side}'s channel`;
    if (heard.frames.size === 0) return `nothing of the ${side}`;
    const first = Math.min(...heard.frames);
    const last = Math.max(...heard.frames);
    sum.frames += heard.frames.size;
    sum.missing += last - first + 1 - heard.frames.size;
  }
  return undefined;
}

function framesOf(
  records: { caller: Uint8Array; ours: Uint8Array; samples: number }[],
  side: Side,
): { frames: Set<number>; foreign: number } {
  const reader = new FrameReader();
  const frames = new Set<number>();
  let foreign = 0;
  let call: number | undefined;
  for (const { caller, ours, samples } of records) {
    reader.push(side === 'caller' ? caller : ours, 0, samples, (heard) => {
      call ??= heard.call;
      if (heard.side === side && heard.call === call) frames.add(heard.frame);
      else foreign++;
    });
  }
  return { frames, foreign };
}
