import { BEAT_MS, TURNS } from './beat.ts';
import type { Beat, Turn } from './beat.ts';
import { FRAME_MS, FRAME_SAMPLES } from './mixer.ts';
import type { RtpHeader } from './rtp-packet.ts';
import { ABSENT, BEHIND_SAMPLES, SampleRing } from './sample-ring.ts';
import { nextSequence, timestampDistance } from './sequence.ts';

/**
 * What a popped frame is made of: received audio, a fading repetition of what came before, nothing. Of
 * `silence` every sample is zero.
 */
export type FrameKind = 'audio' | 'concealed' | 'silence';

const SAMPLES_PER_MS = 8;
const MAX_AHEAD_SAMPLES = 4800;
const MAX_LATE_SAMPLES = 4000;
const MAX_PACKET_SAMPLES = 960;
const CONCEALED_SAMPLES = 3 * FRAME_SAMPLES;
const NOTHING = new Int16Array(0);
const FADE = [0.7, 0.4, 0.15] as const;

/** Added to what was lacking, so that the next slightly slower packet is in time too. */
const MARGIN_MS = 2;
/**
 * A packet may come at least this long after the first one and still be in time, from the start. Played no
 * earlier than a frame after it came, it is there wherever in it a frame begins.
 */
const INITIAL_TOLERANCE_MS = FRAME_MS + MARGIN_MS;
const MAX_LATENCY_MS = 240;
/** When for ten seconds even the slowest packet waited longer than this, the delay is brought back to `LATENCY_KEPT_MS`. */
const LATENCY_TOO_MUCH_MS = 40;
const LATENCY_KEPT_MS = 25;
const QUIET_PEAK = 200;
const SILENCE_RESTART_MS = 2000;

const WINDOW_FRAMES = 100;
const WINDOWS_PER_REVIEW = 5;
const WINDOWS_FOR_SILENCE = 2;
const PACKETS_TO_JUDGE = 10;
const LATE_WHEN_SETTLED = 6;
const SETTLING_FRAMES = 250;
const DEADBAND_SAMPLES = 4;
/** 625 ppm, more than any clock is off. */
const MAX_SLIPS_PER_WINDOW = 10;
/** What moved by more from one window to the next is the network, and that is left to the depth. */
const MAX_CLOCK_ERROR_SAMPLES = 24;
/** One after the other they would be heard as another pitch: so it is 2 cents at most. */
const SLIP_EVERY_FRAMES = 5;
/** What is left out of a voice at once, every 2 s, when the delay is too long and nobody pauses. */
const MAX_SPLICE_SAMPLES = 120;
/** Less than this is not left out of a silence. */
const LEAST_DROP_SAMPLES = 40;
/** What was just played is looked for within this much further back: a period of any voice. */
const JOIN_SEARCH_SAMPLES = 100;
/** How much of it is compared, and over how much the two places are faded into each other. */
const JOIN_SAMPLES = 80;
const JOIN_FADE_SAMPLES = 40;
/** Of two places that fit about as well, the one that costs less delay. */
const JOIN_GOOD_ENOUGH = 0.95;

/** What jitter buffers did about jitter, loss and clocks. */
export type JitterCounters = ReturnType<typeof noJitter>;

export function noJitter(): Record<
  'late' | 'resyncs' | 'slips' | 'grown' | 'shrunk' | 'concealedFrames',
  number
> {
  return { late: 0, resyncs: 0, slips: 0, grown: 0, shrunk: 0, concealedFrames: 0 };
}

/**
 * Turns packets that come early, late, twice, out of order or not at all into one frame every 20 ms.
 *
 * Samples lie in a ring at their RTP timestamp, so packets of any length (10 … 60 ms) and any order
 * need no queue. Time is kept in four ways:
 * - **Turn.** At which beat of the 20 ms frames are read follows when the first packet came.
 * - **Depth.** A line begins with 22 to 26 ms. It grows by what was lacking when a packet comes near to being late:
 *   in the first 5 s for each, after that for the first one, and then for six within 2 s that did come late. It does
 *   so by a later turn, and where that does not suffice goes back to a place of the sound that is like the one left.
 *   When all packets of ten seconds waited long it shrinks: by an earlier turn, of which nothing is heard, then in
 *   silence, and where there is none by going ahead to such a place.
 * - **Clock drift.** The fastest packet of each 2 s shows how the sender's clock runs against ours;
 *   frames of 159 or 161 samples, stretched to 160, keep the delay where it is (1.6 a second for
 *   200 ppm). So a recording keeps the beat's time and never loses or repeats a frame. What moves by
 *   more than 3 ms at once is the network, not a clock.
 * - **Jumps.** Another SSRC or a timestamp far off counts once two packets in sequence agree.
 */
