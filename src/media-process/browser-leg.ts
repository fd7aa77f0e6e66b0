import { isRtcp, parseRtcp, readAudio } from '../media/index.ts';
import type { MediaResult } from '../media/index.ts';
import type { LegTransport, MediaLeg } from './media-leg.ts';
import type { WebRtcTransport } from './webrtc-transport.ts';

/** The outside of a browser leg: its place in the WebRTC transport that all browsers share. */
export class BrowserLeg implements LegTransport {
  readonly #leg: MediaLeg;
  readonly #webrtc: WebRtcTransport;
  connected = false;
  /** Set by the transport when the browser is not heard of any more. */
  lostAtMs: number | undefined;
  localSdp = '';

  constructor(leg: MediaLeg, webrtc: WebRtcTransport) {
    this.#leg = leg;
    this.#webrtc = webrtc;
  }

  get canSend(): boolean {
    return this.connected;
  }

  get expectsMedia(): boolean {
    return this.connected;
  }

  async renegotiate(offerSdp: string): Promise<MediaResult<{ localSdp: string }>> {
    const answer = await this.#webrtc.open(this.#leg.id, offerSdp);
    if (!answer.ok) return answer;
    const reading = readAudio(answer.answerSdp, 'webrtc');
    if (!reading.ok) return reading;
    this.#leg.agree(reading.audio);
    this.localSdp = answer.answerSdp;
    return { ok: true, value: { localSdp: this.localSdp } };
  }

  /** The transport hands over what comes when it comes. */
  read(): void {
    return;
  }

  readReports(): void {
    return;
  }

  receive(packet: Uint8Array, nowMs: number): void {
    if (isRtcp(packet)) return;
    const header = this.#leg.readHeader(packet);
    if (header) this.#leg.receive(header, packet, nowMs);
  }

  receiveRtcp(packet: Uint8Array, nowMs: number): void {
    this.#leg.receiveRtcp(parseRtcp(packet), nowMs);
  }

  sendRtp(packet: Uint8Array): void {
    this.#webrtc.sendRtp(this.#leg.id, packet);
  }

  sendRtcp(packet: Uint8Array): void {
    this.#webrtc.sendRtcp(this.#leg.id, packet);
  }

  close(): Promise<void> {
    this.#webrtc.close(this.#leg.id);
    return Promise.resolve();
  }
}
