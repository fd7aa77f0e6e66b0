import type { Socket } from 'node:net';
import { StreamFramer } from '../sip/index.ts';
import type { Peer } from '../sip/index.ts';

/** How long a connection may keep us waiting, in milliseconds. */
const CONNECT_MS = 4_000;
/** Somebody who connects and says nothing is a port scan. */
const FIRST_MESSAGE_MS = 10_000;
const REST_OF_MESSAGE_MS = 10_000;
/** Longer than the longest registration, so that a phone keeps its way in. */
const IDLE_MS = 65 * 60_000;
const PING_MS = 60_000;
const PONG_MS = 10_000;
/** More than this unsent: the peer does not read. */
const MAX_UNSENT_BYTES = 256 * 1024;
/** The kernel finds a peer that vanished without a word. */
const KEEP_ALIVE_MS = 60_000;

export type SipConnectionOptions = {
  socket: Socket;
  peer: Peer;
  /** True when we connected: then the pings of RFC 5626 §4.4 are ours to send. */
  isOurs: boolean;
  now: () => number;
  onMessage: (message: string, source: Peer) => void;
  onClosed: (why: string) => void;
};

/** One TCP connection that carries SIP, whoever opened it. */
export class SipConnection {
  readonly peer: Peer;
  readonly #options: SipConnectionOptions;
  readonly #framer = new StreamFramer();
  readonly #openedAt: number;
  #isOpen: boolean;
  #isClosed = false;
  #hasSpoken = false;
  #lastHeardAt: number;
  #incompleteSince: number | null = null;
  #pingedAt: number;
  #awaitsPong = false;
  /** The peer answers pings; not every server does, and silence means nothing before the first. */
  #pongs = false;

  constructor(options: SipConnectionOptions) {
    const { socket, peer, isOurs } = options;
    this.peer = peer;
    this.#options = options;
    this.#openedAt = options.now();
    this.#lastHeardAt = this.#openedAt;
    this.#pingedAt = this.#openedAt;
    this.#isOpen = !isOurs;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.once('connect', () => (this.#isOpen = true));
    socket.on('data', (bytes) => this.#receive(bytes.toString('latin1')));
    socket.on('error', (error) => this.close(error.message));
    // Either side's end is the end: half a connection carries no answers.
    socket.once('end', () => this.close('closed by the peer'));
    socket.once('close', () => this.close('closed'));
  }

  send(message: string): void {
    if (this.#isClosed) return;
    const { socket } = this.#options;
    socket.write(message, 'latin1');
    if (socket.writableLength > MAX_UNSENT_BYTES) this.close('does not read what we send');
  }

  /** Once a second: what has lasted too long ends, what is due is sent. */
  check(): void {
    const now = this.#options.now();
    const overdue = this.#overdue(now);
    if (overdue !== null) {
      this.close(overdue);
      return;
    }
    if (!this.#options.isOurs || now - this.#pingedAt < PING_MS) return;
    this.#pingedAt = now;
    this.#awaitsPong = true;
    this.send('\r\n\r\n');
  }

  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.socket.destroy();
    this.#options.onClosed(why);
  }

  #overdue(now: number): string | null {
    if (!this.#isOpen) return now - this.#openedAt > CONNECT_MS ? 'cannot be connected' : null;
    const { isOurs } = this.#options;
    if (!isOurs && !this.#hasSpoken && now - this.#openedAt > FIRST_MESSAGE_MS) return 'silent';
    if (this.#incompleteSince !== null && now - this.#incompleteSince > REST_OF_MESSAGE_MS) {
      return 'message not completed';
    }
    if (this.#awaitsPong && this.#pongs && now - this.#pingedAt > PONG_MS) return 'no pong';
    return now - this.#lastHeardAt > IDLE_MS ? 'idle' : null;
  }

  #receive(chunk: string): void {
    if (this.#isClosed) return;
    const now = this.#options.now();
    this.#lastHeardAt = now;
    if (this.#awaitsPong && chunk.startsWith('\r\n')) {
      this.#awaitsPong = false;
      this.#pongs = true;
    }
    const { messages, pings, broken } = this.#framer.push(chunk);
    // One pong tells as much as many.
    if (pings > 0) this.send('\r\n');
    for (const message of messages) {
      this.#hasSpoken = true;
      this.#options.onMessage(message, this.peer);
    }
    if (broken) this.close('not SIP');
    const started = messages.length > 0 ? now : (this.#incompleteSince ?? now);
    this.#incompleteSince = this.#framer.isIncomplete ? started : null;
  }
}
