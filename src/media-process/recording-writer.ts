import { crc32 } from 'node:zlib';
import type { Clock, Timer } from '../base/index.ts';
import { toError } from '../base/index.ts';
import {
  FRAME_SAMPLES,
  MULAW_ENCODE,
  MULAW_SILENCE,
  RECORDING_HEADER_BYTES,
  RECORD_BYTES,
  RECORD_SAMPLES,
  SILENT_FRAME,
  encodeInto,
  recordOffset,
  sealRecord,
  writeRecordingHeader,
} from '../media/index.ts';
import type { OpenRecord, RecordOptions, RecordingCut, RecordingHeader } from '../media/index.ts';
import type { RecordPool } from './record-pool.ts';
import type { RecordingFile, RecordingFiles } from './recording-files.ts';

/** Seconds of sound kept in memory while the disk does not answer (about 0.5 MB). */
const MAX_WAITING = 30;
const SYNC_EVERY = 5;
const RETRY_MS = 1000;
/** Whoever ends a recording waits for its last second this long. */
const LAST_WRITE_MS = 3000;
/** An ended recording whose disk is full is kept in memory this long. */
const LAST_TRIES_MS = 30_000;
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT']);
/** Trying again cannot help: the path is wrong, taken or not ours. */
const FINAL_CODES = new Set(['EEXIST', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR', 'EROFS']);

export type RecordingListener = {
  onFailed(recording: RecordingWriter, reason: string): void;
  /** From now on seconds are lost, until `onMended`; the recording goes on. */
  onCut(recording: RecordingWriter, cut: RecordingCut): void;
  onMended(recording: RecordingWriter): void;
  onClosed(recording: RecordingWriter): void;
};

/**
 * One recording on its way to the disk. The beat's thread only encodes into memory (`putCaller`, `putOurs`); whole
 * seconds wait in a bounded queue that a chain of asynchronous writes empties. A disk that hangs or is
 * full for a while costs nothing but memory. When it stays so for `MAX_WAITING` seconds the oldest are given
 * up; once it writes again a hole is left in their place, which takes no room, and the recording goes on.
 */
export class RecordingWriter {
  readonly options: RecordOptions;
  /** While paused, what comes is recorded as silence. */
  paused = false;
  readonly #files: RecordingFiles;
  readonly #clock: Clock;
  readonly #listener: RecordingListener;
  readonly #header: Uint8Array;
  /** The record that is being written; then come the lost ones, then those that wait. */
  #writing: OpenRecord | undefined;
  #lost = 0;
  readonly #records: RecordPool;
  readonly #waiting: OpenRecord[] = [];
  /** Why the disk does not write; empty while it does, or says nothing. */
  #trouble = '';
  #cut: RecordingCut | null = null;
  #isCut = false;
  #closeByMs = Infinity;
  #record: OpenRecord;
  #filled = 0;
  #recordAtMs = 0;
  #number = 0;
  #samples = 0;
  #file: RecordingFile | undefined;
  #headerWritten = false;
  #written = 0;
  #synced = 0;
  #pumping = false;
  #retry: Timer | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  readonly #finished = Promise.withResolvers<undefined>();

  constructor(options: {
    record: RecordOptions;
    header: RecordingHeader;
    files: RecordingFiles;
    clock: Clock;
    listener: RecordingListener;
    records: RecordPool;
  }) {
    this.options = options.record;
    this.#files = options.files;
    this.#clock = options.clock;
    this.#listener = options.listener;
    this.#records = options.records;
    this.#record = options.records.take();
    this.#header = writeRecordingHeader(options.header);
    this.#recordAtMs = options.header.startedAtMs;
    this.#pump();
  }

  get seconds(): number {
    return this.#samples / RECORD_SAMPLES;
  }

  get bytes(): number {
    return this.#headerWritten ? RECORDING_HEADER_BYTES + this.#written * RECORD_BYTES : 0;
  }

  /** Why seconds of it are missing; null when none are. */
  get cut(): RecordingCut | null {
    return this.#cut;
  }

  /** Why seconds of it are being lost now; null while none are. */
  get losing(): RecordingCut | null {
    return this.#isCut ? this.#cut : null;
  }

  /** What the caller says in this frame. Never waits. */
  putCaller(frame: Int16Array): void {
    this.#put(frame, this.#record.caller);
  }

  /** What the caller hears in this frame. */
  putOurs(frame: Int16Array): void {
    this.#put(frame, this.#record.ours);
  }

  /** The next frame: called every 20 ms, whatever was put. */
  endFrame(): void {
    if (this.#state === 'open') this.#advance();
  }

  #put(frame: Int16Array, channel: Uint8Array): void {
    // A record is silent until something is written into it.
    if (this.#state !== 'open' || this.paused || frame === SILENT_FRAME) return;
    encodeInto(MULAW_ENCODE, frame, channel, this.#filled);
  }

  /** Frames that nobody made: silence, so that the recording keeps the clock's time. */
  skip(frames: number): void {
    for (let i = 0; i < frames && this.#state === 'open'; i++) this.#advance();
  }

  /** Ends the recording; resolves when its last second is on the disk, or the disk was given up. */
  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      this.#closeByMs = this.#clock.monotonic() + LAST_TRIES_MS;
      this.#enqueue(true);
      this.#retry?.cancel();
      this.#retry = undefined;
      this.#pump();
      const limit = this.#clock.setTimer(LAST_WRITE_MS, () => this.#finished.resolve(undefined));
      void this.#finished.promise.then(() => limit.cancel());
    }
    await this.#finished.promise;
  }

  #advance(): void {
    this.#filled += FRAME_SAMPLES;
    this.#samples += FRAME_SAMPLES;
    if (this.#filled < RECORD_SAMPLES) return;
    this.#enqueue(false);
    this.#pump();
  }

  #enqueue(last: boolean): void {
    if (last) this.#forgetUnended();
    const head = { number: this.#number, atMs: this.#recordAtMs, samples: this.#filled, last };
    sealRecord(this.#record, { ...head, cut: last ? this.#cut : null }, crc32);
    this.#waiting.push(this.#record);
    this.#number++;
    this.#filled = 0;
    this.#recordAtMs = this.#clock.now();
    if (last) return;
    this.#record = this.#records.take();
    if (this.#waiting.length > MAX_WAITING) this.#lose();
  }

  /** What was put into a frame that never ended. */
  #forgetUnended(): void {
    this.#record.caller.fill(MULAW_SILENCE, this.#filled);
    this.#record.ours.fill(MULAW_SILENCE, this.#filled);
  }

  #lose(): void {
    this.#waiting.shift();
    this.#lost++;
    if (this.#isCut) return;
    this.#isCut = true;
    const cut = NO_ROOM.has(this.#trouble) ? 'disk-full' : 'disk-slow';
    this.#cut ??= cut;
    this.#listener.onCut(this, cut);
  }

  /** What is to be written next: the one that was not written, or the oldest, behind the lost ones. */
  #next(): OpenRecord | undefined {
    if (this.#writing) return this.#writing;
    this.#written += this.#lost;
    this.#lost = 0;
    this.#writing = this.#waiting.shift();
    return this.#writing;
  }

  #pump(): void {
    if (this.#pumping || this.#retry || this.#state === 'closed') return;
    this.#pumping = true;
    void this.#write().then(
      () => this.#pumped(),
      (error: unknown) => this.#failedToWrite(toError(error)),
    );
  }

  async #write(): Promise<void> {
    this.#file ??= await this.#files.create(this.options.path);
    if (!this.#headerWritten) {
      await this.#file.write(this.#header, 0);
      this.#headerWritten = true;
    }
    for (let record = this.#next(); record; record = this.#next()) {
      await this.#file.write(record.bytes, recordOffset(this.#written));
      this.#writing = undefined;
      this.#records.giveBack(record);
      this.#written++;
      this.#trouble = '';
    }
    if (this.#written - this.#synced < SYNC_EVERY && this.#state === 'open') return;
    await this.#file.sync();
    this.#synced = this.#written;
  }

  #pumped(): void {
    this.#pumping = false;
    if (this.#isCut) {
      this.#isCut = false;
      this.#listener.onMended(this);
    }
    if (this.#waiting.length > 0) this.#pump();
    else if (this.#state === 'closing') this.#end();
  }

  #failedToWrite(error: Error & { code?: string }): void {
    this.#pumping = false;
    const code = error.code ?? error.message;
    this.#trouble = code;
    if (FINAL_CODES.has(code) || this.#clock.monotonic() > this.#closeByMs) {
      this.#fail(NO_ROOM.has(code) ? 'disk-full' : code);
      return;
    }
    this.#retry = this.#clock.setTimer(RETRY_MS, () => {
      this.#retry = undefined;
      this.#pump();
    });
  }

  #fail(reason: string): void {
    this.#state = 'closed';
    this.#waiting.length = 0;
    void this.#closeFile();
    this.#finished.resolve(undefined);
    this.#listener.onFailed(this, reason);
  }

  #end(): void {
    this.#state = 'closed';
    void this.#closeFile().then(() => {
      this.#finished.resolve(undefined);
      this.#listener.onClosed(this);
    });
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}
