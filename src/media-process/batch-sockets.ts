import type { Clock } from '../base/index.ts';
import type { MediaAddress } from '../media/index.ts';
import type { DatagramHandler, UdpPort, UdpSockets } from './udp-port.ts';
import { BATCH, socketAddress, udpSystemCalls } from './udp-system-calls.ts';
import type { SocketAddress, UdpSystemCalls } from './udp-system-calls.ts';

/** A time of arrival this far from now is a clock that was set meanwhile. Reports wait for 5 s to be read. */
const MAX_AGE_MS = 10_000;
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
  const now: Moment = { ms: 0 };
  const onBeat = (): void => {
    calls.markTime();
    now.ms = clock.monotonic();
  };
  onBeat();
  return {
    onBeat,
    open: (address, port, onDatagram) => {
      const fd = calls.open(address, port);
      const opened = fd < 0 ? undefined : new BatchPort({ fd, port, calls, now, onDatagram });
      return Promise.resolve(opened);
    },
  };
}

/** When the latest beat began, on the monotonic clock. */
type Moment = { ms: number };

class BatchPort implements UdpPort {
  readonly port: number;
  readonly #fd: number;
  readonly #calls: UdpSystemCalls;
  readonly #now: Moment;
  readonly #onDatagram: DatagramHandler;
  #open = true;
  #sender = { text: '', address: -1 };
  #target: MediaAddress | undefined;
  #place: SocketAddress | undefined;

  constructor(options: {
    fd: number;
    port: number;
    calls: UdpSystemCalls;
    now: Moment;
    onDatagram: DatagramHandler;
  }) {
    this.port = options.port;
    this.#fd = options.fd;
    this.#calls = options.calls;
    this.#now = options.now;
    this.#onDatagram = options.onDatagram;
  }

  read(): void {
    for (let batches = 0; batches < MAX_BATCHES && this.#open; batches++) {
      const count = this.#calls.read(this.#fd);
      for (let i = 0; i < count; i++) this.#handOver(i);
      if (count < BATCH) return;
    }
  }

  #handOver(index: number): void {
    const { address, port } = this.#calls.sender(index);
    if (address !== this.#sender.address) this.#sender = { text: textOf(address), address };
    const ageMs = this.#calls.ageMs(index);
    const arrivedMs = this.#now.ms - (Math.abs(ageMs) <= MAX_AGE_MS ? ageMs : 0);
    this.#onDatagram(this.#calls.datagram(index), this.#sender.text, port, arrivedMs);
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
