import { repeatingAnswer, startAnswer } from './answer.ts';
import type { AnswerObserver } from './answer.ts';
import type { StoredAnswer } from './answer-repeater.ts';
import { createUasDialog } from './dialog.ts';
import type { DialogState } from './dialog.ts';
import { cseqOf, sdpOf, toOf, topVia } from './message.ts';
import type { SipRequest } from './message.ts';
import { ReliableProvisionals, requires100rel } from './reliable-provisional.ts';
import { createResponse } from './response.ts';
import type { ResponseOptions } from './response.ts';
import { serializeMessage } from './serialize-message.ts';
import { timerHeadersOfAnswer, timerOfRequest } from './session-timer.ts';
import { TimerSet } from './timers.ts';
import { newTag } from './tokens.ts';
import type { InviteTransaction } from './transaction-layer.ts';
import { responseDestination } from './transport.ts';
import type { Peer } from './transport.ts';
import { parseSipOnly } from './uri.ts';
import type { UserAgentCore } from './user-agent-core.ts';

export interface IncomingInviteObserver extends AnswerObserver {
  /** The caller gave up while we had not answered; 487 has been sent. */
  onCancel?(how: 'cancel' | 'bye'): void | Promise<void>;
  /**
   * A request inside the early dialog has moved the caller's target or counted on: to be stored. The
   * UPDATE that did it is answered afterwards.
   */
  onMoved?(dialog: DialogState): void | Promise<void>;
  /**
   * The PRACK answers the offer that we made before the 2xx (RFC 3262 §5): to be stored with an answer
   * prepared anew, which makes no offer. The PRACK is answered afterwards, and then `onMayAnswer` is called.
   */
  onAnswer?(sdp: string): void | Promise<void>;
  /** No offer of ours is open any more. */
  onMayAnswer?(): void;
  /** The caller insists on 100rel and never said that it has our ringing (RFC 3262 §3); 504 has been sent. */
  onUnheard?(): void;
}

export type AnswerOptions = Pick<ResponseOptions, 'headers' | 'reason' | 'sdp'>;

/** §13.3.1.1: proxies forget a ringing call after three minutes without a sign of life. */
const RING_REFRESH_MS = 60_000;

/** An INVITE that came in, as plain data with which another process goes on. */
export type StoredIncomingInvite = { request: string; source: Peer; toTag: string };

/**
 * A call that comes in: an INVITE outside any dialog. The To tag is the same in every response.
 * To survive the death of the process: store `stored` when the call is new and the result of
 * `prepareAnswer` before `sendAnswer`; the next process hands them to `resumeIncomingInvite` and
 * `resumeAcceptedInvite`.
 */
export class IncomingInvite {
  readonly request: SipRequest;
  readonly source: Peer;
  readonly #core: UserAgentCore;
  readonly #transaction: InviteTransaction;
  readonly #onFinal: () => void;
  readonly #timers: TimerSet<'refresh'>;
  readonly #reliable: ReliableProvisionals;
  #observer: IncomingInviteObserver = {};
  readonly #toTag: string;
  /** The caller counts the RSeq numbers of a former process: no response of ours fits behind them. */
  readonly #isTakenOver: boolean;
  #state: 'open' | 'answered' | 'ended' = 'open';
  #early: DialogState | undefined;
  /** Ours in a reliable provisional response, where the INVITE had none. */
  #offer: 'none' | 'made' | 'being noted' | 'answered' = 'none';

  constructor(
    core: UserAgentCore,
    transaction: InviteTransaction,
    options: { onFinal: () => void; toTag?: string },
  ) {
    this.#core = core;
    this.#transaction = transaction;
    this.#onFinal = options.onFinal;
    this.#timers = new TimerSet(core.clock);
    this.request = transaction.request;
    this.source = transaction.source;
    this.#toTag = options.toTag ?? newTag(core.random);
    this.#isTakenOver = options.toTag !== undefined;
    const { clock, random, timers } = core;
    const onTimeout = (): void => {
      if (this.reject(504)) this.#observer.onUnheard?.();
    };
    this.#reliable = new ReliableProvisionals({ clock, random, timers, onTimeout });
  }

  /** `open` until a final response of ours or a CANCEL. */
  get state(): 'open' | 'answered' | 'ended' {
    return this.#state;
  }

  get toTag(): string {
    return this.#toTag;
  }

