import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import {
  FRAME_SAMPLES,
  MULAW_ENCODE,
  RTP_HEADER_BYTES,
  dtmfPayloads,
  emptyRtpHeader,
  encodeInto,
  readRtpHeader,
  sequenceDistance,
  writeRtpHeader,
} from '../../src/media/index.ts';
import { readTarget } from '../harness/rtp-peer.ts';

export type Party = 'caller' | 'operator' | 'contact';
/** Unix ms, from and to. */
export type Stretch = readonly [number, number];

const FRAME_MS = 20;
/** A frame holds whole periods of each: all frames of a party are one, and the three do not touch each other. */
export const TONE_HZ: Record<Party, number> = { caller: 650, operator: 1050, contact: 1650 };
export const TONE_AMPLITUDE = 8000;
export const TONE_FRAMES: Record<Party, Uint8Array> = {
  caller: toneOf('caller'),
  operator: toneOf('operator'),
  contact: toneOf('contact'),
};
/** A frame of ours that left so late may not have been waited for. */
const LATE_MS = 30;
/** Whoever hears nothing for so long while a call is up would ask whether somebody is there. */
const SILENT_MS = 400;

function toneOf(party: Party): Uint8Array {
  const turn = (2 * Math.PI * TONE_HZ[party]) / 8000;
  const pcm = Int16Array.from({ length: FRAME_SAMPLES }, (_, i) =>
    Math.round(TONE_AMPLITUDE * Math.sin(turn * i)),
  );
  const frame = new Uint8Array(FRAME_SAMPLES);
  encodeInto(MULAW_ENCODE, pcm, frame, 0);
  return frame;
}

/** The sound of one telephone: the tone of its party while its line is up, and what comes back. */
export class ToneLine {
  /** When it began to speak. */
  spokeFromMs: number | undefined;
  /** What was not right in the stream that came. */
  readonly faults: { atMs: number; text: string }[] = [];
  readonly #socket: Socket;
  readonly #party: Party;
  readonly #ssrc = Math.floor(Math.random() * 0xffff_ffff);
  #to: { address: string; port: number } | undefined;
  #sequence = 0;
  #timestamp = 0;
  #heard: { sequence: number; ssrc: number; atMs: number } | undefined;

  private constructor(socket: Socket, party: Party) {
    this.#socket = socket;
    this.#party = party;
    socket.on('message', (datagram) => this.#hear(datagram));
  }

  static async open(party: Party): Promise<ToneLine> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1_000_000 });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new ToneLine(socket, party);
  }

  sdp(): string {
    const { port } = this.#socket.address();
    const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'];
    const audio = [`m=audio ${port} RTP/AVP 0 101`, 'a=rtpmap:101 telephone-event/8000'];
    return [...lines, ...audio, ''].join('\r\n');
  }

  /** Speaks to where the other side's SDP says. */
  speak(sdp: string): void {
    this.#to = readTarget(sdp);
    this.spokeFromMs ??= Date.now();
  }

  /** The next 20 ms. */
  send(): void {
    this.#send(0, TONE_FRAMES[this.#party]);
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
  }

  press(digit: string): void {
    for (const payload of dtmfPayloads(digit, 100) ?? []) this.#send(101, payload);
  }

  /** The telephone is put down. */
  stop(): void {
    this.#to = undefined;
  }

  close(): void {
    this.stop();
    this.#socket.close();
  }

  #send(payloadType: number, payload: Uint8Array): void {
    if (!this.#to) return;
    const packet = new Uint8Array(RTP_HEADER_BYTES + payload.length);
    const header = { sequence: this.#sequence, timestamp: this.#timestamp, ssrc: this.#ssrc };
    writeRtpHeader(packet, { marker: false, payloadType, ...header });
    packet.set(payload, RTP_HEADER_BYTES);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#socket.send(packet, this.#to.port, this.#to.address, () => undefined);
  }

  #hear(datagram: Uint8Array): void {
    const header = emptyRtpHeader();
    if (!readRtpHeader(datagram, header)) return;
    const { sequence, ssrc } = header;
    const atMs = Date.now();
    const before = this.#heard;
    this.#heard = { sequence, ssrc, atMs };
    if (!before) return;
    const fault = (text: string): void => void this.faults.push({ atMs, text });
    const step = sequenceDistance(sequence, before.sequence);
    // An INVITE that is taken again, after a death in its first moment, has another leg.
    const isAnswered = this.spokeFromMs !== undefined;
    if (ssrc !== before.ssrc && isAnswered) fault('another SSRC');
    else if (step !== 1 && ssrc === before.ssrc) fault(`a step of ${step} in the sequence`);
    const silentMs = atMs - before.atMs;
    if (silentMs > SILENT_MS) fault(`nothing came for ${silentMs} ms`);
  }
}

/** All telephones' sound, by one clock. */
export class ToneLines {
  /** When this process had no time to speak. */
  readonly stalls: Stretch[] = [];
  readonly #lines = new Set<ToneLine>();
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #frames = 0;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), FRAME_MS / 2);
  }

  async open(party: Party): Promise<ToneLine> {
    const line = await ToneLine.open(party);
    this.#lines.add(line);
    return line;
  }

  /** Whatever was opened is silent and forgotten. */
  clear(): void {
    for (const line of this.#lines) line.close();
    this.#lines.clear();
    this.stalls.length = 0;
  }

  close(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #tick(): void {
    const lateMs = performance.now() - this.#startMs - this.#frames * FRAME_MS;
    if (lateMs > LATE_MS) this.stalls.push([Date.now() - lateMs, Date.now()]);
    for (let due = Math.floor(lateMs / FRAME_MS) + 1; due > 0; due--) {
      this.#frames++;
      for (const line of this.#lines) line.send();
    }
  }
}
