import { sleep } from '../base/index.ts';
import type { Clock, LegId, Logger } from '../base/index.ts';
import type { MediaPlane } from '../media/index.ts';
import { placesOfRedirect } from '../sip/index.ts';
import type {
  DialogState,
  InviteFailure,
  OfferInUpdate,
  OutgoingInvite,
  OutgoingInviteObserver,
  OutgoingTarget,
  Peer,
} from '../sip/index.ts';
import type { CallActor } from './call-actor.ts';
import type { OutgoingSignalling } from './leg-signalling.ts';
import type { OutboundCalls, OutboundRoute, StoredLeg } from './ports.ts';
import type { SipService } from './sip-service.ts';

export type OutgoingLegsDeps = { media: MediaPlane; sip: SipService; clock: Clock; log: Logger };

/**
 * How long an answer that cannot be stored stays without its ACK: until then the next process hears it
 * again (RFC 3261 §13.3.1.4: it is repeated for 32 s, every 4 s at last), and the two hear each other.
 */
const ACK_WITHIN_MS = 10_000;
/**
 * A server that says nothing at all, not even 100: the caller waits, so the next way is tried soon. Of the
 * last way to a trunk it is known before the time to answer is over, and no contact is blamed for it.
 */
const PATIENCE_MS = { next: 4_000, last: 12_000 };

/** One way to the telephone. */
export type Route = OutgoingTarget & { mediaNetworks?: readonly string[] };

export type OutgoingLeg = {
  actor: CallActor;
  legId: LegId;
  role: StoredLeg['role'];
  /** In the order in which they are to be tried: on to the next where one cannot carry the call. */
  routes: readonly Route[];
  onRinging?: () => void;
  /** Something is to be heard before the answer; the media plane knows where from. */
  onEarlyMedia?: () => void;
  /** Tells the call; what it says decides whether the leg stays. */
  onAnswered: () => Promise<void>;
  isWanted: () => boolean;
  onFailed: (why: LegFailure) => void;
  /**
   * A 3xx names other places (RFC 3261 §8.1.3.4): the ways to the first of them that may be rung, or
   * null. It is asked once: nobody sends a call of ours round in circles.
   */
  onMoved?: (places: readonly string[]) => Promise<Pick<OutgoingLeg, 'routes' | 'onRoute'> | null>;
  /** How each route went. */
  onRoute?: (route: Route, outcome: 'ringing' | 'answered' | InviteFailure) => void;
};

export type LegFailure = { status: number; text: string };

/**
 * The telephones that calls of ours ring: operators' phones, contacts, customers called back. Each
 * INVITE is stored before it leaves, so that the next process goes on with it or cancels it.
 */
export class OutgoingLegs {
  readonly #deps: OutgoingLegsDeps;
  readonly #outgoing = new Map<LegId, OutgoingInvite>();

  constructor(deps: OutgoingLegsDeps) {
    this.#deps = deps;
  }

