import type { DraftView, FieldAck, MessageField } from '../../src/contract/index.ts';

/**
 * What is known of one field: the text as shown, the newest version the server told of, and what
 * it has not acknowledged yet. `sentAt` is null until the value left (or after a lost connection).
 */
type KeptField = {
  value: string;
  version: number;
  pending: { clientSeq: number; since: number; sentAt: number | null } | null;
  refusal: string | null;
};

/** A draft as the page holds it. Plain data; every function gives a new one. */
export type KeptDraft = {
  callId: string;
  fields: Partial<Record<MessageField, KeptField>>;
  lastSeq: number;
  sentMessageId: string | null;
};

export type DraftStatus = 'empty' | 'saved' | 'saving' | 'unsaved' | 'refused';
/** Unacknowledged text as it lies in this browser's own storage. */
export type StoredDraft = { savedAt: number; fields: Partial<Record<MessageField, string>> };
export type OutgoingField = { field: MessageField; value: string; clientSeq: number };

/** A changed field waits this long for the next keystroke, so that typing is not a frame each. */
export const THROTTLE_MS = 100;
/** No acknowledgement for so long: the value goes out again. */
const RESEND_MS = 2_000;
/** Younger than this, an unacknowledged value is "saving"; older, the operator must know. */
const WORRY_MS = 1_500;

/**
 * `now` is also where the sequence begins: a reloaded page, the same desk to the server, must
 * count on above its earlier life.
 */
export function newDraft(callId: string, now: number): KeptDraft {
  return { callId, fields: {}, lastSeq: now, sentMessageId: null };
}

export function valueOf(draft: KeptDraft, field: MessageField): string {
  return draft.fields[field]?.value ?? '';
}

function withField(draft: KeptDraft, field: MessageField, kept: KeptField): KeptDraft {
  return { ...draft, fields: { ...draft.fields, [field]: kept } };
}

/** A keystroke: shown at once, waiting to be sent. */
export function typed(
  draft: KeptDraft,
  field: MessageField,
  value: string,
  now: number,
): KeptDraft {
  const before = draft.fields[field];
  if (draft.sentMessageId !== null || (before?.value ?? '') === value) return draft;
  const clientSeq = draft.lastSeq + 1;
  // A value that waits to leave keeps its age: the throttle must not be pushed back by typing on.
  const waiting = before?.pending?.sentAt === null ? before.pending.since : now;
  return {
    ...withField(draft, field, {
      value,
      version: before?.version ?? 0,
      pending: { clientSeq, since: waiting, sentAt: null },
      refusal: null,
    }),
    lastSeq: clientSeq,
  };
}

function entries(draft: KeptDraft): [MessageField, KeptField][] {
  return Object.entries(draft.fields) as [MessageField, KeptField][];
}

function dueAt(kept: KeptField): number | null {
  if (kept.pending === null || kept.refusal !== null) return null;
  const { since, sentAt } = kept.pending;
  return sentAt === null ? since + THROTTLE_MS : sentAt + RESEND_MS;
}

