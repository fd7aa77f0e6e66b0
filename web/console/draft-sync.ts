import type { DraftView, FieldAck, MessageField } from '../../src/contract/index.ts';
import {
  acknowledged,
  connectionLost,
  dueFields,
  hurried,
  markedSent,
  merged,
  newDraft,
  nextDueAt,
  refused,
  restored,
  statusOf,
  toStore,
  typed,
} from './draft-keeper.ts';
import type { DraftStatus, KeptDraft, OutgoingField, StoredDraft } from './draft-keeper.ts';

type KeyValueStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

export type DraftSyncOptions = {
  /** The quick way; false when the live connection is not open. */
  sendLive: (callId: string, field: OutgoingField) => boolean;
  /** The way for when it is not; rejects when that fails too. */
  sendByRequest: (callId: string, field: OutgoingField) => Promise<FieldAck>;
  store: KeyValueStore;
  onChange: () => void;
};

const KEY = 'denwaban.draft.';
const KEPT_MS = 7 * 24 * 3_600_000;
const RETRY_MS = 1_000;
const FLUSH_LIMIT_MS = 5_000;

/** The server did not take the last keystrokes in time. */
export class DraftNotSaved extends Error {
  override readonly name = 'DraftNotSaved';
}

/** Carries a `KeptDraft` to the server and keeps what is not there yet in this browser. */
export class DraftSync {
  readonly #options: DraftSyncOptions;
  #draft: KeptDraft | null = null;
  #online = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #statusTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #requested = new Set<number>();
  #flushed: (() => void)[] = [];

  constructor(options: DraftSyncOptions) {
    this.#options = options;
    this.#forgetOld();
  }

  get draft(): KeptDraft | null {
    return this.#draft;
  }

  get status(): DraftStatus {
    return this.#draft === null ? 'empty' : statusOf(this.#draft, this.#online, Date.now());
  }

  /** The server's draft of the call on the desk, or null when there is none. */
  show(server: DraftView | null): void {
    if (server === null) {
      this.#draft = null;
      this.#settle();
      return;
    }
    if (this.#draft?.callId !== server.callId) {
      const now = Date.now();
      const stored = this.#stored(server.callId);
      const begun = newDraft(server.callId, now);
      this.#draft = stored === null ? begun : restored(begun, stored, now);
    }
    this.#change(merged(this.#draft, server));
  }

  type(field: MessageField, value: string): void {
    if (this.#draft !== null) this.#change(typed(this.#draft, field, value, Date.now()));
  }

  acknowledge(ack: FieldAck): void {
    if (this.#draft !== null) this.#change(acknowledged(this.#draft, ack));
  }

  refuse(refusal: Parameters<typeof refused>[1]): void {
    if (this.#draft !== null) this.#change(refused(this.#draft, refusal));
  }

  /** Its message has left: nothing more is written into it. */
  close(callId: string, sentMessageId: string): void {
    if (this.#draft?.callId === callId) this.#change({ ...this.#draft, sentMessageId });
  }

  setOnline(online: boolean): void {
    if (online === this.#online) return;
    this.#online = online;
    if (this.#draft !== null) this.#change(connectionLost(this.#draft));
  }

  /** Resolves when the server has everything; rejects when it does not within five seconds. */
  async flush(): Promise<void> {
    if (this.#draft === null) return;
    this.#change(hurried(this.#draft, Date.now()));
    if (this.#isSettled()) return;
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new DraftNotSaved('draft not acknowledged')),
        FLUSH_LIMIT_MS,
      );
      this.#flushed.push(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#statusTimer);
    this.#draft = null;
  }

  #isSettled(): boolean {
    return this.#draft === null || toStore(this.#draft, 0) === null;
  }

  #change(draft: KeptDraft): void {
    this.#draft = draft;
    this.#keep(draft);
    this.#sendDue();
    this.#settle();
  }

  #settle(): void {
    if (this.#isSettled()) {
      for (const done of this.#flushed.splice(0)) done();
    }
    this.#schedule();
    this.#options.onChange();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#statusTimer);
    if (this.#draft === null) return;
    const due = nextDueAt(this.#draft);
    if (due === null) return;
    const wait = Math.max(due - Date.now(), this.#requested.size > 0 ? RETRY_MS : 0);
    this.#timer = setTimeout(() => {
      if (this.#draft !== null) this.#change(this.#draft);
    }, wait);
    // "Saving" turns into "unsaved" by age alone.
    if (this.status === 'saving') {
      this.#statusTimer = setTimeout(() => this.#options.onChange(), RETRY_MS + 600);
    }
  }

  #sendDue(): void {
    if (this.#draft === null) return;
    const { callId } = this.#draft;
    const now = Date.now();
    const sent: OutgoingField[] = [];
    for (const outgoing of dueFields(this.#draft, now)) {
      if (this.#options.sendLive(callId, outgoing)) sent.push(outgoing);
      else if (!this.#requested.has(outgoing.clientSeq)) {
        sent.push(outgoing);
        void this.#request(callId, outgoing);
      }
    }
    if (sent.length > 0) this.#draft = markedSent(this.#draft, sent, now);
  }

  async #request(callId: string, outgoing: OutgoingField): Promise<void> {
    this.#requested.add(outgoing.clientSeq);
    try {
      const ack = await this.#options.sendByRequest(callId, outgoing);
      this.#requested.delete(outgoing.clientSeq);
      if (this.#draft?.callId === callId) this.acknowledge(ack);
    } catch {
      // Sent again when it has waited long enough unacknowledged.
      this.#requested.delete(outgoing.clientSeq);
    }
  }

  #keep(draft: KeptDraft): void {
    const stored = toStore(draft, Date.now());
    try {
      if (stored === null) this.#options.store.removeItem(KEY + draft.callId);
      else this.#options.store.setItem(KEY + draft.callId, JSON.stringify(stored));
    } catch {
      // A full or forbidden storage costs the second copy, not the first.
    }
  }

  #stored(callId: string): StoredDraft | null {
    return parseStored(this.#options.store.getItem(KEY + callId));
  }

  #forgetOld(): void {
    const { store } = this.#options;
    const keys = Array.from({ length: store.length }, (_, index) => store.key(index) ?? '');
    for (const key of keys.filter((name) => name.startsWith(KEY))) {
      const stored = parseStored(store.getItem(key));
      if (stored === null || Date.now() - stored.savedAt > KEPT_MS) store.removeItem(key);
    }
  }
}

function parseStored(text: string | null): StoredDraft | null {
  if (text === null) return null;
  try {
    const stored = JSON.parse(text) as StoredDraft | null;
    return typeof stored?.savedAt === 'number' && typeof stored.fields === 'object' ? stored : null;
  } catch {
    return null;
  }
}
