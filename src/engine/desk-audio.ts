import { insist } from '../base/index.ts';
import type { Clock, LegId, Logger, OperatorId, Timer } from '../base/index.ts';
import type { CommandOutcome, CommandRefusal, FloorEvents, Operator } from '../calls/index.ts';
import type { MediaEvent, MediaPlane, MediaRefusal } from '../media/index.ts';
import type { FloorStore } from './ports.ts';

/** A desk whose audio does not come back within this is off the floor. */
const GONE_AFTER_MS = 60_000;
const STORE_RETRY_MS = 2_000;

export type DeskAudioDeps = {
  clock: Clock;
  log: Logger;
  media: MediaPlane;
  floor: FloorStore;
  events: FloorEvents;
  newLegId: () => LegId;
  /** The operator's audio is there (again) or gone: the call she is in must know. */
  onUp: (operator: Operator, legId: LegId) => Promise<void>;
  onLost: (operatorId: OperatorId) => Promise<void>;
  /** The leg she has had all the time is heard again. */
  onBack: (operatorId: OperatorId, legId: LegId) => Promise<void>;
};

/**
 * The browser operators' kept-up audio legs: opened once per shift, replaced when the page or the
 * network comes back. A call is joined to them by `hear` alone.
 */
export class DeskAudio {
  readonly #deps: DeskAudioDeps;
  readonly #owner = new Map<LegId, OperatorId>();
  /** Legs of which the media plane has said that they are lost, and not yet that they are back. */
  readonly #down = new Set<LegId>();
  readonly #gone = new Map<OperatorId, Timer>();
  #isStopped = false;

  constructor(deps: DeskAudioDeps) {
    this.#deps = deps;
  }

  /** After a start: legs the media process still has are taken up, others are asked for anew. */
  async adopt(alive: ReadonlySet<LegId>): Promise<void> {
    for (const operator of await this.#deps.floor.operators()) {
      const { id, legId, deviceKind, state } = operator;
      // Also of one who is not on the floor, or was given another device: her page has it still.
      if (legId !== null && alive.has(legId)) this.#owner.set(legId, id);
      else if (deviceKind === 'browser' && state !== 'offline') await this.#lost(operator);
    }
  }

  owns(leg: LegId): boolean {
    return this.#owner.has(leg);
  }

  async open(
    operator: Operator,
    deskId: string,
    sdpOffer: string,
  ): Promise<CommandOutcome<{ legId: LegId; sdpAnswer: string }>> {
    const { media, floor, events } = this.#deps;
    const legId = this.#deps.newLegId();
    const opened = await media.openLeg({ id: legId, kind: 'webrtc', remoteSdp: sdpOffer });
    if (!opened.ok) return { ok: false, reason: refusal(opened.reason) };
    this.#owner.set(legId, operator.id);
    this.#cancelGone(operator.id);
    let now: Operator | null;
    try {
      now = await floor.setAudio(operator.id, { legId, deskId });
    } catch (thrown) {
      // Her page is told and asks again, for another leg.
      await this.#giveUp(legId);
      if (operator.legId === null) this.#armGone(operator.id);
      throw thrown;
    }
    if (operator.legId !== null) await this.#giveUp(operator.legId);
    if (operator.deskId !== null && operator.deskId !== deskId) {
      events.publish({ type: 'desk.taken', operatorId: operator.id, deskId });
    }
    events.publish({ type: 'operator.changed', operatorId: operator.id });
    if (now !== null) await this.#deps.onUp(now, legId);
    return { ok: true, value: { legId, sdpAnswer: opened.value.localSdp } };
  }

  async close(operator: Operator): Promise<void> {
    if (operator.legId === null) return;
    this.#cancelGone(operator.id);
    await this.#giveUp(operator.legId);
    await this.#deps.floor.endAudio(operator.id, operator.legId);
    this.#deps.events.publish({ type: 'operator.changed', operatorId: operator.id });
  }

