import { FRAME_SAMPLES, RTP_HEADER_BYTES, writeRtpHeader } from '../src/media/index.ts';
import { FrameReader, MAX_CALL, MAX_FRAME, writeFrame } from './sound-code.ts';
import type { Heard, Side } from './sound-code.ts';
import { SoundSocket, sockaddr } from './sound-socket.ts';

const FRAME_MS = 20;
/** Calls speak spread over the 20 ms, as calls of many people do. */
const SLOTS = 10;
const SLOT_MS = FRAME_MS / SLOTS;
/** A frame is read at most three packets after the one in which it began. */
const KEPT_PACKETS = 8;
const PACKET_BYTES = RTP_HEADER_BYTES + FRAME_SAMPLES;
/** A slot that ends so much later than due is the load's own fault. */
const LATE_MS = 10;
/** More would be seen in a 99th percentile. */
const MOST_LATE_PERCENT = 0.5;

type Place = { address: string; port: number };

/** One way of one call: what was said, when, and what of it was heard at the other end. */
class Way {
  readonly sentAtMs = new Float32Array(MAX_FRAME);
  readonly heardAtMs = new Float32Array(MAX_FRAME);
  repeated = 0;
  foreign = 0;
}

/** An ear: what it hears, packet by packet, and when each of the last ones came. */
class Ear {
  readonly reader = new FrameReader();
  readonly #arrivedMs = new Float64Array(KEPT_PACKETS);
  #packets = 0;

