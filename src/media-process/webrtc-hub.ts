import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import type { Clock, Logger, Timer } from '../base/index.ts';
import type { DtlsCertificate } from './dtls-session.ts';
import { answerCheck, localUfrag, newIceCredentials } from './ice-lite.ts';
import { SourceLimit } from './source-limit.ts';
import { parseStun } from './stun-message.ts';
import type { StunMessage } from './stun-message.ts';
import { CHECK_TIMEOUT_MS, WebRtcLeg } from './webrtc-leg.ts';
import type { LegPath, LostReason } from './webrtc-leg.ts';
import { WebRtcPathTable } from './webrtc-path.ts';
import { parseOffer, writeAnswer } from './webrtc-sdp.ts';
import type { WebRtcOffer } from './webrtc-sdp.ts';
import type { BoundSocket } from './webrtc-sockets.ts';

const SWEEP_MS = 1_000;
/** Wrong STUN messages per second and source before it is not listened to. */
const MAX_STUN_FAILURES = 50;

export type WebRtcAnswer =
  { ok: true; answerSdp: string } | { ok: false; reason: 'bad-sdp' | 'no-common-codec' };

/** All browser legs of this process: ICE-lite, DTLS and SRTP behind one UDP port. */
export type WebRtcTransport = {
  /**
   * Answers the browser's offer and creates the leg's transport. The same offer again returns the
   * same answer. A later offer of the same RTCPeerConnection (ICE restart, changed track) keeps
   * the keys; any other (page reloaded) replaces the transport.
   */
  open(leg: string, offerSdp: string): Promise<WebRtcAnswer>;
  /** Encrypts and sends one RTP packet; its header is written, its SSRC is `ssrcOf(leg)`. */
  sendRtp(leg: string, packet: Uint8Array): void;
  sendRtcp(leg: string, packet: Uint8Array): void;
  close(leg: string): void;
  shutdown(): Promise<void>;
};

export type WebRtcListener = {
  /** Decrypted RTP; the bytes are valid only during the call. */
  onRtp(leg: string, packet: Uint8Array): void;
  onRtcp(leg: string, packet: Uint8Array): void;
  /** DTLS is done and the SRTP keys are known. */
  onConnected(leg: string): void;
  /** `ice-timeout`: 15 s without a valid check. The other two are final: a new offer is needed. */
  onLost(leg: string, reason: LostReason): void;
  /** Valid checks again after `ice-timeout`. */
  onBack(leg: string): void;
};

/** `count` is called per kind of event with a name of a small fixed set (metrics). */
export type WebRtcOptions = {
  port: number;
  bindAddresses: string[];
  announcedAddresses: string[];
  listener: WebRtcListener;
  log: Logger;
  clock: Clock;
  ssrcOf(leg: string): number;
  count(name: string): void;
};

/**
 * Tells packets apart and keeps the legs. It owns no socket of its own making, so that a test can
 * hand it packets on a manual clock.
 */
export class WebRtcHub implements WebRtcTransport {
  readonly #options: WebRtcOptions;
  readonly #certificate: DtlsCertificate;
  readonly #legs = new Map<string, WebRtcLeg>();
  readonly #byUfrag = new Map<string, WebRtcLeg>();
  readonly #paths = new WebRtcPathTable<WebRtcLeg>();
  readonly #limit = new SourceLimit(MAX_STUN_FAILURES);
  #sockets: BoundSocket[] = [];
  #timer: Timer | undefined;

  constructor(options: WebRtcOptions, certificate: DtlsCertificate) {
    this.#options = options;
    this.#certificate = certificate;
  }

