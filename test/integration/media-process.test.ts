import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, LegId, RecordingId } from '../../src/base/index.ts';
import type { MediaProcessClient } from '../../src/engine/index.ts';
import { readAudio } from '../../src/media/index.ts';
import type { MediaEvent } from '../../src/media/index.ts';
import { mediaPlaneContract } from '../harness/media-plane-contract.ts';
import { startTestMediaProcess, waitFor } from '../harness/media-process.ts';
import type { TestMediaProcess } from '../harness/media-process.ts';
import { RtpPeer, readTarget } from '../harness/rtp-peer.ts';
import { BlockSequence } from '../harness/tone-blocks.ts';

/* What the media process is told and says; what is heard of it is measured in test/sound. */

mediaPlaneContract('media process', async () => {
  const media = await startTestMediaProcess({ rtpPortPairs: 10 });
  return { plane: await media.attach(1), end: () => media.stop() };
});

const callerLeg = asId<LegId>('leg_caller');
const recordingId = asId<RecordingId>('rec_1');
const callId = asId<CallId>('call_1');

describe('media process with a telephone', () => {
  let media: TestMediaProcess;
  let plane: MediaProcessClient;
  let caller: RtpPeer;

  beforeEach(async () => {
    media = await startTestMediaProcess({ rtpPortPairs: 10 });
    plane = await media.attach(1);
    caller = await RtpPeer.open();
  });

  afterEach(async () => {
    await caller.close();
    await media.stop();
  });

  const openLeg = async (): Promise<string> => {
    const remoteSdp = caller.sdp();
    const offer = { kind: 'rtp', remoteSdp, signallingAddress: '127.0.0.1' } as const;
    const opened = await plane.openLeg({ id: callerLeg, ...offer });
    if (!opened.ok) throw new Error(opened.reason);
    return opened.value.localSdp;
  };

  it('refuses the later commands of a controller that was replaced', async () => {
    const next = await media.attach(2);
    expect(await plane.inventory()).toEqual({ ok: false, reason: 'stale-epoch' });
    expect((await next.inventory()).ok).toBe(true);
  });

  it('never writes into a recording that exists', async () => {
    const path = join(media.folder, 'call.rec');
    const events: MediaEvent[] = [];
    plane.onEvent((event) => events.push(event));
    await openLeg();
    await writeFile(path, 'evidence');
    await plane.record({ recordingId, callId, path, callerLeg });
    await waitFor(() => events.some((event) => event.type === 'recording.failed'));
    expect(events).toContainEqual(expect.objectContaining({ recordingId, reason: 'EEXIST' }));
    expect(readFileSync(path, 'utf8')).toBe('evidence');
  });

  it('says sooner of a telephone that holds than of another that nothing comes from it any more', async () => {
    const [other, events] = [await RtpPeer.open(), [] as MediaEvent[]];
    const otherLeg = asId<LegId>('leg_other');
    const happened = (type: MediaEvent['type']) =>
      events.filter((event) => event.type === type && 'leg' in event).length;
    plane.onEvent((event) => events.push(event));
    try {
      const toCaller = await openLeg();
      const remoteSdp = other.sdp();
      const opened = await plane.openLeg({ id: otherLeg, kind: 'rtp', remoteSdp });
      if (!opened.ok) throw new Error(opened.reason);
      await plane.hear(callerLeg, otherLeg, 1);
      await plane.hear(otherLeg, callerLeg, 1);
      const spoken = new BlockSequence({ seed: 1, lane: 0 });
      caller.speak(toCaller, spoken);
      other.speak(opened.value.localSdp, spoken);
      await waitFor(() => happened('leg.first-media') === 2);
      await plane.renegotiate(callerLeg, caller.sdp('sendonly'));
      caller.stop();
      other.stop();
      await waitFor(() => happened('leg.media-lost') > 0);
      expect(events.filter(({ type }) => type === 'leg.media-lost')).toEqual([
        expect.objectContaining({ leg: callerLeg, reason: 'rtp-timeout' }),
      ]);
    } finally {
      await other.close();
    }
  });

  it('says when its ports are used up', async () => {
    const results = [];
    for (let i = 0; i < 11; i++) {
      const id = asId<LegId>(`leg_${i}`);
      results.push(await plane.openLeg({ id, kind: 'rtp', remoteSdp: caller.sdp() }));
    }
    expect(results.filter((result) => result.ok)).toHaveLength(10);
    expect(results.at(-1)).toEqual({ ok: false, reason: 'no-port' });
  });

  it('stays up when it is sent rubbish on every socket', async () => {
    const to = readTarget(await openLeg());
    for (let length = 0; length < 300; length++) {
      const rubbish = Uint8Array.from({ length }, () => Math.floor(Math.random() * 256));
      if (length > 0 && length % 2 === 0) rubbish[0] = 0x80 | (length & 0x3f);
      caller.socket.send(rubbish, to.port, to.address);
      caller.socket.send(rubbish, to.port + 1, to.address);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await plane.inventory()).ok).toBe(true);
    expect(media.output()).not.toContain('uncaught');
  });
});

const BROWSER_OFFER = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 126',
  'c=IN IP4 0.0.0.0',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:012345678901234567890123',
  `a=fingerprint:sha-256 ${new Array(32).fill('AB').join(':')}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:126 telephone-event/8000',
  '',
].join('\r\n');

describe('media process and a browser', () => {
  it('answers with PCMU and the same answer again, and forgets the leg when it is closed', async () => {
    const media = await startTestMediaProcess({ rtpPortPairs: 2 });
    try {
      const plane = await media.attach(1);
      const id = asId<LegId>('leg_browser');
      const offer = { id, kind: 'webrtc', remoteSdp: BROWSER_OFFER } as const;
      const opened = await plane.openLeg(offer);
      const answer = opened.ok ? opened.value.localSdp : opened.reason;
      expect(readAudio(answer, 'webrtc')).toMatchObject({
        audio: { codec: 'PCMU', payloadType: 0, eventPayloadType: 126 },
        media: { mid: '0', rtcpMux: true, dtls: { setup: 'passive' } },
      });
      expect(await plane.openLeg(offer)).toEqual(opened);
      expect(await plane.renegotiate(id, 'hello')).toEqual({ ok: false, reason: 'bad-sdp' });
      await plane.closeLeg(id);
      expect(await plane.inventory()).toMatchObject({ value: { legs: [] } });
    } finally {
      await media.stop();
    }
  });
});

describe('media process after many legs', () => {
  it('has no file or port left of 200 legs', async () => {
    const media = await startTestMediaProcess({ rtpPortPairs: 250 });
    const plane = await media.attach(1);
    const peer = await RtpPeer.open();
    try {
      const before = media.openFiles();
      for (let i = 0; i < 200; i++) {
        const id = asId<LegId>(`leg_${i}`);
        await plane.openLeg({ id, kind: 'rtp', remoteSdp: peer.sdp() });
        const path = join(media.folder, `${i}.rec`);
        await plane.record({ recordingId: asId(`rec_${i}`), callId, path, callerLeg: id });
        await plane.closeLeg(id);
      }
      await waitFor(() => media.openFiles() <= before);
      expect(await plane.inventory()).toMatchObject({
        value: { legs: [], hearing: [], recordings: [], playbacks: [] },
      });
    } finally {
      await peer.close();
      await media.stop();
    }
  });
});
