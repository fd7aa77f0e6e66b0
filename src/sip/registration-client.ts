import type { Clock, Random } from '../base/index.ts';
import { MAX_ATTEMPTS } from './client-exchange.ts';
import { DigestSession } from './digest-client.ts';
import type { Credentials } from './digest-client.ts';
import type { SipResponse } from './message.ts';
import { parseNameAddress } from './name-address.ts';
import type { RequestOutcome } from './outgoing-request.ts';
import { TimerSet } from './timers.ts';
import { newSipCallId, newTag } from './tokens.ts';
import { samePeer } from './transport.ts';
import type { Peer } from './transport.ts';
import { parseDigits, parseSipOnly, parseUri, sameUri } from './uri.ts';
import type { SipUserAgent } from './user-agent.ts';

export type RegistrationOptions = {
  /** Our address at the carrier, From and To: `sip:0301234567@carrier.example`. */
  addressOfRecord: string;
  /** Request-URI; default: `sip:` and the host of the address of record. */
  registrarUri?: string;
  credentials: Credentials;
  /** User part of our Contact; default: the user of the address of record. */
  contactUser?: string;
  /** How long a registration is asked to live; default 3600. 423 raises it for good. */
  expiresSeconds?: number;
  /** Further headers of each REGISTER. */
  headers?: readonly (readonly [name: string, value: string])[];
  /** Route values: an outbound proxy. */
  route?: readonly string[];
};

export type RegistrationDeps = {
  clock: Clock;
  random: Random;
  agent: Pick<SipUserAgent, 'request' | 'contactUri'>;
  /**
   * The registrar's addresses now, the preferred one first (RFC 3263 §4). Asked before each round of
   * tries, so that a change in the DNS is followed; it must come to an end by itself.
   */
  locate: () => Promise<readonly Peer[]>;
  /** Every change of `state`, and every failed round. */
  onChange: (state: RegistrationState) => void;
};

export type RegistrationState =
  /** Not begun, or stopped. */
  | { kind: 'idle' }
  /** The first round is under way. */
  | { kind: 'registering' }
  | {
      kind: 'registered';
      registrar: Peer;
      /** Unix ms: when the binding ends unless it is refreshed, which happens well before. */
      untilMs: number;
      /** RFC 3608: the Route of requests that go out through this registration. */
      serviceRoute: string[];
    }
  | {
      kind: 'failed';
      reason: RegistrationFailure;
      /** Of the response that refused us last; 0 when none came. */
      status: number;
      retryAtMs: number;
    };

/** `refused`: the carrier does not know us, or not by this password: somebody has to look at it. */
export type RegistrationFailure = 'refused' | 'unreachable' | 'no-address';

type Round = { peers: readonly Peer[]; index: number; raised: boolean; status: number };

const DEFAULT_EXPIRES_S = 3600;
/** A registrar that wants longer than a week is not a registrar (423, §10.2.8). */
const MAX_EXPIRES_S = 7 * 24 * 3600;
/** While another registrar is left, nobody waits the whole of timer F for a silent one. */
const PATIENCE_MS = 10_000;
const UNREGISTER_PATIENCE_MS = 3_000;
const MAX_REGISTRARS = 16;
const MAX_RETRY_AFTER_S = 3600;
/** RFC 5626 §4.5: from the base, doubled with each failed round, up to the maximum. */
const BACK_OFF_S = {
  unreachable: { base: 5, max: 300 },
  'no-address': { base: 5, max: 300 },
  // A wrong password tried often gets the address banned.
  refused: { base: 60, max: 1800 },
} as const;

/**
 * Keeps us registered at a carrier (RFC 3261 §10.2): digest, refresh, 423, failover, back-off.
 *
 *     idle ──start──▶ registering ──200──▶ registered ──refresh, 200──▶ registered
 *                          └── refused, or no registrar left ──▶ failed ──back-off──▶ next round
 *
 * A registrar that worked is kept until it fails. A binding stays `registered` while a refresh
 * merely gets no answer, and becomes `failed` when it has run out or a registrar refuses it.
 * The trunk service of the engine owns one of these for each registering trunk: it calls `start`,
 * then `stop` at an orderly end, or `release` when the next process goes on with the trunk.
 */
export class RegistrationClient {
  readonly #options: RegistrationOptions;
  readonly #deps: RegistrationDeps;
  readonly #timers: TimerSet<'round' | 'patience' | 'expiry'>;
  /** §10.2: one Call-ID for all registrations, with rising CSeq. */
  readonly #sipCallId: string;
  #seq = 1;
  #expiresS: number;
  #state: RegistrationState = { kind: 'idle' };
  /** Rises with every try; what an older one still brings is not heard. */
  #turn = 0;
  #failures = 0;
  #isTrying = false;
  #registrar: { peer: Peer; digest: DigestSession } | undefined;

