import { newId, toError } from '../base/index.ts';
import type {
  CallId,
  Clock,
  LegId,
  Logger,
  OperatorId,
  Random,
  RecordingId,
} from '../base/index.ts';
import { arrive, callBack, DEFAULT_CALL_SETTINGS, keysGoTo } from '../calls/index.ts';
import type {
  CallOperator,
  CallSettings,
  CallState,
  FloorEvents,
  NewCall,
  Operator,
  RelayTarget,
  Step,
  StepContext,
} from '../calls/index.ts';
import type { MediaEvent, MediaPlane } from '../media/index.ts';
import type { Directory, NumberPlan } from '../subscribers/index.ts';
import { adoptCalls } from './adoption.ts';
import { CallActor } from './call-actor.ts';
import { peopleIn } from './call-people.ts';
import { CallRegistry } from './call-registry.ts';
import { CallSound } from './call-sound.ts';
import { CallerSide } from './caller-side.ts';
import { DeskAudio } from './desk-audio.ts';
import { Effects } from './effects.ts';
import { FarSides } from './far-sides.ts';
import { TransferRequests } from './transfer-requests.ts';
import { readPlaybackId } from './playback-id.ts';
import { ContactSide } from './contact-side.ts';
import { OperatorSide } from './operator-side.ts';
import { OutgoingLegs } from './outgoing-legs.ts';
import type {
  CallStore,
  FloorStore,
  MessageDesk,
  OutboundCalls,
  RecordingIndex,
  SettleRecordings,
  StoredCall,
  StoredLeg,
} from './ports.ts';
import type { PhoneBook } from './phone-book.ts';
import { RecordingEnds, isAboutRecording } from './recording-ends.ts';
import type { RecordingEvent } from './recording-ends.ts';
import { RecordingNotices } from './recording-notices.ts';
import type { SipService } from './sip-service.ts';
import { StoreNotices } from './store-notices.ts';
import { Sweep } from './sweep.ts';
import { TurnedAway } from './turned-away.ts';
import { WaitingLine } from './waiting-line.ts';

export type EngineDeps = {
  clock: Clock;
  random: Random;
  log: Logger;
  /** Names this app process; calls of any other owner are adopted. */
  bootId: string;
  media: MediaPlane;
  sip: SipService;
  directory: Directory;
  calls: CallStore;
  floor: FloorStore;
  phones: PhoneBook;
  numbers: NumberPlan;
  outbound: OutboundCalls;
  messages: MessageDesk;
  recordings: RecordingIndex;
  settleRecordings: SettleRecordings;
  recordingsDir: string;
  events: FloorEvents;
  isAttended: (operatorId: OperatorId) => boolean;
  /** In place of the usual ones. */
  callSettings?: Partial<CallSettings>;
};

/** More calls than this at once are answered 503: the machine would serve nobody well. */
const MAX_CALLS = 2_000;
/**
 * So many may wait for their call to be stored and to ring, a second's worth at the highest rate measured. Behind
 * them nobody would be served in time: whoever is not answered says everything again (RFC 3261 §17, after half a
 * second), and with a queue that grows that is work that grows (RFC 6357 §3).
 */
const MAX_ARRIVING = 100;

/**
 * The B2BUA: binds calls to SIP, media and the floor. It owns every call of this process; people
 * reach it through `CallDesk`, telephones through `SipService`.
 */
