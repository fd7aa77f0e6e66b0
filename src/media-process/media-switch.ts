import type { Clock, LegId, Logger, PlaybackId, Random, RecordingId } from '../base/index.ts';
import { TURNS, endsFrame, noJitter, toneSamples } from '../media/index.ts';
import type {
  AttachedState,
  Beat,
  DtmfDigit,
  JitterCounters,
  MediaEvent,
  MediaRefusal,
  MediaResult,
  OpenLegOptions,
  PlaybackSource,
  RecordOptions,
} from '../media/index.ts';
import { BrowserLeg } from './browser-leg.ts';
import { MediaLeg } from './media-leg.ts';
import type { LegListener, LostReason } from './media-leg.ts';
import { EchoPlayback, SamplePlayback } from './playback.ts';
import type { Playback } from './playback.ts';
import type { PortPool } from './port-pool.ts';
import type { Prompts } from './prompts.ts';
import type { RecordingFiles } from './recording-files.ts';
import { RecordPool } from './record-pool.ts';
import { RecordingWriter } from './recording-writer.ts';
import type { RecordingListener } from './recording-writer.ts';
import { RtpLeg } from './rtp-leg.ts';
import { createWebRtcTransport } from './webrtc-transport.ts';
import type { WebRtcListener, WebRtcTransport } from './webrtc-transport.ts';

const MAX_LEGS = 5000;
const MAX_PLAYBACKS_PER_LEG = 8;
const FRAMES_PER_SECOND = 50;
const REPORT_SECONDS = 5;
/**
 * How long nothing may come, looked at once a second: at all, from a leg that somebody is to hear;
 * of a telephone that has sent before, which some only do while somebody speaks there; of a browser,
 * which sends all the time, muted or not, and has most likely died, long before its missing checks
 * say so.
 */
const QUIET_FRAMES = {
  never: 3 * FRAMES_PER_SECOND,
  telephone: 10 * FRAMES_PER_SECOND,
  /** Holds us: it plays something or it does not, and whoever hears nothing waits in silence. */
  holding: FRAMES_PER_SECOND,
  browser: 2 * FRAMES_PER_SECOND,
};
/** After the transport's own 15 s without a check: together 30 s until the leg is closed. */
const BROWSER_CLOSED_MS = 15_000;
const FINISHED_KEPT = 1000;

type OpenLeg = {
  media: MediaLeg;
  outside: RtpLeg | BrowserLeg;
  /** Those in which it is the caller. */
  recordings: RecordingWriter[];
};

/** The legs by the beat of the frame that is their turn. */
type Turns = readonly Set<OpenLeg>[];

export type MediaSwitchOptions = {
  clock: Clock;
  random: Random;
  log: Logger;
  pool: PortPool;
  prompts: Prompts;
  files: RecordingFiles;
  mediaAddresses: readonly string[];
  /** SHA-256 of a text. */
  hash: (text: string) => Uint8Array;
  latestBeat: () => Beat;
  emit(event: MediaEvent): void;
  count: (name: string) => void;
};

/** All legs, who hears whom, playbacks and recordings: what commands change and every beat works on. */
export class MediaSwitch {
  readonly #options: MediaSwitchOptions;
  readonly #legs = new Map<LegId, OpenLeg>();
  readonly #opening = new Map<LegId, Promise<MediaResult<{ localSdp: string }>>>();
  readonly #recordings = new Map<RecordingId, RecordingWriter>();
  readonly #closingRecordings = new Set<Promise<void>>();
  readonly #finished = new Set<RecordingId>();
  readonly #records = new RecordPool();
  readonly #jitterOfClosed = noJitter();
  readonly #legListener: LegListener;
  readonly #recordingListener: RecordingListener;
  #webrtc: WebRtcTransport | undefined;
  #frames = 0;
  #nextTurn = 0;
  readonly #listenTurns: Turns = newTurns();
  readonly #sendTurns: Turns = newTurns();
  /** Whose turn moved in this frame, maybe to a beat that is over. */
  readonly #moved = new Set<OpenLeg>();

