import { describe, expect, it } from 'vitest';
import {
  BLOCK_SAMPLES,
  BlockSequence,
  analyseBlocks,
  blockPositions,
  compareTiming,
  seededRandom,
} from '../../test/harness/tone-blocks.ts';
import { MULAW_DECODE, MULAW_ENCODE } from './g711.ts';
import { JitterBuffer, noJitter } from './jitter-buffer.ts';
import { emptyRtpHeader } from './rtp-packet.ts';

type Network = {
  seconds: number;
  ptimeMs?: number;
  ppm?: number;
  jitterMs?: number;
  jitterUntilSecond?: number;
  loss?: number;
  duplicates?: number;
  reorder?: number;
  /** How much later than its beat a packet comes. */
  lateMs?: (number: number) => number;
  seed?: number;
  /** Timestamps jump by this and the SSRC changes, at the given second. */
  jumpAtSecond?: number;
  jumpBy?: number;
};

const CLEAN = {
  ptimeMs: 20,
  ppm: 0,
  jitterMs: 0,
  jitterUntilSecond: Infinity,
  loss: 0,
  duplicates: 0,
  reorder: 0,
  lateMs: (_number: number) => 0,
  seed: 1,
  jumpAtSecond: Infinity,
  jumpBy: 0,
};

type Arrival = { atMs: number; number: number };

function arrivalsOf(network: Network & typeof CLEAN): Arrival[] {
  const random = seededRandom(network.seed);
  const packetMs = network.ptimeMs / (1 + network.ppm * 1e-6);
  const arrivals: Arrival[] = [];
  for (let number = 0; number * packetMs < network.seconds * 1000; number++) {
    if (random() < network.loss) continue;
    const sentMs = 107 + number * packetMs;
    const swapped = random() < network.reorder ? network.ptimeMs * 1.2 : 0;
    const jitters = sentMs < network.jitterUntilSecond * 1000;
    const jitterMs = jitters ? random() * network.jitterMs : 0;
    const atMs = sentMs + network.lateMs(number) + jitterMs + swapped;
    arrivals.push({ atMs, number });
    if (random() < network.duplicates) arrivals.push({ atMs: atMs + 3, number });
  }
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}

/** A sender with its own clock, a network, and a buffer that is popped every 20 ms of our clock. */
function listen(
  sequence: BlockSequence,
  given: Network,
): { pcm: Int16Array; buffer: JitterBuffer } {
  const network = { ...CLEAN, ...given };
  const perPacket = network.ptimeMs * 8;
  const arrivals = arrivalsOf(network);
  const buffer = new JitterBuffer(0);
  const frames = Math.floor((network.seconds * 1000) / 20);
  const pcm = new Int16Array(frames * 160);
  const payload = new Uint8Array(perPacket);
  let next = 0;
  const deliver = ({ atMs, number }: Arrival): void => {
    const jumped = number * network.ptimeMs >= network.jumpAtSecond * 1000;
    const timestamp = 4_294_960_000 + number * perPacket + (jumped ? network.jumpBy : 0);
    const header = {
      ...emptyRtpHeader(),
      sequence: number & 0xffff,
      timestamp: timestamp >>> 0,
      ssrc: jumped ? 2 : 1,
      payloadEnd: perPacket,
    };
    sequence
      .render(number * perPacket, perPacket)
      .forEach((sample, i) => (payload[i] = MULAW_ENCODE[sample & 0xffff]!));
    buffer.insert(header, payload, MULAW_DECODE, atMs);
  };
  for (let tick = 1; tick <= frames; tick++) {
    for (; (arrivals[next]?.atMs ?? Infinity) <= tick * 20; next++) deliver(arrivals[next]!);
    buffer.pop(pcm.subarray((tick - 1) * 160, tick * 160), tick * 20);
  }
  return { pcm, buffer };
}

const sequence = new BlockSequence({ seed: 42, lane: 0 });
/** Samples: 143 Hz. */
const VOICE_PERIOD = 56;

function expectAllBlocks(pcm: Int16Array, seconds: number): void {
  const report = analyseBlocks(pcm, sequence);
  expect(report).toMatchObject({ missing: [], repeated: [], outOfOrder: [] });
  expect(report.seen[0]?.index).toBe(0);
  expect(report.seen.length).toBeGreaterThanOrEqual(seconds * 5 - 3);
}