export class Engine {
  readonly registry = new CallRegistry();
  readonly deskAudio: DeskAudio;
  readonly operatorSide: OperatorSide;
  readonly #contactSide: ContactSide;
  readonly #deps: EngineDeps;
  readonly callerSide: CallerSide;
  readonly farSides: FarSides;
  readonly transfers: TransferRequests;
  readonly #effects: Effects;
  readonly #sound: CallSound;
  readonly #recordingEnds: RecordingEnds;
  readonly #recordingNotices: RecordingNotices;
  readonly #storeNotices: StoreNotices;
  readonly #sweep: Sweep;
  readonly turnedAway: TurnedAway;
  readonly #line = new WaitingLine(this.registry);
  readonly #openingLegs = new Set<LegId>();
  #unsubscribe: () => void = () => undefined;
  #draining = false;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    const { clock, random, log, media, floor, events, sip, phones, directory } = deps;
    this.deskAudio = new DeskAudio({
      clock,
      log,
      media,
      floor,
      events,
      newLegId: () => this.newLegId(),
      onUp: (operator, legId) => this.#audioUp(operator, legId),
      onLost: (operatorId) => this.#audioLost(operatorId),
      onBack: (operatorId, legId) => this.#audioBack(operatorId, legId),
    });
    this.callerSide = new CallerSide({ media, sip, log });
    const legs = new OutgoingLegs({ media, sip, clock, log });
    this.operatorSide = new OperatorSide({
      ...{ clock, random, sip, legs, phones, directory },
      outbound: deps.outbound,
    });
    this.#contactSide = new ContactSide({ outbound: deps.outbound, legs, plan: deps.numbers });
    this.farSides = new FarSides({
      registry: this.registry,
      sip,
      isDesk: (leg) => this.deskAudio.owns(leg),
    });
    this.transfers = new TransferRequests({
      plan: deps.numbers,
      newLegId: () => this.newLegId(),
    });
    const { recordings, recordingsDir } = deps;
    const { registry } = this;
    this.#recordingNotices = new RecordingNotices(events);
    this.#recordingEnds = new RecordingEnds({ clock, log, recordings, registry });
    this.#sound = new CallSound({ clock, media, recordings, recordingsDir });
    this.#effects = new Effects({
      clock,
      floor,
      events,
      messages: deps.messages,
      sound: this.#sound,
      callerSide: this.callerSide,
      operatorSide: this.operatorSide,
      contactSide: this.#contactSide,
      farSides: this.farSides,
      transfers: this.transfers,
      line: this.#line,
      isAttended: deps.isAttended,
      onEnded: (actor) => this.#ended(actor),
    });
    this.#storeNotices = new StoreNotices(events);
    this.turnedAway = new TurnedAway({ clock, log, events });
    this.#sweep = new Sweep({
      ...{ clock, log, media, floor, events, registry },
      settleRecordings: deps.settleRecordings,
      notices: this.#storeNotices,
      isKept: (leg) => this.deskAudio.owns(leg) || this.#openingLegs.has(leg),
      isDraining: () => this.#draining,
      line: this.#line,
      registeredUsers: () => this.operatorSide.registeredUsers(),
    });
  }

  get acceptsCalls(): boolean {
    return !this.#draining && !this.isCrowded;
  }

  /** More come than the machine can serve; one that is about to stop turns away for another reason. */
  get isCrowded(): boolean {
    if (this.#draining) return false;
    return this.registry.size >= MAX_CALLS || this.#openingLegs.size >= MAX_ARRIVING;
  }

  get events(): FloorEvents {
    return this.#deps.events;
  }

  newLegId(): LegId {
    return newId<LegId>('leg', this.#deps.clock.now(), this.#deps.random);
  }

  /** Takes up what an earlier process left, then takes calls. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#deps.media.onEvent((event) => {
      this.#onMediaEvent(event).catch((thrown: unknown) => {
        this.#deps.log.error({ err: toError(thrown), event: event.type }, 'media event');
      });
    });
    await this.#deps.phones.load();
    this.#recordingEnds.keep();
    await this.#adopt();
    this.#recordingEnds.tell();
    this.wakeWaiting(null);
    this.#sweep.start();
  }

  /** No new calls; running ones may end within `patienceMs`, then they are ended. */
  async drain(patienceMs: number): Promise<void> {
    this.#draining = true;
    this.events.publish({ type: 'notice', operatorId: null, callId: null, code: 'shutting-down' });
    const until = this.#deps.clock.monotonic() + patienceMs;
    while (this.registry.speaking().length > 0 && this.#deps.clock.monotonic() < until) {
      await new Promise<void>((resolve) => this.#deps.clock.setTimer(100, resolve));
    }
    await Promise.all(this.registry.all().map((actor) => actor.post({ type: 'shutdown' })));
  }

  /** Lets go of everything without ending a call: the next process adopts what is stored. */
  stop(): void {
    this.#draining = true;
    this.#recordingEnds.stop();
    this.#sweep.stop();
    this.turnedAway.stop();
    this.#unsubscribe();
    this.deskAudio.stop();
    for (const actor of this.registry.all()) {
      if (!actor.hasRow && actor.leg('caller')) this.callerSide.turnAway(actor);
      actor.leave();
    }
  }

  /**
   * A new call; `legs` carries the caller's leg, its media leg already open. `before` runs when the
   * call is there but nothing has happened yet.
   */
  async admit(
    newCall: NewCall,
    legs: StoredLeg[],
    before: (actor: CallActor) => void = () => undefined,
  ): Promise<void> {
    await this.#begin(arrive(newCall, this.#stepContext(newCall)), legs, before);
  }

  /** Click-to-call-back: a call that begins on our side. */
  async placeCallBack(
    newCall: NewCall,
    first: { contact: RelayTarget } | { operator: CallOperator },
  ): Promise<void> {
    await this.#begin(callBack(newCall, first, this.#stepContext(newCall)), []);
  }

  async #begin(
    first: Step,
    legs: StoredLeg[],
    before: (actor: CallActor) => void = () => undefined,
  ): Promise<void> {
    const actor = this.#actorOf({
      state: first.state,
      legs,
      pendingEffects: first.effects,
      owner: this.#deps.bootId,
    });
    this.registry.add(actor);
    before(actor);
    this.#line.looks(actor);
    try {
      await actor.begin(first);
    } finally {
      this.#line.looked(actor);
    }
  }

  /** Of a new call: with what its subscriber's rules say. */
  #stepContext({ called }: NewCall): StepContext {
    const settings = this.#settings();
    const { subscriberId } = called;
    const subscriber = subscriberId === null ? null : this.#deps.directory.subscriber(subscriberId);
    return {
      now: this.#deps.clock.now(),
      settings: { ...settings, rules: subscriber?.relay ?? settings.rules },
      newRecordingId: this.#newRecordingId(),
    };
  }

  /** A new leg whose call is not there yet: the sweep leaves it alone until `work` is over, well or not. */
  async opening<T>(work: (leg: LegId) => Promise<T>): Promise<T> {
    const leg = this.newLegId();
    this.#openingLegs.add(leg);
    try {
      return await work(leg);
    } finally {
      this.#openingLegs.delete(leg);
    }
  }

  /** An operator has become free; null: some may have, nobody knows who. */
  wakeWaiting(operatorId: OperatorId | null): void {
    this.#line.somebodyIsFree(operatorId);
  }

  #actorOf(stored: StoredCall): CallActor {
    const { clock, log, calls } = this.#deps;
    return new CallActor(stored, {
      clock,
      log,
      store: calls,
      settings: () => this.#settings(),
      newRecordingId: () => this.#newRecordingId(),
      runEffect: (actor, effect) => this.#effects.run(actor, effect),
      onTransition: (actor, before) => this.#announce(actor, before),
      onLeg: (actor, leg) => this.registry.addLeg(leg, actor),
      onLost: (actor) => this.#letGo(actor),
      onStore: (actor, is) => this.#storeNotices.note(actor, is),
    });
  }

  #settings(): CallSettings {
    const center = this.#deps.directory.settings();
    return {
      ...DEFAULT_CALL_SETTINGS,
      ringNoAnswerMs: center.ringNoAnswerSeconds * 1000,
      maxWaitMs: center.maxWaitSeconds * 1000,
      wrapUpMs: center.wrapUpSeconds * 1000,
      ...this.#deps.callSettings,
    };
  }

  #newRecordingId(): RecordingId {
    return newId<RecordingId>('rec', this.#deps.clock.now(), this.#deps.random);
  }

  #announce(actor: CallActor, before: CallState): void {
    const { id } = actor.state;
    const people = new Set([...peopleIn(before), ...peopleIn(actor.state)]);
    const concerned = people.size > 0 ? people : new Set([null]);
    for (const operatorId of concerned) {
      this.events.publish({ type: 'call.changed', callId: id, operatorId });
    }
    this.#sayFault(actor, before);
    this.#sayStillParked(actor, before);
    this.#recordingNotices.onTransition(before, actor.state);
    this.transfers.onTransition(actor);
  }

  #sayFault(actor: CallActor, before: CallState): void {
    const { termination, operator, id } = actor.state;
    if (termination === null || before.termination !== null || operator === null) return;
    if (['caller', 'operator', 'contact'].includes(termination.class)) return;
    // Like a hang-up: the call's own words say it.
    if (termination.reason === 'line-lost') return;
    const operatorId = operator.operatorId;
    this.events.publish({ type: 'notice', operatorId, callId: id, code: 'call-ended-by-fault' });
  }

  /** The telephone of who picked the parked call up was engaged, or not answered. */
  #sayStillParked({ state }: CallActor, { offer, parked }: CallState): void {
    if (offer === null || parked === null || state.phase !== 'parked') return;
    const { operatorId } = offer;
    this.events.publish({ type: 'notice', operatorId, callId: state.id, code: 'still-parked' });
  }

  #ended(actor: CallActor): void {
    actor.close();
    this.#letGo(actor);
    for (const leg of actor.legs) {
      if (leg.kind === 'sip' || leg.role === 'caller') void this.#deps.media.closeLeg(leg.id);
    }
  }

  #letGo(actor: CallActor): void {
    this.#storeNotices.note(actor, 'back');
    this.registry.remove(actor);
    this.#sound.forget(actor.state.id);
    this.transfers.forget(actor.state.id);
  }

  async #audioUp(operator: Operator, legId: LegId): Promise<void> {
    const actor = operator.callId === null ? undefined : this.registry.get(operator.callId);
    await actor?.post({ type: 'operator.audio-back', operatorId: operator.id, legId });
    if (operator.state === 'available') this.wakeWaiting(operator.id);
  }

  async #audioLost(operatorId: OperatorId): Promise<void> {
    const hers = this.#callsOf(operatorId);
    await Promise.all(hers.map((actor) => actor.post({ type: 'operator.audio-lost', operatorId })));
  }

  async #audioBack(operatorId: OperatorId, legId: LegId): Promise<void> {
    const event = { type: 'operator.audio-back', operatorId, legId } as const;
    await Promise.all(this.#callsOf(operatorId).map((actor) => actor.post(event)));
    this.wakeWaiting(operatorId);
  }

  #callsOf(operatorId: OperatorId): CallActor[] {
    return this.registry.all().filter(({ state }) => peopleIn(state).includes(operatorId));
  }

  async #onMediaEvent(event: MediaEvent): Promise<void> {
    if (isAboutRecording(event)) {
      await this.#recordingEnds.onMediaEvent(event);
      return;
    }
    if (event.type === 'plane.down') {
      this.#deps.log.error({}, 'media process is gone: calls end, desks reconnect');
      const lost = this.registry
        .speaking()
        .map((actor) => actor.post({ type: 'media-plane.lost' }));
      await Promise.all([...lost, this.deskAudio.onMediaEvent(event)]);
      return;
    }
    if (event.type === 'plane.up') return;
    await this.#onLegEvent(event);
    await this.farSides.onMediaEvent(event);
    await this.deskAudio.onMediaEvent(event);
  }

  async #onLegEvent(event: LegEvent): Promise<void> {
    const actor = this.registry.byLeg(event.leg);
    if (actor === undefined) return;
    const { callerLeg } = actor.state;
    if (event.type === 'playback.done') {
      const { source } = readPlaybackId(event.playback);
      await actor.post({ type: 'prompt.done', legId: event.leg, source });
      return;
    }
    if (event.type === 'leg.dtmf') {
      await this.pressed(actor, event.leg, event.digit);
      return;
    }
    if (actor.state.contacts.some(({ legId }) => legId === event.leg)) {
      if (event.type === 'leg.closed') {
        await actor.post({ type: 'contact.hung-up', legId: event.leg });
      }
      return;
    }
    const isCaller = event.leg === callerLeg.id;
    const isLoss =
      event.type === 'leg.closed' ||
      (event.type === 'leg.media-lost' && event.reason === 'ice-timeout');
    if (isCaller && isLoss && callerLeg.kind === 'browser') {
      await actor.post({ type: 'caller.hung-up' });
    } else if (isCaller && event.type === 'leg.closed') {
      await actor.post({ type: 'caller.failed', reason: 'media-lost' });
    }
  }

  /** A key, in the sound or by signalling: of whoever is asked for one, or for whom the party talks with. */
  async pressed(actor: CallActor, legId: LegId, digit: string): Promise<void> {
    for (const leg of keysGoTo(actor.state, legId)) void this.#deps.media.sendDigits(leg, digit);
    if (actor.state.contacts.some((contact) => contact.legId === legId)) {
      await actor.post({ type: 'contact.pressed', legId, digit });
    } else await this.operatorSide.pressed(actor, legId, digit);
  }

  #adopt(): Promise<void> {
    const { clock, log, bootId, media, sip, calls, floor } = this.#deps;
    const { registry, deskAudio, callerSide, operatorSide, transfers } = this;
    return adoptCalls({
      ...{ clock, log, bootId, media, sip, calls, floor },
      ...{ registry, deskAudio, callerSide, operatorSide, transfers },
      contactSide: this.#contactSide,
      sound: this.#sound,
      actorOf: (stored) => this.#actorOf(stored),
    });
  }

  /** For `/metrics` and the leak test. */
  get openCalls(): CallId[] {
    return this.registry.all().map(({ state }) => state.id);
  }
}

type LegEvent = Exclude<MediaEvent, RecordingEvent | { type: 'plane.down' | 'plane.up' }>;