  start(sockets: BoundSocket[]): void {
    this.#sockets = sockets;
    const next = (): void => {
      this.#timer = this.#options.clock.setTimer(SWEEP_MS, () => {
        this.#sweep();
        next();
      });
    };
    next();
  }

  open(id: string, offerSdp: string): Promise<WebRtcAnswer> {
    const known = this.#legs.get(id);
    if (known?.offerSdp === offerSdp) {
      return Promise.resolve({ ok: true, answerSdp: known.answerSdp });
    }
    const parsed = parseOffer(offerSdp);
    if (!parsed.ok) return Promise.resolve(parsed);
    const { offer } = parsed;
    let leg = known;
    if (leg && !leg.isOver && isSamePeer(leg.offer, offer)) {
      if (leg.offer.ice.ufrag !== offer.ice.ufrag) this.#restartIce(leg);
      leg.offer = offer;
    } else {
      if (leg) this.close(id);
      leg = this.#newLeg(id, offer);
    }
    leg.offerSdp = offerSdp;
    leg.answerSdp = this.#answer(leg);
    return Promise.resolve({ ok: true, answerSdp: leg.answerSdp });
  }

  #newLeg(id: string, offer: WebRtcOffer): WebRtcLeg {
    const leg = new WebRtcLeg({
      id,
      offer,
      certificate: this.#certificate,
      nowMs: this.#options.clock.monotonic(),
      // RFC 8829 §5.2.1: a session id of 63 bits at most.
      sessionId: String(randomBytes(8).readBigUInt64BE() >> 2n),
      onConnected: () => {
        this.#options.log.info({ legId: id }, 'browser leg connected');
        this.#options.listener.onConnected(id);
      },
      onOver: (over, reason, cause) => this.#lose(over, reason, cause),
    });
    this.#legs.set(id, leg);
    this.#byUfrag.set(leg.ice.ufrag, leg);
    return leg;
  }

  /** RFC 8445 §9: new credentials; media goes on over the old pair until another is nominated. */
  #restartIce(leg: WebRtcLeg): void {
    this.#byUfrag.delete(leg.ice.ufrag);
    leg.ice = newIceCredentials();
    leg.lastCheckMs = this.#options.clock.monotonic();
    this.#byUfrag.set(leg.ice.ufrag, leg);
  }

  #answer(leg: WebRtcLeg): string {
    const { announcedAddresses } = this.#options;
    const port = this.#sockets[0]?.port ?? 0;
    const addresses =
      announcedAddresses.length > 0
        ? announcedAddresses
        : this.#sockets.map((socket) => socket.address);
    return writeAnswer(leg.offer, {
      sessionId: leg.sessionId,
      version: ++leg.answerVersion,
      ice: leg.ice,
      fingerprint: this.#certificate.fingerprint,
      candidates: addresses.map((address) => ({ address, port })),
      ssrc: this.#options.ssrcOf(leg.id),
    });
  }

  sendRtp(id: string, packet: Uint8Array): void {
    const leg = this.#legs.get(id);
    if (!leg?.srtp || leg.lost) return;
    const sealed = leg.srtp.sender.protect(packet);
    if (typeof sealed === 'string') this.#options.count('webrtc.unsendable');
    else leg.send(sealed);
  }

  sendRtcp(id: string, packet: Uint8Array): void {
    const leg = this.#legs.get(id);
    if (!leg?.srtp || leg.lost) return;
    const sealed = leg.srtp.rtcpSender.protect(packet);
    if (typeof sealed === 'string') this.#options.count('webrtc.unsendable');
    else leg.send(sealed);
  }

  close(id: string): void {
    const leg = this.#legs.get(id);
    if (!leg) return;
    this.#legs.delete(id);
    this.#detach(leg);
  }

  async shutdown(): Promise<void> {
    this.#timer?.cancel();
    for (const id of [...this.#legs.keys()]) this.close(id);
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }

  #detach(leg: WebRtcLeg): void {
    leg.close();
    this.#byUfrag.delete(leg.ice.ufrag);
    for (const path of leg.paths.splice(0)) this.#paths.remove(path);
  }

  #lose(leg: WebRtcLeg, reason: LostReason, cause: string): void {
    if (leg.lost) return;
    leg.lost = reason;
    if (leg.isOver) this.#detach(leg);
    this.#options.count(`webrtc.${reason}`);
    this.#options.log.info({ legId: leg.id, reason, cause }, 'browser leg lost');
    this.#options.listener.onLost(leg.id, reason);
  }

  #sweep(): void {
    this.#limit.reset();
    const nowMs = this.#options.clock.monotonic();
    for (const leg of this.#legs.values()) {
      const { expired, lost } = leg.sweep(nowMs);
      for (const path of expired) this.#dropPath(path);
      if (lost) this.#lose(leg, lost, 'timeout');
    }
  }

  #dropPath(path: LegPath): void {
    const leg = path.owner;
    this.#paths.remove(path);
    leg.paths.splice(leg.paths.indexOf(path), 1);
    if (leg.selected === path) leg.selected = undefined;
  }

  /** RFC 7983 §7: the first byte tells STUN, DTLS and SRTP apart. Never throws. */
  receive(bytes: Buffer, from: RemoteInfo, socket: BoundSocket): void {
    const first = bytes[0];
    if (first === undefined || from.port === 0) return;
    const path = this.#paths.find(socket, from.address, from.port);
    if (first < 4) this.#receiveStun(bytes, from, { socket, path });
    else if (!path) this.#options.count('webrtc.unknown-source');
    else if (first >= 128 && first < 192) this.#receiveSrtp(bytes, path.owner);
    else if (first >= 20 && first < 64) path.owner.receiveDtls(bytes);
    else this.#options.count('webrtc.unknown-packet');
  }

  #receiveSrtp(bytes: Buffer, leg: WebRtcLeg): void {
    if (!leg.srtp) {
      this.#options.count('webrtc.srtp-before-keys');
      return;
    }
    // RFC 5761 §4: payload types 64 to 95 are left to RTCP.
    const type = (bytes[1] ?? 0) & 0x7f;
    const isRtcp = type >= 64 && type < 96;
    const opened = isRtcp
      ? leg.srtp.rtcpReceiver.unprotect(bytes)
      : leg.srtp.receiver.unprotect(bytes);
    if (typeof opened === 'string') this.#options.count(`webrtc.srtp-${opened}`);
    else if (isRtcp) this.#options.listener.onRtcp(leg.id, opened);
    else this.#options.listener.onRtp(leg.id, opened);
  }

  #receiveStun(
    bytes: Buffer,
    from: RemoteInfo,
    at: { socket: BoundSocket; path: LegPath | undefined },
  ): void {
    if (!at.path && this.#limit.isExceeded(from.address, from.port)) {
      this.#options.count('webrtc.stun-limited');
      return;
    }
    const message = parseStun(bytes);
    const leg = message && this.#byUfrag.get(localUfrag(message.username) ?? '');
    if (!leg) {
      this.#limit.fail(from.address, from.port);
      this.#options.count(message ? 'webrtc.stun-unknown-user' : 'webrtc.stun-malformed');
      return;
    }
    this.#receiveCheck(message, leg, { from, ...at });
  }

  #receiveCheck(
    message: StunMessage,
    leg: WebRtcLeg,
    at: { from: RemoteInfo; socket: BoundSocket; path: LegPath | undefined },
  ): void {
    const { from, socket } = at;
    if (!leg.mayCheck()) {
      this.#options.count('webrtc.stun-limited');
      return;
    }
    const credentials = { local: leg.ice, remoteUfrag: leg.offer.ice.ufrag };
    const outcome = answerCheck(message, from, credentials);
    if (outcome.kind === 'dropped') {
      this.#limit.fail(from.address, from.port);
      this.#options.count(`webrtc.stun-${outcome.reason}`);
      return;
    }
    if (outcome.kind === 'refused') {
      this.#options.count(`webrtc.stun-${outcome.reason}`);
    } else if (!this.#checked(leg, at, outcome.nominated)) {
      return;
    }
    socket.send(outcome.reply, from.port, from.address);
  }

  #checked(
    leg: WebRtcLeg,
    at: { from: RemoteInfo; socket: BoundSocket; path: LegPath | undefined },
    nominated: boolean,
  ): boolean {
    const path = this.#pathOf(leg, at);
    if (!path) {
      this.#options.count('webrtc.path-taken');
      return false;
    }
    const isBack = leg.checked(path, nominated, this.#options.clock.monotonic());
    if (isBack) {
      this.#options.log.info({ legId: leg.id }, 'browser leg back');
      this.#options.listener.onBack(leg.id);
    }
    return true;
  }

  /** A pair belongs to the leg that checks it; another takes it over only once it is silent. */
  #pathOf(
    leg: WebRtcLeg,
    at: { from: RemoteInfo; socket: BoundSocket; path: LegPath | undefined },
  ): LegPath | undefined {
    const nowMs = this.#options.clock.monotonic();
    if (at.path?.owner === leg) return at.path;
    if (at.path) {
      if (nowMs - at.path.lastCheckMs <= CHECK_TIMEOUT_MS) return undefined;
      this.#dropPath(at.path);
    }
    const crowded = leg.pathToDrop();
    if (crowded) this.#dropPath(crowded);
    const { address, port } = at.from;
    const path: LegPath = { owner: leg, socket: at.socket, address, port, lastCheckMs: nowMs };
    leg.paths.push(path);
    this.#paths.add(path);
    return path;
  }
}

/** Same RTCPeerConnection and same certificate: its DTLS session goes on. */
function isSamePeer(before: WebRtcOffer, after: WebRtcOffer): boolean {
  const values = (offer: WebRtcOffer): string =>
    offer.fingerprints.map(({ hash, value }) => `${hash} ${value}`).join();
  return before.origin === after.origin && values(before) === values(after);
}
