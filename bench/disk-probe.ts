import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 100;
/** A page of PostgreSQL's log. */
const BYTES = new Uint8Array(8192);

/**
 * How long the disk of a folder takes for what PostgreSQL asks of it with every commit: 8 kB written over
 * and synced, ten times a second. What every call waits for is no slower in the product than here.
 */
export class DiskProbe {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #tookMs: number[] = [];
  readonly #running: Promise<void>;
  #stopping = false;

  static async start(folder: string): Promise<DiskProbe> {
    const path = join(folder, 'disk-probe');
    const file = await open(path, 'w');
    await file.write(BYTES, 0, BYTES.length, 0);
    await file.sync();
    return new DiskProbe(file, path);
  }

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
    this.#running = this.#run();
  }

  /** Milliseconds, sorted. */
  async stop(): Promise<number[]> {
    this.#stopping = true;
    await this.#running;
    await this.#file.close();
    await rm(this.#path);
    return this.#tookMs.toSorted((a, b) => a - b);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const beganMs = performance.now();
      await this.#file.write(BYTES, 0, BYTES.length, 0);
      await this.#file.datasync();
      this.#tookMs.push(performance.now() - beganMs);
      await sleep(EVERY_MS);
    }
  }
}
