import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asId, silentLogger } from '../../src/base/index.ts';
import type { CallId, LegId, Logger, PlaybackId } from '../../src/base/index.ts';
import { systemClock, systemRandom } from '../../src/base/system.ts';
import type { FarEnd, FloorEvent } from '../../src/calls/index.ts';
import {
  CallDesk,
  CallIntake,
  Engine,
  NumberReader,
  OperationDesk,
  PhoneBook,
  RegistrarService,
  SipService,
  SipSocket,
  SipStreams,
} from '../../src/engine/index.ts';
import type {
  IncomingRefer,
  OutboundCalls,
  OutboundPlan,
  OutboundRoute,
  OutboundWish,
  TrunkService,
} from '../../src/engine/index.ts';
import { FakeMediaPlane } from '../../src/media/index.ts';
import { SipUserAgent } from '../../src/sip/index.ts';
import type {
  DialogState,
  IncomingInvite,
  IncomingRequest,
  OutgoingInvite,
  Peer,
} from '../../src/sip/index.ts';
import { settleRecordings } from '../../src/recordings/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { EventBus } from '../../src/app-event-bus.ts';
import { createMessageDesk } from '../../src/app-message-desk.ts';
import { numberPlan } from '../../src/app-number-plan.ts';
import { buildTrunks } from '../../src/app-trunks.ts';
import { testDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';

const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0',
  '',
].join('\r\n');

/** UDP and TCP on one number; one the system chose for UDP may be taken in TCP. */
async function openSip(port: number, log: Logger): Promise<[SipSocket, SipStreams]> {
  const options = { fd: null, bind: '127.0.0.1', log };
  for (let attempt = 1; ; attempt++) {
    const socket = await SipSocket.open({ ...options, port });
    try {
      const streams = { ...options, port: socket.port, clock: systemClock };
      return [socket, await SipStreams.open(streams)];
    } catch (thrown) {
      await socket.close();
      if (port !== 0 || attempt === 10) throw thrown;
    }
  }
}

/** A telephone on loopback that speaks SIP and has no sound. */
export class TestPhone {
  readonly agent: SipUserAgent;
  readonly socket: SipSocket;
  readonly streams: SipStreams;
  readonly invites: IncomingInvite[] = [];
  readonly requests: IncomingRequest[] = [];
  #pickedUp: DialogState | null = null;
  /** Every message from the wire. */
  readonly heard: string[] = [];

  private constructor(socket: SipSocket, streams: SipStreams) {
    this.socket = socket;
    this.streams = streams;
    const own = { address: '127.0.0.1', port: socket.port };
    this.agent = new SipUserAgent({
      clock: systemClock,
      random: systemRandom,
      hash: (algorithm, text) =>
        createHash(algorithm === 'md5' ? 'md5' : 'sha256')
          .update(text, 'latin1')
          .digest('hex'),
      log: silentLogger,
      transports: [socket, streams],
      localContacts: { UDP: own, TCP: own },
      userAgentName: 'test phone',
      listener: {
        onInvite: (invite) => {
          this.invites.push(invite);
          this.onInvite(invite);
        },
        onInDialogRequest: (request) => {
          this.requests.push(request);
          this.onRequest(request);
        },
      },
    });
    const receive = (message: string, source: Peer): void => {
      this.heard.push(message);
      this.agent.receive(message, source);
    };
    socket.listen(receive);
    streams.listen(receive, (peer) => this.agent.transportFailed(peer));
  }

  onInvite: (invite: IncomingInvite) => void = (invite) => void invite.provisional(180);
  onRequest: (request: IncomingRequest) => void = (request) => void request.respond(200);

  /** `port` of an earlier phone makes this one the same phone, started anew. */
  static async open(wanted = 0): Promise<TestPhone> {
    return new TestPhone(...(await openSip(wanted, silentLogger)));
  }

  get uri(): string {
    return `sip:phone@127.0.0.1:${this.socket.port}`;
  }

  /** Calls a number through the platform. `seen` fills as responses come. */
  call(port: number, dialed: string, options: CallOptions = {}): PlacedCall {
    const seen: PlacedCall['seen'] = { statuses: [], dialog: null };
    const invite = this.agent.invite({
      uri: `sip:${dialed}@127.0.0.1:${port}`,
      destination: { protocol: options.transport ?? 'UDP', address: '127.0.0.1', port },
      from: { uri: `sip:${options.from ?? '09001234567'}@127.0.0.1` },
      ...(options.to === undefined ? {} : { to: { uri: options.to } }),
      ...(options.headers === undefined ? {} : { headers: options.headers }),
      sdp: options.sdp ?? OFFER,
      observer: {
        onProvisional: ({ response }) => seen.statuses.push(response.status),
        onAnswered: ({ dialog, sdp }) => {
          seen.statuses.push(200);
          seen.dialog = dialog;
          options.onAnswered?.(sdp);
          if (options.withoutAck !== true) invite.acknowledge();
        },
        onFailed: ({ status }) => seen.statuses.push(status),
      },
    });
    return { invite, seen };
  }

