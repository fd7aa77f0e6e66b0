/**
 * Sound that says who is speaking and when, and the ear that reads it back.
 *
 * A speaker sends a `BlockSequence`: blocks of 200 ms, each a pair of frequencies drawn from a seed;
 * no pair comes twice within 308 blocks (61.6 s). Every speaker takes another `lane`, so that the
 * frequencies of two speakers never meet; lanes 0 and 1 do not disturb each
 * other even through G.711, which makes cross-talk measurable down to about -60 dB.
 *
 *   const caller = new BlockSequence({ seed, lane: 0 });
 *   send(caller.render(sampleNumber, 160));                    // 20 ms of linear PCM at 8 kHz
 *   const heard = analyseBlocks(pcm, caller);                  // what an ear or a recording holds
 *   expect(heard).toMatchObject({ missing: [], repeated: [], outOfOrder: [] });
 *   compareTiming(blockPositions(left, caller), blockPositions(right, operator))
 *   foreignLevelDb(left, operator, caller)                     // of the operator in the caller's channel
 */

export const SAMPLE_RATE_HZ = 8000;
export const BLOCK_SAMPLES = 1600;
export const BLOCK_MS = 200;

const LOW_COUNT = 14;
const HIGH_COUNT = 22;
const PAIRS = LOW_COUNT * HIGH_COUNT;
const LOW_BASE_HZ = 360;
const HIGH_BASE_HZ = 1520;
const STEP_HZ = 80;
/**
 * G.711 distorts a pair of tones into sums of odd multiples of the two. Lane 0's are multiples of 40 Hz and
 * lane 1's lie 20 Hz beside those, so neither falls on the other's frequencies.
 */
const LANE_OFFSET_HZ = [0, 20, 40, 60] as const;
const AMPLITUDE = 6000;
/** Raised-cosine edges of 5 ms: no clicks, so no energy outside the pair. */
const RAMP_SAMPLES = 40;
/** 100 ms: every frequency lies on a bin of 10 Hz. */
const WINDOW_SAMPLES = 800;
const HOP_SAMPLES = 160;
/** Of the second look. */
const FINE_HOP_SAMPLES = 40;
/** A quarter of what is sent: a window that is mostly silence shows no block. */
const PRESENT_AMPLITUDE = 1500;
/**
 * A speaker in the background. A line that follows its far end's clock by one sample in 800 moves another
 * speaker's tones by 4 Hz, and a tenth of them is seen in the lane beside.
 */
const FAINT_AMPLITUDE = 1000;
const DOMINANCE = 4;

export type Lane = 0 | 1 | 2 | 3;

/** A small seeded generator (mulberry32): the same seed gives the same run. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** `count` frequencies, a step apart. */
type Comb = { firstHz: number; count: number };

export class BlockSequence {
  readonly seed: number;
  readonly lane: Lane;
  readonly #order: number[];
  readonly #indexOfPair: number[];

