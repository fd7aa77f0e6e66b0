import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { AppError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import type { Destination, Peer, SipTransport } from '../sip/index.ts';

/** Larger datagrams cannot come in one piece over any real path. */
const MAX_DATAGRAM_BYTES = 65_535;
const MAX_EARLY_DATAGRAMS = 1_000;

export type SipSocketOptions = {
  /** Inherited from the keeper; it stays open when this process dies. */
  fd: number | null;
  port: number;
  bind: string;
  log: Logger;
};

/** SIP over UDP. Bytes become a string of one character per byte at this edge and nowhere else. */
export class SipSocket implements SipTransport {
  readonly protocol = 'UDP';
  readonly reliable = false;
  readonly #socket: Socket;
  readonly #log: Logger;
  #isClosed = false;
  readonly #early: [message: string, source: Peer][];
  #receive: (message: string, source: Peer) => void;

  private constructor(socket: Socket, log: Logger) {
    this.#socket = socket;
    this.#log = log;
    // What comes before `listen` waits: a new app has much to take over first.
    const early: [message: string, source: Peer][] = [];
    this.#receive = (...datagram) => {
      if (early.length < MAX_EARLY_DATAGRAMS) early.push(datagram);
    };
    this.#early = early;
    socket.on('message', (bytes, { address, port }) => {
      if (bytes.length > MAX_DATAGRAM_BYTES) return;
      this.#receive(bytes.toString('latin1'), { protocol: 'UDP', address, port });
    });
    socket.on('error', (error) => log.error({ err: error }, 'SIP socket'));
  }

  static open(options: SipSocketOptions): Promise<SipSocket> {
    const { fd, port, bind, log } = options;
    // Destinations are addresses: the resolver is not asked for each datagram.
    const socket = createSocket({
      type: 'udp4',
      lookup: (host, _options, done) => done(null, host, 4),
    });
    return new Promise((resolve, reject) => {
      socket.once('error', (cause: NodeJS.ErrnoException) => {
        const taken = cause.code === 'EADDRINUSE';
        const sentence = taken
          ? `UDP port ${port} is in use: stop the other SIP program or set DENWABAN_SIP_PORT.`
          : `SIP cannot listen on ${bind}:${port}: ${cause.message}`;
        reject(new AppError('sip-port-unavailable', sentence, { cause }));
      });
      socket.once('listening', () => {
        socket.removeAllListeners('error');
        resolve(new SipSocket(socket, log));
      });
      if (fd === null) socket.bind({ port, address: bind });
      else socket.bind({ fd });
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  listen(receive: (message: string, source: Peer) => void): void {
    this.#receive = receive;
    for (const [message, source] of this.#early.splice(0)) receive(message, source);
  }

  send(message: string, destination: Destination): void {
    if (this.#isClosed) return;
    const bytes = Buffer.from(message, 'latin1');
    this.#socket.send(bytes, destination.port, destination.address, (error) => {
      if (error) this.#log.debug({ err: error, to: destination.address }, 'SIP datagram not sent');
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
