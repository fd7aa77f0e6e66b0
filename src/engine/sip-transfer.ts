import type { Clock, LegId, Timer } from '../base/index.ts';
import {
  dialogKey,
  endsSubscription,
  formatReferTo,
  parseReferTo,
  referEventOf,
  referNotify,
  sipfragStatus,
  wantsNoSubscription,
} from '../sip/index.ts';
import type {
  DialogId,
  DialogState,
  InDialogOptions,
  InDialogOutcome,
  IncomingRequest,
  ReferTarget,
} from '../sip/index.ts';
import type { CallActor } from './call-actor.ts';
import type { PendingRefer } from './leg-signalling.ts';

/** A party asks us to have its other party call somebody (RFC 3515): policy is the engine's. */
export type IncomingRefer = {
  actor: CallActor;
  /** The transferor's leg. */
  legId: LegId;
  target: ReferTarget;
  /** Referred-By (RFC 3892), as written. */
  referredBy: string | null;
  /**
   * 202; the transferor is then told by NOTIFY how the call to the target goes. Whom `target` names is kept
   * with its leg until it has heard the end, for the next process.
   */
  accept(target: LegId): ReferReport;
  refuse(status: 403 | 404 | 480 | 488 | 503 | 603): void;
};

/**
 * Tells the transferor a status; one of 200 and more is the last. `in-effect`: from within an effect
 * of the call, which must not wait for the call's turn.
 */
export type ReferReport = (status: number, how?: 'in-effect') => Promise<void>;

export type ReferOptions = {
  /** Whom the party is to call. */
  uri: string;
  /** Attended transfer (RFC 5589 §7): our own dialog with that target. */
  replaces?: DialogId;
  referredBy?: string;
  onProgress?: (status: number) => void;
};

/** How a REFER of ours went. `unknown`: taken, but the party never said how it ended. */
export type ReferOutcome =
  { kind: 'refused'; status: number } | { kind: 'concluded'; status: number } | { kind: 'unknown' };

export type SipTransfersDeps = {
  clock: Clock;
  /** A request in the leg's dialog; undefined when the leg has none. */
  send: (
    actor: CallActor,
    legId: LegId,
    request: { method: string; options: InDialogOptions },
  ) => Promise<InDialogOutcome | undefined>;
  /** NOTIFY from within an effect: stored and sent, its answer not waited for. */
  notifyInEffect: (actor: CallActor, legId: LegId, options: InDialogOptions) => Promise<void>;
  /** Puts the REFER, or that it is over, with the leg's signalling. */
  keep: (actor: CallActor, legId: LegId, refer: PendingRefer | undefined) => Promise<void>;
  /** Absent, or without an answer of its own: 603. */
  onRefer: () => ((refer: IncomingRefer) => void) | undefined;
};

/** A party that took our REFER and says nothing more is not waited for any longer. */
const OUTCOME_PATIENCE_MS = 180_000;
const MAX_PENDING = 1_000;

type Pending = {
  key: string;
  onProgress: (status: number) => void;
  conclude: (outcome: ReferOutcome) => void;
  timer: Timer;
};

/** REFER and its NOTIFYs inside the dialogs of our calls, both ways. */
export class SipTransfers {
  readonly #deps: SipTransfersDeps;
  /** Our REFERs whose end is not known yet: one per dialog at a time. */
  readonly #pending = new Map<string, Pending>();

  constructor(deps: SipTransfersDeps) {
    this.#deps = deps;
  }

  onRefer(request: IncomingRequest, actor: CallActor, legId: LegId): void {
    const listener = this.#deps.onRefer();
    const target = parseReferTo(request.request);
    if (!target || !listener) {
      request.respond(target ? 603 : 400);
      return;
    }
    const { headers } = request.request;
    listener({
      actor,
      legId,
      target,
      referredBy: headers.get('Referred-By') ?? null,
      accept: (wanted) => this.#accept(request, { actor, legId, target: wanted }),
      refuse: (status) => void request.respond(status),
    });
  }

