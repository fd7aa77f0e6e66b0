import type { LegId, PlaybackId } from '../base/index.ts';
import {
  ALAW_DECODE,
  ALAW_ENCODE,
  DtmfReceiver,
  FRAME_SAMPLES,
  JitterBuffer,
  MULAW_DECODE,
  MULAW_ENCODE,
  MixFrame,
  RTP_HEADER_BYTES,
  SILENT_FRAME,
  TELEPHONE_EVENT_PAYLOAD_TYPE,
  TURNS,
  Turn,
  areDigits,
  Reception,
  addTimestamp,
  emptyRtpHeader,
  encodeInto,
  nextSequence,
  readRtpHeader,
  toNtp,
  writeRtcp,
  writeRtpHeader,
} from '../media/index.ts';
import type {
  AudioAgreement,
  Beat,
  DtmfDigit,
  JitterCounters,
  LegKind,
  MediaEvent,
  RtpHeader,
  RtcpPacket,
} from '../media/index.ts';
import { DigitSender } from './digit-sender.ts';
import type { DigitFrame } from './digit-sender.ts';
import type { Playback } from './playback.ts';

const FINISHED_KEPT = 64;
/** One leg after the other uses these: what lies together for all is at hand, what each has for itself is not. */
const mix = new MixFrame();
const header = emptyRtpHeader();
const packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES);

/** How a leg's packets leave and how the leg ends; an RTP socket pair or the WebRTC transport. */
export interface LegTransport {
  /** The peer wants to hear us and we know where it is. */
  readonly canSend: boolean;
  /** Nothing is expected of the peer while it holds the call. */
  readonly expectsMedia: boolean;
  /** Takes the peer's RTCP that has come, where that does not come by itself. */
  readReports(): void;
  /** `packet` is used again for the next leg. */
  sendRtp(packet: Uint8Array): void;
  sendRtcp(packet: Uint8Array): void;
  close(): Promise<void>;
}

export type LostReason = Extract<MediaEvent, { type: 'leg.media-lost' }>['reason'];

export type LegListener = {
  /** A packet again after its silence was told. */
  onHeardAgain(leg: MediaLeg): void;
  onFirstMedia(leg: MediaLeg): void;
  onDigit(leg: MediaLeg, digit: DtmfDigit): void;
  onPlaybackDone(leg: MediaLeg, playback: PlaybackId): void;
  /** From now on it is listened to, or sent to, at another beat of the frame. */
  onTurnMoved(leg: MediaLeg): void;
};

export type Hearing = { speaker: MediaLeg; gain: number };

/**
 * One leg: what comes in becomes a frame of linear samples every 20 ms (`spoken`), what the leg hears is
 * mixed and leaves as one continuous RTP stream whose SSRC never changes, whoever speaks.
 *
 * In every frame it has two turns: it is listened to when its packets have come, and is sent to when whom it hears
 * has been listened to.
 */
export class MediaLeg {
  readonly id: LegId;
  readonly kind: LegKind;
  readonly ssrc: number;
  readonly hears: Hearing[] = [];
  /** The legs that hear this one. */
  readonly heardBy = new Set<MediaLeg>();
  /** What the leg says in this frame; `SILENT_FRAME` when that is nothing. Read only. */
  spoken: Int16Array = SILENT_FRAME;
  /** What the leg hears in this frame: another leg's frame, its own mix, or `SILENT_FRAME`. Read only. */
  heard: Int16Array = SILENT_FRAME;
  hasMedia = false;
  /** Why the peer is not heard of, when that was told. */
  lost: LostReason | undefined;
  /** Frames sent since the last packet came: a stall of this process, which sends none, is no silence. */
  quietFrames = 0;
  transport: LegTransport | undefined;

