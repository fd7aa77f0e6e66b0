import { assert } from '../base/index.ts';
import type { LegId, Logger } from '../base/index.ts';
import type { Offer, Operator, OperatorDevice } from '../calls/index.ts';
import type { MediaPlane } from '../media/index.ts';
import type { DialogState, OutgoingInvite, OutgoingInviteObserver, Peer } from '../sip/index.ts';
import type { Directory } from '../subscribers/index.ts';
import type { CallActor } from './call-actor.ts';
import type { OperatorSignalling } from './leg-signalling.ts';
import type { PhoneBook } from './phone-book.ts';
import type { StoredLeg } from './ports.ts';
import type { SipService } from './sip-service.ts';

export type OperatorSideDeps = {
  media: MediaPlane;
  sip: SipService;
  phones: PhoneBook;
  log: Logger;
  directory: Directory;
};

/** How an operator is called: a ring card in the browser, an INVITE to a phone. */
export class OperatorSide {
  readonly #deps: OperatorSideDeps;
  readonly #outgoing = new Map<LegId, OutgoingInvite>();

  constructor(deps: OperatorSideDeps) {
    this.#deps = deps;
  }

  registeredUsers(): string[] {
    return this.#deps.phones.registeredUsers();
  }

  /** What stands in the call's state for this operator's phone. */
  targetOf(operator: Operator): string {
    return operator.sipUri ?? `registered:${operator.sipUsername ?? ''}`;
  }

  async offer(actor: CallActor, offer: Offer): Promise<void> {
    // A browser's ring card appears by the transition itself, which screens are told of.
    if (offer.device.kind === 'browser') return;
    const failed = await this.#invite(actor, offer, offer.device.target);
    if (failed === null) return;
    const { operatorId } = offer;
    void actor.post({ type: 'offer.failed', operatorId, reason: failed });
  }

  async withdraw(actor: CallActor, offer: Offer): Promise<void> {
    if (offer.device.kind === 'sip') await this.#endPhone(actor, offer.legId);
  }

  async end(actor: CallActor, legId: LegId, device: OperatorDevice): Promise<void> {
    if (device.kind === 'sip') await this.#endPhone(actor, legId);
  }

  /** Null when the INVITE is on its way, else why not. */
  async #invite(actor: CallActor, offer: Offer, target: string): Promise<string | null> {
    const { phones, media, sip } = this.#deps;
    if (this.#outgoing.has(offer.legId) || this.#resume(actor, offer)) return null;
    const phone = await phones.resolve(target);
    if (!phone) return 'phone is not registered';
    const opened = await media.openLeg({
      id: offer.legId,
      kind: 'rtp',
      signallingAddress: phone.destination.address,
    });
    if (!opened.ok) return opened.reason;
    const sdp = opened.value.localSdp;
    const outgoing = sip.agent.prepareInvite({
      uri: phone.uri,
      destination: phone.destination,
      route: phone.route,
      from: this.#callerAsShown(actor, phone.destination),
      sdp,
      observer: this.#observer(actor, offer),
    });
    this.#outgoing.set(offer.legId, outgoing);
    // The next process must not ring the phone a second time.
    const leg = { id: offer.legId, role: 'operator', kind: 'sip', localSdp: sdp } as const;
    const signalling: OperatorSignalling = {
      side: 'operator',
      invite: outgoing.stored,
      dialog: null,
    };
    actor.putLeg({ ...leg, sip: signalling });
    await actor.saveLegs();
    outgoing.start();
    return null;
  }

  /** A phone that another process let ring goes on ringing, and may have been picked up meanwhile. */
  #resume(actor: CallActor, offer: Offer): boolean {
    const signalling = actor.legs.find((known) => known.id === offer.legId)?.sip;
    if (signalling?.side !== 'operator') return false;
    const observer = this.#observer(actor, offer);
    const outgoing = this.#deps.sip.agent.resumeOutgoingInvite(signalling.invite, observer);
    if (outgoing) this.#outgoing.set(offer.legId, outgoing);
    return outgoing !== undefined;
  }

  #observer(actor: CallActor, offer: Offer): OutgoingInviteObserver {
    return {
      onAnswered: (answer) => void this.#answered(actor, offer, answer),
      onFailed: ({ status, reason }) => void this.#failed(actor, offer, `${status} ${reason}`),
    };
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

  async #answered(
    actor: CallActor,
    offer: Offer,
    answer: { sdp: string; dialog: DialogState },
  ): Promise<void> {
    const { media, sip } = this.#deps;
    const { legId, operatorId } = offer;
    const outgoing = this.#outgoing.get(legId);
    this.#outgoing.delete(legId);
    const leg = actor.legs.find((known) => known.id === legId);
    assert(leg?.sip?.side === 'operator', 'an answered phone has a leg');
    const signalling: OperatorSignalling = { ...leg.sip, dialog: answer.dialog };
    actor.putLeg({ ...leg, sip: signalling });
    sip.bind(actor, legId, answer.dialog);
    const understood = await media.acceptAnswer(legId, answer.sdp);
    await actor.post(
      understood.ok
        ? { type: 'offer.accepted', operatorId }
        : { type: 'offer.failed', operatorId, reason: understood.reason },
    );
    outgoing?.acknowledge();
    // The call may have gone elsewhere while the phone was being picked up.
    if (actor.state.operator?.legId !== legId) await this.#hangUp(actor, legId);
  }

  async #failed(actor: CallActor, offer: Offer, reason: string): Promise<void> {
    this.#outgoing.delete(offer.legId);
    await this.#deps.media.closeLeg(offer.legId);
    await actor.post({ type: 'offer.failed', operatorId: offer.operatorId, reason });
  }

  async #endPhone(actor: CallActor, legId: LegId): Promise<void> {
    const outgoing = this.#outgoing.get(legId);
    if (outgoing) {
      outgoing.cancel();
      this.#outgoing.delete(legId);
    } else {
      await this.#hangUp(actor, legId);
    }
    await this.#deps.media.closeLeg(legId);
  }

  async #hangUp(actor: CallActor, legId: LegId): Promise<void> {
    const { sip } = this.#deps;
    const leg = actor.legs.find((known) => known.id === legId);
    if (leg?.sip?.side !== 'operator') return;
    const { dialog, invite } = leg.sip;
    if (dialog && sip.isBound(dialog)) await sip.bye(actor, leg, dialog);
    else if (!dialog) this.#cancelStored(leg, invite);
  }

  /** A phone that another process let ring. */
  #cancelStored(leg: StoredLeg, invite: OperatorSignalling['invite']): void {
    const ignore = (): void => undefined;
    const outgoing = this.#deps.sip.agent.resumeOutgoingInvite(invite, {
      onAnswered: ignore,
      onFailed: ignore,
    });
    this.#deps.log.info({ legId: leg.id }, 'phone left ringing by a former process: cancelled');
    outgoing?.cancel();
  }
}