  hear(
    bytes: Uint8Array,
    from: number,
    nowMs: number,
    onFrame: (heard: Heard, atMs: number) => void,
  ): void {
    this.#arrivedMs[this.#packets++ % KEPT_PACKETS] = nowMs;
    this.reader.push(bytes, from, from + FRAME_SAMPLES, (heard) => {
      const { startsAt } = this.reader;
      const packet = Math.floor(startsAt / FRAME_SAMPLES);
      const intoPacketMs = ((startsAt % FRAME_SAMPLES) * FRAME_MS) / FRAME_SAMPLES;
      onFrame(heard, (this.#arrivedMs[packet % KEPT_PACKETS] ?? nowMs) + intoPacketMs);
    });
  }
}

export class Conversation {
  readonly call: number;
  readonly ways: Record<Side, Way> = { caller: new Way(), operator: new Way() };
  readonly ears: Record<Side, Ear> = { caller: new Ear(), operator: new Ear() };
  readonly to: Record<Side, Uint8Array>;
  /** The product's, toward each side. */
  readonly ports: Record<Side, number>;
  /** Packets each ear got that were not silence, whoever or whatever was to be heard. */
  readonly sounding: Record<Side, number> = { caller: 0, operator: 0 };
  frame = 0;
  readonly #startSequence = Math.floor(Math.random() * 30_000);

  constructor(call: number, to: Record<Side, Place>) {
    this.call = call;
    this.ports = { caller: to.caller.port, operator: to.operator.port };
    this.to = {
      caller: sockaddr(to.caller.address, to.caller.port),
      operator: sockaddr(to.operator.address, to.operator.port),
    };
  }

  write(side: Side, bytes: Uint8Array, at: number): void {
    writeRtpHeader(bytes.subarray(at, at + RTP_HEADER_BYTES), {
      marker: this.frame === 0,
      payloadType: 0,
      sequence: (this.#startSequence + this.frame) & 0xffff,
      timestamp: this.frame * FRAME_SAMPLES,
      ssrc: (side === 'caller' ? 0x10000000 : 0x20000000) + this.call,
    });
    writeFrame(bytes, at + RTP_HEADER_BYTES, { side, frame: this.frame, call: this.call });
  }
}

export type SoundFigures = {
  conversations: number;
  sent: number;
  lost: number;
  lossPercent: number;
  worstLossPercent: number;
  silentWays: number;
  repeated: number;
  foreign: number;
  oneWayMs: { p50: number; p99: number };
  /** The same 20 ms there and the 20 ms back: the sum of both ways. */
  roundTripMs: { p50: number; p99: number; p999: number };
  /** Frames that a join or a loss cut into, of the whole run: not heard, and counted among the lost. */
  worn: number;
  /** By how much a frame was spoken late, since the first call: to the product that is the network's jitter. */
  worstLateMs: number;
  /** Why the load itself, not what it measures, may have made these figures. */
  loadFaults: string[];
};

/** Speaks at both ends of every conversation, and as `hearing` knows each frame it gets by its content. */
export class SoundLoad {
  readonly sockets: Record<Side, SoundSocket>;
  readonly #hears: boolean;
  readonly #slots: Conversation[][] = Array.from({ length: SLOTS }, () => []);
  readonly #byPort: Record<Side, Map<number, Conversation>> = {
    caller: new Map(),
    operator: new Map(),
  };
  #slot = 0;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #window: { fromMs: number; toMs: number } = { fromMs: Infinity, toMs: Infinity };
  #lateSlots = 0;
  #worstLateMs = 0;
  readonly #all: Conversation[] = [];

  /** Deaf, it reads nothing: that is most of its work. */
  constructor(places: Record<Side, Place>, hearing: 'hearing' | 'deaf' = 'hearing') {
    this.#hears = hearing === 'hearing';
    const open = ({ address, port }: Place): SoundSocket =>
      new SoundSocket(address, port, PACKET_BYTES, hearing);
    this.sockets = { caller: open(places.caller), operator: open(places.operator) };
  }

  start(): void {
    this.#startedAtMs = performance.now();
    const beat = (): void => {
      this.#run();
      const dueMs = this.#startedAtMs + this.#slot * SLOT_MS;
      this.#timer = setTimeout(beat, Math.max(0, dueMs - performance.now()));
    };
    beat();
  }

  /** `to`: the product's ports toward the caller and toward the operator. */
  add(call: number, to: Record<Side, Place>): Conversation {
    const conversation = new Conversation(call % MAX_CALL, to);
    this.#slots[call % SLOTS]?.push(conversation);
    this.#byPort.caller.set(to.caller.port, conversation);
    this.#byPort.operator.set(to.operator.port, conversation);
    this.#all.push(conversation);
    return conversation;
  }

  /** Its call is over: it is forgotten, with what was heard of it. */
  remove(call: number): void {
    const slot = this.#slots[call % SLOTS] ?? [];
    const gone = slot.find((conversation) => conversation.call === call % MAX_CALL);
    if (!gone) return;
    slot.splice(slot.indexOf(gone), 1);
    this.#all.splice(this.#all.indexOf(gone), 1);
    for (const side of ['caller', 'operator'] as const) {
      // The product may have given the port to another call.
      const port = gone.ports[side];
      if (this.#byPort[side].get(port) === gone) this.#byPort[side].delete(port);
    }
  }

  stopSpeaking(): void {
    for (const slot of this.#slots) slot.length = 0;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.sockets.caller.close();
    this.sockets.operator.close();
  }

  openWindow(): void {
    this.#window = { fromMs: performance.now(), toMs: Infinity };
    this.#lateSlots = 0;
  }

  closeWindow(): void {
    this.#window.toMs = performance.now();
  }

  #run(): void {
    const nowMs = performance.now();
    if (this.#hears) {
      this.#read('caller', nowMs);
      this.#read('operator', nowMs);
    }
    for (;;) {
      const dueMs = this.#startedAtMs + this.#slot * SLOT_MS;
      if (dueMs > nowMs) break;
      const speakers = this.#slots[this.#slot++ % SLOTS] ?? [];
      if (speakers.length === 0) continue;
      this.#speak(speakers);
      // Counted when all of them are on their way: before that come the packets that were heard.
      const lateMs = performance.now() - dueMs;
      if (lateMs > LATE_MS) this.#lateSlots++;
      this.#worstLateMs = Math.max(this.#worstLateMs, lateMs);
    }
  }

  #speak(conversations: readonly Conversation[]): void {
    for (const side of ['caller', 'operator'] as const) {
      const out = this.sockets[side];
      for (const conversation of conversations) {
        const { bytes, at } = out.next(conversation.to[side]);
        conversation.write(side, bytes, at);
        conversation.ways[side].sentAtMs[conversation.frame] = performance.now();
      }
      out.flush();
    }
    for (const conversation of conversations) {
      conversation.frame = (conversation.frame + 1) % MAX_FRAME;
    }
  }

  /** What the ear of `side` hears is what the other side said. */
  #read(side: Side, nowMs: number): void {
    const speaker: Side = side === 'caller' ? 'operator' : 'caller';
    this.sockets[side].read((bytes, from, to, port) => {
      const conversation = this.#byPort[side].get(port);
      if (!conversation || to - from < PACKET_BYTES || ((bytes[from + 1] ?? 0) & 0x7f) !== 0)
        return;
      if (!isSilence(bytes, from + RTP_HEADER_BYTES, to)) conversation.sounding[side]++;
      const way = conversation.ways[speaker];
      conversation.ears[side].hear(bytes, from + RTP_HEADER_BYTES, nowMs, (heard, atMs) =>
        note(way, heard, { speaker, call: conversation.call, atMs }),
      );
    });
  }

  figures(): SoundFigures {
    const { fromMs, toMs } = this.#window;
    const oneWay: number[] = [];
    const roundTrip: number[] = [];
    const sum = { sent: 0, lost: 0, silent: 0, repeated: 0, foreign: 0, worst: 0 };
    for (const { ways } of this.#all) {
      const there = latencies(ways.caller, fromMs, toMs);
      const back = latencies(ways.operator, fromMs, toMs);
      for (const { sent, lost, ms } of [there, back]) {
        sum.sent += sent;
        sum.lost += lost;
        if (lost === sent) sum.silent++;
        sum.worst = Math.max(sum.worst, sent === 0 ? 1 : lost / sent);
        for (const each of ms.values()) oneWay.push(each);
      }
      for (const [frame, ms] of there.ms) {
        const msBack = back.ms.get(frame);
        if (msBack !== undefined) roundTrip.push(ms + msBack);
      }
      sum.repeated += ways.caller.repeated + ways.operator.repeated;
      sum.foreign += ways.caller.foreign + ways.operator.foreign;
    }
    oneWay.sort((a, b) => a - b);
    roundTrip.sort((a, b) => a - b);
    return {
      conversations: this.#all.length,
      sent: sum.sent,
      lost: sum.lost,
      lossPercent: sum.sent === 0 ? 100 : (100 * sum.lost) / sum.sent,
      worstLossPercent: 100 * sum.worst,
      silentWays: sum.silent,
      repeated: sum.repeated,
      foreign: sum.foreign,
      oneWayMs: { p50: quantile(oneWay, 0.5), p99: quantile(oneWay, 0.99) },
      roundTripMs: {
        p50: quantile(roundTrip, 0.5),
        p99: quantile(roundTrip, 0.99),
        p999: quantile(roundTrip, 0.999),
      },
      worn: this.#all.reduce(
        (all, { ears }) => all + ears.caller.reader.worn + ears.operator.reader.worn,
        0,
      ),
      worstLateMs: this.#worstLateMs,
      loadFaults: this.#faults(toMs - fromMs),
    };
  }

