import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from './platform.ts';

/** PostgreSQL takes longer than this to answer its first query. */
const LOOK_EVERY_MS = 15;

/**
 * Kills PostgreSQL, and again at each of the keeper's starts, until the returned function is called. That one
 * resolves with how often it was killed.
 */
export function keepDatabaseAway(
  platform: Pick<Platform, 'pidOf' | 'kill'>,
): () => Promise<number> {
  const over = new AbortController();
  const killing = (async (): Promise<number> => {
    const killed = new Set<number>();
    while (!over.signal.aborted) {
      try {
        const pid = platform.pidOf('postgres');
        if (!killed.has(pid)) platform.kill('postgres');
        killed.add(pid);
      } catch {
        // Between two starts.
      }
      await sleep(LOOK_EVERY_MS);
    }
    return killed.size;
  })();
  return () => {
    over.abort();
    return killing;
  };
}
