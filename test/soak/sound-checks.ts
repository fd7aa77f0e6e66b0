import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MULAW_DECODE, readRecording } from '../../src/media/index.ts';
import type { Death } from './checks.ts';
import type { SoakCall } from './soak-call.ts';
import type { SoakProduct } from './soak-product.ts';
import { TONE_AMPLITUDE, TONE_HZ } from './tone-lines.ts';
import type { Party, Stretch } from './tone-lines.ts';

const FRAME_SAMPLES = 160;
const FRAME_MS = 20;
/** What is not the tone is silence, music or a prompt. */
const PRESENT = TONE_AMPLITUDE / 4;
/** A jitter buffer that sets its delay anew cuts a frame or two. Packets that do not come are hidden for 60 ms before. */
const HOLE_FRAMES = 3;
/** Around every change: until it is stored, done, and through the jitter buffer. */
const SETTLE_MS = 600;
/** After a death: what the next process still owes. */
const OWED_MS = 1_500;
/** What this process was late with is missed for so long. */
const AFTER_STALL_MS = 300;

/** A recording's two channels as μ-law, and when they begin (Unix ms). */
export type Channels = { startedMs: number; caller: Uint8Array; ours: Uint8Array };
/** The tone may begin within the stretch, but no later than `byMs`; from then on it is whole. */
export type Expected = { party: Party; stretch: Stretch; byMs: number };
export type SoundReport = {
  /** One sentence for each fault. */
  found: string[];
  /** Of tones that were looked at. */
  seconds: number;
  /** Faults for which this process had no time. */
  excused: number;
};

/** Where a party's tone is missing in a stretch that should be full of it. */
export function holesIn(channels: Channels, expected: Expected): Stretch[] {
  const { party, stretch, byMs } = expected;
  const { startedMs } = channels;
  const channel = party === 'caller' ? channels.caller : channels.ours;
  const [first, last] = framesOf(channels, stretch);
  const holes: Stretch[] = [];
  let begun = false;
  let missing = 0;
  for (let frame = first; frame <= last; frame++) {
    if (frame < last && levelOf(channel, frame, TONE_HZ[party]) < PRESENT) {
      missing++;
      continue;
    }
    const atMs = startedMs + frame * FRAME_MS;
    const isHole = missing >= HOLE_FRAMES && (begun || atMs > byMs);
    if (isHole) holes.push([atMs - missing * FRAME_MS, atMs]);
    missing = 0;
    begun = true;
  }
  return holes;
}

/** First frame and the one behind the last. */
function framesOf({ startedMs, caller }: Channels, [fromMs, toMs]: Stretch): [number, number] {
  const frameAt = (ms: number): number => Math.ceil((ms - startedMs) / FRAME_MS);
  const last = Math.min(frameAt(toMs), Math.floor(caller.length / FRAME_SAMPLES));
  return [Math.max(0, frameAt(fromMs)), last];
}

/** Amplitude of one frequency in one frame. */
function levelOf(channel: Uint8Array, frame: number, hz: number): number {
  const turn = (2 * Math.PI * hz) / 8000;
  let [re, im] = [0, 0];
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const sample = MULAW_DECODE[channel[frame * FRAME_SAMPLES + i] ?? 0xff] ?? 0;
    re += sample * Math.cos(turn * i);
    im += sample * Math.sin(turn * i);
  }
  return (2 * Math.hypot(re, im)) / FRAME_SAMPLES;
}

type Change = { atMs: number; phase: string; event: string };
const HEARD_IN: Record<Exclude<Party, 'caller'>, readonly string[]> = {
  operator: ['talking', 'three-way'],
  contact: ['three-way', 'relayed'],
};

/** When whose tone must be in the recordings of a call, by its telephones and its stored history. */
export function expectedOf(
  lines: SoakCall['view']['lines'],
  changes: readonly Change[],
  deaths: readonly Death[],
): Expected[] {
  // With the media process the sound ends; until then it is whole.
  const mediaDied = deaths.find(({ part }) => part === 'media');
  const overMs = mediaDied ? mediaDied.atMs : Infinity;
  return lines.flatMap(({ party, sound, endedAtMs = Infinity }) => {
    if (sound.spokeFromMs === undefined) return [];
    const up: Stretch = [sound.spokeFromMs, Math.min(endedAtMs, overMs)];
    return stretchesOf(party, changes)
      .map(([fromMs, toMs]): Stretch => [
        Math.max(fromMs, up[0]),
        Math.min(toMs, up[1]) - SETTLE_MS,
      ])
      .filter(([fromMs, toMs]) => toMs > fromMs)
      .map((stretch) => ({ party, stretch, byMs: settled(stretch[0], deaths) }));
  });
}