export class JitterBuffer {
  readonly #ring = new SampleRing();
  /** The last samples that came, from `#historyAt` on around; kept once something is missing. */
  #history = NOTHING;
  #historyAt = 0;
  /** The last samples that came lie in the ring, right behind where is read. */
  #isHistoryBehind = false;
  #missing = CONCEALED_SAMPLES;

  #started = false;
  /** All that came lately was too late to be heard, however long the line may wait. */
  #isDeaf = false;
  #ssrc = 0;
  #readTimestamp = 0;
  /** Behind the last sample that came. */
  #endTimestamp = 0;
  readonly #turn: Turn;
  #lastArrivalMs = 0;
  #candidate: { ssrc: number; sequence: number } | undefined;
  #toleranceMs = INITIAL_TOLERANCE_MS;

  #windowFrames = 0;
  #windowPackets = 0;
  #windowLate = 0;
  #smallestLatencyMs = Infinity;
  #framesSinceStart = 0;
  #largestLatencyMs = -Infinity;
  #referenceLatencyMs = Number.NaN;
  #pendingSlip = 0;
  #reviewWindows = 0;
  #smallestInReviewMs = Infinity;
  #excessSamples = 0;
  /** Where reading would have gone on had the delay not grown; faded out in the next frame. */
  #leftAt: number | undefined;

  /** What happened so far; read by metrics and tests. */
  readonly counters = noJitter();

  /** `turn`: when frames are read before anything came, on the clock of `insert`. */
  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Something came. Until then every frame is silence. */
  get hasStarted(): boolean {
    return this.#started;
  }

