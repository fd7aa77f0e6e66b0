import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { AppError } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { portHolder } from './port-holder.ts';
import type { SystemCalls } from './system-calls.ts';

/** The addresses the installation answers on, chosen once for the keeper's life. */
export type Listeners = {
  ports: { http: number; sip: number; webrtc: number };
  /** In the order of the app's descriptors 3, 4, 5; empty where the app binds by itself. */
  fds: [] | [sipUdp: number, sipTcp: number, http: number];
  close(): void;
};

type Kind = 'udp' | 'tcp';
type Refusal = 'in-use' | 'denied' | 'other';
type Place = { kind: Kind; bind: string; port: number; variable: string };

const FREE_PORT_ATTEMPTS = 20;

/**
 * Opens SIP (UDP and TCP) and HTTP; every refusal is a sentence that names the variable. The
 * WebRTC port is the media process's own: only chosen and tried here, unless `webrtcInUse` says
 * that an adopted media process has it already.
 */
export async function openListeners(
  config: Config,
  calls: SystemCalls | undefined,
  webrtcInUse?: number,
): Promise<Listeners> {
  const { webrtcPort, bind } = config.media;
  const place = { kind: 'udp', bind, variable: 'DENWABAN_WEBRTC_PORT' } as const;
  let webrtc = webrtcInUse ?? (await portFor(webrtcPort, place));
  for (let attempt = 1; isForRtp(config, webrtc) && attempt < FREE_PORT_ATTEMPTS; attempt++) {
    webrtc = await portFor(webrtcPort, place);
  }
  return calls ? openHere(config, calls, webrtc) : leaveToApp(config, webrtc);
}

function openHere(config: Config, calls: SystemCalls, webrtc: number): Listeners {
  const open: number[] = [];
  const close = (): void => open.splice(0).forEach((fd) => calls.close(fd));
  const listen = (place: Place): { fd: number; port: number } => {
    const result = calls.listen(place.kind, place.bind, place.port);
    if (!result.ok) throw refusal(place, result.code);
    open.push(result.fd);
    return result;
  };
  const http = (): { fd: number; port: number } =>
    listen({ kind: 'tcp', ...config.http, variable: 'DENWABAN_HTTP_PORT' });
  const sip = (kind: Kind, port: number): { fd: number; port: number } =>
    listen({ kind, bind: config.sip.bind, port, variable: 'DENWABAN_SIP_PORT' });
  try {
    const [udp, tcp] = sipPair(config, sip, () => calls.close(open.pop() ?? -1));
    const web = http();
    return {
      ports: { http: web.port, sip: udp.port, webrtc },
      fds: [udp.fd, tcp.fd, web.fd],
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

type Socket = { fd: number; port: number };

/** UDP and TCP on one number; a number the system chose for UDP may be of no use in TCP. */
function sipPair(
  config: Config,
  sip: (kind: Kind, port: number) => Socket,
  giveUp: () => void,
): [Socket, Socket] {
  const { port } = config.sip;
  for (let attempt = 1; ; attempt++) {
    const udp = sip('udp', port);
    const mayTryAgain = port === 0 && attempt < FREE_PORT_ATTEMPTS;
    try {
      if (!mayTryAgain || !isForRtp(config, udp.port)) return [udp, sip('tcp', udp.port)];
    } catch (error) {
      if (!mayTryAgain) throw error;
    }
    giveUp();
  }
}

/** A port the system chose may lie where the sound of telephones will be. */
function isForRtp({ media }: Config, port: number): boolean {
  const [first, last] = media.rtpPorts;
  return port >= first && port <= last;
}

async function leaveToApp(config: Config, webrtc: number): Promise<Listeners> {
  const http = await portFor(config.http.port, {
    kind: 'tcp',
    bind: config.http.bind,
    variable: 'DENWABAN_HTTP_PORT',
  });
  const sip = await portFor(config.sip.port, {
    kind: 'udp',
    bind: config.sip.bind,
    variable: 'DENWABAN_SIP_PORT',
  });
  return { ports: { http, sip, webrtc }, fds: [], close: () => undefined };
}

/** The port itself when it is free to bind, or a free one for 0. */
async function portFor(port: number, place: Omit<Place, 'port'>): Promise<number> {
  try {
    return await (place.kind === 'udp' ? probeUdp(place.bind, port) : probeTcp(place.bind, port));
  } catch (error) {
    throw refusal({ ...place, port }, codeOf(error as NodeJS.ErrnoException));
  }
}

function codeOf({ code }: NodeJS.ErrnoException): Refusal {
  if (code === 'EADDRINUSE') return 'in-use';
  return code === 'EACCES' ? 'denied' : 'other';
}

function probeUdp(bind: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4').once('error', reject);
    socket.bind({ address: bind, port, exclusive: true }, () => {
      const chosen = socket.address().port;
      socket.close(() => resolve(chosen));
    });
  });
}

function probeTcp(bind: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen({ host: bind, port }, () => {
      const address = server.address();
      const chosen = address !== null && typeof address === 'object' ? address.port : port;
      server.close(() => resolve(chosen));
    });
  });
}

function refusal(place: Place, code: Refusal): AppError {
  const { kind, bind, port, variable } = place;
  const name = `${kind.toUpperCase()} port ${port}`;
  if (code === 'denied') {
    return new AppError(
      'keeper.port-denied',
      `${name} (${variable}) may not be opened by this user: choose one above 1023, or start as root.`,
    );
  }
  if (code === 'other') {
    return new AppError(
      'keeper.port-unusable',
      `${name} cannot be opened on ${bind}: DENWABAN_BIND must be an address of this machine.`,
    );
  }
  const holder = portHolder(kind, port) ?? 'another program';
  return new AppError(
    'keeper.port-taken',
    `${name} is in use by ${holder}: end that program, or choose another port in ${variable}.`,
  );
}
