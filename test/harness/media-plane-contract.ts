import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, LegId, PlaybackId, RecordingId } from '../../src/base/index.ts';
import type { AttachedState, MediaEvent, MediaPlane } from '../../src/media/index.ts';
import { parseSdp } from '../../src/media/index.ts';

const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 39000 RTP/AVP 8 0 101',
  'a=rtpmap:101 telephone-event/8000',
  'm=video 39002 RTP/AVP 96',
  'a=rtpmap:96 VP8/90000',
  '',
].join('\r\n');

const a = asId<LegId>('leg_a');
const b = asId<LegId>('leg_b');
const playback = asId<PlaybackId>('play_1');
const recordingId = asId<RecordingId>('rec_1');
const callId = asId<CallId>('call_1');

/** What every MediaPlane does, whatever is behind it. `make` gives one with no legs. */
export function mediaPlaneContract(
  name: string,
  make: () => Promise<{ plane: MediaPlane; end: () => Promise<void> }>,
): void {
  describe(`${name}: the contract of a media plane`, () => {
    let plane: MediaPlane;
    let end: () => Promise<void>;
    let folder: string;
    let events: MediaEvent[];

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'denwaban-contract-'));
      events = [];
      ({ plane, end } = await make());
      plane.onEvent((event) => events.push(event));
    });

    afterEach(async () => {
      await Promise.all([plane.closeLeg(a), plane.closeLeg(b)]);
      await end();
      rmSync(folder, { recursive: true, force: true });
    });

    const state = async (): Promise<AttachedState> => {
      const found = await plane.inventory();
      if (!found.ok) throw new Error(found.reason);
      return found.value;
    };
    const openBoth = async (): Promise<void> => {
      await plane.openLeg({ id: a, kind: 'rtp', remoteSdp: OFFER });
      await plane.openLeg({ id: b, kind: 'rtp' });
    };

    it('answers an offer with its first G.711 codec and refuses the other streams', async () => {
      const opened = await plane.openLeg({ id: a, kind: 'rtp', remoteSdp: OFFER });
      const answer = parseSdp(opened.ok ? opened.value.localSdp : '');
      expect(answer).toMatchObject({
        ok: true,
        sdp: {
          media: [
            { kind: 'audio', payloadTypes: [8, 101], direction: 'sendrecv' },
            { kind: 'video', port: 0 },
          ],
        },
      });
    });

    it('makes an offer of both codecs and takes the answer', async () => {
      const opened = await plane.openLeg({ id: b, kind: 'rtp' });
      const offer = parseSdp(opened.ok ? opened.value.localSdp : '');
      expect(offer).toMatchObject({ sdp: { media: [{ payloadTypes: [0, 8, 101] }] } });
      expect(await plane.acceptAnswer(b, OFFER)).toEqual({ ok: true, value: null });
      // Asked for our offer later on, it makes the same, whatever was agreed on in between.
      const held = await plane.renegotiate(b, `${OFFER}a=sendonly\r\n`);
      expect(held).toMatchObject({ ok: true });
      const again = await plane.renegotiate(b, '');
      expect(parseSdp(again.ok ? again.value.localSdp : '')).toMatchObject({
        sdp: { media: [{ payloadTypes: [0, 8, 101], direction: 'sendrecv' }] },
      });
    });

    it('refuses SDP it cannot use and keeps nothing of the leg', async () => {
      const video = OFFER.replace('m=audio 39000 RTP/AVP 8 0 101', 'm=audio 39000 RTP/AVP 18');
      expect(await plane.openLeg({ id: a, kind: 'rtp', remoteSdp: video })).toEqual({
        ok: false,
        reason: 'no-common-codec',
      });
      expect(await plane.openLeg({ id: a, kind: 'rtp', remoteSdp: 'hello' })).toEqual({
        ok: false,
        reason: 'bad-sdp',
      });
      expect(await plane.openLeg({ id: a, kind: 'webrtc' })).toEqual({
        ok: false,
        reason: 'bad-sdp',
      });
      expect((await state()).legs).toEqual([]);
    });

    it('does the same command twice as if it were once', async () => {
      const first = await plane.openLeg({ id: a, kind: 'rtp', remoteSdp: OFFER });
      const second = await plane.openLeg({ id: a, kind: 'rtp', remoteSdp: OFFER });
      expect(second).toEqual(first);
      await plane.openLeg({ id: b, kind: 'rtp' });
      for (let i = 0; i < 2; i++) {
        await plane.hear(a, b, 1);
        await plane.play(a, playback, { kind: 'tone', tone: 'ringback' }, { loop: true });
        await plane.record({ recordingId, callId, path: join(folder, 'one.rec'), callerLeg: a });
      }
      expect(await state()).toMatchObject({
        legs: [
          { id: a, kind: 'rtp' },
          { id: b, kind: 'rtp' },
        ],
        hearing: [{ listener: a, speaker: b, gain: 1 }],
        recordings: [{ recordingId, callId }],
        playbacks: [{ id: playback, leg: a }],
      });
      for (let i = 0; i < 2; i++) {
        expect((await plane.hear(a, b, 0)).ok).toBe(true);
        expect((await plane.stopPlayback(playback)).ok).toBe(true);
        expect((await plane.stopRecording(recordingId)).ok).toBe(true);
        expect((await plane.closeLeg(b)).ok).toBe(true);
      }
      const after = await state();
      expect(after).toMatchObject({ legs: [{ id: a }], hearing: [], playbacks: [] });
    });

    it('changes the gain of a relation and keeps the directions apart', async () => {
      await openBoth();
      await plane.hear(a, b, 1);
      await plane.hear(a, b, 0.5);
      await plane.hear(b, a, 1);
      expect((await state()).hearing).toEqual([
        { listener: a, speaker: b, gain: 0.5 },
        { listener: b, speaker: a, gain: 1 },
      ]);
    });

    it('does not begin a recording anew that is over', async () => {
      await openBoth();
      const options = { recordingId, callId, path: join(folder, 'over.rec'), callerLeg: a };
      await plane.record(options);
      await plane.stopRecording(recordingId);
      await expect.poll(() => events.map(({ type }) => type)).toContain('recording.closed');
      expect(await plane.record(options)).toEqual({ ok: false, reason: 'recording-over' });
      expect((await state()).recordings).toEqual([]);
    });

    it('pauses a recording and says so', async () => {
      await openBoth();
      await plane.record({ recordingId, callId, path: join(folder, 'p.rec'), callerLeg: a });
      for (const paused of [true, true, false]) {
        expect((await plane.pauseRecording(recordingId, paused)).ok).toBe(true);
        expect((await state()).recordings).toMatchObject([{ recordingId, paused }]);
      }
      await plane.stopRecording(recordingId);
      expect((await plane.pauseRecording(recordingId, true)).ok).toBe(true);
    });

    it('sends digits, and only digits', async () => {
      await plane.openLeg({ id: a, kind: 'rtp', remoteSdp: OFFER });
      expect(await plane.sendDigits(a, '0123456789*#')).toEqual({ ok: true, value: null });
      expect(await plane.sendDigits(a, 'hello')).toEqual({ ok: false, reason: 'no-digits' });
      expect(await plane.sendDigits(b, '1')).toEqual({ ok: false, reason: 'unknown-leg' });
    });

    it('keeps the port and answers again when the outside changes', async () => {
      const first = await plane.openLeg({ id: a, kind: 'rtp', remoteSdp: OFFER });
      const held = await plane.renegotiate(
        a,
        OFFER.replace('t=0 0', 't=0 0\r\na=sendonly').replace('8 0 101', '0 101'),
      );
      const read = (result: typeof first): unknown => {
        const parsed = parseSdp(result.ok ? result.value.localSdp : '');
        return parsed.ok ? parsed.sdp.media[0] : parsed;
      };
      expect(read(held)).toMatchObject({
        port: (read(first) as { port: number }).port,
        direction: 'recvonly',
        payloadTypes: [0, 101],
      });
      expect(await plane.renegotiate(a, 'nonsense')).toEqual({ ok: false, reason: 'bad-sdp' });
    });

    it('refuses what concerns an unknown leg, and parts what is not there', async () => {
      const unknown = { ok: false, reason: 'unknown-leg' };
      const path = join(folder, 'none.rec');
      expect(await plane.acceptAnswer(a, OFFER)).toEqual(unknown);
      expect(await plane.renegotiate(a, OFFER)).toEqual(unknown);
      expect(await plane.hear(a, b, 1)).toEqual(unknown);
      expect(await plane.play(a, playback, { kind: 'echo' })).toEqual(unknown);
      expect(await plane.record({ recordingId, callId, path, callerLeg: a })).toEqual(unknown);
      expect(await plane.hear(a, b, 0)).toEqual({ ok: true, value: null });
      expect(await plane.closeLeg(a)).toEqual({ ok: true, value: null });
    });

    it('takes relations, playbacks and recordings along when a leg closes', async () => {
      await openBoth();
      await plane.hear(a, b, 1);
      await plane.hear(b, a, 1);
      await plane.play(a, playback, { kind: 'echo' });
      await plane.record({ recordingId, callId, path: join(folder, 'two.rec'), callerLeg: a });
      await plane.closeLeg(a);
      expect(await state()).toEqual({
        legs: [{ id: b, kind: 'rtp', hasMedia: false }],
        hearing: [],
        recordings: [],
        playbacks: [],
      });
      await expect
        .poll(() => events.map((event) => event.type), { timeout: 10_000 })
        .toContain('recording.closed');
    });
  });
}
