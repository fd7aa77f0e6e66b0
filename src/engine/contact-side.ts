import type { LegId } from '../base/index.ts';
import type { RelayReason, RelayTarget } from '../calls/index.ts';
import type { CallActor } from './call-actor.ts';
import { noteRoute } from './outgoing-legs.ts';
import type { LegFailure, OutgoingLegs } from './outgoing-legs.ts';
import type { OutboundCalls, OutboundWish } from './ports.ts';

export type ContactSideDeps = { outbound: OutboundCalls; legs: OutgoingLegs };

/** Contacts in a relay, and customers called back: telephones outside, rung by the outbound rules. */
export class ContactSide {
  readonly #deps: ContactSideDeps;

  constructor(deps: ContactSideDeps) {
    this.#deps = deps;
  }

  async dial(actor: CallActor, contact: RelayTarget): Promise<void> {
    const { legId } = contact;
    const { relay, direction } = actor.state;
    const purpose = relay?.announce === 'nobody' ? 'transfer' : 'relay';
    const wish = {
      ...wishOf(actor, legId),
      purpose: direction === 'call-back' ? 'call-back' : purpose,
      number: contact.number,
    } as const;
    const leg = {
      actor,
      legId,
      role: 'contact',
      onRinging: () => void actor.post({ type: 'contact.ringing', legId }),
      onEarlyMedia: () => void actor.post({ type: 'contact.early-media', legId }),
      onAnswered: () => actor.post({ type: 'contact.answered', legId }),
      isWanted: () => actor.state.contacts.some((one) => one.legId === legId),
      onFailed: (why: LegFailure) =>
        void actor.post({ type: 'contact.failed', legId, reason: reasonOf(why) }),
    } as const;
    const plan = await this.#deps.outbound.begin(wish);
    // What rings already needs no way there: right after a start no trunk may be known yet.
    if (!plan.ok && this.#deps.legs.goesOn({ ...leg, routes: [] })) return;
    if (!plan.ok) {
      const reason = plan.reason === 'no-trunk' ? 'unreachable' : 'not-allowed';
      void actor.post({ type: 'contact.failed', legId, reason });
      return;
    }
    await this.#deps.legs.dial({
      ...leg,
      routes: plan.routes,
      onRoute: (route, outcome) => noteRoute(this.#deps.outbound, plan.routes, { route, outcome }),
    });
  }

  async end(actor: CallActor, legId: LegId): Promise<void> {
    this.#deps.outbound.end(legId);
    await this.#deps.legs.end(actor, legId);
  }

  /** Call-back: the customer's telephone is the caller's leg. */
  async dialCustomer(actor: CallActor): Promise<void> {
    const { id: legId } = actor.state.callerLeg;
    const { number } = actor.state.caller;
    const failed = (reason: RelayReason): void =>
      void actor.post({ type: 'customer.failed', reason });
    if (number === null) {
      failed('wrong-number');
      return;
    }
    const leg = {
      actor,
      legId,
      role: 'caller',
      onAnswered: () => actor.post({ type: 'caller.connected' }),
      isWanted: () => actor.state.termination === null,
      onFailed: (why: LegFailure) => failed(reasonOf(why)),
    } as const;
    const wish = { ...wishOf(actor, legId), purpose: 'call-back', number } as const;
    const plan = await this.#deps.outbound.begin({ ...wish, callerNumber: null });
    // What rings already needs no way there: right after a start no trunk may be known yet.
    if (!plan.ok && this.#deps.legs.goesOn({ ...leg, routes: [] })) return;
    if (!plan.ok) {
      failed(plan.reason === 'no-trunk' ? 'unreachable' : 'not-allowed');
      return;
    }
    await this.#deps.legs.dial({
      ...leg,
      routes: plan.routes,
      onRoute: (route, outcome) => noteRoute(this.#deps.outbound, plan.routes, { route, outcome }),
    });
  }

  async endCustomer(actor: CallActor): Promise<void> {
    await this.end(actor, actor.state.callerLeg.id);
  }

  /** What a former process rang counts against the ceilings still. */
  async adopt(actor: CallActor): Promise<void> {
    const { contacts, callerLeg, direction, caller, termination } = actor.state;
    if (termination !== null) return;
    for (const { legId, number } of contacts) {
      await this.#deps.outbound.begin({ ...wishOf(actor, legId), purpose: 'relay', number });
    }
    if (direction !== 'call-back' || caller.number === null) return;
    const customer = { ...wishOf(actor, callerLeg.id), number: caller.number };
    await this.#deps.outbound.begin({ ...customer, purpose: 'call-back', callerNumber: null });
  }
}

function wishOf(
  { state }: CallActor,
  legId: LegId,
): Pick<OutboundWish, 'callId' | 'legId' | 'subscriberId' | 'callerNumber'> {
  return {
    callId: state.id,
    legId,
    subscriberId: state.called.subscriberId,
    callerNumber: state.caller.number,
  };
}

/** What a final response says about the person who was rung. */
function reasonOf({ status }: LegFailure): RelayReason {
  switch (status) {
    case 486:
    case 600:
      return 'busy';
    case 408:
    case 480:
    case 487:
      return 'no-answer';
    case 603:
      return 'declined';
    case 404:
    case 410:
    case 484:
    case 604:
      return 'wrong-number';
    case 403:
      return 'not-allowed';
    default:
      return 'unreachable';
  }
}
