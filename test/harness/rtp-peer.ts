import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import {
  ALAW_DECODE,
  ALAW_ENCODE,
  FRAME_SAMPLES,
  MULAW_DECODE,
  MULAW_ENCODE,
  RTP_HEADER_BYTES,
  dtmfPayloads,
  emptyRtpHeader,
  encodeInto,
  readRtpHeader,
  sequenceDistance,
  timestampDistance,
  writeRtpHeader,
} from '../../src/media/index.ts';
import type { Codec } from '../../src/media/index.ts';
import { seededRandom } from './tone-blocks.ts';
import type { BlockSequence } from './tone-blocks.ts';

export type PeerNetwork = {
  /** Each packet is late by 0 … this. */
  jitterMs?: number;
  loss?: number;
  /** The peer's clock against ours. */
  ppm?: number;
  seed?: number;
};

/** `atMs` on the machine's clock since its start. */
type HeardPacket = {
  atMs: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  pcm: Int16Array;
};

/** A telephone's audio: sends a block sequence as RTP and keeps what it hears. */
export class RtpPeer {
  readonly socket: Socket;
  readonly codec: Codec;
  readonly ssrc: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly heard: HeardPacket[] = [];
  #sequence = 65_500;
  #timestamp = 4_294_900_000;
  #sending = false;
  /** When the first frame was due, on the clock of `performance.now()`. */
  spokeAtMs = 0;
  /** How late a frame of ours left at worst: this process had no time. */
  worstLateMs = 0;