  /** Picks up what rings. */
  pickUp(sdp: string): void {
    const invite = this.invites.at(-1);
    const answer = invite?.prepareAnswer({ sdp });
    if (!invite || !answer) throw new Error('nothing rings');
    invite.sendAnswer(answer);
    this.#pickedUp = answer.dialog;
  }

  /** Ends the call that was picked up. */
  async hangUp(): Promise<void> {
    if (this.#pickedUp) await this.bye(this.agent.dialog(this.#pickedUp) ?? this.#pickedUp);
  }

  bye(dialog: DialogState): Promise<unknown> {
    return this.agent.prepareInDialog(dialog, 'BYE').send();
  }

  async close(): Promise<void> {
    this.agent.close();
    await Promise.all([this.socket.close(), this.streams.close()]);
  }
}

export type CallOptions = {
  headers?: readonly (readonly [string, string])[];
  transport?: 'UDP' | 'TCP';
  from?: string;
  to?: string;
  sdp?: string;
  withoutAck?: boolean;
  onAnswered?: (sdp: string) => void;
};
export type PlacedCall = {
  invite: OutgoingInvite;
  seen: { statuses: number[]; dialog: DialogState | null };
};

/** What a test decides in the engine's place. */
type Hooks = {
  onRefer?: (refer: IncomingRefer) => void;
  onHold?: (legId: LegId, how: FarEnd['held']) => void;
};

/**
 * Calls out, to test phones by their numbers; several ways to one have a space between. Who is in no
 * list is not to be rung.
 */
export class TestOutbound implements OutboundCalls {
  readonly phones: Map<string, string>;
  readonly begun = new Set<LegId>();
  /** As 184 or 186 asked, call by call. */
  readonly presentations: OutboundWish['presentation'][] = [];

  constructor(phones = new Map<string, string>()) {
    this.phones = phones;
  }

  begin({ legId, number, presentation }: OutboundWish): Promise<OutboundPlan> {
    this.presentations.push(presentation);
    const uri = this.phones.get(number);
    if (uri === undefined) {
      const reason = 'number-not-allowed';
      return Promise.resolve({ ok: false, reason, because: 'special-number' });
    }
    this.begun.add(legId);
    const routes = uri.split(' ').map((way) => this.#route(way, legId));
    return Promise.resolve({ ok: true, routes });
  }

  #route(uri: string, legId: LegId): OutboundRoute {
    const port = Number(uri.split(':').at(-1));
    return {
      uri,
      destination: { protocol: 'UDP', address: '127.0.0.1', port },
      from: { uri: 'sip:+81301234567@127.0.0.1' },
      trunkId: asId('trunk_test'),
      legId,
      mediaNetworks: [],
    };
  }

  note(): void {
    // Nothing is passed over here.
  }

  end(leg: LegId): void {
    this.begun.delete(leg);
  }
}

/** The engine of one app process on a real database and real sockets; the media plane is a fake. */
export class EngineRig {
  readonly storage: Storage;
  readonly media: FakeMediaPlane;
  readonly engine: Engine;
  readonly desk: CallDesk;
  readonly trunks: TrunkService;
  readonly outbound: OutboundCalls;
  readonly operations: OperationDesk;
  /** Operators at whose console a person works. */
  readonly attended: Set<string>;
  readonly sip: SipService;
  readonly events: FloorEvent[] = [];
  readonly hooks: Hooks;
  readonly streams: SipStreams;
  readonly #socket: SipSocket;

  private constructor(parts: {
    storage: Storage;
    media: FakeMediaPlane;
    engine: Engine;
    desk: CallDesk;
    trunks: TrunkService;
    outbound: OutboundCalls;
    operations: OperationDesk;
    attended: Set<string>;
    sip: SipService;
    socket: SipSocket;
    streams: SipStreams;
    bus: EventBus<FloorEvent>;
    hooks: Hooks;
  }) {
    this.storage = parts.storage;
    this.media = parts.media;
    this.engine = parts.engine;
    this.desk = parts.desk;
    this.trunks = parts.trunks;
    this.outbound = parts.outbound;
    this.operations = parts.operations;
    this.attended = parts.attended;
    this.sip = parts.sip;
    this.#socket = parts.socket;
    this.hooks = parts.hooks;
    this.streams = parts.streams;
    parts.bus.subscribe((event) => void this.events.push(event));
  }

