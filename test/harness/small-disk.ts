import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEBIBYTE = 1024 ** 2;

/** A disk of its own that can be filled to the last byte. Needs root; ask `has('tmpfs')` first. */
export class SmallDisk {
  readonly dir: string;
  readonly #isMade: boolean;

  private constructor(dir: string, isMade: boolean) {
    this.dir = dir;
    this.#isMade = isMade;
  }

  /** At `at`, which is made when it is not there; else in a folder of its own. */
  static open(mebibytes: number, at?: string): SmallDisk {
    const dir = at ?? mkdtempSync(join(tmpdir(), 'denwaban-disk-'));
    mkdirSync(dir, { recursive: true });
    const options = `size=${mebibytes}m,mode=755`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir]);
    return new SmallDisk(dir, at === undefined);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.dir);
    return bavail * bsize;
  }

  /** Somebody else's file takes all the room there is. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    const chunk = Buffer.alloc(MEBIBYTE, 1);
    try {
      for (;;) writeSync(file, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  makeRoom(): void {
    rmSync(this.#filler, { force: true });
  }

  close(): void {
    // Whoever has just ended may still hold a file for a moment.
    execFileSync('umount', ['--lazy', this.dir]);
    if (this.#isMade) rmSync(this.dir, { recursive: true, force: true });
  }

  get #filler(): string {
    return join(this.dir, 'somebody-elses-file');
  }
}
