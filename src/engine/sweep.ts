import { AppError, toError } from '../base/index.ts';
import type {
  CallId,
  Clock,
  LegId,
  Logger,
  OperatorId,
  RecordingId,
  Timer,
} from '../base/index.ts';
import type { FloorEvents, Operator } from '../calls/index.ts';
import type { MediaPlane } from '../media/index.ts';
import { peopleIn } from './call-people.ts';
import type { CallRegistry } from './call-registry.ts';
import type { FloorStore, SettleRecordings } from './ports.ts';
import type { StoreNotices } from './store-notices.ts';
import type { WaitingLine } from './waiting-line.ts';

/** How often the media process is asked what it has, to find what nobody owns. */
const SWEEP_INTERVAL_MS = 5_000;

export type SweepDeps = {
  clock: Clock;
  log: Logger;
  media: MediaPlane;
  floor: FloorStore;
  events: FloorEvents;
  registry: CallRegistry;
  settleRecordings: SettleRecordings;
  notices: StoreNotices;
  /** A leg of a desk, or of a call that is not stored yet. */
  isKept: (leg: LegId) => boolean;
  /** No calls are taken any more: the sweep under way is the last. */
  isDraining: () => boolean;
  line: WaitingLine;
  /** User names of telephones that are registered. */
  registeredUsers: () => string[];
};

/** What nobody owns, looked for from time to time: legs are closed, operators freed, recordings settled. */
export class Sweep {
  readonly #deps: SweepDeps;
  readonly #suspects = new Set<LegId>();
  /** In the index, and in nobody's hand the last time. */
  #leftOpen: ReadonlySet<RecordingId> = new Set();
  #stranded = new Map<OperatorId, CallId>();
  #failed = 0;
  #timer: Timer | null = null;

  constructor(deps: SweepDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = this.#deps.clock.setTimer(SWEEP_INTERVAL_MS, () => {
      void this.#tidy().finally(() => {
        if (!this.#deps.isDraining()) this.start();
      });
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #tidy(): Promise<void> {
    const { settleRecordings, notices, log } = this.#deps;
    try {
      await this.#closeOrphans();
      const operators = await this.#deps.floor.operators();
      await this.#freeStranded(operators);
      this.#tellWhoWaits(operators);
      await settleRecordings((open) => this.#recordingsInHand(open));
      this.#failed = 0;
      notices.note('sweep', 'back');
    } catch (thrown) {
      log.error({ err: toError(thrown) }, 'what nobody owns could not be looked for');
      if (!(thrown instanceof AppError) || !thrown.retryable) return;
      this.#failed++;
      // A lock that was waited for too long passes; a full disk does not so soon.
      const isAway = thrown.code === 'database-unreachable' || this.#failed > 1;
      if (isAway) notices.note('sweep', 'away');
    }
  }

  /** A leg nobody owns twice in a row is closed: ports and files never leak. */
  async #closeOrphans(): Promise<void> {
    const { media, log, registry } = this.#deps;
    const found = await media.inventory();
    if (!found.ok) return;
    const orphans = found.value.legs.map((leg) => leg.id).filter((id) => !this.#isOwned(id));
    for (const id of orphans.filter((leg) => this.#suspects.has(leg))) {
      log.warn({ legId: id }, 'media leg without an owner: closed');
      await media.closeLeg(id);
    }
    this.#suspects.clear();
    for (const id of orphans) this.#suspects.add(id);
    for (const recording of found.value.recordings) {
      if (!registry.get(recording.callId)) await media.stopRecording(recording.recordingId);
    }
  }

  #isOwned(leg: LegId): boolean {
    return this.#deps.registry.byLeg(leg) !== undefined || this.#deps.isKept(leg);
  }

  /**
   * An operator whose call does not know her, twice in a row, is free again: her claim was made, but
   * the answer was lost with the database.
   */
  async #freeStranded(operators: readonly Operator[]): Promise<void> {
    const { floor, clock, log, events, line } = this.#deps;
    const before = this.#stranded;
    this.#stranded = new Map();
    for (const { id, callId } of operators) {
      if (callId === null || this.#knows(callId, id)) continue;
      if (before.get(id) !== callId) {
        this.#stranded.set(id, callId);
        continue;
      }
      log.warn({ operatorId: id, callId }, 'operator held by a call that does not know her: freed');
      await floor.releaseFrom(id, callId, 'available', clock.now());
      events.publish({ type: 'operator.changed', operatorId: id });
      line.somebodyIsFree(id);
    }
  }

  /** Whoever was told of an operator may have hung up at that moment: nobody waits long beside one who is free. */
  #tellWhoWaits(operators: readonly Operator[]): void {
    const { registry, line, registeredUsers } = this.#deps;
    if (registry.longestWaiting(() => true) === undefined) return;
    const registered = new Set(registeredUsers());
    for (const operator of operators) {
      if (operator.state === 'available' && isReachable(operator, registered)) {
        line.somebodyIsFree(operator.id);
      }
    }
  }

  /** A call that is not stored frees her itself, or has just claimed her. */
  #knows(callId: CallId, operatorId: OperatorId): boolean {
    const actor = this.#deps.registry.get(callId);
    if (actor === undefined) return false;
    return this.#deps.notices.isUnstored(actor) || peopleIn(actor.state).includes(operatorId);
  }

  /** The end of one that nobody has for the first time may be on its way to the index. */
  async #recordingsInHand(open: readonly RecordingId[]): Promise<ReadonlySet<RecordingId> | null> {
    const { media, registry } = this.#deps;
    const found = await media.inventory();
    if (!found.ok) return null;
    const inHand = new Set(found.value.recordings.map(({ recordingId }) => recordingId));
    for (const { state } of registry.speaking()) {
      if (state.recordingId !== null) inHand.add(state.recordingId);
    }
    const before = this.#leftOpen;
    this.#leftOpen = new Set(open.filter((id) => !inHand.has(id)));
    for (const id of this.#leftOpen) {
      if (!before.has(id)) inHand.add(id);
    }
    return inHand;
  }
}

function isReachable(operator: Operator, registered: ReadonlySet<string>): boolean {
  const { deviceKind, legId, sipUri, sipUsername } = operator;
  if (deviceKind === 'browser') return legId !== null;
  if (deviceKind === 'number' || sipUri !== null) return true;
  return sipUsername !== null && registered.has(sipUsername);
}
