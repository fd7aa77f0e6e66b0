import type { Clock, Logger, Random } from '../base/index.ts';
import { InviteClientTransaction } from './invite-client-transaction.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import { cseqOf, fromTagOf, sipCallIdOf, toTagOf, topVia } from './message.ts';
import type { SipMessage, SipRequest, SipResponse } from './message.ts';
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts';
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts';
import { parseMessage } from './parse-message.ts';
import type { ParseIssue } from './parse-message.ts';
import { createResponse } from './response.ts';
import { serializeMessage } from './serialize-message.ts';
import type { TimerValues } from './timers.ts';
import { newBranch, newTag } from './tokens.ts';
import type { ClientTransactionUser, TransactionOptions } from './transaction.ts';
import { ownVia, responseDestination, samePeer, stampReceived } from './transport.ts';
import type { Address, Peer, SipTransport, TransportProtocol } from './transport.ts';
import { MAGIC_COOKIE } from './via.ts';

/** A request that came in, together with the transaction that answers it. */
export type ServerTransaction<Machine> = {
  readonly key: string;
  readonly machine: Machine;
  readonly request: SipRequest;
  readonly source: Peer;
};

export type InviteTransaction = ServerTransaction<InviteServerTransaction>;
export type NonInviteTransaction = ServerTransaction<NonInviteServerTransaction>;

/** What stands above the transactions: the user agent. */
export interface TransactionUser {
  onInvite(transaction: InviteTransaction): void;
  onRequest(transaction: NonInviteTransaction): void;
  /** `inviteKey` is the key of what it wants to cancel, when that is known. */
  onCancel(transaction: NonInviteTransaction, inviteKey: string | undefined): void;
  /** An ACK that no transaction swallowed: the ACK of a 2xx. */
  onAck(request: SipRequest, source: Peer): void;
  /** A response of no transaction: a 2xx that came again, or one meant for a former process. */
  onStrayResponse(response: SipResponse, source: Peer): void;
  onMalformed(issue: ParseIssue, source: Peer): void;
}

export type TransactionLayerOptions = {
  clock: Clock;
  random: Random;
  log: Logger;
  timers: TimerValues;
  transports: readonly SipTransport[];
  localContacts: Partial<Record<TransportProtocol, Address>>;
  maxTransactions: number;
  user: TransactionUser;
};

type ClientMachine = InviteClientTransaction | NonInviteClientTransaction;
type ClientEntry = { machine: ClientMachine; peer: Peer };
/** What is kept of a server transaction: not its request, which it may outlive by 32 s. */
type ServerEntry<Machine> = { readonly machine: Machine; readonly source: Peer };

/** RFC 3261 §17.1.3 and §17.2.3: brings messages to their transactions, and starts new ones. */
export class TransactionLayer {
  readonly #options: TransactionLayerOptions;
  readonly #clients = new Map<string, ClientEntry>();
  readonly #invites = new Map<string, ServerEntry<InviteServerTransaction>>();
  readonly #requests = new Map<string, ServerEntry<NonInviteServerTransaction>>();
  readonly #merged = new Map<string, string>();

  constructor(options: TransactionLayerOptions) {
    this.#options = options;
  }

  /** Transactions alive, of all four kinds. */
  get size(): number {
    return this.#clients.size + this.#invites.size + this.#requests.size;
  }

  receive(text: string, source: Peer): void {
    const result = parseMessage(text);
    if (!result.ok) {
      if (result.issue === 'empty') return;
      this.#options.user.onMalformed(result.issue, source);
      if (result.partial) this.#refuseMalformed(result.partial, result.issue, source);
      return;
    }
    if (result.message.kind === 'response') this.#receiveResponse(result.message, source);
    else this.#receiveRequest(result.message, source);
  }

