import { FIELD_LIMITS } from './form.ts';
import type { FormFields } from './form.ts';
import type { Draft, DraftPut, DraftPutOutcome } from './ports.ts';

/**
 * The rule of `MessageStore.putField`. Per field the last writer wins; the acknowledgement is the
 * field's version. A desk numbers its puts: one at or below `lastSeq`, the highest number it has
 * had accepted for this field, was sent again after a lost acknowledgement and changes nothing.
 */
export function putField(
  draft: Draft | null,
  put: DraftPut,
  lastSeq: number | null,
  now: number,
): { outcome: DraftPutOutcome; draft: Draft | null } {
  const refuse = (
    reason: Extract<DraftPutOutcome, { ok: false }>['reason'],
  ): ReturnType<typeof putField> => ({ outcome: { ok: false, reason }, draft });
  if (draft === null) return refuse('no-draft');
  if (draft.operatorId !== put.operatorId) return refuse('not-yours');
  if (draft.sentMessageId !== null) return refuse('already-sent');
  if (put.value.length > FIELD_LIMITS[put.field]) return refuse('too-long');
  if (lastSeq !== null && put.clientSeq <= lastSeq) {
    const version = draft.fields[put.field]?.version ?? draft.version;
    return { outcome: { ok: true, version }, draft };
  }
  const version = draft.version + 1;
  const fields = { ...draft.fields, [put.field]: { value: put.value, version } };
  return { outcome: { ok: true, version }, draft: { ...draft, fields, version, updatedAt: now } };
}

/** The words of a draft, without their versions. */
export function fieldsOf(draft: Draft): FormFields {
  return Object.fromEntries(
    Object.entries(draft.fields).map(([field, { value }]) => [field, value]),
  );
}
