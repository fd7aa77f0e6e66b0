import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import type { Clock } from '../base/index.ts';
import type { MediaAddress } from '../media/index.ts';

/** Called for every datagram; the bytes are valid only during the call. */
export type DatagramHandler = (
  datagram: Uint8Array,
  address: string,
  port: number,
  arrivedMs: number,
) => void;

/** One bound UDP port. `send` copies what it needs before it returns. */
export interface UdpPort {
  readonly port: number;
  /**
   * Hands over what has arrived, where that does not happen by itself. What claims to have waited longer than
   * `longestMs` has come now: a clock was set meanwhile.
   */
  read(longestMs: number): void;
  /** An object that was sent to before stands for the same place. */
  send(datagram: Uint8Array, to: MediaAddress): void;
  close(): Promise<void>;
}

/** The sockets of all telephone legs. */
export interface UdpSockets {
  /** Opens a port, or undefined when it is taken. */
  open(address: string, port: number, onDatagram: DatagramHandler): Promise<UdpPort | undefined>;
  /** A beat begins: the moment by which times of arrival are counted until the next one. */
  onBeat(): void;
}

const MAPPED = '::ffff:';

/** The portable implementation, on node:dgram. */
export function datagramSockets(clock: Clock): UdpSockets {
  return {
    open: (address, port, onDatagram) => openPort({ address, port, onDatagram, clock }),
    onBeat: () => undefined,
  };
}

async function openPort(options: {
  address: string;
  port: number;
  onDatagram: DatagramHandler;
  clock: Clock;
}): Promise<UdpPort | undefined> {
  const { address, port, onDatagram, clock } = options;
  const six = address.includes(':');
  const socket = createSocket({
    type: six ? 'udp6' : 'udp4',
    // Addresses are numbers already: the default look-up costs a third of every packet.
    lookup: (host, _options, callback) => callback(null, host, six ? 6 : 4),
  });
  socket.on('message', (datagram, from) => {
    const plain = from.address.startsWith(MAPPED)
      ? from.address.slice(MAPPED.length)
      : from.address;
    onDatagram(datagram, plain, from.port, clock.monotonic());
  });
  if (!(await bind(socket, address, port))) return undefined;
  // What an unreachable peer or a full buffer makes of one packet is loss, not a failure.
  socket.on('error', () => undefined);
  return {
    port: socket.address().port,
    read: () => undefined,
    send: (datagram, to) => {
      const host = six && !to.address.includes(':') ? MAPPED + to.address : to.address;
      // It leaves in a later turn of the event loop, when the caller has written something else there.
      socket.send(Buffer.from(datagram), to.port, host, ignoreSendError);
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function ignoreSendError(): void {
  // Without a callback node:dgram would raise the error on the socket for every packet.
}

function bind(socket: Socket, address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(true);
    });
  });
}
