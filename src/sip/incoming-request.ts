import { repeatingAnswer, startAnswer } from './answer.ts';
import type { AnswerObserver } from './answer.ts';
import type { DialogState } from './dialog.ts';
import { cseqOf, sdpOf, topVia } from './message.ts';
import type { SipRequest } from './message.ts';
import { createResponse } from './response.ts';
import type { ResponseOptions } from './response.ts';
import { serializeMessage } from './serialize-message.ts';
import { timerHeadersOfAnswer } from './session-timer.ts';
import { newTag } from './tokens.ts';
import type { InviteTransaction, NonInviteTransaction } from './transaction-layer.ts';
import { responseDestination } from './transport.ts';
import type { Peer } from './transport.ts';
import type { UserAgentCore } from './user-agent-core.ts';

/** A request to be answered once: BYE, re-INVITE, UPDATE, INFO in a dialog; REGISTER outside. */
export class IncomingRequest {
  readonly request: SipRequest;
  readonly source: Peer;
  readonly #core: UserAgentCore;
  readonly #transaction: InviteTransaction | NonInviteTransaction;
  readonly #dialog: DialogState | undefined;
  #observer: AnswerObserver = {};
  #answered = false;

  constructor(
    core: UserAgentCore,
    transaction: InviteTransaction | NonInviteTransaction,
    dialog?: DialogState,
  ) {
    this.#core = core;
    this.#transaction = transaction;
    this.#dialog = dialog;
    this.request = transaction.request;
    this.source = transaction.source;
  }

  get method(): string {
    return this.request.method;
  }

  /** The dialog with this request's CSeq and target already in it; undefined outside dialogs. */
  get dialog(): DialogState | undefined {
    return this.#dialog;
  }

  /** The session description it carries; '' when none. */
  get sdp(): string {
    return sdpOf(this.request);
  }

  /** For a re-INVITE: what becomes of our 2xx. */
  observe(observer: AnswerObserver): void {
    this.#observer = observer;
  }

  /** Sends the response; the 2xx of a re-INVITE is repeated until its ACK. False when too late. */
  respond(status: number, options: ResponseOptions = {}): boolean {
    if (this.#answered) return false;
    if (this.#isOvertaken(status)) return this.respond(487);
    if (status >= 200) this.#finish(status);
    const response = createResponse(this.request, status, {
      toTag: newTag(this.#core.random),
      ...options,
      headers: this.#headersFor(status, options),
    });
    const machine = this.#transaction.machine;
    if (!('accept' in machine) || status < 200 || status >= 300) return machine.respond(response);
    if (!this.#dialog || !machine.accept()) return false;
    const via = topVia(this.request);
    const answer = {
      response: serializeMessage(response),
      destination: via ? responseDestination(via, this.source) : this.source,
      dialog: this.#dialog,
      seq: cseqOf(this.request)?.number ?? 0,
      offers: this.sdp === '',
    };
    machine.setUser(repeatingAnswer(this.#core.layer, answer));
    startAnswer(this.#core, answer, this.#observer);
    return true;
  }

  /** §15.1.2: a BYE has ended the dialog while this waited for its answer. A 2xx would raise it again. */
  #isOvertaken(status: number): boolean {
    const refreshes = this.method === 'INVITE' || this.method === 'UPDATE';
    if (!this.#dialog || !refreshes || status < 200 || status >= 300) return false;
    return this.#core.dialogs.get(this.#dialog) === undefined;
  }

  #headersFor(status: number, options: ResponseOptions): (readonly [string, string])[] {
    const headers: (readonly [string, string])[] = [...(options.headers ?? [])];
    const refreshes = this.method === 'INVITE' || this.method === 'UPDATE';
    if (this.#dialog && refreshes && status < 300) {
      const { allow, supported } = this.#core;
      headers.push(['Contact', `<${this.#dialog.localTarget}>`], ['Allow', allow]);
      if (supported.length > 0) headers.push(['Supported', supported.join(', ')]);
      if (status >= 200) headers.push(...timerHeadersOfAnswer(this.#dialog.session));
    }
    headers.push(['Server', this.#core.userAgentName]);
    return headers;
  }

  #finish(status: number): void {
    this.#answered = true;
    if (!this.#dialog) return;
    const live = this.#core.dialogs.get(this.#dialog);
    if (live?.answerPending === this.method) live.answerPending = undefined;
    if (this.method === 'BYE' && status < 300) this.#core.dialogs.delete(this.#dialog);
  }
}
