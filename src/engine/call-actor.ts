import type { Clock, LegId, Logger, RecordingId, Timer } from '../base/index.ts';
import { AppError, toError } from '../base/index.ts';
import type {
  CallEffect,
  CallEvent,
  CallSettings,
  CallState,
  CallTimerName,
  Step,
} from '../calls/index.ts';
import { step } from '../calls/index.ts';
import { NEEDS_STORE, addOwed, isStillDue, putsAway } from './owed-effects.ts';
import type { CallStore, StoredCall, StoredLeg, Transition } from './ports.ts';

/** More events than this waiting for one call is a fault of ours, not a busy call. */
const MAX_QUEUED_EVENTS = 200;
/** How often a call that could not be stored is tried again. */
const STORE_RETRY_MS = 500;

export type CallActorDeps = {
  clock: Clock;
  log: Logger;
  store: CallStore;
  settings: () => CallSettings;
  newRecordingId: () => RecordingId;
  /** Runs one effect; must be idempotent. What it learns comes back as an event. */
  runEffect: (actor: CallActor, effect: CallEffect) => Promise<void>;
  /** After every stored transition, before its effects. */
  onTransition: (actor: CallActor, before: CallState) => void;
  /** The call has a leg it did not have. */
  onLeg: (actor: CallActor, leg: LegId) => void;
  /** Another process took the call. */
  onLost: (actor: CallActor) => void;
  /** The call could not be stored and goes on; or it is stored again. */
  onStore: (actor: CallActor, is: 'away' | 'back') => void;
};

/**
 * One call at work: its queue, its timers, its stored row. Events are handled one after another;
 * each transition is committed before its effects run. Nothing else changes a call.
 *
 * While the store is away the call goes on in memory: whoever talks talks on, who hangs up is gone. What
 * people wish is refused, what needs the store is owed, and no request leaves inside a dialog. Once it is
 * back the call is stored as it is by then, and what was owed is done.
 */
export class CallActor {
  readonly log: Logger;
  readonly #deps: CallActorDeps;
  #stored: StoredCall;
  readonly #queue: { run: () => Promise<void>; done: () => void }[] = [];
  readonly #timers = new Map<CallTimerName, { at: number; timer: Timer }>();
  #draining = false;
  #lost = false;
  /** The version known to be in the database; behind the state's while the database is away. */
  #storedVersion: number;
  #hasRow = true;
  #behind = false;
  #retry: Timer | null = null;
  #closed = false;
  #hasLeft = false;
  readonly #untilStored: (() => void)[] = [];
  /** Effects that wait for the store, oldest first. */
  #owed: readonly CallEffect[] = [];
  /** `callEnded`, until nothing is owed. */
  #last: CallEffect | null = null;
  /** The legs in the database, and whether the row names effects. */
  #storedLegs: readonly StoredLeg[];
  #hasStoredEffects: boolean;

  constructor(stored: StoredCall, deps: CallActorDeps) {
    this.#stored = stored;
    this.#storedVersion = stored.state.version;
    this.#storedLegs = stored.legs;
    this.#hasStoredEffects = stored.pendingEffects.length > 0;
    this.#deps = deps;
    this.log = deps.log.child({ callId: stored.state.id });
  }

  get state(): CallState {
    return this.#stored.state;
  }

  get legs(): readonly StoredLeg[] {
    return this.#stored.legs;
  }

  leg(role: StoredLeg['role']): StoredLeg | undefined {
    return this.#stored.legs.findLast((leg) => leg.role === role);
  }

  /** Changes a leg in memory; it is stored with the next transition or `saveLegs`. */
  putLeg(leg: StoredLeg): void {
    const { legs } = this.#stored;
    const place = legs.findIndex((known) => known.id === leg.id);
    const isNew = place === -1;
    this.#stored = { ...this.#stored, legs: isNew ? [...legs, leg] : legs.with(place, leg) };
    if (isNew) this.#deps.onLeg(this, leg.id);
  }

