import { toError } from '../base/index.ts';
import type { Clock, Logger, Random } from '../base/index.ts';
import { startAnswer } from './answer.ts';
import type { AnswerObserver } from './answer.ts';
import type { StoredAnswer } from './answer-repeater.ts';
import { DialogTable } from './dialog-table.ts';
import { acceptInDialogRequest, createAck, createStrayDialog, nextHop } from './dialog.ts';
import type { DialogId, DialogState } from './dialog.ts';
import type { DigestSession } from './digest-client.ts';
import type { HashFunction } from './digest.ts';
import { IncomingInvite } from './incoming-invite.ts';
import type { StoredIncomingInvite } from './incoming-invite.ts';
import { IncomingRequest } from './incoming-request.ts';
import { LargeRequests } from './large-requests.ts';
import { cseqOf, fromTagOf, sdpOf, sipCallIdOf, toTagOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { formatNameAddress } from './name-address.ts';
import { carriesOffer, offerRefusal, retryAfter } from './offer-rules.ts';
import { OutgoingInvite } from './outgoing-invite.ts';
import type { OutgoingInviteObserver, StoredInvite } from './outgoing-invite.ts';
import { prepareInDialog, sendRequest } from './outgoing-request.ts';
import type {
  InDialogOptions,
  PreparedRequest,
  RequestOutcome,
  StoredRequest,
} from './outgoing-request.ts';
import { parseMessage } from './parse-message.ts';
import type { ParseIssue } from './parse-message.ts';
import { refusalOf } from './request-check.ts';
import { createResponse } from './response.ts';
import { SessionKeeper } from './session-keeper.ts';
import { timerHeadersOfRequest, timerOfRequest } from './session-timer.ts';
import type { SessionPolicy } from './session-timer.ts';
import { SipHeaders } from './sip-headers.ts';
import { DEFAULT_TIMERS } from './timers.ts';
import type { TimerValues } from './timers.ts';
import { newSipCallId, newTag } from './tokens.ts';
import { TransactionLayer } from './transaction-layer.ts';
import type { InviteTransaction, NonInviteTransaction } from './transaction-layer.ts';
import { addressAsHost } from './transport.ts';
import type { Address, Peer, SipTransport, TransportProtocol } from './transport.ts';
import type { UserAgentCore } from './user-agent-core.ts';

/** What the engine is told. Every request handed over wants exactly one final response. */
export interface SipListener {
  /** A new call. */
  onInvite(invite: IncomingInvite): void;
  /** BYE, re-INVITE, UPDATE, INFO … in a dialog that was adopted; `request.dialog` is to be stored. */
  onInDialogRequest(request: IncomingRequest): void;
  /** Absent: 405. */
  onRegister?(request: IncomingRequest): void;
  /** Absent: 200 with what we can do. */
  onOptions?(request: IncomingRequest): void;
  /**
   * A 2xx of an INVITE that no process of ours remembers. `end` acknowledges it and sends BYE to
   * the peer; everything else ignores it. Only for peers that are known: the answer may be forged.
   */
  onStrayAnswer?(response: SipResponse, source: Peer): 'end' | 'ignore';
  /**
   * It is our turn to refresh the session (RFC 4028): send the next request of this dialog by this
   * method; a re-INVITE offers what we said last. Asked again until a 2xx came or the time is over.
   */
  onSessionRefreshDue?(dialog: DialogState, method: 'UPDATE' | 'INVITE'): void;
  /** Nobody refreshed the session in time: send BYE. */
  onSessionExpired?(dialog: DialogState): void;
  /** Bytes that are not SIP; already answered if an answer made sense. */
  onMalformed?(issue: ParseIssue, source: Peer): void;
}

export type SipUserAgentOptions = {
  clock: Clock;
  random: Random;
  hash: HashFunction;
  log: Logger;
  transports: readonly SipTransport[];
  /** Host and port for our Via and Contact, per transport. */
  localContacts: Partial<Record<TransportProtocol, Address>>;
  /** For User-Agent and Server. */
  userAgentName: string;
  listener: SipListener;
  timers?: TimerValues;
  /** Per kind; more are answered 503. */
  maxTransactions?: number;
  /** Methods for Allow; the default is what the listener can serve. */
  allow?: readonly string[];
  /** Option tags that the engine serves (`timer`, `100rel`); others in Require get 420. */
  supported?: readonly string[];
  /** Wanted session timers; goes together with `timer` in `supported`. */
  session?: SessionPolicy;
};

export type OutgoingTarget = {
  /** Request-URI. */
  uri: string;
  destination: Peer;
  from: { uri: string; displayName?: string };
  /** Default: the Request-URI. */
  to?: { uri: string; displayName?: string };
  headers?: readonly (readonly [name: string, value: string])[];
  digest?: DigestSession;
  /** Route values, first hop first. */
  route?: readonly string[];
  /** User part of our Contact. */
  contactUser?: string;
  maxForwards?: number;
  sipCallId?: string;
  localTag?: string;
  seq?: number;
};

export type InviteTarget = OutgoingTarget & {
  sdp?: string;
  /** See `OutgoingInviteOptions`. */
  patienceMs?: number;
  observer: OutgoingInviteObserver;
};

export type RequestTarget = OutgoingTarget & { method: string; body?: string };

const DEFAULT_ALLOW = 'INVITE ACK CANCEL BYE OPTIONS INFO UPDATE PRACK REFER NOTIFY REGISTER'.split(
  ' ',
);

/**
 * One SIP user agent: calls in and out, dialogs, requests. It keeps nothing on disk: the engine
 * stores `DialogState`, `StoredAnswer` and `StoredInvite` and hands them to the next process.
 */
export class SipUserAgent {
  readonly #core: UserAgentCore;
  readonly #listener: SipListener;
  readonly #allow: readonly string[];
  /** INVITEs without a final response, by transaction. */
  readonly #open = new Map<string, IncomingInvite>();

  constructor(options: SipUserAgentOptions) {
    const { clock, random, hash, log, localContacts } = options;
    const timers = options.timers ?? DEFAULT_TIMERS;
    this.#listener = options.listener;
    this.#allow = options.allow ?? DEFAULT_ALLOW;
    const layer = new TransactionLayer({
      clock,
      random,
      log,
      timers,
      transports: options.transports,
      localContacts,
      maxTransactions: options.maxTransactions ?? 20_000,
      user: {
        onInvite: (transaction) => this.#onInvite(transaction),
        onRequest: (transaction) => this.#onRequest(transaction),
        onCancel: (transaction, inviteKey) => this.#onCancel(transaction, inviteKey),
        onAck: (request) => this.#onAck(request),
        onStrayResponse: (response, source) => this.#onStrayResponse(response, source),
        onMalformed: (issue, source) => this.#listener.onMalformed?.(issue, source),
      },
    });
    this.#core = {
      clock,
      random,
      hash,
      log,
      timers,
      layer,
      dialogs: new DialogTable(
        new SessionKeeper({
          clock,
          onRefreshDue: (id) => this.#onRefreshDue(id),
          onExpired: (id) => this.#onExpired(id),
        }),
      ),
      session: options.session,
      largeRequests: new LargeRequests(clock, layer.isReliable('TCP')),
      userAgentName: options.userAgentName,
      allow: this.#allow.join(', '),
      supported: options.supported ?? [],
      contactUri: (protocol, user) => contactUri(localContacts[protocol], protocol, user),
    };
  }

  /** A datagram, or one message cut out of a stream. */
  receive(message: string, source: Peer): void {
    this.#core.layer.receive(message, source);
  }

  /** The socket reports that this peer cannot be reached. */
  transportFailed(peer: Peer): void {
    this.#core.layer.transportFailed(peer);
  }

  /** What is alive: all zero when nothing goes on. */
  get counts(): { transactions: number; dialogs: number; openInvites: number; answers: number } {
    return {
      transactions: this.#core.layer.size,
      dialogs: this.#core.dialogs.size,
      openInvites: this.#open.size,
      answers: this.#core.dialogs.unacknowledged,
    };
  }

  /** Our Contact URI, as a peer is to know it. */
  contactUri(protocol: TransportProtocol, user = ''): string {
    return this.#core.contactUri(protocol, user);
  }

  /** Makes a call. The observer hears the rest. */
  invite(target: InviteTarget): OutgoingInvite {
    const outgoing = this.prepareInvite(target);
    outgoing.start();
    return outgoing;
  }

  /** A call of ours: store `.stored` of the result, then `.start()` it. */
  prepareInvite(target: InviteTarget): OutgoingInvite {
    const request = this.#createRequest('INVITE', target);
    const contact = this.contactUri(target.destination.protocol, target.contactUser);
    request.headers.add('Contact', `<${contact}>`).add('Allow', this.#core.allow);
    const { supported } = this.#core;
    if (supported.length > 0) request.headers.add('Supported', supported.join(', '));
    for (const [name, value] of timerHeadersOfRequest(this.#core.session, undefined)) {
      request.headers.add(name, value);
    }
    request.body = target.sdp ?? '';
    if (request.body !== '') request.headers.add('Content-Type', 'application/sdp');
    const outgoing = new OutgoingInvite(this.#core, {
      request,
      peer: target.destination,
      observer: target.observer,
      ...(target.digest ? { digest: target.digest } : {}),
      ...(target.patienceMs === undefined ? {} : { patienceMs: target.patienceMs }),
    });
    outgoing.prepare();
    return outgoing;
  }

  /** Sends a request outside any dialog (REGISTER to a carrier, OPTIONS) and gives the result. */
  request(target: RequestTarget): Promise<RequestOutcome> {
    const request = this.#createRequest(target.method, target);
    request.body = target.body ?? '';
    return sendRequest(this.#core, {
      request,
      peer: target.destination,
      ...(target.digest ? { digest: target.digest } : {}),
    });
  }

  /** A request in a dialog: store `.dialog` of the result, then `.send()` it. */
  prepareInDialog(
    dialog: DialogState,
    method: string,
    options: InDialogOptions = {},
  ): PreparedRequest {
    return prepareInDialog(this.#core, dialog, method, options);
  }

  /** Sends what a former process has sent, or was about to send, once more: a retransmission. */
  sendAgain({ request, peer }: StoredRequest): Promise<RequestOutcome> {
    const parsed = parseMessage(request);
    return parsed.ok && parsed.message.kind === 'request'
      ? sendRequest(this.#core, { request: parsed.message, peer })
      : Promise.resolve({ kind: 'transport-error' });
  }

  /** From now on requests of this dialog reach the listener. Also replaces an older state. */
  adoptDialog(dialog: DialogState): void {
    this.#core.dialogs.put(dialog);
  }

  /**
   * A phone has registered over a new connection: its dialogs over the old one follow it, so that
   * our BYE reaches a phone behind a NAT after either side has started anew.
   */
  followContact(contactUri: string, source: Peer): void {
    if (source.protocol !== 'UDP') this.#core.dialogs.follow(contactUri, source);
  }

  /** Requests of this dialog get 481 from now on; a 2xx still repeated falls silent. */
  forgetDialog(dialog: DialogId): void {
    this.#core.dialogs.delete(dialog);
  }

  /** The state of a live dialog as this process knows it. */
  dialog(id: DialogId): DialogState | undefined {
    return this.#core.dialogs.get(id)?.state;
  }

  /**
   * Takes up an INVITE that a former process received, before the first message is read: its CANCEL
   * and its repetitions find it again. Undefined when it does not make sense.
   */
  resumeIncomingInvite(stored: StoredIncomingInvite): IncomingInvite | undefined {
    const result = parseMessage(stored.request);
    if (!result.ok || result.message.kind !== 'request') return undefined;
    const transaction = this.#core.layer.resumeServerInvite(result.message, stored.source);
    return transaction && this.#openInvite(transaction, stored.toTag);
  }

  /** Goes on repeating the 2xx of a call that a former process answered, until the ACK comes. */
  resumeAcceptedInvite(answer: StoredAnswer, observer: AnswerObserver): void {
    startAnswer(this.#core, answer, observer);
  }

  /** Takes up a call that a former process made and that rings: it may answer, or be cancelled. */
  resumeOutgoingInvite(
    stored: StoredInvite,
    observer: OutgoingInviteObserver,
    digest?: DigestSession,
  ): OutgoingInvite | undefined {
    const result = parseMessage(stored.request);
    if (!result.ok || result.message.kind !== 'request') return undefined;
    const { peer } = stored;
    const outgoing = new OutgoingInvite(this.#core, {
      request: result.message,
      peer,
      observer,
      ...(digest ? { digest } : {}),
    });
    outgoing.resume();
    return outgoing;
  }

  /** Drops everything without a word, timers included: the process stops. */
  close(): void {
    this.#core.layer.close();
    this.#core.dialogs.clear();
    for (const invite of [...this.#open.values()]) invite.ignore();
  }

  #onInvite(transaction: InviteTransaction): void {
    const { request } = transaction;
    if (toTagOf(request) !== '') {
      this.#onInDialog(transaction);
      return;
    }
    const refusal = refusalOf(request, this.#core);
    if (refusal) {
      const toTag = newTag(this.#core.random);
      transaction.machine.respond(createResponse(request, refusal.status, { ...refusal, toTag }));
      return;
    }
    const invite = this.#openInvite(transaction);
    this.#guard(
      () => this.#listener.onInvite(invite),
      () => invite.reject(500),
    );
  }

  #openInvite(transaction: InviteTransaction, toTag?: string): IncomingInvite {
    const { key } = transaction;
    const onFinal = (): void => void this.#open.delete(key);
    const options = toTag === undefined ? { onFinal } : { onFinal, toTag };
    const invite = new IncomingInvite(this.#core, transaction, options);
    this.#open.set(key, invite);
    return invite;
  }

  #onRequest(transaction: NonInviteTransaction): void {
    const { request } = transaction;
    if (toTagOf(request) !== '') {
      this.#onInDialog(transaction);
      return;
    }
    const incoming = new IncomingRequest(this.#core, transaction);
    const refusal = refusalOf(request, this.#core);
    if (refusal) {
      incoming.respond(refusal.status, refusal);
      return;
    }
    if (request.method === 'REGISTER' && this.#listener.onRegister) {
      this.#guard(
        () => this.#listener.onRegister?.(incoming),
        () => incoming.respond(500),
      );
    } else if (request.method === 'OPTIONS') {
      this.#onOptions(incoming);
    } else if (IN_DIALOG_ONLY.has(request.method)) incoming.respond(481);
    else incoming.respond(405, { headers: [['Allow', this.#core.allow]] });
  }

  #onOptions(incoming: IncomingRequest): void {
    if (this.#listener.onOptions) {
      this.#guard(
        () => this.#listener.onOptions?.(incoming),
        () => incoming.respond(500),
      );
      return;
    }
    incoming.respond(200, {
      headers: [
        ['Allow', this.#core.allow],
        ['Accept', 'application/sdp'],
        ['Supported', this.#core.supported.join(', ')],
      ],
    });
  }

  #onInDialog(transaction: InviteTransaction | NonInviteTransaction): void {
    const { request, source } = transaction;
    const live = this.#core.dialogs.get(dialogIdOf(request));
    const refused = new IncomingRequest(this.#core, transaction);
    if (!live) {
      // OPTIONS too: in a dialog it asks whether the call is still there (§12.2.2).
      refused.respond(481);
      return;
    }
    const verdict = acceptInDialogRequest(live.state, request, source);
    if (!verdict.ok) {
      refused.respond(verdict.status, { headers: [retryAfter(this.#core.random)] });
      return;
    }
    const refusal = refusalOf(request, this.#core);
    if (refusal) {
      refused.respond(refusal.status, refusal);
      return;
    }
    const meets = offerRefusal(live, request);
    if (meets !== undefined) {
      refused.respond(meets, { headers: [retryAfter(this.#core.random)] });
      return;
    }
    const dialog = this.#renewed(verdict.dialog, request);
    this.#core.dialogs.update(dialog);
    if (carriesOffer(request))
      live.answerPending = request.method === 'INVITE' ? 'INVITE' : 'UPDATE';
    const incoming = new IncomingRequest(this.#core, transaction, dialog);
    if (this.#isServedHere(incoming, dialog)) return;
    this.#guard(
      () => this.#listener.onInDialogRequest(incoming),
      () => incoming.respond(500),
    );
  }

  /** What concerns an INVITE that is still open is no matter of the listener's. */
  #isServedHere(incoming: IncomingRequest, dialog: DialogState): boolean {
    const { method, request } = incoming;
    if (method === 'PRACK') {
      const confirm = (): void => void incoming.respond(200);
      if (!this.#pracked(dialog, request, confirm)) incoming.respond(481);
      return true;
    }
    if (method === 'BYE') return this.#endOpenInvite(dialog) && incoming.respond(200);
    if (method !== 'UPDATE' || dialog.state !== 'early') return false;
    this.#updateEarly(incoming, dialog);
    return true;
  }

  /** RFC 3311 §5.2: no offer while that of the INVITE is open; without one it only moves the target. */
  #updateEarly(update: IncomingRequest, dialog: DialogState): void {
    const { takeEarlyOffer } = this.#core.dialogs.get(dialog) ?? {};
    const headers = [retryAfter(this.#core.random)];
    if (carriesOffer(update.request)) {
      if (takeEarlyOffer?.(update) !== true)
        update.respond(takeEarlyOffer ? 491 : 500, { headers });
      return;
    }
    const confirm = (): void => void update.respond(200);
    const invite = this.#openInviteOf(dialog);
    if (invite) invite.moved(dialog, confirm);
    else confirm();
  }

  #pracked(dialog: DialogState, prack: SipRequest, confirm: () => void): boolean {
    const invite = this.#openInviteOf(dialog);
    if (invite) return invite.acknowledgeProvisional(prack, confirm);
    // One that has crossed our 2xx is not told that its call is unknown.
    if (dialog.state === 'confirmed') confirm();
    return dialog.state === 'confirmed';
  }

  /** RFC 4028 §9: a re-INVITE or UPDATE of the peer renews the session, and may change its timer. */
  #renewed(dialog: DialogState, request: SipRequest): DialogState {
    if (request.method !== 'INVITE' && request.method !== 'UPDATE') return dialog;
    const now = this.#core.clock.now();
    const asked = timerOfRequest(request, this.#core.session, now);
    const session = asked ?? (dialog.session && { ...dialog.session, refreshedAtMs: now });
    return { ...dialog, session };
  }

  #onRefreshDue(id: DialogId): void {
    const dialog = this.dialog(id);
    if (!dialog) return;
    const method = dialog.takesUpdate === true ? 'UPDATE' : 'INVITE';
    const ignore = (): void => undefined;
    this.#guard(() => this.#listener.onSessionRefreshDue?.(dialog, method), ignore);
  }

  #onExpired(id: DialogId): void {
    const dialog = this.dialog(id);
    const ignore = (): void => undefined;
    if (dialog) this.#guard(() => this.#listener.onSessionExpired?.(dialog), ignore);
  }

  /** A bug met by one request ends in a 500 for that request, not in the socket's handler. */
  #guard(listen: () => void, refuse: () => void): void {
    try {
      listen();
    } catch (thrown: unknown) {
      this.#core.log.error({ err: toError(thrown) }, 'SIP listener failed');
      refuse();
    }
  }

  /** §15.1.2: a BYE inside the early dialog of a call that we have not answered ends the INVITE. */
  #endOpenInvite(dialog: DialogState): boolean {
    return this.#openInviteOf(dialog)?.giveUp('bye') === true;
  }

  #openInviteOf(dialog: DialogState): IncomingInvite | undefined {
    for (const invite of this.#open.values()) {
      if (invite.toTag !== dialog.localTag) continue;
      if (sipCallIdOf(invite.request) === dialog.sipCallId) return invite;
    }
    return undefined;
  }

  #onCancel(transaction: NonInviteTransaction, inviteKey: string | undefined): void {
    const open = inviteKey === undefined ? undefined : this.#open.get(inviteKey);
    const toTag = open?.toTag ?? newTag(this.#core.random);
    const status = inviteKey === undefined ? 481 : 200;
    const confirm = (): void => {
      transaction.machine.respond(createResponse(transaction.request, status, { toTag }));
    };
    if (!open?.giveUp('cancel', confirm)) confirm();
  }

  #onAck(request: SipRequest): void {
    const answer = this.#core.dialogs.get(dialogIdOf(request))?.answer;
    if (answer?.seq === cseqOf(request)?.number) answer?.acknowledged(sdpOf(request));
  }

  /** A 2xx that comes again after its transaction, or its process, is gone (§13.2.2.4). */
  #onStrayResponse(response: SipResponse, source: Peer): void {
    const cseq = cseqOf(response);
    if (cseq?.method !== 'INVITE' || response.status < 200 || response.status >= 300) return;
    const id = {
      sipCallId: sipCallIdOf(response),
      localTag: fromTagOf(response),
      remoteTag: toTagOf(response),
    };
    const live = this.#core.dialogs.get(id);
    if (live) {
      if (live.state.inviteSeq !== cseq.number) return;
      this.#core.layer.sendStateless(live.ack ?? createAck(live.state), nextHop(live.state));
      return;
    }
    if (this.#listener.onStrayAnswer?.(response, source) !== 'end') return;
    const dialog = createStrayDialog(response, source);
    this.#core.layer.sendStateless(createAck(dialog), source);
    void this.prepareInDialog(dialog, 'BYE').send();
  }

  #createRequest(method: string, target: OutgoingTarget): SipRequest {
    const headers = new SipHeaders();
    const { random, userAgentName } = this.#core;
    const to = target.to ?? { uri: target.uri };
    for (const route of target.route ?? []) headers.add('Route', route);
    headers.add('Max-Forwards', String(target.maxForwards ?? 70));
    const from = formatNameAddress(target.from.uri, target.from.displayName);
    headers.add('From', `${from};tag=${target.localTag ?? newTag(random)}`);
    headers.add('To', formatNameAddress(to.uri, to.displayName));
    headers.add('Call-ID', target.sipCallId ?? newSipCallId(random));
    headers.add('CSeq', `${target.seq ?? 1} ${method}`);
    for (const [name, value] of target.headers ?? []) headers.add(name, value);
    headers.add('User-Agent', userAgentName);
    return { kind: 'request', method, uri: target.uri, headers, body: '' };
  }
}

/** Methods that make no sense outside a dialog. */
const IN_DIALOG_ONLY = new Set(['BYE', 'INFO', 'UPDATE', 'PRACK', 'REFER', 'NOTIFY']);

/** A request of the peer names our tag in To and its own in From. */
function dialogIdOf(request: SipRequest): DialogId {
  return {
    sipCallId: sipCallIdOf(request),
    localTag: toTagOf(request),
    remoteTag: fromTagOf(request),
  };
}

function contactUri(
  contact: Address | undefined,
  protocol: TransportProtocol,
  user: string,
): string {
  const { address, port } = contact ?? { address: '127.0.0.1', port: 5060 };
  const transport = protocol === 'UDP' ? '' : `;transport=${protocol.toLowerCase()}`;
  return `sip:${user === '' ? '' : `${user}@`}${addressAsHost(address)}:${port}${transport}`;
}