  /** Rings the telephone, or goes on with what rings already. */
  async dial(leg: OutgoingLeg): Promise<void> {
    const { legId, routes } = leg;
    if (this.goesOn(leg)) return;
    const [route] = routes;
    if (!route) {
      leg.onFailed({ status: 404, text: 'nowhere to ring' });
      return;
    }
    const opened = await this.#deps.media.openLeg({
      id: legId,
      kind: 'rtp',
      signallingAddress: route.destination.address,
      ...(route.mediaNetworks ? { mediaNetworks: route.mediaNetworks } : {}),
    });
    if (!opened.ok) {
      leg.onFailed({ status: 503, text: opened.reason });
      return;
    }
    await this.#invite(leg, { index: 0, sdp: opened.value.localSdp });
  }

  /**
   * A telephone that rings or talks already goes on, also one that another process let ring and that may
   * have been picked up since. Which ways there are by now does not matter to it.
   */
  goesOn(leg: OutgoingLeg): boolean {
    return this.#isUnderWay(leg.actor, leg.legId) || this.#resume(leg);
  }

  #resume(leg: OutgoingLeg): boolean {
    const stored = leg.actor.legs.find(({ id }) => id === leg.legId);
    const signalling = signallingOf(leg.actor, leg.legId);
    if (!stored || !signalling || signalling.dialog) return signalling !== undefined;
    const { peer } = signalling.invite;
    const found = leg.routes.findIndex(({ destination }) => isSamePeer(destination, peer));
    // A route that is none any more was the last: there is no going on from it.
    const index = found === -1 ? leg.routes.length : found;
    const observer = this.#observer(leg, { index, sdp: stored.localSdp ?? '' });
    const outgoing = this.#deps.sip.agent.resumeOutgoingInvite(
      signalling.invite,
      observer,
      leg.routes[found]?.digest,
    );
    if (outgoing) this.#outgoing.set(leg.legId, outgoing);
    return outgoing !== undefined;
  }

  #isUnderWay(actor: CallActor, legId: LegId): boolean {
    return this.#outgoing.has(legId) || signallingOf(actor, legId)?.dialog != null;
  }

  /** CANCEL or BYE, where one is still owed; the media leg is closed. */
  async end(actor: CallActor, legId: LegId): Promise<void> {
    const outgoing = this.#outgoing.get(legId);
    if (outgoing) {
      outgoing.cancel();
      this.#outgoing.delete(legId);
    } else {
      await this.#hangUp(actor, legId);
    }
    await this.#deps.media.closeLeg(legId);
  }

  async #invite(leg: OutgoingLeg, at: { index: number; sdp: string }): Promise<void> {
    const { actor, legId, role, routes } = leg;
    const route = routes[at.index];
    if (!route) return;
    const outgoing = this.#deps.sip.agent.prepareInvite({
      ...route,
      ...patienceFor(leg, at.index),
      sdp: at.sdp,
      observer: this.#observer(leg, at),
    });
    this.#outgoing.set(legId, outgoing);
    const sip: OutgoingSignalling = { side: 'outgoing', invite: outgoing.stored, dialog: null };
    actor.putLeg({ id: legId, role, kind: 'sip', localSdp: at.sdp, sip });
    await actor.saveLegs();
    // It may not be wanted any more when the store is back.
    void actor.whenStored().then(() => {
      if (this.#outgoing.get(legId) === outgoing) outgoing.start();
    });
  }

  #observer(leg: OutgoingLeg, at: { index: number; sdp: string }): OutgoingInviteObserver {
    const route = leg.routes[at.index];
    const note = (outcome: 'ringing' | 'answered' | InviteFailure): void => {
      if (route) leg.onRoute?.(route, outcome);
    };
    return {
      onProvisional: ({ sdp }) => {
        note('ringing');
        leg.onRinging?.();
        if (sdp !== '') void this.#earlyMedia(leg, sdp);
      },
      onOffer: (update) => this.#offered(leg, update),
      onSentAgain: () => this.#sentAgain(leg),
      onAnswered: (answer) => {
        note('answered');
        void this.#answered(leg, answer);
      },
      onFailed: (failure) => {
        note(failure);
        void this.#failed(leg, at, failure);
      },
    };
  }

  /** The next process goes on with this one, not with the one that was challenged. */
  #sentAgain({ actor, legId }: OutgoingLeg): void {
    const outgoing = this.#outgoing.get(legId);
    const stored = actor.legs.find(({ id }) => id === legId);
    const signalling = signallingOf(actor, legId);
    if (!outgoing || !stored || !signalling) return;
    actor.putLeg({ ...stored, sip: { ...signalling, invite: outgoing.stored } });
    void actor.saveLegsInTurn();
  }

  /** RFC 3960 §3: what the far end plays while it rings. The answer is agreed on anew. */
  async #earlyMedia({ legId, onEarlyMedia }: OutgoingLeg, sdp: string): Promise<void> {
    if (onEarlyMedia === undefined) return;
    const understood = await this.#deps.media.acceptAnswer(legId, sdp);
    if (understood.ok) onEarlyMedia();
  }

  /** RFC 3311 §5.1: what is to be heard before the answer moves, as a gateway passes the call on. */
  async #offered({ actor, legId }: OutgoingLeg, update: OfferInUpdate): Promise<boolean> {
    const agreed = await this.#deps.media.renegotiate(legId, update.sdp);
    if (!agreed.ok) {
      update.respond(agreed.reason === 'plane-down' ? 503 : 488);
      return false;
    }
    const { localSdp } = agreed.value;
    const stored = actor.legs.find(({ id }) => id === legId);
    if (stored) actor.putLeg({ ...stored, localSdp });
    update.respond(200, { sdp: localSdp });
    await actor.saveLegsInTurn();
    return true;
  }

  async #answered(leg: OutgoingLeg, answer: { sdp: string; dialog: DialogState }): Promise<void> {
    const { media, sip } = this.#deps;
    const { actor, legId } = leg;
    const outgoing = this.#outgoing.get(legId);
    this.#outgoing.delete(legId);
    const stored = actor.legs.find((known) => known.id === legId);
    const signalling = signallingOf(actor, legId);
    if (stored && signalling) {
      actor.putLeg({ ...stored, sip: { ...signalling, dialog: answer.dialog } });
    }
    sip.bind(actor, legId, answer.dialog);
    const understood = await media.acceptAnswer(legId, answer.sdp);
    // The telephone says it again, to the next process.
    if (actor.hasLeft) return;
    if (understood.ok) {
      await leg.onAnswered();
      sip.noteHold(actor, legId, answer.sdp);
    } else leg.onFailed({ status: 488, text: understood.reason });
    await this.#untilStored(actor);
    outgoing?.acknowledge();
    // The call may have gone elsewhere while the telephone was being picked up.
    if (!understood.ok || !leg.isWanted()) await this.end(actor, legId);
  }

  async #untilStored(actor: CallActor): Promise<void> {
    const waiting = new AbortController();
    const late = sleep(this.#deps.clock, ACK_WITHIN_MS, waiting.signal).catch(() => undefined);
    await Promise.race([actor.whenStored(), late]);
    waiting.abort();
  }

  async #failed(
    leg: OutgoingLeg,
    { index, sdp }: { index: number; sdp: string },
    failure: InviteFailure,
  ): Promise<void> {
    if (leg.actor.hasLeft) return;
    const isOurs = this.#outgoing.delete(leg.legId);
    const next = index + 1;
    if (isOurs && next < leg.routes.length && isRouteTrouble(failure)) {
      await this.#inviteNext(leg, { index: next, sdp });
      return;
    }
    this.#forgetInvite(leg);
    if (isOurs && (await this.#followed(leg, { sdp, failure }))) return;
    await this.#deps.media.closeLeg(leg.legId);
    // 408 is a proxy's word for a telephone that was not picked up; here nobody has said anything.
    const status = failure.reason === 'timeout' ? 503 : failure.status;
    leg.onFailed({ status, text: `${failure.status} ${failure.reason}` });
  }

  async #followed(
    { onMoved, ...leg }: OutgoingLeg,
    { sdp, failure }: { sdp: string; failure: InviteFailure },
  ): Promise<boolean> {
    const places = failure.response ? placesOfRedirect(failure.response) : [];
    const ways = places.length > 0 ? await onMoved?.(places) : undefined;
    if (!ways || ways.routes.length === 0 || leg.actor.hasLeft || !leg.isWanted()) return false;
    leg.actor.log.info({ legId: leg.legId, status: failure.status }, 'moved: rung elsewhere');
    await this.#inviteNext({ ...leg, ...ways }, { index: 0, sdp });
    return true;
  }

  /** Unless the call has given the leg up by the time it is its turn. */
  async #inviteNext(leg: OutgoingLeg, at: { index: number; sdp: string }): Promise<void> {
    await leg.actor.inTurn('next route', async () => {
      if (leg.isWanted()) await this.#invite(leg, at);
    });
  }

  /** An INVITE that was refused is nothing that this process or the next could cancel or go on with. */
  #forgetInvite({ actor, legId }: OutgoingLeg): void {
    const stored = actor.legs.find(({ id }) => id === legId);
    if (stored && signallingOf(actor, legId)) actor.putLeg({ ...stored, sip: null });
  }

  async #hangUp(actor: CallActor, legId: LegId): Promise<void> {
    const { sip } = this.#deps;
    const leg = actor.legs.find((known) => known.id === legId);
    const signalling = signallingOf(actor, legId);
    if (!leg || !signalling) return;
    const { dialog, invite } = signalling;
    if (dialog && sip.isBound(dialog)) await sip.bye(actor, leg, dialog);
    else if (!dialog) this.#cancelStored(leg, invite);
  }

  /** A telephone that another process let ring. */
  #cancelStored(leg: StoredLeg, invite: OutgoingSignalling['invite']): void {
    const ignore = (): void => undefined;
    const outgoing = this.#deps.sip.agent.resumeOutgoingInvite(invite, {
      onAnswered: ignore,
      onFailed: ignore,
    });
    this.#deps.log.info({ legId: leg.id }, 'telephone left ringing by a former process: cancelled');
    outgoing?.cancel();
  }
}

