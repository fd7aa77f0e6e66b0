import { ClientExchange } from './client-exchange.ts';
import type { DigestSession } from './digest-client.ts';
import { copyCredentials, createAck, createUacDialog, nextHop } from './dialog.ts';
import type { DialogState } from './dialog.ts';
import type { OfferInUpdate } from './dialog-table.ts';
import { contactOf, cseqOf, sdpOf, toTagOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { splitList } from './name-address.ts';
import { prepareInDialog } from './outgoing-request.ts';
import type { InDialogOptions } from './outgoing-request.ts';
import { formatRAck, reliableSeqOf } from './reliable-provisional.ts';
import { serializeMessage } from './serialize-message.ts';
import { timerOfResponse } from './session-timer.ts';
import { SipHeaders } from './sip-headers.ts';
import { TimerSet } from './timers.ts';
import type { Peer } from './transport.ts';
import type { UserAgentCore } from './user-agent-core.ts';

export type InviteFailure = {
  /** The status of the response; 408 for a timeout, 503 for an unreachable peer, 487 after CANCEL. */
  status: number;
  reason: 'rejected' | 'timeout' | 'cancelled' | 'transport-error';
  response?: SipResponse;
};

export interface OutgoingInviteObserver {
  /** 101 to 199; `sdp` is '' without early media, `dialog` there once the peer has a tag. */
  onProvisional?(event: { response: SipResponse; sdp: string; dialog?: DialogState }): void;
  /**
   * The peer has answered our offer in a reliable provisional response and makes one of its own by UPDATE
   * (RFC 3311 §5.1). True when it was answered with 200. Absent: 488.
   */
  onOffer?(update: OfferInUpdate): Promise<boolean>;
  /** The INVITE goes again, with credentials or elsewhere: `stored` has changed, and is sent now. */
  onSentAgain?(): void;
  /** The 2xx. Store `dialog`, then call `acknowledge`. */
  onAnswered(event: { response: SipResponse; sdp: string; dialog: DialogState }): void;
  /** The call did not come about; exactly one of this and `onAnswered` is called. */
  onFailed(failure: InviteFailure): void;
}

/** An INVITE under way as plain data, with which another process may go on or cancel it. */
export type StoredInvite = { request: string; peer: Peer };

export type OutgoingInviteOptions = {
  request: SipRequest;
  peer: Peer;
  digest?: DigestSession;
  /** Without any response for so long the call fails by `timeout`; default: timer B, 32 s. */
  patienceMs?: number;
  observer: OutgoingInviteObserver;
};

/**
 * A call that we make (§13.2). Answers of further forks, and an answer that crosses our CANCEL,
 * are acknowledged and ended with BYE here.
 */
export class OutgoingInvite {
  readonly #core: UserAgentCore;
  #observer: OutgoingInviteObserver;
  readonly #exchange: ClientExchange;
  readonly #timers: TimerSet<'giveUp' | 'patience'>;
  readonly #patienceMs: number | undefined;
  /** Once challenged, every request of this call proves at once who we are (§22.2). */
  readonly #proof: Pick<InDialogOptions, 'proof'>;
  /** Early dialogs by the peer's tag. */
  readonly #early = new Map<string, DialogState>();
  /** RSeq of the latest reliable provisional response of each fork. */
  readonly #reliable = new Map<string, number>();
  /** What each fork has said before its 2xx: `settled` when no 2xx may say it anew (RFC 6337 §3.1.1). */
  readonly #answers = new Map<string, { sdp: string; settled: boolean; reliable: boolean }>();
  #state: 'calling' | 'ringing' | 'answered' | 'failed' = 'calling';
  #cancelRequested = false;
  #cancelSent = false;
  #isResumed = false;
  /** Of the 2xx, until its ACK is sent. */
  #dialog: DialogState | undefined;
  /** The ACK as it was sent to the fork of this tag, for its 2xx that come again. */
  #ack: { tag: string; text: string; hop: Peer } | undefined;

  constructor(core: UserAgentCore, options: OutgoingInviteOptions) {
    this.#core = core;
    this.#observer = options.observer;
    this.#patienceMs = options.patienceMs;
    this.#proof = options.digest ? { proof: options.digest } : {};
    this.#timers = new TimerSet(core.clock);
    this.#exchange = new ClientExchange(core, {
      request: options.request,
      peer: options.peer,
      ...(options.digest ? { digest: options.digest } : {}),
      onAgain: () => this.#beginAgain(),
      user: {
        onResponse: (response) => this.#receive(response),
        onTimeout: () => this.#timeout(),
        onTransportError: () => this.#fail({ status: 503, reason: 'transport-error' }),
      },
    });
  }

  get state(): 'calling' | 'ringing' | 'answered' | 'failed' {
    return this.#state;
  }

  /** For `resumeOutgoingInvite`; to be stored before `start`. */
  get stored(): StoredInvite {
    return { request: serializeMessage(this.#exchange.request), peer: this.#exchange.peer };
  }

  prepare(): void {
    this.#exchange.prepare();
  }

  start(): void {
    this.#waitForSign();
    this.#exchange.start();
  }

  resume(): void {
    this.#state = 'ringing';
    this.#isResumed = true;
    this.#exchange.resume();
  }

  /**
   * §9.1: sent at once when the call rings, else when the first provisional response comes. Then
   * `onFailed` follows with reason `cancelled`, after the 487 or without it.
   */
  cancel(): void {
    if (this.#state === 'answered' || this.#state === 'failed') return;
    this.#cancelRequested = true;
    this.#exchange.stopRetrying();
    if (this.#state === 'ringing') this.#sendCancel();
  }

  /** The ACK of the 2xx, with our answer when the 2xx carried the offer. Repeated when needed. */
  acknowledge(sdp = ''): void {
    if (this.#state !== 'answered' || !this.#dialog) return;
    const { remoteTag: tag } = this.#dialog;
    const ack = createAck(this.#dialog, sdp);
    copyCredentials(this.#exchange.request, ack);
    const live = this.#core.dialogs.get(this.#dialog);
    if (live) live.ack = ack;
    const hop = nextHop(this.#dialog);
    this.#ack = { tag, text: this.#core.layer.sendStateless(ack, hop), hop };
    this.#dialog = undefined;
  }

  #receive(response: SipResponse): void {
    if (response.status < 200) this.#provisional(response);
    else if (response.status < 300) this.#answered(response);
    else this.#rejected(response);
  }

  /** RFC 3263 §4.3 has the next server tried after timer B: who waits for it has hung up by then. */
  #waitForSign(): void {
    if (this.#patienceMs === undefined) return;
    const { peer, target } = this.#exchange;
    const trialMs = peer.protocol === target.protocol ? 0 : STREAM_TRIAL_MS;
    this.#timers.start('patience', this.#patienceMs + trialMs, () => {
      // What it says later is cancelled or ended.
      this.cancel();
      this.#fail({ status: 408, reason: 'timeout' });
    });
  }

  #provisional(response: SipResponse): void {
    this.#timers.stop('patience');
    if (this.#state === 'calling') this.#state = 'ringing';
    if (this.#cancelRequested) {
      this.#sendCancel();
      return;
    }
    if (response.status === 100) return;
    const dialog = toTagOf(response) === '' ? undefined : this.#earlyDialog(response);
    if (dialog && !this.#acknowledgeProvisional(response, dialog)) return;
    const event = { response, sdp: sdpOf(response) };
    const isKept = dialog !== undefined && this.#early.has(dialog.remoteTag);
    if (isKept && event.sdp !== '') this.#noteAnswer(dialog.remoteTag, response);
    this.#observer.onProvisional?.(dialog ? { ...event, dialog } : event);
  }

  #noteAnswer(tag: string, response: SipResponse): void {
    const known = this.#answers.get(tag);
    // What the peer has offered since stands; a provisional response can only repeat itself.
    if (known?.settled === true) return;
    const reliable = known?.reliable === true || reliableSeqOf(response) !== undefined;
    this.#answers.set(tag, { sdp: sdpOf(response), settled: false, reliable });
  }

  /** False while our offer is open: only a reliable response has answered it (RFC 3262 §5). */
  #takeOffer(tag: string, update: OfferInUpdate): boolean {
    const before = this.#answers.get(tag);
    if (before?.reliable !== true) return false;
    if (!this.#observer.onOffer) return update.respond(488);
    const offered = { sdp: update.sdp, settled: true, reliable: true };
    this.#answers.set(tag, offered);
    void this.#observer.onOffer(update).then((agreed) => {
      if (!agreed && this.#answers.get(tag) === offered) this.#answers.set(tag, before);
    });
    return true;
  }

  /** RFC 3262 §4: PRACK. False for a response that came again, or before its time. */
  #acknowledgeProvisional(response: SipResponse, dialog: DialogState): boolean {
    const rseq = reliableSeqOf(response);
    if (rseq === undefined) return true;
    const known = this.#reliable.get(dialog.remoteTag);
    if (known !== undefined && rseq !== known + 1) return false;
    if (known === undefined && this.#reliable.size >= MAX_FORKS) return false;
    this.#reliable.set(dialog.remoteTag, rseq);
    const current = this.#core.dialogs.get(dialog)?.state ?? dialog;
    const headers = [['RAck', formatRAck(rseq, response)]] as const;
    void prepareInDialog(this.#core, current, 'PRACK', { headers, ...this.#proof }).send();
    return true;
  }

  /** A challenge: the forks of the first INVITE are gone, nothing rings. */
  #beginAgain(): void {
    this.#state = 'calling';
    this.#forgetEarly();
    this.#early.clear();
    this.#reliable.clear();
    this.#answers.clear();
    this.#waitForSign();
    this.#observer.onSentAgain?.();
  }

  #earlyDialog(response: SipResponse): DialogState {
    const tag = toTagOf(response);
    const known = this.#early.get(tag);
    if (known) return known;
    const dialog = this.#dialogOf(response);
    if (this.#early.size < MAX_FORKS) {
      this.#early.set(tag, dialog);
      const live = this.#core.dialogs.put(dialog);
      live.takeEarlyOffer = (update) => this.#takeOffer(tag, update);
    }
    return dialog;
  }

  #answered(response: SipResponse): void {
    const tag = toTagOf(response);
    if (this.#ack?.tag === tag) this.#core.layer.sendText(this.#ack.text, this.#ack.hop);
    if (this.#ack?.tag === tag || this.#dialog?.remoteTag === tag) return;
    const dialog = this.#confirmed(response);
    if (this.#cancelRequested || this.#state === 'answered' || this.#state === 'failed') {
      this.#endUnwanted(dialog);
      return;
    }
    this.#state = 'answered';
    this.#timers.stopAll();
    this.#dialog = dialog;
    this.#forgetEarly();
    this.#core.dialogs.put(dialog);
    // RFC 3262 §5: an answer in a reliable provisional response is not given a second time; some gateways
    // leave it out after any that had one.
    const early = this.#answers.get(dialog.remoteTag);
    const said = early?.settled === true ? '' : sdpOf(response);
    this.#early.clear();
    this.#reliable.clear();
    this.#answers.clear();
    this.#letGo().onAnswered({ response, sdp: said === '' ? (early?.sdp ?? '') : said, dialog });
  }

  /** The dialog of a 2xx, with the CSeq numbers that its early dialog has used up. */
  #confirmed(response: SipResponse): DialogState {
    const dialog = this.#dialogOf(response);
    const early = this.#core.dialogs.get(dialog)?.state;
    if (!early) return dialog;
    const localSeq = Math.max(dialog.localSeq, early.localSeq);
    const { remoteSeq } = early;
    // A 2xx must have a Contact; one that has none leaves the target where an UPDATE has moved it.
    const remoteTarget = contactOf(response) ? dialog.remoteTarget : early.remoteTarget;
    return { ...dialog, localSeq, remoteSeq, remoteTarget };
  }

  /** A second fork (§13.2.2.4), or an answer that crossed our CANCEL: acknowledged, then ended. */
  #endUnwanted(dialog: DialogState): void {
    const repeated = this.#early.get(dialog.remoteTag)?.state === 'confirmed';
    this.#early.set(dialog.remoteTag, dialog);
    const ack = createAck(dialog);
    copyCredentials(this.#exchange.request, ack);
    this.#core.layer.sendStateless(ack, nextHop(dialog));
    if (!repeated) void prepareInDialog(this.#core, dialog, 'BYE', this.#proof).send();
    if (this.#cancelRequested) this.#fail({ status: 487, reason: 'cancelled' });
  }

  #rejected(response: SipResponse): void {
    const { status } = response;
    if (this.#cancelRequested) this.#fail({ status, reason: 'cancelled', response });
    else this.#fail({ status, reason: 'rejected', response });
  }

  #timeout(): void {
    const reason = this.#cancelRequested ? 'cancelled' : 'timeout';
    this.#fail({ status: 408, reason });
  }

  #fail(failure: InviteFailure): void {
    if (this.#state === 'failed' || this.#state === 'answered') return;
    this.#state = 'failed';
    this.#timers.stopAll();
    this.#forgetEarly();
    this.#letGo().onFailed(failure);
  }

  /** Nothing more is to be told: the transaction stays for 32 s, the call is not kept with it. */
  #letGo(): OutgoingInviteObserver {
    const observer = this.#observer;
    this.#observer = NOBODY;
    return observer;
  }

  #sendCancel(): void {
    if (this.#cancelSent) return;
    this.#cancelSent = true;
    const ignore = (): void => undefined;
    const user = { onResponse: ignore, onTimeout: ignore, onTransportError: ignore };
    const { request, peer } = this.#exchange;
    this.#core.layer.cancel(createCancel(request), peer, user);
    // §9.1: without a final response within 64·T1 the call counts as cancelled.
    this.#timers.start('giveUp', 64 * this.#core.timers.t1Ms, () => {
      this.#exchange.transaction?.abandon();
      this.#fail({ status: 487, reason: 'cancelled' });
    });
  }

  #dialogOf(response: SipResponse): DialogState {
    const { clock, session: policy } = this.#core;
    const session = policy && timerOfResponse(response, undefined, clock.now());
    const { request, target: peer } = this.#exchange;
    const dialog = createUacDialog({ request, response, peer, session });
    if (!this.#isResumed) return dialog;
    return { ...dialog, localSeq: dialog.localSeq + RESUMED_SEQ_GAP };
  }

  #forgetEarly(): void {
    for (const dialog of this.#early.values()) this.#core.dialogs.delete(dialog);
  }
}

const NOBODY: OutgoingInviteObserver = { onAnswered: () => undefined, onFailed: () => undefined };

/** A connection that a firewall swallows is given up after some 5 s; then the same goes as a datagram. */
const STREAM_TRIAL_MS = 6_000;

/** More early dialogs of one INVITE than any honest proxy makes. */
const MAX_FORKS = 20;

/** More PRACKs than a former process can have sent in the early dialog: their CSeq is not stored. */
const RESUMED_SEQ_GAP = 100;

/** §9.1: same Request-URI, Call-ID, From, To, CSeq number, Route and top Via as the INVITE. */
export function createCancel(invite: SipRequest): SipRequest {
  const headers = new SipHeaders()
    .add('Via', splitList(invite.headers.get('Via') ?? '')[0] ?? '')
    .copyFrom(invite.headers, 'Route')
    .add('Max-Forwards', '70')
    .copyFrom(invite.headers, 'From', 'To', 'Call-ID')
    .add('CSeq', `${cseqOf(invite)?.number ?? 0} CANCEL`);
  return { kind: 'request', method: 'CANCEL', uri: invite.uri, headers, body: '' };
}
