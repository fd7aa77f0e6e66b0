import type { LegId } from '../base/index.ts';
import type { RelayReason, RelayTarget } from '../calls/index.ts';
import { readNumber } from '../subscribers/index.ts';
import type { NumberPlan } from '../subscribers/index.ts';
import type { CallActor } from './call-actor.ts';
import { noteRoute } from './outgoing-legs.ts';
import type { LegFailure, OutgoingLeg, OutgoingLegs } from './outgoing-legs.ts';
import type { OutboundCalls, OutboundPlan, OutboundRoute, OutboundWish } from './ports.ts';

export type ContactSideDeps = { outbound: OutboundCalls; legs: OutgoingLegs; plan: NumberPlan };
type Ways = Pick<OutgoingLeg, 'routes' | 'onRoute'>;

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
      presentation: contact.presentation,
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
      void actor.post({ type: 'contact.failed', legId, reason: refusedBecause(plan) });
      return;
    }
    const onMoved = (places: readonly string[]): Promise<Ways | null> => this.#moved(wish, places);
    await this.#deps.legs.dial({ ...leg, ...this.#ways(plan.routes), onMoved });
  }

  async end(actor: CallActor, legId: LegId): Promise<void> {
    this.#deps.outbound.end(legId);
    await this.#deps.legs.end(actor, legId);
  }

  /** Call-back: the customer's telephone is the caller's leg. */
  async dialCustomer(actor: CallActor): Promise<void> {
    const { id: legId } = actor.state.callerLeg;
    const { number, presentation } = actor.state.caller;
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
    const rung = { ...wishOf(actor, legId), purpose: 'call-back', number } as const;
    const wish = { ...rung, presentation, callerNumber: null };
    const plan = await this.#deps.outbound.begin(wish);
    // What rings already needs no way there: right after a start no trunk may be known yet.
    if (!plan.ok && this.#deps.legs.goesOn({ ...leg, routes: [] })) return;
    if (!plan.ok) {
      failed(refusedBecause(plan));
      return;
    }
    const onMoved = (places: readonly string[]): Promise<Ways | null> => this.#moved(wish, places);
    await this.#deps.legs.dial({ ...leg, ...this.#ways(plan.routes), onMoved });
  }

  #ways(routes: readonly OutboundRoute[]): Ways {
    const { outbound } = this.#deps;
    return { routes, onRoute: (route, outcome) => noteRoute(outbound, routes, { route, outcome }) };
  }

  /** A 3xx may only name a number, which is rung like any other: by the rules, and over our own trunks. */
  async #moved(wish: OutboundWish, places: readonly string[]): Promise<Ways | null> {
    for (const place of places) {
      const number = readNumber(place, this.#deps.plan);
      if (number === null || number === wish.number) continue;
      const plan = await this.#deps.outbound.begin({ ...wish, number });
      if (plan.ok) return this.#ways(plan.routes);
    }
    return null;
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

function refusedBecause({ reason }: Extract<OutboundPlan, { ok: false }>): RelayReason {
  switch (reason) {
    case 'no-trunk':
      return 'unreachable';
    case 'ceiling-reached':
      return 'too-many-calls';
    case 'number-not-allowed':
      return 'not-allowed';
  }
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
