import { liveServerFrameSchema } from '../../src/contract/index.ts';
import type { LiveClientFrame, LiveServerFrame, Topic } from '../../src/contract/index.ts';

/** The part of a WebSocket that is used; a test gives its own. */
export interface LiveSocket {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/**
 * `open` means welcomed by the server. `ended`: nobody is signed in any more. `refused`: this
 * person may not see a topic. In both nothing is tried again by itself.
 */
export type LiveStatus = 'idle' | 'connecting' | 'open' | 'waiting' | 'ended' | 'refused';

export type LiveOptions = {
  deskId: string;
  topics: Topic[];
  openSocket: () => LiveSocket;
  random: () => number;
};

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;
const PING_EVERY_MS = 5_000;
const SILENCE_MS = 12_000;
const SESSION_ENDED = 4401;
const TOPIC_REFUSED = 4403;

/** 0.25, 0.5, 1 … 5 s, each up to a quarter longer, so that a hundred pages do not come at once. */
export function reconnectDelayMs(attempt: number, random: number): number {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10));
  return Math.round(delay * (1 + random / 4));
}

/** The one WebSocket of a page: comes back by itself, says hello again, notices silence. */
export class LiveConnection {
  readonly #options: LiveOptions;
  readonly #frameListeners = new Set<(frame: LiveServerFrame) => void>();
  readonly #statusListeners = new Set<(status: LiveStatus) => void>();
  #socket: LiveSocket | null = null;
  #status: LiveStatus = 'idle';
  #attempt = 0;
  #lastFrameAt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get status(): LiveStatus {
    return this.#status;
  }

  onFrame(listener: (frame: LiveServerFrame) => void): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  onStatus(listener: (status: LiveStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  start(): void {
    if (this.#socket !== null) return;
    this.#attempt = 0;
    this.#connect();
  }

  /** The network is back or the page is looked at again: do not wait out the delay. */
  hurry(): void {
    if (this.#status === 'waiting') this.start();
  }

  stop(): void {
    this.#drop();
    this.#say('idle');
  }

  /** False when nothing was sent because the connection is not open. */
  send(frame: LiveClientFrame): boolean {
    if (this.#socket === null || this.#status !== 'open') return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #connect(): void {
    this.#drop();
    // What is said of a lost connection stays until there is one: it must not come and go with each try.
    if (this.#status !== 'waiting') this.#say('connecting');
    const socket = this.#options.openSocket();
    this.#socket = socket;
    this.#lastFrameAt = Date.now();
    this.#heartbeat = setInterval(() => this.#beat(), PING_EVERY_MS);
    socket.onopen = () => {
      const { deskId, topics } = this.#options;
      socket.send(JSON.stringify({ type: 'hello', deskId, topics } satisfies LiveClientFrame));
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#closed(event.code);
  }

  #receive(data: unknown): void {
    this.#lastFrameAt = Date.now();
    const frame = liveServerFrameSchema.safeParse(parseJson(data));
    if (!frame.success) return;
    if (frame.data.type === 'welcome') {
      this.#attempt = 0;
      this.#say('open');
    }
    for (const listener of this.#frameListeners) listener(frame.data);
  }

  #beat(): void {
    if (Date.now() - this.#lastFrameAt > SILENCE_MS) {
      this.#socket?.close();
      this.#closed(1006);
      return;
    }
    this.send({ type: 'ping', at: Date.now() });
  }

  #closed(code: number): void {
    this.#drop();
    if (code === SESSION_ENDED || code === TOPIC_REFUSED) {
      this.#say(code === SESSION_ENDED ? 'ended' : 'refused');
      return;
    }
    const delay = reconnectDelayMs(this.#attempt, this.#options.random());
    this.#attempt += 1;
    this.#say('waiting');
    this.#retry = setTimeout(() => this.#connect(), delay);
  }

  #drop(): void {
    clearTimeout(this.#retry);
    clearInterval(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #say(status: LiveStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    for (const listener of this.#statusListeners) listener(status);
  }
}

function parseJson(data: unknown): unknown {
  if (typeof data !== 'string') return null;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

/** The page's own socket to `/api/v1/live`. */
export function openLiveSocket(): LiveSocket {
  const url = new URL('/api/v1/live', window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(url);
}