function patienceFor({ routes, onRoute }: OutgoingLeg, index: number): { patienceMs?: number } {
  if (index + 1 < routes.length) return { patienceMs: PATIENCE_MS.next };
  return onRoute === undefined ? {} : { patienceMs: PATIENCE_MS.last };
}

function signallingOf(actor: CallActor, legId: LegId): OutgoingSignalling | undefined {
  const sip = actor.legs.find((known) => known.id === legId)?.sip;
  return sip?.side === 'outgoing' ? sip : undefined;
}

function isSamePeer(one: Peer, other: Peer): boolean {
  return one.address === other.address && one.port === other.port;
}

/** Tells those who chose the routes how one of them went. */
export function noteRoute(
  outbound: OutboundCalls,
  routes: readonly OutboundRoute[],
  { route, outcome }: { route: Route; outcome: Parameters<OutboundCalls['note']>[1] },
): void {
  const known = routes.find((one) => one === route);
  if (known) outbound.note(known, outcome);
}

/** We are not let in there, nothing is paid, or our sound is not spoken there: no telephone says so. */
const OF_THE_ROUTE: readonly number[] = [401, 402, 407, 488];

/** The trunk cannot carry the call; what the called party says is final. */
function isRouteTrouble({ status, reason }: InviteFailure): boolean {
  if (reason === 'timeout' || reason === 'transport-error') return true;
  if (reason !== 'rejected') return false;
  return (status >= 500 && status < 600) || OF_THE_ROUTE.includes(status);
}
