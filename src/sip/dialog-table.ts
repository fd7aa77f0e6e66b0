import type { AnswerRepeater } from './answer-repeater.ts';
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
  /** Our latest 2xx to an INVITE of the peer; it runs until the ACK. */
  answer: AnswerRepeater | undefined;
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
    const live: LiveDialog = {
      state,
      invitePending: false,
      answerPending: false,
      ack: undefined,
      answer: undefined,
    };
    this.#dialogs.set(dialogKey(state), live);
    return live;
  }

  /** Replaces the state of a dialog that is still there. */
  update(state: DialogState): void {
    const known = this.get(state);
    if (known) known.state = state;
  }

  /** Forgets the dialog; an answer still being repeated falls silent. */
  delete(id: DialogId): void {
    const key = dialogKey(id);
    this.#dialogs.get(key)?.answer?.stop();
    this.#dialogs.delete(key);
  }

  /** Answers that wait for their ACK. */
  get unacknowledged(): number {
    let count = 0;
    for (const { answer } of this.#dialogs.values()) if (answer?.running) count++;
    return count;
  }

  clear(): void {
    for (const { answer } of this.#dialogs.values()) answer?.stop();
    this.#dialogs.clear();
  }
}