  constructor(options: RegistrationOptions, deps: RegistrationDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#timers = new TimerSet(deps.clock);
    this.#sipCallId = newSipCallId(deps.random);
    this.#expiresS = options.expiresSeconds ?? DEFAULT_EXPIRES_S;
  }

  get state(): RegistrationState {
    return this.#state;
  }

  start(): void {
    if (this.#state.kind !== 'idle') return;
    this.#enter({ kind: 'registering' });
    this.#beginRound();
  }

  /** Registers again at once: the network came back, the connection to the registrar broke. */
  registerNow(): void {
    if (this.#state.kind !== 'idle') this.#beginRound();
  }

  /**
   * A connection is gone: if our registration came over it, calls to us would find no way. While a
   * round is under way or has failed, the back-off decides.
   */
  connectionLost(peer: Peer): void {
    const { kind } = this.#state;
    if (kind !== 'registered' || !this.#isCurrent(peer)) return;
    if (!this.#isTrying && this.#failures === 0) this.#beginRound();
  }

  /** Takes our binding away. Resolves when the registrar has answered, after 3 s at most. */
  async stop(): Promise<void> {
    const registrar = this.#registrar?.peer;
    this.release();
    if (!registrar) return;
    const answered = this.#register(registrar, 0);
    const patience = new Promise<void>((resolve) => {
      this.#timers.start('patience', UNREGISTER_PATIENCE_MS, resolve);
    });
    await Promise.race([answered, patience]);
    this.#timers.stopAll();
    this.#registrar = undefined;
  }

  /** Falls silent and leaves the binding to the next process. */
  release(): void {
    this.#turn++;
    this.#timers.stopAll();
    if (this.#state.kind !== 'idle') this.#enter({ kind: 'idle' });
  }

  #beginRound(): void {
    const turn = ++this.#turn;
    this.#isTrying = true;
    this.#timers.stop('round', 'patience');
    void this.#locate().then((peers) => {
      if (turn !== this.#turn) return;
      if (peers.length === 0) this.#failed('no-address', 0);
      else this.#try({ peers, index: 0, raised: false, status: 0 });
    });
  }

  async #locate(): Promise<Peer[]> {
    const found = await this.#deps.locate().catch((): Peer[] => []);
    const peers = found.slice(0, MAX_REGISTRARS);
    const current = peers.find((peer) => this.#isCurrent(peer));
    return current ? [current, ...peers.filter((peer) => peer !== current)] : peers;
  }

  #try(round: Round): void {
    const peer = round.peers[round.index];
    if (!peer) {
      this.#failed('unreachable', round.status);
      return;
    }
    const turn = ++this.#turn;
    if (round.index + 1 < round.peers.length) {
      this.#timers.start('patience', PATIENCE_MS, () => this.#tryNext(round));
    }
    void this.#register(peer, this.#expiresS).then((outcome) => {
      if (turn !== this.#turn) return;
      this.#timers.stop('patience');
      if (outcome.kind === 'answered') this.#answered(round, peer, outcome.response);
      else this.#tryNext(round);
    });
  }

  #tryNext(round: Round, status = round.status): void {
    this.#try({ ...round, index: round.index + 1, raised: false, status });
  }

