import type { Clock } from '../base/index.ts';
import type { DatagramHandler, UdpPort, UdpSockets } from './udp-port.ts';

/** A freed pair rests, so that late packets of the old call do not reach the next one. */
const REST_MS = 2000;
/** So many foreign programs' ports in a row are taken for a full range. */
const MAX_TRIES = 64;

export type PortPair = { rtp: UdpPort; rtcp: UdpPort };

/** Pairs of neighbouring UDP ports out of a range: RTP on the even one, RTCP above it. */
export class PortPool {
  readonly #options: {
    bindAddress: string;
    range: readonly [from: number, to: number];
    clock: Clock;
    sockets: UdpSockets;
  };
  readonly #free: number[] = [];
  #inUse = 0;
  readonly #resting: { port: number; untilMs: number }[] = [];

  constructor(options: {
    bindAddress: string;
    range: readonly [from: number, to: number];
    clock: Clock;
    sockets: UdpSockets;
  }) {
    this.#options = options;
    const [from, to] = options.range;
    for (let port = from + (from % 2); port + 1 <= to; port += 2) this.#free.push(port);
  }

  /** Ports that a leg has now. */
  get inUse(): number {
    return this.#inUse;
  }

  /** Opens the next free pair, or undefined when there is none. */
  async take(onRtp: DatagramHandler, onRtcp: DatagramHandler): Promise<PortPair | undefined> {
    this.#wake();
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const port = this.#free.shift();
      if (port === undefined) return undefined;
      const pair = await this.#openPair(port, onRtp, onRtcp);
      if (pair) {
        this.#inUse += 2;
        return pair;
      }
      this.#rest(port);
    }
    return undefined;
  }

  async release(pair: PortPair): Promise<void> {
    const { port } = pair.rtp;
    this.#inUse -= 2;
    await Promise.all([pair.rtp.close(), pair.rtcp.close()]);
    this.#rest(port);
  }

  async #openPair(
    port: number,
    onRtp: DatagramHandler,
    onRtcp: DatagramHandler,
  ): Promise<PortPair | undefined> {
    const { sockets, bindAddress } = this.#options;
    const rtp = await sockets.open(bindAddress, port, onRtp);
    if (!rtp) return undefined;
    const rtcp = await sockets.open(bindAddress, port + 1, onRtcp);
    if (rtcp) return { rtp, rtcp };
    await rtp.close();
    return undefined;
  }

  #rest(port: number): void {
    this.#resting.push({ port, untilMs: this.#options.clock.monotonic() + REST_MS });
  }

  #wake(): void {
    const nowMs = this.#options.clock.monotonic();
    while ((this.#resting[0]?.untilMs ?? Infinity) <= nowMs) {
      this.#free.push(this.#resting.shift()?.port ?? 0);
    }
  }
}
