import { newId } from '../base/index.ts';
import type { CallId, Clock, LegId, OperatorId, Random } from '../base/index.ts';
import { operationsOf } from '../calls/index.ts';
import type {
  CallEvent,
  CallOperations,
  CallState,
  CommandOutcome,
  CommandRefusal,
  Monitor,
  Operation,
  Operator,
  OperatorState,
  RelayReason,
  RelayTarget,
  RelayWish,
} from '../calls/index.ts';
import type { MediaPlane } from '../media/index.ts';
import type { Contact, Directory } from '../subscribers/index.ts';
import type { CallActor } from './call-actor.ts';
import type { Engine } from './engine.ts';
import type { FloorStore } from './ports.ts';

export type OperationDeskDeps = {
  clock: Clock;
  random: Random;
  engine: Engine;
  media: MediaPlane;
  floor: FloorStore;
  directory: Directory;
};

type Refused = { ok: false; reason: CommandRefusal };
type Claimed = { operator: Operator; was: OperatorState };
type Claiming = Extract<
  CallEvent,
  { type: 'call.picked-up' | 'hand-over.started' | 'monitor.started' }
>;
const DONE: CommandOutcome = { ok: true, value: null };
/** In these an operator may take a call of her own accord. */
const AT_WORK: readonly OperatorState[] = ['available', 'away'];
/** In these a supervisor may join a call. */
const FREE: readonly OperatorState[] = ['available', 'away', 'offline'];

/** The operations on a call that is up, by people: checked, claimed for, and told to the call. */
export class OperationDesk implements CallOperations {
  readonly #deps: OperationDeskDeps;

  constructor(deps: OperationDeskDeps) {
    this.#deps = deps;
  }