  private constructor(socket: Socket, codec: Codec, ssrc: number) {
    this.socket = socket;
    this.ssrc = ssrc;
    this.codec = codec;
    socket.on('message', (datagram) => this.#hear(datagram));
  }

  /** `ssrc`: for one who pretends to be another. */
  static async open(
    codec: Codec = 'PCMU',
    address = '127.0.0.1',
    ssrc = Math.floor(Math.random() * 0xffff_ffff),
  ): Promise<RtpPeer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1_000_000 });
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
    return new RtpPeer(socket, codec, ssrc);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** An offer or answer with this peer's address. */
  sdp(direction = 'sendrecv'): string {
    const { address, port } = this.socket.address();
    const type = this.codec === 'PCMU' ? 0 : 8;
    return [
      'v=0',
      `o=- 1 1 IN IP4 ${address}`,
      's=-',
      `c=IN IP4 ${address}`,
      't=0 0',
      `m=audio ${port} RTP/AVP ${type} 101`,
      'a=rtpmap:101 telephone-event/8000',
      `a=${direction}`,
      '',
    ].join('\r\n');
  }

  /** Speaks to where `localSdp` says, on an absolute schedule, until `stop`. */
  speak(localSdp: string, sequence: BlockSequence, network: PeerNetwork = {}): void {
    const to = readTarget(localSdp);
    const random = seededRandom(network.seed ?? 1);
    const frameMs = 20 / (1 + (network.ppm ?? 0) * 1e-6);
    const start = performance.now();
    this.spokeAtMs = start;
    let frame = 0;
    this.#sending = true;
    const step = (): void => {
      if (!this.#sending) return;
      this.worstLateMs = Math.max(this.worstLateMs, performance.now() - start - frame * frameMs);
      while (start + frame * frameMs <= performance.now()) {
        const packet = this.#packet(sequence.render(frame * FRAME_SAMPLES, FRAME_SAMPLES));
        frame++;
        if (random() < (network.loss ?? 0)) continue;
        const lateMs = random() * (network.jitterMs ?? 0);
        if (lateMs === 0) this.#send(packet, to);
        else this.#later(lateMs, () => this.#send(packet, to));
      }
      this.#later(Math.max(1, start + frame * frameMs - performance.now()), step);
    };
    step();
  }

  /** Presses a key for 100 ms. */
  press(localSdp: string, digit: string): void {
    const to = readTarget(localSdp);
    const payloads = dtmfPayloads(digit, 100) ?? [];
    for (const payload of payloads) {
      const packet = new Uint8Array(RTP_HEADER_BYTES + payload.length);
      this.#writeHeader(packet, 101);
      packet.set(payload, RTP_HEADER_BYTES);
      this.#send(packet, to);
    }
    this.#timestamp = (this.#timestamp + 1600) >>> 0;
  }

  stop(): void {
    this.#sending = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  close(): Promise<void> {
    this.stop();
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  /** Packets missing in what was heard: lost on the way or by this process's socket. */
  get lost(): number {
    return this.heard.reduce((sum, { sequence }, index) => {
      const before = this.heard[index - 1];
      return before ? sum + Math.max(0, sequenceDistance(sequence, before.sequence) - 1) : 0;
    }, 0);
  }

  /** When the first sample of `pcm()` came, judged by the packets that came quickest. */
  get firstHeardMs(): number {
    const first = this.heard[0]?.timestamp ?? 0;
    const starts = this.heard.map(
      ({ atMs, timestamp }) => atMs - timestampDistance(timestamp, first) / 8,
    );
    return Math.min(...starts);
  }

  /** What was heard from the `from`th packet on, each packet at its timestamp's place. */
  pcm(from = 0): Int16Array {
    const packets = this.heard.slice(from);
    const first = packets[0]?.timestamp ?? 0;
    const length = Math.max(0, ...packets.map((each) => timestampDistance(each.timestamp, first)));
    const pcm = new Int16Array(length + FRAME_SAMPLES);
    for (const { timestamp, pcm: part } of packets) {
      pcm.set(part, timestampDistance(timestamp, first));
    }
    return pcm;
  }

  /**
   * Whether the stream had one SSRC, unbroken sequence numbers and timestamps that go on by whole
   * frames. More than one frame at once means that the sender's machine was held up.
   */
  isContinuous(): boolean {
    return this.heard.every((packet, index) => {
      const before = this.heard[index - 1];
      if (!before) return true;
      const step = timestampDistance(packet.timestamp, before.timestamp);
      return (
        packet.ssrc === before.ssrc &&
        sequenceDistance(packet.sequence, before.sequence) === 1 &&
        step > 0 &&
        step % FRAME_SAMPLES === 0
      );
    });
  }

  #later(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, delayMs);
    this.#timers.add(timer);
  }

  #packet(pcm: Int16Array): Uint8Array {
    const packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES);
    this.#writeHeader(packet, this.codec === 'PCMU' ? 0 : 8);
    encodeInto(this.codec === 'PCMU' ? MULAW_ENCODE : ALAW_ENCODE, pcm, packet, RTP_HEADER_BYTES);
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    return packet;
  }

  #writeHeader(packet: Uint8Array, payloadType: number): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    writeRtpHeader(packet, {
      marker: false,
      payloadType,
      sequence: this.#sequence,
      timestamp: this.#timestamp,
      ssrc: this.ssrc,
    });
  }

  #send(packet: Uint8Array, to: { address: string; port: number }): void {
    if (this.#sending || packet.length < 100) {
      this.socket.send(packet, to.port, to.address, () => undefined);
    }
  }

  #hear(datagram: Uint8Array): void {
    const header = emptyRtpHeader();
    if (!readRtpHeader(datagram, header)) return;
    const table = header.payloadType === 8 ? ALAW_DECODE : MULAW_DECODE;
    const codes = datagram.subarray(header.payloadStart, header.payloadEnd);
    const { sequence, timestamp, ssrc } = header;
    this.heard.push({
      atMs: performance.now(),
      sequence,
      timestamp,
      ssrc,
      pcm: Int16Array.from(codes, (code) => table[code] ?? 0),
    });
  }
}

/** Address and port of the audio in an SDP. */
export function readTarget(sdp: string): { address: string; port: number } {
  const address = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1] ?? '';
  const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
  return { address, port };
}
