import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { toError } from '../base/index.ts';
import type { Clock, LegId, Logger, PlaybackId, RecordingId, Timer } from '../base/index.ts';
import { CONTROL_VERSION, LineReader, LineWriter, parseFromProcess } from '../media/index.ts';
import type {
  AttachedState,
  Attachment,
  ControlCommand,
  MediaEvent,
  MediaFigures,
  MediaPlane,
  MediaRefusal,
  MediaResult,
  NumberedEvent,
  OpenLegOptions,
  PlaybackSource,
  RecordOptions,
} from '../media/index.ts';

const COMMAND_TIMEOUT_MS = 5000;
const RETRY_FIRST_MS = 50;
/** A try costs next to nothing; while it is away nobody is heard. */
const RETRY_MOST_MS = 100;
/** Commands without a reply; more means the process does not keep up. */
const MAX_PENDING = 2000;
const CONNECT_WAIT_MS = 10_000;

type Pending = { resolve: (result: MediaResult<unknown>) => void; timer: Timer };

export type MediaProcessClientOptions = {
  socketPath: string;
  /** Higher than that of every earlier controller of this process. */
  epoch: number;
  clock: Clock;
  log: Logger;
};

/**
 * The media plane behind the control socket. It connects again by itself for ever; while it is away
 * every command is refused with `plane-down`. After each connection it says `plane.up`, with `fresh`
 * when the process is a new one that holds no legs.
 */
export class MediaProcessClient implements MediaPlane {
  readonly #options: MediaProcessClientOptions;
  readonly #listeners = new Set<(event: MediaEvent) => void>();
  readonly #pending = new Map<number, Pending>();
  #socket: Socket | undefined;
  #writer: LineWriter | undefined;
  #attached = false;
  #up: boolean | undefined;
  #refused = false;
  #closed = false;
  #retry: Timer | undefined;
  #retryMs = RETRY_FIRST_MS;
  #nextId = 1;
  #incarnation = '';
  #lastEvent = 0;
  #firstAttach = Promise.withResolvers<boolean>();

  constructor(options: MediaProcessClientOptions) {
    this.#options = options;
  }

