import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { AppError } from '../base/index.ts';
import type { Clock, Logger, Timer } from '../base/index.ts';
import type { Address, Destination, Peer, SipTransport } from '../sip/index.ts';
import { SipConnection } from './sip-connection.ts';
import type { SipSocketOptions } from './sip-socket.ts';

const MAX_CONNECTIONS = 1_000;
/** The rest is for trunks and registered phones: strangers on many addresses do not shut them out. */
const SHARE_OF_STRANGERS = 0.8;
/** A hundred phones behind one NAT may each have a connection; one stranger may not have all. */
const MAX_CONNECTIONS_PER_ADDRESS = 100;
/** Connections and the destinations they stand in for; one not noted is only looked up again. */
const MAX_ROUTES = 10_000;
const CHECK_INTERVAL_MS = 1_000;

export type SipStreamsOptions = SipSocketOptions & { clock: Clock; maxConnections?: number };

/**
 * SIP over TCP: the listening socket and every connection, taken or made (RFC 3261 §18). A message
 * goes over the connection to its destination; without one, a connection is made.
 */
export class SipStreams implements SipTransport {
  readonly protocol = 'TCP';
  readonly reliable = true;
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #maxConnections: number;
  /** By the far end's address and port, and by each destination that a connection stands in for. */
  readonly #routes = new Map<string, SipConnection>();
  readonly #connections = new Set<SipConnection>();
  readonly #perAddress = new Map<string, number>();
  /** Who goes on for a connection once that is gone. */
  readonly #heirs = new Map<SipConnection, SipConnection>();
  /** Connected before `listen`: nothing of theirs is read until then. */
  #early: Socket[] | null = [];
  #isClosed = false;
  #check: Timer;
  #receive: (message: string, source: Peer) => void = () => undefined;
  #onFailed: (peer: Peer) => void = () => undefined;
  #isKnown: (address: string) => boolean = () => false;

  private constructor(
    server: Server,
    { clock, log, maxConnections = MAX_CONNECTIONS }: SipStreamsOptions,
  ) {
    this.#server = server;
    this.#clock = clock;
    this.#log = log;
    this.#maxConnections = maxConnections;
    server.on('connection', (socket) => {
      if (this.#early && this.#early.length < maxConnections) this.#early.push(socket);
      else this.#taken(socket);
    });
    server.on('error', (error) => log.error({ err: error }, 'SIP TCP socket'));
    this.#check = this.#armCheck();
  }

  static open(options: SipStreamsOptions): Promise<SipStreams> {
    const { fd, port, bind } = options;
    const server = createServer({ pauseOnConnect: true });
    return new Promise((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const taken = cause.code === 'EADDRINUSE';
        const sentence = taken
          ? `TCP port ${port} is in use: stop the other SIP program or set DENWABAN_SIP_PORT.`
          : `SIP cannot listen on ${bind}:${port} (TCP): ${cause.message}`;
        reject(new AppError('sip-port-unavailable', sentence, { cause }));
      });
      server.once('listening', () => {
        server.removeAllListeners('error');
        resolve(new SipStreams(server, options));
      });
      server.listen(fd === null ? { port, host: bind } : { fd });
    });
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Connections, for `/metrics` and the leak tests. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * `onFailed`: what was sent to this peer may not have arrived, and no connection is left. `isKnown`: an
   * address of a trunk or a registered phone.
   */
  listen(
    receive: (message: string, source: Peer) => void,
    onFailed: (peer: Peer) => void = () => undefined,
    isKnown: (address: string) => boolean = () => false,
  ): void {
    this.#receive = receive;
    this.#onFailed = onFailed;
    this.#isKnown = isKnown;
    const early = this.#early ?? [];
    this.#early = null;
    for (const socket of early) this.#taken(socket);
  }

  send(message: string, destination: Destination): void {
    const connection = this.#isClosed ? undefined : this.#connectionTo(destination);
    if (connection) connection.send(message);
    // Never within the caller's call: its transaction is only just beginning.
    else setImmediate(() => this.#onFailed(peerOf(destination.address, destination.port)));
  }

  standIn(first: Address, second: Address): void {
    const heir = this.#routes.get(keyOf(second.address, second.port));
    const key = keyOf(first.address, first.port);
    const known = this.#routes.get(key);
    if (!heir || known === heir) return;
    if (known) this.#heirs.set(known, heir);
    else if (this.#routes.size < MAX_ROUTES) this.#routes.set(key, heir);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#check.cancel();
    this.#onFailed = () => undefined;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#early ?? []) socket.destroy();
    for (const connection of [...this.#connections]) connection.close('we stop');
    return closed;
  }

  #connectionTo(destination: Destination): SipConnection | undefined {
    const key = keyOf(destination.address, destination.port);
    const known = this.#routes.get(key);
    if (known) return known;
    const { address, port } = destination.orElse ?? destination;
    const other = this.#routes.get(keyOf(address, port)) ?? this.#make(address, port);
    if (other && this.#routes.size < MAX_ROUTES) this.#routes.set(key, other);
    return other;
  }

  #make(address: string, port: number): SipConnection | undefined {
    if (!this.#hasRoomFor(address)) {
      this.#log.warn({ address }, 'too many SIP connections: none made');
      return undefined;
    }
    return this.#keep(connect({ host: address, port }), peerOf(address, port), true);
  }

  #taken(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // Gone before we could look at it.
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    // An IPv4 peer on a dual-stack socket shows as ::ffff:192.0.2.1.
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
    if (!this.#hasRoomFor(address)) {
      this.#log.warn({ address }, 'too many SIP connections: one refused');
      socket.destroy();
      return;
    }
    this.#keep(socket, peerOf(address, remotePort), false);
    socket.resume();
  }

  #hasRoomFor(address: string): boolean {
    const fromThere = this.#perAddress.get(address) ?? 0;
    if (fromThere >= MAX_CONNECTIONS_PER_ADDRESS) return false;
    const { size } = this.#connections;
    if (size < this.#maxConnections * SHARE_OF_STRANGERS) return true;
    return size < this.#maxConnections && this.#isKnown(address);
  }

  #keep(socket: Socket, peer: Peer, isOurs: boolean): SipConnection {
    const { address, port } = peer;
    const connection: SipConnection = new SipConnection({
      socket,
      peer,
      isOurs,
      now: () => this.#clock.monotonic(),
      onMessage: (message, source) => this.#receive(message, source),
      onClosed: (why) => this.#drop(connection, why),
    });
    this.#connections.add(connection);
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    this.#routes.set(keyOf(address, port), connection);
    return connection;
  }

  #drop(connection: SipConnection, why: string): void {
    if (!this.#connections.delete(connection)) return;
    const { address, port } = connection.peer;
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
    this.#log.debug({ address, port, why }, 'SIP connection ended');
    const heir = this.#heirs.get(connection);
    this.#heirs.delete(connection);
    const isAlive = heir !== undefined && this.#connections.has(heir);
    for (const [key, other] of [...this.#routes]) {
      if (other !== connection) continue;
      if (isAlive) this.#routes.set(key, heir);
      else this.#routes.delete(key);
      const [host = '', portText = ''] = key.split(' ');
      setImmediate(() => this.#onFailed(peerOf(host, Number(portText))));
    }
  }

  #armCheck(): Timer {
    return this.#clock.setTimer(CHECK_INTERVAL_MS, () => {
      for (const connection of [...this.#connections]) connection.check();
      this.#check = this.#armCheck();
    });
  }
}

function peerOf(address: string, port: number): Peer {
  return { protocol: 'TCP', address, port };
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}