/** Drift of what is heard against the sender's own time, which runs `ppm` off. */
function timing(
  pcm: Int16Array,
  ppm = 0,
  fromBlock = 15,
): { offsetMs: number; driftMsPerMinute: number } {
  const sent = new Map<number, number>();
  for (let block = 0; block < 400; block++) {
    // The frame of tick 1 is played from 20 ms on.
    sent.set(block, (107 - 20) * 8 + (block * BLOCK_SAMPLES) / (1 + ppm * 1e-6));
  }
  const settled = [...blockPositions(pcm, sequence)].filter(([block]) => block >= fromBlock);
  return compareTiming(new Map(settled), sent);
}

describe('JitterBuffer', () => {
  it('delivers a clean stream unchanged, 10 to 30 ms after it was sent, and never moves', () => {
    const { pcm, buffer } = listen(sequence, { seconds: 10 });
    expectAllBlocks(pcm, 10);
    expect(timing(pcm).offsetMs).toBeGreaterThanOrEqual(10);
    expect(timing(pcm).offsetMs).toBeLessThanOrEqual(31);
    expect(buffer.counters).toEqual(noJitter());
  });

  for (const ptimeMs of [10, 20, 30, 40, 60]) {
    it(`takes packets of ${ptimeMs} ms with jitter, loss, duplicates and reordering`, () => {
      const { pcm } = listen(sequence, {
        seconds: 12,
        ptimeMs,
        jitterMs: 15,
        loss: 0.01,
        duplicates: 0.05,
        reorder: 0.03,
      });
      expectAllBlocks(pcm, 12);
    });
  }

  for (const [ppm, seed] of [
    [-200, 6],
    [200, 7],
  ] as const) {
    it(`keeps every block and the time for 60 s with a clock ${ppm} ppm off, 30 ms jitter, 1 % loss`, () => {
      const { pcm, buffer } = listen(sequence, {
        seconds: 60,
        ppm,
        seed,
        jitterMs: 30,
        loss: 0.01,
      });
      expectAllBlocks(pcm, 60);
      const { offsetMs, driftMsPerMinute } = timing(pcm, ppm, 0);
      expect(Math.abs(driftMsPerMinute)).toBeLessThan(1);
      expect(offsetMs).toBeLessThan(60);
      expect(buffer.counters.late).toBe(0);
    });

    it(`keeps every block when 1 % of the packets come out of order besides, ${ppm} ppm off`, () => {
      const { pcm, buffer } = listen(sequence, {
        seconds: 60,
        ppm,
        jitterMs: 30,
        loss: 0.01,
        reorder: 0.01,
      });
      expectAllBlocks(pcm, 60);
      expect(timing(pcm, ppm).offsetMs).toBeLessThan(85);
      expect(Math.abs(timing(pcm, ppm).driftMsPerMinute)).toBeLessThan(1);
      expect(buffer.counters.grown).toBeLessThanOrEqual(3);
    });

    it(`slips single samples, never a frame, with a clean clock ${ppm} ppm off`, () => {
      const { pcm, buffer } = listen(sequence, { seconds: 60, ppm });
      expectAllBlocks(pcm, 60);
      expect(Math.abs(timing(pcm, ppm).driftMsPerMinute)).toBeLessThan(1);
      expect(buffer.counters).toMatchObject({ late: 0, concealedFrames: 0, grown: 1, shrunk: 0 });
      expect(buffer.counters.slips).toBeLessThan(120);
    });
  }

  it('keeps a high tone as it is where samples are slipped', () => {
    const buffer = new JitterBuffer(0);
    const payload = new Uint8Array(160);
    const frame = new Int16Array(160);
    const loudest: number[] = [];
    for (let number = 0; number < 1500; number++) {
      payload.forEach((_, i) => {
        const pcm = Math.round(8000 * Math.sin((2 * Math.PI * 3000 * (number * 160 + i)) / 8000));
        payload[i] = MULAW_ENCODE[pcm & 0xffff]!;
      });
      const header = { ...emptyRtpHeader(), ssrc: 1, sequence: number, timestamp: number * 160 };
      const atMs = 3 + (number * 20) / (1 + 200e-6);
      buffer.insert({ ...header, payloadEnd: 160 }, payload, MULAW_DECODE, atMs);
      buffer.pop(frame, (number + 1) * 20);
      for (let i = 0; number > 10 && i + 8 <= 160; i += 8) {
        loudest.push(Math.max(...frame.subarray(i, i + 8).map(Math.abs)));
      }
    }
    expect(buffer.counters.slips).toBeGreaterThan(20);
    expect(Math.min(...loudest)).toBeGreaterThan(6000);
  });

  it('takes two seconds in which everything came late for the network, not for the clock', () => {
    const buffer = new JitterBuffer(0);
    const payload = new Uint8Array(160);
    const frame = new Int16Array(160);
    for (let tick = 1; tick <= 1500; tick++) {
      const stalled = tick > 600 && tick <= 720;
      const header = { ...emptyRtpHeader(), ssrc: 1, sequence: tick, timestamp: tick * 160 };
      const atMs = (tick - 1) * 20 + (stalled ? 14 : 1);
      buffer.insert({ ...header, payloadEnd: 160 }, payload, MULAW_DECODE, atMs);
      buffer.pop(frame, tick * 20);
    }
    expect(buffer.counters.slips).toBe(0);
  });

  it('goes on after a new SSRC with timestamps elsewhere, losing at most one block', () => {
    const { pcm, buffer } = listen(sequence, {
      seconds: 10,
      jumpAtSecond: 5,
      jumpBy: 2_000_000_000,
    });
    expect(buffer.counters.resyncs).toBe(1);
    const report = analyseBlocks(pcm, sequence);
    expect(report.missing.length).toBeLessThanOrEqual(1);
    expect(report.seen.at(-1)?.index).toBeGreaterThanOrEqual(47);
  });

  it('ignores a single stray packet of another source or with a wild timestamp', () => {
    const buffer = new JitterBuffer(0);
    const frame = new Int16Array(160);
    const header = { ...emptyRtpHeader(), ssrc: 1, timestamp: 1000, payloadEnd: 160 };
    const loud = new Uint8Array(160).fill(0x80);
    buffer.insert(header, loud, MULAW_DECODE, 11);
    buffer.insert({ ...header, ssrc: 9, sequence: 5 }, loud, MULAW_DECODE, 12);
    buffer.insert({ ...header, timestamp: 900_000, sequence: 77 }, loud, MULAW_DECODE, 13);
    buffer.pop(frame, 20);
    buffer.pop(frame, 40);
    expect(frame[0]).toBe(MULAW_DECODE[0x80]);
    expect(buffer.counters.resyncs).toBe(0);
  });

  it('fades into silence when packets stop and starts again without a click of delay', () => {
    const buffer = new JitterBuffer(0);
    const frame = new Int16Array(160);
    const loud = new Uint8Array(160).fill(0x80);
    const header = { ...emptyRtpHeader(), ssrc: 1, timestamp: 0, payloadEnd: 160 };
    buffer.insert(header, loud, MULAW_DECODE, 11);
    const kinds = Array.from({ length: 8 }, (_, i) => buffer.pop(frame, 20 * (i + 1)));
    expect(kinds).toEqual([
      'silence',
      'audio',
      'concealed',
      'concealed',
      'concealed',
      'silence',
      'silence',
      'silence',
    ]);
    expect(frame.every((sample) => sample === 0)).toBe(true);
  });

  it('grows without a click: a voice goes on in its period', () => {
    const voiceAt = (sample: number): number =>
      [1, 2, 3].reduce((sum, n) => sum + Math.sin((2 * Math.PI * n * sample) / VOICE_PERIOD), 0) *
      4000;
    const buffer = new JitterBuffer(0);
    const payload = new Uint8Array(160);
    const heard: number[] = [];
    const frame = new Int16Array(160);
    for (let tick = 1; tick <= 100; tick++) {
      // From the 40th packet on the network takes 16 ms longer.
      const number = tick - 1;
      const atMs = number * 20 + (number < 40 ? 3 : 19);
      const header = { ...emptyRtpHeader(), ssrc: 1, sequence: number, payloadEnd: 160 };
      payload.forEach((_, i) => {
        payload[i] = MULAW_ENCODE[Math.round(voiceAt(number * 160 + i)) & 0xffff]!;
      });
      buffer.insert({ ...header, timestamp: number * 160 }, payload, MULAW_DECODE, atMs);
      buffer.pop(frame, tick * 20);
      heard.push(...frame);
    }
    const sincePeriod = heard
      .slice(800)
      .map((sample, i, all) => Math.abs(sample - (all[i - VOICE_PERIOD] ?? sample)));
    expect(buffer.counters.grown).toBe(1);
    expect(Math.max(...sincePeriod)).toBeLessThan(4000);
  });

  it('grows for late packets and shrinks again when they come in time', () => {
    const { pcm, buffer } = listen(sequence, {
      seconds: 50,
      jitterMs: 100,
      jitterUntilSecond: 10,
    });
    expect(buffer.counters.grown).toBeGreaterThan(0);
    expect(buffer.counters.grown).toBeLessThan(10);
    expect(buffer.counters.shrunk).toBeGreaterThan(0);
    const positions = [...blockPositions(pcm, sequence)];
    const delayMs = ([block, position]: [number, number]): number =>
      (position - block * BLOCK_SAMPLES) / 8 - 87;
    expect(delayMs(positions.find(([block]) => block > 40)!)).toBeGreaterThan(90);
    expect(delayMs(positions.at(-1)!)).toBeLessThan(60);
    expect(analyseBlocks(pcm, sequence).outOfOrder.length).toBeLessThanOrEqual(2);
  });

  it('gives back within half a minute what a bad start took, and no more than is spare', () => {
    const { pcm, buffer } = listen(sequence, { seconds: 40, jitterMs: 40, jitterUntilSecond: 4 });
    expectAllBlocks(pcm, 40);
    const delays = [...blockPositions(pcm, sequence)].map(
      ([block, position]) => [block, (position - block * BLOCK_SAMPLES) / 8 - 87] as const,
    );
    const from = (second: number): number[] =>
      delays.filter(([block]) => block > second * 5).map(([, delayMs]) => delayMs);
    expect(from(5)[0]).toBeGreaterThan(45);
    expect(Math.max(...from(30))).toBeLessThanOrEqual(41);
    expect(Math.min(...from(0))).toBeGreaterThanOrEqual(20);
    expect(buffer.counters).toMatchObject({ slips: 0 });
    expect(buffer.counters.late).toBeLessThanOrEqual(1);
  });

  it('takes one late packet of a line with little delay for a warning', () => {
    const buffer = new JitterBuffer(0);
    const payload = new Uint8Array(160);
    const frame = new Int16Array(160);
    for (let tick = 1; tick <= 1200; tick++) {
      const late = tick > 400 && tick % 50 === 0;
      const header = { ...emptyRtpHeader(), ssrc: 1, sequence: tick, timestamp: tick * 160 };
      const atMs = (tick - 1) * 20 + (late ? 18.5 : 3);
      buffer.insert({ ...header, payloadEnd: 160 }, payload, MULAW_DECODE, atMs);
      buffer.pop(frame, tick * 20);
    }
    expect(buffer.counters).toMatchObject({ late: 0, grown: 1 });
  });

  describe('a line that grew for one late packet of its first second', () => {
    const lateFrom =
      (phaseMs: number) =>
      (number: number): number =>
        phaseMs + (number === 20 ? 17 : 0);
    const delaysOf = (pcm: Int16Array, phaseMs: number): (readonly [number, number])[] =>
      [...blockPositions(pcm, sequence)].map(([block, position]) => [
        block / 5,
        (position - block * BLOCK_SAMPLES) / 8 - 87 - phaseMs,
      ]);

    for (const phaseMs of [0, 2, 16, 18]) {
      it(`begins anew after ten calm seconds, ${phaseMs} ms behind the beat`, () => {
        const { pcm, buffer } = listen(sequence, { seconds: 30, lateMs: lateFrom(phaseMs) });
        expectAllBlocks(pcm, 30);
        expect(buffer.counters).toMatchObject({ grown: 1, shrunk: 1, resyncs: 0 });
        const delays = delaysOf(pcm, phaseMs);
        const between = (from: number, to: number): number[] =>
          delays.filter(([second]) => second > from && second < to).map(([, ms]) => ms);
        expect(Math.min(...between(1, 4))).toBeGreaterThanOrEqual(38);
        expect(Math.min(...between(16, 30))).toBeGreaterThanOrEqual(10);
        expect(Math.max(...between(16, 30))).toBeLessThanOrEqual(30);
      });
    }

    it('stays as it is while the clocks run apart', () => {
      const { pcm, buffer } = listen(sequence, { seconds: 30, lateMs: lateFrom(0), ppm: 20 });
      expectAllBlocks(pcm, 30);
      expect(buffer.counters).toMatchObject({ grown: 1, shrunk: 0 });
    });

    it('does so once: what is late after that makes it long for good', () => {
      const lateMs = (number: number): number => (number % 1000 === 20 ? 17 : 0);
      const { pcm, buffer } = listen(sequence, { seconds: 60, lateMs });
      expectAllBlocks(pcm, 60);
      expect(buffer.counters).toMatchObject({ grown: 2, shrunk: 1 });
      expect(buffer.counters.late).toBeLessThanOrEqual(2);
    });
  });
});