  readonly #listener: LegListener;
  readonly #jitter: JitterBuffer;
  readonly #listenTurn: Turn;
  readonly #sendTurn: Turn;
  #toldTurn: number;
  readonly #reception = new Reception();
  /** Since the first key was pressed. */
  #dtmf: DtmfReceiver | undefined;
  /** Where `spoken` and `heard` lie once there is something to say or to add up. */
  #received: Int16Array | undefined;
  #mixed: Int16Array | undefined;
  readonly #playbacks: Playback[] = [];
  readonly #finished = new Set<PlaybackId>();
  readonly #out: Pick<RtpHeader, 'marker' | 'payloadType' | 'sequence' | 'timestamp' | 'ssrc'>;
  #encodeTable = MULAW_ENCODE;
  #decodeTable = MULAW_DECODE;
  #eventPayloadType = -1;
  #digits: DigitSender | undefined;
  #packetsSent = 0;
  #packetsReported = 0;

  constructor(options: {
    id: LegId;
    kind: LegKind;
    /** Random start values: SSRC, first sequence number, first timestamp (RFC 3550 §5.1). */
    random: { ssrc: number; sequence: number; timestamp: number };
    /** Its turns until it has something to follow: a beat of the frame, and the latest one. */
    turn: number;
    latestBeat: Beat;
    listener: LegListener;
  }) {
    this.id = options.id;
    this.kind = options.kind;
    this.#listener = options.listener;
    this.#toldTurn = options.turn;
    this.#listenTurn = new Turn(options.turn, options.latestBeat);
    this.#sendTurn = new Turn(options.turn, options.latestBeat);
    this.#jitter = new JitterBuffer(this.#listenTurn);
    this.ssrc = options.random.ssrc;
    this.#out = { marker: true, payloadType: 0, ...options.random };
  }

  /** What happened in the jitter buffer so far. */
  get jitterCounters(): JitterCounters {
    return this.#jitter.counters;
  }

  get playbacks(): readonly Playback[] {
    return this.#playbacks;
  }

  /** Offer and answer agreed on this; the outgoing stream goes on with the same SSRC. */
  agree(audio: AudioAgreement): void {
    this.#out.payloadType = audio.payloadType;
    this.#encodeTable = audio.codec === 'PCMU' ? MULAW_ENCODE : ALAW_ENCODE;
    this.#decodeTable = audio.codec === 'PCMU' ? MULAW_DECODE : ALAW_DECODE;
    this.#eventPayloadType = audio.eventPayloadType ?? -1;
  }

  /** The header of a datagram, or undefined; the object is reused for the next one. */
  readHeader(datagram: Uint8Array): RtpHeader | undefined {
    return readRtpHeader(datagram, header) ? header : undefined;
  }

  /** Whether this payload type is one the leg can take: the agreed one, and G.711's own always. */
  takes(payloadType: number): boolean {
    return this.#isEvent(payloadType) || this.#tableOf(payloadType) !== undefined;
  }

  /**
   * By the number that the peer named for itself, or by ours: who answers 96 to our 101 owes us 101
   * (RFC 3264 §6.1), and many send 96.
   */
  #isEvent(payloadType: number): boolean {
    if (this.#eventPayloadType < 0 || payloadType === this.#out.payloadType) return false;
    return payloadType === this.#eventPayloadType || payloadType === TELEPHONE_EVENT_PAYLOAD_TYPE;
  }

  #tableOf(payloadType: number): Int16Array | undefined {
    if (payloadType === this.#out.payloadType) return this.#decodeTable;
    if (payloadType === 0) return MULAW_DECODE;
    return payloadType === 8 ? ALAW_DECODE : undefined;
  }

  /** A packet that may be heard: its source was checked. */
  receive(header: RtpHeader, datagram: Uint8Array, nowMs: number): void {
    if (!this.takes(header.payloadType)) return;
    this.quietFrames = 0;
    if (this.lost === 'rtp-timeout' || this.lost === 'no-rtp') this.#listener.onHeardAgain(this);
    this.#reception.receive(header.ssrc, header.sequence, header.timestamp, nowMs);
    if (this.#isEvent(header.payloadType)) {
      const payload = datagram.subarray(header.payloadStart, header.payloadEnd);
      this.#dtmf ??= new DtmfReceiver();
      this.#tellDigit(this.#dtmf.receive(payload, header.timestamp, nowMs));
    } else {
      const table = this.#tableOf(header.payloadType);
      if (table) this.#jitter.insert(header, datagram, table, nowMs);
      this.#tellTurn();
    }
    if (!this.hasMedia) {
      this.hasMedia = true;
      this.#listener.onFirstMedia(this);
    }
  }

