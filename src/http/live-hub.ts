import { asId, toError } from '../base/index.ts';
import type { CallId, Clock, Logger, MessageId, OperatorId, Timer } from '../base/index.ts';
import type { FloorEvent } from '../calls/index.ts';
import type { LiveClientFrame, LiveServerFrame, Topic } from '../contract/index.ts';
import type { MessageEvent } from '../messages/index.ts';
import { decide, rowScope } from '../people/index.ts';
import type { Credentials, Identity, Policy } from '../people/index.ts';
import { CLOSE, LiveConnection } from './live-connection.ts';
import type { LiveSocket } from './live-connection.ts';
import { presentDesk } from './presenters/desk.ts';
import { presentFloor } from './presenters/floor.ts';
import { presentMessages } from './presenters/message.ts';
import { presentTrunk } from './presenters/trunk.ts';
import type { ServerDeps } from './server-deps.ts';
import { SnapshotPusher } from './snapshot-pusher.ts';

export type LiveDeps = Pick<
  ServerDeps,
  | 'bootId'
  | 'calls'
  | 'clock'
  | 'deliveries'
  | 'directory'
  | 'floor'
  | 'log'
  | 'messageEvents'
  | 'messages'
  | 'numbers'
  | 'people'
  | 'recordings'
  | 'trunkEvents'
  | 'trunks'
>;

/** Who hears which topic. A topic without a policy does not compile. */
export const TOPIC_POLICIES: Record<Topic, Policy> = {
  desk: { kind: 'operator' },
  floor: { kind: 'roles', roles: ['administrator', 'supervisor'] },
  messages: { kind: 'own-rows', roles: ['administrator', 'supervisor', 'operator'] },
};

const HEARTBEAT_MS = 20_000;
const FLOOR_GAP_MS = 250;
/** How late another desk may see the count of waiting calls. */
const WAITING_COUNT_MS = 500;

type Pushers = { desk?: SnapshotPusher<LiveServerFrame>; floor?: SnapshotPusher<LiveServerFrame> };

type NoticeCode = Extract<FloorEvent, { type: 'notice' }>['code'];

/** Trouble of the whole house by what ends it: who comes to a desk meanwhile is told too. */
const TROUBLE_ENDED_BY: Partial<Record<NoticeCode, NoticeCode>> = {
  'saved-again': 'not-saved',
  'disk-room': 'disk-full',
  'all-taken': 'turning-away',
};
const LASTING = new Set(Object.values(TROUBLE_ENDED_BY));
/** What supervisors hear of a call, whoever has it. */
const OF_RECORDING = new Set<NoticeCode>(['recording-failed', 'recording-again']);
/** Calls that are not recorded, as far as supervisors who come later are told. */
const MAX_UNRECORDED = 100;

/** All live connections of this process, and what each is told. */
export class LiveHub {
  readonly #deps: LiveDeps;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #connections = new Map<LiveConnection, Pushers>();
  readonly #unsubscribe: (() => void)[];
  readonly #trouble = new Set<NoticeCode>();
  /** Messages whose view is being made, and whether they have changed meanwhile. */
  readonly #announcing = new Map<MessageId, boolean>();
  /** Some may be over by now: the page shows those that are on the floor. */
  readonly #unrecorded = new Set<CallId>();
  #heartbeat: Timer;
  #waitingCount: Timer | null = null;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    this.#clock = deps.clock;
    this.#log = deps.log.child({ module: 'live' });
    this.#unsubscribe = [
      deps.floor.subscribe((event) => this.#onFloor(event)),
      deps.messageEvents.subscribe((event) => void this.#onMessage(event)),
      deps.trunkEvents.subscribe(() => this.#onTrunk()),
      deps.people.onSessionsEnded((who) => {
        for (const connection of this.#connections.keys()) {
          const { identity } = connection;
          const isTheirs =
            (identity.kind === 'user' && identity.userId === who) ||
            (identity.kind === 'token' && identity.token === who);
          if (isTheirs) void this.#recheck(connection);
        }
      }),
    ];
    this.#heartbeat = this.#clock.setTimer(HEARTBEAT_MS, () => this.#beat());
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Is a person at this operator's console now. */
  isAttended(operatorId: OperatorId): boolean {
    return [...this.#connections.keys()].some(
      (connection) => connection.hears('desk') && connection.operatorId === operatorId,
    );
  }

  accept(socket: LiveSocket, who: { identity: Identity; credentials: Credentials }): void {
    const connection = new LiveConnection(socket, who, {
      handle: (from, frame) => this.#onFrame(from, frame),
      onClose: (gone) => this.#forget(gone),
      log: this.#log,
    });
    this.#connections.set(connection, {});
  }

  /** Says good-bye to every page and stops listening. */
  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#heartbeat.cancel();
    this.#waitingCount?.cancel();
    for (const connection of this.#connections.keys()) {
      connection.close(CLOSE.goingAway, 'the server is stopping');
      this.#forget(connection);
    }
  }

  #forget(connection: LiveConnection): void {
    const pushers = this.#connections.get(connection);
    pushers?.desk?.stop();
    pushers?.floor?.stop();
    this.#connections.delete(connection);
  }

