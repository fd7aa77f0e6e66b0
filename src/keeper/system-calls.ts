import koffi from 'koffi';

/**
 * The few C library calls Node has no door for: a listening socket that nobody reads, and a lock
 * that the kernel gives up with its holder. Linux values; elsewhere `systemCalls()` is undefined.
 */
export type SystemCalls = {
  /** A bound UDP socket or a listening TCP socket. */
  listen(kind: 'udp' | 'tcp', address: string, port: number): ListenResult;
  close(fd: number): void;
  /** Takes an exclusive lock on an open file, or says that somebody has it. */
  tryLock(fd: number): boolean;
};

export type ListenResult =
  { ok: true; fd: number; port: number } | { ok: false; code: 'in-use' | 'denied' | 'other' };

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const LOCK_EX_NB = 2 | 4;
const EACCES = 13;
const EADDRINUSE = 98;
const BACKLOG = 511;
/** Room for what arrives while no app is reading: thousands of INVITEs. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export function systemCalls(): SystemCalls | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return load();
  } catch {
    return undefined;
  }
}

type Call = (...args: (number | Uint8Array)[]) => number;

function load(): SystemCalls {
  const library = koffi.load(null);
  const func = (declaration: string): Call => library.func(declaration);
  const socket = func('int socket(int domain, int type, int protocol)');
  const bind = func('int bind(int fd, const void *address, uint32_t length)');
  const listen = func('int listen(int fd, int backlog)');
  const option = func('int setsockopt(int fd, int l, int name, const void *value, uint32_t size)');
  const getsockname = func('int getsockname(int fd, void *address, void *length)');
  const close = func('int close(int fd)');
  const flock = func('int flock(int fd, int operation)');

  const set = (fd: number, name: number, value: number): boolean =>
    option(fd, SOL_SOCKET, name, int32(value), 4) === 0;

  const prepare = (fd: number, kind: 'udp' | 'tcp', address: Uint8Array): boolean => {
    if (kind === 'tcp') {
      set(fd, SO_REUSEADDR, 1);
      return bind(fd, address, address.length) === 0 && listen(fd, BACKLOG) === 0;
    }
    if (!set(fd, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)) set(fd, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    return bind(fd, address, address.length) === 0;
  };

  return {
    listen(kind, address, port) {
      const fd = socket(AF_INET, (kind === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
      if (fd < 0) return { ok: false, code: 'other' };
      if (!prepare(fd, kind, socketAddress(address, port))) {
        const errno = koffi.errno();
        close(fd);
        return { ok: false, code: codeOf(errno) };
      }
      const bound = Buffer.alloc(16);
      getsockname(fd, bound, int32(bound.length));
      return { ok: true, fd, port: bound.readUInt16BE(2) };
    },
    close: (fd) => void close(fd),
    tryLock: (fd) => flock(fd, LOCK_EX_NB) === 0,
  };
}

function codeOf(errno: number): 'in-use' | 'denied' | 'other' {
  if (errno === EADDRINUSE) return 'in-use';
  return errno === EACCES ? 'denied' : 'other';
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  new Int32Array(bytes.buffer, bytes.byteOffset, 1)[0] = value;
  return bytes;
}

/** struct sockaddr_in: family (host order), port and address (network order), 8 zero bytes. */
function socketAddress(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  new Uint16Array(bytes.buffer, bytes.byteOffset, 1)[0] = AF_INET;
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}