  hold(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome> {
    return this.#operate('hold', callId, { type: 'operator.held', operatorId });
  }

  retrieve(
    operatorId: OperatorId,
    callId: CallId,
    because: RelayReason | null,
  ): Promise<CommandOutcome> {
    return this.#operate('retrieve', callId, { type: 'operator.retrieved', operatorId, because });
  }

  async mute(operatorId: OperatorId, callId: CallId, on: boolean): Promise<CommandOutcome> {
    const found = this.#may('mute', operatorId, callId);
    if ('ok' in found) return found;
    const isStored = await found.wish({ type: 'operator.muted', operatorId, on });
    return isStored ? DONE : refuse('not-saved');
  }

  async pauseRecording(
    operatorId: OperatorId,
    callId: CallId,
    on: boolean,
  ): Promise<CommandOutcome> {
    const state = this.#deps.engine.registry.get(callId)?.state;
    if (state?.operator?.operatorId === operatorId && state.recordingPaused === on) return DONE;
    return on
      ? this.#operate('pause-recording', callId, { type: 'recording.paused', operatorId })
      : this.#operate('resume-recording', callId, { type: 'recording.resumed', operatorId });
  }

  async sendDigits(
    operatorId: OperatorId,
    callId: CallId,
    digits: string,
  ): Promise<CommandOutcome> {
    const found = this.#may('send-digits', operatorId, callId);
    if ('ok' in found) return found;
    const { phase, callerLeg, contacts } = found.state;
    const contact = contacts.find(({ state }) => state === 'joined');
    const leg = phase === 'talking' ? callerLeg.id : (contact?.legId ?? callerLeg.id);
    const sent = await this.#deps.media.sendDigits(leg, digits);
    if (!sent.ok) return refuse(sent.reason === 'no-digits' ? 'not-digits' : 'media-unavailable');
    found.log.info({ legId: leg, count: digits.length }, 'digits sent');
    return DONE;
  }

  async relay(
    operatorId: OperatorId,
    callId: CallId,
    { to, order, announce }: Parameters<CallOperations['relay']>[2],
  ): Promise<CommandOutcome> {
    const found = this.#may('relay', operatorId, callId);
    if ('ok' in found) return found;
    const targets: RelayTarget[] = [];
    for (const wish of to) {
      const target = this.#target(found.state, wish);
      if ('ok' in target) return target;
      targets.push(target);
    }
    const event = { type: 'relay.started', operatorId, targets, order, announce } as const;
    return this.#operate('relay', callId, event);
  }

  connect(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome> {
    return this.#operate('connect', callId, { type: 'relay.connected', operatorId });
  }

  threeWay(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome> {
    return this.#operate('three-way', callId, { type: 'relay.widened', operatorId });
  }

  async transfer(operatorId: OperatorId, callId: CallId, to: RelayWish): Promise<CommandOutcome> {
    const found = this.#may('transfer', operatorId, callId);
    if ('ok' in found) return found;
    const target = this.#target(found.state, to);
    if ('ok' in target) return target;
    const event = { type: 'transfer.started', operatorId, target, stays: false } as const;
    return this.#operate('transfer', callId, event);
  }

  park(operatorId: OperatorId, callId: CallId, note: string): Promise<CommandOutcome> {
    return this.#operate('park', callId, { type: 'call.parked', operatorId, note });
  }

  async pickUp(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome> {
    const actor = this.#deps.engine.registry.get(callId);
    if (!actor) return refuse('no-such-call');
    if (actor.state.operator?.operatorId === operatorId) return DONE;
    const who = { operatorId, supervises: false };
    if (!operationsOf(actor.state, who).includes('pick-up')) return refuse('already-taken');
    const having = await this.#toHave(actor, operatorId);
    if ('ok' in having) return having;
    const reached = this.#deps.engine.operatorSide.reach(having);
    const event = { type: 'call.picked-up', operatorId, ...reached } as const;
    if (!(await this.#wishOrFree(actor, event))) return refuse('not-saved');
    const { operator, offer } = actor.state;
    const has = [operator, offer].some((one) => one?.operatorId === operatorId);
    return has ? DONE : refuse('already-taken');
  }

  /** Claimed for the call; or held by it already, for she still writes about it. */
  async #toHave({ state }: CallActor, operatorId: OperatorId): Promise<Operator | Refused> {
    const { floor, engine } = this.#deps;
    if (state.wrappingUp?.operatorId !== operatorId) {
      const claimed = await this.#claim(state.id, operatorId, AT_WORK);
      return claimed === null ? this.#whyNot(operatorId, AT_WORK) : claimed.operator;
    }
    const operator = await floor.operator(operatorId);
    if (operator?.callId !== state.id) return refuse('operator-busy');
    if (operator.deviceKind === 'browser' && operator.legId === null) {
      return refuse('audio-not-ready');
    }
    const { sipUri, sipUsername } = operator;
    const isThere =
      operator.deviceKind !== 'sip' ||
      sipUri !== null ||
      engine.operatorSide.registeredUsers().includes(sipUsername ?? '');
    return isThere ? operator : refuse('telephone-not-ready');
  }

  async handOver(
    operatorId: OperatorId,
    callId: CallId,
    { operatorId: other, note }: { operatorId: OperatorId; note: string },
  ): Promise<CommandOutcome> {
    const found = this.#may('hand-over', operatorId, callId);
    if ('ok' in found) return found;
    const claimed = await this.#claim(callId, other, ['available']);
    if (claimed === null) return refuse('operator-not-free');
    const to = { operatorId: other, ...this.#deps.engine.operatorSide.reach(claimed.operator) };
    const event = { type: 'hand-over.started', operatorId, to, note } as const;
    if (!(await this.#wishOrFree(found, event))) return refuse('not-saved');
    return found.state.handOver?.to === other ? DONE : refuse('not-possible-now');
  }

  async monitor(
    supervisor: OperatorId,
    callId: CallId,
    mode: Monitor['mode'] | null,
  ): Promise<CommandOutcome> {
    const actor = this.#deps.engine.registry.get(callId);
    if (!actor) return refuse('no-such-call');
    const known = actor.state.monitors.find(({ operatorId }) => operatorId === supervisor);
    if (mode === null) {
      const isOut = await actor.wish({ type: 'monitor.ended', operatorId: supervisor });
      return isOut ? DONE : refuse('not-saved');
    }
    if (!known) return this.#join(supervisor, actor, mode);
    const isStored = await actor.wish({ type: 'monitor.started', ...known, mode });
    return isStored ? DONE : refuse('not-saved');
  }

  async #join(
    supervisor: OperatorId,
    actor: CallActor,
    mode: Monitor['mode'],
  ): Promise<CommandOutcome> {
    const { id } = actor.state;
    const found = this.#may('monitor', supervisor, id);
    if ('ok' in found) return found;
    const claimed = await this.#claim(id, supervisor, FREE);
    if (claimed === null) return this.#whyNot(supervisor, FREE);
    const { legId } = claimed.operator;
    const returnTo = stateBefore(claimed);
    if (legId === null) {
      await this.#free(id, supervisor, returnTo);
      return refuse('browser-needed');
    }
    const entered = { operatorId: supervisor, legId, mode, returnTo } as const;
    const event = { type: 'monitor.started', ...entered } as const;
    if (!(await this.#wishOrFree(actor, event))) return refuse('not-saved');
    const isIn = actor.state.monitors.some(({ operatorId }) => operatorId === supervisor);
    return isIn ? DONE : refuse('not-possible-now');
  }

  async callBack(
    wish: Parameters<CallOperations['callBack']>[0],
  ): Promise<CommandOutcome<{ callId: CallId }>> {
    const { clock, random, engine, directory } = this.#deps;
    const { subscriberId, number, presentation, first } = wish;
    if (!engine.acceptsCalls) return refuse('too-many-calls');
    const id = newId<CallId>('call', clock.now(), random);
    const begun = await this.#firstOf(id, subscriberId, first);
    if ('ok' in begun) return begun;
    const shown = directory.didsOf(subscriberId)[0]?.number ?? null;
    const caller = {
      number,
      rawNumber: null,
      displayName: null,
      withheld: null,
      international: false,
      presentation,
    };
    const called = {
      subscriberId,
      did: shown,
      dialedNumber: shown ?? '',
      how: 'call-back',
      certainty: 'certain',
    } as const;
    const leg = { callerLegId: this.#newLegId(), callerLegKind: 'sip' } as const;
    await engine.placeCallBack({ id, ...leg, caller, called, trunkId: null }, begun);
    return { ok: true, value: { callId: id } };
  }

  /** Who is on the line before the customer is rung. */
  async #firstOf(
    callId: CallId,
    subscriberId: Contact['subscriberId'],
    first: Parameters<CallOperations['callBack']>[0]['first'],
  ): Promise<Parameters<Engine['placeCallBack']>[1] | Refused> {
    if ('contactId' in first) {
      const contact = this.#contact(subscriberId, first.contactId);
      return 'ok' in contact ? contact : { contact };
    }
    const claimed = await this.#claim(callId, first.operatorId, AT_WORK);
    if (claimed === null) return this.#whyNot(first.operatorId, AT_WORK);
    const { operator } = claimed;
    const reached = this.#deps.engine.operatorSide.reach(operator);
    return { operator: { operatorId: operator.id, ...reached, audio: 'up' } };
  }

  /** The call, if this person may do this to it now. */
  #may(operation: Operation, operatorId: OperatorId, callId: CallId): CallActor | Refused {
    const actor = this.#deps.engine.registry.get(callId);
    if (!actor) return refuse('no-such-call');
    const { state } = actor;
    if (operationsOf(state, { operatorId, supervises: true }).includes(operation)) return actor;
    if (state.termination !== null) return refuse('call-over');
    const isHers = state.operator?.operatorId === operatorId || operation === 'monitor';
    return refuse(isHers ? 'not-possible-now' : 'not-your-call');
  }

  async #operate(
    operation: Operation,
    callId: CallId,
    event: CallEvent & { operatorId: OperatorId },
  ): Promise<CommandOutcome> {
    const found = this.#may(operation, event.operatorId, callId);
    if ('ok' in found) return found;
    const before = found.state.version;
    if (!(await found.wish(event))) return refuse('not-saved');
    return found.state.version === before ? refuse('not-possible-now') : DONE;
  }

  async #claim(
    callId: CallId,
    operatorId: OperatorId,
    states: readonly OperatorState[],
  ): Promise<Claimed | null> {
    const { floor, clock, engine } = this.#deps;
    const registered = engine.operatorSide.registeredUsers();
    const claimed = await floor.claim({ callId, operatorId, states, registered, now: clock.now() });
    if (claimed !== null) engine.events.publish({ type: 'operator.changed', operatorId });
    return claimed;
  }

  /** Who could not be claimed is told what to do about it. */
  async #whyNot(operatorId: OperatorId, states: readonly OperatorState[]): Promise<Refused> {
    const operator = await this.#deps.floor.operator(operatorId);
    if (operator === null) return refuse('not-signed-in');
    const { state, callId, deviceKind } = operator;
    if (callId !== null || state === 'wrap-up') return refuse('operator-busy');
    if (!states.includes(state)) return refuse('not-signed-in');
    return refuse(deviceKind === 'browser' ? 'audio-not-ready' : 'telephone-not-ready');
  }

  /**
   * A call that ended in between cannot free whom we claimed for it; whom a call that is not stored
   * has no use for, the engine frees once the store is back. False when it could not be stored.
   */
  async #wishOrFree(actor: CallActor, event: Claiming): Promise<boolean> {
    const { id } = actor.state;
    if (this.#deps.engine.registry.get(id) === actor) return actor.wish(event);
    const claimed = event.type === 'hand-over.started' ? event.to.operatorId : event.operatorId;
    await this.#free(id, claimed, event.type === 'monitor.started' ? event.returnTo : 'available');
    return true;
  }

  async #free(callId: CallId, operatorId: OperatorId, state: OperatorState): Promise<void> {
    const { floor, clock, engine } = this.#deps;
    await floor.releaseFrom(operatorId, callId, state, clock.now());
    engine.events.publish({ type: 'operator.changed', operatorId });
    if (state === 'available') engine.wakeWaiting(operatorId);
  }

  #target(state: CallState, to: RelayWish): RelayTarget | Refused {
    if ('number' in to) {
      const { name, number, presentation } = to;
      return { legId: this.#newLegId(), contactId: null, name, number, presentation };
    }
    const { subscriberId } = state.called;
    return subscriberId === null
      ? refuse('no-such-contact')
      : this.#contact(subscriberId, to.contactId);
  }

  #contact(subscriberId: Contact['subscriberId'], contactId: Contact['id']): RelayTarget | Refused {
    const contacts = this.#deps.directory.contactsOf(subscriberId);
    const contact = contacts.find(({ id }) => id === contactId);
    if (!contact) return refuse('no-such-contact');
    const { name, phone } = contact;
    return phone === null
      ? refuse('no-number')
      : { legId: this.#newLegId(), contactId, name, number: phone };
  }

  #newLegId(): LegId {
    return this.#deps.engine.newLegId();
  }
}

function stateBefore({ was }: Claimed): Monitor['returnTo'] {
  return was === 'available' || was === 'offline' ? was : 'away';
}

function refuse(reason: CommandRefusal): Refused {
  return { ok: false, reason };
}