  /** Takes a packet that arrived at `nowMs`; `decode` is the table of its payload type. */
  insert(header: RtpHeader, datagram: Uint8Array, decode: Int16Array, nowMs: number): void {
    const samples = header.payloadEnd - header.payloadStart;
    if (samples === 0 || samples > MAX_PACKET_SAMPLES) return;
    if (!this.#belongs(header, nowMs)) return;
    this.#lastArrivalMs = nowMs;
    if (this.#isThere(header.timestamp)) return;
    this.#measure(timestampDistance(header.timestamp, this.#readTimestamp), nowMs);
    const lead = timestampDistance(header.timestamp, this.#readTimestamp);
    this.#ring.makeRoom(lead + samples, this.#readTimestamp);
    const end = (header.timestamp + samples) | 0;
    if (timestampDistance(end, this.#endTimestamp) > 0) this.#endTimestamp = end;
    const { samples: ring, mask } = this.#ring;
    const { payloadStart } = header;
    const begin = header.timestamp & mask;
    for (let i = Math.max(0, -lead); i < samples; i++) {
      ring[(begin + i) & mask] = decode[datagram[payloadStart + i] ?? 0] ?? 0;
    }
  }

  /** A turn in which nothing is read: what `pop` does before anything came, without the frame. */
  wait(beat: Beat): void {
    this.#turn.done(beat);
  }

  /** The next 20 ms into `frame`. One of the two is called whenever it is this line's turn. */
  pop(frame: Int16Array, beat: Beat): FrameKind {
    this.#turn.done(beat);
    if (!this.#started) {
      frame.fill(0);
      return 'silence';
    }
    this.#framesSinceStart++;
    const kind = this.#read(frame);
    const isFading = this.#fadeOver(frame);
    this.#dropInSilence(frame, kind);
    if (++this.#windowFrames >= WINDOW_FRAMES) this.#endWindow();
    return isFading && kind === 'silence' ? 'concealed' : kind;
  }

  /** It came twice: the second time it is neither late nor anything else. */
  #isThere(timestamp: number): boolean {
    const lead = timestampDistance(timestamp, this.#readTimestamp);
    const { samples: ring, mask } = this.#ring;
    return lead >= -BEHIND_SAMPLES && (ring[timestamp & mask] ?? ABSENT) !== ABSENT;
  }

  #belongs(header: RtpHeader, nowMs: number): boolean {
    const lead = timestampDistance(header.timestamp, this.#readTimestamp);
    const known =
      this.#started &&
      !this.#isDeaf &&
      header.ssrc === this.#ssrc &&
      lead <= MAX_AHEAD_SAMPLES &&
      lead >= -MAX_LATE_SAMPLES;
    if (known && nowMs - this.#lastArrivalMs < SILENCE_RESTART_MS) {
      this.#candidate = undefined;
      return true;
    }
    const agreed =
      this.#candidate?.ssrc === header.ssrc && this.#candidate.sequence === header.sequence;
    if (this.#started && !known && !agreed) {
      this.#candidate = { ssrc: header.ssrc, sequence: nextSequence(header.sequence) };
      return false;
    }
    this.#start(header, nowMs);
    return true;
  }

  /** Plays from this packet on, beginning with the first beat that leaves enough tolerance. */
  #start(header: RtpHeader, nowMs: number): void {
    if (this.#started) this.counters.resyncs++;
    const turns = this.#takeTurn(nowMs + this.#toleranceMs);
    if (this.#isHistoryBehind) this.#keepHistory();
    this.#readTimestamp = (header.timestamp - FRAME_SAMPLES * (turns - 1)) | 0;
    this.#endTimestamp = header.timestamp | 0;
    this.#ring.clear();
    this.#started = true;
    this.#isDeaf = false;
    this.#ssrc = header.ssrc;
    this.#candidate = undefined;
    this.#lastArrivalMs = nowMs;
    this.#framesSinceStart = 0;
    this.#unlock();
  }

  /** Moves the turn to the first beat that is not before `earliestMs`. How many turns it is until then, with that one. */
  #takeTurn(earliestMs: number): number {
    const { beat, lastMs } = this.#turn;
    const beats = Math.max(1, Math.ceil((earliestMs - lastMs) / BEAT_MS));
    this.#turn.moveTo((beat + beats) % TURNS);
    const waitMs = lastMs + beats * BEAT_MS - this.#turn.lastMs;
    return Math.max(1, Math.round(waitMs / FRAME_MS));
  }

  /**
   * Notes how early or late a packet is, and grows the delay where it does not suffice: as long as it
   * is new for the first packet that might not be in time, so that all of it is found at the start.
   */
  #measure(lead: number, nowMs: number): void {
    this.#windowPackets++;
    const turnsAway = Math.floor(lead / FRAME_SAMPLES) + 1;
    const spareMs = this.#turn.lastMs + FRAME_MS * turnsAway - nowMs;
    const latencyMs = this.#turn.lastMs + FRAME_MS + lead / SAMPLES_PER_MS - nowMs;
    this.#largestLatencyMs = Math.max(this.#largestLatencyMs, latencyMs);
    this.#smallestInReviewMs = Math.min(this.#smallestInReviewMs, latencyMs);
    this.#smallestLatencyMs = Math.min(this.#smallestLatencyMs, latencyMs);
    if (lead < 0) {
      this.counters.late++;
      this.#windowLate++;
    }
    if (!this.#isScarce(spareMs, latencyMs)) return;
    // One packet that comes late after a calm time is given what it lacks, a jittering line what its slowest does.
    const lackingMs = this.#isGuess && this.#isSettled ? MARGIN_MS - spareMs : this.#lackingMs;
    this.#grow(lackingMs, Math.max(0, -lead));
  }

  /**
   * A packet played 20 ms after it came is in time wherever frames begin within it, and where they
   * begin moves with every slip.
   */
  get #lackingMs(): number {
    return FRAME_MS + MARGIN_MS - this.#smallestLatencyMs;
  }

  /** A delay that never grew is a guess, which the first packet that comes near to being late refutes. */
  get #isGuess(): boolean {
    return this.#toleranceMs <= INITIAL_TOLERANCE_MS;
  }

  get #isSettled(): boolean {
    return this.#framesSinceStart >= SETTLING_FRAMES;
  }

  #isScarce(spareMs: number, latencyMs: number): boolean {
    if (this.#isGuess) return spareMs < MARGIN_MS;
    if (!this.#isSettled) return latencyMs < FRAME_MS;
    return this.#windowLate >= LATE_WHEN_SETTLED;
  }

  /**
   * Waits so much longer, in whole beats: by a later turn, of which nothing is heard. What came too late, `missed`
   * samples, is played nevertheless, for which as much is played again; the turn may then be an earlier one. So is a
   * frame where the later turn would lie in the next one.
   */
  #grow(byMs: number, missedSamples = 0): void {
    const mostMs = MAX_LATENCY_MS - this.#toleranceMs;
    const wantedMs = Math.min(byMs, mostMs);
    if (wantedMs <= 0) return;
    const { beat } = this.#turn;
    const missed = Math.min(missedSamples, Math.floor((mostMs + beat * BEAT_MS) * SAMPLES_PER_MS));
    const target = beat + Math.ceil((wantedMs - missed / SAMPLES_PER_MS) / BEAT_MS);
    const frames = Math.max(0, Math.floor(target / TURNS));
    const turn = Math.max(0, target - frames * TURNS);
    this.#turn.moveTo(turn);
    const again = missed + frames * FRAME_SAMPLES;
    const leftAt = this.#readTimestamp;
    const samples = again > 0 ? this.#goBack(again) : 0;
    // What is late was made up in its place: that is not faded into it, which would take its beginning away.
    if (again > 0 && missed === 0) this.#leftAt = leftAt;
    this.#toleranceMs += (turn - beat) * BEAT_MS + samples / SAMPLES_PER_MS;
    this.counters.grown++;
    this.#unlock();
  }

  /**
   * To a place that sounds like the one that is left, so that a voice goes on without a click. How many samples it is,
   * in the end.
   */
  #goBack(atLeast: number): number {
    const samples = this.#bestJoin(Math.min(atLeast, BEHIND_SAMPLES));
    const ahead = timestampDistance(this.#endTimestamp, this.#readTimestamp);
    this.#ring.makeRoom(ahead + samples, this.#readTimestamp);
    this.#readTimestamp = (this.#readTimestamp - samples) | 0;
    return samples;
  }

  /**
   * How far to go back, `atLeast` or a little more, so that what was just played fits what comes.
   * Negative: how far to go ahead, at most.
   */
  #bestJoin(atLeast: number): number {
    const furthest = Math.min(atLeast + JOIN_SEARCH_SAMPLES, BEHIND_SAMPLES - JOIN_SAMPLES);
    let best = atLeast;
    let bestFit = 0;
    for (let back = atLeast; back <= furthest; back++) {
      const fit = this.#likeness(back);
      if (fit * JOIN_GOOD_ENOUGH > bestFit) {
        best = back;
        bestFit = fit;
      }
    }
    return best;
  }

  /** -1 … 1: the last `JOIN_SAMPLES` played against those `back` samples before them. */
  #likeness(back: number): number {
    const { samples: ring, mask } = this.#ring;
    let both = 0;
    let here = 0;
    let there = 0;
    for (let i = 1; i <= JOIN_SAMPLES; i++) {
      const at = this.#readTimestamp - i;
      const a = ring[at & mask] ?? ABSENT;
      const b = ring[(at - back) & mask] ?? ABSENT;
      if (a === ABSENT || b === ABSENT) continue;
      both += a * b;
      here += a * a;
      there += b * b;
    }
    return both / Math.sqrt(here * there + 1);
  }

  /** Fades from where reading was to where it is. What of the old place never came fades nothing. */
  #fadeOver(frame: Int16Array): boolean {
    if (this.#leftAt === undefined) return false;
    const { samples: ring, mask } = this.#ring;
    for (let i = 0; i < JOIN_FADE_SAMPLES; i++) {
      const old = ring[(this.#leftAt + i) & mask] ?? ABSENT;
      if (old === ABSENT) break;
      const share = (i + 1) / (JOIN_FADE_SAMPLES + 1);
      frame[i] = Math.round(old + ((frame[i] ?? 0) - old) * share);
    }
    this.#leftAt = undefined;
    return true;
  }

  /** Forgets the reference of the drift control: the delay was changed on purpose. */
  #unlock(): void {
    this.#referenceLatencyMs = Number.NaN;
    this.#pendingSlip = 0;
    this.#excessSamples = 0;
    this.#beginReview();
    this.#beginWindow();
  }

  #beginReview(): void {
    this.#reviewWindows = 0;
    this.#smallestInReviewMs = Infinity;
  }

  #beginWindow(): void {
    this.#windowFrames = 0;
    this.#windowPackets = 0;
    this.#windowLate = 0;
    this.#smallestLatencyMs = Infinity;
    this.#largestLatencyMs = -Infinity;
  }