/** When something is to be sent next; null when all is acknowledged. */
export function nextDueAt(draft: KeptDraft): number | null {
  const times = entries(draft).flatMap(([, kept]) => dueAt(kept) ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/** What is to leave now, oldest first. */
export function dueFields(draft: KeptDraft, now: number): OutgoingField[] {
  return entries(draft)
    .flatMap(([field, kept]) => {
      const due = dueAt(kept);
      if (kept.pending === null || due === null || due > now) return [];
      return [{ field, value: kept.value, clientSeq: kept.pending.clientSeq }];
    })
    .sort((a, b) => a.clientSeq - b.clientSeq);
}

/** Everything unacknowledged is to leave at once: before sending, on unload. */
export function hurried(draft: KeptDraft, now: number): KeptDraft {
  return mapPending(draft, (kept, pending) =>
    pending.sentAt === null
      ? { ...kept, pending: { ...pending, since: Math.min(pending.since, now - THROTTLE_MS) } }
      : kept,
  );
}

export function markedSent(draft: KeptDraft, sent: OutgoingField[], now: number): KeptDraft {
  const seqs = new Set(sent.map((outgoing) => outgoing.clientSeq));
  return mapPending(draft, (kept, pending) =>
    seqs.has(pending.clientSeq) ? { ...kept, pending: { ...pending, sentAt: now } } : kept,
  );
}

/** The connection is gone: nothing on its way may be counted on. */
export function connectionLost(draft: KeptDraft): KeptDraft {
  return mapPending(draft, (kept, pending) => ({ ...kept, pending: { ...pending, sentAt: null } }));
}

function mapPending(
  draft: KeptDraft,
  change: (kept: KeptField, pending: NonNullable<KeptField['pending']>) => KeptField,
): KeptDraft {
  const fields: KeptDraft['fields'] = {};
  for (const [field, kept] of entries(draft)) {
    fields[field] = kept.pending === null ? kept : change(kept, kept.pending);
  }
  return { ...draft, fields };
}

/** An acknowledgement of an older keystroke tells the version but leaves the newer one waiting. */
export function acknowledged(draft: KeptDraft, ack: FieldAck): KeptDraft {
  const kept = draft.fields[ack.field];
  if (ack.callId !== draft.callId || kept === undefined) return draft;
  const done = kept.pending !== null && ack.clientSeq >= kept.pending.clientSeq;
  return withField(draft, ack.field, {
    ...kept,
    version: Math.max(kept.version, ack.version),
    pending: done ? null : kept.pending,
    refusal: done ? null : kept.refusal,
  });
}

/**
 * The server will not have this value: it stays on the screen, marked, until it is changed. Only
 * `no-draft` passes by itself (typed in the instant before the answer is stored): sent again.
 */
export function refused(
  draft: KeptDraft,
  refusal: { callId: string; field: MessageField; clientSeq: number; reason: string },
): KeptDraft {
  const kept = draft.fields[refusal.field];
  if (refusal.callId !== draft.callId || kept?.pending?.clientSeq !== refusal.clientSeq) {
    return draft;
  }
  if (refusal.reason === 'no-draft') return draft;
  return withField(draft, refusal.field, { ...kept, refusal: refusal.reason });
}

/** The server's draft: newer versions are taken, but what this page has not handed over stays. */
export function merged(draft: KeptDraft, server: DraftView): KeptDraft {
  if (server.callId !== draft.callId) return draft;
  // A snapshot made before the message left may come after it.
  let next: KeptDraft = { ...draft, sentMessageId: server.sentMessageId ?? draft.sentMessageId };
  for (const [field, { value, version }] of Object.entries(server.fields) as [
    MessageField,
    { value: string; version: number },
  ][]) {
    const kept = draft.fields[field];
    if (kept !== undefined && version <= kept.version) continue;
    const keepsOwn = kept !== undefined && kept.pending !== null && server.sentMessageId === null;
    next = withField(next, field, {
      value: keepsOwn ? kept.value : value,
      version,
      pending: keepsOwn ? kept.pending : null,
      refusal: keepsOwn ? kept.refusal : null,
    });
  }
  return next;
}

/** Text left behind by a page that died before it was acknowledged. */
export function restored(draft: KeptDraft, stored: StoredDraft, now: number): KeptDraft {
  let next = draft;
  for (const [field, value] of Object.entries(stored.fields) as [MessageField, string][]) {
    next = typed(next, field, value, now - THROTTLE_MS);
  }
  return next;
}

/** What must outlive the page; null when the server has everything. */
export function toStore(draft: KeptDraft, now: number): StoredDraft | null {
  const waiting = entries(draft).filter(([, kept]) => kept.pending !== null);
  if (waiting.length === 0 || draft.sentMessageId !== null) return null;
  return {
    savedAt: now,
    fields: Object.fromEntries(waiting.map(([field, kept]) => [field, kept.value])),
  };
}

export function statusOf(draft: KeptDraft, online: boolean, now: number): DraftStatus {
  const all = entries(draft);
  if (all.some(([, kept]) => kept.refusal !== null)) return 'refused';
  const ages = all.flatMap(([, kept]) => (kept.pending === null ? [] : now - kept.pending.since));
  if (ages.length > 0) return online && Math.max(...ages) < WORRY_MS ? 'saving' : 'unsaved';
  return all.length === 0 ? 'empty' : 'saved';
}