  constructor(options: MediaSwitchOptions) {
    this.#options = options;
    this.#legListener = {
      onFirstMedia: (leg) => this.#emit({ type: 'leg.first-media', leg: leg.id, at: this.#now() }),
      onHeardAgain: (leg) => this.#tellLost(leg, undefined),
      onDigit: (leg, digit) => this.#tellDigit(leg, digit),
      onPlaybackDone: (leg, playback) =>
        this.#emit({ type: 'playback.done', leg: leg.id, playback, at: this.#now() }),
      onTurnMoved: ({ id }) => this.#giveTurns(this.#legs.get(id)),
    };
    this.#recordingListener = {
      onFailed: (recording, reason) => this.#recordingFailed(recording, reason),
      onCut: ({ options: { recordingId } }, reason) => {
        this.#options.log.error({ recordingId, reason }, 'the disk does not take the recording');
        this.#emit({ type: 'recording.cut', recordingId, at: this.#now(), reason });
      },
      onMended: ({ options: { recordingId } }) => {
        this.#options.log.info({ recordingId }, 'the disk takes the recording again');
        this.#emit({ type: 'recording.mended', recordingId, at: this.#now() });
      },
      onClosed: (recording) => this.#recordingClosed(recording),
    };
  }

  /** Binds the port of the browsers; throws an AppError when that is not possible. */
  async openWebRtc(options: {
    port: number;
    bindAddress: string;
    announcedAddresses: string[];
  }): Promise<void> {
    const { clock, log, count } = this.#options;
    this.#webrtc = await createWebRtcTransport({
      port: options.port,
      bindAddresses: [options.bindAddress],
      announcedAddresses: options.announcedAddresses,
      listener: this.#webrtcListener(),
      log,
      clock,
      ssrcOf: (id) => this.#legs.get(id as LegId)?.media.ssrc ?? 0,
      count,
    });
  }

  get legCount(): number {
    return this.#legs.size;
  }

  get gauges(): Record<string, number> {
    let playbacks = 0;
    for (const { media } of this.#legs.values()) playbacks += media.playbacks.length;
    const recordings = this.#recordings.size + this.#closingRecordings.size;
    return { legs: this.#legs.size, ports: this.#options.pool.inUse, recordings, playbacks };
  }

  /** What the jitter buffers of all legs did, those that are gone included. */
  get jitterCounters(): Record<string, number> {
    const sum = { ...this.#jitterOfClosed };
    for (const { media } of this.#legs.values()) addTo(sum, media.jitterCounters);
    return Object.fromEntries(
      Object.entries(sum).map(([what, count]) => [`jitter.${what}`, count]),
    );
  }

  // ---- Commands

  openLeg(options: OpenLegOptions): Promise<MediaResult<{ localSdp: string }>> {
    const known = this.#legs.get(options.id);
    const opening = this.#opening.get(options.id);
    if (opening) return opening;
    if (known) return Promise.resolve({ ok: true, value: { localSdp: known.outside.localSdp } });
    if (this.#legs.size >= MAX_LEGS) return Promise.resolve(refused('no-port'));
    const opened = this.#openNew(options).finally(() => this.#opening.delete(options.id));
    this.#opening.set(options.id, opened);
    return opened;
  }

  async #openNew(options: OpenLegOptions): Promise<MediaResult<{ localSdp: string }>> {
    const media = this.#newLeg(options);
    let result: MediaResult<{ localSdp: string }>;
    if (options.kind === 'rtp') {
      const { pool, mediaAddresses, count } = this.#options;
      const outside = new RtpLeg({ leg: media, open: options, pool, mediaAddresses, count });
      this.#addLeg(media, outside);
      result = await outside.open();
    } else {
      if (!this.#webrtc) return refused('no-port');
      if (options.remoteSdp === undefined) return refused('bad-sdp');
      const outside = new BrowserLeg(media, this.#webrtc);
      this.#addLeg(media, outside);
      result = await outside.renegotiate(options.remoteSdp);
    }
    if (!result.ok) await this.#dropLeg(options.id);
    return result;
  }

  #addLeg(media: MediaLeg, outside: OpenLeg['outside']): void {
    media.transport = outside;
    const leg: OpenLeg = { media, outside, recordings: [] };
    this.#legs.set(media.id, leg);
    this.#giveTurns(leg);
  }

  #giveTurns(leg: OpenLeg | undefined): void {
    if (!leg) return;
    this.#takeTurns(leg);
    this.#listenTurns[leg.media.listenTurn]?.add(leg);
    this.#sendTurns[leg.media.sendTurn]?.add(leg);
    this.#moved.add(leg);
  }

  #takeTurns(leg: OpenLeg): void {
    for (const turn of this.#listenTurns) turn.delete(leg);
    for (const turn of this.#sendTurns) turn.delete(leg);
    this.#moved.delete(leg);
  }

  #newLeg(options: OpenLegOptions): MediaLeg {
    const { random, latestBeat } = this.#options;
    const bytes = new DataView(Uint8Array.from(random.bytes(10)).buffer);
    return new MediaLeg({
      id: options.id,
      kind: options.kind,
      random: {
        ssrc: bytes.getUint32(0),
        sequence: bytes.getUint16(4),
        timestamp: bytes.getUint32(6),
      },
      turn: this.#nextTurn++ % TURNS,
      latestBeat: latestBeat(),
      listener: this.#legListener,
    });
  }

  async acceptAnswer(id: LegId, remoteSdp: string): Promise<MediaResult<null>> {
    const leg = await this.#opened(id);
    if (!leg) return refused('unknown-leg');
    return leg.outside instanceof RtpLeg ? leg.outside.acceptAnswer(remoteSdp) : refused('bad-sdp');
  }

  async renegotiate(id: LegId, remoteSdp: string): Promise<MediaResult<{ localSdp: string }>> {
    const leg = await this.#opened(id);
    return leg ? leg.outside.renegotiate(remoteSdp) : refused('unknown-leg');
  }

  /** Parting from a leg that is gone is done already. */
  hear(listenerId: LegId, speakerId: LegId, gain: number): MediaResult<null> {
    const listener = this.#legs.get(listenerId)?.media;
    const speaker = this.#legs.get(speakerId)?.media;
    if (!listener || !speaker) return gain === 0 ? done : refused('unknown-leg');
    listener.hear(speaker, gain);
    return done;
  }

  async play(
    id: LegId,
    playback: PlaybackId,
    sound: { source: PlaybackSource; loop: boolean },
  ): Promise<MediaResult<null>> {
    const leg = this.#legs.get(id)?.media;
    if (!leg) return refused('unknown-leg');
    if (leg.hasPlayed(playback)) return done;
    const made = await this.#makePlayback(playback, sound);
    if (!this.#legs.has(id)) return refused('unknown-leg');
    if (leg.playbacks.length >= MAX_PLAYBACKS_PER_LEG) this.#options.count('playback.crowded');
    else leg.play(made);
    return done;
  }

  async #makePlayback(
    id: PlaybackId,
    { source, loop }: { source: PlaybackSource; loop: boolean },
  ): Promise<Playback> {
    switch (source.kind) {
      case 'tone':
        return new SamplePlayback(id, toneSamples(source.tone), loop);
      case 'prompt':
        return new SamplePlayback(id, await this.#options.prompts.load(source.name), loop);
      case 'echo':
        return new EchoPlayback(id);
    }
  }

  stopPlayback(playback: PlaybackId): MediaResult<null> {
    for (const { media } of this.#legs.values()) {
      if (media.playbacks.length > 0 && media.stopPlayback(playback)) break;
    }
    return done;
  }

  record(record: RecordOptions): MediaResult<null> {
    if (this.#recordings.has(record.recordingId)) return done;
    const leg = this.#legs.get(record.callerLeg);
    if (!leg) return refused('unknown-leg');
    if (this.#finished.has(record.recordingId)) return refused('recording-over');
    const { clock, files, hash } = this.#options;
    const writer = new RecordingWriter({
      record,
      header: {
        recordingId: record.recordingId,
        callHash: hash(record.callId),
        keyId: '',
        startedAtMs: clock.now(),
      },
      files,
      clock,
      listener: this.#recordingListener,
      records: this.#records,
    });
    this.#recordings.set(record.recordingId, writer);
    leg.recordings.push(writer);
    return done;
  }

  pauseRecording(id: RecordingId, paused: boolean): MediaResult<null> {
    const writer = this.#recordings.get(id);
    if (writer) writer.paused = paused;
    return done;
  }

  sendDigits(id: LegId, digits: string): MediaResult<null> {
    const leg = this.#legs.get(id)?.media;
    if (!leg) return refused('unknown-leg');
    return leg.sendDigits(digits) ? done : refused('no-digits');
  }

  stopRecording(id: RecordingId): MediaResult<null> {
    const writer = this.#recordings.get(id);
    if (!writer) return done;
    this.#stopWriting(writer);
    const closing = writer.close().finally(() => this.#closingRecordings.delete(closing));
    this.#closingRecordings.add(closing);
    return done;
  }

  async closeLeg(id: LegId): Promise<MediaResult<null>> {
    await this.#opening.get(id);
    await this.#dropLeg(id);
    return done;
  }

  inventory(): AttachedState {
    const legs = [...this.#legs.values()].map(({ media }) => media);
    return {
      legs: legs.map(({ id, kind, hasMedia }) => ({ id, kind, hasMedia })),
      hearing: legs.flatMap((leg) =>
        leg.hears.map(({ speaker, gain }) => ({ listener: leg.id, speaker: speaker.id, gain })),
      ),
      recordings: [...this.#recordings.values()].map(({ options, seconds, paused, losing }) => ({
        recordingId: options.recordingId,
        callId: options.callId,
        path: options.path,
        seconds,
        paused,
        ...(losing !== null && { losing }),
      })),
      playbacks: legs.flatMap((leg) => leg.playbacks.map(({ id }) => ({ id, leg: leg.id }))),
    };
  }

  /** Ends every leg and recording; resolves when the recordings are on the disk. */
  async closeAll(): Promise<void> {
    for (const id of [...this.#recordings.keys()]) this.stopRecording(id);
    await Promise.all([...this.#legs.keys()].map((id) => this.closeLeg(id)));
    await Promise.all(this.#closingRecordings);
  }

  async shutdown(): Promise<void> {
    await this.closeAll();
    await this.#webrtc?.shutdown();
  }

  // ---- Every beat

  beat(beat: Beat, live: boolean): void {
    for (const leg of this.#listenTurns[beat.turn] ?? []) this.#listen(leg, beat);
    for (const leg of this.#moved) this.#listen(leg, beat);
    for (const leg of this.#sendTurns[beat.turn] ?? []) this.#send(leg, beat, live);
    for (const leg of this.#moved) this.#send(leg, beat, live);
    if (endsFrame(beat)) this.#endFrame();
  }

  #listen({ media, outside, recordings }: OpenLeg, beat: Beat): void {
    if (!media.isToBeListenedTo(beat)) return;
    outside.read();
    // What came may have moved the turn to a later beat.
    if (!media.isToBeListenedTo(beat)) return;
    media.listen(beat);
    for (const writer of recordings) writer.putCaller(media.spoken);
  }

  #send({ media, recordings }: OpenLeg, beat: Beat, live: boolean): void {
    if (!media.isToBeSentTo(beat)) return;
    media.mix();
    media.send(beat, live);
    for (const writer of recordings) writer.putOurs(media.heard);
  }

  #endFrame(): void {
    this.#moved.clear();
    for (const writer of this.#recordings.values()) writer.endFrame();
    if (++this.#frames % FRAMES_PER_SECOND === 0) this.#everySecond();
  }

  skip(frames: number): void {
    for (const { media } of this.#legs.values()) media.skip(frames);
    for (const writer of this.#recordings.values()) writer.skip(frames);
  }

  #everySecond(): void {
    const second = this.#frames / FRAMES_PER_SECOND;
    const times = { unixMs: this.#now(), nowMs: this.#options.clock.monotonic() };
    for (const leg of this.#legs.values()) {
      // Reports are spread over the interval by a number that is any: not all legs report at one beat.
      if ((second + leg.media.ssrc) % REPORT_SECONDS === 0) leg.media.sendReport(times);
      this.#watchMedia(leg, times.nowMs);
    }
  }

  #watchMedia({ media, outside }: OpenLeg, nowMs: number): void {
    const isBrowser = outside instanceof BrowserLeg;
    if (isBrowser && outside.lostAtMs !== undefined) {
      if (nowMs - outside.lostAtMs >= BROWSER_CLOSED_MS) this.#endLeg(media.id, 'media-lost');
      return;
    }
    if (media.lost !== undefined) return;
    const isKeptUp = isBrowser && media.hasMedia;
    if (!outside.expectsMedia || !(media.heardBy.size > 0 || isKeptUp)) {
      media.quietFrames = 0;
      return;
    }
    const sending = isBrowser ? 'browser' : outside.isHolding ? 'holding' : 'telephone';
    if (media.quietFrames < QUIET_FRAMES[media.hasMedia ? sending : 'never']) return;
    this.#tellLost(media, media.hasMedia ? 'rtp-timeout' : 'no-rtp');
  }

  // ---- Events

  #webrtcListener(): WebRtcListener {
    const { clock } = this.#options;
    const found = (id: string): { media: MediaLeg; outside: BrowserLeg } | undefined => {
      const leg = this.#legs.get(id as LegId);
      return leg?.outside instanceof BrowserLeg
        ? { media: leg.media, outside: leg.outside }
        : undefined;
    };
    const back = (id: string): void => {
      const leg = found(id);
      if (!leg) return;
      leg.outside.connected = true;
      leg.outside.lostAtMs = undefined;
      leg.media.quietFrames = 0;
      if (leg.media.lost) this.#tellLost(leg.media, undefined);
    };
    return {
      onRtp: (id, packet) => found(id)?.outside.receive(packet, clock.monotonic()),
      onRtcp: (id, packet) => found(id)?.outside.receiveRtcp(packet, clock.monotonic()),
      onConnected: back,
      onBack: back,
      onLost: (id, reason) => {
        const leg = found(id);
        if (!leg) return;
        if (reason === 'dtls-failed') {
          this.#endLeg(leg.media.id, reason);
          return;
        }
        // A page that closed or reloaded may come back with a new offer for the same leg.
        leg.outside.lostAtMs = clock.monotonic();
        if (leg.media.lost !== 'ice-timeout') this.#tellLost(leg.media, 'ice-timeout');
      },
    };
  }

  #tellLost(media: MediaLeg, reason: LostReason | undefined): void {
    media.lost = reason;
    const event = { leg: media.id, at: this.#now() };
    this.#emit(
      reason ? { type: 'leg.media-lost', ...event, reason } : { type: 'leg.media-back', ...event },
    );
  }

  #tellDigit(leg: MediaLeg, { digit, durationMs }: DtmfDigit): void {
    this.#emit({ type: 'leg.dtmf', leg: leg.id, at: this.#now(), digit, durationMs });
  }

  #recordingFailed(writer: RecordingWriter, reason: string): void {
    const { recordingId } = writer.options;
    this.#finish(writer);
    this.#options.log.error({ recordingId, reason }, 'recording failed');
    this.#emit({ type: 'recording.failed', recordingId, at: this.#now(), reason });
  }

  #recordingClosed(writer: RecordingWriter): void {
    const { seconds, bytes, cut } = writer;
    const { recordingId } = writer.options;
    this.#finish(writer);
    const how = { at: this.#now(), seconds, bytes, ...(cut && { cut }) };
    this.#emit({ type: 'recording.closed', recordingId, ...how });
  }

  #stopWriting(writer: RecordingWriter): void {
    const { recordingId, callerLeg } = writer.options;
    if (this.#recordings.get(recordingId) === writer) this.#recordings.delete(recordingId);
    const leg = this.#legs.get(callerLeg);
    if (leg) leg.recordings = leg.recordings.filter((other) => other !== writer);
  }

  #finish(writer: RecordingWriter): void {
    this.#stopWriting(writer);
    this.#finished.add(writer.options.recordingId);
    const oldest = this.#finished.values().next();
    if (this.#finished.size > FINISHED_KEPT && !oldest.done) this.#finished.delete(oldest.value);
  }

  /** The plane itself ends a leg; the controller is told. */
  #endLeg(leg: LegId, reason: string): void {
    void this.#dropLeg(leg);
    this.#emit({ type: 'leg.closed', leg, at: this.#now(), reason });
  }

  async #dropLeg(id: LegId): Promise<void> {
    const leg = this.#legs.get(id);
    if (!leg) return;
    this.#legs.delete(id);
    this.#takeTurns(leg);
    addTo(this.#jitterOfClosed, leg.media.jitterCounters);
    leg.media.part();
    for (const { options } of leg.recordings) this.stopRecording(options.recordingId);
    const times = { unixMs: this.#now(), nowMs: this.#options.clock.monotonic() };
    leg.media.sendReport(times, true);
    await leg.outside.close();
  }

  async #opened(id: LegId): Promise<OpenLeg | undefined> {
    await this.#opening.get(id);
    return this.#legs.get(id);
  }

  #emit(event: MediaEvent): void {
    this.#options.emit(event);
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function newTurns(): Turns {
  return Array.from({ length: TURNS }, () => new Set());
}

function addTo(sum: JitterCounters, more: JitterCounters): void {
  for (const what of Object.keys(more) as (keyof JitterCounters)[]) sum[what] += more[what];
}

const done: MediaResult<null> = { ok: true, value: null };

function refused(reason: MediaRefusal): { ok: false; reason: MediaRefusal } {
  return { ok: false, reason };
}
