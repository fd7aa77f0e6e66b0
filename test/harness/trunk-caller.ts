import type { Platform } from './platform.ts';
import { RtpPeer } from './rtp-peer.ts';
import { Sipp } from './sipp.ts';
import type { BlockSequence } from './tone-blocks.ts';

export type Dialling = {
  dialed?: string;
  scenario?: string;
  /** Where the caller stands, for a platform that is not on loopback. */
  address?: string;
};

/** A caller at a carrier: signalling by SIPp, sound by a socket of ours. */
export class TrunkCaller {
  readonly sipp: Sipp;
  readonly peer: RtpPeer;
  readonly #target: string;

  private constructor(sipp: Sipp, peer: RtpPeer, target: string) {
    this.sipp = sipp;
    this.peer = peer;
    this.#target = target;
  }

  static async dial(platform: Platform, options: Dialling = {}): Promise<TrunkCaller> {
    const address = options.address ?? '127.0.0.1';
    const peer = await RtpPeer.open('PCMU', address);
    const sipp = new Sipp({
      scenario: options.scenario ?? 'uac-media-elsewhere',
      target: { address: platform.bind, port: platform.ports.sip },
      keys: { dialed: options.dialed ?? '0301234567', rtp_port: peer.port },
      args: ['-i', address],
    });
    return new TrunkCaller(sipp, peer, platform.bind);
  }

  /** Begins to speak as soon as the call is answered. */
  async speak(sequence: BlockSequence): Promise<void> {
    const port = await this.sipp.mediaPort();
    this.peer.speak(`c=IN IP4 ${this.#target}\r\nm=audio ${port} RTP/AVP 0\r\n`, sequence);
  }

  /** Resolves when the call is over; rejects when it did not go as the scenario says. */
  async over(): Promise<void> {
    const code = await this.sipp.finished();
    this.peer.stop();
    if (code !== 0) throw new Error(`SIPp: ${this.sipp.failure}`);
  }

  async close(): Promise<void> {
    await this.sipp.close();
    await this.peer.close();
  }
}
