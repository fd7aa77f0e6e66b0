import type { CallId, LegId, PlaybackId, RecordingId } from '../base/index.ts';
import type { RecordingCut } from './recording-format.ts';

/** What a leg is to the media plane: a telephone (RTP) or a browser (WebRTC). */
export type LegKind = 'rtp' | 'webrtc';

/** A codec of G.711, the only two spoken in this version. */
export type Codec = 'PCMU' | 'PCMA';

/**
 * Something to play to one leg.
 * - `tone`: a call-progress tone of Japan (ringback 400 Hz 1 s on / 2 s off modulated at 16 Hz,
 *   busy 400 Hz 0.5/0.5, `wait` two short beeps every 5 s, `beep` one 1 kHz tone of 0.4 s)
 * - `prompt`: an 8 kHz μ-law file of the prompt folder, by its name without extension
 * - `echo`: the leg hears itself 1 s later (echo test of the operator's headset)
 */
export type PlaybackSource =
  | { kind: 'tone'; tone: 'ringback' | 'busy' | 'wait' | 'beep' }
  | { kind: 'prompt'; name: string }
  | { kind: 'echo' };

export type OpenLegOptions = {
  id: LegId;
  kind: LegKind;
  /**
   * `rtp`: with it, the leg answers the offer; without it, the leg makes an offer and
   * `acceptAnswer` follows. `webrtc`: the browser's offer, always there.
   */
  remoteSdp?: string;
  /** Networks (CIDR) besides the signalled address from which this leg may latch. */
  mediaNetworks?: readonly string[];
  /** IP the signalling came from; a leg may latch onto media from it (NAT). */
  signallingAddress?: string;
};

export type RecordOptions = {
  recordingId: RecordingId;
  callId: CallId;
  /** Absolute path of the file to create; the app owns the folder. */
  path: string;
  /** The leg recorded as audio channel 0 (the caller: what it says). */
  callerLeg: LegId;
};

export type AttachedState = {
  legs: { id: LegId; kind: LegKind; hasMedia: boolean }[];
  hearing: { listener: LegId; speaker: LegId; gain: number }[];
  recordings: {
    recordingId: RecordingId;
    callId: CallId;
    path: string;
    seconds: number;
    paused: boolean;
    /** Why seconds of it are being lost now; absent when none are. */
    losing?: RecordingCut;
  }[];
  playbacks: { id: PlaybackId; leg: LegId }[];
};

/** What a media plane counts of itself: `gauges` are as of now, `counters` only grow. */
export type MediaFigures = { gauges: Record<string, number>; counters: Record<string, number> };

/**
 * What a media plane tells its controller. Lost is a leg by `no-rtp`, from which nothing has come
 * since somebody is to hear it (3 s); by `rtp-timeout`, whose packets have stopped (a browser's, which
 * sends all the time, 2 s; a telephone's 10 s), and both are back with the next packet; by
 * `ice-timeout`, which may follow: the browser's connection is gone. `at` is Unix ms on the media process's clock. */
export type MediaEvent =
  | { type: 'leg.first-media'; leg: LegId; at: number }
  | {
      type: 'leg.media-lost';
      leg: LegId;
      at: number;
      reason: 'ice-timeout' | 'rtp-timeout' | 'no-rtp';
    }
  | { type: 'leg.media-back'; leg: LegId; at: number }
  | { type: 'leg.closed'; leg: LegId; at: number; reason: string }
  | { type: 'leg.dtmf'; leg: LegId; at: number; digit: string; durationMs: number }
  | { type: 'playback.done'; leg: LegId; playback: PlaybackId; at: number }
  | { type: 'recording.failed'; recordingId: RecordingId; at: number; reason: string }
  | {
      type: 'recording.closed';
      recordingId: RecordingId;
      at: number;
      seconds: number;
      bytes: number;
      /** Seconds of it were lost; absent: it is whole. */
      cut?: RecordingCut;
    }
  /** Seconds of the recording are being lost, until it is mended. */
  | { type: 'recording.cut'; recordingId: RecordingId; at: number; reason: RecordingCut }
  | { type: 'recording.mended'; recordingId: RecordingId; at: number }
  | { type: 'plane.down'; at: number }
  | { type: 'plane.up'; at: number; fresh: boolean };

export type MediaRefusal =
  | 'no-common-codec'
  | 'bad-sdp'
  | 'no-port'
  | 'unknown-leg'
  /** It was recorded before, and that has failed or is over. */
  | 'recording-over'
  /** Not digits, or the peer takes no telephone events. */
  | 'no-digits'
  | 'stale-epoch'
  | 'plane-down';

export type MediaResult<T> = { ok: true; value: T } | { ok: false; reason: MediaRefusal };

/**
 * The media plane: persistent legs plus a hearing matrix. Ids are chosen by the caller and every
 * command is idempotent: the same command twice does what it did once. Nothing here knows a call's
 * state, a person or a company.
 *
 * Implementations: `media-plane-fake.ts` (in memory, for tests) and the media process's client in
 * `engine`. All pass `media-plane-contract.ts`.
 */
export interface MediaPlane {
  openLeg(options: OpenLegOptions): Promise<MediaResult<{ localSdp: string }>>;
  acceptAnswer(leg: LegId, remoteSdp: string): Promise<MediaResult<null>>;
  /**
   * The outside changed (re-INVITE): a new offer for an open leg; answers with our SDP. '': the outside asks
   * for an offer of ours, of all we can do; its answer comes by `acceptAnswer`.
   */
  renegotiate(leg: LegId, remoteSdp: string): Promise<MediaResult<{ localSdp: string }>>;
  /** Gain 1 joins, 0 parts. Join, hold, three-way, monitor, whisper, barge: all are this. */
  hear(listener: LegId, speaker: LegId, gain: number): Promise<MediaResult<null>>;
  play(
    leg: LegId,
    playback: PlaybackId,
    source: PlaybackSource,
    options?: { loop?: boolean },
  ): Promise<MediaResult<null>>;
  stopPlayback(playback: PlaybackId): Promise<MediaResult<null>>;
  /**
   * Telephone events (RFC 4733) to the peer of a leg, one digit after another: `0`–`9`, `*`, `#`,
   * `A`–`D`. The one command that does more when it is sent twice.
   */
  sendDigits(leg: LegId, digits: string): Promise<MediaResult<null>>;
  /** Two channels: 0 what the caller says, 1 what the caller hears from us, prompts included. */
  record(options: RecordOptions): Promise<MediaResult<null>>;
  /** A paused recording goes on with silence in both channels, so that it keeps the call's time. */
  pauseRecording(recording: RecordingId, paused: boolean): Promise<MediaResult<null>>;
  stopRecording(recording: RecordingId): Promise<MediaResult<null>>;
  closeLeg(leg: LegId): Promise<MediaResult<null>>;
  /** What is there now; the answer to "what survived?". */
  inventory(): Promise<MediaResult<AttachedState>>;
  /** For the metrics. */
  figures(): Promise<MediaResult<MediaFigures>>;
  /** One listener for all events, in order. Returns the function that ends the subscription. */
  onEvent(listener: (event: MediaEvent) => void): () => void;
}
