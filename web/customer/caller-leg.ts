import { z } from 'zod';
import { API, nothing, request } from '../shared/api.ts';

const placedSchema = z.object({ callId: z.string(), sdpAnswer: z.string() });

export type Dialing = { dialedNumber: string; callerNumber: string | null };
export type LegEvents = {
  onPlacing: () => void;
  onSound: (stream: MediaStream) => void;
};

/** The caller's leg in this page: microphone, peer connection and the call they belong to. */
export class CallerLeg {
  readonly #peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
  #stream: MediaStream | null = null;
  #callId: string | null = null;
  #isClosed = false;

  /** Resolves with the call's id. Throws what the microphone or the server refused with. */
  async place(dialing: Dialing, events: LegEvents): Promise<string | null> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, channelCount: 1 },
    });
    this.#stream = stream;
    if (this.#isClosed) {
      this.#release();
      return null;
    }
    const [track] = stream.getAudioTracks();
    this.#peer.addTransceiver(track ?? 'audio', { direction: 'sendrecv', streams: [stream] });
    this.#peer.ontrack = (event) => {
      events.onSound(event.streams[0] ?? new MediaStream([event.track]));
    };
    events.onPlacing();
    await this.#peer.setLocalDescription(await this.#peer.createOffer());
    const body = { ...dialing, sdpOffer: this.#peer.localDescription?.sdp ?? '' };
    const placed = await request(placedSchema, 'POST', `${API}/customer/calls`, { body });
    this.#callId = placed.callId;
    if (this.isClosed()) {
      await this.hangUp();
      return null;
    }
    await this.#peer.setRemoteDescription({ type: 'answer', sdp: placed.sdpAnswer });
    return placed.callId;
  }

  isClosed(): boolean {
    return this.#isClosed;
  }

  async hangUp(): Promise<void> {
    this.close();
    if (this.#callId === null) return;
    const path = `${API}/customer/calls/${encodeURIComponent(this.#callId)}`;
    // A call that is over already is hung up.
    await request(nothing, 'DELETE', path).catch(() => null);
  }

  /** The page goes away: the request outlives it. */
  abandon(): void {
    this.close();
    if (this.#callId === null) return;
    const path = `${API}/customer/calls/${encodeURIComponent(this.#callId)}`;
    void fetch(path, { method: 'DELETE', keepalive: true }).catch(() => null);
  }

  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #release(): void {
    this.#peer.ontrack = null;
    this.#peer.close();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
  }
}
