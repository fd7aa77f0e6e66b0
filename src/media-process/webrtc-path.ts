import type { BoundSocket } from './webrtc-sockets.ts';

/** A checked pair: one of our sockets and one address of the browser (RFC 8445 §2.4). */
export type WebRtcPath<Owner> = {
  readonly owner: Owner;
  readonly socket: BoundSocket;
  readonly address: string;
  readonly port: number;
  lastCheckMs: number;
};

/**
 * Which leg a packet belongs to, by where it came from. Only checked pairs are here, so the table
 * is as large as the legs allow. Looking up makes no key: the port finds a handful of candidates.
 */
export class WebRtcPathTable<Owner> {
  readonly #byPort = new Map<number, WebRtcPath<Owner>[]>();

  find(socket: BoundSocket, address: string, port: number): WebRtcPath<Owner> | undefined {
    const candidates = this.#byPort.get(port);
    if (!candidates) return undefined;
    for (const path of candidates) {
      if (path.socket === socket && path.address === address) return path;
    }
    return undefined;
  }

  add(path: WebRtcPath<Owner>): void {
    const known = this.#byPort.get(path.port);
    if (known) known.push(path);
    else this.#byPort.set(path.port, [path]);
  }

  remove(path: WebRtcPath<Owner>): void {
    const rest = (this.#byPort.get(path.port) ?? []).filter((known) => known !== path);
    if (rest.length > 0) this.#byPort.set(path.port, rest);
    else this.#byPort.delete(path.port);
  }

  get size(): number {
    let total = 0;
    for (const paths of this.#byPort.values()) total += paths.length;
    return total;
  }
}
