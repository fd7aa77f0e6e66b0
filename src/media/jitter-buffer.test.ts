import { describe, expect, it } from 'vitest';
import { BeatenLine } from '../../test/harness/beats.ts';
import {
  BLOCK_SAMPLES,
  BlockSequence,
  analyseBlocks,
  blockPositions,
  compareTiming,
  seededRandom,
} from '../../test/harness/tone-blocks.ts';
import { MULAW_DECODE, MULAW_ENCODE } from './g711.ts';
import { noJitter } from './jitter-buffer.ts';
import type { FrameKind, JitterBuffer } from './jitter-buffer.ts';
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

/** A sender with its own clock, a network, and a buffer that is read in its turn, every 20 ms of our clock. */
function listen(
  sequence: BlockSequence,
  given: Network,
): { pcm: Int16Array; buffer: JitterBuffer; playedFromMs: number } {
  const network = { ...CLEAN, ...given };
  const perPacket = network.ptimeMs * 8;
  const arrivals = arrivalsOf(network);
  const line = new BeatenLine();
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
    line.buffer.insert(header, payload, MULAW_DECODE, atMs);
  };
  let read = 0;
  line.beatUntil(
    frames * 20,
    (frame) => pcm.set(frame, 160 * read++),
    (beatMs) => {
      for (; (arrivals[next]?.atMs ?? Infinity) <= beatMs; next++) deliver(arrivals[next]!);
    },
  );
  return { pcm, buffer: line.buffer, playedFromMs: line.firstFrameMs };
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
  { pcm, playedFromMs }: { pcm: Int16Array; playedFromMs: number },
  ppm = 0,
  fromBlock = 15,
): { offsetMs: number; driftMsPerMinute: number } {
  const sent = new Map<number, number>();
  for (let block = 0; block < 400; block++) {
    sent.set(block, (107 - playedFromMs) * 8 + (block * BLOCK_SAMPLES) / (1 + ppm * 1e-6));
  }
  const settled = [...blockPositions(pcm, sequence)].filter(([block]) => block >= fromBlock);
  return compareTiming(new Map(settled), sent);
}

/** Loud ones, so that no frame of them is taken for silence. */
const CODES = 64;

/** Packets of which each says its number, as they are played one after the other. */
function hearPackets(line: {
  count: number;
  lateMs: (number: number) => number;
  ppm?: number;
  isQuiet?: (number: number) => boolean;
}): {
  heard: { number: number; samples: number; delayMs: number }[];
  counters: JitterBuffer['counters'];
} {
  const { count, lateMs, ppm = 0, isQuiet = () => false } = line;
  const under = new BeatenLine();
  const pcm: number[] = [];
  /** Each frame. */
  const playedAtMs: number[] = [];
  const arrivalOf = (number: number): number =>
    101 + (number * 20) / (1 + ppm * 1e-6) + lateMs(number);
  let next = 0;
  under.beatUntil(
    count * 20,
    (frame) => {
      pcm.push(...frame);
      playedAtMs.push(under.turn.lastMs);
    },
    (atMs) => {
      for (; arrivalOf(next) <= atMs; next++) {
        const payload = new Uint8Array(160).fill(isQuiet(next) ? 0xff : next % CODES);
        const header = { ...emptyRtpHeader(), ssrc: 1, sequence: next, timestamp: next * 160 };
        const atOnce = arrivalOf(next);
        under.buffer.insert({ ...header, payloadEnd: 160 }, payload, MULAW_DECODE, atOnce);
      }
    },
  );
  const runs: { code: number; at: number; samples: number }[] = [];
  for (const [at, sample] of pcm.entries()) {
    const code = MULAW_ENCODE[sample & 0xffff]!;
    const last = runs.at(-1);
    if (last?.code === code) last.samples++;
    else runs.push({ code, at, samples: 1 });
  }
  const heard: { number: number; samples: number; delayMs: number }[] = [];
  for (const { code, at, samples } of runs) {
    if (code >= CODES || samples < 100) continue;
    const atMs = playedAtMs[Math.floor(at / 160)]! + (at % 160) / 8;
    const about = (atMs - 101 - 30) / 20;
    const number = code + CODES * Math.round((about - code) / CODES);
    const delayMs = atMs - arrivalOf(number) + lateMs(number);
    heard.push({ number, samples, delayMs });
  }
  return { heard, counters: under.buffer.counters };
}