  #faults(windowMs: number): string[] {
    const sockets = [this.sockets.caller, this.sockets.operator];
    const unsent = sockets.reduce((sum, socket) => sum + socket.unsent, 0);
    const dropped = sockets.reduce((sum, socket) => sum + socket.dropped(), 0);
    const latePercent = (100 * this.#lateSlots) / (windowMs / SLOT_MS);
    const faults: string[] = [];
    if (unsent > 0) faults.push(`${unsent} frames could not be sent`);
    if (this.#hears && dropped > 0) faults.push(`${dropped} packets were not read in time`);
    if (latePercent > MOST_LATE_PERCENT) {
      faults.push(
        `${latePercent.toFixed(1)} % of the frames were spoken ${LATE_MS} ms late or more`,
      );
    }
    return faults;
  }
}

/** μ-law's two zeros and nothing else. */
function isSilence(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (((bytes[i] ?? 0xff) & 0x7f) !== 0x7f) return false;
  return true;
}

/** What was said between two moments, and how long each frame that was heard took. */
function latencies(
  way: Way,
  fromMs: number,
  toMs: number,
): { sent: number; lost: number; ms: Map<number, number> } {
  const ms = new Map<number, number>();
  let sent = 0;
  for (let frame = 0; frame < MAX_FRAME; frame++) {
    const sentAt = way.sentAtMs[frame] ?? 0;
    if (sentAt < fromMs || sentAt > toMs) continue;
    sent++;
    const heardAt = way.heardAtMs[frame] ?? 0;
    if (heardAt > 0) ms.set(frame, heardAt - sentAt);
  }
  return { sent, lost: sent - ms.size, ms };
}

function note(
  way: Way,
  heard: Heard,
  expected: { speaker: Side; call: number; atMs: number },
): void {
  if (heard.side !== expected.speaker || heard.call !== expected.call) way.foreign++;
  else if ((way.heardAtMs[heard.frame] ?? 0) > 0) way.repeated++;
  else way.heardAtMs[heard.frame] = expected.atMs;
}

/** Of sorted values; NaN when there are none. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
