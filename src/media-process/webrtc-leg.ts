import { DtlsSession } from './dtls-session.ts';
import type { DtlsCertificate, SrtpMasters } from './dtls-session.ts';
import { newIceCredentials } from './ice-lite.ts';
import type { IceCredentials } from './ice-lite.ts';
import { SrtcpReceiver, SrtcpSender } from './srtcp.ts';
import { SrtpReceiver, SrtpSender } from './srtp.ts';
import type { WebRtcPath } from './webrtc-path.ts';
import type { WebRtcOffer } from './webrtc-sdp.ts';

/** 15 s without a valid check: the browser is gone or out of reach. */
export const CHECK_TIMEOUT_MS = 15_000;
const PATH_LIFETIME_MS = 30_000;
const DTLS_TIMEOUT_MS = 20_000;
const MAX_PATHS = 16;
/** A browser checks a pair every 50 ms at its most eager. */
const MAX_CHECKS_PER_SWEEP = 500;
const MAX_DTLS_PER_SWEEP = 200;

export type LostReason = 'ice-timeout' | 'dtls-failed' | 'closed-by-peer';
export type LegPath = WebRtcPath<WebRtcLeg>;

type SrtpContexts = {
  sender: SrtpSender;
  receiver: SrtpReceiver;
  rtcpSender: SrtcpSender;
  rtcpReceiver: SrtcpReceiver;
};

export type WebRtcLegOptions = {
  id: string;
  offer: WebRtcOffer;
  certificate: DtlsCertificate;
  nowMs: number;
  onConnected(leg: WebRtcLeg): void;
  onOver(leg: WebRtcLeg, reason: LostReason, cause: string): void;
};

/** One browser's transport: credentials, checked pairs, the DTLS session, the SRTP contexts. */
export class WebRtcLeg {
  readonly id: string;
  readonly paths: LegPath[] = [];
  readonly #dtls: DtlsSession;
  ice: IceCredentials = newIceCredentials();
  offer: WebRtcOffer;
  offerSdp = '';
  answerSdp = '';
  answerVersion = 0;
  readonly sessionId: string;
  srtp: SrtpContexts | undefined;
  /** Where we send: the nominated pair, before a nomination the first checked one. */
  selected: LegPath | undefined;
  lost: LostReason | undefined;
  lastCheckMs: number;
  #firstCheckMs = -1;
  #checks = 0;
  #dtlsDatagrams = 0;

  constructor(options: WebRtcLegOptions & { sessionId: string }) {
    this.id = options.id;
    this.offer = options.offer;
    this.sessionId = options.sessionId;
    this.lastCheckMs = options.nowMs;
    this.#dtls = new DtlsSession(options.certificate, options.offer.fingerprints, {
      send: (bytes) => this.send(bytes),
      onKeys: (keys) => {
        this.srtp = openContexts(keys);
        options.onConnected(this);
      },
      onFailed: (cause) => options.onOver(this, 'dtls-failed', cause),
      onClosed: () => options.onOver(this, 'closed-by-peer', 'the browser closed'),
    });
  }

  /** The DTLS session is over for good; only a new offer helps. */
  get isOver(): boolean {
    return this.lost === 'dtls-failed' || this.lost === 'closed-by-peer';
  }

  send(bytes: Uint8Array): void {
    const path = this.selected;
    if (path) path.socket.send(bytes, path.port, path.address);
  }

  /** False when the browser checks more often than any browser does. */
  mayCheck(): boolean {
    return ++this.#checks <= MAX_CHECKS_PER_SWEEP;
  }

  /** A valid check on this pair. `true` when it ends a loss. */
  checked(path: LegPath, nominated: boolean, nowMs: number): boolean {
    path.lastCheckMs = nowMs;
    this.lastCheckMs = nowMs;
    if (this.#firstCheckMs < 0) this.#firstCheckMs = nowMs;
    if (nominated || !this.selected) this.selected = path;
    if (this.lost !== 'ice-timeout') return false;
    this.lost = undefined;
    return true;
  }

  /** Makes room for one more path; the one checked longest ago, never the selected, gives way. */
  pathToDrop(): LegPath | undefined {
    if (this.paths.length < MAX_PATHS) return undefined;
    return this.paths
      .filter((path) => path !== this.selected)
      .reduce((oldest, path) => (path.lastCheckMs < oldest.lastCheckMs ? path : oldest));
  }

  receiveDtls(datagram: Buffer): void {
    if (++this.#dtlsDatagrams <= MAX_DTLS_PER_SWEEP) this.#dtls.receive(datagram);
  }

  /** Once a second: what has run out by now. */
  sweep(nowMs: number): { expired: LegPath[]; lost: 'ice-timeout' | 'dtls-failed' | undefined } {
    this.#checks = 0;
    this.#dtlsDatagrams = 0;
    const expired = this.paths.filter((path) => nowMs - path.lastCheckMs > PATH_LIFETIME_MS);
    this.#leaveDeadPath(nowMs);
    if (this.lost) return { expired, lost: undefined };
    if (nowMs - this.lastCheckMs > CHECK_TIMEOUT_MS) return { expired, lost: 'ice-timeout' };
    const handshaking = !this.#dtls.isConnected && this.#firstCheckMs >= 0;
    const late = handshaking && nowMs - this.#firstCheckMs > DTLS_TIMEOUT_MS;
    return { expired, lost: late ? 'dtls-failed' : undefined };
  }

  /** The nominated pair fell silent while the browser still checks another. */
  #leaveDeadPath(nowMs: number): void {
    const path = this.selected;
    if (!path || nowMs - path.lastCheckMs <= CHECK_TIMEOUT_MS) return;
    this.selected = this.paths.reduce(
      (latest, other) => (other.lastCheckMs > latest.lastCheckMs ? other : latest),
      path,
    );
  }

  close(): void {
    this.#dtls.close();
    this.srtp = undefined;
    this.selected = undefined;
  }
}

function openContexts(keys: SrtpMasters): SrtpContexts {
  return {
    sender: new SrtpSender(keys.local),
    receiver: new SrtpReceiver(keys.remote),
    rtcpSender: new SrtcpSender(keys.local),
    rtcpReceiver: new SrtcpReceiver(keys.remote),
  };
}