  async onMediaEvent(event: MediaEvent): Promise<void> {
    if (event.type === 'plane.down') {
      await this.#allLost();
      return;
    }
    if (!isAboutLeg(event)) return;
    const operatorId = this.#owner.get(event.leg);
    if (operatorId === undefined) return;
    // Her connection may still be there: the leg stays, only the caller must not wait in silence.
    if (isHint(event)) {
      await this.#deps.onLost(operatorId);
      return;
    }
    if (event.type === 'leg.media-back') {
      this.#down.delete(event.leg);
      await this.#deps.onBack(operatorId, event.leg);
      return;
    }
    this.#down.add(event.leg);
    await this.#withStore(operatorId, event, async (operator) => {
      if (!this.#down.delete(event.leg)) return;
      if (operator.legId === event.leg) await this.#lost(operator);
      // Two tabs that asked at one moment: this was the other one's.
      else await this.#giveUp(event.leg);
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#gone.values()) timer.cancel();
    this.#gone.clear();
  }

  async #allLost(): Promise<void> {
    const operators = new Set(this.#owner.values());
    this.#owner.clear();
    for (const id of operators) {
      await this.#withStore(id, { type: 'plane.down' }, async (operator) => {
        // Her page may have been faster: the leg she has by now is a new one.
        if (operator.legId === null || !this.owns(operator.legId)) await this.#lost(operator);
      });
    }
  }

  /**
   * The loss of a desk's sound, worked off as soon as the store can be asked. While it is away she is told at
   * once, her page tries to come back, and her caller does not wait in silence.
   */
  async #withStore(
    id: OperatorId,
    { type }: { type: string },
    work: (operator: Operator) => Promise<void>,
  ): Promise<void> {
    const { clock, floor, events, log } = this.#deps;
    const first = Promise.withResolvers<undefined>();
    const attempt = async (): Promise<void> => {
      const operator = await floor.operator(id);
      if (operator) await work(operator);
    };
    const onFailure = (error: Error): void => {
      log.warn({ operatorId: id, event: type, reason: error.message }, 'desk waits for the store');
      first.resolve(undefined);
      events.publish({ type: 'notice', operatorId: id, callId: null, code: 'audio-lost' });
      events.publish({ type: 'audio.reopen', operatorId: id });
      void this.#deps.onLost(id);
    };
    const isWanted = (): boolean => !this.#isStopped;
    const options = { clock, everyMs: STORE_RETRY_MS, onFailure, isWanted };
    void insist(attempt, options).then(() => first.resolve(undefined));
    await first.promise;
  }

  async #giveUp(legId: LegId): Promise<void> {
    this.#owner.delete(legId);
    await this.#deps.media.closeLeg(legId);
  }

  async #lost(operator: Operator): Promise<void> {
    const { floor, events } = this.#deps;
    if (operator.legId !== null) {
      await this.#giveUp(operator.legId);
      await floor.endAudio(operator.id, operator.legId);
    }
    // The page may have opened its next leg meanwhile: then nothing is lost.
    if (this.#hasLeg(operator.id)) return;
    this.#armGone(operator.id);
    events.publish({ type: 'operator.changed', operatorId: operator.id });
    events.publish({ type: 'audio.reopen', operatorId: operator.id });
    await this.#deps.onLost(operator.id);
  }

  #hasLeg(id: OperatorId): boolean {
    return [...this.#owner.values()].includes(id);
  }

  #armGone(id: OperatorId): void {
    this.#cancelGone(id);
    const timer = this.#deps.clock.setTimer(GONE_AFTER_MS, () => {
      this.#gone.delete(id);
      const onFailure = (error: Error): void =>
        this.#deps.log.warn({ operatorId: id, reason: error.message }, 'signed out later');
      const isWanted = (): boolean => !this.#isStopped && !this.#gone.has(id);
      const options = { clock: this.#deps.clock, everyMs: STORE_RETRY_MS, onFailure, isWanted };
      void insist(() => this.#signOut(id), options);
    });
    this.#gone.set(id, timer);
  }

  #cancelGone(id: OperatorId): void {
    this.#gone.get(id)?.cancel();
    this.#gone.delete(id);
  }

  async #signOut(id: OperatorId): Promise<void> {
    const { floor, clock, events, log } = this.#deps;
    const operator = await floor.operator(id);
    if (operator === null || operator.legId !== null || operator.callId !== null) return;
    if (operator.state !== 'available' && operator.state !== 'away') return;
    if (!(await floor.releaseFrom(id, null, 'offline', clock.now()))) return;
    log.info({ operatorId: id }, 'desk gone for a minute: operator is off the floor');
    events.publish({ type: 'operator.changed', operatorId: id });
  }
}

type AboutLeg = Extract<MediaEvent, { type: 'leg.media-lost' | 'leg.media-back' | 'leg.closed' }>;

function isAboutLeg(event: MediaEvent): event is AboutLeg {
  const { type } = event;
  return type === 'leg.media-lost' || type === 'leg.media-back' || type === 'leg.closed';
}

/** Nothing is heard of her, which is all that is known so far. */
function isHint(event: AboutLeg): boolean {
  return event.type === 'leg.media-lost' && event.reason === 'rtp-timeout';
}

/** What the media plane refused, in the words of the commands. */
export function refusal(reason: MediaRefusal): CommandRefusal {
  if (reason === 'bad-sdp' || reason === 'no-common-codec') return reason;
  return 'media-unavailable';
}
