import { newId } from '../base/index.ts';
import type { Clock, E164, LegId, Random } from '../base/index.ts';
import type { Offer, Operator, OperatorDevice } from '../calls/index.ts';
import { encodeUser } from '../sip/index.ts';
import type { Peer } from '../sip/index.ts';
import type { Directory } from '../subscribers/index.ts';
import type { CallActor } from './call-actor.ts';
import { noteRoute } from './outgoing-legs.ts';
import type { LegFailure, OutgoingLegs } from './outgoing-legs.ts';
import type { PhoneBook } from './phone-book.ts';
import type { OutboundCalls, OutboundWish } from './ports.ts';
import type { SipService } from './sip-service.ts';

export type OperatorSideDeps = {
  clock: Clock;
  random: Random;
  sip: SipService;
  legs: OutgoingLegs;
  phones: PhoneBook;
  outbound: OutboundCalls;
  directory: Directory;
};

/** RFC 5373, and what telephones understood before it. */
const PICK_UP = [
  ['Answer-Mode', 'Auto'],
  ['Call-Info', '<sip:denwaban.invalid>;answer-after=0'],
  ['Alert-Info', '<http://denwaban.invalid>;info=alert-autoanswer;delay=0'],
] as const;

/** What a telephone says whose owner presses its key for refusing, by its make. */
const DECLINED: ReadonlySet<number> = new Set([486, 600, 603]);

/** How an operator is called: a ring card in the browser, an INVITE to a phone. */
export class OperatorSide {
  readonly #deps: OperatorSideDeps;

  constructor(deps: OperatorSideDeps) {
    this.#deps = deps;
  }

  registeredUsers(): string[] {
    return this.#deps.phones.registeredUsers();
  }

  /** The leg and device by which an operator has a call: her kept-up leg, or a new one to her phone. */
  reach(operator: Operator): { legId: LegId; device: OperatorDevice } {
    const { clock, random } = this.#deps;
    const { deviceKind, legId: keptUp, sipUri, sipUsername, number, autoAnswers } = operator;
    if (deviceKind === 'browser' && keptUp !== null) {
      return { legId: keptUp, device: { kind: 'browser', legId: keptUp } };
    }
    const legId = newId<LegId>('leg', clock.now(), random);
    if (deviceKind === 'number' && number !== null) {
      return { legId, device: { kind: 'number', number } };
    }
    const target = sipUri ?? `registered:${sipUsername ?? ''}`;
    return { legId, device: { kind: 'sip', target, ...(autoAnswers && { autoAnswer: true }) } };
  }

  async offer(actor: CallActor, offer: Offer): Promise<void> {
    // A browser's ring card appears by the transition itself, which screens are told of.
    const { device, operatorId, legId } = offer;
    if (device.kind === 'browser') return;
    const { phones, legs } = this.#deps;
    const failed = (reason: string): void => {
      void actor.post({ type: 'offer.failed', operatorId, reason });
    };
    if (device.kind === 'number') {
      await this.#offerOutside(actor, { operatorId, legId, number: device.number }, failed);
      return;
    }
    const phone = await phones.resolve(device.target);
    if (!phone) {
      failed('phone is not registered');
      return;
    }
    const from = this.#callerAsShown(actor, phone.destination);
    const headers = device.autoAnswer === true ? PICK_UP : [];
    await legs.dial({
      actor,
      legId,
      role: 'operator',
      routes: [{ ...phone, from, headers }],
      onAnswered: () => actor.post({ type: 'offer.accepted', operatorId }),
      isWanted: () => actor.state.operator?.legId === legId,
      onFailed: ({ status, text }) => {
        if (DECLINED.has(status)) void actor.post({ type: 'offer.declined', operatorId });
        else failed(text);
      },
    });
  }

  async withdraw(actor: CallActor, offer: Offer): Promise<void> {
    await this.end(actor, offer.legId, offer.device);
  }

  async end(actor: CallActor, legId: LegId, device: OperatorDevice): Promise<void> {
    if (device.kind === 'browser') return;
    if (device.kind === 'number') this.#deps.outbound.end(legId);
    await this.#deps.legs.end(actor, legId);
  }

  /** A telephone outside that a former process rang counts against the ceilings still. */
  async adopt(actor: CallActor): Promise<void> {
    const { offer, operator, termination } = actor.state;
    if (termination !== null) return;
    for (const one of [offer, operator]) {
      if (one?.device.kind !== 'number') continue;
      await this.#deps.outbound.begin(this.#wish(actor, one.legId, one.device.number));
    }
  }

  /** A key of hers, while she is asked for one. */
  async pressed(actor: CallActor, legId: LegId, digit: string): Promise<void> {
    const { offer } = actor.state;
    if (offer?.legId !== legId || offer.asked !== true) return;
    const { operatorId } = offer;
    if (digit === '1') await actor.post({ type: 'offer.accepted', operatorId });
    else if (digit === '2') await actor.post({ type: 'offer.declined', operatorId });
    else if (digit === '3') await actor.post({ type: 'offer.picked-up', operatorId, wait: true });
  }

  /** By the rules of outbound calls, and never taken by what merely picks up. */
  async #offerOutside(
    actor: CallActor,
    { operatorId, legId, number }: { operatorId: Offer['operatorId']; legId: LegId; number: E164 },
    failed: (reason: string) => void,
  ): Promise<void> {
    const { outbound, legs } = this.#deps;
    const leg = {
      actor,
      legId,
      role: 'operator',
      onAnswered: () => actor.post({ type: 'offer.picked-up', operatorId, wait: false }),
      isWanted: () => [actor.state.offer, actor.state.operator].some((one) => one?.legId === legId),
      onFailed: ({ text }: LegFailure) => failed(text),
    } as const;
    const plan = await outbound.begin(this.#wish(actor, legId, number));
    // As for contacts: what rings already needs no way there.
    if (!plan.ok && legs.goesOn({ ...leg, routes: [] })) return;
    if (!plan.ok) {
      failed(plan.because);
      return;
    }
    await legs.dial({
      ...leg,
      routes: plan.routes,
      onRoute: (route, outcome) => noteRoute(outbound, plan.routes, { route, outcome }),
    });
  }

  #wish({ state }: CallActor, legId: LegId, number: E164): OutboundWish {
    return {
      callId: state.id,
      legId,
      subscriberId: state.called.subscriberId,
      purpose: 'operator',
      number,
      callerNumber: state.caller.number,
    };
  }

  /** The caller's number, and the subscriber's name: what the phone's display is for. */
  #callerAsShown(actor: CallActor, destination: Peer): { uri: string; displayName: string } {
    const { caller, called } = actor.state;
    const { directory, sip } = this.#deps;
    const company =
      called.subscriberId === null ? null : directory.subscriber(called.subscriberId)?.name;
    const user = caller.number ?? caller.rawNumber ?? 'anonymous';
    // What a caller's telephone calls itself may hold anything.
    const contact = sip.agent.contactUri(destination.protocol, encodeUser(user));
    return { uri: contact, displayName: company ?? called.dialedNumber };
  }
}
