import { ApiProblem } from '../shared/api.ts';
import { reconnectDelayMs } from '../shared/live.ts';
import { LevelMeter } from './level-meter.ts';
import {
  chosenDevice,
  isMicrophoneAllowed,
  listSoundDevices,
  microphoneProblem,
  openMicrophone,
  rememberDevice,
} from './sound-devices.ts';
import type { MicrophoneProblem, SoundDevices } from './sound-devices.ts';

export type AudioPhase = 'off' | 'asking' | 'connecting' | 'up' | 'reconnecting';
export type AudioProblem =
  MicrophoneProblem | 'desk-elsewhere' | 'server' | 'no-route' | 'needs-click';

export type AudioView = {
  phase: AudioPhase;
  problem: AudioProblem | null;
  /** The refusal behind `server`, to be said in words. */
  refusal: ApiProblem | null;
  /** The browser will not sound without a click. */
  playbackBlocked: boolean;
  devices: SoundDevices;
  /** A device in use that went away: said until the operator has seen it. */
  lostDevice: 'microphone' | 'speaker' | null;
};

/** Gives our SDP offer to the server and brings its answer. */
export type ExchangeSdp = (sdpOffer: string, takeOver: boolean) => Promise<string>;

const DISCONNECTED_GRACE_MS = 3_000;
const CONNECT_LIMIT_MS = 10_000;
const OFF: AudioView = {
  phase: 'off',
  problem: null,
  refusal: null,
  playbackBlocked: false,
  devices: { microphones: [], speakers: [] },
  lostDevice: null,
};

/**
 * The operator's one audio leg, kept up for the whole shift. It lives outside the React tree and
 * apart from the WebSocket: neither a re-rendered page nor a lost connection touches a call.
 */
