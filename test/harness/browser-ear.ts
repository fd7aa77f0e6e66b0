import type { Page } from 'playwright-core';
import type { BlockSequence } from './tone-blocks.ts';

/**
 * A browser's microphone and ear for measurement. `installEar` replaces `getUserMedia` by a stream that
 * plays the sequence, and keeps what every `RTCPeerConnection` of the page receives, at 8 kHz.
 */
export async function installEar(
  page: Page,
  sequence: BlockSequence,
  seconds: number,
): Promise<void> {
  const pcm = sequence.render(0, seconds * 8000);
  const sound = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString('base64');
  await page.addInitScript({ content: `window.earSound = ${JSON.stringify(sound)};\n${SCRIPT}` });
}

const SCRIPT = `
(() => {
  const bytes = Uint8Array.from(atob(window.earSound), (c) => c.charCodeAt(0));
  const pcm = new Int16Array(bytes.buffer);
  const heard = [];
  window.ear = { heard, ready: false };
  let context;
  const audio = () => {
    if (context) return context;
    context = new AudioContext({ sampleRate: 8000 });
    return context;
  };
  const microphone = async () => {
    const ctx = audio();
    await ctx.resume();
    const buffer = ctx.createBuffer(1, pcm.length, 8000);
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < pcm.length; i++) samples[i] = pcm[i] / 32768;
    const source = ctx.createBufferSource();
    source.buffer = buffer;
    const out = ctx.createMediaStreamDestination();
    out.channelCount = 1;
    source.connect(out);
    source.start();
    return out.stream;
  };
  navigator.mediaDevices.getUserMedia = microphone;
  // Straight from the track: an audio context would listen by a clock of its own and lose 10 ms now and then.
  const listen = async (track) => {
    const element = new Audio();
    element.srcObject = new MediaStream([track]);
    element.muted = true;
    void element.play();
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 200 }).readable.getReader();
    window.ear.ready = true;
    for (;;) {
      const { done, value: data } = await reader.read();
      if (done) return;
      const samples = new Float32Array(data.numberOfFrames);
      data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      const step = data.sampleRate / 8000;
      data.close();
      // What the telephone sent has nothing above 4 kHz: every sixth of 48 kHz is enough.
      heard.push(Float32Array.from({ length: samples.length / step }, (_, i) => samples[i * step]));
    }
  };
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener('track', ({ track }) => {
        if (track.kind === 'audio') void listen(track);
      });
    }
  };
})();
`;

/** What the page heard so far, 8 kHz. */
export async function heardBy(page: Page): Promise<Int16Array> {
  const base64 = await page.evaluate(`(() => {
    const total = window.ear.heard.reduce((sum, part) => sum + part.length, 0);
    const pcm = new Int16Array(total);
    let at = 0;
    for (const part of window.ear.heard) for (const s of part) pcm[at++] = Math.max(-32768, Math.min(32767, Math.round(s * 32768)));
    const bytes = new Uint8Array(pcm.buffer);
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  })()`);
  const bytes = Buffer.from(base64 as string, 'base64');
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

export async function forgetHeard(page: Page): Promise<void> {
  await page.evaluate('void (window.ear.heard.length = 0)');
}

/** Signs in, opens the kept-up leg and goes on the floor, by the API alone; the operator's id. */
export async function openDeskAudio(
  page: Page,
  account: { email: string; password: string },
): Promise<string> {
  return page.evaluate<string>(`(${DESK})(${JSON.stringify(account)})`);
}

const DESK = `async (account) => {
  const call = async (method, path, body) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(path, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(path + ': ' + answer.status + ' ' + (await answer.text()));
    return answer.status === 204 ? null : answer.json();
  };
  const session = await call('POST', '/api/v1/session', account);
  const pc = new RTCPeerConnection();
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  for (const track of microphone.getTracks()) pc.addTrack(track, microphone);
  await pc.setLocalDescription();
  const sdpOffer = pc.localDescription.sdp;
  const answer = await call('POST', '/api/v1/desk/audio', { deskId: 'desk-e2e-1', sdpOffer });
  await pc.setRemoteDescription({ type: 'answer', sdp: answer.sdpAnswer });
  await new Promise((resolve, reject) => {
    const check = () => {
      if (pc.connectionState === 'connected') resolve();
      if (pc.connectionState === 'failed') reject(new Error('no audio'));
    };
    pc.addEventListener('connectionstatechange', check);
    check();
  });
  window.deskConnection = pc;
  await call('PUT', '/api/v1/desk/presence', { presence: 'available' });
  return session.operatorId;
}`;
