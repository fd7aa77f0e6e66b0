import { createDtlsCertificate } from './dtls-session.ts';
import { WebRtcHub } from './webrtc-hub.ts';
import type { WebRtcOptions, WebRtcTransport } from './webrtc-hub.ts';
import { bindSockets, expandBindAddresses, localAddresses } from './webrtc-sockets.ts';

export type { WebRtcAnswer, WebRtcListener, WebRtcOptions, WebRtcTransport } from './webrtc-hub.ts';

/** Binds the port on every address, or throws an AppError that says what to free or to set. */
export async function createWebRtcTransport(options: WebRtcOptions): Promise<WebRtcTransport> {
  const certificate = await createDtlsCertificate();
  const addresses = expandBindAddresses(options.bindAddresses, localAddresses());
  const hub = new WebRtcHub(options, certificate);
  const sockets = await bindSockets(addresses, options.port, {
    onDatagram: (bytes, from, socket) => hub.receive(bytes, from, socket),
    onSendFailed: () => options.count('webrtc.send-failed'),
    log: options.log,
  });
  hub.start(sockets);
  return hub;
}