  #endWindow(): void {
    if (this.#windowPackets >= PACKETS_TO_JUDGE) {
      this.#isDeaf = this.#windowLate === this.#windowPackets;
      this.#followClock();
    }
    if (++this.#reviewWindows >= WINDOWS_PER_REVIEW) this.#reviewDepth();
    this.#splice();
    this.#beginWindow();
  }

  #followClock(): void {
    if (Number.isNaN(this.#referenceLatencyMs)) {
      this.#referenceLatencyMs = this.#largestLatencyMs;
      return;
    }
    const error = (this.#largestLatencyMs - this.#referenceLatencyMs) * SAMPLES_PER_MS;
    if (Math.abs(error) > MAX_CLOCK_ERROR_SAMPLES) {
      this.#referenceLatencyMs = this.#largestLatencyMs;
      this.#pendingSlip = 0;
      return;
    }
    // Half of the error per window: the correction is still under way while the next one is measured.
    const wanted = Math.abs(error) > DEADBAND_SAMPLES ? Math.round(error / 2) : 0;
    this.#pendingSlip = Math.max(-MAX_SLIPS_PER_WINDOW, Math.min(MAX_SLIPS_PER_WINDOW, wanted));
  }

  /** Too deep: brought back all the way, by an earlier turn at once, and what that cannot do little by little. */
  #reviewDepth(): void {
    const latencyMs = this.#smallestInReviewMs;
    const allowedMs = this.#excessSamples > 0 ? LATENCY_KEPT_MS : LATENCY_TOO_MUCH_MS;
    const excessMs =
      latencyMs === Infinity || latencyMs <= allowedMs ? 0 : latencyMs - LATENCY_KEPT_MS;
    if (excessMs > 0 && this.#excessSamples === 0) this.counters.shrunk++;
    this.#excessSamples = Math.floor(excessMs * SAMPLES_PER_MS);
    const { beat } = this.#turn;
    const earlier = Math.min(beat, Math.floor(excessMs / BEAT_MS));
    this.#turn.moveTo(beat - earlier);
    this.#shrunkBy(earlier * BEAT_MS * SAMPLES_PER_MS);
    this.#beginReview();
  }

  /** So much of the delay is gone, on purpose. */
  #shrunkBy(samples: number): void {
    this.#excessSamples -= samples;
    const ms = samples / SAMPLES_PER_MS;
    this.#referenceLatencyMs -= ms;
    this.#largestLatencyMs -= ms;
    this.#smallestLatencyMs -= ms;
    this.#smallestInReviewMs -= ms;
    this.#toleranceMs = Math.max(INITIAL_TOLERANCE_MS, this.#toleranceMs - ms);
  }

