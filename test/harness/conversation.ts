import { readFileSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CallView, FloorView } from '../../src/contract/index.ts';
import { decodeMulaw, readRecording } from '../../src/media/index.ts';
import { until } from './platform.ts';
import type { Platform } from './platform.ts';
import { RtpPeer } from './rtp-peer.ts';
import type { PeerNetwork } from './rtp-peer.ts';
import { Sipp } from './sipp.ts';
import {
  BLOCK_MS,
  SAMPLE_RATE_HZ,
  analyseBlocks,
  blockPositions,
  delayOf,
  foreignLevelDb,
} from './tone-blocks.ts';
import type { BlockSequence, Timing } from './tone-blocks.ts';

/** One operator's place: whose voice is heard there and what its ear has heard. */
export type Seat = {
  operatorId: string;
  sound: BlockSequence;
  /** A phone that answers by itself is not answered by the API. */
  answersItself: boolean;
  ear: () => Promise<Int16Array> | Int16Array;
  /** Forgets what the ear has heard before. */
  fresh?: () => Promise<void>;
};

export type Conversation = {
  callPath: string;
  seat: Seat;
  peer: RtpPeer;
  sipp: Sipp;
  callerSound: BlockSequence;
  network: PeerNetwork;
  /** Where the caller's sound goes, as SDP. */
  target: string;
};

const CLEAN = { missing: [], repeated: [], outOfOrder: [] };

/**
 * The far ends stand for other machines, which our load does not slow: from here on this process and
 * what it starts go before the rest, where that is allowed. To be called after the platform's start.
 */
export function asAnotherMachine(): void {
  try {
    setPriority(-12);
  } catch {
    // Without the right to do so the ends are as slow as the machine is.
  }
}

export const mediaAt = (port: number): string =>
  `c=IN IP4 127.0.0.1\r\nm=audio ${port} RTP/AVP 0\r\n`;

export async function floorOf(platform: Platform): Promise<FloorView> {
  return (await platform.api<FloorView>('GET', '/api/v1/floor')).body;
}

/** A trunk's call by SIPp; its sound is the peer's. */
export function callBySipp(
  platform: Platform,
  peer: RtpPeer,
  scenario = 'uac-media-elsewhere',
  args: readonly string[] = [],
): Sipp {
  return new Sipp({
    scenario,
    target: { address: '127.0.0.1', port: platform.ports.sip },
    keys: { dialed: '0301234567', rtp_port: peer.port },
    args: ['-i', '127.0.0.1', ...args],
  });
}

/** A call that rings: who is offered it, by the floor. */
export async function offered(
  platform: Platform,
  sipp: Sipp,
  known: ReadonlySet<string> = new Set(),
): Promise<{ operatorId: string; callId: string }> {
  let found: FloorView['operators'][number] | undefined;
  await until(
    async () => {
      const { operators } = await floorOf(platform);
      found = operators.find(({ callId }) => callId !== null && !known.has(callId));
      return found !== undefined;
    },
    20_000,
    () => sipp.failure,
  );
  return { operatorId: found?.id ?? '', callId: found?.callId ?? '' };
}

/** Calls, is answered at one of the seats, and begins to speak. */
export async function converse(
  platform: Platform,
  seats: readonly Seat[],
  options: {
    callerSound: BlockSequence;
    network?: PeerNetwork;
    silent?: boolean;
    known?: ReadonlySet<string>;
    /** With the call offered but not answered: where a stranger would begin. */
    ringing?: (peer: RtpPeer) => Promise<void>;
    scenario?: string;
    args?: readonly string[];
  },
): Promise<Conversation> {
  const { callerSound, network = {}, silent = false } = options;
  const peer = await RtpPeer.open();
  const sipp = callBySipp(platform, peer, options.scenario, options.args);
  const { operatorId, callId } = await offered(platform, sipp, options.known);
  const seat = seats.find((one) => one.operatorId === operatorId);
  if (!seat) throw new Error(`nobody sits at ${operatorId}`);
  await seat.fresh?.();
  await options.ringing?.(peer);
  const callPath = `/api/v1/calls/${callId}`;
  if (!seat.answersItself) {
    const answered = await platform.api('POST', `${callPath}/answer`, {}, operatorId);
    expect(answered.status).toBeLessThan(300);
  }
  const target = mediaAt(await sipp.mediaPort());
  if (!silent) peer.speak(target, callerSound, network);
  return { callPath, seat, peer, sipp, callerSound, network, target };
}

/** The operator's side hangs up; the caller's SIPp must have had its BYE. */
export async function hangUp(platform: Platform, conversation: Conversation): Promise<void> {
  const { callPath, seat, peer, sipp } = conversation;
  peer.stop();
  const ended = await platform.api('POST', `${callPath}/hang-up`, {}, seat.operatorId);
  expect(ended.status).toBeLessThan(300);
  expect(await sipp.finished(), sipp.failure).toBe(0);
  if (!seat.answersItself) await platform.api('POST', `${callPath}/finish`, {}, seat.operatorId);
}

export async function leave(conversation: Conversation): Promise<void> {
  await conversation.sipp.close();
  await conversation.peer.close();
}

type Recorded = { caller: Int16Array; ours: Int16Array };

