import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

/** What one peer connection of the page has heard and sent so far. */
export type AudioStats = {
  state: string;
  dtlsState: string;
  packetsReceived: number;
  packetsLost: number;
  packetsDiscarded: number;
  audioLevel: number;
  ssrc: number;
  peakHz: number;
  roundTripMs: number | undefined;
};

const SCRIPT = `
const peers = new Map();
const audio = new AudioContext();
window.offer = async (name) => {
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const peer = { pc, analyser: audio.createAnalyser(), element: new Audio() };
  peer.analyser.fftSize = 4096;
  peers.set(name, peer);
  for (const track of microphone.getTracks()) pc.addTrack(track, microphone);
  pc.addTransceiver('video', { direction: 'recvonly' });
  pc.ontrack = ({ track, streams }) => {
    if (track.kind !== 'audio') return;
    const stream = streams[0] ?? new MediaStream([track]);
    peer.element.srcObject = stream;
    void peer.element.play();
    audio.createMediaStreamSource(stream).connect(peer.analyser);
  };
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
};
window.reoffer = async (name, iceRestart) => {
  const { pc } = peers.get(name);
  await pc.setLocalDescription(await pc.createOffer({ iceRestart }));
  return pc.localDescription.sdp;
};
window.answer = (name, sdp) => peers.get(name).pc.setRemoteDescription({ type: 'answer', sdp });
window.hangUp = (name) => { peers.get(name).pc.close(); peers.delete(name); };
window.stats = async (name) => {
  const { pc, analyser } = peers.get(name);
  const found = {};
  for (const report of (await pc.getStats()).values()) {
    if (report.type === 'inbound-rtp' && report.kind === 'audio') Object.assign(found, report);
    if (report.type === 'remote-inbound-rtp') found.roundTripMs = report.roundTripTime * 1000;
  }
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  const peak = bins.indexOf(Math.max(...bins));
  return {
    state: pc.connectionState,
    dtlsState: pc.getSenders()[0].transport?.state ?? 'new',
    packetsReceived: found.packetsReceived ?? 0,
    packetsLost: found.packetsLost ?? 0,
    packetsDiscarded: found.packetsDiscarded ?? 0,
    audioLevel: found.audioLevel ?? 0,
    ssrc: found.ssrc ?? 0,
    peakHz: (peak * audio.sampleRate) / analyser.fftSize,
    roundTripMs: found.roundTripMs,
  };
};
`;

/** A Chromium page on a secure origin with a fake microphone and peer connections by name. */
export class WebRtcPage {
  readonly #server: Server;
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(server: Server, browser: Browser, page: Page) {
    this.#server = server;
    this.#browser = browser;
    this.#page = page;
  }

  static async open(): Promise<WebRtcPage> {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><title>audio</title><script>${SCRIPT}</script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      ignoreDefaultArgs: ['--mute-audio'],
      args: FLAGS,
    });
    const page = await browser.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    return new WebRtcPage(server, browser, page);
  }

  offer(name: string): Promise<string> {
    return this.#call<string>('offer', name);
  }

  /** A further offer of the same peer connection. */
  reoffer(name: string, options: { iceRestart: boolean }): Promise<string> {
    return this.#call<string>('reoffer', name, options.iceRestart);
  }

  answer(name: string, sdp: string): Promise<void> {
    return this.#call('answer', name, sdp);
  }

  hangUp(name: string): Promise<void> {
    return this.#call('hangUp', name);
  }

  stats(name: string): Promise<AudioStats> {
    return this.#call<AudioStats>('stats', name);
  }

  #call<T>(method: string, ...args: unknown[]): Promise<T> {
    const run = ([name, values]: [string, unknown[]]): Promise<T> =>
      (globalThis as unknown as Record<string, (...all: unknown[]) => Promise<T>>)[name]!(
        ...values,
      );
    return this.#page.evaluate(run, [method, args] as [string, unknown[]]);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
