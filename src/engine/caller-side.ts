import { assert } from '../base/index.ts';
import type { LegId, Logger } from '../base/index.ts';
import type { Termination } from '../calls/index.ts';
import { noticeOf } from '../calls/index.ts';
import type { MediaPlane } from '../media/index.ts';
import type { DialogState, IncomingInvite } from '../sip/index.ts';
import type { CallActor } from './call-actor.ts';
import type { IncomingSignalling } from './leg-signalling.ts';
import type { StoredLeg } from './ports.ts';
import type { SipService } from './sip-service.ts';

export type CallerSideDeps = { media: MediaPlane; sip: SipService; log: Logger };

/** The caller's leg, telephone or browser: rung, answered and ended in the call's words. */
export class CallerSide {
  readonly #deps: CallerSideDeps;
  /** INVITEs of this process without a final response. */
  readonly #invites = new Map<LegId, IncomingInvite>();
  /** Answered by us; the 200 waits until the caller has answered the offer in our ringing. */
  readonly #waiting = new Set<LegId>();

  constructor(deps: CallerSideDeps) {
    this.#deps = deps;
  }

  /** The INVITE of a call of a former process: the caller may still repeat or cancel it. */
  adopt(actor: CallActor, leg: StoredLeg): void {
    if (leg.sip?.side !== 'incoming') return;
    const { callerLeg, termination } = actor.state;
    const invite = this.#deps.sip.agent.resumeIncomingInvite(leg.sip.invite);
    if (callerLeg.answered) invite?.resumeAnswered(leg.sip.answer);
    if (invite?.state !== 'open') return;
    this.attach(actor, leg.id, invite);
    if (termination !== null) return;
    // As an UPDATE may have moved it.
    this.#deps.sip.agent.adoptDialog({ ...leg.sip.dialog, state: 'early' });
    invite.provisional(180);
  }

  /** The INVITE of a leg, new or left by another process. */
  attach(actor: CallActor, legId: LegId, invite: IncomingInvite): void {
    this.#invites.set(legId, invite);
    invite.observe({
      onMoved: (dialog) => this.#moved(actor, dialog),
      onAnswer: (sdp) => this.#agreed(actor, invite, sdp),
      onMayAnswer: () => {
        if (this.#waiting.has(legId)) this.answer(actor);
      },
      onCancel: () => actor.note({ type: 'caller.hung-up' }),
      onAck: (sdp) => void this.#acknowledged(actor, sdp),
      onAckTimeout: () => void actor.post({ type: 'caller.failed', reason: 'ack-missing' }),
      onUnheard: () => void actor.post({ type: 'caller.failed', reason: 'ack-missing' }),
    });
  }

  ring(actor: CallActor): void {
    const leg = callerLeg(actor);
    const invite = this.#invites.get(leg.id);
    invite?.provisional(180, invite.wantsOffer ? { sdp: leg.localSdp ?? '' } : {});
  }

  answer(actor: CallActor): void {
    const leg = callerLeg(actor);
    if (leg.kind === 'browser') {
      void actor.post({ type: 'caller.connected' });
      return;
    }
    const { answer } = signallingOf(leg);
    const { sip } = this.#deps;
    const invite = this.#invites.get(leg.id);
    if (invite?.isOfferOpen === true && invite.state === 'open') {
      this.#waiting.add(leg.id);
      return;
    }
    this.#waiting.delete(leg.id);
    this.#invites.delete(leg.id);
    // She gave up while the answer was being stored; that is what the call learns next.
    if (invite?.state === 'ended') return;
    if (invite?.sendAnswer(answer) !== true) {
      sip.agent.resumeAcceptedInvite(answer, {
        onAck: (sdp) => void this.#acknowledged(actor, sdp),
        onAckTimeout: () => void actor.post({ type: 'caller.failed', reason: 'ack-missing' }),
      });
    }
    sip.bind(actor, leg.id, sip.agent.dialog(answer.dialog) ?? answer.dialog);
  }

  /** RFC 3311: the caller is elsewhere from now on, for the next process too. */
  #moved(actor: CallActor, { remoteTarget, remoteSeq, peer }: DialogState): Promise<void> {
    const leg = callerLeg(actor);
    const signalling = signallingOf(leg);
    const dialog = { ...signalling.answer.dialog, remoteTarget, remoteSeq, peer };
    const answer = { ...signalling.answer, dialog };
    actor.putLeg({ ...leg, sip: { ...signalling, answer, dialog } });
    return actor.saveLegsInTurn();
  }

  /** RFC 3262 §5: the PRACK has answered the offer in our ringing; neither 200 nor ACK carries any. */
  async #agreed(actor: CallActor, invite: IncomingInvite, sdp: string): Promise<void> {
    const leg = callerLeg(actor);
    const accepted = await this.#deps.media.acceptAnswer(leg.id, sdp);
    if (!accepted.ok) {
      void actor.post({ type: 'caller.failed', reason: 'no-common-codec' });
      return;
    }
    const answer = invite.prepareAnswer();
    const now = callerLeg(actor);
    const sip = { ...signallingOf(now), answer, dialog: answer.dialog, offerless: false };
    actor.putLeg({ ...now, sip });
    await actor.saveLegsInTurn();
  }

  /** A call that rings and that nobody will know of: whoever sent it may try elsewhere. */
  turnAway(actor: CallActor): void {
    reject(this.#invites.get(callerLeg(actor).id), 503);
  }

  async end(actor: CallActor, termination: Termination): Promise<void> {
    const leg = callerLeg(actor);
    if (leg.kind === 'sip') await this.#endSip(actor, leg, termination);
    await this.#deps.media.closeLeg(leg.id);
  }

  async #endSip(actor: CallActor, leg: StoredLeg, termination: Termination): Promise<void> {
    const invite = this.#invites.get(leg.id);
    this.#waiting.delete(leg.id);
    this.#invites.delete(leg.id);
    const { dialog } = signallingOf(leg);
    if (invite?.state === 'open') {
      reject(invite, noticeOf(termination).sipStatus);
      return;
    }
    const isAnswered = this.#deps.sip.isBound(dialog);
    if (isAnswered) await this.#deps.sip.bye(actor, leg, dialog);
    else this.#deps.sip.unbind(dialog);
  }

  async #acknowledged(actor: CallActor, sdp: string): Promise<void> {
    const leg = callerLeg(actor);
    if (signallingOf(leg).offerless) {
      const accepted = await this.#deps.media.acceptAnswer(leg.id, sdp);
      if (!accepted.ok) {
        await actor.post({ type: 'caller.failed', reason: 'no-common-codec' });
        return;
      }
    }
    await actor.post({ type: 'caller.connected' });
  }
}

/** RFC 3261 §21.5.4: a 503 that says when to come again is no 500, and no reason to give us up. */
function reject(invite: IncomingInvite | undefined, status: number): void {
  invite?.reject(status, status === 503 ? { headers: [['Retry-After', '10']] } : {});
}

function callerLeg(actor: CallActor): StoredLeg {
  const leg = actor.leg('caller');
  assert(leg, 'a call has a caller leg');
  return leg;
}

function signallingOf(leg: StoredLeg): IncomingSignalling {
  assert(leg.sip?.side === 'incoming', 'a telephone caller has SIP signalling');
  return leg.sip;
}
