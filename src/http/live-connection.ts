import type { Logger } from '../base/index.ts';
import { liveClientFrameSchema } from '../contract/index.ts';
import type { LiveClientFrame, LiveServerFrame, Topic } from '../contract/index.ts';
import { NOBODY } from '../people/index.ts';
import type { Credentials, Identity } from '../people/index.ts';

/** What a WebSocket is to us; `ws` fits. */
export interface LiveSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'message', listener: (data: { toString(): string }, isBinary: boolean) => void): void;
  on(event: 'close' | 'pong', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

/** RFC 6455 §7.4.1, and our own from 4000 on. */
export const CLOSE = {
  goingAway: 1001,
  brokenFrame: 1007,
  tooSlow: 1013,
  sessionEnded: 4401,
  notAllowed: 4403,
} as const;

/** A page that does not read for so long that this much waits is gone or hopeless. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_WAITING_FRAMES = 256;

export type FrameHandler = (connection: LiveConnection, frame: LiveClientFrame) => Promise<void>;

/** One page's live connection: what it may hear, and frames in and out, all bounded. */
export class LiveConnection {
  readonly credentials: Credentials;
  identity: Identity;
  deskId: string | null = null;
  topics: ReadonlySet<Topic> = new Set();
  readonly #socket: LiveSocket;
  readonly #handle: FrameHandler;
  readonly #log: Logger;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();
  #answered = true;
  #closed = false;

  constructor(
    socket: LiveSocket,
    who: { identity: Identity; credentials: Credentials },
    options: { handle: FrameHandler; onClose: (connection: LiveConnection) => void; log: Logger },
  ) {
    this.#socket = socket;
    this.identity = who.identity;
    this.credentials = who.credentials;
    this.#handle = options.handle;
    this.#log = options.log;
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? null : data.toString()));
    socket.on('pong', () => void (this.#answered = true));
    socket.on('error', (error) => options.log.debug({ err: error }, 'a live connection failed'));
    socket.on('close', () => {
      this.#closed = true;
      options.onClose(this);
    });
  }

  get operatorId(): string | null {
    return this.identity.kind === 'nobody' ? null : this.identity.operatorId;
  }

  hears(topic: Topic): boolean {
    return this.topics.has(topic);
  }

  send(frame: LiveServerFrame): void {
    if (this.#closed) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.close(CLOSE.tooSlow, 'too slow');
      return;
    }
    this.#socket.send(JSON.stringify(frame));
  }

  /** False when the last ping was not answered. */
  beat(): boolean {
    if (!this.#answered) return false;
    this.#answered = false;
    this.#socket.ping();
    return true;
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.identity = NOBODY;
    this.topics = new Set();
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#closed = true;
    this.#socket.terminate();
  }

  /** One after the other, in the order they came. */
  #receive(text: string | null): void {
    if (this.#closed) return;
    const frame = text === null ? null : parseFrame(text);
    if (frame === null) {
      this.close(CLOSE.brokenFrame, 'broken frame');
      return;
    }
    if (++this.#waiting > MAX_WAITING_FRAMES) {
      this.close(CLOSE.tooSlow, 'too many frames at once');
      return;
    }
    this.#last = this.#last
      .then(() => (this.#closed ? undefined : this.#handle(this, frame)))
      .catch((error: unknown) => {
        this.#log.error({ err: error, frame: frame.type }, 'a live frame failed');
      })
      .finally(() => {
        this.#waiting--;
      });
  }
}

function parseFrame(text: string): LiveClientFrame | null {
  try {
    const parsed = liveClientFrameSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
