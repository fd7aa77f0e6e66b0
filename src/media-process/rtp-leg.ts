import { Latch, answerAudio, isRtcp, offerAudio, parseRtcp, readAudio } from '../media/index.ts';
import type {
  AudioAgreement,
  AudioReading,
  LocalAudio,
  MediaResult,
  OpenLegOptions,
} from '../media/index.ts';
import type { LegTransport, MediaLeg } from './media-leg.ts';
import type { PortPair, PortPool } from './port-pool.ts';

type Options = {
  leg: MediaLeg;
  open: OpenLegOptions;
  pool: PortPool;
  /** Addresses that may be announced, best first. */
  mediaAddresses: readonly string[];
  count: (name: string) => void;
};

/** Until a packet is read: a frame, and what a machine that stands still adds; a report until ours is due. */
const LONGEST_WAIT_MS = { rtp: 1_000, rtcp: 10_000 };

/** Who sent the datagram at hand, to whichever leg; used again for the next one. */
const source = { address: '', port: 0 };

/** The outside of a telephone leg: its pair of ports, its SDP and the rule who may speak on it. */
export class RtpLeg implements LegTransport {
  readonly #options: Options;
  readonly #latch: Latch;
  #ports: PortPair | undefined;
  #agreement: AudioAgreement | undefined;
  /** The peer wants to hear us, and is to be heard: looked at for every packet. */
  #peerHears = false;
  #peerSpeaks = false;
  /** What the SDP of ours answers; undefined where it is an offer. */
  #lastOffer: string | undefined;
  #lastAnswer: string | undefined;
  #version = 0;
  localSdp = '';

  constructor(options: Options) {
    this.#options = options;
    this.#latch = new Latch(options.open);
  }

  get canSend(): boolean {
    return this.#peerHears && this.#latch.target !== undefined;
  }

  get expectsMedia(): boolean {
    return this.#peerSpeaks;
  }

  /** It said that it does not listen, and may play something or not. */
  get isHolding(): boolean {
    return this.#peerSpeaks && !this.#peerHears;
  }

  /** Takes ports and answers the offer, or makes one. On refusal nothing stays behind. */
  async open(): Promise<MediaResult<{ localSdp: string }>> {
    const { remoteSdp } = this.#options.open;
    const offer = remoteSdp === undefined ? undefined : readAudio(remoteSdp);
    if (offer?.ok === false) return offer;
    this.#ports = await this.#options.pool.take(
      (datagram, address, port, arrivedMs) => {
        source.address = address;
        source.port = port;
        this.#receive(datagram, arrivedMs);
      },
      (datagram, address, _port, arrivedMs) => this.#receiveRtcp(datagram, address, arrivedMs),
    );
    if (!this.#ports) return { ok: false, reason: 'no-port' };
    if (!offer) return this.#offer();
    this.#answer(remoteSdp ?? '', offer);
    return { ok: true, value: { localSdp: this.localSdp } };
  }

  /** Answers a new offer; the same offer again gets the same answer and moves nothing. '': offers. */
  renegotiate(remoteSdp: string): MediaResult<{ localSdp: string }> {
    if (remoteSdp === '') return this.#offer();
    if (remoteSdp !== this.#lastOffer) {
      const offer = readAudio(remoteSdp);
      if (!offer.ok) return offer;
      this.#answer(remoteSdp, offer);
    }
    return { ok: true, value: { localSdp: this.localSdp } };
  }

  acceptAnswer(remoteSdp: string): MediaResult<null> {
    if (remoteSdp !== this.#lastAnswer) {
      const answer = readAudio(remoteSdp);
      if (!answer.ok) return answer;
      this.#agree(answer.audio);
      [this.#lastOffer, this.#lastAnswer] = [undefined, remoteSdp];
    }
    return { ok: true, value: null };
  }

  #answer(remoteSdp: string, offer: AudioReading & { ok: true }): void {
    this.#agree(offer.audio);
    this.localSdp = answerAudio(this.#local(offer.audio.remote?.address), offer);
    [this.#lastOffer, this.#lastAnswer] = [remoteSdp, undefined];
  }

  #offer(): MediaResult<{ localSdp: string }> {
    this.localSdp = offerAudio(this.#local(this.#agreement?.remote?.address));
    this.#lastOffer = undefined;
    return { ok: true, value: { localSdp: this.localSdp } };
  }

  /** Takes the packets that have come. */
  read(): void {
    this.#ports?.rtp.read(LONGEST_WAIT_MS.rtp);
  }

  readReports(): void {
    this.#ports?.rtcp.read(LONGEST_WAIT_MS.rtcp);
  }

  sendRtp(packet: Uint8Array): void {
    const { target } = this.#latch;
    if (target) this.#ports?.rtp.send(packet, target);
  }

  sendRtcp(packet: Uint8Array): void {
    const { target } = this.#latch;
    if (!target) return;
    const { remote, remoteRtcpPort } = this.#agreement ?? {};
    const isLatched = target.address !== remote?.address || target.port !== remote.port;
    const port = isLatched ? target.port + 1 : (remoteRtcpPort ?? 0);
    if (port > 0 && port <= 65_535) {
      this.#ports?.rtcp.send(packet, { address: target.address, port });
    }
  }

  async close(): Promise<void> {
    const ports = this.#ports;
    this.#ports = undefined;
    if (ports) await this.#options.pool.release(ports);
  }

  #agree(audio: AudioAgreement): void {
    this.#agreement = audio;
    const { remoteDirection } = audio;
    this.#peerHears = remoteDirection === 'sendrecv' || remoteDirection === 'recvonly';
    this.#peerSpeaks = remoteDirection === 'sendrecv' || remoteDirection === 'sendonly';
    // While held with 0.0.0.0 the stream has no address; the peer may go on from the old one.
    if (audio.remote) this.#latch.signal(audio.remote);
    this.#options.leg.agree(audio);
  }

  #local(remoteAddress: string | undefined): LocalAudio {
    return {
      address: chooseAddress(this.#options.mediaAddresses, remoteAddress),
      port: this.#ports?.rtp.port ?? 0,
      sessionId: String(this.#options.leg.ssrc),
      sessionVersion: ++this.#version,
    };
  }

  #receive(datagram: Uint8Array, arrivedMs: number): void {
    const { leg, count } = this.#options;
    if (isRtcp(datagram)) return;
    const header = leg.readHeader(datagram);
    if (!header) {
      count('rtp.malformed');
      return;
    }
    const negotiated = leg.takes(header.payloadType);
    const { ssrc, sequence } = header;
    const verdict = this.#latch.judge(source, { ssrc, sequence, negotiated }, arrivedMs);
    if (verdict === 'drop') count('rtp.foreign-source');
    else if (!negotiated) count('rtp.unknown-payload');
    else leg.receive(header, datagram, arrivedMs);
  }

  #receiveRtcp(datagram: Uint8Array, address: string, arrivedMs: number): void {
    if (address !== this.#latch.target?.address) return;
    this.#options.leg.receiveRtcp(parseRtcp(datagram), arrivedMs);
  }
}

/** Ours on the same family as the peer; loopback talks to loopback. */
export function chooseAddress(ours: readonly string[], remote: string | undefined): string {
  const isSix = remote?.includes(':') ?? false;
  const sameFamily = ours.filter((address) => address.includes(':') === isSix);
  const isLocal = (address: string): boolean => address.startsWith('127.') || address === '::1';
  const near =
    remote === undefined
      ? undefined
      : sameFamily.find((address) => isLocal(address) === isLocal(remote));
  return near ?? sameFamily[0] ?? ours[0] ?? '127.0.0.1';
}
