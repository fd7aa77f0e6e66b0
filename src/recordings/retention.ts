import { rm } from 'node:fs/promises';
import type { Clock, Logger, RecordingId, SubscriberId } from '../base/index.ts';
import type { ExpiredRecordings } from './ports.ts';
import { recordingFile } from './recording-path.ts';

const DAY_MS = 24 * 60 * 60_000;
const BATCH = 100;

type RemovedRecording = { id: RecordingId; subscriberId: SubscriberId | null; at: number };

export type RetentionOptions = {
  folder: string;
  store: ExpiredRecordings;
  clock: Clock;
  log: Logger;
  /** Writes the audit entry, before the recording is gone. */
  audit: (removed: RemovedRecording) => Promise<void>;
};

/**
 * Deletes recordings that began more than `days` ago: the sound first, then the index, so that
 * what fails half-way is tried again the next time. Returns how many are gone.
 */
export async function removeOldRecordings(
  options: RetentionOptions,
  days: number,
): Promise<number> {
  const { folder, store, clock, log } = options;
  let removed = 0;
  for (;;) {
    const expired = await store.olderThan(clock.now() - days * DAY_MS, BATCH);
    for (const { id, subscriberId, path } of expired) {
      await options.audit({ id, subscriberId, at: clock.now() });
      const file = recordingFile(folder, path);
      if (file !== null) await rm(file, { force: true });
      await store.remove(id);
      log.info({ recordingId: id, subscriberId }, 'recording removed: its time is over');
      removed++;
    }
    if (expired.length < BATCH) return removed;
  }
}
