import koffi from 'koffi';
import { assert } from '../base/index.ts';

/**
 * The kernel's own calls for UDP sockets, many datagrams at once, with the structures they read and write laid out
 * in typed arrays, as Linux has them on 64-bit little-endian machines.
 */
export type UdpSystemCalls = {
  /** A bound, non-blocking IPv4 socket whose datagrams carry their time of arrival; below 0 if it cannot be. */
  open(address: string, port: number): number;
  close(fd: number): void;
  /** The moment to which ages are counted. */
  markTime(): void;
  /** Reads up to `BATCH` datagrams; they are described by the functions below until the next read. */
  read(fd: number): number;
  /** Bytes of a datagram read; the array is used again for the next one of this place. */
  datagram(index: number): Uint8Array;
  /** Its sender: IPv4 address as a number of 32 bit, signed, and port. */
  sender(index: number): { address: number; port: number };
  /** How long before `markTime` it arrived by the kernel's clock, in ms; 0 where the kernel did not say. */
  ageMs(index: number): number;
  send(fd: number, datagram: Uint8Array, to: SocketAddress): void;
};

/** The first two words of a struct sockaddr_in: family (host order) and port, then the address (network order). 32 bit, signed. */
export type SocketAddress = { familyAndPort: number; address: number };

export const BATCH = 16;
const DATAGRAM_BYTES = 2048;
const ADDRESS_BYTES = 16;
const CONTROL_BYTES = 64;
/** For what is handed over by address: more than may be moved (`addressOf`). */
const SCRATCH_BYTES = 128;

const AF_INET = 2;
/** SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC */
const NEW_SOCKET = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_TIMESTAMPNS = 35;
const MSG_DONTWAIT = 0x40;
const CLOCK_REALTIME = 0;

/** struct mmsghdr in words of 32 bit: a struct msghdr of 56 bytes, then the length received. */
const HEADER_WORDS = 16;
const NAME_LENGTH = 2;
const CONTROL_LENGTH = 10;
const RECEIVED_LENGTH = 14;
/** struct cmsghdr (length, level, type) in words, then seconds and nanoseconds as 64 bit each. */
const CONTROL_WORDS = CONTROL_BYTES / 4;

/** Numbers alone: an array handed over is kept and let go by the library, which costs as much as the call. */
type Call = (...args: number[]) => number;

/** Undefined where the layouts above do not hold or the library cannot be loaded. */
export function udpSystemCalls(): UdpSystemCalls | undefined {
  const known = process.arch === 'x64' || process.arch === 'arm64';
  if (process.platform !== 'linux' || !known) return undefined;
  try {
    return load();
  } catch {
    return undefined;
  }
}

function load(): UdpSystemCalls {
  const library = koffi.load(null);
  const func = (declaration: string): Call => library.func(declaration);
  const close = func('int close(int fd)');
  const sendto = func(
    'void sendto(int fd, uintptr_t data, size_t size, int flags, uintptr_t to, uint32_t length)',
  );
  const out = new Uint8Array(DATAGRAM_BYTES);
  const outTo = new Uint32Array(SCRATCH_BYTES / 4);
  const outAt = addressOf(out);
  const outToAt = addressOf(outTo);
  return {
    ...sockets(func, close),
    ...reading(func),
    close: (fd) => void close(fd),
    send(fd, datagram, to) {
      if (datagram.length > DATAGRAM_BYTES) return;
      out.set(datagram);
      writeAddress(outTo, to);
      sendto(fd, outAt, datagram.length, MSG_DONTWAIT, outToAt, ADDRESS_BYTES);
    },
  };
}

function sockets(func: (declaration: string) => Call, close: Call): Pick<UdpSystemCalls, 'open'> {
  const socket = func('int socket(int domain, int type, int protocol)');
  const bind = func('int bind(int fd, uintptr_t address, uint32_t length)');
  const option = func('int setsockopt(int fd, int l, int name, uintptr_t value, uint32_t size)');
  const on = new Int32Array(SCRATCH_BYTES / 4).fill(1);
  const onAt = addressOf(on);
  const name = new Uint32Array(SCRATCH_BYTES / 4);
  const nameAt = addressOf(name);
  return {
    open(address, port) {
      const fd = socket(AF_INET, NEW_SOCKET, 0);
      if (fd < 0) return -1;
      option(fd, SOL_SOCKET, SO_TIMESTAMPNS, onAt, on.BYTES_PER_ELEMENT);
      const own = socketAddress(address, port);
      if (own) writeAddress(name, own);
      if (own && bind(fd, nameAt, ADDRESS_BYTES) === 0) return fd;
      close(fd);
      return -1;
    },
  };
}