  async #onFrame(connection: LiveConnection, frame: LiveClientFrame): Promise<void> {
    switch (frame.type) {
      case 'ping':
        connection.send({ type: 'pong', at: frame.at });
        return;
      case 'hello':
        this.#onHello(connection, frame);
        return;
      case 'draft.put':
        await this.#onDraftPut(connection, frame);
    }
  }

  #onHello(
    connection: LiveConnection,
    { deskId, topics }: Extract<LiveClientFrame, { type: 'hello' }>,
  ): void {
    const facts = { demo: false };
    const refused = topics.some(
      (topic) => !decide(TOPIC_POLICIES[topic], connection.identity, facts).allowed,
    );
    if (refused) {
      connection.close(CLOSE.notAllowed, 'not allowed');
      return;
    }
    connection.deskId = deskId;
    connection.topics = new Set(topics);
    const { bootId } = this.#deps;
    connection.send({ type: 'welcome', bootId, serverTime: this.#clock.now() });
    for (const code of connection.hears('desk') ? this.#trouble : []) {
      connection.send({ type: 'notice', notice: { code, callId: null } });
    }
    for (const callId of connection.hears('floor') ? this.#unrecorded : []) {
      connection.send({ type: 'notice', notice: { code: 'recording-failed', callId } });
    }
    const pushers = this.#connections.get(connection);
    if (pushers === undefined) return;
    pushers.desk?.stop();
    pushers.floor?.stop();
    if (connection.hears('desk')) pushers.desk = this.#deskPusher(connection);
    if (connection.hears('floor')) pushers.floor = this.#floorPusher(connection);
    pushers.desk?.poke();
    pushers.floor?.poke();
  }

  #deskPusher(connection: LiveConnection): SnapshotPusher<LiveServerFrame> {
    return this.#pusher(connection, 0, async () => {
      const operatorId = asId<OperatorId>(connection.operatorId ?? '');
      const desk = await presentDesk(operatorId, this.#deps, this.#clock.now());
      return desk === null ? null : { type: 'desk', desk };
    });
  }

  #floorPusher(connection: LiveConnection): SnapshotPusher<LiveServerFrame> {
    return this.#pusher(connection, FLOOR_GAP_MS, async () => {
      const place = connection.operatorId;
      const floor = await presentFloor(this.#deps, place === null ? null : asId(place));
      return { type: 'floor', floor };
    });
  }

  #pusher(
    connection: LiveConnection,
    minGapMs: number,
    build: () => Promise<LiveServerFrame | null>,
  ): SnapshotPusher<LiveServerFrame> {
    return new SnapshotPusher({
      build,
      keyOf: (frame) =>
        JSON.stringify(frame, (key, value: unknown) => {
          return key === 'serverTime' ? undefined : value;
        }),
      send: (frame) => connection.send(frame),
      onError: (error) =>
        this.#log.warn({ err: error }, 'a screen could not be brought up to date'),
      clock: this.#clock,
      minGapMs,
    });
  }

  async #onDraftPut(
    connection: LiveConnection,
    frame: Extract<LiveClientFrame, { type: 'draft.put' }>,
  ): Promise<void> {
    const { field, value, clientSeq } = frame;
    const callId = asId<CallId>(frame.callId);
    const { deskId, operatorId } = connection;
    if (deskId === null || operatorId === null) {
      connection.close(CLOSE.brokenFrame, 'hello comes first');
      return;
    }
    const put = {
      callId,
      operatorId: asId<OperatorId>(operatorId),
      field,
      value,
      deskId,
      clientSeq,
    };
    const outcome = await this.#deps.messages.putField(put, this.#clock.now());
    if (outcome.ok) {
      const ack = { callId, field, version: outcome.version, clientSeq };
      connection.send({ type: 'draft.ack', ack });
    } else {
      const { reason } = outcome;
      connection.send({ type: 'draft.refused', callId, field, clientSeq, reason });
    }
  }

  #onFloor(event: FloorEvent): void {
    switch (event.type) {
      case 'operator.changed':
      case 'call.changed':
        this.#pokeDesks(event.operatorId);
        this.#pokeFloors();
        if (event.type === 'call.changed') this.#pokeWaitingCounts();
        return;
      case 'audio.reopen':
        void this.#reopenAudio(event.operatorId);
        return;
      case 'desk.taken':
        for (const connection of this.#desksOf(event.operatorId)) {
          if (connection.deskId === event.deskId) continue;
          connection.send({ type: 'desk.taken', deskId: event.deskId });
        }
        return;
      case 'presence.changed':
        for (const { desk } of this.#connections.values()) desk?.poke();
        return;
      case 'notice':
        this.#onNotice(event);
    }
  }

  /** Of the house: to every desk. Of a call: to its operator's, and if there is none to no desk. */
  #onNotice({ code, callId, operatorId }: Extract<FloorEvent, { type: 'notice' }>): void {
    this.#noteTrouble(code);
    const isOfCall = callId !== null && OF_RECORDING.has(code);
    if (isOfCall) this.#noteUnrecorded(callId, code);
    const isNobodys = callId !== null && operatorId === null;
    const told = new Set(isNobodys ? [] : this.#desksOf(operatorId));
    for (const one of isOfCall ? this.#connections.keys() : []) {
      if (one.hears('floor')) told.add(one);
    }
    for (const one of told) one.send({ type: 'notice', notice: { code, callId } });
  }

  #noteUnrecorded(callId: CallId, code: NoticeCode): void {
    this.#unrecorded.delete(callId);
    if (code !== 'recording-failed') return;
    this.#unrecorded.add(callId);
    const [oldest] = this.#unrecorded;
    if (this.#unrecorded.size > MAX_UNRECORDED && oldest) this.#unrecorded.delete(oldest);
  }

  #noteTrouble(code: NoticeCode): void {
    const ended = TROUBLE_ENDED_BY[code];
    if (ended !== undefined) this.#trouble.delete(ended);
    else if (LASTING.has(code)) this.#trouble.add(code);
  }

  /** Connections at a desk: of one operator, or of all (null). */
  #desksOf(operatorId: OperatorId | null): LiveConnection[] {
    return [...this.#connections.keys()].filter(
      (one) => one.hears('desk') && (operatorId === null || one.operatorId === operatorId),
    );
  }

  #pokeDesks(operatorId: OperatorId | null): void {
    if (operatorId === null) return;
    for (const one of this.#desksOf(operatorId)) this.#connections.get(one)?.desk?.poke();
  }

  #pokeFloors(): void {
    for (const { floor } of this.#connections.values()) floor?.poke();
  }

  #onTrunk(): void {
    const trunks = this.#deps.trunks().map(presentTrunk);
    for (const connection of this.#connections.keys()) {
      if (connection.hears('floor')) connection.send({ type: 'trunks', trunks });
    }
  }

  /** The number of waiting calls stands on every desk, but need not be there in 50 ms. */
  #pokeWaitingCounts(): void {
    this.#waitingCount ??= this.#clock.setTimer(WAITING_COUNT_MS, () => {
      this.#waitingCount = null;
      for (const { desk } of this.#connections.values()) desk?.poke();
    });
  }

  /** Only the desk that holds the audio is asked; when none does, each of the operator's. */
  async #reopenAudio(operatorId: OperatorId): Promise<void> {
    const operator = await this.#deps.calls.operator(operatorId).catch(() => null);
    const holder = operator?.deskId ?? null;
    for (const connection of this.#desksOf(operatorId)) {
      if (holder === null || connection.deskId === holder) {
        connection.send({ type: 'audio.reopen' });
      }
    }
  }

  /** One view of a message at a time: a later state is never followed by an earlier one. */
  async #onMessage({ messageId }: MessageEvent): Promise<void> {
    this.#pokeFloors();
    if (this.#announcing.has(messageId)) {
      this.#announcing.set(messageId, true);
      return;
    }
    do {
      this.#announcing.set(messageId, false);
      await this.#announceMessage(messageId);
    } while (this.#announcing.get(messageId));
    this.#announcing.delete(messageId);
  }

  async #announceMessage(messageId: MessageId): Promise<void> {
    const hearers = [...this.#connections.keys()].filter((one) => one.hears('messages'));
    if (hearers.length === 0) return;
    try {
      const message = await this.#deps.messages.message(messageId);
      if (message === null) return;
      const [view] = await presentMessages([message], this.#deps);
      if (view === undefined) return;
      for (const connection of hearers) {
        // Asked again now: the connection may have been closed, or its identity changed.
        if (!connection.hears('messages')) continue;
        const scope = rowScope(connection.identity);
        if (scope !== null && scope !== message.subscriberId) continue;
        connection.send({ type: 'message', message: view });
      }
    } catch (thrown) {
      this.#log.warn({ err: toError(thrown), messageId }, 'a message could not be announced');
    }
  }

  #beat(): void {
    for (const connection of this.#connections.keys()) {
      if (!connection.beat()) {
        connection.terminate();
        continue;
      }
      void this.#recheck(connection);
    }
    this.#heartbeat = this.#clock.setTimer(HEARTBEAT_MS, () => this.#beat());
  }

  /** A session may end elsewhere, or by itself; an account may change its role. */
  async #recheck(connection: LiveConnection): Promise<void> {
    try {
      const identity = await this.#deps.people.identify(connection.credentials);
      const before = connection.identity;
      const same =
        identity.kind !== 'nobody' &&
        before.kind !== 'nobody' &&
        identity.role === before.role &&
        identity.subscriberId === before.subscriberId &&
        identity.operatorId === before.operatorId;
      if (!same) connection.close(CLOSE.sessionEnded, 'the session has ended');
    } catch (thrown) {
      this.#log.warn({ err: toError(thrown) }, 'a session could not be checked');
    }
  }
}
