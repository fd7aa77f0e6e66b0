import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { chmod, rm } from 'node:fs/promises';
import type { Clock, Logger, Timer } from '../base/index.ts';
import { AppError, assertNever, toError } from '../base/index.ts';
import { CONTROL_VERSION, LineReader, LineWriter, parseFromController } from '../media/index.ts';
import type {
  ControlCommand,
  ControlRequest,
  FromController,
  MediaEvent,
  MediaFigures,
  MediaResult,
} from '../media/index.ts';
import { EventLog } from './event-log.ts';
import type { MediaSwitch } from './media-switch.ts';

const MAX_CONNECTIONS = 16;
/** A controller that does not read its events is cut off; it attaches again and gets them then. */
const MAX_UNREAD_BYTES = 16_000_000;
/** Calls survive their controller this long; then nobody will come back for them. */
const ABANDONED_MS = 30 * 60_000;

type Connection = { socket: Socket; epoch: number; reader: LineReader; writer: LineWriter };

export type ControlServerOptions = {
  incarnation: string;
  clock: Clock;
  log: Logger;
  figures: () => MediaFigures;
  onAbandoned: () => void;
};

/** The control socket: one controller at a time, the one with the highest epoch. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #events = new EventLog();
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  #switch: MediaSwitch | undefined;
  #controller: Connection | undefined;
  #epoch = -1;
  #abandoned: Timer | undefined;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  async listen(path: string, commands: MediaSwitch): Promise<void> {
    this.#switch = commands;
    if (await answers(path)) {
      throw new AppError('media.already-running', `another media process serves ${path}`);
    }
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
    await chmod(path, 0o600);
  }

  emit(event: MediaEvent): void {
    const numbered = this.#events.append(event);
    if (this.#controller) this.#write(this.#controller, numbered);
  }

  async close(): Promise<void> {
    for (const { socket, writer } of this.#connections) {
      writer.flush();
      socket.end();
    }
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const limit = setTimeout(() => {
      for (const { socket } of this.#connections) socket.destroy();
    }, 500);
    await closed;
    clearTimeout(limit);
    // Also the one that began when the controller's connection was closed here.
    this.#abandoned?.cancel();
  }

  #accept(socket: Socket): void {
    const connection: Connection = {
      socket,
      epoch: -1,
      reader: new LineReader(),
      writer: new LineWriter(socket, setImmediate),
    };
    this.#connections.add(connection);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#read(connection, chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#connections.delete(connection);
      if (this.#controller === connection) this.#detach();
    });
  }

  #detach(): void {
    this.#controller = undefined;
    this.#options.log.info({ epoch: this.#epoch }, 'controller gone, calls go on');
    this.#abandoned = this.#options.clock.setTimer(ABANDONED_MS, this.#options.onAbandoned);
  }

  #read(connection: Connection, chunk: string): void {
    const lines = connection.reader.push(chunk);
    if (!lines) {
      connection.socket.destroy();
      return;
    }
    for (const line of lines) {
      const message = parseFromController(line);
      if (message) this.#take(connection, message);
      else this.#options.log.warn({ characters: line.length }, 'control line not understood');
    }
  }

  #take(connection: Connection, message: FromController): void {
    if ('ack' in message) {
      if (connection === this.#controller) this.#events.acknowledge(message.ack);
      return;
    }
    const { request } = message;
    void this.#answer(connection, request)
      .catch((error: unknown): MediaResult<never> => {
        const fields = { err: toError(error), command: request.command.type };
        this.#options.log.error(fields, 'command failed');
        return { ok: false, reason: 'plane-down' };
      })
      .then((result) => this.#reply(connection, request, result));
  }

  #reply(connection: Connection, request: ControlRequest, result: MediaResult<unknown>): void {
    this.#write(connection, { id: request.id, result });
    if (request.command.type !== 'attach' || !result.ok) return;
    for (const event of this.#events.after(request.command.afterEvent)) {
      this.#write(connection, event);
    }
    this.#controller = connection;
  }

  async #answer(
    connection: Connection,
    { command }: ControlRequest,
  ): Promise<MediaResult<unknown>> {
    if (command.type === 'attach') return this.#attach(connection, command);
    if (connection.epoch < 0 || connection.epoch < this.#epoch) {
      return { ok: false, reason: 'stale-epoch' };
    }
    if (command.type === 'figures') return { ok: true, value: this.#options.figures() };
    return this.#switch ? execute(this.#switch, command) : { ok: false, reason: 'plane-down' };
  }

  #attach(
    connection: Connection,
    command: ControlCommand & { type: 'attach' },
  ): MediaResult<unknown> {
    const { log, incarnation } = this.#options;
    if (command.version !== CONTROL_VERSION || command.epoch < this.#epoch) {
      log.warn({ epoch: command.epoch, current: this.#epoch }, 'controller refused');
      return { ok: false, reason: 'stale-epoch' };
    }
    const before = this.#controller;
    this.#abandoned?.cancel();
    this.#epoch = command.epoch;
    connection.epoch = command.epoch;
    // The one it replaces may still ask and hear that it is too late, but gets no more events.
    this.#controller = undefined;
    if (before && before !== connection && before.epoch === command.epoch) before.socket.destroy();
    log.info({ epoch: command.epoch }, 'controller attached');
    return { ok: true, value: { incarnation, state: this.#switch?.inventory() } };
  }

  #write({ socket, writer }: Connection, message: unknown): void {
    if (socket.destroyed) return;
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    else writer.write(message);
  }
}

async function execute(
  commands: MediaSwitch,
  command: Exclude<ControlCommand, { type: 'attach' | 'figures' }>,
): Promise<MediaResult<unknown>> {
  switch (command.type) {
    case 'openLeg':
      return commands.openLeg(command.options);
    case 'acceptAnswer':
      return commands.acceptAnswer(command.leg, command.remoteSdp);
    case 'renegotiate':
      return commands.renegotiate(command.leg, command.remoteSdp);
    case 'hear':
      return commands.hear(command.listener, command.speaker, command.gain);
    case 'play':
      return commands.play(command.leg, command.playback, command);
    case 'stopPlayback':
      return commands.stopPlayback(command.playback);
    case 'record':
      return commands.record(command.options);
    case 'pauseRecording':
      return commands.pauseRecording(command.recording, command.paused);
    case 'sendDigits':
      return commands.sendDigits(command.leg, command.digits);
    case 'stopRecording':
      return commands.stopRecording(command.recording);
    case 'closeLeg':
      return commands.closeLeg(command.leg);
    case 'inventory':
      return { ok: true, value: commands.inventory() };
    default:
      return assertNever(command);
  }
}

/** Whether somebody listens on the socket file; a file without a listener was left by a dead process. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
