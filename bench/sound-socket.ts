import { readFileSync } from 'node:fs';
import koffi from 'koffi';

/**
 * One UDP socket for the sound of all calls of one side, many datagrams per system call: the load must
 * not cost more than what it measures. Linux on a 64-bit machine.
 */

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SO_SNDBUFFORCE = 32;
const MSG_DONTWAIT = 0x40;
const BUFFER_BYTES = 32 * 1024 * 1024;
const BATCH = 64;
const DATAGRAM_BYTES = 256;
const NAME_BYTES = 16;
/** struct mmsghdr: a struct msghdr (name, its length, iovec, its count, control, length, flags) and a length. */
const HEADER_WORDS = 8;

type Call = (...args: (number | Uint8Array)[]) => number;
const library = koffi.load(null);
const func = (declaration: string): Call => library.func(declaration);
const socket = func('int socket(int domain, int type, int protocol)');
const bind = func('int bind(int fd, const void *address, uint32_t length)');
const setsockopt = func(
  'int setsockopt(int fd, int l, int name, const void *value, uint32_t size)',
);
const close = func('int close(int fd)');
const recvmmsg = func(
  'int recvmmsg(int fd, uintptr_t headers, uint32_t count, int flags, uintptr_t timeout)',
);
const sendmmsg = func('int sendmmsg(int fd, uintptr_t headers, uint32_t count, int flags)');

/** Headers, names and bytes of a batch, wired together once. */
class Batch {
  readonly bytes = new Uint8Array(BATCH * DATAGRAM_BYTES);
  readonly names = new Uint8Array(BATCH * NAME_BYTES);
  readonly #vectors = new BigUint64Array(BATCH * 2);
  readonly #headers = new BigUint64Array(BATCH * HEADER_WORDS);
  readonly lengths = new Uint32Array(this.#headers.buffer);
  readonly address: number;

  constructor(datagramBytes: number) {
    const address = (of: Uint8Array | BigUint64Array): bigint => koffi.address(of);
    for (let i = 0; i < BATCH; i++) {
      this.#vectors[2 * i] = address(this.bytes) + BigInt(i * DATAGRAM_BYTES);
      this.#vectors[2 * i + 1] = BigInt(datagramBytes);
      const at = i * HEADER_WORDS;
      this.#headers[at] = address(this.names) + BigInt(i * NAME_BYTES);
      this.#headers[at + 1] = BigInt(NAME_BYTES);
      this.#headers[at + 2] = address(this.#vectors) + BigInt(i * 16);
      this.#headers[at + 3] = 1n;
    }
    this.address = Number(address(this.#headers));
  }

  lengthOf(index: number): number {
    return this.lengths[index * 2 * HEADER_WORDS + 14] ?? 0;
  }
}

export class SoundSocket {
  readonly address: string;
  readonly port: number;
  readonly #fd: number;
  readonly #in = new Batch(DATAGRAM_BYTES);
  readonly #out: Batch;
  #queued = 0;
  /** Datagrams the kernel did not take. */
  unsent = 0;

  /** With 0 bytes it sends nothing. Deaf, it keeps little of what comes: nobody reads it. */
  constructor(address: string, port: number, datagramBytes: number, hearing: 'hearing' | 'deaf') {
    this.address = address;
    this.port = port;
    this.#out = new Batch(datagramBytes);
    this.#fd = socket(AF_INET, SOCK_DGRAM, 0);
    const buffers = [
      [SO_SNDBUFFORCE, datagramBytes === 0 ? 1 : BUFFER_BYTES],
      [SO_RCVBUFFORCE, hearing === 'deaf' ? 1 : BUFFER_BYTES],
    ] as const;
    for (const [name, size] of buffers) {
      setsockopt(this.#fd, SOL_SOCKET, name, new Uint8Array(new Int32Array([size]).buffer), 4);
    }
    if (bind(this.#fd, sockaddr(address, port), NAME_BYTES) !== 0) {
      throw new Error(`${address}:${port} cannot be bound`);
    }
  }

  /** Room for the next datagram to `to` (a `sockaddr`); it leaves with the batch. */
  next(to: Uint8Array): { bytes: Uint8Array; at: number } {
    if (this.#queued === BATCH) this.flush();
    const index = this.#queued++;
    this.#out.names.set(to, index * NAME_BYTES);
    place.bytes = this.#out.bytes;
    place.at = index * DATAGRAM_BYTES;
    return place;
  }

  flush(): void {
    if (this.#queued === 0) return;
    const sent = sendmmsg(this.#fd, this.#out.address, this.#queued, 0);
    this.unsent += this.#queued - Math.max(0, sent);
    this.#queued = 0;
  }

  /** Hands over what has arrived: bytes and the sender's port, valid during the call. */
  read(onDatagram: (bytes: Uint8Array, from: number, to: number, port: number) => void): void {
    const { bytes, names } = this.#in;
    for (;;) {
      const count = recvmmsg(this.#fd, this.#in.address, BATCH, MSG_DONTWAIT, 0);
      for (let i = 0; i < count; i++) {
        const name = i * NAME_BYTES;
        const port = ((names[name + 2] ?? 0) << 8) | (names[name + 3] ?? 0);
        const from = i * DATAGRAM_BYTES;
        onDatagram(bytes, from, from + this.#in.lengthOf(i), port);
      }
      if (count < BATCH) return;
    }
  }

  /** Datagrams the kernel threw away because this process did not read them in time. */
  dropped(): number {
    const port = this.port.toString(16).toUpperCase().padStart(4, '0');
    const [host] = new Uint32Array(sockaddr(this.address, this.port).buffer, 4, 1);
    const name = `${(host ?? 0).toString(16).toUpperCase().padStart(8, '0')}:${port}`;
    const line = readFileSync('/proc/net/udp', 'latin1')
      .split('\n')
      .find((text) => text.includes(` ${name} `));
    return Number(line?.trim().split(/\s+/).at(-1) ?? 0);
  }

  close(): void {
    close(this.#fd);
  }
}

const place: { bytes: Uint8Array; at: number } = { bytes: new Uint8Array(0), at: 0 };

/** struct sockaddr_in: family (host order), port and address (network order), 8 zero bytes. */
export function sockaddr(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(NAME_BYTES);
  bytes[0] = AF_INET;
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}