function reading(
  func: (declaration: string) => Call,
): Pick<UdpSystemCalls, 'markTime' | 'read' | 'datagram' | 'sender' | 'ageMs'> {
  const recvmmsg = func(
    'int recvmmsg(int fd, uintptr_t headers, uint32_t count, int flags, uintptr_t timeout)',
  );
  const clock = func('int clock_gettime(int clock, uintptr_t time)');
  const bytes = new Uint8Array(BATCH * DATAGRAM_BYTES);
  const names = new Uint8Array(BATCH * ADDRESS_BYTES);
  const controls = new Uint32Array(BATCH * CONTROL_WORDS);
  const { headers, headersAt } = wireHeaders({ bytes, names, controls });
  const time = new BigInt64Array(BATCH);
  const timeWords = new Uint32Array(time.buffer);
  const timeAt = addressOf(time);
  const places = Array.from({ length: BATCH }, () => new Uint8Array(0));
  const from = { address: 0, port: 0 };
  return {
    markTime: () => void clock(CLOCK_REALTIME, timeAt),
    read(fd) {
      const count = recvmmsg(fd, headersAt, BATCH, MSG_DONTWAIT, 0);
      for (let i = 0; i < count; i++) {
        const at = i * HEADER_WORDS;
        const length = headers[at + RECEIVED_LENGTH] ?? 0;
        if (places[i]?.length !== length) {
          places[i] = bytes.subarray(i * DATAGRAM_BYTES, i * DATAGRAM_BYTES + length);
        }
        // Where the kernel said how much it wrote, the room for the next one is said again.
        headers[at + NAME_LENGTH] = ADDRESS_BYTES;
        if (headers[at + CONTROL_LENGTH] === 0) controls[i * CONTROL_WORDS] = 0;
        headers[at + CONTROL_LENGTH] = CONTROL_BYTES;
      }
      return count;
    },
    datagram: (index) => places[index] ?? bytes,
    sender(index) {
      const at = index * ADDRESS_BYTES;
      from.port = ((names[at + 2] ?? 0) << 8) | (names[at + 3] ?? 0);
      from.address =
        ((names[at + 4] ?? 0) << 24) |
        ((names[at + 5] ?? 0) << 16) |
        ((names[at + 6] ?? 0) << 8) |
        (names[at + 7] ?? 0);
      return from;
    },
    ageMs(index) {
      const at = index * CONTROL_WORDS;
      const stamped = controls[at] !== 0 && controls[at + 3] === SO_TIMESTAMPNS;
      if (!stamped) return 0;
      // Seconds fit their lower half until 2106.
      const seconds = (timeWords[0] ?? 0) - (controls[at + 4] ?? 0);
      return seconds * 1000 + ((timeWords[2] ?? 0) - (controls[at + 6] ?? 0)) / 1e6;
    },
  };
}

/** One header per place, wired to its bytes, its sender's address and its control data. */
function wireHeaders(parts: { bytes: Uint8Array; names: Uint8Array; controls: Uint32Array }): {
  headers: Uint32Array;
  headersAt: number;
} {
  const wide = new BigUint64Array((BATCH * HEADER_WORDS) / 2);
  const vectors = new BigUint64Array(BATCH * 2);
  for (let i = 0; i < BATCH; i++) {
    const at = (i * HEADER_WORDS) / 2;
    vectors[2 * i] = BigInt(addressOf(parts.bytes) + i * DATAGRAM_BYTES);
    vectors[2 * i + 1] = BigInt(DATAGRAM_BYTES);
    wide[at] = BigInt(addressOf(parts.names) + i * ADDRESS_BYTES);
    wide[at + 1] = BigInt(ADDRESS_BYTES);
    wide[at + 2] = BigInt(addressOf(vectors) + i * 16);
    wide[at + 3] = 1n;
    wide[at + 4] = BigInt(addressOf(parts.controls) + i * CONTROL_BYTES);
    wide[at + 5] = BigInt(CONTROL_BYTES);
  }
  return { headers: new Uint32Array(wide.buffer), headersAt: addressOf(wide) };
}

/** Arrays the kernel is told of by address: never to be collected. */
const kept: ArrayBufferView[] = [];

/** Where an array's bytes lie. They stay there: only arrays of up to 64 bytes live on the moving heap. */
function addressOf(array: ArrayBufferView): number {
  assert(array.byteLength > 64, 'an array this small may be moved');
  kept.push(array);
  return Number(koffi.address(array));
}

/** Undefined where it is no IPv4 address. */
export function socketAddress(address: string, port: number): SocketAddress | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || !parts.every((part) => part >= 0 && part <= 255)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = parts;
  return {
    familyAndPort: AF_INET | ((port >> 8) << 16) | ((port & 0xff) << 24),
    address: a | (b << 8) | (c << 16) | (d << 24),
  };
}

function writeAddress(words: Uint32Array, { familyAndPort, address }: SocketAddress): void {
  words[0] = familyAndPort;
  words[1] = address;
}