export class DeskAudio {
  readonly #exchange: ExchangeSdp;
  readonly #listeners = new Set<() => void>();
  readonly #meter = new LevelMeter();
  readonly #player = new Audio();
  #view: AudioView = OFF;
  #stream: MediaStream | null = null;
  /** Counts calls of `stop`: a microphone that the browser grants after one is not wanted any more. */
  #stops = 0;
  #peer: RTCPeerConnection | null = null;
  /** Counts attempts to connect; what belongs to an older one is too late to matter. */
  #generation = 0;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(exchange: ExchangeSdp) {
    this.#exchange = exchange;
    this.#player.autoplay = true;
  }

  get view(): AudioView {
    return this.#view;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  level(): number {
    return this.#meter.level();
  }

  /** 受電開始: asks for the microphone and connects. Resolves true when sound is up. */
  async start(options: { takeOver: boolean } = { takeOver: false }): Promise<boolean> {
    if (!window.isSecureContext) return this.#fail('insecure');
    this.#update({ phase: 'asking', problem: null, refusal: null });
    if (!(await this.#openMicrophone())) return false;
    return this.#connect(options.takeOver);
  }

  /** After a reload: as `start`, but only when the browser asks nothing. */
  async resume(): Promise<boolean> {
    if (!window.isSecureContext || !(await isMicrophoneAllowed())) return this.#fail('needs-click');
    return this.start();
  }

  /** The leg is gone at the server: a new one, the microphone still open. */
  reopen(): void {
    if (this.#stream === null) return;
    this.#attempt = 0;
    void this.#connect(false);
  }

  /** A reason to try now rather than at the end of the delay: the network or the session is back. */
  hurry(): void {
    if (this.#view.phase === 'reconnecting' && this.#retry !== undefined) this.reopen();
  }

  /** Inside a click or key press: what the browser kept silent may sound. */
  async unblock(): Promise<void> {
    this.#meter.resume();
    if (this.#view.playbackBlocked) await this.#play();
  }

  stop(): void {
    this.#stops += 1;
    this.#generation += 1;
    this.#closePeer();
    if (this.#stream !== null) {
      for (const track of this.#stream.getTracks()) track.stop();
      navigator.mediaDevices.removeEventListener('devicechange', this.#deviceChange);
      window.removeEventListener('pagehide', this.#pageHidden);
    }
    this.#stream = null;
    this.#player.srcObject = null;
    this.#meter.close();
    this.#update({ ...OFF, devices: this.#view.devices });
  }

  async chooseMicrophone(deviceId: string): Promise<void> {
    rememberDevice('microphone', deviceId);
    await this.#replaceMicrophone();
  }

  async chooseSpeaker(deviceId: string): Promise<void> {
    rememberDevice('speaker', deviceId);
    await this.#routePlayer();
  }

  forgetLostDevice(): void {
    this.#update({ lostDevice: null });
  }

  async #openMicrophone(): Promise<boolean> {
    try {
      const stream = await this.#askForMicrophone();
      if (stream === null) return false;
      this.#useStream(stream);
      navigator.mediaDevices.addEventListener('devicechange', this.#deviceChange);
      window.addEventListener('pagehide', this.#pageHidden);
      this.#update({ devices: await listSoundDevices() });
      return true;
    } catch (error) {
      return this.#fail(microphoneProblem(error));
    }
  }

  /** Null when all was stopped while the browser asked: nobody is listened to then. */
  async #askForMicrophone(): Promise<MediaStream | null> {
    const stops = this.#stops;
    const stream = await openMicrophone();
    if (stops === this.#stops) return stream;
    for (const track of stream.getTracks()) track.stop();
    return null;
  }

  #useStream(stream: MediaStream): void {
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = stream;
    const [track] = stream.getAudioTracks();
    // Pulled out, or taken away by the system; our own stop() does not fire this.
    if (track !== undefined) track.onended = () => void this.#loseMicrophone();
    this.#meter.watch(stream);
  }

  async #replaceMicrophone(): Promise<void> {
    try {
      const stream = await this.#askForMicrophone();
      if (stream === null) return;
      this.#useStream(stream);
      const [track] = stream.getAudioTracks();
      const sender = this.#peer?.getSenders()[0];
      await sender?.replaceTrack(track ?? null);
      if (this.#view.problem !== null) this.#update({ problem: null });
    } catch (error) {
      this.#update({ problem: microphoneProblem(error) });
    }
  }

  async #loseMicrophone(): Promise<void> {
    this.#update({ lostDevice: 'microphone' });
    await this.#replaceMicrophone();
  }

  /** Told by us the server knows at once; by itself it notices after some fifteen seconds. */
  readonly #pageHidden = (): void => this.#closePeer();

  readonly #deviceChange = (): void => void this.#devicesChanged();

  async #devicesChanged(): Promise<void> {
    const devices = await listSoundDevices();
    const speaker = chosenDevice('speaker');
    const known = (list: SoundDevices): boolean => list.speakers.some(({ id }) => id === speaker);
    const speakerLost = speaker !== '' && known(this.#view.devices) && !known(devices);
    this.#update({ devices, ...(speakerLost && { lostDevice: 'speaker' }) });
    await this.#routePlayer();
    // A microphone that is back (plugged in again) is used again.
    const microphone = chosenDevice('microphone');
    const inUse = this.#stream?.getAudioTracks()[0]?.getSettings().deviceId;
    const isBack = devices.microphones.some(({ id }) => id === microphone) && inUse !== microphone;
    if (this.#stream !== null && (isBack || this.#view.problem === 'mic-missing')) {
      await this.#replaceMicrophone();
    }
  }

  async #connect(takeOver: boolean): Promise<boolean> {
    const stream = this.#stream;
    if (stream === null) return false;
    this.#closePeer();
    const generation = (this.#generation += 1);
    const wasUp = this.#view.phase === 'up' || this.#view.phase === 'reconnecting';
    this.#update({ phase: wasUp ? 'reconnecting' : 'connecting', problem: null });
    const peer = this.#newPeer(stream, generation);
    this.#peer = peer;
    try {
      // The server sees where our checks come from: nothing is gathered or waited for.
      await peer.setLocalDescription(await peer.createOffer());
      const sdpOffer = peer.localDescription?.sdp ?? '';
      const answer = await this.#exchange(sdpOffer, takeOver);
      if (generation !== this.#generation) return false;
      await peer.setRemoteDescription({ type: 'answer', sdp: answer });
      await connected(peer);
      if (generation !== this.#generation) return false;
      this.#attempt = 0;
      this.#update({ phase: 'up', problem: null, refusal: null });
      return true;
    } catch (error) {
      if (generation === this.#generation) this.#connectFailed(error, wasUp);
      return false;
    }
  }

  #connectFailed(error: unknown, wasUp: boolean): void {
    const refusal = error instanceof ApiProblem ? error : null;
    if (refusal?.problem.code === 'desk-elsewhere') {
      this.stop();
      this.#update({ problem: 'desk-elsewhere' });
      return;
    }
    if (wasUp) {
      this.#retryLater();
      return;
    }
    this.stop();
    this.#update({ problem: error instanceof NoRoute ? 'no-route' : 'server', refusal });
  }

  #newPeer(stream: MediaStream, generation: number): RTCPeerConnection {
    const peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
    const [track] = stream.getAudioTracks();
    const transceiver = peer.addTransceiver(track ?? 'audio', {
      direction: 'sendrecv',
      streams: [stream],
    });
    preferG711(transceiver);
    peer.ontrack = (event) => {
      if (generation !== this.#generation) return;
      this.#player.srcObject = event.streams[0] ?? new MediaStream([event.track]);
      void this.#routePlayer().then(() => this.#play());
    };
    peer.onconnectionstatechange = () => this.#connectionChanged(peer, generation);
    return peer;
  }

  #connectionChanged(peer: RTCPeerConnection, generation: number): void {
    if (generation !== this.#generation) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (peer.connectionState === 'connected') this.#update({ phase: 'up' });
    if (peer.connectionState === 'failed') this.#retryLater();
    if (peer.connectionState === 'disconnected') {
      this.#update({ phase: 'reconnecting' });
      this.#retry = setTimeout(() => void this.#connect(false), DISCONNECTED_GRACE_MS);
    }
  }

  #retryLater(): void {
    this.#update({ phase: 'reconnecting' });
    clearTimeout(this.#retry);
    const delay = reconnectDelayMs(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#retry = setTimeout(() => void this.#connect(false), delay);
  }

  #closePeer(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const peer = this.#peer;
    this.#peer = null;
    if (peer === null) return;
    peer.ontrack = null;
    peer.onconnectionstatechange = null;
    peer.close();
  }

  async #routePlayer(): Promise<void> {
    if (!('setSinkId' in this.#player)) return;
    try {
      await this.#player.setSinkId(chosenDevice('speaker'));
    } catch {
      await this.#player.setSinkId('').catch(() => undefined);
    }
  }

  async #play(): Promise<void> {
    try {
      await this.#player.play();
      this.#update({ playbackBlocked: false });
    } catch (error) {
      // Replaced while starting (AbortError) is no refusal.
      if (error instanceof Error && error.name === 'NotAllowedError') {
        this.#update({ playbackBlocked: true });
      }
    }
  }

  #fail(problem: AudioProblem): false {
    this.#update({ phase: 'off', problem });
    return false;
  }

  #update(change: Partial<AudioView>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** Offer and answer were exchanged but no sound finds its way: a firewall, mostly. */
class NoRoute extends Error {
  override readonly name = 'NoRoute';
}

function connected(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => settle(new NoRoute()), CONNECT_LIMIT_MS);
    const look = (): void => {
      if (peer.connectionState === 'connected') settle(null);
      if (['failed', 'closed'].includes(peer.connectionState)) settle(new NoRoute());
    };
    const settle = (problem: NoRoute | null): void => {
      clearTimeout(limit);
      peer.removeEventListener('connectionstatechange', look);
      if (problem === null) resolve();
      else reject(problem);
    };
    peer.addEventListener('connectionstatechange', look);
    look();
  });
}

/** G.711 μ-law is what carriers bring: no transcoding between the caller and this ear. */
function preferG711(transceiver: RTCRtpTransceiver): void {
  const wanted = ['audio/pcmu', 'audio/telephone-event'];
  const codecs = (RTCRtpReceiver.getCapabilities('audio')?.codecs ?? []).filter(
    (codec) => wanted.includes(codec.mimeType.toLowerCase()) && codec.clockRate === 8000,
  );
  if (codecs.some((codec) => codec.mimeType.toLowerCase() === 'audio/pcmu')) {
    transceiver.setCodecPreferences(codecs);
  }
}
