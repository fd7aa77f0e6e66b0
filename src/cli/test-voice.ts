import type { Socket } from 'node:dgram';
import type { Clock, Random, Timer } from '../base/index.ts';
import {
  FRAME_MS,
  FRAME_SAMPLES,
  RTP_HEADER_BYTES,
  emptyRtpHeader,
  encodeMulaw,
  readRtpHeader,
  toneSamples,
  writeRtpHeader,
} from '../media/index.ts';

/** The voice of a test call: two short beeps every few seconds, in PCMU, and a count of what comes. */
export class TestVoice {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #sound = encodeMulaw(toneSamples('wait'));
  readonly #header = emptyRtpHeader();
  readonly #packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES);
  readonly #incoming = emptyRtpHeader();
  #to: { address: string; port: number } | null = null;
  #timer: Timer | null = null;
  #dueMs = 0;
  #frame = 0;
  #heard = 0;

  constructor(socket: Socket, { clock, random }: { clock: Clock; random: Random }) {
    this.#socket = socket;
    this.#clock = clock;
    const bytes = random.bytes(4);
    this.#header.ssrc = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    socket.on('message', (bytes) => {
      if (readRtpHeader(bytes, this.#incoming)) this.#heard++;
    });
    socket.on('error', () => undefined);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get heardSeconds(): number {
    return (this.#heard * FRAME_MS) / 1000;
  }

  /** From now on the beeps go there. */
  sendTo(to: { address: string; port: number }): void {
    this.#to = to;
  }

  start(): void {
    this.#dueMs = this.#clock.monotonic();
    this.#tick();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  close(): void {
    this.stop();
    this.#socket.close();
  }

  /** On an absolute schedule: a late frame does not make all after it late. */
  #tick(): void {
    if (this.#to !== null) this.#send(this.#to);
    this.#dueMs += FRAME_MS;
    const waitMs = Math.max(0, this.#dueMs - this.#clock.monotonic());
    this.#timer = this.#clock.setTimer(waitMs, () => this.#tick());
  }

  #send({ address, port }: { address: string; port: number }): void {
    const frames = Math.floor(this.#sound.length / FRAME_SAMPLES);
    const from = (this.#frame % frames) * FRAME_SAMPLES;
    this.#header.marker = this.#frame === 0;
    this.#header.sequence = this.#frame & 0xffff;
    this.#header.timestamp = (this.#frame * FRAME_SAMPLES) >>> 0;
    writeRtpHeader(this.#packet, this.#header);
    this.#packet.set(this.#sound.subarray(from, from + FRAME_SAMPLES), RTP_HEADER_BYTES);
    this.#frame++;
    this.#socket.send(this.#packet, port, address);
  }
}