describe('JitterBuffer', () => {
  for (let phaseMs = 0; phaseMs < 20; phaseMs += 1.5) {
    it(`delivers a clean stream unchanged, 22 to 26 ms after it came, and never moves, ${phaseMs} ms off`, () => {
      const heard = listen(sequence, { seconds: 10, lateMs: () => phaseMs });
      expectAllBlocks(heard.pcm, 10);
      expect(timing(heard).offsetMs - phaseMs).toBeGreaterThanOrEqual(22);
      expect(timing(heard).offsetMs - phaseMs).toBeLessThanOrEqual(26);
      expect(heard.buffer.counters).toEqual(noJitter());
    });
  }

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
      const heard = listen(sequence, {
        seconds: 60,
        ppm,
        seed,
        jitterMs: 30,
        loss: 0.01,
      });
      expectAllBlocks(heard.pcm, 60);
      const { offsetMs, driftMsPerMinute } = timing(heard, ppm, 0);
      expect(Math.abs(driftMsPerMinute)).toBeLessThan(1);
      expect(offsetMs).toBeLessThan(60);
      expect(heard.buffer.counters.late).toBe(0);
    });

    it(`keeps every block when 1 % of the packets come out of order besides, ${ppm} ppm off`, () => {
      const heard = listen(sequence, {
        seconds: 60,
        ppm,
        jitterMs: 30,
        loss: 0.01,
        reorder: 0.01,
      });
      expectAllBlocks(heard.pcm, 60);
      expect(timing(heard, ppm).offsetMs).toBeLessThan(85);
      expect(Math.abs(timing(heard, ppm).driftMsPerMinute)).toBeLessThan(1);
      expect(heard.buffer.counters.grown).toBeLessThanOrEqual(3);
    });

    it(`slips single samples, never a frame, with a clean clock ${ppm} ppm off`, () => {
      const heard = listen(sequence, { seconds: 60, ppm });
      expectAllBlocks(heard.pcm, 60);
      expect(Math.abs(timing(heard, ppm).driftMsPerMinute)).toBeLessThan(1);
      expect(heard.buffer.counters).toMatchObject({
        late: 0,
        concealedFrames: 0,
        grown: 0,
        shrunk: 0,
      });
      expect(heard.buffer.counters.slips).toBeLessThan(120);
    });
  }

  it('keeps a high tone as it is where samples are slipped', () => {
    const line = new BeatenLine();
    const payload = new Uint8Array(160);
    const loudest: number[] = [];
    for (let number = 0; number < 1500; number++) {
      payload.forEach((_, i) => {
        const pcm = Math.round(8000 * Math.sin((2 * Math.PI * 3000 * (number * 160 + i)) / 8000));
        payload[i] = MULAW_ENCODE[pcm & 0xffff]!;
      });
      const header = { ...emptyRtpHeader(), ssrc: 1, sequence: number, timestamp: number * 160 };
      const atMs = 3 + (number * 20) / (1 + 200e-6);
      line.beatUntil(atMs, (frame) => {
        for (let i = 0; number > 10 && i + 8 <= 160; i += 8) {
          loudest.push(Math.max(...frame.subarray(i, i + 8).map(Math.abs)));
        }
      });
      line.buffer.insert({ ...header, payloadEnd: 160 }, payload, MULAW_DECODE, atMs);
    }
    expect(line.buffer.counters.slips).toBeGreaterThan(20);
    expect(Math.min(...loudest)).toBeGreaterThan(6000);
  });

  it('takes two seconds in which everything came late for the network, not for the clock', () => {
    const line = new BeatenLine();
    const payload = new Uint8Array(160);
    for (let tick = 1; tick <= 1500; tick++) {
      const stalled = tick > 600 && tick <= 720;
      const header = { ...emptyRtpHeader(), ssrc: 1, sequence: tick, timestamp: tick * 160 };
      const atMs = (tick - 1) * 20 + (stalled ? 14 : 1);
      line.beatUntil(atMs);
      line.buffer.insert({ ...header, payloadEnd: 160 }, payload, MULAW_DECODE, atMs);
    }
    expect(line.buffer.counters.slips).toBe(0);
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

  it.each([280, 350, 480, 560])(
    'hears a line again whose way became %i ms longer for good',
    (byMs) => {
      const { heard, counters } = hearPackets({
        count: 1500,
        lateMs: (number) => (number < 400 ? 0 : byMs),
      });
      expect(heard.filter(({ number }) => number > 600).length).toBeGreaterThan(850);
      expect(heard.at(-1)!.delayMs).toBeLessThan(byMs + 260);
      expect(counters.grown + counters.resyncs).toBeLessThanOrEqual(4);
    },
  );

  it('takes a packet that comes a second time, long after it was played, for nothing', () => {
    const line = new BeatenLine();
    const loud = new Uint8Array(160).fill(0x80);
    const put = (number: number, atMs: number): void =>
      line.buffer.insert(
        {
          ...emptyRtpHeader(),
          ssrc: 1,
          sequence: number,
          timestamp: number * 160,
          payloadEnd: 160,
        },
        loud,
        MULAW_DECODE,
        atMs,
      );
    for (let number = 0; number < 600; number++) {
      line.beatUntil(number * 20);
      put(number, number * 20);
      if (number > 400 && number % 20 === 0) put(number - 5, number * 20 + 1);
    }
    expect(line.buffer.counters).toEqual(noJitter());
  });

  it('ignores a single stray packet of another source or with a wild timestamp', () => {
    const line = new BeatenLine();
    const { buffer } = line;
    const header = { ...emptyRtpHeader(), ssrc: 1, timestamp: 1000, payloadEnd: 160 };
    const loud = new Uint8Array(160).fill(0x80);
    buffer.insert(header, loud, MULAW_DECODE, 11);
    buffer.insert({ ...header, ssrc: 9, sequence: 5 }, loud, MULAW_DECODE, 12);
    buffer.insert({ ...header, timestamp: 900_000, sequence: 77 }, loud, MULAW_DECODE, 13);
    const heard: number[] = [];
    line.beatUntil(60, (frame) => heard.push(frame[0]!));
    expect(heard.slice(0, 2)).toEqual([0, MULAW_DECODE[0x80]]);
    expect(buffer.counters.resyncs).toBe(0);
  });

  it('fades into silence when packets stop and starts again without a click of delay', () => {
    const line = new BeatenLine();
    const loud = new Uint8Array(160).fill(0x80);
    const header = { ...emptyRtpHeader(), ssrc: 1, timestamp: 0, payloadEnd: 160 };
    line.buffer.insert(header, loud, MULAW_DECODE, 11);
    const kinds: FrameKind[] = [];
    let last = 0;
    line.beatUntil(160, (frame, kind) => {
      kinds.push(kind);
      last = Math.max(...frame.map(Math.abs));
    });
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
    expect(last).toBe(0);
  });

  it.each([1, 5, 9, 13, 17])(
    'grows without a click: a voice goes on in its period, %i ms off',
    (phaseMs) => {
      const voiceAt = (sample: number): number =>
        [1, 2, 3].reduce((sum, n) => sum + Math.sin((2 * Math.PI * n * sample) / VOICE_PERIOD), 0) *
        4000;
      const line = new BeatenLine();
      const payload = new Uint8Array(160);
      const heard: number[] = [];
      for (let number = 0; number < 100; number++) {
        // From the 40th packet on the network takes 22 ms longer.
        const atMs = number * 20 + phaseMs + (number < 40 ? 0 : 22);
        const header = { ...emptyRtpHeader(), ssrc: 1, sequence: number, payloadEnd: 160 };
        payload.forEach((_, i) => {
          payload[i] = MULAW_ENCODE[Math.round(voiceAt(number * 160 + i)) & 0xffff]!;
        });
        line.beatUntil(atMs, (frame) => heard.push(...frame));
        line.buffer.insert({ ...header, timestamp: number * 160 }, payload, MULAW_DECODE, atMs);
      }
      const sincePeriod = heard
        .slice(800)
        .map((sample, i, all) => Math.abs(sample - (all[i - VOICE_PERIOD] ?? sample)));
      expect(line.buffer.counters.grown).toBe(1);
      expect(Math.max(...sincePeriod)).toBeLessThan(4000);
    },
  );

  it('grows for late packets and shrinks again when they come in time', () => {
    const random = seededRandom(1);
    const late = Array.from({ length: 3100 }, (_, n) => (n < 500 ? random() * 100 : 0));
    const { heard, counters } = hearPackets({
      count: 3000,
      lateMs: (number) => late[number]!,
      isQuiet: (number) => number % 250 > 230,
    });
    expect(counters.grown).toBeGreaterThan(0);
    expect(counters.grown).toBeLessThan(10);
    expect(counters.shrunk).toBeGreaterThan(0);
    expect(heard.find(({ number }) => number > 520)!.delayMs).toBeGreaterThan(90);
    expect(heard.at(-1)!.delayMs).toBeLessThan(30);
  });

  it('gives back what a bad start took, and no more than is spare', () => {
    const random = seededRandom(1);
    const late = Array.from({ length: 3100 }, (_, n) => (n < 200 ? random() * 40 : 0));
    const { heard, counters } = hearPackets({ count: 3000, lateMs: (number) => late[number]! });
    const from = (second: number): number[] =>
      heard.filter(({ number }) => number >= second * 50).map(({ delayMs }) => delayMs);
    expect(from(5)[0]).toBeGreaterThan(42);
    expect(Math.max(...from(50))).toBeLessThanOrEqual(41);
    expect(Math.min(...from(5))).toBeGreaterThanOrEqual(24);
    expect(counters.slips).toBe(0);
    expect(counters.late).toBeLessThanOrEqual(1);
  });

  it('takes one late packet of a line with little delay for a warning', () => {
    const line = new BeatenLine();
    const payload = new Uint8Array(160);
    for (let tick = 1; tick <= 1200; tick++) {
      const late = tick > 400 && tick % 50 === 0;
      const header = { ...emptyRtpHeader(), ssrc: 1, sequence: tick, timestamp: tick * 160 };
      const atMs = (tick - 1) * 20 + (late ? 26.5 : 3);
      line.beatUntil(atMs);
      line.buffer.insert({ ...header, payloadEnd: 160 }, payload, MULAW_DECODE, atMs);
    }
    expect(line.buffer.counters).toMatchObject({ late: 0, grown: 1 });
  });

  describe('a line that grew for one pause of the network', () => {
    const PAUSE_AT_MS = 6000;
    const paused = (number: number): number =>
      Math.max(0, 35 - Math.abs(number * 20 - PAUSE_AT_MS));

    for (const ppm of [0, 20, -200, 200]) {
      it(`gives it back after ten calm seconds, leaving out 15 ms at a time, ${ppm} ppm off`, () => {
        const { heard, counters } = hearPackets({ count: 2500, lateMs: paused, ppm });
        expect(counters).toMatchObject({ grown: 1, resyncs: 0 });
        expect(counters.concealedFrames).toBeLessThanOrEqual(1);
        const numbers = heard.map(({ number }) => number);
        expect(new Set(numbers).size).toBeGreaterThan(numbers.at(-1)! - 2);
        expect(numbers.at(-1)).toBeGreaterThan(2490);
        const delays = (from: number, to: number): number[] =>
          heard
            .filter(({ number }) => number * 20 >= from && number * 20 < to)
            .map(({ delayMs }) => delayMs);
        expect(Math.max(...delays(0, PAUSE_AT_MS - 40))).toBeLessThanOrEqual(27);
        expect(Math.min(...delays(PAUSE_AT_MS + 700, 15_000))).toBeGreaterThanOrEqual(40);
        expect(Math.max(...delays(PAUSE_AT_MS + 700, 15_000))).toBeLessThan(66);
        expect(Math.min(...delays(45_000, 50_000))).toBeGreaterThanOrEqual(22);
        expect(Math.max(...delays(45_000, 50_000))).toBeLessThanOrEqual(41);
      });
    }

    it('waits no longer than it must, wherever in the frame its turn is, and loses nothing', () => {
      for (let phaseMs = 0; phaseMs < 20; phaseMs += 2) {
        for (const pauseMs of [21, 24.5, 30, 45, 70]) {
          const lateMs = (number: number): number =>
            phaseMs + Math.max(0, number < 300 ? 0 : pauseMs - (number - 300) * 20);
          const { heard, counters } = hearPackets({ count: 500, lateMs });
          const delayOf = (packet: number): number =>
            heard.findLast(({ number }) => number === packet)!.delayMs - phaseMs;
          const before = delayOf(290);
          const by = delayOf(450) - before;
          const lackedMs = pauseMs + 2 - before;
          if (Math.abs(lackedMs) < 0.1) continue;
          expect(counters.grown).toBe(lackedMs > 0 ? 1 : 0);
          expect(by).toBeGreaterThanOrEqual(lackedMs > 0 ? lackedMs : 0);
          const missed = Math.max(0, Math.ceil((pauseMs - before) / 20));
          expect(by).toBeLessThan(Math.max(lackedMs > 0 ? lackedMs + 4 : 1, missed * 20 + 0.1));
          const lost = Array.from({ length: 450 }, (_, i) => i).filter(
            (number) => !heard.some((packet) => packet.number === number),
          );
          expect(lost).toEqual([]);
        }
      }
    });

    it('gives it back at once where nobody speaks', () => {
      const isQuiet = (number: number): boolean => number % 100 > 90;
      const { heard } = hearPackets({ count: 1640, lateMs: paused, isQuiet });
      const delayOf = (packet: number): number =>
        heard.findLast(({ number }) => number === packet)!.delayMs;
      expect(delayOf(1380) - delayOf(1410)).toBeGreaterThan(12);
      expect(Math.abs(delayOf(1410) - 25)).toBeLessThan(1);
      const lost = Array.from({ length: 1400 }, (_, i) => i).filter(
        (number) => !isQuiet(number) && !heard.some((packet) => packet.number === number),
      );
      expect(lost).toEqual([]);
    });
  });
});
