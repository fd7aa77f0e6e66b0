import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { AppError, toError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';

/** Bursts of all browsers at once while a beat is at work. */
const RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024;

export type LocalAddress = { address: string; family: 'IPv4' | 'IPv6'; internal: boolean };

export function localAddresses(): LocalAddress[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
}

/**
 * One address per socket: a wildcard becomes every address of the machine, IPv4 first, so that an
 * answer leaves from the address that was asked. Loopback stays out unless named or alone;
 * link-local IPv6 stays out because a candidate cannot carry its zone.
 */
export function expandBindAddresses(asked: readonly string[], local: LocalAddress[]): string[] {
  const expanded: string[] = [];
  for (const address of asked) {
    if (address === '0.0.0.0') expanded.push(...wildcard(local, ['IPv4']));
    else if (address === '::') expanded.push(...wildcard(local, ['IPv4', 'IPv6']));
    else expanded.push(address);
  }
  return [...new Set(expanded)];
}

function wildcard(local: LocalAddress[], families: LocalAddress['family'][]): string[] {
  const usable = local.filter(({ address }) => !/^fe[89ab]/i.test(address));
  const pick = (internal: boolean): string[] =>
    families.flatMap((family) =>
      usable
        .filter((entry) => entry.family === family && entry.internal === internal)
        .map(({ address }) => address),
    );
  const outside = pick(false);
  return outside.length > 0 ? outside : pick(true);
}

/** Receives for one local address; `send` never throws, what cannot be sent is counted. */
export type BoundSocket = {
  readonly address: string;
  readonly port: number;
  send(bytes: Uint8Array, port: number, address: string): void;
  close(): Promise<void>;
};

export type SocketEvents = {
  onDatagram(bytes: Buffer, from: RemoteInfo, socket: BoundSocket): void;
  onSendFailed(): void;
  log: Logger;
};

/** Binds every address to the same port; port 0 takes a free one (tests). */
export async function bindSockets(
  addresses: readonly string[],
  port: number,
  events: SocketEvents,
): Promise<BoundSocket[]> {
  const bound: BoundSocket[] = [];
  let failure: AppError | undefined;
  for (const address of addresses) {
    try {
      bound.push(await bindSocket(address, bound[0]?.port ?? port, events));
    } catch (thrown) {
      failure = bindFailure(toError(thrown), address, port);
      if (failure.code === 'webrtc.port-taken') break;
      events.log.warn({ address, err: failure }, 'address left out for browser audio');
    }
  }
  if (bound.length > 0 && failure?.code !== 'webrtc.port-taken') return bound;
  await Promise.all(bound.map((socket) => socket.close()));
  throw failure ?? new AppError('webrtc.no-address', 'no address to bind for browser audio');
}

function bindFailure(cause: Error, address: string, port: number): AppError {
  const taken = 'code' in cause && (cause.code === 'EADDRINUSE' || cause.code === 'EACCES');
  return taken
    ? new AppError(
        'webrtc.port-taken',
        `UDP port ${port} on ${address} is taken or not allowed: free it or set DENWABAN_WEBRTC_PORT`,
        { cause },
      )
    : new AppError('webrtc.no-address', `cannot bind ${address}: ${cause.message}`, { cause });
}

async function bindSocket(
  address: string,
  port: number,
  events: SocketEvents,
): Promise<BoundSocket> {
  const socket = createSocket({
    type: isIPv6(address) ? 'udp6' : 'udp4',
    ipv6Only: isIPv6(address),
    // Addresses are literals: without this, dgram asks the resolver for every packet sent.
    lookup: (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
  return wrap(socket, address, events);
}

function wrap(socket: Socket, address: string, events: SocketEvents): BoundSocket {
  let open = true;
  const bound: BoundSocket = {
    address,
    port: socket.address().port,
    send: (bytes, port, to) => {
      if (open) socket.send(bytes, 0, bytes.length, port, to);
    },
    close: () =>
      new Promise((resolve) => {
        if (!open) {
          resolve();
          return;
        }
        open = false;
        socket.close(() => resolve());
      }),
  };
  socket.on('error', () => events.onSendFailed());
  socket.on('message', (bytes, from) => events.onDatagram(bytes, from, bound));
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch (thrown) {
    events.log.debug({ err: toError(thrown) }, 'receive buffer stays at its default');
  }
  return bound;
}