  /**
   * Begins to connect. Resolves when attached, or with `false`: at once when refused for good, else
   * when that has not happened within 10 s; the client goes on trying then.
   */
  async connect(): Promise<boolean> {
    this.#open();
    const limit = this.#options.clock.setTimer(CONNECT_WAIT_MS, () =>
      this.#firstAttach.resolve(false),
    );
    const attached = await this.#firstAttach.promise;
    limit.cancel();
    return attached;
  }

  /** Leaves the process; its legs and recordings go on. */
  close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    this.#firstAttach.resolve(false);
    const socket = this.#socket;
    this.#lose(socket);
    return new Promise((resolve) => {
      if (!socket || socket.destroyed) resolve();
      else socket.once('close', () => resolve()).destroy();
    });
  }

  openLeg(options: OpenLegOptions): Promise<MediaResult<{ localSdp: string }>> {
    return this.#send({ type: 'openLeg', options });
  }

  acceptAnswer(leg: LegId, remoteSdp: string): Promise<MediaResult<null>> {
    return this.#send({ type: 'acceptAnswer', leg, remoteSdp });
  }

  renegotiate(leg: LegId, remoteSdp: string): Promise<MediaResult<{ localSdp: string }>> {
    return this.#send({ type: 'renegotiate', leg, remoteSdp });
  }

  hear(listener: LegId, speaker: LegId, gain: number): Promise<MediaResult<null>> {
    return this.#send({ type: 'hear', listener, speaker, gain });
  }

  play(
    leg: LegId,
    playback: PlaybackId,
    source: PlaybackSource,
    options: { loop?: boolean } = {},
  ): Promise<MediaResult<null>> {
    return this.#send({ type: 'play', leg, playback, source, loop: options.loop ?? false });
  }

  stopPlayback(playback: PlaybackId): Promise<MediaResult<null>> {
    return this.#send({ type: 'stopPlayback', playback });
  }

  record(options: RecordOptions): Promise<MediaResult<null>> {
    return this.#send({ type: 'record', options });
  }

  pauseRecording(recording: RecordingId, paused: boolean): Promise<MediaResult<null>> {
    return this.#send({ type: 'pauseRecording', recording, paused });
  }

  sendDigits(leg: LegId, digits: string): Promise<MediaResult<null>> {
    return this.#send({ type: 'sendDigits', leg, digits });
  }

  stopRecording(recording: RecordingId): Promise<MediaResult<null>> {
    return this.#send({ type: 'stopRecording', recording });
  }

  closeLeg(leg: LegId): Promise<MediaResult<null>> {
    return this.#send({ type: 'closeLeg', leg });
  }

  inventory(): Promise<MediaResult<AttachedState>> {
    return this.#send({ type: 'inventory' });
  }

  figures(): Promise<MediaResult<MediaFigures>> {
    return this.#send({ type: 'figures' });
  }

  onEvent(listener: (event: MediaEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #open(): void {
    const reader = new LineReader();
    const socket = createConnection(this.#options.socketPath);
    this.#socket = socket;
    this.#writer = new LineWriter(socket, setImmediate);
    socket.setEncoding('utf8');
    socket.on('connect', () => this.#attach(socket));
    socket.on('data', (chunk: string) => {
      const lines = reader.push(chunk);
      if (!lines) socket.destroy();
      for (const line of lines ?? []) this.#read(line);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#lose(socket));
  }

  #attach(socket: Socket): void {
    const { epoch } = this.#options;
    const version = CONTROL_VERSION;
    const afterEvent = this.#lastEvent;
    // A callback, not a promise: the events right behind the reply must find us attached.
    this.#request({ type: 'attach', version, epoch, afterEvent }, (result) => {
      if (this.#socket !== socket) return;
      if (result.ok) {
        this.#rise(result.value as Attachment);
        return;
      }
      this.#refused = result.reason === 'stale-epoch';
      this.#options.log.warn({ reason: result.reason }, 'media process refused us');
      if (this.#refused) this.#firstAttach.resolve(false);
      socket.destroy();
    });
  }

  #rise({ incarnation, state }: Attachment): void {
    const isNew = incarnation !== this.#incarnation;
    // Another process numbers its events anew.
    if (isNew) this.#lastEvent = 0;
    this.#incarnation = incarnation;
    this.#retryMs = RETRY_FIRST_MS;
    this.#attached = true;
    this.#up = true;
    const fresh = isNew && state.legs.length === 0;
    this.#options.log.info({ incarnation, legs: state.legs.length }, 'attached to media process');
    this.#tell({ type: 'plane.up', at: this.#options.clock.now(), fresh });
    this.#firstAttach.resolve(true);
  }

  #lose(socket: Socket | undefined): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#attached = false;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { resolve, timer } of pending) {
      timer.cancel();
      resolve(refused('plane-down'));
    }
    if (this.#up !== false) {
      this.#up = false;
      if (!this.#closed) this.#tell({ type: 'plane.down', at: this.#options.clock.now() });
    }
    if (this.#closed || this.#refused) return;
    this.#retry = this.#options.clock.setTimer(this.#retryMs, () => this.#open());
    this.#retryMs = Math.min(RETRY_MOST_MS, this.#retryMs * 2);
  }

  #read(line: string): void {
    const message = parseFromProcess(line);
    if (!message) this.#options.log.warn({ characters: line.length }, 'line not understood');
    else if ('reply' in message) {
      const pending = this.#pending.get(message.reply.id);
      this.#pending.delete(message.reply.id);
      pending?.timer.cancel();
      pending?.resolve(message.reply.result);
    } else this.#receiveEvent(message);
  }

  #receiveEvent({ event, body }: NumberedEvent): void {
    if (event <= this.#lastEvent) return;
    this.#lastEvent = event;
    this.#tell(body);
    this.#writer?.write({ ack: event });
  }

  #tell(event: MediaEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (thrown) {
        const { log } = this.#options;
        log.error({ err: toError(thrown), event: event.type }, 'media event listener failed');
      }
    }
  }

  #send<T>(command: ControlCommand): Promise<MediaResult<T>> {
    if (this.#refused) return Promise.resolve(refused('stale-epoch'));
    const down = !this.#socket || !this.#attached || this.#pending.size >= MAX_PENDING;
    if (down) return Promise.resolve(refused('plane-down'));
    return new Promise((resolve) => {
      this.#request(command, (result) => resolve(result as MediaResult<T>));
    });
  }

  #request(command: ControlCommand, resolve: (result: MediaResult<unknown>) => void): void {
    const id = this.#nextId++;
    const timer = this.#options.clock.setTimer(COMMAND_TIMEOUT_MS, () => {
      this.#pending.delete(id);
      resolve(refused('plane-down'));
    });
    this.#pending.set(id, { timer, resolve });
    this.#writer?.write({ id, command });
  }
}

function refused(reason: MediaRefusal): { ok: false; reason: MediaRefusal } {
  return { ok: false, reason };
}
