import type { Clock } from '../base/index.ts';
import type { MediaAddress } from '../media/index.ts';
import type { DatagramHandler, UdpPort, UdpSockets } from './udp-port.ts';
import { BATCH, socketAddress, udpSystemCalls } from './udp-system-calls.ts';
import type { SocketAddress, UdpSystemCalls } from './udp-system-calls.ts';

/** A flood on one port costs the others no more. */
const MAX_BATCHES = 5;

/**
 * Telephone sockets that are read when it is their leg's turn, by the kernel's own calls: a third of the cost of
 * an event per datagram. Each datagram comes with the time at which the kernel got it. Nothing waits for them, so
 * that no packet, sent or received, wakes anybody. Undefined where the machine has no such calls.
 */
export function batchSockets(clock: Clock): UdpSockets | undefined {
  const calls = udpSystemCalls();
  if (!calls) return undefined;
  const beat = { atMs: 0 };
  const onBeat = (): void => {
    calls.markTime();
    beat.atMs = clock.monotonic();
  };
  onBeat();
  return {
    onBeat,
    open: (address, port, onDatagram) => {
      const fd = calls.open(address, port);
      const opened =
        fd < 0 ? undefined : new BatchPort({ fd, port, calls, clock, beat, onDatagram });
      return Promise.resolve(opened);
    },
  };
}

class BatchPort implements UdpPort {
  readonly port: number;
  readonly #fd: number;
  readonly #calls: UdpSystemCalls;
  readonly #clock: Clock;
  readonly #beat: { readonly atMs: number };
  readonly #onDatagram: DatagramHandler;
  #open = true;
  #sender = { text: '', address: -1 };
  #target: MediaAddress | undefined;
  #place: SocketAddress | undefined;

  constructor(options: {
    fd: number;
    port: number;
    calls: UdpSystemCalls;
    clock: Clock;
    /** When the latest one began, on this clock. */
    beat: { readonly atMs: number };
    onDatagram: DatagramHandler;
  }) {
    this.port = options.port;
    this.#fd = options.fd;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#beat = options.beat;
    this.#onDatagram = options.onDatagram;
  }

  read(longestMs: number): void {
    for (let batches = 0; batches < MAX_BATCHES && this.#open; batches++) {
      const count = this.#calls.read(this.#fd);
      for (let i = 0; i < count; i++) this.#handOver(i, longestMs);
      if (count < BATCH) return;
    }
  }

  #handOver(index: number, longestMs: number): void {
    const { address, port } = this.#calls.sender(index);
    if (address !== this.#sender.address) this.#sender = { text: textOf(address), address };
    const arrivedMs = this.#arrivedMs(this.#calls.ageMs(index), longestMs);
    this.#onDatagram(this.#calls.datagram(index), this.#sender.text, port, arrivedMs);
  }

  /** Negative is the age of what came while the beat went on; nothing comes after now. */
  #arrivedMs(ageMs: number, longestMs: number): number {
    const { atMs } = this.#beat;
    if (ageMs < 0) return Math.min(atMs - ageMs, this.#clock.monotonic());
    return ageMs <= longestMs ? atMs - ageMs : atMs;
  }

  send(datagram: Uint8Array, to: MediaAddress): void {
    if (this.#target !== to) {
      this.#target = to;
      this.#place = socketAddress(to.address, to.port);
    }
    if (this.#open && this.#place) this.#calls.send(this.#fd, datagram, this.#place);
  }

  close(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#calls.close(this.#fd);
    }
    return Promise.resolve();
  }
}

function textOf(address: number): string {
  return `${address >>> 24}.${(address >> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
