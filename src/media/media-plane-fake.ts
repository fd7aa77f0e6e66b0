import type { LegId, PlaybackId, RecordingId } from '../base/index.ts';
import type { ControlCommand } from './control-protocol.ts';
import type {
  AttachedState,
  MediaEvent,
  MediaFigures,
  MediaPlane,
  MediaRefusal,
  MediaResult,
  OpenLegOptions,
  PlaybackSource,
  RecordOptions,
} from './plane.ts';
import { areDigits } from './dtmf-event.ts';
import type { RecordingCut } from './recording-format.ts';
import { answerAudio, offerAudio, readAudio } from './sdp.ts';

type FakeLeg = { options: OpenLegOptions; localSdp: string; port: number };

/** A command as the fake saw it; the same plain data as on the control socket. */
export type SeenCommand = Exclude<ControlCommand, { type: 'attach' | 'inventory' | 'figures' }>;

/**
 * A media plane in memory, for tests of whoever drives one: it answers SDP, remembers who hears whom,
 * records every command, emits the events a test asks for and can be told to refuse. No sound.
 */
export class FakeMediaPlane implements MediaPlane {
  /** Every command in order, refused ones included. */
  readonly commands: SeenCommand[] = [];
  readonly #legs = new Map<LegId, FakeLeg>();
  readonly #gains = new Map<LegId, Map<LegId, number>>();
  readonly #playbacks = new Map<PlaybackId, LegId>();
  readonly #finished = new Set<string>();
  readonly #recordings = new Map<
    RecordingId,
    RecordOptions & { paused: boolean; losing?: RecordingCut | null }
  >();
  readonly #listeners = new Set<(event: MediaEvent) => void>();
  readonly #refusals = new Map<SeenCommand['type'], MediaRefusal>();
  readonly #now: () => number;
  #nextPort = 20_000;
  #down = false;

  constructor(options: { now?: () => number } = {}) {
    this.#now = options.now ?? (() => 0);
  }

  /** From now on this command is refused; `undefined` lets it work again. */
  refuse(command: SeenCommand['type'], reason: MediaRefusal | undefined): void {
    if (reason === undefined) this.#refusals.delete(command);
    else this.#refusals.set(command, reason);
  }

  /** The process dies: everything is gone and every command is refused until `rise`. */
  fall(): void {
    this.#down = true;
    this.#legs.clear();
    this.#gains.clear();
    this.#playbacks.clear();
    this.#recordings.clear();
    this.emit({ type: 'plane.down', at: this.#now() });
  }

  rise(): void {
    this.#down = false;
    this.emit({ type: 'plane.up', at: this.#now(), fresh: true });
  }

  emit(event: MediaEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Who this leg hears now, with gains. */
  heardBy(listener: LegId): Record<string, number> {
    return Object.fromEntries(this.#gains.get(listener) ?? []);
  }

  /** Legs open now. */
  get openLegs(): LegId[] {
    return [...this.#legs.keys()];
  }

  openLeg(options: OpenLegOptions): Promise<MediaResult<{ localSdp: string }>> {
    return this.#run({ type: 'openLeg', options }, () => {
      const known = this.#legs.get(options.id);
      if (known) return { ok: true, value: { localSdp: known.localSdp } };
      if (options.kind === 'webrtc' && options.remoteSdp === undefined) return refused('bad-sdp');
      const port = this.#nextPort;
      const described = this.#describe(port, options);
      if (!described.ok) return described;
      this.#nextPort += 2;
      this.#legs.set(options.id, { options, localSdp: described.value.localSdp, port });
      return described;
    });
  }

  acceptAnswer(leg: LegId, remoteSdp: string): Promise<MediaResult<null>> {
    return this.#run({ type: 'acceptAnswer', leg, remoteSdp }, () => {
      const open = this.#legs.get(leg);
      if (!open) return refused('unknown-leg');
      const reading = readAudio(remoteSdp, open.options.kind);
      return reading.ok ? done : refused(reading.reason);
    });
  }

  renegotiate(leg: LegId, remoteSdp: string): Promise<MediaResult<{ localSdp: string }>> {
    return this.#run({ type: 'renegotiate', leg, remoteSdp }, () => {
      const open = this.#legs.get(leg);
      if (!open) return refused('unknown-leg');
      const { id, kind } = open.options;
      const offered = remoteSdp === '' ? {} : { remoteSdp };
      const described = this.#describe(open.port, { id, kind, ...offered });
      if (described.ok) open.localSdp = described.value.localSdp;
      return described;
    });
  }

  hear(listener: LegId, speaker: LegId, gain: number): Promise<MediaResult<null>> {
    return this.#run({ type: 'hear', listener, speaker, gain }, () => {
      if (gain === 0) {
        this.#gains.get(listener)?.delete(speaker);
        return done;
      }
      if (!this.#legs.has(listener) || !this.#legs.has(speaker)) return refused('unknown-leg');
      const gains = this.#gains.get(listener) ?? new Map<LegId, number>();
      this.#gains.set(listener, gains.set(speaker, gain));
      return done;
    });
  }

  play(
    leg: LegId,
    playback: PlaybackId,
    source: PlaybackSource,
    options: { loop?: boolean } = {},
  ): Promise<MediaResult<null>> {
    const loop = options.loop ?? false;
    return this.#run({ type: 'play', leg, playback, source, loop }, () => {
      if (!this.#legs.has(leg)) return refused('unknown-leg');
      if (!this.#finished.has(playback)) this.#playbacks.set(playback, leg);
      return done;
    });
  }

