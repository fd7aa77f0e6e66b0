import { toError } from '../base/index.ts';
import type { Logger, RecordingId } from '../base/index.ts';
import { RECORD_SAMPLES } from '../media/index.ts';
import type { Recording, RecordingEnd, RecordingStore } from './ports.ts';
import { openRecordingFile } from './recording-file.ts';
import { recordingFile } from './recording-path.ts';

export type SettleOptions = {
  folder: string;
  store: Pick<RecordingStore, 'open' | 'finishLeft'>;
  log: Logger;
  /**
   * Of those open in the index what is still written, belongs to a call that goes on or may still be ended in
   * order; null when nobody can say. Asked after the index was read, so that what begins meanwhile is not taken
   * for abandoned.
   */
  inHand: (open: readonly RecordingId[]) => Promise<ReadonlySet<RecordingId> | null>;
};

/**
 * Ends in the index what nobody writes any more: its writer was killed, or its end was not heard of.
 * The file says what there is. Returns how many were ended.
 */
export async function settleRecordings(options: SettleOptions): Promise<number> {
  const { folder, store, log } = options;
  const open = await store.open();
  if (open.length === 0) return 0;
  const inHand = await options.inHand(open.map(({ id }) => id));
  if (inHand === null) return 0;
  const left = open.filter(({ id }) => !inHand.has(id));
  let settled = 0;
  for (const recording of left) {
    const end = await endOf(folder, recording).catch((thrown: unknown) => {
      log.error({ err: toError(thrown), recordingId: recording.id }, 'recording cannot be read');
    });
    // It is looked at again; the others do not wait for it.
    if (end === undefined) continue;
    await store.finishLeft(recording.id, end);
    settled++;
    log.warn(
      { recordingId: recording.id, ...end },
      'recording left open: ended by what its file holds',
    );
  }
  return settled;
}

async function endOf(folder: string, { path, startedAt }: Recording): Promise<RecordingEnd> {
  const place = recordingFile(folder, path);
  const file = place === null ? null : await openRecordingFile(place);
  if (!file) return { state: 'missing', seconds: 0, endedAt: startedAt };
  try {
    const { records, lastSamples, closed, cut } = await file.soundLength();
    const seconds = Math.max(0, records - 1) + lastSamples / RECORD_SAMPLES;
    const endedAt = startedAt + Math.round(seconds * 1000);
    const state = closed && cut === null ? 'complete' : 'incomplete';
    return { state, seconds, endedAt, ...(cut && { cause: cut }) };
  } finally {
    await file.close();
  }
}
