import type { Clock, Logger } from '../base/index.ts';

export type WebRtcAnswer =
  { ok: true; answerSdp: string } | { ok: false; reason: 'bad-sdp' | 'no-common-codec' };

/** All browser legs of this process: ICE-lite, DTLS and SRTP behind one UDP port. */
export type WebRtcTransport = {
  /**
   * Answers the browser's offer and creates the leg's transport. The same offer again returns the
   * same answer; another offer (page reloaded, network changed) replaces the transport.
   */
  open(leg: string, offerSdp: string): Promise<WebRtcAnswer>;
  /** Encrypts and sends one RTP packet; its header is written, its SSRC is `ssrcOf(leg)`. */
  sendRtp(leg: string, packet: Uint8Array): void;
  sendRtcp(leg: string, packet: Uint8Array): void;
  close(leg: string): void;
  shutdown(): Promise<void>;
};

export type LostReason = 'ice-timeout' | 'dtls-failed' | 'closed-by-peer';

export type WebRtcListener = {
  /** Decrypted RTP; the bytes are valid only during the call. */
  onRtp(leg: string, packet: Uint8Array): void;
  onRtcp(leg: string, packet: Uint8Array): void;
  /** DTLS is done and the SRTP keys are known. */
  onConnected(leg: string): void;
  /** `ice-timeout`: 15 s without a valid check. */
  onLost(leg: string, reason: LostReason): void;
  /** Valid checks again after `ice-timeout`. */
  onBack(leg: string): void;
};

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

export async function createWebRtcTransport(options: WebRtcOptions): Promise<WebRtcTransport> {
  throw new Error(`not bound: ${options.port}`);
}