  /** Draws the branch of a request that is stored before it is sent, unless it has one already. */
  addVia(request: SipRequest, { protocol }: Peer, branch = newBranch(this.#options.random)): void {
    const contact = this.#options.localContacts[protocol] ?? { address: '127.0.0.1', port: 5060 };
    request.headers.prepend('Via', ownVia(protocol, contact, branch));
  }

  /**
   * Sends a request in a transaction of its own, or joins the one that sends the very same request; a Via is
   * added unless `addVia` has done it.
   */
  request(
    request: SipRequest,
    peer: Peer,
    user: ClientTransactionUser,
  ): InviteClientTransaction | undefined {
    if (!request.headers.has('Via')) this.addVia(request, peer);
    const same = this.#clients.get(clientKey(request))?.machine;
    if (same instanceof NonInviteClientTransaction) {
      same.join(user);
      return undefined;
    }
    if (this.#clients.size >= this.#options.maxTransactions) {
      this.#options.log.warn({ method: request.method }, 'too many SIP client transactions');
      user.onTransportError();
      return undefined;
    }
    const machine = this.#addClient(request, peer, user);
    machine.start();
    return machine instanceof InviteClientTransaction ? machine : undefined;
  }

  /** RFC 3261 §9.1: the CANCEL carries the INVITE's own Via, so it makes no new branch. */
  cancel(request: SipRequest, peer: Peer, user: ClientTransactionUser): void {
    this.#addClient(request, peer, user).start();
  }

  /** Takes up an INVITE that rings and was sent by a former process, Via included. */
  resumeInvite(
    request: SipRequest,
    peer: Peer,
    user: ClientTransactionUser,
  ): InviteClientTransaction {
    const machine = this.#addClient(request, peer, user) as InviteClientTransaction;
    machine.resume();
    return machine;
  }

  /** Takes up an INVITE that a former process received; undefined when it is here already. */
  resumeServerInvite(request: SipRequest, source: Peer): InviteTransaction | undefined {
    const key = serverKey(request, 'INVITE');
    if (this.#invites.has(key)) return undefined;
    this.#merged.set(mergedKey(request), key);
    return this.#addInvite(key, request, source);
  }

  /** Sends a request that has no transaction, the ACK of a 2xx, and gives it as it was sent. */
  sendStateless(request: SipRequest, peer: Peer): string {
    const copy = { ...request, headers: request.headers.clone() };
    this.addVia(copy, peer);
    const text = serializeMessage(copy);
    this.sendText(text, peer);
    return text;
  }

  sendText(text: string, peer: Peer): void {
    const transport = this.#transport(peer.protocol);
    if (!transport) {
      this.#options.log.warn({ protocol: peer.protocol }, 'no SIP transport of this kind');
      return;
    }
    transport.send(text, peer);
  }

  isReliable(protocol: TransportProtocol): boolean {
    return this.#transport(protocol)?.reliable ?? false;
  }

  /** RFC 3261 §18.4: the socket says that this peer cannot be reached. */
  transportFailed(peer: Peer): void {
    for (const { machine, peer: other } of [...this.#clients.values()]) {
      if (samePeer(peer, other)) machine.transportFailed();
    }
  }

  /** Ends every transaction at once and without a word: the process stops. */
  close(): void {
    for (const { machine } of [...this.#clients.values()]) {
      if (machine instanceof InviteClientTransaction) machine.abandon();
      else machine.transportFailed();
    }
    for (const { machine } of [...this.#invites.values()]) machine.abandon();
    for (const { machine } of [...this.#requests.values()]) machine.abandon();
  }

  #receiveResponse(response: SipResponse, source: Peer): void {
    const branch = topVia(response)?.params.get('branch') ?? '';
    const entry = this.#clients.get(keyOf(branch, cseqOf(response)?.method ?? ''));
    if (entry) entry.machine.receive(response);
    else this.#options.user.onStrayResponse(response, source);
  }

  #receiveRequest(request: SipRequest, source: Peer): void {
    stampReceived(request, source);
    const { method } = request;
    const key = serverKey(request, method);
    if (method === 'ACK') {
      const invite = this.#invites.get(serverKey(request, 'INVITE'));
      if (!invite?.machine.receive(request)) this.#options.user.onAck(request, source);
      return;
    }
    if (method === 'INVITE') {
      this.#receiveInvite(key, request, source);
      return;
    }
    const known = this.#requests.get(key);
    if (known) {
      this.#follow(known, source);
      known.machine.receive();
      return;
    }
    if (this.#refuseOverflow(this.#requests.size, request, source)) return;
    if (method !== 'CANCEL' && this.#refuseMerged(key, request, source)) return;
    const transaction = this.#addRequest(key, request, source);
    if (method !== 'CANCEL') {
      this.#options.user.onRequest(transaction);
      return;
    }
    const inviteKey = serverKey(request, 'INVITE');
    const cancelled = this.#invites.get(inviteKey);
    if (cancelled) this.#follow(cancelled, source);
    this.#options.user.onCancel(transaction, cancelled && inviteKey);
  }

  /**
   * §18.2.2: a response goes over the connection of its request as long as there is that one. A client whose
   * connection broke says the same again over a new one, which often is the only way to it. Only from the
   * same address: nobody else may call our answers to himself.
   */
  #follow({ source: first }: { source: Peer }, second: Peer): void {
    if (first.protocol !== second.protocol || first.address !== second.address) return;
    if (first.port !== second.port) this.#transport(first.protocol)?.standIn?.(first, second);
  }

  #receiveInvite(key: string, request: SipRequest, source: Peer): void {
    const known = this.#invites.get(key);
    if (known) {
      this.#follow(known, source);
      known.machine.receive(request);
      return;
    }
    if (this.#refuseOverflow(this.#invites.size, request, source)) return;
    if (this.#refuseMerged(key, request, source)) return;
    const transaction = this.#addInvite(key, request, source);
    this.#options.user.onInvite(transaction);
    transaction.machine.awaitUser();
  }

  #addInvite(key: string, request: SipRequest, source: Peer): InviteTransaction {
    const options = this.#serverOptions(key, request, source);
    const machine = new InviteServerTransaction(request, options);
    this.#invites.set(key, { machine, source });
    return { key, machine, request, source };
  }

  #addRequest(key: string, request: SipRequest, source: Peer): NonInviteTransaction {
    const machine = new NonInviteServerTransaction(this.#serverOptions(key, request, source));
    this.#requests.set(key, { machine, source });
    return { key, machine, request, source };
  }

  #serverOptions(key: string, request: SipRequest, source: Peer): TransactionOptions {
    const via = topVia(request);
    const destination = via ? responseDestination(via, source) : source;
    const { clock, timers } = this.#options;
    const merged = mergedKey(request);
    return {
      clock,
      timers,
      reliable: this.isReliable(source.protocol),
      send: (text) => this.sendText(text, destination),
      onTerminated: () => {
        this.#invites.delete(key);
        this.#requests.delete(key);
        if (this.#merged.get(merged) === key) this.#merged.delete(merged);
      },
    };
  }

  #addClient(request: SipRequest, peer: Peer, user: ClientTransactionUser): ClientMachine {
    const { clock, timers } = this.#options;
    const key = clientKey(request);
    const options: TransactionOptions = {
      clock,
      timers,
      reliable: this.isReliable(peer.protocol),
      send: (text) => this.sendText(text, peer),
      onTerminated: () => {
        if (this.#clients.get(key)?.machine === machine) this.#clients.delete(key);
      },
    };
    const machine: ClientMachine =
      request.method === 'INVITE'
        ? new InviteClientTransaction(request, options, user)
        : new NonInviteClientTransaction(request, options, user);
    this.#clients.set(key, { machine, peer });
    return machine;
  }

  /** §8.2.2.2: the same request over a second path. Inside a dialog the CSeq order sees to it. */
  #refuseMerged(key: string, request: SipRequest, source: Peer): boolean {
    if (toTagOf(request) !== '') return false;
    const merged = mergedKey(request);
    const other = this.#merged.get(merged);
    if (other === undefined) {
      this.#merged.set(merged, key);
      return false;
    }
    this.respondStateless(request, 482, source);
    return true;
  }

  #refuseOverflow(size: number, request: SipRequest, source: Peer): boolean {
    if (size < this.#options.maxTransactions) return false;
    this.#options.log.warn({ method: request.method }, 'too many SIP server transactions');
    this.respondStateless(request, 503, source, [['Retry-After', '10']]);
    return true;
  }

  /** Answers without keeping anything (§8.2.7). */
  respondStateless(
    request: SipRequest,
    status: number,
    source: Peer,
    headers: readonly (readonly [string, string])[] = [],
  ): void {
    const via = topVia(request);
    if (!via || request.method === 'ACK') return;
    const toTag = newTag(this.#options.random);
    const response = createResponse(request, status, { toTag, headers });
    this.sendText(serializeMessage(response), responseDestination(via, source));
  }

  #refuseMalformed(message: SipMessage, issue: ParseIssue, source: Peer): void {
    if (message.kind !== 'request' || !topVia(message)) return;
    // Without these no client could tell what is answered. What they hold is given back unread.
    const { headers } = message;
    if (!['From', 'To', 'Call-ID', 'CSeq'].every((name) => headers.has(name))) return;
    stampReceived(message, source);
    const status = issue === 'bad-version' ? 505 : 400;
    this.respondStateless(message, status, source, [['Warning', `399 denwaban "${issue}"`]]);
  }

  #transport(protocol: TransportProtocol): SipTransport | undefined {
    return this.#options.transports.find((transport) => transport.protocol === protocol);
  }
}

/**
 * Joined, not added up: a sum of strings is kept by V8 as its parts, and these are parts of whole messages, which
 * would stay for as long as the key.
 */
function keyOf(...parts: (string | number)[]): string {
  return parts.join('|');
}

/** §17.1.3. */
function clientKey(request: SipRequest): string {
  return keyOf(topVia(request)?.params.get('branch') ?? '', request.method);
}

/** §17.2.3. Without the magic cookie the old rules of RFC 2543 identify the transaction. */
function serverKey(request: SipRequest, method: string): string {
  const via = topVia(request);
  const branch = via?.params.get('branch') ?? '';
  const sentBy = `${via?.host ?? ''}:${via?.port ?? ''}`;
  if (branch.startsWith(MAGIC_COOKIE) && branch !== MAGIC_COOKIE) {
    return keyOf(branch, sentBy, method);
  }
  const number = cseqOf(request)?.number ?? 0;
  const [callId, fromTag] = [sipCallIdOf(request), fromTagOf(request)];
  return keyOf('2543', callId, fromTag, number, sentBy, branch, method);
}

function mergedKey(request: SipRequest): string {
  return keyOf(sipCallIdOf(request), fromTagOf(request), request.headers.get('CSeq') ?? '');
}