  stopPlayback(playback: PlaybackId): Promise<MediaResult<null>> {
    return this.#run({ type: 'stopPlayback', playback }, () => {
      this.#playbacks.delete(playback);
      this.#finished.add(playback);
      return done;
    });
  }

  /** A test lets a playback come to its end. */
  finishPlayback(playback: PlaybackId): void {
    const leg = this.#playbacks.get(playback);
    if (leg === undefined) return;
    this.#playbacks.delete(playback);
    this.#finished.add(playback);
    this.emit({ type: 'playback.done', leg, playback, at: this.#now() });
  }

  record(options: RecordOptions): Promise<MediaResult<null>> {
    return this.#run({ type: 'record', options }, () => {
      if (!this.#legs.has(options.callerLeg)) return refused('unknown-leg');
      if (this.#finished.has(options.recordingId)) return refused('recording-over');
      const known = this.#recordings.get(options.recordingId);
      this.#recordings.set(options.recordingId, known ?? { ...options, paused: false });
      return done;
    });
  }

  /** The disk takes no more of it; `null`: it does again. */
  cutRecording(recordingId: RecordingId, losing: RecordingCut | null): void {
    const known = this.#recordings.get(recordingId);
    if (!known) return;
    known.losing = losing;
    const at = this.#now();
    if (losing === null) this.emit({ type: 'recording.mended', recordingId, at });
    else this.emit({ type: 'recording.cut', recordingId, at, reason: losing });
  }

  failRecording(recordingId: RecordingId): void {
    if (!this.#recordings.delete(recordingId)) return;
    this.#finished.add(recordingId);
    this.emit({ type: 'recording.failed', recordingId, at: this.#now(), reason: 'EIO' });
  }

  pauseRecording(recording: RecordingId, paused: boolean): Promise<MediaResult<null>> {
    return this.#run({ type: 'pauseRecording', recording, paused }, () => {
      const known = this.#recordings.get(recording);
      if (known) known.paused = paused;
      return done;
    });
  }

  sendDigits(leg: LegId, digits: string): Promise<MediaResult<null>> {
    return this.#run({ type: 'sendDigits', leg, digits }, () => {
      if (!this.#legs.has(leg)) return refused('unknown-leg');
      return areDigits(digits) ? done : refused('no-digits');
    });
  }

  stopRecording(recording: RecordingId): Promise<MediaResult<null>> {
    return this.#run({ type: 'stopRecording', recording }, () => {
      this.#closeRecording(recording);
      return done;
    });
  }

  closeLeg(leg: LegId): Promise<MediaResult<null>> {
    return this.#run({ type: 'closeLeg', leg }, () => {
      this.#legs.delete(leg);
      this.#gains.delete(leg);
      for (const gains of this.#gains.values()) gains.delete(leg);
      for (const [id, owner] of this.#playbacks) if (owner === leg) this.#playbacks.delete(id);
      for (const [id, { callerLeg }] of this.#recordings) {
        if (callerLeg === leg) this.#closeRecording(id);
      }
      return done;
    });
  }

  inventory(): Promise<MediaResult<AttachedState>> {
    if (this.#down) return Promise.resolve(refused('plane-down'));
    const hearing: AttachedState['hearing'] = [];
    for (const [listener, gains] of this.#gains) {
      for (const [speaker, gain] of gains) hearing.push({ listener, speaker, gain });
    }
    return Promise.resolve({
      ok: true,
      value: {
        legs: [...this.#legs].map(([id, { options }]) => ({
          id,
          kind: options.kind,
          hasMedia: false,
        })),
        hearing,
        recordings: [...this.#recordings.values()].map((one) => ({
          recordingId: one.recordingId,
          callId: one.callId,
          path: one.path,
          seconds: 0,
          paused: one.paused,
          ...(one.losing != null && { losing: one.losing }),
        })),
        playbacks: [...this.#playbacks].map(([id, leg]) => ({ id, leg })),
      },
    });
  }

  figures(): Promise<MediaResult<MediaFigures>> {
    if (this.#down) return Promise.resolve(refused('plane-down'));
    const gauges = {
      legs: this.#legs.size,
      recordings: this.#recordings.size,
      playbacks: this.#playbacks.size,
    };
    return Promise.resolve({ ok: true, value: { gauges, counters: {} } });
  }

  onEvent(listener: (event: MediaEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #closeRecording(recordingId: RecordingId): void {
    if (!this.#recordings.delete(recordingId)) return;
    this.#finished.add(recordingId);
    const at = this.#now();
    this.emit({ type: 'recording.closed', recordingId, at, seconds: 0, bytes: 0 });
  }

  #describe(port: number, options: OpenLegOptions): MediaResult<{ localSdp: string }> {
    const local = { address: '192.0.2.1', port, sessionId: '1', sessionVersion: 1 };
    if (options.remoteSdp === undefined) {
      return { ok: true, value: { localSdp: offerAudio(local) } };
    }
    const reading = readAudio(options.remoteSdp, options.kind);
    if (!reading.ok) return refused(reading.reason);
    return { ok: true, value: { localSdp: answerAudio(local, reading) } };
  }

  #run<T>(command: SeenCommand, work: () => MediaResult<T>): Promise<MediaResult<T>> {
    this.commands.push(command);
    const refusal = this.#down ? 'plane-down' : this.#refusals.get(command.type);
    return Promise.resolve(refusal === undefined ? work() : refused(refusal));
  }
}

const done: MediaResult<null> = { ok: true, value: null };

function refused(reason: MediaRefusal): { ok: false; reason: MediaRefusal } {
  return { ok: false, reason };
}
