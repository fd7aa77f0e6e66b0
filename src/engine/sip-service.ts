import { createHash } from 'node:crypto';
import { sleep } from '../base/index.ts';
import type { Clock, LegId, Logger, Random } from '../base/index.ts';
import type { MediaPlane } from '../media/index.ts';
import { FloodGate, SipUserAgent, dialogKey } from '../sip/index.ts';
import type {
  Address,
  DialogState,
  IncomingInvite,
  IncomingRequest,
  Peer,
  PreparedRequest,
  SipTransport,
  TransportProtocol,
} from '../sip/index.ts';
import type { CallActor } from './call-actor.ts';
import type { LegSignalling } from './leg-signalling.ts';
import type { StoredLeg } from './ports.ts';

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
};

type BoundLeg = { actor: CallActor; legId: LegId };

/** RFC 4028 §4 recommends it: a call whose far end vanished ends within half an hour. */
const SESSION_INTERVAL_S = 1800;

/**
 * A BYE that found no connection goes again after these: until then the peer, or its phone behind a
 * NAT, may have connected again.
 */
const BYE_RETRY_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000];

/**
 * The user agent and the legs its dialogs belong to: requests inside a dialog find their call
 * here. What concerns the outside of one leg only (re-INVITE, UPDATE) never reaches the call.
 */
export class SipService {
  readonly agent: SipUserAgent;
  readonly #deps: SipServiceDeps;
  readonly #bound = new Map<string, BoundLeg>();
  readonly #flood: FloodGate;
  #handlers: SipHandlers | null = null;