  /** '' for an INVITE without an offer: our answer then carries the offer, the ACK the answer. */
  get remoteSdp(): string {
    return sdpOf(this.request);
  }

  /** The first reliable response has to make the offer (RFC 3262 §5): ringing wants our description. */
  get wantsOffer(): boolean {
    return this.remoteSdp === '' && this.#isReliable;
  }

  /** Our offer in a provisional response has no answer yet: no 2xx before its PRACK (RFC 3262 §5). */
  get isOfferOpen(): boolean {
    return this.#offer === 'made' || this.#offer === 'being noted';
  }

  get #isReliable(): boolean {
    return requires100rel(this.request) && !this.#isTakenOver;
  }

  /** The dialog as our responses make it; early until answered. */
  get dialog(): DialogState {
    const dialog = (this.#early ??= this.#earlyDialog());
    return this.#state === 'answered' ? { ...dialog, state: 'confirmed' } : dialog;
  }

  #earlyDialog(): DialogState {
    const user = parseSipOnly(toOf(this.request)?.uriText ?? '')?.user ?? '';
    return createUasDialog({
      request: this.request,
      localTag: this.#toTag,
      localTarget: this.#core.contactUri(this.source.protocol, user),
      source: this.source,
      session: timerOfRequest(this.request, this.#core.session, null),
    });
  }

  observe(observer: IncomingInviteObserver): void {
    this.#observer = observer;
  }

  /** For `resumeIncomingInvite`: all that responses are made of; the offer is not among it. */
  get stored(): StoredIncomingInvite {
    const request = serializeMessage({ ...this.request, body: '' });
    return { request, source: this.source, toTag: this.#toTag };
  }

  /** 101 to 199, with SDP for early media if wanted. False when the call is no longer open. */
  provisional(status: number, options: AnswerOptions = {}): boolean {
    if (this.#state !== 'open') return false;
    const { dialogs } = this.#core;
    if (!dialogs.get(this.dialog)) dialogs.put(this.dialog);
    const sent = this.#sendProvisional(status, options);
    this.#timers.start('refresh', RING_REFRESH_MS, () => this.provisional(status, options));
    return sent;
  }

  /** The 200 with its dialog, to be stored before it is sent. */
  prepareAnswer(options: AnswerOptions = {}): StoredAnswer {
    const via = topVia(this.request);
    return {
      response: serializeMessage(this.#response(200, options)),
      destination: via ? responseDestination(via, this.source) : this.source,
      // Requests inside the early dialog may have moved it on.
      dialog: {
        ...(this.#core.dialogs.get(this.dialog)?.state ?? this.dialog),
        state: 'confirmed',
      },
      seq: cseqOf(this.request)?.number ?? 0,
      offers: this.remoteSdp === '' && (this.#offer === 'none' || this.#offer === 'made'),
    };
  }

  /** The same answer for the dialog as requests inside the early dialog have left it since. */
  #upToDate(answer: StoredAnswer): StoredAnswer {
    const early = this.#core.dialogs.get(this.dialog)?.state;
    if (early?.state !== 'early') return answer;
    const { remoteTarget, remoteSeq, peer } = early;
    return { ...answer, dialog: { ...answer.dialog, remoteTarget, remoteSeq, peer } };
  }

  /** Sends the prepared 200 and repeats it until the ACK. False when the call is no longer open. */
  sendAnswer(prepared: StoredAnswer): boolean {
    const answer = this.#upToDate(prepared);
    if (!this.resumeAnswered(answer)) return false;
    this.#core.dialogs.put(answer.dialog);
    startAnswer(this.#core, answer, {
      onAck: (sdp) => this.#letGo().onAck?.(sdp),
      onAckTimeout: () => this.#letGo().onAckTimeout?.(),
    });
    return true;
  }

  /** The answer is known to have reached the caller; only a repeated INVITE gets it once more. */
  resumeAnswered(answer: StoredAnswer): boolean {
    if (this.#state !== 'open') return false;
    this.#finish('answered');
    this.#transaction.machine.setUser(repeatingAnswer(this.#core.layer, answer));
    this.#transaction.machine.accept();
    return true;
  }

  /** `prepareAnswer` and `sendAnswer` in one, where nothing is to be stored in between. */
  accept(options: AnswerOptions = {}): boolean {
    return this.sendAnswer(this.prepareAnswer(options));
  }

  /** 300 to 699. False when the call is no longer open. */
  reject(status: number, options: AnswerOptions = {}): boolean {
    if (this.#state !== 'open') return false;
    this.#finish('ended');
    this.#core.dialogs.delete(this.dialog);
    return this.#transaction.machine.respond(this.#response(status, options));
  }

  /** Forgets the INVITE without a word: for scanners. */
  ignore(): void {
    if (this.#state !== 'open') return;
    this.#finish('ended');
    this.#transaction.machine.abandon();
  }

  /** Nothing more is to be told: the transaction stays for 32 s, the call is not kept with it. */
  #letGo(): IncomingInviteObserver {
    const observer = this.#observer;
    this.#observer = {};
    return observer;
  }

  /** RFC 3262 §3: reliably when the caller insists on it. */
  #sendProvisional(status: number, options: AnswerOptions): boolean {
    const { machine } = this.#transaction;
    if (!this.#isReliable) return machine.respond(this.#response(status, options));
    const { sdp, ...rest } = options;
    const makesOffer = this.remoteSdp === '' && this.#offer === 'none';
    // §5: the first reliable response to an INVITE without an offer has to make it.
    if (makesOffer && (sdp ?? '') === '') {
      return machine.respond(createResponse(this.request, 100));
    }
    if (makesOffer) this.#offer = 'made';
    // None but the first has it: another would be another offer.
    const said = makesOffer || this.remoteSdp !== '' ? options : rest;
    this.#reliable.start((rseq) => {
      const headers = [
        ...(options.headers ?? []),
        ['Require', '100rel'],
        ['RSeq', String(rseq)],
      ] as const;
      machine.respond(this.#response(status, { ...said, headers }));
    });
    return true;
  }

  /** For the user agent: an UPDATE without an offer in the early dialog, answered once that is stored. */
  moved(dialog: DialogState, confirm: () => void): void {
    const stored = this.#observer.onMoved?.(dialog);
    if (stored instanceof Promise) void stored.then(confirm, confirm);
    else confirm();
  }

  /** For the user agent: a PRACK in the early dialog. False: it is to be answered 481; else `confirm` does. */
  acknowledgeProvisional(prack: SipRequest, confirm: () => void): boolean {
    if (!this.#reliable.acknowledged(prack, cseqOf(this.request)?.number ?? 0)) return false;
    if (this.#offer !== 'made') {
      confirm();
      return true;
    }
    this.#offer = 'being noted';
    const noted = this.#observer.onAnswer?.(sdpOf(prack));
    const goOn = (): void => {
      this.#offer = 'answered';
      confirm();
      if (this.#state === 'open') this.#observer.onMayAnswer?.();
    };
    if (noted instanceof Promise) void noted.then(goOn, goOn);
    else goOn();
    return true;
  }

  /**
   * For the user agent: the caller gave up (§9.2, §15.1.2). False when it is too late; else `confirm`
   * answers the request that said so.
   */
  giveUp(how: 'cancel' | 'bye', confirm: () => void = () => undefined): boolean {
    if (this.#state !== 'open') return false;
    this.#finish('ended');
    this.#core.dialogs.delete(this.dialog);
    const noted = this.#letGo().onCancel?.(how);
    const answer = (): void => {
      confirm();
      this.#transaction.machine.respond(this.#response(487, {}));
    };
    // Not before it is noted for good: whoever has no answer says it again, to the next process.
    if (noted instanceof Promise) void noted.then(answer, answer);
    else answer();
    return true;
  }

  #response(status: number, options: AnswerOptions): ReturnType<typeof createResponse> {
    const { allow, supported, userAgentName } = this.#core;
    const headers: (readonly [string, string])[] = [...(options.headers ?? [])];
    if (status < 300) {
      const { localTarget, session } = this.dialog;
      headers.push(['Contact', `<${localTarget}>`], ['Allow', allow]);
      if (supported.length > 0) headers.push(['Supported', supported.join(', ')]);
      if (status >= 200) headers.push(...timerHeadersOfAnswer(session));
    }
    headers.push(['Server', userAgentName]);
    return createResponse(this.request, status, { ...options, toTag: this.#toTag, headers });
  }

  #finish(state: 'answered' | 'ended'): void {
    this.#state = state;
    this.#timers.stopAll();
    this.#reliable.stop();
    this.#onFinal();
  }
}