/** What was decided before a death, or while nobody was there, may be done by the next process only. */
function settled(atMs: number, deaths: readonly Death[]): number {
  const until = deaths
    .filter(({ atMs: diedMs, readyMs }) => atMs > diedMs - OWED_MS && atMs < readyMs + OWED_MS)
    .map(({ readyMs }) => readyMs + OWED_MS);
  return Math.max(atMs + SETTLE_MS, ...until);
}

/** From each change to the next, as far as the party is heard on its channel. */
function stretchesOf(party: Party, changes: readonly Change[]): Stretch[] {
  const found: [number, number][] = [];
  let isPaused = false;
  let since: number | undefined;
  const isHeard = (phase: string): boolean =>
    party === 'caller' ? !['ended', 'wrap-up'].includes(phase) : HEARD_IN[party].includes(phase);
  for (const { atMs, phase, event } of changes) {
    if (event.includes('recording.paused')) isPaused = true;
    if (event.includes('recording.resumed')) isPaused = false;
    const heard = isHeard(phase) && !isPaused;
    if (heard) since ??= atMs;
    else if (since !== undefined) {
      found.push([since, atMs]);
      since = undefined;
    }
  }
  if (since !== undefined) found.push([since, Infinity]);
  return found;
}

/** Sentences about sound that is missing in recordings, or that did not come to a telephone. */
export async function soundFaults(
  product: SoakProduct,
  calls: readonly SoakCall[],
  facts: { deaths: readonly Death[]; stalls: readonly Stretch[] },
): Promise<SoundReport> {
  const { deaths, stalls } = facts;
  const isOurs = ([fromMs, toMs]: Stretch): boolean =>
    stalls.some(([from, to]) => from < toMs && to + AFTER_STALL_MS > fromMs);
  const report: SoundReport = { found: [], seconds: 0, excused: 0 };
  const tell = (stretch: Stretch, fault: string): void => {
    if (isOurs(stretch)) report.excused++;
    else report.found.push(fault);
  };
  for (const call of calls) {
    const { id = '', target, view } = call;
    const changes = await product.rows<Change>(
      `select extract(epoch from at)::float8 * 1000 as "atMs", to_phase as phase, event::text as event
        from call_transition where call_id = $1 order by version`,
      [id],
    );
    const name = `${target} ${id}`;
    for (const channels of await channelsOf(product, id)) {
      for (const each of expectedOf(view.lines, changes, deaths)) {
        const [first, last] = framesOf(channels, each.stretch);
        report.seconds += (Math.max(0, last - first) * FRAME_MS) / 1000;
        for (const hole of holesIn(channels, each)) {
          tell(hole, `${name}: no ${each.party} ${told(hole)}`);
        }
      }
    }
    for (const { atMs, fault } of atTelephones(view.lines, deaths)) {
      tell([atMs - SETTLE_MS, atMs], `${name}: ${fault}`);
    }
  }
  return report;
}

/** What was not right in the streams that came while the lines were up. */
function atTelephones(
  lines: SoakCall['view']['lines'],
  deaths: readonly Death[],
): { atMs: number; fault: string }[] {
  const mediaDied = deaths.find(({ part }) => part === 'media')?.atMs ?? Infinity;
  return lines.flatMap(({ party, sound, endedAtMs = Infinity }) =>
    sound.faults
      .filter(({ atMs }) => atMs < Math.min(endedAtMs, mediaDied))
      .map(({ atMs, text }) => ({ atMs, fault: `at the ${party}, ${time(atMs)}: ${text}` })),
  );
}

async function channelsOf(product: SoakProduct, callId: string): Promise<Channels[]> {
  const rows = await product.rows<{ path: string }>(
    `select path from recording where call_id = $1`,
    [callId],
  );
  const found: Channels[] = [];
  for (const { path } of rows) {
    const bytes = await readFile(join(product.recordingsDir(), path)).catch(() => undefined);
    const read = bytes && readRecording(bytes);
    // That it cannot be read is said elsewhere.
    if (!read?.ok) continue;
    const { header, records } = read.value;
    const joined = (side: 'caller' | 'ours'): Uint8Array =>
      Buffer.concat(records.map((record) => record[side].subarray(0, record.samples)));
    const { startedAtMs: startedMs } = header;
    found.push({ startedMs, caller: joined('caller'), ours: joined('ours') });
  }
  return found;
}

const time = (ms: number): string => new Date(ms).toISOString().slice(11);
const told = ([fromMs, toMs]: Stretch): string =>
  `in the recording for ${Math.round(toMs - fromMs)} ms from ${time(fromMs)}`;