  /** Too deep, and no silence came since that was found: a little of the voice is left out. */
  #splice(): void {
    if (this.#excessSamples < MAX_SPLICE_SAMPLES || this.#reviewWindows < WINDOWS_FOR_SILENCE)
      return;
    const ahead = -this.#bestJoin(-MAX_SPLICE_SAMPLES);
    this.#leftAt = this.#readTimestamp;
    this.#advance(ahead);
    this.#shrunkBy(ahead);
  }

  /** What is too much of a silent frame is left out: nobody hears it. */
  #dropInSilence(frame: Int16Array, kind: FrameKind): void {
    if (this.#excessSamples < LEAST_DROP_SAMPLES || kind !== 'audio') return;
    for (const sample of frame) if (sample > QUIET_PEAK || sample < -QUIET_PEAK) return;
    const samples = Math.min(this.#excessSamples, FRAME_SAMPLES);
    if (!this.#isQuietFor(samples)) return;
    this.#advance(samples);
    this.#shrunkBy(samples);
  }

  /** Nothing is said in the samples that come next, and they are there. */
  #isQuietFor(count: number): boolean {
    const { samples: ring, mask } = this.#ring;
    for (let i = 0; i < count; i++) {
      const sample = ring[(this.#readTimestamp + i) & mask] ?? ABSENT;
      if (sample > QUIET_PEAK || sample < -QUIET_PEAK) return false;
    }
    return true;
  }

  #read(frame: Int16Array): FrameKind {
    if (this.#windowFrames % SLIP_EVERY_FRAMES !== 0 || this.#pendingSlip === 0) {
      return this.#readSamples(frame, FRAME_SAMPLES);
    }
    const step = Math.sign(this.#pendingSlip);
    this.#pendingSlip -= step;
    this.counters.slips++;
    const length = FRAME_SAMPLES + step;
    const kind = this.#readSamples(stretched, length);
    stretch(stretched, length, frame);
    return kind;
  }

  #readSamples(out: Int16Array, length: number): FrameKind {
    if (length === FRAME_SAMPLES && this.#readWhole(out)) return 'audio';
    const wasSilent = this.#missing >= CONCEALED_SAMPLES;
    if (wasSilent && timestampDistance(this.#endTimestamp, this.#readTimestamp) <= 0) {
      out.fill(0);
      this.#advance(length);
      return 'silence';
    }
    this.#keepHistory();
    const { samples: ring, mask } = this.#ring;
    const begin = this.#readTimestamp & mask;
    let received = 0;
    for (let i = 0; i < length; i++) {
      const sample = ring[(begin + i) & mask] ?? ABSENT;
      if (sample !== ABSENT) {
        this.#history[this.#historyAt] = sample;
        this.#historyAt = this.#historyAt + 1 === FRAME_SAMPLES ? 0 : this.#historyAt + 1;
        this.#missing = 0;
        received++;
        out[i] = sample;
      } else out[i] = this.#conceal();
    }
    this.#advance(length);
    if (received > 0) return 'audio';
    if (wasSilent) return 'silence';
    this.counters.concealedFrames++;
    return 'concealed';
  }

  /** The usual case, made quick: a frame of which everything is there. */
  #readWhole(out: Int16Array): boolean {
    const { samples: ring, mask } = this.#ring;
    const begin = this.#readTimestamp & mask;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = ring[(begin + i) & mask] ?? ABSENT;
      if (sample === ABSENT) return false;
      out[i] = sample;
    }
    this.#isHistoryBehind = true;
    this.#missing = 0;
    this.#advance(FRAME_SAMPLES);
    return true;
  }

  #keepHistory(): void {
    if (this.#history === NOTHING) this.#history = new Int16Array(FRAME_SAMPLES);
    if (!this.#isHistoryBehind) return;
    this.#isHistoryBehind = false;
    this.#historyAt = 0;
    const { samples: ring, mask } = this.#ring;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = ring[(this.#readTimestamp - FRAME_SAMPLES + i) & mask] ?? ABSENT;
      this.#history[i] = sample === ABSENT ? 0 : sample;
    }
  }

  /** What was heard 20 ms ago, softer each time, for 60 ms; then silence. */
  #conceal(): number {
    const gain = FADE[Math.floor(this.#missing / FRAME_SAMPLES)] ?? 0;
    const sample = this.#history[(this.#historyAt + this.#missing) % FRAME_SAMPLES] ?? 0;
    this.#missing = Math.min(this.#missing + 1, CONCEALED_SAMPLES);
    return Math.round(sample * gain);
  }

  #advance(samples: number): void {
    this.#ring.forget(this.#readTimestamp - BEHIND_SAMPLES, samples);
    this.#readTimestamp = (this.#readTimestamp + samples) | 0;
  }
}

/** Samples of a frame to be stretched: of one buffer at a time. */
const stretched = new Int16Array(FRAME_SAMPLES + 1);

/** Each output sample is a weighted sum of this many around its place. */
const TAPS = 16;
const TAPS_BEFORE = TAPS / 2 - 1;
const SHORTER = stretchWeights(FRAME_SAMPLES - 1);
const LONGER = stretchWeights(FRAME_SAMPLES + 1);
/** What is stretched, with nothing before and behind it. */
const padded = new Float64Array(FRAME_SAMPLES + 1 + TAPS);

/**
 * `length` samples (159 or 161) as one frame; first and last samples stay. A straight line between
 * samples would take half of a voice's upper tones away in the middle of the frame.
 */
function stretch(from: Int16Array, length: number, frame: Int16Array): void {
  const weights = length < FRAME_SAMPLES ? SHORTER : LONGER;
  const step = (length - 1) / (FRAME_SAMPLES - 1);
  padded.set(from, TAPS_BEFORE);
  padded.fill(0, TAPS_BEFORE + length);
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const first = Math.floor(i * step);
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      sum += (weights[i * TAPS + tap] ?? 0) * (padded[first + tap] ?? 0);
    }
    frame[i] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
}

/** Windowed sinc (Hann), `TAPS` weights for each sample of a frame. */
function stretchWeights(length: number): Float64Array {
  const weights = new Float64Array(FRAME_SAMPLES * TAPS);
  const step = (length - 1) / (FRAME_SAMPLES - 1);
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const fraction = i * step - Math.floor(i * step);
    for (let tap = 0; tap < TAPS; tap++) {
      const away = tap - TAPS_BEFORE - fraction;
      const sinc = away === 0 ? 1 : Math.sin(Math.PI * away) / (Math.PI * away);
      weights[i * TAPS + tap] = (sinc * (1 + Math.cos((2 * Math.PI * away) / TAPS))) / 2;
    }
  }
  return weights;
}
