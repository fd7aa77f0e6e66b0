import { newId } from '../base/index.ts';
import type { Clock, LegId, Random } from '../base/index.ts';
import type { Offer, Operator, OperatorDevice } from '../calls/index.ts';
import type { Peer } from '../sip/index.ts';
import type { Directory } from '../subscribers/index.ts';
import type { CallActor } from './call-actor.ts';
import type { OutgoingLegs } from './outgoing-legs.ts';
import type { PhoneBook } from './phone-book.ts';
import type { SipService } from './sip-service.ts';

export type OperatorSideDeps = {
  clock: Clock;
  random: Random;
  sip: SipService;
  legs: OutgoingLegs;
  phones: PhoneBook;
  directory: Directory;
};

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
    const { deviceKind, legId: keptUp, sipUri, sipUsername } = operator;
    if (deviceKind === 'browser' && keptUp !== null) {
      return { legId: keptUp, device: { kind: 'browser', legId: keptUp } };
    }
    const legId = newId<LegId>('leg', clock.now(), random);
    const target = sipUri ?? `registered:${sipUsername ?? ''}`;
    return { legId, device: { kind: 'sip', target } };
  }

  async offer(actor: CallActor, offer: Offer): Promise<void> {
    // A browser's ring card appears by the transition itself, which screens are told of.
    if (offer.device.kind === 'browser') return;
    const { phones, legs } = this.#deps;
    const { operatorId, legId } = offer;
    const failed = (reason: string): void => {
      void actor.post({ type: 'offer.failed', operatorId, reason });
    };
    const phone = await phones.resolve(offer.device.target);
    if (!phone) {
      failed('phone is not registered');
      return;
    }
    const from = this.#callerAsShown(actor, phone.destination);
    await legs.dial({
      actor,
      legId,
      role: 'operator',
      routes: [{ uri: phone.uri, destination: phone.destination, route: phone.route, from }],
      onAnswered: () => actor.post({ type: 'offer.accepted', operatorId }),
      isWanted: () => actor.state.operator?.legId === legId,
      onFailed: ({ text }) => failed(text),
    });
  }

  async withdraw(actor: CallActor, offer: Offer): Promise<void> {
    if (offer.device.kind === 'sip') await this.#deps.legs.end(actor, offer.legId);
  }

  async end(actor: CallActor, legId: LegId, device: OperatorDevice): Promise<void> {
    if (device.kind === 'sip') await this.#deps.legs.end(actor, legId);
  }

  /** The caller's number, and the subscriber's name: what the phone's display is for. */
  #callerAsShown(actor: CallActor, destination: Peer): { uri: string; displayName: string } {
    const { caller, called } = actor.state;
    const { directory, sip } = this.#deps;
    const company =
      called.subscriberId === null ? null : directory.subscriber(called.subscriberId)?.name;
    const user = caller.number ?? caller.rawNumber ?? 'anonymous';
    const contact = sip.agent.contactUri(destination.protocol, user);
    return { uri: contact, displayName: company ?? called.dialedNumber };
  }
}
