import type { AnswerRepeater } from './answer-repeater.ts';
import { dialogKey } from './dialog.ts';
import type { DialogId, DialogState } from './dialog.ts';
import type { SipRequest } from './message.ts';
import type { ResponseOptions } from './response.ts';
import type { Peer } from './transport.ts';
import { parseSipOnly } from './uri.ts';

/** An UPDATE of the peer with an offer, to be answered once. */
export type OfferInUpdate = {
  readonly sdp: string;
  respond(status: number, options?: ResponseOptions): boolean;
};

/** A dialog alive in this process, with what only this process needs to know of it. */
export type LiveDialog = {
  state: DialogState;
  /** Our re-INVITE, or UPDATE with an offer, has no final response yet: one of the peer gets 491 (§14.2). */
  offerPending: boolean;
  /** This request of the peer, with an offer where it is an UPDATE, has no final response of ours yet. */
  answerPending: 'INVITE' | 'UPDATE' | undefined;
  /**
   * Takes an UPDATE with an offer that comes before the peer has answered our INVITE; false while the
   * offer of that INVITE is open. Absent where we are the called side, or the call is answered.
   */
  takeEarlyOffer: ((update: OfferInUpdate) => boolean) | undefined;
  /** The latest ACK we sent, for a 2xx that comes again. */
  ack: SipRequest | undefined;
  /** Our latest 2xx to an INVITE of the peer; it runs until the ACK. */
  answer: AnswerRepeater | undefined;
};

/** Who wants to hear of the dialogs that are alive: the keeper of session timers. */
export type DialogWatcher = {
  watch(dialog: DialogState): void;
  forget(id: DialogId): void;
  clear(): void;
};

/** The dialogs that in-dialog requests are matched against (§12.2.2). */
export class DialogTable {
  readonly #dialogs = new Map<string, LiveDialog>();
  readonly #watcher: DialogWatcher;

  constructor(watcher: DialogWatcher) {
    this.#watcher = watcher;
  }

  get size(): number {
    return this.#dialogs.size;
  }

  get(id: DialogId): LiveDialog | undefined {
    return this.#dialogs.get(dialogKey(id));
  }

  /** Adds the dialog, or replaces its state. */
  put(state: DialogState): LiveDialog {
    this.#watcher.watch(state);
    const known = this.get(state);
    if (known) {
      known.state = state;
      return known;
    }
    const live: LiveDialog = {
      state,
      offerPending: false,
      answerPending: undefined,
      takeEarlyOffer: undefined,
      ack: undefined,
      answer: undefined,
    };
    this.#dialogs.set(dialogKey(state), live);
    return live;
  }

  /** Replaces the state of a dialog that is still there. */
  update(state: DialogState): void {
    const known = this.get(state);
    if (!known) return;
    this.#watcher.watch(state);
    known.state = state;
  }

  /** Moves dialogs of this Contact at this address to the connection it now has. */
  follow(contactUri: string, source: Peer): void {
    const contact = parseSipOnly(contactUri);
    if (!contact || contact.user === '') return;
    for (const live of this.#dialogs.values()) {
      const { peer, routeSet, remoteTarget } = live.state;
      if (peer.protocol !== source.protocol || peer.address !== source.address) continue;
      const target = parseSipOnly(remoteTarget);
      // The port of a Contact over TCP is often that of the connection, so it does not count.
      const isSame = target?.user === contact.user && target.host === contact.host;
      if (isSame && routeSet.length === 0) live.state = { ...live.state, peer: source };
    }
  }

  /** Forgets the dialog; an answer still being repeated falls silent. */
  delete(id: DialogId): void {
    const key = dialogKey(id);
    this.#watcher.forget(id);
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
    this.#watcher.clear();
    this.#dialogs.clear();
  }
}
