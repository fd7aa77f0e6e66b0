import { beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { LegId, PlaybackId } from '../base/index.ts';
import {
  ALAW_ENCODE,
  ALAW_SILENCE,
  FRAME_SAMPLES,
  MULAW_DECODE,
  MULAW_ENCODE,
  MULAW_SILENCE,
  TURNS,
  emptyRtpHeader,
  encodeInto,
  parseRtcp,
  readRtpHeader,
  writeRtpHeader,
} from '../media/index.ts';
import type { Beat, RtpHeader } from '../media/index.ts';
import { MediaLeg } from './media-leg.ts';
import type { LegTransport } from './media-leg.ts';
import { EchoPlayback, SamplePlayback } from './playback.ts';

class Wire implements LegTransport {
  readReports(): void {
    return;
  }
  canSend = true;
  expectsMedia = true;
  readonly rtp: (RtpHeader & { first: number })[] = [];
  readonly rtcp: Uint8Array[] = [];
  /** At which beat of each frame the leg was sent to. */
  readonly turns: number[] = [];
  lastCode = -1;

  sendRtp(packet: Uint8Array): void {
    const header = emptyRtpHeader();
    readRtpHeader(packet, header);
    this.lastCode = packet[20]!;
    this.rtp.push({ ...header, first: MULAW_DECODE[packet[20]!]! });
  }

  sendRtcp(packet: Uint8Array): void {
    this.rtcp.push(packet);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('MediaLeg', () => {
  let told: string[];
  let tick: number;
  let beat: Beat;
  let legs: { leg: MediaLeg; wire: Wire }[];

  beforeEach(() => {
    told = [];
    tick = 0;
    beat = { atMs: 0, frame: 0, turn: TURNS - 1 };
    legs = ['a', 'b', 'c'].map((name, i) => newLeg(name, 100 + i));
  });

  function newLeg(name: string, ssrc: number): { leg: MediaLeg; wire: Wire } {
    const leg = new MediaLeg({
      id: asId<LegId>(name),
      kind: 'rtp',
      random: { ssrc, sequence: 65_534, timestamp: 0xffff_ff00 },
      turn: TURNS - 1,
      latestBeat: beat,
      listener: {
        onHeardAgain: ({ id }) => told.push(`${id} is back`),
        onFirstMedia: ({ id }) => told.push(`${id} speaks`),
        onDigit: ({ id }, { digit }) => told.push(`${id} pressed ${digit}`),
        onPlaybackDone: ({ id }, playback) => told.push(`${id} heard ${playback}`),
        onTurnMoved: () => undefined,
      },
    });
    const wire = new Wire();
    leg.transport = wire;
    return { leg, wire };
  }
  const at = (index: number): { leg: MediaLeg; wire: Wire } => legs[index]!;
  const speak = (index: number, sample: number, payloadType = 0, lateMs = 0): void => {
    const packet = new Uint8Array(12 + FRAME_SAMPLES);
    const table = payloadType === 8 ? ALAW_ENCODE : MULAW_ENCODE;
    const frame = tick / 20;
    writeRtpHeader(packet, {
      marker: false,
      payloadType,
      sequence: frame & 0xffff,
      timestamp: frame * FRAME_SAMPLES,
      ssrc: 7,
    });
    encodeInto(table, new Int16Array(FRAME_SAMPLES).fill(sample), packet, 12);
    const header = at(index).leg.readHeader(packet);
    if (header) at(index).leg.receive(header, packet, tick + 1 + lateMs);
  };
  const stepTo = (untilMs: number, live = true): void => {
    while (beat.atMs + 4 <= untilMs) {
      const turn = (beat.turn + 1) % TURNS;
      beat = { atMs: beat.atMs + 4, frame: beat.frame + (turn === 0 ? 1 : 0), turn };
      for (const { leg } of legs) if (leg.isToBeListenedTo(beat)) leg.listen(beat);
      for (const { leg, wire } of legs) {
        if (!leg.isToBeSentTo(beat)) continue;
        leg.mix();
        wire.turns.push(beat.turn);
        leg.send(beat, live);
      }
    }
  };
  const step = (frames = 1, live = true): void => {
    stepTo(beat.atMs + 20 * frames, live);
    tick += 20 * frames;
  };
  /** Frames that nobody made. */
  const skip = (frames: number): void => {
    beat = { ...beat, atMs: beat.atMs + 20 * frames, frame: beat.frame + frames };
    for (const { leg } of legs) leg.skip(frames);
  };
  const converse = (frames: number, samples: readonly [number, number, number]): void => {
    for (let i = 0; i < frames; i++) {
      samples.forEach((sample, index) => sample !== 0 && speak(index, sample));
      step();
    }
  };
  const hear = (listener: number, speaker: number, gain = 1): void => {
    at(listener).leg.hear(at(speaker).leg, gain);
  };

  it('counts the frames without a packet by what it sends: a stall is no silence', () => {
    speak(0, 500);
    step(3);
    expect([at(0).leg.quietFrames, at(1).leg.quietFrames]).toEqual([3, 3]);
    step(50, false);
    skip(200);
    expect(at(0).leg.quietFrames).toBe(3);
    speak(0, 500);
    expect([at(0).leg.quietFrames, at(1).leg.quietFrames]).toEqual([0, 3]);
  });

  it('sends perfectly paced silence to a leg that hears nobody', () => {
    step(3);
    expect(
      at(0).wire.rtp.map(({ sequence, timestamp, ssrc, first }) => ({
        sequence,
        timestamp,
        ssrc,
        first,
      })),
    ).toEqual([
      { sequence: 65_534, timestamp: 0xffff_ff00, ssrc: 100, first: 0 },
      { sequence: 65_535, timestamp: 0xffff_ffa0, ssrc: 100, first: 0 },
      { sequence: 0, timestamp: 0x40, ssrc: 100, first: 0 },
    ]);
  });

  it('gives each of three the sum of the other two', () => {
    for (const [x, y] of [
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 2],
      [2, 0],
      [2, 1],
    ] as const)
      hear(x, y);
    converse(10, [1000, 2000, 4000]);
    const heard = legs.map(({ wire }) => wire.rtp.at(-1)!.first);
    [6000, 5000, 3000].forEach((sum, i) => expect(Math.abs(heard[i]! - sum)).toBeLessThan(300));
  });

  describe('in its turns', () => {
    /** A packet of leg `index` that comes `ms` after the frame that is to come begins. */
    const speakAt = (index: number, ms: number): void => {
      tick += ms;
      speak(index, 1000);
      tick -= ms;
    };

    it('sends to whoever hears one leg as soon as that has been listened to', () => {
      hear(1, 0);
      hear(0, 1);
      for (let i = 0; i < 10; i++) {
        speakAt(0, 3);
        speakAt(1, 11);
        step();
      }
      // 22 ms after they came, at the next beat: 26 is 6 into the next frame, 34 is 14.
      expect([at(1).wire.turns.at(-1), at(0).wire.turns.at(-1)]).toEqual([1, 3]);
      expect(at(2).wire.turns.at(-1)).toBe(TURNS - 1);
      for (const { wire } of legs) {
        const { rtp } = wire;
        expect(rtp).toHaveLength(10);
        rtp.forEach(({ timestamp }, i) =>
          expect((timestamp - rtp[0]!.timestamp) >>> 0).toBe(i * FRAME_SAMPLES),
        );
      }
    });

    /** Which packets of leg 0, each of which says its number, leg 2 is sent, one after the other. */
    const heardBy2 = (): number[] =>
      at(2).wire.rtp.map(({ first }) => MULAW_ENCODE[first & 0xffff]!);
    /** Leg 0's packet `number`, so much later than the others. */
    const say = (number: number, lateMs: number): void =>
      speak(0, MULAW_DECODE[number % 64]!, 0, lateMs);

    it.each([0, 4, 8, 12, 16])(
      'lets each frame be heard once, whoever else is heard and whichever turn moves, %i ms off',
      (phaseMs) => {
        let turnBefore = 0;
        for (let number = 0; number < 400; number++) {
          if (number === 5) hear(2, 0);
          if (number === 20) hear(2, 1);
          // Late enough for a later turn, at some phases for one in the next frame.
          const lateMs = number === 300 ? 22 : 0;
          tick = 20 * number;
          stepTo(20 * number + phaseMs + lateMs);
          if (number === 290) turnBefore = at(0).leg.listenTurn;
          say(number, phaseMs + lateMs);
          if (number === 350) hear(2, 1, 0);
        }
        stepTo(20 * 400);
        const numbers = heardBy2().slice(10);
        const steps = numbers.slice(1).map((code, i) => (code - numbers[i]! + 64) % 64);
        expect(steps.filter((step) => step > 1 && step < 32)).toEqual([]);
        // In the next frame, one is played again.
        const again = steps.filter((step) => step === 0 || step >= 32).length;
        expect(at(0).leg.jitterCounters.grown).toBe(1);
        expect(again).toBeLessThanOrEqual(at(0).leg.listenTurn > turnBefore ? 0 : 2);
        expect(new Set(at(2).wire.turns.slice(30, 290))).toEqual(new Set([TURNS - 1]));
        expect(at(2).wire.turns.at(-1)).toBe(at(0).leg.listenTurn);
      },
    );
  });

  it('passes a single speaker on unchanged and at another gain softer', () => {
    hear(0, 1);
    hear(2, 1, 0.5);
    converse(10, [0, MULAW_DECODE[0x90]!, 0]);
    expect(at(0).leg.heard).toBe(at(1).leg.spoken);
    expect(at(0).wire.rtp.at(-1)?.first).toBe(MULAW_DECODE[0x90]);
    expect(at(2).leg.heard[0]).toBe(Math.round(MULAW_DECODE[0x90]! / 2));
  });

  it('understands the agreed dynamic payload type, A-law beside μ-law, and nothing else', () => {
    at(0).leg.agree({ codec: 'PCMU', payloadType: 97, remoteDirection: 'sendrecv' });
    expect([97, 0, 8, 18, 101].map((type) => at(0).leg.takes(type))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    for (let i = 0; i < 5; i++) {
      speak(0, 5000, 97);
      speak(1, 5000, 8);
      step();
    }
    expect(Math.abs(at(0).leg.spoken[0]! - 5000)).toBeLessThan(200);
    expect(Math.abs(at(1).leg.spoken[0]! - 5000)).toBeLessThan(200);
  });

  it('hears a key by the number of telephone events that the peer named, or by ours', () => {
    const press = (payloadType: number, event: number, timestamp: number): void => {
      const packet = new Uint8Array(16);
      const sequence = event;
      writeRtpHeader(packet, { marker: true, payloadType, sequence, timestamp, ssrc: 7 });
      packet.set([event, 0x8a, 0, 160], 12);
      const header = at(0).leg.readHeader(packet)!;
      for (let i = 0; i < 3; i++) at(0).leg.receive(header, packet, tick);
    };
    const agreed = { codec: 'PCMU', payloadType: 0, remoteDirection: 'sendrecv' } as const;
    at(0).leg.agree({ ...agreed, eventPayloadType: 96 });
    press(96, 1, 1000);
    press(101, 2, 2000);
    press(97, 3, 3000);
    at(0).leg.agree({ ...agreed, payloadType: 101, eventPayloadType: 96 });
    press(101, 4, 4000);
    expect(told.filter((one) => one.includes('pressed'))).toEqual(['a pressed 1', 'a pressed 2']);
  });

  it('is silent again after a voice, in the codec agreed last', () => {
    const code = (): number => at(1).wire.lastCode;
    hear(1, 0);
    step();
    converse(6, [500, 0, 0]);
    expect(code()).toBe(MULAW_ENCODE[500]);
    step(10);
    expect(code()).toBe(MULAW_SILENCE);
    at(1).leg.agree({ codec: 'PCMA', payloadType: 8, remoteDirection: 'sendrecv' });
    step();
    expect(code()).toBe(ALAW_SILENCE);
    converse(6, [500, 0, 0]);
    expect(code()).toBe(ALAW_ENCODE[MULAW_DECODE[MULAW_ENCODE[500]!]!]);
  });

  it('leaves no packet but lets time pass while it may not send, and marks the next', () => {
    step(2);
    at(0).wire.canSend = false;
    step(5);
    at(0).wire.canSend = true;
    step(1, false);
    skip(2);
    step(2);
    const [, before, after, next] = at(0).wire.rtp;
    expect(after!.sequence).toBe((before!.sequence + 1) & 0xffff);
    expect((after!.timestamp - before!.timestamp) >>> 0).toBe(9 * FRAME_SAMPLES);
    expect([before!.marker, after!.marker, next!.marker]).toEqual([false, true, false]);
  });

  it('adds playbacks to the speakers, tells their end and does not play one twice', () => {
    hear(0, 1);
    const id = asId<PlaybackId>('hello');
    const sound = (): SamplePlayback =>
      new SamplePlayback(id, new Int16Array(400).fill(500), false);
    at(0).leg.play(sound());
    at(0).leg.play(sound());
    converse(2, [0, 3000, 0]);
    expect(Math.abs(at(0).leg.heard[0]! - 3500)).toBeLessThan(200);
    step(3);
    expect(told).toEqual(['b speaks', 'a heard hello']);
    at(0).leg.play(sound());
    expect(at(0).leg.playbacks).toEqual([]);
    expect(at(0).leg.hasPlayed(id)).toBe(true);
    expect(at(0).leg.stopPlayback(id)).toBe(false);
  });

  it('loops, and echoes a second later', () => {
    const loop = asId<PlaybackId>('loop');
    at(0).leg.play(new SamplePlayback(loop, new Int16Array(100).fill(700), true));
    step(40);
    expect(at(0).leg.heard).toEqual(new Int16Array(FRAME_SAMPLES).fill(700));
    expect(at(0).leg.stopPlayback(loop)).toBe(true);
    at(1).leg.play(new EchoPlayback(asId('echo')));
    speak(1, 4000);
    step(50);
    expect(at(1).leg.heard.some((sample) => sample > 3000)).toBe(false);
    step(3);
    expect(at(1).wire.rtp.some(({ first }) => first > 3000)).toBe(true);
  });

  it('reports what it sent and received, and says goodbye', () => {
    converse(10, [2000, 0, 0]);
    at(0).leg.sendReport({ unixMs: 1000, nowMs: tick });
    at(0).leg.sendReport({ unixMs: 2000, nowMs: tick }, true);
    const [first = [], last = []] = at(0).wire.rtcp.map((packet) => parseRtcp(packet));
    expect(first[0]).toMatchObject({
      type: 'sender-report',
      sender: { packets: 10, octets: 1600 },
      reports: [{ ssrc: 7, cumulativeLost: 0, highestSequence: 9 }],
    });
    expect(last[0]?.type).toBe('receiver-report');
    expect(last.at(-1)).toEqual({ type: 'goodbye', ssrcs: [100] });
  });
});
