import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { toError } from './base/index.ts';
import type { Clock, Logger, Timer } from './base/index.ts';
import type { FloorEvents } from './calls/index.ts';
import { DISK_FULL_BYTES, DISK_LOW_BYTES } from './config/index.ts';
import type { MetricFamily, Readiness } from './http/index.ts';

type Level = 'room' | 'low' | 'full';
type DiskOptions = {
  dataDir: string;
  clock: Clock;
  log: Logger;
  events: FloorEvents;
  /** Bytes that are free where `path` lies. */
  freeBytes?: (path: string) => Promise<number>;
};

const LOOK_EVERY_MS = 5_000;
const MEBIBYTE = 1024 ** 2;
/** So many times the threshold must be free before a level is left: what is used near it says nothing. */
const FULL_LEFT_AT = 2;
const LOW_LEFT_AT = 1.1;

/**
 * How much room is left where the database and the recordings lie. Said before it is used up: in the log and in
 * `/readyz` when there is little, to every desk when there is next to none.
 */
export class DiskWatch {
  readonly #options: DiskOptions;
  #free: { data: number; recordings: number } | null = null;
  #level: Level = 'room';
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#look();
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.setTimer(LOOK_EVERY_MS, () => void this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** As it was found last. */
  readiness(): Readiness[string] {
    if (this.#free === null) return { ready: true, detail: 'not known' };
    const { data, recordings } = this.#free;
    const left = `${Math.floor(Math.min(data, recordings) / MEBIBYTE)} MiB free`;
    const words = {
      room: left,
      low: `${left}: little room; an hour of recording takes 58 MiB`,
      full: `${left}: make room, or nothing is recorded and saved any more`,
    };
    return { ready: this.#level !== 'full', detail: words[this.#level] };
  }

  metrics(): MetricFamily[] {
    if (this.#free === null) return [];
    const samples = Object.entries(this.#free).map(([what, value]) => ({
      labels: { what },
      value,
    }));
    const help = 'Room left on the disk of the database and on that of the recordings.';
    return [{ name: 'denwaban_disk_free_bytes', help, type: 'gauge', samples }];
  }

  async #look(): Promise<void> {
    const { dataDir, log, freeBytes = freeBytesOf } = this.#options;
    try {
      const data = await freeBytes(dataDir);
      // It may be a disk of its own, and is made by the first recording.
      const recordings = await freeBytes(join(dataDir, 'recordings')).catch(() => data);
      this.#free = { data, recordings };
      this.#become(levelOf(Math.min(data, recordings), this.#level));
    } catch (thrown) {
      log.debug({ reason: toError(thrown).message }, 'room on the disk is not known');
    }
  }

  #become(level: Level): void {
    const before = this.#level;
    if (level === before) return;
    this.#level = level;
    const { log, events } = this.#options;
    const free = { ...this.#free };
    if (level === 'full') log.error(free, 'the disk is full: make room');
    else if (level === 'low') log.warn(free, 'little room is left on the disk');
    else log.info(free, 'the disk has room');
    if (level !== 'full' && before !== 'full') return;
    const code = level === 'full' ? 'disk-full' : 'disk-room';
    events.publish({ type: 'notice', operatorId: null, callId: null, code });
  }
}

function levelOf(free: number, before: Level): Level {
  if (free < DISK_FULL_BYTES * (before === 'full' ? FULL_LEFT_AT : 1)) return 'full';
  return free < DISK_LOW_BYTES * (before === 'room' ? 1 : LOW_LEFT_AT) ? 'low' : 'room';
}

async function freeBytesOf(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
