import type { Clock } from '../base/index.ts';
import type { DatagramHandler, UdpPort, UdpSockets } from './udp-port.ts';
import { socketAddress, udpSystemCalls } from './udp-system-calls.ts';
import type { UdpSystemCalls } from './udp-system-calls.ts';

/** An older time of arrival than this is a clock that was set meanwhile. */
const MAX_AGE_MS = 1000;

/**
 * All telephone sockets read together, once per beat, by the kernel's own calls: a third of the cost of
 * an event per datagram. Each datagram comes with the time at which the kernel got it. Undefined where
 * the machine has no such calls.
 */
export function batchSockets(clock: Clock): UdpSockets | undefined {
  const calls = udpSystemCalls();
  return calls && new BatchSockets(clock, calls);
}

class BatchSockets implements UdpSockets {
  readonly #clock: Clock;
  readonly #calls: UdpSystemCalls;
  readonly #ports = new Map<number, BatchPort>();
  #nextId = 1;

  constructor(clock: Clock, calls: UdpSystemCalls) {
    this.#clock = clock;
    this.#calls = calls;
  }

  open(address: string, port: number, onDatagram: DatagramHandler): Promise<UdpPort | undefined> {
    const fd = this.#calls.open(address, port);
    if (fd < 0) return Promise.resolve(undefined);
    const id = this.#nextId++;
    if (!this.#calls.watch(fd, id)) {
      this.#calls.close(fd);
      return Promise.resolve(undefined);
    }
    const onClose = (): void => void this.#ports.delete(id);
    const [calls, clock] = [this.#calls, this.#clock];
    const opened = new BatchPort({ fd, port, calls, clock, onDatagram, onClose });
    this.#ports.set(id, opened);
    return Promise.resolve(opened);
  }

  poll(): void {
    const ready = this.#calls.ready();
    if (ready <= 0) return;
    for (let i = 0; i < ready; i++) this.#ports.get(this.#calls.readyId(i))?.read();
  }
}

class BatchPort implements UdpPort {
  readonly port: number;
  readonly #fd: number;
  readonly #calls: UdpSystemCalls;
  readonly #clock: Clock;
  readonly #onDatagram: DatagramHandler;
  readonly #onClose: () => void;
  #open = true;
  #sender = { text: '', address: -1 };
  #target: { address: string; port: number; bytes: Uint8Array | undefined } | undefined;

  constructor(options: {
    fd: number;
    port: number;
    calls: UdpSystemCalls;
    clock: Clock;
    onDatagram: DatagramHandler;
    onClose: () => void;
  }) {
    this.port = options.port;
    this.#fd = options.fd;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#onDatagram = options.onDatagram;
    this.#onClose = options.onClose;
  }

  /** At most `BATCH` at each beat: a flood on one port costs the others nothing. */
  read(): void {
    if (!this.#open) return;
    const calls = this.#calls;
    const count = calls.read(this.#fd);
    // The same moment to which the ages count: hundreds of sockets take milliseconds to read.
    const nowMs = this.#clock.monotonic();
    for (let i = 0; i < count; i++) {
      const { address, port } = calls.sender(i);
      if (address !== this.#sender.address) this.#sender = { text: textOf(address), address };
      const ageMs = calls.ageMs(i);
      const arrivedMs = ageMs >= 0 && ageMs <= MAX_AGE_MS ? nowMs - ageMs : nowMs;
      this.#onDatagram(calls.datagram(i), this.#sender.text, port, arrivedMs);
    }
  }

  send(datagram: Uint8Array, address: string, port: number): void {
    if (this.#target?.address !== address || this.#target.port !== port) {
      this.#target = { address, port, bytes: socketAddress(address, port) };
    }
    if (this.#open && this.#target.bytes) this.#calls.send(this.#fd, datagram, this.#target.bytes);
  }

  close(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#onClose();
      this.#calls.close(this.#fd);
    }
    return Promise.resolve();
  }
}

function textOf(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
