import { createHash } from 'node:crypto';
import { sleep } from '../base/index.ts';
import type { Clock, LegId, Logger, Random } from '../base/index.ts';
import { isHold, readAudio } from '../media/index.ts';
import type { MediaPlane } from '../media/index.ts';
import {
  FloodGate,
  SipUserAgent,
  dialogKey,
  digitOfInfo,
  glareDelayMs,
  sdpOf,
} from '../sip/index.ts';
import type {
  Address,
  DialogState,
  DigestSession,
  InDialogOptions,
  InDialogOutcome,
  IncomingInvite,
  IncomingRequest,
  Peer,
  PreparedRequest,
  SipTransport,
  TransportProtocol,
} from '../sip/index.ts';
import type { CallActor } from './call-actor.ts';
import type { LegSignalling, PendingRefer } from './leg-signalling.ts';
import type { StoredLeg } from './ports.ts';
import { SipTransfers } from './sip-transfer.ts';
import type { IncomingRefer, ReferOptions, ReferOutcome, ReferReport } from './sip-transfer.ts';

export type SipServiceDeps = {
  clock: Clock;
  random: Random;
  log: Logger;
  media: MediaPlane;
  transports: readonly SipTransport[];
  localContacts: Partial<Record<TransportProtocol, Address>>;
  userAgentName: string;
};

export type SipHandlers = {
  onInvite: (invite: IncomingInvite) => Promise<void>;
  onRegister: (request: IncomingRequest) => Promise<void>;
  /** True for an address of a trunk or of a registered or configured phone. */
  isKnownPeer: (peer: Peer) => boolean;
  /** Our account at the peer of this dialog, where it is a carrier's; absent: we have none anywhere. */
  digestFor?: (dialog: DialogState) => DigestSession | undefined;
  /** A connection is gone, or none could be made: who is registered over it registers anew. */
  onConnectionLost?: (peer: Peer) => void;
  /** A party holds its side of the call, or is back (null). */
  onHold?: (actor: CallActor, legId: LegId, how: Held | null) => void;
  /** A key by signalling (INFO); those in the sound are the media plane's to tell. */
  onDigit?: (actor: CallActor, legId: LegId, digit: string) => void;
  /** A party wants its call transferred; absent: 603. One of `accept` and `refuse` is called. */
  onRefer?: (refer: IncomingRefer) => void;
};

/** Requests that met one of the other side (491) go again this often. */
const MAX_GLARES = 4;

/** `sending`: it plays something to us meanwhile, or says that it will. */
type Held = 'sending' | 'silent';
/** As long as a BYE is repeated (64·T1); whoever has not heard it by then has other means. */
export const BYE_REPEATED_MS = 32_000;

/** To what another moment will serve. */
const COME_AGAIN = { headers: [['Retry-After', '2']] } as const;

type BoundLeg = { actor: CallActor; legId: LegId };

/** RFC 4028 §4 recommends it: a call whose far end vanished ends within half an hour. */
const SESSION_INTERVAL_S = 1800;

/**
 * A BYE that found no connection goes again after these: until then the peer, or its phone behind a
 * NAT, may have connected again.
 */
const BYE_RETRY_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000];
/** How long after the end of its call the last BYE may be sent. */
export const BYE_LATEST_MS = BYE_RETRY_MS.reduce((sum, delayMs) => sum + delayMs);

/**
 * The user agent and the legs its dialogs belong to: requests inside a dialog find their call
 * here. What concerns the outside of one leg only (re-INVITE, UPDATE) never reaches the call.
 */
export class SipService {
  readonly agent: SipUserAgent;
  readonly #deps: SipServiceDeps;
  readonly #bound = new Map<string, BoundLeg>();
  readonly #flood: FloodGate;
  readonly #transfers: SipTransfers;
  /** Legs whose party holds us. */
  readonly #held = new Map<LegId, Held>();
  #handlers: SipHandlers | null = null;
  #isClosed = false;

