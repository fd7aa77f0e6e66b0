import { connect } from 'node:net';

/** `ready` answers queries, `starting` says so itself (recovery), `absent` does not answer. */
export type PostgresState = 'ready' | 'starting' | 'absent';

const TIMEOUT_MS = 2000;
const PROTOCOL_3_0 = 0x00030000;
const AUTHENTICATION = 'R'.charCodeAt(0);
const ERROR = 'E'.charCodeAt(0);
const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);

/** A real connection to the database on a Unix socket, up to "ready for query", then goodbye. */
export function probePostgres(
  socketPath: string,
  user: string,
  database: string,
): Promise<PostgresState> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect(socketPath);
    const finish = (state: PostgresState): void => {
      socket.destroy();
      resolve(state);
    };
    socket.setTimeout(TIMEOUT_MS, () => finish('absent'));
    socket.once('error', () => finish('absent'));
    socket.once('close', () => finish('absent'));
    socket.once('connect', () => socket.write(startupMessage(user, database)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const state = stateIn(received);
      if (state === 'ready') socket.write(TERMINATE);
      if (state) finish(state);
    });
  });
}

/** Length, protocol version, then name and value strings, each ended by a zero byte. */
function startupMessage(user: string, database: string): Buffer {
  const body = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(PROTOCOL_3_0, 4);
  return Buffer.concat([head, body]);
}

/** Messages: one type byte, length including itself (4 bytes), body. */
function stateIn(bytes: Buffer): PostgresState | undefined {
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    const type = bytes[at];
    if (type === READY_FOR_QUERY) return 'ready';
    if (type === ERROR) return 'starting';
    if (type !== AUTHENTICATION && bytes.readInt32BE(at + 1) < 4) return 'absent';
  }
  return undefined;
}