  /** RFC 6665 §4.1.3: a NOTIFY of no subscription of ours is answered 481. */
  onNotify(request: IncomingRequest): void {
    const { dialog } = request;
    const pending = dialog && this.#pending.get(dialogKey(dialog));
    if (!pending || !referEventOf(request.request)) {
      request.respond(481);
      return;
    }
    request.respond(200);
    const status = sipfragStatus(request.request);
    if (status !== undefined && status < 200) pending.onProgress(status);
    if (status !== undefined && status >= 200) pending.conclude({ kind: 'concluded', status });
    else if (endsSubscription(request.request)) pending.conclude({ kind: 'unknown' });
  }

  /** The dialog is over: what became of a REFER in it will not be heard. */
  dialogEnded(dialog: DialogState): void {
    this.#pending.get(dialogKey(dialog))?.conclude({ kind: 'unknown' });
  }

  async refer(
    actor: CallActor,
    legId: LegId,
    { dialog, options }: { dialog: DialogState; options: ReferOptions },
  ): Promise<ReferOutcome> {
    const key = dialogKey(dialog);
    if (this.#pending.has(key) || this.#pending.size >= MAX_PENDING) {
      return { kind: 'refused', status: 491 };
    }
    const headers: [string, string][] = [
      ['Refer-To', formatReferTo(options.uri, options.replaces)],
      ...(options.referredBy === undefined
        ? []
        : [['Referred-By', `<${options.referredBy}>`] as [string, string]]),
    ];
    // Known before it is sent: the first NOTIFY may overtake the 202 (RFC 3515 §2.4.4).
    const outcome = this.#await(key, options.onProgress ?? (() => undefined));
    const sent = await this.#deps.send(actor, legId, { method: 'REFER', options: { headers } });
    const status = sent?.kind === 'answered' ? sent.response.status : 408;
    if (status >= 300) this.#pending.get(key)?.conclude({ kind: 'refused', status });
    return outcome;
  }

  #await(key: string, onProgress: (status: number) => void): Promise<ReferOutcome> {
    return new Promise((resolve) => {
      const conclude = (outcome: ReferOutcome): void => {
        timer.cancel();
        this.#pending.delete(key);
        resolve(outcome);
      };
      const timer = this.#deps.clock.setTimer(OUTCOME_PATIENCE_MS, () =>
        conclude({ kind: 'unknown' }),
      );
      this.#pending.set(key, { key, onProgress, conclude, timer });
    });
  }

  #accept(
    request: IncomingRequest,
    { actor, legId, target }: { actor: CallActor; legId: LegId; target: LegId },
  ): ReferReport {
    // RFC 4488 §4: agreed to where it is asked for, then nobody is told anything.
    if (wantsNoSubscription(request.request)) {
      request.respond(202, { headers: [['Refer-Sub', 'false']] });
      return () => Promise.resolve();
    }
    const refer = { seq: request.dialog?.remoteSeq ?? 0, target };
    void this.#deps.keep(actor, legId, refer).then(() => request.respond(202));
    const report = this.reportOf(actor, legId, refer);
    // RFC 3515 §2.4.4: the first NOTIFY follows at once.
    void report(100);
    return report;
  }

  /** How the transferor is told; also of a REFER that a former process took. */
  reportOf(actor: CallActor, legId: LegId, { seq }: PendingRefer): ReferReport {
    let isOver = false;
    return async (status, how) => {
      if (isOver) return;
      isOver = status >= 200;
      const options = referNotify(status, seq);
      if (how === 'in-effect') {
        // The BYE that follows takes the subscription with it.
        await this.#deps.notifyInEffect(actor, legId, options);
        return;
      }
      const outcome = await this.#deps.send(actor, legId, { method: 'NOTIFY', options });
      if (isOver && outcome) await this.#deps.keep(actor, legId, undefined);
    };
  }
}