  constructor(options: { seed: number; lane: Lane }) {
    this.seed = options.seed;
    this.lane = options.lane;
    this.#order = shuffledPairs(options.seed * 4 + options.lane);
    this.#indexOfPair = new Array<number>(PAIRS).fill(0);
    for (const [index, pair] of this.#order.entries()) this.#indexOfPair[pair] = index;
  }

  /** Blocks until the same pair comes again. */
  get cycle(): number {
    return PAIRS;
  }

  get lows(): Comb {
    return { firstHz: LOW_BASE_HZ + LANE_OFFSET_HZ[this.lane], count: LOW_COUNT };
  }

  get highs(): Comb {
    return { firstHz: HIGH_BASE_HZ + LANE_OFFSET_HZ[this.lane], count: HIGH_COUNT };
  }

  pairOf(block: number): { lowHz: number; highHz: number } {
    const pair = this.#order[block % PAIRS] ?? 0;
    return {
      lowHz: this.lows.firstHz + STEP_HZ * Math.floor(pair / HIGH_COUNT),
      highHz: this.highs.firstHz + STEP_HZ * (pair % HIGH_COUNT),
    };
  }

  /** Position of a pair in the cycle, from its places in the low and high group. */
  indexOf(low: number, high: number): number {
    return this.#indexOfPair[low * HIGH_COUNT + high] ?? -1;
  }

  /** Samples `from` … `from + length` of the endless sequence, linear 16 bit. `from` may be fractional. */
  render(from: number, length: number): Int16Array {
    const pcm = new Int16Array(length);
    for (let i = 0; i < length; i++) pcm[i] = Math.round(this.sampleAt(from + i));
    return pcm;
  }

  sampleAt(position: number): number {
    if (position < 0) return 0;
    const block = Math.floor(position / BLOCK_SAMPLES);
    const within = position - block * BLOCK_SAMPLES;
    const { lowHz, highHz } = this.pairOf(block);
    const turn = (2 * Math.PI * within) / SAMPLE_RATE_HZ;
    return AMPLITUDE * edge(within) * (Math.sin(turn * lowHz) + Math.sin(turn * highHz));
  }
}

function shuffledPairs(seed: number): number[] {
  const random = seededRandom(seed);
  const order = Array.from({ length: PAIRS }, (_, pair) => pair);
  for (let i = PAIRS - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

function edge(within: number): number {
  const distance = Math.min(within, BLOCK_SAMPLES - within);
  return distance >= RAMP_SAMPLES ? 1 : (1 - Math.cos((Math.PI * distance) / RAMP_SAMPLES)) / 2;
}

const HANN = Float64Array.from(
  { length: WINDOW_SAMPLES },
  (_, i) => 1 - Math.cos((2 * Math.PI * (i + 0.5)) / WINDOW_SAMPLES),
);

const COSINE = Float64Array.from({ length: SAMPLE_RATE_HZ }, (_, i) =>
  Math.cos((2 * Math.PI * i) / SAMPLE_RATE_HZ),
);
const SINE = Float64Array.from({ length: SAMPLE_RATE_HZ }, (_, i) =>
  Math.sin((2 * Math.PI * i) / SAMPLE_RATE_HZ),
);
/** In this many samples every multiple of the step comes round. */
const STEP_PERIOD = SAMPLE_RATE_HZ / STEP_HZ;

/**
 * Amplitude of each frequency in a window whose weights average 1. With the first turned down to 0 Hz
 * the others are multiples of the step: samples one period apart go into one sum, and a frequency costs
 * a period instead of a window.
 */
function amplitudes(
  pcm: Int16Array,
  start: number,
  weights: Float64Array,
  { firstHz, count }: Comb,
): number[] {
  const [re, im] = [new Float64Array(STEP_PERIOD), new Float64Array(STEP_PERIOD)];
  for (let i = 0, place = 0, turn = 0; i < weights.length; i++) {
    const sample = weights[i]! * (pcm[start + i] ?? 0);
    re[place]! += sample * COSINE[turn]!;
    im[place]! -= sample * SINE[turn]!;
    if (++place === STEP_PERIOD) place = 0;
    turn += firstHz;
    if (turn >= SAMPLE_RATE_HZ) turn -= SAMPLE_RATE_HZ;
  }
  return Array.from({ length: count }, (_, k) => {
    let [x, y] = [0, 0];
    for (let i = 0, turn = 0; i < STEP_PERIOD; i++) {
      x += re[i]! * COSINE[turn]! + im[i]! * SINE[turn]!;
      y += im[i]! * COSINE[turn]! - re[i]! * SINE[turn]!;
      turn += k * STEP_HZ;
      if (turn >= SAMPLE_RATE_HZ) turn -= SAMPLE_RATE_HZ;
    }
    return (2 * Math.sqrt(x * x + y * y)) / weights.length;
  });
}

function strongest(levels: readonly number[], leastAmplitude: number): number {
  let best = -1;
  let first = 0;
  let second = 0;
  for (const [place, level] of levels.entries()) {
    if (level > first) {
      second = first;
      first = level;
      best = place;
    } else if (level > second) second = level;
  }
  return first >= leastAmplitude && first >= DOMINANCE * second ? best : -1;
}

export type SeenBlock = {
  /** Number of the block since the start of the sequence. */
  index: number;
  /** Middle of the windows that showed it, in samples. */
  centerSample: number;
  windows: number;
};

export type BlockReport = {
  seen: SeenBlock[];
  /** Blocks between the first and the last seen that no window shows. */
  missing: number[];
  /** Blocks that came, went and came again. */
  repeated: number[];
  /** Blocks that came before one with a lower number. */
  outOfOrder: number[];
  /** Windows of 100 ms that show no block clearly (edges between blocks are among them). */
  unclearWindows: number;
  windows: number;
};

/** Reads the blocks of one sequence out of linear PCM at 8 kHz. `near` is about the first block's number. */
export function analyseBlocks(
  pcm: Int16Array,
  sequence: BlockSequence,
  near = 0,
  leastAmplitude = PRESENT_AMPLITUDE,
): BlockReport {
  const runs: SeenBlock[] = [];
  let windows = 0;
  let unclearWindows = 0;
  let expected = near;
  const { lows, highs } = sequence;
  const pairAt = (start: number): number => {
    const low = strongest(amplitudes(pcm, start, HANN, lows), leastAmplitude);
    if (low < 0) return -1;
    const high = strongest(amplitudes(pcm, start, HANN, highs), leastAmplitude);
    return high < 0 ? -1 : sequence.indexOf(low, high);
  };
  for (let start = 0; start + WINDOW_SAMPLES <= pcm.length; start += HOP_SAMPLES) {
    windows++;
    const pair = pairAt(start);
    if (pair < 0) {
      unclearWindows++;
      continue;
    }
    const index = unwrap(pair, expected, sequence.cycle);
    expected = index;
    const center = start + WINDOW_SAMPLES / 2;
    const last = runs.at(-1);
    if (last?.index === index) {
      last.centerSample += (center - last.centerSample) / (last.windows + 1);
      last.windows++;
    } else runs.push({ index, centerSample: center, windows: 1 });
  }
  const report = judge(runs.filter((run) => run.windows >= 2));
  const missing = report.missing.filter((index) => {
    const pair = index % sequence.cycle;
    return !lookAgain(report.seen, index, (start) => pairAt(start) === pair);
  });
  return { ...report, missing, unclearWindows, windows };
}

/**
 * A click in the very middle of a block (a delay that grew, a packet concealed) leaves two halves of
 * 100 ms, and windows in the usual steps fall between. Small steps tell that from a block that is not there.
 */
function lookAgain(
  seen: readonly SeenBlock[],
  index: number,
  shows: (start: number) => boolean,
): boolean {
  const before = seen.findLast((block) => block.index < index)?.centerSample ?? 0;
  const after = seen.find((block) => block.index > index)?.centerSample ?? 0;
  let windows = 0;
  for (let start = Math.round(before); start + WINDOW_SAMPLES <= after; start += FINE_HOP_SAMPLES) {
    if (shows(start)) windows++;
  }
  return windows >= 2;
}

/**
 * Whether any block of this speaker is heard in `pcm`: four windows in a row show the same one. A glitch in
 * another speaker's tone smears it over the neighbouring lanes for a window or two; that is not a block.
 */
export function hearsSpeaker(pcm: Int16Array, sequence: BlockSequence): boolean {
  const { seen } = analyseBlocks(pcm, sequence, 0, FAINT_AMPLITUDE);
  return seen.some((block) => block.windows >= 4);
}

function unwrap(index: number, expected: number, cycle: number): number {
  const turns = Math.round((expected - index) / cycle);
  return Math.max(index, index + turns * cycle);
}

function judge(
  seen: SeenBlock[],
): Pick<BlockReport, 'seen' | 'missing' | 'repeated' | 'outOfOrder'> {
  const times = new Map<number, number>();
  const outOfOrder: number[] = [];
  for (const [place, { index }] of seen.entries()) {
    times.set(index, (times.get(index) ?? 0) + 1);
    const before = seen[place - 1];
    if (before && before.index > index) outOfOrder.push(before.index);
  }
  const numbers = [...times.keys()].sort((a, b) => a - b);
  const missing: number[] = [];
  for (let index = numbers[0] ?? 0; index < (numbers.at(-1) ?? 0); index++) {
    if (!times.has(index)) missing.push(index);
  }
  const repeated = numbers.filter((index) => (times.get(index) ?? 0) > 1);
  return { seen, missing, repeated, outOfOrder };
}

/** Where each block begins, to the sample: the matched filter of the block around its place. */
export function blockPositions(
  pcm: Int16Array,
  sequence: BlockSequence,
  near = 0,
): Map<number, number> {
  const positions = new Map<number, number>();
  for (const run of analyseBlocks(pcm, sequence, near).seen) {
    const guess = Math.round(run.centerSample) - BLOCK_SAMPLES / 2;
    if (guess < SEARCH_SAMPLES || guess + BLOCK_SAMPLES + SEARCH_SAMPLES > pcm.length) continue;
    if (run.windows < 3) continue;
    positions.set(
      run.index,
      bestMatch(pcm, sequence.render(run.index * BLOCK_SAMPLES, BLOCK_SAMPLES), guess),
    );
  }
  return positions;
}

/** A run of windows tells a block's place to about 10 ms. */
const SEARCH_SAMPLES = 120;

function bestMatch(pcm: Int16Array, block: Int16Array, guess: number): number {
  const from = guess - SEARCH_SAMPLES;
  const around = Float64Array.from(pcm.subarray(from, guess + SEARCH_SAMPLES + block.length));
  const wanted = Float64Array.from(block);
  let best = guess;
  let bestSum = -Infinity;
  for (let at = 0; at + wanted.length <= around.length; at++) {
    // Two sums that do not wait for each other; whole numbers, so it is the same in any order.
    let [even, odd] = [0, 0];
    for (let i = 0; i < wanted.length; i += 2) {
      even += around[at + i]! * wanted[i]!;
      odd += around[at + i + 1]! * wanted[i + 1]!;
    }
    const sum = even + odd;
    if (sum > bestSum) {
      bestSum = sum;
      best = from + at;
    }
  }
  return best;
}

/**
 * Median offset and robust drift (Theil-Sen) between two channels whose speakers began block 0 at the
 * same instant. When they did not, or one speaker's clock is off, `expectedMs` says how much later than
 * b's the block of a was *sent*; it is taken off first.
 */
export function compareTiming(
  a: ReadonlyMap<number, number>,
  b: ReadonlyMap<number, number>,
  expectedMs: (block: number) => number = () => 0,
): Timing {
  const points: Point[] = [];
  for (const [block, position] of a) {
    const other = b.get(block);
    if (other === undefined) continue;
    const offsetMs = ((position - other) * 1000) / SAMPLE_RATE_HZ - expectedMs(block);
    points.push({ atMinutes: other / SAMPLE_RATE_HZ / 60, offsetMs });
  }
  return fit(points);
}

/**
 * How much later each block lies in `positions` than it happened by another clock, up to a constant, and
 * how that drifts. `atMs` is undefined for a block of which nobody knows.
 */
export function delayOf(
  positions: ReadonlyMap<number, number>,
  atMs: (block: number) => number | undefined,
): Omit<Timing, 'offsetMs'> & { delayMs: number } {
  const points: Point[] = [];
  for (const [block, position] of positions) {
    const happenedMs = atMs(block);
    if (happenedMs === undefined) continue;
    const placeMs = (position * 1000) / SAMPLE_RATE_HZ;
    points.push({ atMinutes: placeMs / 60_000, offsetMs: placeMs - happenedMs });
  }
  const { offsetMs, ...rest } = fit(points);
  return { delayMs: offsetMs, ...rest };
}

export type Timing = {
  offsetMs: number;
  driftMsPerMinute: number;
  /** How long the delay was not set anew, at most: what the drift was seen in. */
  steadyMinutes: number;
  blocks: number;
};

type Point = { atMinutes: number; offsetMs: number };

/** What moved by more from one block to the next is a delay that was set anew, and no clock does that. */
const SET_ANEW_MS = 1.5;

function fit(points: readonly Point[]): Timing {
  const stretches = steadyStretches(smoothed(points));
  // Over a short time the correction of a clock looks like a drift.
  const apart = Math.max(1, ...stretches.map(({ length }) => Math.floor(length / 2)));
  return {
    offsetMs: median(points.map((point) => point.offsetMs)),
    driftMsPerMinute: median(stretches.flatMap((each) => slopesOf(each, apart))),
    steadyMinutes: Math.max(
      ...stretches.map((each) => (each.at(-1)?.atMinutes ?? 0) - (each[0]?.atMinutes ?? 0)),
    ),
    blocks: points.length,
  };
}

/** Blocks that were found at a wrong place, up to four in a row, are gone; a change that stays is kept as sharp as it is. */
function smoothed(points: readonly Point[]): Point[] {
  return points.map(({ atMinutes }, place) => {
    const near = points.slice(Math.max(0, place - 4), place + 5);
    return { atMinutes, offsetMs: median(near.map((point) => point.offsetMs)) };
  });
}

/** The points between one change of the delay and the next. */
function steadyStretches(points: readonly Point[]): Point[][] {
  const stretches: Point[][] = [];
  for (const [place, point] of points.entries()) {
    const moved = Math.abs(point.offsetMs - (points[place - 1]?.offsetMs ?? Infinity));
    if (moved > SET_ANEW_MS) stretches.push([]);
    stretches.at(-1)?.push(point);
  }
  return stretches;
}

function slopesOf(points: readonly Point[], apart: number): number[] {
  return points.flatMap((early, place) =>
    points
      .slice(place + apart)
      .map((late) => (late.offsetMs - early.offsetMs) / (late.atMinutes - early.atMinutes)),
  );
}

/**
 * Level of the frequencies of `intruder`'s lane in `pcm`, in dB of the level a speaker sends. Give
 * `owner` when the channel has one: then it is measured in the middle of the owner's blocks, where the
 * owner's own edges add nothing. `typical` is the median of the windows, `worst` the loudest; one lost or
 * late packet in a window spreads the owner's own energy over all frequencies, so expect `worst` only of an
 * undisturbed line.
 */
export function foreignLevelDb(
  pcm: Int16Array,
  intruder: BlockSequence,
  owner?: BlockSequence,
  near = 0,
): { worst: number; typical: number; windows: number } {
  const { lows, highs } = intruder;
  const levels: number[] = [];
  for (const start of measuringPlaces(pcm, owner, near)) {
    const loudest = Math.max(
      ...amplitudes(pcm, start, BLACKMAN_HARRIS, lows),
      ...amplitudes(pcm, start, BLACKMAN_HARRIS, highs),
    );
    levels.push(20 * Math.log10(Math.max(loudest, 1e-3) / AMPLITUDE));
  }
  return { worst: Math.max(-120, ...levels), typical: median(levels), windows: levels.length };
}

/** 180 ms, almost a whole block, and no side lobes: lanes 20 Hz apart are kept apart by more than 60 dB. */
const BLACKMAN_HARRIS = Float64Array.from({ length: 1440 }, (_, i) => {
  const turn = (2 * Math.PI * (i + 0.5)) / 1440;
  const [a1, a2, a3] = [0.48829, 0.14128, 0.01168];
  const shape = 0.35875 - a1 * Math.cos(turn) + a2 * Math.cos(2 * turn) - a3 * Math.cos(3 * turn);
  return shape / 0.35875;
});

function measuringPlaces(
  pcm: Int16Array,
  owner: BlockSequence | undefined,
  near: number,
): number[] {
  const length = BLACKMAN_HARRIS.length;
  if (owner) {
    return [...blockPositions(pcm, owner, near).values()].map(
      (position) => position + (BLOCK_SAMPLES - length) / 2,
    );
  }
  const places: number[] = [];
  for (let start = 0; start + length <= pcm.length; start += length / 2) places.push(start);
  return places;
}

function median(values: number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