  constructor(deps: SipServiceDeps) {
    this.#deps = deps;
    this.#flood = new FloodGate({
      clock: deps.clock,
      isKnown: (address) =>
        this.#handlers?.isKnownPeer({ protocol: 'UDP', address, port: 0 }) === true,
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
      supported: ['timer'],
      session: { intervalS: SESSION_INTERVAL_S },
      listener: {
        onInvite: (invite) => void this.#onInvite(invite),
        onRegister: (request) => void this.#handlers?.onRegister(request),
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

  /** A message from the wire. */
  receive(message: string, source: Peer): void {
    if (this.#flood.admits(source.address)) this.agent.receive(message, source);
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
    this.#bound.delete(dialogKey(dialog));
  }

  /**
   * A leg of a former process: its dialog, if it is answered, is served from now on. Of a call that
   * is over only a BYE may be left, which `owesBye` says.
   */
  adoptLeg(actor: CallActor, leg: StoredLeg, owesBye: boolean): void {
    if (!leg.sip?.dialog) return;
    const isAnswered = leg.sip.side === 'operator' || actor.state.callerLeg.answered;
    const isOver = actor.state.callerLeg.gone && !owesBye;
    if (isAnswered && !isOver) this.bind(actor, leg.id, leg.sip.dialog);
  }

  /** BYE with the next CSeq, stored before it is sent; the outcome changes nothing for the call. */
  async bye(actor: CallActor, leg: StoredLeg, dialog: DialogState): Promise<void> {
    const current = this.agent.dialog(dialog) ?? dialog;
    const prepared = this.agent.prepareInDialog(current, 'BYE');
    putDialog(actor, leg, prepared.dialog);
    await actor.saveLegs();
    this.#bound.delete(dialogKey(dialog));
    void this.#sendBye(actor, leg, prepared);
  }

  async #sendBye(actor: CallActor, leg: StoredLeg, first: PreparedRequest): Promise<void> {
    let outcome = await first.send();
    for (const delayMs of BYE_RETRY_MS) {
      if (outcome.kind !== 'transport-error') break;
      // Known again meanwhile, so that it can follow the peer to its new connection.
      this.agent.adoptDialog(outcome.dialog);
      await sleep(this.#deps.clock, delayMs);
      const next = this.agent.prepareInDialog(
        this.agent.dialog(outcome.dialog) ?? outcome.dialog,
        'BYE',
      );
      putDialog(actor, leg, next.dialog);
      await actor.saveLegsInTurn();
      outcome = await next.send();
    }
    this.agent.forgetDialog(outcome.dialog);
    if (outcome.kind !== 'answered') {
      actor.log.warn({ legId: leg.id, outcome: outcome.kind }, 'BYE was not answered');
    }
  }

  get boundLegs(): number {
    return this.#bound.size;
  }

  async #onInvite(invite: IncomingInvite): Promise<void> {
    if (!this.#handlers) {
      invite.reject(503, { headers: [['Retry-After', '2']] });
      return;
    }
    try {
      await this.#handlers.onInvite(invite);
    } catch (thrown) {
      this.#deps.log.error({ err: thrown }, 'an incoming call failed');
      invite.reject(500);
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
    if (leg) putDialog(actor, leg, dialog);
    switch (request.method) {
      case 'BYE':
        request.respond(200);
        this.#bound.delete(dialogKey(dialog));
        await this.#hungUp(actor, legId);
        return;
      case 'INVITE':
      case 'UPDATE':
        await this.#renegotiate(request, actor, legId);
        return;
      case 'INFO':
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
    const { operator, offer } = actor.state;
    const party = [operator, offer].find((one) => one?.legId === legId);
    if (party) await actor.post({ type: 'operator.hung-up', operatorId: party.operatorId });
  }

  /** The peer moved, held or changed its codec: an offer of its own, or a question for ours. */
  async #renegotiate(request: IncomingRequest, actor: CallActor, legId: LegId): Promise<void> {
    const leg = actor.legs.find((known) => known.id === legId);
    if (request.sdp === '') {
      // Without an offer: what we said last is still our offer (RFC 3261 §14.2).
      request.observe({ onAck: (sdp) => void this.#answerToOurs(legId, sdp) });
      const sdp = leg?.localSdp;
      if (request.method === 'INVITE' && sdp) request.respond(200, { sdp });
      else request.respond(200);
    } else {
      const renewed = await this.#deps.media.renegotiate(legId, request.sdp);
      if (!renewed.ok) {
        request.respond(renewed.reason === 'plane-down' ? 503 : 488);
        return;
      }
      if (leg) actor.putLeg({ ...leg, localSdp: renewed.value.localSdp });
      request.respond(200, { sdp: renewed.value.localSdp });
    }
    await actor.saveLegsInTurn();
  }

  /** RFC 4028 §7.4. The CSeq is stored before the request leaves, the renewed session after. */
  async #refreshSession(dialog: DialogState, method: 'UPDATE' | 'INVITE'): Promise<void> {
    const { actor, leg } = this.#legOf(dialog) ?? {};
    if (!actor || !leg || (method === 'INVITE' && leg.localSdp === null)) return;
    const offer = method === 'INVITE' && leg.localSdp !== null ? { sdp: leg.localSdp } : {};
    const prepared = this.agent.prepareInDialog(dialog, method, offer);
    putDialog(actor, leg, prepared.dialog);
    await actor.saveLegsInTurn();
    const outcome = await prepared.send();
    const current = this.#legOf(dialog)?.leg;
    if (!current) return;
    if (outcome.ended) {
      await this.#sessionExpired(outcome.dialog);
      return;
    }
    putDialog(actor, current, outcome.dialog);
    await actor.saveLegsInTurn();
  }

  /** §10: BYE, and for the call the party has hung up. */
  async #sessionExpired(dialog: DialogState): Promise<void> {
    const { actor, leg } = this.#legOf(dialog) ?? {};
    if (!actor || !leg) return;
    actor.log.warn({ legId: leg.id }, 'session timer: the far end is gone');
    await this.bye(actor, leg, dialog);
    await this.#hungUp(actor, leg.id);
  }

  #legOf(dialog: DialogState): { actor: CallActor; leg: StoredLeg } | undefined {
    const bound = this.#bound.get(dialogKey(dialog));
    const leg = bound?.actor.legs.find((known) => known.id === bound.legId);
    return bound && leg ? { actor: bound.actor, leg } : undefined;
  }

  async #answerToOurs(legId: LegId, sdp: string): Promise<void> {
    if (sdp !== '') await this.#deps.media.acceptAnswer(legId, sdp);
  }
}

function putDialog(actor: CallActor, leg: StoredLeg, dialog: DialogState): void {
  if (leg.sip === null) return;
  const sip: LegSignalling = { ...leg.sip, dialog };
  actor.putLeg({ ...leg, sip });
}