  /** False for a new call while the store is away: no other process could know of it. */
  get hasRow(): boolean {
    return this.#hasRow;
  }

  /** Whether the leg is in the database exactly as it is here. */
  isStored(leg: StoredLeg): boolean {
    return this.#storedLegs.includes(leg);
  }

  /** From outside an effect: stores the legs as soon as it is this call's turn. */
  saveLegsInTurn(): Promise<void> {
    return this.inTurn('legs', () => this.saveLegs());
  }

  /** From outside an effect: what must not happen while an event is handled. */
  inTurn(what: string, work: () => Promise<void>): Promise<void> {
    return this.#enqueue(what, work);
  }

  /**
   * Within an effect: what must be durable before a request leaves (CSeq, tags). Where the store is
   * away it is not yet: the request waits for `whenStored`, the effect does not.
   */
  async saveLegs(): Promise<void> {
    await this.#save(null);
  }

  /** Resolves once all that was put so far is stored; never for a call that is lost before. */
  whenStored(): Promise<void> {
    if (!this.#behind) return Promise.resolve();
    return new Promise((resolve) => this.#untilStored.push(resolve));
  }

  /**
   * Stores a new call and runs the effects of its first transition. What happens meanwhile (an
   * operator becomes free, the caller hangs up) waits until the row is there.
   */
  begin(first: Step): Promise<void> {
    this.#hasRow = false;
    return this.#exclusively(async () => {
      this.#stored = { ...this.#stored, state: first.state, pendingEffects: first.effects };
      await this.#save(this.#line('new', 'call.arrived'));
      this.#deps.onTransition(this, first.state);
      this.#armTimers();
      await this.#runEffects(first.effects);
    });
  }

  /** What happens to a call that is being taken up waits until `resume`, when its legs are known here. */
  hold(): void {
    this.#draining = true;
  }