  constructor(deps: SipServiceDeps) {
    this.#deps = deps;
    this.#flood = new FloodGate({
      clock: deps.clock,
      isKnown: (address) =>
        this.#handlers?.isKnownPeer({ protocol: 'UDP', address, port: 0 }) === true,
    });
    this.#transfers = new SipTransfers({
      clock: deps.clock,
      send: (actor, legId, { method, options }) => this.request(actor, legId, method, options),
      notifyInEffect: (actor, legId, options) => this.#notifyInEffect(actor, legId, options),
      keep: (actor, legId, refer) => this.#keepRefer(actor, legId, refer),
      onRefer: () => this.#handlers?.onRefer,
    });
    this.agent = new SipUserAgent({
      clock: deps.clock,
      random: deps.random,
      hash: (algorithm, text) => {
        const name = algorithm === 'md5' ? 'md5' : 'sha256';
        return createHash(name).update(text, 'latin1').digest('hex');
      },
      log: deps.log,
      transports: deps.transports,
      localContacts: deps.localContacts,
      userAgentName: deps.userAgentName,
      supported: ['timer', '100rel', 'norefersub'],
      session: { intervalS: SESSION_INTERVAL_S },
      listener: {
        onInvite: (invite) => void this.#onInvite(invite),
        onRegister: (request) => void this.#onRegister(request),
        onInDialogRequest: (request) => void this.#onInDialogRequest(request),
        onStrayAnswer: (_response, source) =>
          this.#handlers?.isKnownPeer(source) === true ? 'end' : 'ignore',
        onSessionRefreshDue: (dialog, method) => void this.#refreshSession(dialog, method),
        onSessionExpired: (dialog) => void this.#sessionExpired(dialog),
        onMalformed: (issue, source) =>
          deps.log.debug({ address: source.address, issue }, 'not SIP'),
      },
    });
  }

  /** From here on requests are served. */
  listen(handlers: SipHandlers): void {
    this.#handlers = handlers;
  }

  /** Lets go of everything without a word; what was still to be said to somebody is not. */
  close(): void {
    this.#isClosed = true;
    this.agent.close();
  }

  /** A message from the wire. */
  receive(message: string, source: Peer): void {
    const kind = message.startsWith('SIP/') ? 'response' : 'request';
    if (this.#flood.admits(source.address, kind)) this.agent.receive(message, source);
  }

  /** What was sent there may not have arrived (RFC 3261 §18.4). */
  connectionLost(peer: Peer): void {
    this.agent.transportFailed(peer);
    this.#handlers?.onConnectionLost?.(peer);
  }

  /** Requests of this dialog belong to this leg. */
  bind(actor: CallActor, legId: LegId, dialog: DialogState): void {
    this.agent.adoptDialog(dialog);
    this.#bound.set(dialogKey(dialog), { actor, legId });
  }

  isBound(dialog: DialogState): boolean {
    return this.#bound.has(dialogKey(dialog));
  }

  unbind(dialog: DialogState): void {
    this.agent.forgetDialog(dialog);
    this.#release(dialog);
  }

  /** Requests of this dialog belong to no leg any more. */
  #release(dialog: DialogState): void {
    const key = dialogKey(dialog);
    const legId = this.#bound.get(key)?.legId;
    if (legId !== undefined) this.#held.delete(legId);
    this.#transfers.dialogEnded(dialog);
    this.#bound.delete(key);
  }

  /**
   * A leg of a former process: its dialog, if it is answered, is served from now on. Of a call that
   * is over only a BYE may be left, which `owesBye` says.
   */
  adoptLeg(actor: CallActor, leg: StoredLeg, owesBye: boolean): void {
    if (!leg.sip?.dialog) return;
    const { dialog, over } = leg.sip;
    if (over) {
      const { bye } = over;
      if (bye === null || this.#deps.clock.now() - bye.at >= BYE_REPEATED_MS) return;
      const send = async (): Promise<InDialogOutcome> => {
        return { ...(await this.agent.sendAgain(bye)), dialog, ended: true };
      };
      void this.#sendBye(actor, leg, { send });
      return;
    }
    const isAnswered = leg.sip.side === 'outgoing' || actor.state.callerLeg.answered;
    const isOver = actor.state.callerLeg.gone && !owesBye;
    if (!isAnswered || isOver) return;
    this.bind(actor, leg.id, dialog);
    const held = actor.state.farEnds?.find(({ legId }) => legId === leg.id)?.held;
    if (held) this.#held.set(leg.id, held);
  }

  /**
   * BYE with the next CSeq; the outcome changes nothing for the call. It is stored before it is sent, unless
   * the next process would make the same of what is stored.
   */
  async bye(actor: CallActor, leg: StoredLeg, dialog: DialogState): Promise<void> {
    const current = this.agent.dialog(dialog) ?? dialog;
    const prepared = this.agent.prepareInDialog(current, 'BYE');
    // A call that is over has no other request left; one that goes on may forget this one.
    const isKnown = actor.state.termination !== null && isAsStored(actor, leg, current);
    this.#putBye(actor, leg, prepared);
    if (!isKnown) await actor.saveLegs();
    this.#release(dialog);
    void actor.whenStored().then(() => this.#sendBye(actor, leg, prepared));
  }

  #putBye(actor: CallActor, leg: StoredLeg, prepared: PreparedRequest): void {
    const bye = { ...prepared.stored(), at: this.#deps.clock.now() };
    putDialog(actor, leg, prepared.dialog, { bye });
  }

  async #sendBye(
    actor: CallActor,
    leg: StoredLeg,
    first: Pick<PreparedRequest, 'send'>,
  ): Promise<void> {
    if (this.#hasClosed()) return;
    let outcome = await first.send();
    for (const delayMs of BYE_RETRY_MS) {
      if (outcome.kind !== 'transport-error') break;
      // Known again meanwhile, so that it can follow the peer to its new connection.
      this.agent.adoptDialog(outcome.dialog);
      await sleep(this.#deps.clock, delayMs);
      if (this.#isClosed) return;
      const current = this.agent.dialog(outcome.dialog) ?? outcome.dialog;
      outcome = await this.#sendNextBye(actor, leg, current);
    }
    const proof = this.#proofFor(outcome);
    if (proof) outcome = await this.#sendNextBye(actor, leg, outcome.dialog, { proof });
    this.agent.forgetDialog(outcome.dialog);
    if (outcome.kind !== 'answered') {
      actor.log.warn({ legId: leg.id, outcome: outcome.kind }, 'BYE was not answered');
      return;
    }
    const { status } = outcome.response;
    if (status >= 300 && status !== 481) {
      actor.log.warn({ legId: leg.id, status }, 'BYE was refused');
    }
    await this.#noteByeAnswered(actor, leg.id);
  }

  /** The next process must not say it again. A call that goes on stores that with its next step. */
  async #noteByeAnswered(actor: CallActor, legId: LegId): Promise<void> {
    const find = (): StoredLeg | undefined => actor.legs.find(({ id }) => id === legId);
    const leg = find();
    if (!leg?.sip?.dialog) return;
    putDialog(actor, leg, leg.sip.dialog, { bye: null });
    await actor.inTurn('bye', async () => {
      const now = find();
      if (actor.state.phase === 'ended' && now && !actor.isStored(now)) await actor.saveLegs();
    });
  }

  /** With the next CSeq, and stored like the one before. */
  async #sendNextBye(
    actor: CallActor,
    leg: StoredLeg,
    dialog: DialogState,
    options?: InDialogOptions,
  ): Promise<InDialogOutcome> {
    const next = this.agent.prepareInDialog(dialog, 'BYE', options);
    this.#putBye(actor, leg, next);
    await actor.saveLegsInTurn();
    await actor.whenStored();
    return next.send();
  }

  /** §22.2: who has an account there answers a challenge once; without it the far leg would stay up. */
  #proofFor(outcome: InDialogOutcome): DigestSession | undefined {
    if (outcome.kind !== 'answered' || this.#isClosed) return undefined;
    const { status } = outcome.response;
    if (status !== 401 && status !== 407) return undefined;
    const digest = this.#handlers?.digestFor?.(outcome.dialog);
    return digest?.challenged(outcome.response) === undefined ? undefined : digest;
  }

  /** A function, because the flag changes during an `await` the compiler does not see. */
  #hasClosed(): boolean {
    return this.#isClosed;
  }

  /** Messages of sources that sent too many. */
  get droppedMessages(): number {
    return this.#flood.dropped;
  }

  get boundLegs(): number {
    return this.#bound.size;
  }

  async #onInvite(invite: IncomingInvite): Promise<void> {
    if (!this.#handlers) {
      invite.reject(503, COME_AGAIN);
      return;
    }
    try {
      await this.#handlers.onInvite(invite);
    } catch (thrown) {
      this.#deps.log.error({ err: thrown }, 'an incoming call failed');
      invite.reject(500);
    }
  }

  /** Who registers while the database is away is told to come again, and does not wait for nothing. */
  async #onRegister(request: IncomingRequest): Promise<void> {
    try {
      await this.#handlers?.onRegister(request);
    } catch (thrown) {
      this.#deps.log.error({ err: thrown }, 'a registration failed');
      request.respond(503, { headers: [['Retry-After', '10']] });
    }
  }

  async #onInDialogRequest(request: IncomingRequest): Promise<void> {
    const { dialog } = request;
    const bound = dialog && this.#bound.get(dialogKey(dialog));
    if (!bound) {
      request.respond(481);
      return;
    }
    const { actor, legId } = bound;
    const leg = actor.legs.find((known) => known.id === legId);
    if (leg) putDialog(actor, leg, dialog, request.method === 'BYE' ? { bye: null } : undefined);
    switch (request.method) {
      case 'BYE':
        this.#release(dialog);
        // Answered once it is noted: whoever has no answer says it again, to the next process.
        await this.#hungUp(actor, legId);
        request.respond(200);
        return;
      case 'INVITE':
      case 'UPDATE':
        await this.#renegotiate(request, actor, legId);
        return;
      case 'REFER':
        await actor.saveLegsInTurn();
        this.#transfers.onRefer(request, actor, legId);
        return;
      case 'NOTIFY':
        this.#transfers.onNotify(request);
        return;
      case 'INFO': {
        const digit = digitOfInfo(request.request);
        request.respond(200);
        if (digit !== null) this.#handlers?.onDigit?.(actor, legId, digit);
        return;
      }
      case 'OPTIONS':
        request.respond(200);
        return;
      default:
        request.respond(501);
    }
  }

  async #hungUp(actor: CallActor, legId: LegId): Promise<void> {
    if (legId === actor.state.callerLeg.id) {
      await actor.post({ type: 'caller.hung-up' });
      return;
    }
    const { operator, offer, contacts } = actor.state;
    if (offer?.legId === legId) {
      await actor.post({ type: 'offer.declined', operatorId: offer.operatorId });
    } else if (operator?.legId === legId) {
      await actor.post({ type: 'operator.left', operatorId: operator.operatorId });
    } else if (contacts.some((contact) => contact.legId === legId)) {
      await actor.post({ type: 'contact.hung-up', legId });
    } else {
      await actor.saveLegsInTurn();
    }
  }

  /** The peer moved, held or changed its codec: an offer of its own, or a question for ours. */
  async #renegotiate(request: IncomingRequest, actor: CallActor, legId: LegId): Promise<void> {
    const leg = actor.legs.find((known) => known.id === legId);
    if (request.sdp === '' && request.method === 'UPDATE') request.respond(200);
    else if (request.sdp === '') {
      // RFC 3261 §14.2, RFC 6337 §5.2.5: all we can do, in both directions; so some come back from hold.
      request.observe({ onAck: (sdp) => void this.#answerToOurs(actor, legId, sdp) });
      const offered = await this.#deps.media.renegotiate(legId, '');
      const sdp = offered.ok ? offered.value.localSdp : (leg?.localSdp ?? '');
      if (leg) actor.putLeg({ ...leg, localSdp: sdp });
      request.respond(200, sdp === '' ? {} : { sdp });
    } else {
      const renewed = await this.#deps.media.renegotiate(legId, request.sdp);
      if (!renewed.ok) {
        if (renewed.reason === 'plane-down') request.respond(503, COME_AGAIN);
        else request.respond(488);
        return;
      }
      if (leg) actor.putLeg({ ...leg, localSdp: renewed.value.localSdp });
      request.respond(200, { sdp: renewed.value.localSdp });
      this.noteHold(actor, legId, request.sdp);
    }
    await actor.saveLegsInTurn();
  }

  /** RFC 3264 §8.4, by what the peer has said last, offer or answer. */
  noteHold(actor: CallActor, legId: LegId, remoteSdp: string): void {
    const reading = readAudio(remoteSdp);
    const isHeld = reading.ok && isHold(reading.audio);
    const how = !isHeld
      ? null
      : reading.audio.remoteDirection === 'sendonly'
        ? 'sending'
        : 'silent';
    if (how === (this.#held.get(legId) ?? null)) return;
    if (how === null) this.#held.delete(legId);
    else this.#held.set(legId, how);
    actor.log.info({ legId, how }, 'hold by the far side');
    this.#handlers?.onHold?.(actor, legId, how);
  }

  /**
   * A request in the leg's dialog: its CSeq is stored before it leaves, what it changed afterwards.
   * After a 491 it goes again (RFC 3261 §14.1), and once after a challenge (§22.2). Undefined when the leg has no dialog (any more).
   * It waits for the call's turn: an effect may start it, and must not wait for it.
   */
  async request(
    actor: CallActor,
    legId: LegId,
    method: string,
    options: InDialogOptions,
  ): Promise<InDialogOutcome | undefined> {
    let outcome: InDialogOutcome | undefined;
    let proof: DigestSession | undefined;
    for (let glares = 0; glares <= MAX_GLARES;) {
      const dialog = this.#dialogOf(actor, legId);
      if (!dialog) return outcome;
      const proven = { ...options, ...(proof && { proof }) };
      const prepared = this.agent.prepareInDialog(dialog, method, proven);
      await this.#keep(actor, legId, prepared.dialog);
      await actor.whenStored();
      if (this.#hasClosed() || !this.#dialogOf(actor, legId)) return outcome;
      outcome = await prepared.send();
      if (this.#dialogOf(actor, legId)) await this.#keep(actor, legId, outcome.dialog);
      const asked = proof === undefined ? this.#proofFor(outcome) : undefined;
      proof ??= asked;
      if (asked) continue;
      if (outcome.kind !== 'answered' || outcome.response.status !== 491) return outcome;
      glares++;
      await sleep(this.#deps.clock, glareDelayMs(outcome.dialog, this.#deps.random));
      if (this.#isClosed) return outcome;
    }
    return outcome;
  }

  async #notifyInEffect(actor: CallActor, legId: LegId, options: InDialogOptions): Promise<void> {
    const dialog = this.#dialogOf(actor, legId);
    const leg = actor.legs.find(({ id }) => id === legId);
    if (!dialog || !leg) return;
    const prepared = this.agent.prepareInDialog(dialog, 'NOTIFY', options);
    putDialog(actor, leg, prepared.dialog);
    await actor.saveLegs();
    void prepared.send();
  }

  async #keepRefer(actor: CallActor, legId: LegId, refer: PendingRefer | undefined): Promise<void> {
    const leg = actor.legs.find(({ id }) => id === legId);
    if (leg?.sip) actor.putLeg({ ...leg, sip: { ...leg.sip, refer } });
    await actor.saveLegsInTurn();
  }

  /** A REFER that a former process took, whose transferor has not heard the end yet. */
  pendingRefer(
    actor: CallActor,
    { id, sip }: StoredLeg,
  ): { target: LegId; report: ReferReport } | undefined {
    if (!sip?.refer || !sip.dialog || sip.over) return undefined;
    return { target: sip.refer.target, report: this.#transfers.reportOf(actor, id, sip.refer) };
  }

  /**
   * Offers what this leg's sound is now: after it has moved, or to refresh the session. The answer
   * goes to the media plane.
   */
  async reinvite(actor: CallActor, legId: LegId): Promise<'agreed' | 'refused' | 'gone'> {
    const sdp = actor.legs.find(({ id }) => id === legId)?.localSdp ?? '';
    if (sdp === '') return 'refused';
    const outcome = await this.request(actor, legId, 'INVITE', { sdp });
    if (!outcome || outcome.ended) return 'gone';
    if (outcome.kind !== 'answered' || outcome.response.status >= 300) return 'refused';
    const agreed = await this.#answerToOurs(actor, legId, sdpOf(outcome.response));
    return agreed ? 'agreed' : 'refused';
  }

  /** Asks the party of this leg to call somebody else (RFC 3515); resolves when that is decided. */
  async refer(actor: CallActor, legId: LegId, options: ReferOptions): Promise<ReferOutcome> {
    const dialog = this.#dialogOf(actor, legId);
    if (!dialog) return { kind: 'refused', status: 481 };
    return this.#transfers.refer(actor, legId, { dialog, options });
  }

  /** RFC 4028 §7.4. */
  async #refreshSession(dialog: DialogState, method: 'UPDATE' | 'INVITE'): Promise<void> {
    const { actor, leg } = this.#legOf(dialog) ?? {};
    if (!actor || !leg) return;
    const isGone =
      method === 'INVITE'
        ? (await this.reinvite(actor, leg.id)) === 'gone'
        : (await this.request(actor, leg.id, 'UPDATE', {}))?.ended === true;
    if (isGone) await this.#sessionExpired(dialog);
  }

  /** The dialog of a leg that is bound, as this process knows it. */
  #dialogOf(actor: CallActor, legId: LegId): DialogState | undefined {
    const stored = actor.legs.find(({ id }) => id === legId)?.sip?.dialog;
    if (!stored || !this.#bound.has(dialogKey(stored))) return undefined;
    return this.agent.dialog(stored) ?? stored;
  }

  async #keep(actor: CallActor, legId: LegId, dialog: DialogState): Promise<void> {
    const leg = actor.legs.find(({ id }) => id === legId);
    if (leg) putDialog(actor, leg, dialog);
    await actor.saveLegsInTurn();
  }

  /** §10: BYE, and the call is told that nobody is there any more. */
  async #sessionExpired(dialog: DialogState): Promise<void> {
    const { actor, leg } = this.#legOf(dialog) ?? {};
    if (!actor || !leg || this.#isClosed) return;
    actor.log.warn({ legId: leg.id }, 'session timer: the far end is gone');
    await this.bye(actor, leg, leg.sip?.dialog ?? dialog);
    await actor.post({ type: 'leg.lost', legId: leg.id });
  }

  #legOf(dialog: DialogState): { actor: CallActor; leg: StoredLeg } | undefined {
    const bound = this.#bound.get(dialogKey(dialog));
    const leg = bound?.actor.legs.find((known) => known.id === bound.legId);
    return bound && leg ? { actor: bound.actor, leg } : undefined;
  }

  async #answerToOurs(actor: CallActor, legId: LegId, sdp: string): Promise<boolean> {
    const agreed = await this.#deps.media.acceptAnswer(legId, sdp);
    if (agreed.ok) this.noteHold(actor, legId, sdp);
    else actor.log.warn({ legId, reason: agreed.reason }, 'answer to our offer not understood');
    return agreed.ok;
  }
}

/** Whether another process would find this very dialog, and count on from the same CSeq. */
function isAsStored(actor: CallActor, leg: StoredLeg, { localSeq }: DialogState): boolean {
  return actor.isStored(leg) && leg.sip?.dialog?.localSeq === localSeq;
}

function putDialog(
  actor: CallActor,
  leg: StoredLeg,
  dialog: DialogState,
  over?: LegSignalling['over'],
): void {
  if (leg.sip === null) return;
  const sip: LegSignalling = { ...leg.sip, dialog, ...(over && { over }) };
  actor.putLeg({ ...leg, sip });
}