/** The recording of a call, once it is closed on the disk. */
export async function recordingOf(platform: Platform, callPath: string): Promise<Recorded> {
  const call = (await platform.api<CallView>('GET', callPath)).body;
  const dir = join(platform.dataDir, 'recordings');
  let parsed: ReturnType<typeof readRecording> | undefined;
  await until(() => {
    const name = readdirSync(dir, { recursive: true, encoding: 'utf8' }).find((file) =>
      file.endsWith(`${call.recordingId ?? 'none'}.rec`),
    );
    parsed = name === undefined ? undefined : readRecording(readFileSync(join(dir, name)));
    return parsed?.ok === true && parsed.value.complete;
  }, 10_000);
  if (!parsed?.ok) throw new Error('no recording');
  const { records } = parsed.value;
  const joined = (side: 'caller' | 'ours'): Int16Array =>
    Int16Array.from(records.flatMap((r) => [...decodeMulaw(r[side].subarray(0, r.samples))]));
  return { caller: joined('caller'), ours: joined('ours') };
}

/** Every block right at both ears and in both channels, and nothing of one side in the other. */
export async function expectBothWays(
  platform: Platform,
  conversation: Conversation,
  seconds: number,
): Promise<Recorded> {
  const { seat, peer, callerSound, callPath } = conversation;
  const blocks = (seconds - 3) * 5;
  const recorded = await recordingOf(platform, callPath);
  const whose = await blame(platform, peer);
  const places = [
    ['at the operator', await seat.ear(), callerSound],
    ['at the caller', peer.pcm(), seat.sound],
    ['recorded of the caller', recorded.caller, callerSound],
    ['recorded of the operator', recorded.ours, seat.sound],
  ] as const;
  for (const [place, pcm, sound] of places) {
    const report = analyseBlocks(pcm, sound);
    expect(report, `${place}; ${whose}`).toMatchObject(CLEAN);
    const heard = report.seen.length;
    expect(heard, `blocks ${place}; ${whose}`).toBeGreaterThanOrEqual(blocks);
    // Of ten windows of a block eight or nine show it; a line that crackles all the time shows here.
    const clear = (report.windows - report.unclearWindows) / heard;
    expect(clear, `clear windows ${place}; ${whose}`).toBeGreaterThan(6);
  }
  const crosstalk = [
    foreignLevelDb(recorded.caller, seat.sound, callerSound).typical,
    foreignLevelDb(recorded.ours, callerSound, seat.sound).typical,
  ];
  for (const level of crosstalk) expect(level).toBeLessThan(-40);
  return recorded;
}

/**
 * How the recording's channels lie to each other for whoever holds the caller's telephone: a word of
 * hers may stand this much later, against what she heard at that moment, than it was.
 */
function channelTiming(conversation: Conversation, recorded: Recorded): Timing {
  const { peer, callerSound, seat, network } = conversation;
  const blockMs = BLOCK_MS / (1 + (network.ppm ?? 0) * 1e-6);
  const said = delayOf(
    blockPositions(recorded.caller, callerSound),
    (block) => peer.spokeAtMs + block * blockMs,
  );
  const heardAt = blockPositions(peer.pcm(), seat.sound);
  const firstMs = peer.firstHeardMs;
  const heard = delayOf(blockPositions(recorded.ours, seat.sound), (block) => {
    const position = heardAt.get(block);
    return position === undefined ? undefined : firstMs + (position * 1000) / SAMPLE_RATE_HZ;
  });
  return {
    offsetMs: said.delayMs - heard.delayMs,
    driftMsPerMinute: said.driftMsPerMinute - heard.driftMsPerMinute,
    steadyMinutes: Math.min(said.steadyMinutes, heard.steadyMinutes),
    blocks: Math.min(said.blocks, heard.blocks),
  };
}

/**
 * At most 40 ms and no drift. What the caller's own packets are late by, on purpose or because the
 * machine that plays her was busy, is what the jitter buffer has to wait for besides.
 */
export function expectTiming(
  conversation: Conversation,
  recorded: Recorded,
  leastBlocks: number,
): void {
  const { network, peer } = conversation;
  const timing = channelTiming(conversation, recorded);
  const lateMs = (network.jitterMs ?? 0) + peer.worstLateMs;
  console.log(`  channels: ${JSON.stringify({ ...timing, lateMs })}`);
  expect(timing.blocks).toBeGreaterThanOrEqual(leastBlocks);
  expect(Math.abs(timing.offsetMs)).toBeLessThanOrEqual(40 + lateMs);
  // The correction of a clock moves by half a millisecond: in a short time that looks like a drift.
  const leastSeen = Math.max(1, 0.5 / timing.steadyMinutes);
  expect(Math.abs(timing.driftMsPerMinute)).toBeLessThan(leastSeen);
}

/** One figure of `/metrics`. */
export async function metric(platform: Platform, name: string, what?: string): Promise<number> {
  const { body } = await platform.api<string>('GET', '/metrics');
  const wanted = what === undefined ? `${name} ` : `${name}{what="${what}"} `;
  const line = body.split('\n').find((text) => text.startsWith(wanted));
  return Number(line?.slice(wanted.length) ?? 0);
}

/** Where sound was lost, if it was: in the media process, on the way, or by the test's own peer. */
async function blame(platform: Platform, peer: RtpPeer): Promise<string> {
  const counted = [
    'tick.late-50ms',
    'tick.unsent',
    'tick.skipped',
    'jitter.late',
    'jitter.concealedFrames',
    'jitter.grown',
  ];
  const counts = await Promise.all(
    counted.map((what) => metric(platform, 'denwaban_media_total', what)),
  );
  const process = counted.map((what, place) => `${what} ${counts[place] ?? 0}`).join(', ');
  return `media process: ${process}; peer: sent ${peer.worstLateMs.toFixed(0)} ms late at worst, ${peer.lost} packets never came`;
}
