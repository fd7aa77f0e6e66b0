import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Clock, Logger, OperatorId, Random } from './base/index.ts';
import type { FloorEvents } from './calls/index.ts';
import type { Config, Internal } from './config/index.ts';
import {
  CallDesk,
  CallIntake,
  Engine,
  MediaProcessClient,
  NumberReader,
  OperationDesk,
  PhoneBook,
  RegistrarService,
  SipService,
  SipSocket,
  SipStreams,
} from './engine/index.ts';
import type { MessageDesk, OutboundCalls, TrunkService } from './engine/index.ts';
import { settleRecordings } from './recordings/index.ts';
import type { Peer } from './sip/index.ts';
import type { Storage } from './storage/index.ts';
import type { TrunkStatus } from './subscribers/index.ts';
import { numberPlan } from './app-number-plan.ts';
import { buildTrunks } from './app-trunks.ts';

export type TelephonyOptions = {
  config: Config;
  internal: Internal;
  bootId: string;
  clock: Clock;
  random: Random;
  log: Logger;
  storage: Storage;
  events: FloorEvents;
  messages: MessageDesk;
  isAttended: (operatorId: OperatorId) => boolean;
  onTrunk: (status: TrunkStatus) => void;
};

export type Telephony = {
  desk: CallDesk;
  operations: OperationDesk;
  engine: Engine;
  media: MediaProcessClient;
  sip: SipService;
  streams: SipStreams;
  trunks: TrunkService;
  outbound: OutboundCalls;
  /** Adopts what is there and begins to take calls. */
  start(): Promise<void>;
  /** With `keepRegistrations` the next process goes on with them. */
  close(options: { keepRegistrations: boolean }): Promise<void>;
};

/** SIP, media and calls, introduced to each other. */
export async function buildTelephony(options: TelephonyOptions): Promise<Telephony> {
  const { internal, clock, random, storage, events } = options;
  const { directory, floor, registrations } = storage;
  const log = options.log.child({ module: 'engine' });
  const media = new MediaProcessClient({
    socketPath: internal.mediaSocket,
    epoch: internal.generation,
    clock,
    log,
  });
  const { socket, streams, sip } = await openSip(options, media, log);
  const phones = new PhoneBook({ clock, store: registrations, lookup: addressOf });
  const { trunks, outbound } = buildTrunks({ ...options, log, sip, onChange: options.onTrunk });
  const engine = buildEngine(options, { media, sip, phones, outbound, log });
  const numbers = new NumberReader(directory, numberPlan);
  const intake = new CallIntake({ clock, random, log, engine, media, numbers, trunks });
  const registrar = new RegistrarService({
    clock,
    random,
    log,
    store: registrations,
    phones,
    onChange: () => engine.wakeWaiting(null),
    onContact: (contactUri, source) => sip.agent.followContact(contactUri, source),
  });
  return {
    desk: new CallDesk({ clock, random, engine, media, floor, events, numbers }),
    operations: new OperationDesk({ clock, random, engine, media, floor, directory }),
    engine,
    media,
    sip,
    streams,
    trunks,
    outbound,
    start: async () => {
      await media.connect();
      const isKnown = (address: string): boolean =>
        trunks.isPeer(address) || phones.isPhoneAt(address);
      sip.listen({
        onInvite: (invite) => intake.onInvite(invite),
        onRegister: (request) => registrar.onRegister(request),
        isKnownPeer: ({ address }) => isKnown(address),
        digestFor: (dialog) => trunks.digestFor(dialog),
        onConnectionLost: (peer) => trunks.connectionLost(peer),
        onRefer: (refer) => engine.transfers.onRefer(refer),
        onDigit: (actor, legId, digit) => void engine.pressed(actor, legId, digit),
        onHold: (actor, legId, how) => void engine.farSides.onHold(actor, legId, how),
      });
      // Known before the calls of the former process are taken up: some are still to be rung over one.
      await trunks.sync();
      await engine.start();
      const receive = (message: string, source: Peer): void => sip.receive(message, source);
      socket.listen(receive);
      streams.listen(receive, (peer) => sip.connectionLost(peer), isKnown);
      trunks.start();
    },
    close: async ({ keepRegistrations }) => {
      if (keepRegistrations) trunks.release();
      else await trunks.stop();
      engine.stop();
      sip.close();
      await Promise.all([socket.close(), streams.close(), media.close()]);
    },
  };
}

async function openSip(
  { config, internal, clock, random }: TelephonyOptions,
  media: MediaProcessClient,
  log: Logger,
): Promise<{ socket: SipSocket; streams: SipStreams; sip: SipService }> {
  const socket = await SipSocket.open({
    fd: internal.sipUdpFd ?? null,
    port: config.sip.port,
    bind: config.sip.bind,
    log,
  });
  const { port } = socket;
  const { bind } = config.sip;
  const streams = await SipStreams.open({ fd: internal.sipTcpFd ?? null, port, bind, log, clock });
  const own = { address: sipHost(config), port };
  const sip = new SipService({
    clock,
    random,
    log,
    media,
    transports: [socket, streams],
    localContacts: { UDP: own, TCP: own },
    userAgentName: 'Denwaban',
  });
  return { socket, streams, sip };
}

function buildEngine(
  options: TelephonyOptions,
  parts: {
    media: MediaProcessClient;
    sip: SipService;
    phones: PhoneBook;
    outbound: OutboundCalls;
    log: Logger;
  },
): Engine {
  const { config, bootId, clock, random, storage, events, messages, isAttended } = options;
  const { directory, calls, floor, recordings } = storage;
  const recordingsDir = join(config.data.dir, 'recordings');
  return new Engine({
    ...parts,
    clock,
    random,
    bootId,
    directory,
    calls,
    floor,
    messages,
    recordings,
    recordingsDir,
    settleRecordings: (inHand) =>
      settleRecordings({ folder: recordingsDir, store: recordings, log: parts.log, inHand }),
    events,
    isAttended,
    numbers: numberPlan,
  });
}

/** What we call ourselves in Via and Contact. */
function sipHost({ sip }: Config): string {
  if (sip.host !== undefined) return sip.host;
  if (sip.bind !== '0.0.0.0') return sip.bind;
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return outside?.address ?? '127.0.0.1';
}

async function addressOf(host: string): Promise<string | null> {
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch {
    return null;
  }
}