  #tellTurn(): void {
    if (this.#toldTurn === this.listenTurn) return;
    this.#toldTurn = this.listenTurn;
    this.#listener.onTurnMoved(this);
    this.#follow();
    for (const listener of this.heardBy) listener.#follow();
  }

  /**
   * Whoever hears one is sent to right after that one was listened to, whoever hears several at the end of the frame,
   * and whoever hears nobody after itself, for the echo. So each frame of each is heard once, whichever turn moves.
   */
  #follow(): void {
    const [only, another] = this.hears;
    const turn = another ? TURNS - 1 : (only?.speaker ?? this).listenTurn;
    if (turn === this.sendTurn) return;
    this.#sendTurn.moveTo(turn);
    this.#listener.onTurnMoved(this);
  }

  receiveRtcp(packets: readonly RtcpPacket[], nowMs: number): void {
    for (const packet of packets) {
      if (packet.type === 'sender-report') {
        this.#reception.receiveSenderReport(packet.ssrc, packet.sender, nowMs);
      }
    }
  }

  /** At which beat of each frame it is listened to. */
  get listenTurn(): number {
    return this.#listenTurn.beat;
  }

  get sendTurn(): number {
    return this.#sendTurn.beat;
  }

  isToBeListenedTo(beat: Beat): boolean {
    return this.#listenTurn.isDue(beat);
  }

  isToBeSentTo(beat: Beat): boolean {
    return this.#sendTurn.isDue(beat);
  }

  /** First half of a beat, when it is the leg's turn: what it says now. */
  listen(beat: Beat): void {
    if (this.#jitter.hasStarted) {
      const frame = (this.#received ??= new Int16Array(FRAME_SAMPLES));
      this.spoken = this.#jitter.pop(frame, beat) === 'silence' ? SILENT_FRAME : frame;
      this.#tellTurn();
    } else this.#jitter.wait(beat);
    if (this.#dtmf) this.#tellDigit(this.#dtmf.poll(beat.atMs));
  }

  /** From now on this leg hears that one so loud; 0 parts from it. Nobody hears itself: the echo test is a playback. */
  hear(speaker: MediaLeg, gain: number): void {
    const known = this.hears.findIndex((each) => each.speaker === speaker);
    if (known >= 0) this.hears.splice(known, 1);
    speaker.heardBy.delete(this);
    if (gain !== 0 && speaker !== this) {
      this.hears.push({ speaker, gain });
      speaker.heardBy.add(this);
    }
    this.#follow();
  }

  /** Hears nobody and is heard by nobody any more. */
  part(): void {
    for (const listener of [...this.heardBy]) listener.hear(this, 0);
    for (const { speaker } of [...this.hears]) this.hear(speaker, 0);
  }

  /** Second half of a beat, when all whose turn it is have been listened to: what the leg hears. */
  mix(): void {
    mix.clear();
    for (const { speaker, gain } of this.hears) {
      if (speaker.spoken !== SILENT_FRAME) mix.add(speaker.spoken, gain);
    }
    for (let i = this.#playbacks.length - 1; i >= 0; i--) this.#playFrame(i);
    if (mix.empty) this.heard = SILENT_FRAME;
    else if (mix.alone) this.heard = mix.alone;
    else {
      this.heard = this.#mixed ??= new Int16Array(FRAME_SAMPLES);
      mix.writeTo(this.heard);
    }
  }

  /** Time goes on by one frame; with `live` its packet is sent. */
  send(beat: Beat, live: boolean): void {
    this.#sendTurn.done(beat);
    if (live) this.quietFrames++;
    const event = this.#digits?.next(this.#out.timestamp);
    if (event) this.#sendEvent(event, live);
    else if (live && this.transport?.canSend) {
      writeRtpHeader(packet, this.#out);
      this.#encode();
      this.transport.sendRtp(packet);
      this.#out.marker = false;
      this.#out.sequence = nextSequence(this.#out.sequence);
      this.#packetsSent++;
    } else this.#out.marker = true;
    this.#out.timestamp = addTimestamp(this.#out.timestamp, FRAME_SAMPLES);
  }

  #encode(): void {
    const table = this.#encodeTable;
    if (this.heard === SILENT_FRAME) packet.fill(table[0] ?? 0, RTP_HEADER_BYTES);
    else encodeInto(table, this.heard, packet, RTP_HEADER_BYTES);
  }

  /** In the place of this frame's sound (RFC 4733 §2.5.1). False when they cannot be sent. */
  sendDigits(digits: string): boolean {
    if (this.#eventPayloadType < 0 || !areDigits(digits)) return false;
    this.#digits ??= new DigitSender();
    return this.#digits.push(digits);
  }

  #sendEvent({ payload, timestamp, marker }: DigitFrame, live: boolean): void {
    if (live && this.transport?.canSend) {
      const packet = new Uint8Array(RTP_HEADER_BYTES + payload.length);
      const { ssrc, sequence } = this.#out;
      const payloadType = this.#eventPayloadType;
      writeRtpHeader(packet, { marker, payloadType, sequence, timestamp, ssrc });
      packet.set(payload, RTP_HEADER_BYTES);
      this.transport.sendRtp(packet);
      this.#out.sequence = nextSequence(this.#out.sequence);
      this.#packetsSent++;
    }
    // The first frame of sound after the event begins a talkspurt.
    this.#out.marker = true;
  }

  /** Frames that nobody made: the timestamp tells the peer how much is missing. */
  skip(frames: number): void {
    this.#listenTurn.skip(frames);
    this.#sendTurn.skip(frames);
    this.#out.marker = true;
    this.#out.timestamp = addTimestamp(this.#out.timestamp, frames * FRAME_SAMPLES);
  }

  /** The regular report (RFC 3550 §6.4): SR when we sent since the last one, else RR. */
  sendReport(times: { unixMs: number; nowMs: number }, goodbye = false): void {
    this.transport?.readReports();
    if (!this.transport?.canSend) return;
    const sent = this.#packetsSent > this.#packetsReported;
    this.#packetsReported = this.#packetsSent;
    const sender = {
      ...toNtp(times.unixMs),
      rtpTimestamp: this.#out.timestamp,
      packets: this.#packetsSent >>> 0,
      octets: (this.#packetsSent * FRAME_SAMPLES) >>> 0,
    };
    const report = this.#reception.report(times.nowMs);
    const cname = `denwaban-${this.ssrc.toString(16)}`;
    const packet = writeRtcp({
      ssrc: this.ssrc,
      cname,
      ...(sent ? { sender } : {}),
      ...(report ? { report } : {}),
      goodbye,
    });
    this.transport.sendRtcp(packet);
  }

  /** Starts a playback, unless it is playing or has ended before. */
  play(playback: Playback): void {
    const known = this.#playbacks.some((each) => each.id === playback.id);
    if (!known && !this.#finished.has(playback.id)) this.#playbacks.push(playback);
  }

  /** Whether this playback was started on the leg before, ended or not. */
  hasPlayed(id: PlaybackId): boolean {
    return this.#finished.has(id) || this.#playbacks.some((each) => each.id === id);
  }

  /** Ends a playback without a word; false when it is not playing here. */
  stopPlayback(id: PlaybackId): boolean {
    const index = this.#playbacks.findIndex((each) => each.id === id);
    if (index < 0) return false;
    this.#endPlayback(index);
    return true;
  }

  #playFrame(index: number): void {
    const playback = this.#playbacks[index];
    const frame = playback?.next(this.spoken);
    if (!playback || frame === SILENT_FRAME) return;
    if (frame) {
      mix.add(frame, 1);
      return;
    }
    this.#endPlayback(index);
    this.#listener.onPlaybackDone(this, playback.id);
  }

  #endPlayback(index: number): void {
    const [ended] = this.#playbacks.splice(index, 1);
    if (!ended) return;
    this.#finished.add(ended.id);
    const oldest = this.#finished.values().next();
    if (this.#finished.size > FINISHED_KEPT && !oldest.done) this.#finished.delete(oldest.value);
  }

  #tellDigit(digit: DtmfDigit | undefined): void {
    if (digit) this.#listener.onDigit(this, digit);
  }
}