  get port(): number {
    return this.#socket.port;
  }

  /** `media` and `port` of an earlier rig make this one its successor. */
  static async start(
    database: Pick<TestDatabase, 'address'>,
    inherited: {
      media?: FakeMediaPlane;
      port?: number;
      log?: Logger;
      outbound?: TestOutbound;
    } = {},
  ): Promise<EngineRig> {
    const log = inherited.log ?? silentLogger;
    const [clock, random] = [systemClock, systemRandom];
    const storage = openStorage({
      address: database.address,
      log,
      clock,
      parseNumber: (text) => numberPlan.toE164(text, 'JP'),
      // The same for a rig and its successor.
      trunkKey: Buffer.alloc(32, 1).toString('base64'),
    });
    await storage.migrate();
    await storage.directory.reload();
    const media = inherited.media ?? new FakeMediaPlane();
    const attended = new Set<string>();
    const port = inherited.port ?? 0;
    const [socket, streams] = await openSip(port, log);
    const own = { address: '127.0.0.1', port: socket.port };
    const bus = new EventBus<FloorEvent>(log);
    const sip = new SipService({
      clock,
      random,
      log,
      media,
      transports: [socket, streams],
      localContacts: { UDP: own, TCP: own },
      userAgentName: 'Denwaban',
    });
    const phones = new PhoneBook({
      clock,
      store: storage.registrations,
      lookup: () => Promise.resolve('127.0.0.1'),
    });
    const { directory, floor, calls, recordings, registrations, messages: store } = storage;
    const recordingsDir = join(tmpdir(), `denwaban-rig-${process.pid}`);
    const { trunks, outbound } = buildTrunks({
      clock,
      random,
      log,
      storage,
      sip,
      onChange: () => undefined,
    });
    const engine = new Engine({
      clock,
      random,
      log,
      bootId: randomBytes(6).toString('hex'),
      media,
      sip,
      phones,
      numbers: numberPlan,
      directory,
      calls,
      floor,
      messages: createMessageDesk({
        clock,
        random,
        store,
        numbers: numberPlan,
        announce: () => undefined,
      }),
      recordings,
      recordingsDir,
      settleRecordings: (inHand) =>
        settleRecordings({ folder: recordingsDir, store: recordings, log: silentLogger, inHand }),
      events: bus,
      isAttended: (operatorId) => attended.has(operatorId),
      outbound: inherited.outbound ?? outbound,
      callSettings: { probeMs: 3_000 },
    });
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
    const hooks: Hooks = {};
    sip.listen({
      onInvite: (invite) => intake.onInvite(invite),
      onRegister: (request) => registrar.onRegister(request),
      isKnownPeer: () => true,
      digestFor: (dialog) => trunks.digestFor(dialog),
      onDigit: (actor, legId, digit) => void engine.pressed(actor, legId, digit),
      onHold: (actor, legId, how) => {
        hooks.onHold?.(legId, how);
        void engine.farSides.onHold(actor, legId, how);
      },
      onRefer: (refer) =>
        (hooks.onRefer ?? ((one: IncomingRefer) => engine.transfers.onRefer(one)))(refer),
    });
    await engine.start();
    socket.listen((message, source) => sip.receive(message, source));
    streams.listen(
      (message, source) => sip.receive(message, source),
      (peer) => sip.connectionLost(peer),
    );
    trunks.start();
    const desk = new CallDesk({ clock, random, engine, media, floor, events: bus, numbers });
    const operations = new OperationDesk({ clock, random, engine, media, floor, directory });
    return new EngineRig({
      ...{ storage, media, engine, desk, operations, attended, trunks, outbound },
      ...{ sip, socket, streams, bus, hooks },
    });
  }

  /** As `kill -9`: nothing is said to anybody. */
  async die(): Promise<void> {
    this.trunks.release();
    this.engine.stop();
    this.sip.close();
    await Promise.all([this.#socket.close(), this.streams.close()]);
    await this.storage.close();
    rmSync(join(tmpdir(), `denwaban-rig-${process.pid}`), { recursive: true, force: true });
  }

  /** What was begun to be played in a call. */
  playing(callId: CallId): { leg: LegId; playback: PlaybackId }[] {
    return this.media.commands.flatMap((command) =>
      command.type === 'play' && command.playback.startsWith(callId) ? [command] : [],
    );
  }

  speaks(listener: LegId, speaker: LegId): boolean {
    return this.media.heardBy(listener)[speaker] === 1;
  }
}

export { testDatabase };
export type { TestDatabase };
