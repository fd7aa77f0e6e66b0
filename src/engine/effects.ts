import { assertNever } from '../base/index.ts';
import type { Clock, OperatorId } from '../base/index.ts';
import { RING_NO_ANSWER_LIMIT } from '../calls/index.ts';
import type { CallEffect, FloorEvents } from '../calls/index.ts';
import type { CallActor } from './call-actor.ts';
import type { CallSound } from './call-sound.ts';
import type { CallerSide } from './caller-side.ts';
import type { ContactSide } from './contact-side.ts';
import type { FarSides } from './far-sides.ts';
import type { OperatorSide } from './operator-side.ts';
import type { FloorStore, MessageDesk } from './ports.ts';
import type { TransferRequests } from './transfer-requests.ts';
import type { WaitingLine } from './waiting-line.ts';

export type EffectDeps = {
  clock: Clock;
  floor: FloorStore;
  events: FloorEvents;
  messages: MessageDesk;
  sound: CallSound;
  callerSide: CallerSide;
  operatorSide: OperatorSide;
  contactSide: ContactSide;
  farSides: FarSides;
  transfers: TransferRequests;
  line: WaitingLine;
  /** True when a person works at this operator's console, so that wrap-up has somebody to end it. */
  isAttended: (operatorId: OperatorId) => boolean;
  onEnded: (actor: CallActor) => void;
};

/** Carries out what the call machine decided. Every effect may run twice and does its work once. */
export class Effects {
  readonly #deps: EffectDeps;

  constructor(deps: EffectDeps) {
    this.#deps = deps;
  }

  async run(actor: CallActor, effect: CallEffect): Promise<void> {
    switch (effect.type) {
      case 'applySound':
        return this.#deps.sound.apply(actor);
      case 'findOperator':
        return this.#findOperator(actor, effect.excluded);
      case 'setOperatorState':
        return this.#setOperatorState(actor, effect.operatorId, effect.state);
      case 'noteRingNoAnswer':
        return this.#noteRingNoAnswer(actor, effect.operatorId);
      case 'openDraft':
        return this.#openDraft(actor, effect.operatorId);
      case 'recordUnansweredCall':
        return this.#deps.messages.recordUnanswered(actor.state, effect.kind);
      case 'callEnded':
        this.#deps.onEnded(actor);
        return;
      case 'probeLeg':
        // Not waited for: the far end may take half a minute to say nothing.
        void this.#deps.farSides.probe(actor, effect.legId);
        return;
      default:
        return this.#runOnLeg(actor, effect);
    }
  }

  async #runOnLeg(actor: CallActor, effect: LegEffect): Promise<void> {
    const { callerSide, operatorSide, contactSide } = this.#deps;
    switch (effect.type) {
      case 'ringCaller':
        callerSide.ring(actor);
        return;
      case 'answerCaller':
        callerSide.answer(actor);
        return;
      case 'endCallerLeg':
        return actor.state.direction === 'call-back'
          ? contactSide.endCustomer(actor)
          : callerSide.end(actor, effect.termination);
      case 'dialCustomer':
        return contactSide.dialCustomer(actor);
      case 'offerCall':
        return operatorSide.offer(actor, effect.offer);
      case 'withdrawOffer':
        return operatorSide.withdraw(actor, effect.offer);
      case 'endOperatorLeg':
        await this.#deps.transfers.onLegEnds(actor, effect.legId);
        return operatorSide.end(actor, effect.legId, effect.device);
      case 'dialContact':
        return contactSide.dial(actor, effect.contact);
      case 'endContactLeg':
        return contactSide.end(actor, effect.legId);
      default:
        assertNever(effect);
    }
  }

  async #findOperator(actor: CallActor, excluded: OperatorId[]): Promise<void> {
    const { floor, clock, operatorSide, events, line } = this.#deps;
    const callId = actor.state.id;
    const registered = operatorSide.registeredUsers();
    const claim = { callId, excluded, registered, now: clock.now() };
    line.looks(actor);
    try {
      const operator = await floor.claimLongestIdle(claim);
      if (operator === null) {
        const signedIn = await floor.anyoneSignedIn();
        const isToLookAgain = line.foundNobody(actor);
        void actor.post({ type: 'operator.not-found', signedIn });
        if (isToLookAgain) void actor.post({ type: 'operator.became-available' });
        return;
      }
      events.publish({ type: 'operator.changed', operatorId: operator.id });
      const found = { operatorId: operator.id, ...operatorSide.reach(operator) };
      void actor.post({ type: 'operator.found', ...found }).finally(() => line.looked(actor));
    } catch (thrown) {
      line.looked(actor);
      throw thrown;
    }
  }

  async #setOperatorState(
    actor: CallActor,
    operatorId: OperatorId,
    state: 'available' | 'busy' | 'wrap-up' | 'away' | 'offline',
  ): Promise<void> {
    const { floor, clock, events } = this.#deps;
    if (state === 'wrap-up' && !this.#mayWrapUp(actor, operatorId)) {
      void actor.post({ type: 'operator.wrapped-up', operatorId });
      return;
    }
    const callId = actor.state.id;
    const now = clock.now();
    const changed =
      state === 'busy' || state === 'wrap-up'
        ? await floor.setState(operatorId, state, { callId, now })
        : await floor.releaseFrom(operatorId, callId, state, now);
    if (changed) events.publish({ type: 'operator.changed', operatorId });
    if (state === 'available') this.#deps.line.somebodyIsFree(operatorId);
  }

  /** Not at a phone without a console beside it: nobody could end the wrap-up. */
  #mayWrapUp(actor: CallActor, operatorId: OperatorId): boolean {
    const { operator, wrappingUp } = actor.state;
    const one = [operator, wrappingUp].find((each) => each?.operatorId === operatorId);
    return (one?.device.kind ?? 'browser') === 'browser' || this.#deps.isAttended(operatorId);
  }

  async #noteRingNoAnswer(actor: CallActor, operatorId: OperatorId): Promise<void> {
    const { floor, events, clock } = this.#deps;
    const inARow = await floor.noteRingNoAnswer(operatorId);
    if (inARow < RING_NO_ANSWER_LIMIT) return;
    const operator = await floor.operator(operatorId);
    // A phone of ours has no one to set it back; a number outside may be a machine that answers.
    if (operator === null || operator.deviceKind === 'sip') return;
    if (operator.callId !== null && operator.callId !== actor.state.id) return;
    if (!(await floor.releaseFrom(operatorId, operator.callId, 'away', clock.now()))) return;
    actor.log.warn({ operatorId, inARow }, 'operator does not answer: set away');
    events.publish({ type: 'operator.changed', operatorId });
  }

  async #openDraft(actor: CallActor, operatorId: OperatorId): Promise<void> {
    await this.#deps.messages.openDraft(actor.state, operatorId);
    this.#deps.events.publish({ type: 'call.changed', callId: actor.state.id, operatorId });
  }
}

type LegEffect = Extract<
  CallEffect,
  {
    type:
      | 'ringCaller'
      | 'answerCaller'
      | 'endCallerLeg'
      | 'dialCustomer'
      | 'offerCall'
      | 'withdrawOffer'
      | 'endOperatorLeg'
      | 'dialContact'
      | 'endContactLeg';
  }
>;
