/**
 * How a controller (the app) and the media process talk: lines of JSON over a stream, one message each.
 *
 *   controller → process   { "id": 7, "command": { "type": "hear", … } }      a request
 *                          { "ack": 41 }                                      events up to 41 are done with
 *   process → controller   { "id": 7, "result": { "ok": true, "value": … } }  its reply, in any order
 *                          { "event": 42, "body": { "type": "leg.dtmf", … } } a numbered event
 *
 * The first command is `attach` with the controller's epoch. A higher epoch replaces the controller that
 * was there, whose later commands are refused with `stale-epoch`; the same epoch takes its own place
 * again. Events are kept (the latest 10,000) until acknowledged, and those after `afterEvent` are sent
 * again on attach. Every command may be sent twice and does what it did once.
 */
import type {
  AttachedState,
  MediaEvent,
  MediaResult,
  OpenLegOptions,
  PlaybackSource,
  RecordOptions,
} from './plane.ts';
import type { LegId, PlaybackId, RecordingId } from '../base/index.ts';

export const CONTROL_VERSION = 1;
/** A longer line is not ours; the connection that sends it is closed. */
export const MAX_CONTROL_LINE = 1_000_000;

export type ControlCommand =
  | { type: 'attach'; version: number; epoch: number; afterEvent: number }
  | { type: 'openLeg'; options: OpenLegOptions }
  | { type: 'acceptAnswer'; leg: LegId; remoteSdp: string }
  | { type: 'renegotiate'; leg: LegId; remoteSdp: string }
  | { type: 'hear'; listener: LegId; speaker: LegId; gain: number }
  | {
      type: 'play';
      leg: LegId;
      playback: PlaybackId;
      source: PlaybackSource;
      loop: boolean;
    }
  | { type: 'stopPlayback'; playback: PlaybackId }
  | { type: 'record'; options: RecordOptions }
  | { type: 'pauseRecording'; recording: RecordingId; paused: boolean }
  | { type: 'stopRecording'; recording: RecordingId }
  | { type: 'sendDigits'; leg: LegId; digits: string }
  | { type: 'closeLeg'; leg: LegId }
  | { type: 'inventory' }
  | { type: 'figures' };

export type ControlRequest = { id: number; command: ControlCommand };

/** What `attach` answers: which incarnation of the process this is and what it holds. */
export type Attachment = { incarnation: string; state: AttachedState };

export type ControlReply = { id: number; result: MediaResult<unknown> };
export type NumberedEvent = { event: number; body: MediaEvent };
export type FromController = { request: ControlRequest } | { ack: number };
export type FromProcess = { reply: ControlReply } | NumberedEvent;

export function encodeLine(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

/** Cuts a stream of text into lines; `undefined` when a line grows beyond the limit. */
export class LineReader {
  #rest = '';

  push(chunk: string): string[] | undefined {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    const tooLong = lines.some((line) => line.length > MAX_CONTROL_LINE);
    return tooLong || this.#rest.length > MAX_CONTROL_LINE ? undefined : lines;
  }
}

/** What a line is written to; a socket of Node fits. */
export type LineSink = { write(text: string): unknown };

/** Writes lines; those of one turn of the event loop leave as one text. `defer` ends the turn. */
export class LineWriter {
  readonly #sink: LineSink;
  readonly #defer: (work: () => void) => void;
  #lines = '';

  constructor(sink: LineSink, defer: (work: () => void) => void) {
    this.#sink = sink;
    this.#defer = defer;
  }

  write(message: unknown): void {
    if (this.#lines === '') this.#defer(() => this.flush());
    this.#lines += encodeLine(message);
  }

  /** What is left of this turn leaves now: before the end of what it is written to. */
  flush(): void {
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '') this.#sink.write(lines);
  }
}

type Fields = Record<string, unknown>;

/** Reads a controller's line; undefined when it is not one of ours. */
export function parseFromController(line: string): FromController | undefined {
  const message = parseObject(line);
  if (!message) return undefined;
  const { ack, id, command } = message;
  if (isNumber(ack)) return { ack };
  if (!isNumber(id) || !isObject(command)) return undefined;
  const parsed = parseCommand(command);
  return parsed && { request: { id, command: parsed } };
}

/** Reads a line of the process, which the app trusts to be well formed inside. */
export function parseFromProcess(line: string): FromProcess | undefined {
  const message = parseObject(line);
  if (!message) return undefined;
  const { id, result, event, body } = message;
  if (isNumber(id) && isObject(result) && typeof result['ok'] === 'boolean') {
    return { reply: { id, result: result as MediaResult<unknown> } };
  }
  if (isNumber(event) && isObject(body) && isText(body['type'])) {
    return { event, body: body as MediaEvent };
  }
  return undefined;
}

/** The fields each command must have; what else is there is left alone. */
const SHAPES: Record<ControlCommand['type'], Record<string, (value: unknown) => boolean>> = {
  attach: { version: isNumber, epoch: isNumber, afterEvent: isNumber },
  openLeg: { options: isOpenLegOptions },
  acceptAnswer: { leg: isText, remoteSdp: isText },
  renegotiate: { leg: isText, remoteSdp: isText },
  hear: { listener: isText, speaker: isText, gain: isGain },
  play: { leg: isText, playback: isText, source: isSource, loop: isBoolean },
  stopPlayback: { playback: isText },
  record: { options: isRecordOptions },
  pauseRecording: { recording: isText, paused: isBoolean },
  stopRecording: { recording: isText },
  sendDigits: { leg: isText, digits: isText },
  closeLeg: { leg: isText },
  inventory: {},
  figures: {},
};

function parseCommand(command: Fields): ControlCommand | undefined {
  const { type } = command;
  if (!isText(type) || !Object.hasOwn(SHAPES, type)) return undefined;
  const shape = SHAPES[type as ControlCommand['type']];
  const fits = Object.entries(shape).every(([field, test]) => test(command[field]));
  return fits ? (command as ControlCommand) : undefined;
}

function parseObject(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isGain(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 16;
}

function isOpenLegOptions(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, kind, remoteSdp, mediaNetworks, signallingAddress } = value;
  return (
    isText(id) &&
    (kind === 'rtp' || kind === 'webrtc') &&
    (remoteSdp === undefined || isText(remoteSdp)) &&
    (signallingAddress === undefined || isText(signallingAddress)) &&
    (mediaNetworks === undefined || (Array.isArray(mediaNetworks) && mediaNetworks.every(isText)))
  );
}

function isSource(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { kind, tone, name } = value;
  if (kind === 'tone') return ['ringback', 'busy', 'wait', 'beep'].includes(String(tone));
  return kind === 'echo' || (kind === 'prompt' && isText(name));
}

function isRecordOptions(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { recordingId, callId, path, callerLeg } = value;
  return [recordingId, callId, path, callerLeg].every(isText);
}
