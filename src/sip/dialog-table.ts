import { dialogKey } from './dialog.ts';
import type { DialogId, DialogState } from './dialog.ts';
import type { SipRequest } from './message.ts';

/** A dialog alive in this process, with what only this process needs to know of it. */
export type LiveDialog = {
  state: DialogState;
  /** Our re-INVITE has no final response yet: an INVITE of the peer gets 491 (§14.2). */
  invitePending: boolean;
  /** The peer's INVITE has no final response of ours yet: another one gets 500. */
  answerPending: boolean;
  /** The latest ACK we sent, for a 2xx that comes again. */
  ack: SipRequest | undefined;
};

/** The dialogs that in-dialog requests are matched against (§12.2.2). */
export class DialogTable {
  readonly #dialogs = new Map<string, LiveDialog>();

  get size(): number {
    return this.#dialogs.size;
  }

  get(id: DialogId): LiveDialog | undefined {
    return this.#dialogs.get(dialogKey(id));
  }

  /** Adds the dialog, or replaces its state. */
  put(state: DialogState): LiveDialog {
    const known = this.get(state);
    if (known) {
      known.state = state;
      return known;
    }
    const live = { state, invitePending: false, answerPending: false, ack: undefined };
    this.#dialogs.set(dialogKey(state), live);
    return live;
  }

  /** Replaces the state of a dialog that is still there. */
  update(state: DialogState): void {
    const known = this.get(state);
    if (known) known.state = state;
  }

  delete(id: DialogId): void {
    this.#dialogs.delete(dialogKey(id));
  }
}