  /**
   * Goes on with a call another process left: its unfinished effects, of which only those that put
   * something away are due when the caller is not there any more, then the news.
   */
  async resume(news: CallEvent, isCallerThere: boolean): Promise<void> {
    this.#armTimers();
    await this.#exclusively(async () => {
      const owed = this.#stored.pendingEffects;
      await this.#runEffects(isCallerThere ? owed : owed.filter(putsAway));
    });
    await this.post(news);
  }

  /** Queues an event; resolves when its transition is stored and its effects were started. */
  post(event: CallEvent): Promise<void> {
    return this.#enqueue(event.type, async () => {
      await this.#handle(event, 'happened');
    });
  }

  /** Like `post`, but resolves as soon as the transition is stored: what it ends need not be gone yet. */
  note(event: CallEvent): Promise<void> {
    return new Promise((resolve) => {
      const handled = this.#enqueue(event.type, async () => {
        await this.#handle(event, 'happened', resolve);
      });
      void handled.then(resolve);
    });
  }

  /**
   * Like `post`, for what a person wishes: false when it could not be stored. Then nothing has happened
   * and nothing will.
   */
  async wish(event: CallEvent): Promise<boolean> {
    let isStored = true;
    await this.#enqueue(event.type, async () => {
      isStored = await this.#handle(event, 'wished');
    });
    return isStored;
  }

  /**
   * The next process goes on: nothing more is handled here, and nobody is told that it was. What is being
   * handled is stored with the effects it owes.
   */
  leave(): void {
    this.#hasLeft = true;
    this.close();
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #enqueue(what: string, run: () => Promise<void>): Promise<void> {
    if (this.#hasLeft) return new Promise(() => undefined);
    if (this.#lost) return Promise.resolve();
    if (this.#queue.length >= MAX_QUEUED_EVENTS) {
      this.log.error({ what }, 'event queue of the call is full');
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#queue.push({ run, done: resolve });
      void this.#drain();
    });
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    this.#draining = true;
    try {
      await work();
    } finally {
      this.#draining = false;
    }
    void this.#drain();
  }

  async #drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (this.#hasLeft) break;
      if (!this.#lost) await this.#runNext(next.run);
      next.done();
    }
    this.#draining = false;
  }

  /** Whatever comes of it, those behind it in the queue have their turn. */
  async #runNext(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      this.log.error({ err: toError(thrown) }, 'our fault: what happened was not carried out');
    }
  }

  async #handle(
    event: CallEvent,
    how: 'happened' | 'wished',
    onStored: () => void = () => undefined,
  ): Promise<boolean> {
    const before = this.state;
    const next = this.#step(event);
    if (next.state === before) return true;
    this.#become(next.state, effectsToStore(next));
    await this.#save(this.#line(before.phase, event.type));
    if (this.#lost || this.#hasLeft) return true;
    if (this.#behind && how === 'wished') {
      // Its version is used up: the answer alone may have been lost.
      this.#become({ ...before, version: next.state.version }, []);
      return false;
    }
    onStored();
    this.log.info({ from: before.phase, event: event.type, to: next.state.phase }, 'call');
    this.#deps.onTransition(this, before);
    this.#armTimers();
    await this.#runEffects(next.effects);
    return true;
  }

  #become(state: CallState, effects: readonly CallEffect[]): void {
    const last = this.#last === null ? [] : [this.#last];
    const pendingEffects = [...this.#owed, ...effects, ...last];
    this.#stored = { ...this.#stored, state, pendingEffects };
  }

  async #save(line: Transition | null): Promise<void> {
    const { version } = this.state;
    const { legs, pendingEffects } = this.#stored;
    try {
      if (!(await this.#write(line))) {
        this.#lose();
        return;
      }
      this.#storedVersion = version;
      this.#storedLegs = legs;
      this.#hasStoredEffects = pendingEffects.length > 0;
      this.#noteStored();
    } catch (thrown) {
      this.#noteAway(toError(thrown));
    }
  }

  async #write(line: Transition | null): Promise<boolean> {
    const { store } = this.#deps;
    if (this.#hasRow) {
      const seen = { version: this.#storedVersion, legs: this.#storedLegs };
      return store.save(this.#stored, seen, line);
    }
    await store.insert(this.#stored, line ?? this.#line('new', 'store.back'));
    this.#hasRow = true;
    return true;
  }

  /** The call goes on without its row: a caller must not be cut off because a disk is full. */
  #noteAway(error: Error): void {
    if (this.#closed) {
      this.log.warn({ reason: error.message }, 'call is over; its last word is not stored');
      return;
    }
    this.#armRetry();
    if (this.#behind) return;
    this.#behind = true;
    this.log.error({ err: error }, 'call could not be stored; it goes on');
    this.#deps.onStore(this, 'away');
  }

  #noteStored(): void {
    if (!this.#behind) return;
    this.#behind = false;
    this.log.info({ owed: this.#owed.length }, 'call is stored again');
    this.#deps.onStore(this, 'back');
    for (const resolve of this.#untilStored.splice(0)) resolve();
  }

  #armRetry(): void {
    if (this.#retry !== null || this.#closed) return;
    this.#retry = this.#deps.clock.setTimer(STORE_RETRY_MS, () => {
      this.#retry = null;
      void this.#enqueue('store', () => this.#catchUp()).then(() => {
        if (this.#behind || this.#owed.length > 0) this.#armRetry();
      });
    });
  }

  async #catchUp(): Promise<void> {
    if (this.#behind) await this.#save(this.#line(this.state.phase, 'store.back'));
    if (this.#behind || this.#lost) return;
    const owed = this.#owed.filter((effect) => isStillDue(effect, this.state));
    this.#owed = [];
    await this.#runEffects(owed);
  }

  #step(event: CallEvent): Step {
    const { clock, settings, newRecordingId } = this.#deps;
    const context = {
      now: clock.now(),
      settings: settings(),
      get newRecordingId(): RecordingId {
        return newRecordingId();
      },
    };
    try {
      return step(this.state, event, context);
    } catch (thrown) {
      this.log.error({ err: toError(thrown), event: event.type }, 'our fault: this call ends');
      return step(this.state, { type: 'failed', detail: toError(thrown).message }, context);
    }
  }

  async #runEffects(effects: readonly CallEffect[]): Promise<void> {
    const aside: Promise<void>[] = [];
    for (const effect of effects) {
      const isOwing = this.#behind || this.#owed.length > 0;
      if (effect.type === 'callEnded') this.#last = effect;
      else if (isOwing && NEEDS_STORE.has(effect.type)) this.#owed = addOwed(this.#owed, effect);
      else if (ASIDE.has(effect.type)) aside.push(this.#run(effect));
      else await this.#run(effect);
    }
    await Promise.all(aside);
    this.#become(this.state, []);
    if (this.#owed.length > 0) this.#armRetry();
    else if (this.state.phase === 'ended') await this.#finish();
  }

  async #run(effect: CallEffect): Promise<void> {
    try {
      await this.#deps.runEffect(this, effect);
    } catch (thrown) {
      const error = toError(thrown);
      if (error instanceof AppError && error.retryable) {
        this.log.warn({ reason: error.message, effect: effect.type }, 'effect waits for the store');
        this.#owed = addOwed(this.#owed, effect);
        return;
      }
      this.log.error({ err: error, effect: effect.type }, 'effect failed');
      if (ESSENTIAL.has(effect.type)) {
        void this.post({ type: 'failed', detail: `${effect.type}: ${error.message}` });
      }
    }
  }

  /** No later transition will say that the effects are done; the next process must not find them. */
  async #finish(): Promise<void> {
    const last = this.#last;
    this.#last = null;
    this.#become(this.state, []);
    if (this.#behind || this.#hasStoredEffects) await this.saveLegs();
    this.#last = last;
    if (this.#behind || last === null) return;
    this.#last = null;
    await this.#run(last);
  }

  #armTimers(): void {
    const wanted = this.state.timers;
    for (const [name, armed] of this.#timers) {
      if (wanted[name] === armed.at) continue;
      armed.timer.cancel();
      this.#timers.delete(name);
    }
    for (const [name, at] of Object.entries(wanted) as [CallTimerName, number][]) {
      if (this.#timers.has(name)) continue;
      const delayMs = Math.max(0, at - this.#deps.clock.now());
      const timer = this.#deps.clock.setTimer(delayMs, () => {
        this.#timers.delete(name);
        void this.post({ type: 'timer.fired', timer: name, due: at });
      });
      this.#timers.set(name, { at, timer });
    }
  }

  #line(from: string, event: string): Transition {
    return { from, event, at: this.#deps.clock.now() };
  }

  #lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.log.warn({}, 'another process took this call over');
    this.close();
    this.#deps.onLost(this);
  }
}

/** Effects without which the call cannot go on as its state says. */
const ESSENTIAL: ReadonlySet<CallEffect['type']> = new Set([
  'findOperator',
  'answerCaller',
  'applySound',
]);

/**
 * One statement each, which the store carries out in the order in which they began: what the parties hear
 * does not wait for the disk.
 */
const ASIDE: ReadonlySet<CallEffect['type']> = new Set(['setOperatorState', 'openDraft']);

/**
 * Of a call that has ended, what the next process would do anyway is no reason to take it up: an
 * operator on a call that is no more is set free. So the row is not written once more to say that this is
 * done.
 */
function effectsToStore({ state, effects }: Step): CallEffect[] {
  const needless = (effect: CallEffect): boolean =>
    effect.type === 'callEnded' ||
    (effect.type === 'setOperatorState' && effect.state === 'available');
  return state.phase === 'ended' && effects.every(needless) ? [] : effects;
}
