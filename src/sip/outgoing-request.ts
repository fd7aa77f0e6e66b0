import { ClientExchange, MAX_ATTEMPTS } from './client-exchange.ts';
import type { DigestSession } from './digest-client.ts';
import {
  advanceLocalSeq,
  copyCredentials,
  createAck,
  createInDialogRequest,
  nextHop,
  refreshTarget,
} from './dialog.ts';
import type { DialogState } from './dialog.ts';
import { cseqOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { timerHeadersOfRequest, timerOfResponse } from './session-timer.ts';
import { serializeMessage } from './serialize-message.ts';
import type { Peer } from './transport.ts';
import type { UserAgentCore } from './user-agent-core.ts';
import { MAGIC_COOKIE } from './via.ts';

export type RequestOutcome =
  | { kind: 'answered'; response: SipResponse }
  /** Timer B or F: nobody answered for 32 s. */
  | { kind: 'timeout' }
  | { kind: 'transport-error' };

export type InDialogOptions = {
  sdp?: string;
  /** A body that is not SDP; its Content-Type goes into `headers`. */
  body?: string;
  headers?: readonly (readonly [name: string, value: string])[];
  /** Answers a 401 or 407; the CSeq numbers this may cost are reserved beforehand. */
  digest?: DigestSession;
  /** Has been challenged: proves at once who we are. What is challenged then is not sent again. */
  proof?: DigestSession;
  /** For a re-INVITE without an offer: our answer to the offer in the 2xx, carried by the ACK. */
  ackSdp?: (response: SipResponse) => string;
};

export type InDialogOutcome = RequestOutcome & {
  dialog: DialogState;
  /** The peer knows nothing of the dialog any more (§12.2.1.2: 408, 481, no answer), or BYE was sent. */
  ended: boolean;
};

/** A request as it was sent, Via included. */
export type StoredRequest = { request: string; peer: Peer };

/** A request inside a dialog, ready to go: store `dialog`, then `send`. */
export type PreparedRequest = {
  /** The dialog with the CSeq that this request uses up. */
  readonly dialog: DialogState;
  readonly request: SipRequest;
  /** As it will go out, for `sendAgain` of the next process. */
  stored(): StoredRequest;
  send(): Promise<InDialogOutcome>;
};

/** Sends a request outside INVITE and gives its final response, challenges answered. */
export function sendRequest(
  core: UserAgentCore,
  options: { request: SipRequest; peer: Peer; digest?: DigestSession },
): Promise<RequestOutcome> {
  return new Promise((resolve) => {
    const exchange = new ClientExchange(core, {
      ...options,
      user: {
        onResponse: (response) => {
          if (response.status >= 200) resolve({ kind: 'answered', response });
        },
        onTimeout: () => resolve({ kind: 'timeout' }),
        onTransportError: () => resolve({ kind: 'transport-error' }),
      },
    });
    exchange.start();
  });
}

export function prepareInDialog(
  core: UserAgentCore,
  dialog: DialogState,
  method: string,
  options: InDialogOptions = {},
): PreparedRequest {
  const advanced = advanceLocalSeq(dialog, method);
  const request = createInDialogRequest(advanced, method);
  request.headers.add('User-Agent', core.userAgentName);
  if (method === 'INVITE' || method === 'UPDATE') addRefreshHeaders(core, request, dialog);
  for (const [name, value] of options.headers ?? []) request.headers.add(name, value);
  request.body = options.sdp ?? options.body ?? '';
  if (options.sdp !== undefined) request.headers.set('Content-Type', 'application/sdp');
  for (const { name, value } of options.proof?.authorize(request, core.hash, core.random) ?? []) {
    request.headers.set(name, value);
  }
  const reserved = options.digest ? reserveRetries(advanced, method) : advanced;
  if (method === 'BYE' && !options.digest) addByeVia(core, request, advanced);
  return {
    dialog: reserved,
    request,
    stored: () => {
      const peer = nextHop(reserved);
      if (!request.headers.has('Via')) core.layer.addVia(request, peer);
      return { request: serializeMessage(request), peer };
    },
    send: () => sendInDialog(core, { dialog: reserved, request }, options),
  };
}

/**
 * A dialog has one BYE: whoever prepares it from the same dialog state, also another process after the death of
 * this one, makes the same message. What names it (RFC 3261 §17.1.3) is drawn from what names the request
 * anyway, and so is as unique (§8.1.1.7).
 */
function addByeVia(core: UserAgentCore, request: SipRequest, dialog: DialogState): void {
  const { sipCallId, localTag, remoteTag, localSeq } = dialog;
  const name = [sipCallId, localTag, remoteTag, localSeq, 'BYE'].join('\n');
  const branch = `${MAGIC_COOKIE}${core.hash('sha-256', name).slice(0, 20)}`;
  core.layer.addVia(request, nextHop(dialog), branch);
}

/** Both are session refresh requests (RFC 4028 §7.4). */
function addRefreshHeaders(core: UserAgentCore, request: SipRequest, dialog: DialogState): void {
  request.headers.add('Allow', core.allow);
  if (core.supported.length > 0) request.headers.add('Supported', core.supported.join(', '));
  if (!dialog.session) return;
  for (const [name, value] of timerHeadersOfRequest(core.session, dialog.session)) {
    request.headers.add(name, value);
  }
}

/** §8.1.3.1. A connection that broke says nothing of the dialog: the peer may connect again. */
function statusOf(outcome: RequestOutcome): number {
  if (outcome.kind === 'answered') return outcome.response.status;
  return outcome.kind === 'timeout' ? 408 : 503;
}

function reserveRetries(dialog: DialogState, method: string): DialogState {
  let reserved = dialog;
  for (let i = 1; i < MAX_ATTEMPTS; i++) reserved = advanceLocalSeq(reserved, method);
  return reserved;
}

async function sendInDialog(
  core: UserAgentCore,
  prepared: { dialog: DialogState; request: SipRequest },
  options: InDialogOptions,
): Promise<InDialogOutcome> {
  const { dialog, request } = prepared;
  core.dialogs.update(dialog);
  const live = core.dialogs.get(dialog);
  const offers =
    request.method === 'INVITE' || (request.method === 'UPDATE' && request.body !== '');
  if (live && offers) live.offerPending = true;
  const outcome =
    request.method === 'INVITE'
      ? await sendReinvite(core, prepared, options)
      : await sendRequest(core, { request, peer: nextHop(dialog), ...pick(options) });
  if (live && offers) live.offerPending = false;
  return concludeInDialog(core, prepared, outcome);
}

/**
 * Whose failure says nothing of the dialog: a PRACK concerns a provisional response, a NOTIFY a subscription
 * (RFC 5057 §5.1), here that of a REFER, while the call goes on.
 */
const CONCERNS_LESS: ReadonlySet<string> = new Set(['PRACK', 'NOTIFY']);

function concludeInDialog(
  core: UserAgentCore,
  { dialog, request }: { dialog: DialogState; request: SipRequest },
  outcome: RequestOutcome,
): InDialogOutcome {
  const { method } = request;
  // A request of the peer may have moved the dialog on while ours was under way.
  const latest = core.dialogs.get(dialog)?.state ?? dialog;
  const refreshes = method === 'INVITE' || method === 'UPDATE';
  const status = statusOf(outcome);
  const isGone = !CONCERNS_LESS.has(method) && (status === 408 || status === 481);
  const ended = method === 'BYE' || isGone;
  const state =
    outcome.kind === 'answered' && refreshes ? refreshed(core, latest, outcome.response) : latest;
  if (ended) core.dialogs.delete(dialog);
  else core.dialogs.update(state);
  return { ...outcome, dialog: state, ended };
}

function refreshed(core: UserAgentCore, dialog: DialogState, response: SipResponse): DialogState {
  const moved = refreshTarget(dialog, response);
  if (!dialog.session || response.status >= 300) return moved;
  return { ...moved, session: timerOfResponse(response, dialog.session, core.clock.now()) };
}

function sendReinvite(
  core: UserAgentCore,
  prepared: { dialog: DialogState; request: SipRequest },
  options: InDialogOptions,
): Promise<RequestOutcome> {
  const { dialog, request } = prepared;
  let ack: SipRequest | undefined;
  return new Promise<RequestOutcome>((resolve) => {
    const exchange: ClientExchange = new ClientExchange(core, {
      request,
      peer: nextHop(dialog),
      ...pick(options),
      user: {
        onResponse: (response) => {
          if (response.status < 200) return;
          if (response.status < 300) {
            const target = refreshTarget(dialog, response);
            const seq = cseqOf(exchange.request)?.number ?? dialog.inviteSeq;
            if (!ack) {
              ack = createAck(target, options.ackSdp?.(response) ?? '', seq);
              copyCredentials(exchange.request, ack);
            }
            core.layer.sendStateless(ack, nextHop(target));
          }
          resolve({ kind: 'answered', response });
        },
        onTimeout: () => resolve({ kind: 'timeout' }),
        onTransportError: () => resolve({ kind: 'transport-error' }),
      },
    });
    exchange.start();
  });
}

function pick(options: InDialogOptions): { digest?: DigestSession } {
  return options.digest ? { digest: options.digest } : {};
}