  #answered(round: Round, peer: Peer, response: SipResponse): void {
    const { status } = response;
    if (status < 300) this.#registered(peer, response);
    else if (status === 423 && !round.raised && this.#raiseExpiry(response)) {
      this.#try({ ...round, raised: true });
    } else if (isRefusal(status)) this.#failed('refused', status, response);
    else if (round.index + 1 < round.peers.length) this.#tryNext(round, status);
    else this.#failed('unreachable', status, response);
  }

  /** §10.2.8: asks for as long as the registrar wants. False when that leads nowhere. */
  #raiseExpiry(response: SipResponse): boolean {
    const wanted = parseDigits(response.headers.get('Min-Expires') ?? '', MAX_EXPIRES_S) ?? 0;
    if (wanted <= this.#expiresS) return false;
    this.#expiresS = wanted;
    return true;
  }

  #registered(registrar: Peer, response: SipResponse): void {
    const grantedS = this.#grantedSeconds(registrar, response);
    if (grantedS === 0) {
      this.#failed('unreachable', response.status);
      return;
    }
    this.#failures = 0;
    this.#isTrying = false;
    const untilMs = this.#deps.clock.now() + grantedS * 1000;
    this.#timers.start('expiry', grantedS * 1000, () => this.#expired());
    this.#timers.start('round', refreshDelayMs(grantedS), () => this.#beginRound());
    const serviceRoute = response.headers.list('Service-Route');
    this.#enter({ kind: 'registered', registrar, untilMs, serviceRoute });
  }

  /** §10.2.4: the registrar may shorten what was asked; it says so in Contact, else in Expires. */
  #grantedSeconds(registrar: Peer, response: SipResponse): number {
    const own = parseUri(this.#contactUri(registrar));
    const contacts = response.headers.list('Contact').map(parseNameAddress);
    const ours = contacts.find((contact) => contact && own && sameUri(contact.uri, own));
    // Behind a NAT some registrars write our address as they see it.
    const stated = (ours ?? (contacts.length === 1 ? contacts[0] : undefined))?.params;
    const text = stated?.get('expires') ?? response.headers.get('Expires') ?? '';
    return parseDigits(text, MAX_EXPIRES_S) ?? this.#expiresS;
  }

  /** No refresh got through in time. The round under way, or the back-off, goes on. */
  #expired(): void {
    const retryAtMs = this.#deps.clock.now();
    this.#enter({ kind: 'failed', reason: 'unreachable', status: 0, retryAtMs });
  }

  #failed(reason: RegistrationFailure, status: number, response?: SipResponse): void {
    this.#turn++;
    this.#isTrying = false;
    const delayMs = Math.max(this.#backOffMs(reason), retryAfterMs(response));
    this.#failures++;
    this.#timers.start('round', delayMs, () => this.#beginRound());
    const retryAtMs = this.#deps.clock.now() + delayMs;
    const stillBound = this.#state.kind === 'registered' && reason !== 'refused';
    if (!stillBound) this.#timers.stop('expiry');
    this.#enter(stillBound ? this.#state : { kind: 'failed', reason, status, retryAtMs });
  }

  #backOffMs(reason: RegistrationFailure): number {
    const { base, max } = BACK_OFF_S[reason];
    const wholeMs = Math.min(max, base * 2 ** Math.min(this.#failures, 16)) * 1000;
    const share = (this.#deps.random.bytes(1)[0] ?? 0) / 255;
    return Math.round(wholeMs * (0.5 + share / 2));
  }

  #register(peer: Peer, expiresS: number): Promise<RequestOutcome> {
    const { addressOfRecord, registrarUri, route, headers } = this.#options;
    const uri = registrarUri ?? `sip:${parseSipOnly(addressOfRecord)?.host ?? ''}`;
    const digest = this.#isCurrent(peer) ? this.#registrar?.digest : undefined;
    this.#registrar = { peer, digest: digest ?? new DigestSession(this.#options.credentials) };
    const seq = this.#seq;
    this.#seq += MAX_ATTEMPTS;
    const contact = `<${this.#contactUri(peer)}>;expires=${expiresS}`;
    return this.#deps.agent.request({
      method: 'REGISTER',
      uri,
      destination: peer,
      from: { uri: addressOfRecord },
      to: { uri: addressOfRecord },
      localTag: newTag(this.#deps.random),
      sipCallId: this.#sipCallId,
      seq,
      digest: this.#registrar.digest,
      headers: [['Contact', contact], ['Expires', String(expiresS)], ...(headers ?? [])],
      ...(route ? { route } : {}),
    });
  }

  #contactUri(peer: Peer): string {
    const { contactUser, addressOfRecord } = this.#options;
    const user = contactUser ?? parseSipOnly(addressOfRecord)?.user ?? '';
    return this.#deps.agent.contactUri(peer.protocol, user);
  }

  #isCurrent(peer: Peer): boolean {
    return this.#registrar !== undefined && samePeer(peer, this.#registrar.peer);
  }

  #enter(state: RegistrationState): void {
    this.#state = state;
    this.#deps.onChange(state);
  }
}

/** Long before the end where there is time, else half way (3GPP TS 24.229 §5.1.1.4.1). */
function refreshDelayMs(grantedS: number): number {
  return (grantedS > 1200 ? grantedS - 600 : grantedS / 2) * 1000;
}

/** Another registrar of the same carrier would say the same. */
function isRefusal(status: number): boolean {
  if (status >= 600) return true;
  return status >= 400 && status < 500 && status !== 408 && status !== 480;
}

function retryAfterMs(response: SipResponse | undefined): number {
  const text = /^\d+/.exec(response?.headers.get('Retry-After') ?? '')?.[0] ?? '';
  return Math.min(parseDigits(text, Number.MAX_SAFE_INTEGER) ?? 0, MAX_RETRY_AFTER_S) * 1000;
}
