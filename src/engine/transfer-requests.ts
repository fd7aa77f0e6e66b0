import type { CallId, E164, LegId, OperatorId } from '../base/index.ts';
import { operationsOf } from '../calls/index.ts';
import type { CallState, RelayReason, RelayTarget } from '../calls/index.ts';
import { formatUri } from '../sip/index.ts';
import { dialedDigits, presentationOf, readNumber } from '../subscribers/index.ts';
import type { NumberPlan } from '../subscribers/index.ts';
import type { CallActor } from './call-actor.ts';
import type { IncomingRefer, ReferReport } from './sip-transfer.ts';

export type TransferRequestsDeps = { plan: NumberPlan; newLegId: () => LegId };

type Pending = {
  transferor: LegId;
  target: LegId;
  report: ReferReport;
  /** The contact is in the call, or was. */
  begun: boolean;
  saidRinging: boolean;
};

/**
 * REFER by an operator's telephone: her blind transfer, with the checks of any other. Of everybody
 * else it is refused: a caller or a contact sends no call of ours anywhere.
 */
export class TransferRequests {
  readonly #deps: TransferRequestsDeps;
  /** Under way; the transferor is told how they go. */
  readonly #pending = new Map<CallId, Pending>();

  constructor(deps: TransferRequestsDeps) {
    this.#deps = deps;
  }

  onRefer(refer: IncomingRefer): void {
    const { actor, legId, target } = refer;
    const { operator, id } = actor.state;
    if (operator?.legId !== legId || operator.device.kind === 'browser') {
      actor.log.warn({ legId }, 'REFER refused: not by an operator');
      refer.refuse(603);
      return;
    }
    const { operatorId } = operator;
    const person = { operatorId, supervises: false };
    if (!operationsOf(actor.state, person).includes('transfer')) {
      refer.refuse(603);
      return;
    }
    // To a call of her own telephone we could not be joined: it has none through us.
    if (target.replaces !== undefined) {
      refer.refuse(488);
      return;
    }
    const dialled = formatUri(target.uri);
    const number = readNumber(dialled, this.#deps.plan);
    if (number === null) {
      refer.refuse(404);
      return;
    }
    const presentation = presentationOf(dialedDigits(dialled) ?? '');
    const to = { ...this.#target(number), presentation };
    const pending = { transferor: legId, target: to.legId, report: refer.accept(to.legId) };
    this.#pending.set(id, { ...pending, begun: false, saidRinging: false });
    void this.#begin(actor, operatorId, to);
  }

  /** Before a call goes on that a former process left: its transferor is to be told the end by us. */
  adopt(actor: CallActor, transferor: LegId, refer: Pick<Pending, 'target' | 'report'>): void {
    const { target, report } = refer;
    // If the target is not there, it was and has failed.
    const { id, contacts } = actor.state;
    const saidRinging = contacts.some((one) => one.legId === target && one.state === 'ringing');
    this.#pending.set(id, { transferor, target, report, begun: true, saidRinging });
  }

  /** After every transition of a call, and when one was adopted. */
  onTransition(actor: CallActor): void {
    const { id } = actor.state;
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const contact = actor.state.contacts.find(({ legId }) => legId === pending.target);
    if (contact?.state === 'ringing' && !pending.saidRinging) {
      pending.saidRinging = true;
      void pending.report(180);
    }
    if (contact !== undefined) pending.begun = true;
    if (contact !== undefined || !pending.begun) return;
    // Where the call leaves her, `onLegEnds` has the last word.
    if (actor.state.operator?.legId !== pending.transferor) return;
    this.#pending.delete(id);
    void pending.report(statusOf(actor.state));
  }

  /** Within the effect that ends her leg: how it went is said before the BYE. */
  async onLegEnds(actor: CallActor, legId: LegId): Promise<void> {
    const { id, contacts } = actor.state;
    const pending = this.#pending.get(id);
    if (pending?.transferor !== legId) return;
    this.#pending.delete(id);
    const contact = contacts.find((one) => one.legId === pending.target);
    await pending.report(contact?.state === 'joined' ? 200 : 487, 'in-effect');
  }

  forget(callId: CallId): void {
    this.#pending.delete(callId);
  }

  async #begin(actor: CallActor, operatorId: OperatorId, to: RelayTarget): Promise<void> {
    const { id } = actor.state;
    await actor.post({ type: 'transfer.started', operatorId, target: to, stays: true });
    const pending = this.#pending.get(id);
    if (pending?.target !== to.legId || pending.begun) return;
    this.#pending.delete(id);
    await pending.report(603);
  }

  #target(number: E164): RelayTarget {
    const { newLegId, plan } = this.#deps;
    return { legId: newLegId(), contactId: null, name: plan.format(number), number };
  }
}

/** What became of the contact, as a response to an INVITE would say it. */
function statusOf({ relay }: CallState): number {
  const outcome = relay?.announce === 'nobody' ? relay.outcomes.at(-1) : undefined;
  return STATUS_OF[outcome?.reason ?? 'unreachable'];
}

const STATUS_OF: Record<RelayReason, number> = {
  busy: 486,
  'no-answer': 480,
  'no-key': 480,
  voicemail: 480,
  'call-back': 480,
  absent: 480,
  declined: 603,
  'wrong-number': 404,
  'not-allowed': 403,
  withdrawn: 487,
  'too-many-calls': 503,
  unreachable: 503,
};
