import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, LegId, PlaybackId, RecordingId } from '../../src/base/index.ts';
import type { MediaProcessClient } from '../../src/engine/index.ts';
import { decodeMulaw, encodeMulaw, readRecording } from '../../src/media/index.ts';
import type { Codec, MediaEvent } from '../../src/media/index.ts';
import { endProcess, startTestMediaProcess, waitFor } from '../harness/media-process.ts';
import type { TestMediaProcess } from '../harness/media-process.ts';
import { RtpPeer } from '../harness/rtp-peer.ts';
import {
  BlockSequence,
  analyseBlocks,
  blockPositions,
  compareTiming,
  foreignLevelDb,
  hearsSpeaker,
} from '../harness/tone-blocks.ts';

const callerLeg = asId<LegId>('leg_caller');
const operatorLeg = asId<LegId>('leg_operator');
const recordingId = asId<RecordingId>('rec_1');
const callId = asId<CallId>('call_1');
const seed = Math.floor(Math.random() * 1e6);
const callerSound = new BlockSequence({ seed, lane: 0 });
const operatorSound = new BlockSequence({ seed, lane: 1 });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('media process with two telephones', () => {
  let media: TestMediaProcess;
  let plane: MediaProcessClient;
  let events: MediaEvent[];
  let peers: RtpPeer[];

  beforeEach(async () => {
    peers = [];
    events = [];
    media = await startTestMediaProcess({ rtpPortPairs: 10 });
    plane = await media.attach(1);
    plane.onEvent((event) => events.push(event));
  });

  afterEach(async () => {
    await Promise.all(peers.map((peer) => peer.close()));
    await media.stop();
  });

  const newPeer = async (codec: Codec = 'PCMU', address?: string): Promise<RtpPeer> => {
    const peer = await RtpPeer.open(codec, address);
    peers.push(peer);
    return peer;
  };
  const openLeg = async (id: LegId, peer: RtpPeer): Promise<string> => {
    const opened = await plane.openLeg({
      id,
      kind: 'rtp',
      remoteSdp: peer.sdp(),
      signallingAddress: '127.0.0.1',
    });
    if (!opened.ok) throw new Error(opened.reason);
    return opened.value.localSdp;
  };
  const bridge = async (): Promise<void> => {
    await plane.hear(callerLeg, operatorLeg, 1);
    await plane.hear(operatorLeg, callerLeg, 1);
  };
  const path = (): string => join(media.folder, '2026', '11', 'call.rec');
  const record = async (): Promise<void> => {
    await plane.record({ recordingId, callId, path: path(), callerLeg });
  };
  const readBack = (): { caller: Int16Array; ours: Int16Array; complete: boolean } => {
    const read = readRecording(readFileSync(path()));
    if (!read.ok) throw new Error(read.reason);
    const { records, complete } = read.value;
    const join = (side: 'caller' | 'ours'): Int16Array =>
      Int16Array.from(
        records.flatMap((each) => [...decodeMulaw(each[side].subarray(0, each.samples))]),
      );
    return { caller: join('caller'), ours: join('ours'), complete };
  };
  const expectBlocks = (pcm: Int16Array, sound: BlockSequence, least: number): void => {
    const report = analyseBlocks(pcm, sound);
    expect(report).toMatchObject({ missing: [], repeated: [], outOfOrder: [] });
    expect(report.seen.length).toBeGreaterThanOrEqual(least);
  };

  for (const [ours, theirs] of [
    ['PCMU', 'PCMU'],
    ['PCMA', 'PCMU'],
  ] as const) {
    it(`carries and records both sides, ${ours} with ${theirs}, keeping strangers out`, async () => {
      const caller = await newPeer(ours);
      const operator = await newPeer(theirs);
      const stranger = await newPeer('PCMU', '127.0.0.2');
      const neighbour = await newPeer('PCMU');
      const noise = new BlockSequence({ seed, lane: 2 });
      const callerSdp = await openLeg(callerLeg, caller);
      const operatorSdp = await openLeg(operatorLeg, operator);
      stranger.speak(callerSdp, noise);
      neighbour.speak(operatorSdp, noise);
      await bridge();
      await record();
      await pause(500);
      caller.speak(callerSdp, callerSound);
      operator.speak(operatorSdp, operatorSound);
      await pause(8000);
      await plane.stopRecording(recordingId);
      await waitFor(() => events.some((event) => event.type === 'recording.closed'));

      expectBlocks(caller.pcm(), operatorSound, 37);
      expectBlocks(operator.pcm(), callerSound, 37);
      expect(caller.isContinuous()).toBe(true);
      const tape = readBack();
      expect(tape.complete).toBe(true);
      expectBlocks(tape.caller, callerSound, 37);
      expectBlocks(tape.ours, operatorSound, 37);
      const timing = compareTiming(
        blockPositions(tape.caller, callerSound),
        blockPositions(tape.ours, operatorSound),
      );
      expect(Math.abs(timing.offsetMs)).toBeLessThan(40);
      for (const [pcm, own, other] of [
        [tape.caller, callerSound, operatorSound],
        [tape.ours, operatorSound, callerSound],
        [caller.pcm(), operatorSound, callerSound],
        [operator.pcm(), callerSound, operatorSound],
      ] as const) {
        expect(foreignLevelDb(pcm, other, own).typical).toBeLessThan(-50);
        expect(hearsSpeaker(pcm, other)).toBe(false);
        expect(hearsSpeaker(pcm, noise)).toBe(false);
      }
    });
  }

  it('bears 30 ms of jitter, 1 % loss and a clock 200 ppm off', async () => {
    const caller = await newPeer();
    const operator = await newPeer();
    const callerSdp = await openLeg(callerLeg, caller);
    const operatorSdp = await openLeg(operatorLeg, operator);
    await bridge();
    await record();
    caller.speak(callerSdp, callerSound, { jitterMs: 30, loss: 0.01, ppm: 200 });
    operator.speak(operatorSdp, operatorSound);
    await pause(10_000);
    await plane.stopRecording(recordingId);
    await waitFor(() => events.some((event) => event.type === 'recording.closed'));
    const tape = readBack();
    expectBlocks(operator.pcm(), callerSound, 46);
    expectBlocks(tape.caller, callerSound, 46);
    expectBlocks(tape.ours, operatorSound, 46);
  });

  it('goes on while its controller is gone, and obeys the next one only', async () => {
    const caller = await newPeer();
    const operator = await newPeer();
    const callerSdp = await openLeg(callerLeg, caller);
    const operatorSdp = await openLeg(operatorLeg, operator);
    await bridge();
    await record();
    caller.speak(callerSdp, callerSound);
    operator.speak(operatorSdp, operatorSound);
    await pause(1500);
    await plane.close();
    caller.press(callerSdp, '5');
    await pause(1500);
    const next = await media.attach(2);
    const replayed: MediaEvent[] = [];
    next.onEvent((event) => replayed.push(event));
    const found = await next.inventory();
    expect(found).toMatchObject({
      value: { legs: [{ id: callerLeg, hasMedia: true }, {}], recordings: [{ recordingId }] },
    });
    const old = await media.attach(1);
    expect(await old.closeLeg(callerLeg)).toEqual({ ok: false, reason: 'stale-epoch' });
    await next.stopRecording(recordingId);
    await waitFor(() => replayed.some((event) => event.type === 'recording.closed'));
    expect((await next.closeLeg(callerLeg)).ok).toBe(true);
    expectBlocks(readBack().caller, callerSound, 13);
    expectBlocks(operator.pcm(), callerSound, 13);
  });

  it('tells digits, first media, playbacks and lets a leg hear a prompt and itself', async () => {
    const prompt = new BlockSequence({ seed, lane: 2 });
    await mkdir(join(media.folder, 'prompts'));
    await writeFile(
      join(media.folder, 'prompts', 'hello.ulaw'),
      encodeMulaw(prompt.render(0, 9600)),
    );
    const caller = await newPeer();
    const callerSdp = await openLeg(callerLeg, caller);
    const play = (id: string, name: string): Promise<unknown> =>
      plane.play(callerLeg, asId<PlaybackId>(id), { kind: 'prompt', name });
    await play('play_1', 'hello');
    await play('play_2', 'not-there');
    await plane.play(callerLeg, asId<PlaybackId>('play_3'), { kind: 'echo' });
    await waitFor(() => events.filter((event) => event.type === 'playback.done').length === 2);
    expectBlocks(caller.pcm(), prompt, 5);
    caller.press(callerSdp, '7');
    caller.speak(callerSdp, callerSound);
    await pause(3000);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'leg.dtmf', digit: '7', durationMs: 100 }),
    );
    expect(events.filter((event) => event.type === 'leg.first-media')).toHaveLength(1);
    expectBlocks(caller.pcm(), callerSound, 8);
  });

  it('closes its recordings on SIGTERM', async () => {
    const caller = await newPeer();
    const callerSdp = await openLeg(callerLeg, caller);
    await record();
    caller.speak(callerSdp, callerSound);
    await pause(1700);
    await endProcess(media.child);
    expect(media.child.exitCode).toBe(0);
    const tape = readBack();
    expect(tape.complete).toBe(true);
    expect(tape.caller.length).toBeGreaterThan(1.5 * 8000);
  });
});
