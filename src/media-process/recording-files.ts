import { close, fdatasync, open, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The disk as the recording writer sees it; every call may take as long as the disk likes. */
export interface RecordingFiles {
  /** Makes a new file, and its folder where there is none; a path that exists is refused with EEXIST. */
  create(path: string): Promise<RecordingFile>;
}

export interface RecordingFile {
  /** Writes all of `bytes` at `position`; writing the same again after a failure is harmless. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when what was written is on the disk, together with what others wrote meanwhile. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Files that want to be synced wait up to this long for each other. A sync empties the disk's cache and, for a
 * new file, commits the file system's journal, for which the database's own syncs wait: those that come
 * together share it.
 */
const SYNC_ROUND_MS = 100;

type Done = (error: Error | null) => void;

const waiting: { file: number; done: Done }[] = [];

/** Files on the machine's own disk. */
export const diskFiles: RecordingFiles = {
  create: async (path) => {
    const file = await createFile(path);
    return {
      write: (bytes, position) => ended((done) => writeAll(file, { bytes, position, done })),
      sync: () => ended((done) => syncWithOthers(file, done)),
      close: () => ended((done) => close(file, done)),
    };
  },
};

/** The day's first recording finds no folder. */
async function createFile(path: string): Promise<number> {
  try {
    return await openNew(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return openNew(path);
  }
}

function openNew(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, 'wx', 0o600, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
}

function ended(begin: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((error) => (error ? reject(error) : resolve()));
  });
}

function writeAll(file: number, what: { bytes: Uint8Array; position: number; done: Done }): void {
  const { bytes, position, done } = what;
  write(file, bytes, 0, bytes.length, position, (error, written) => {
    if (error || written === bytes.length) done(error);
    else writeAll(file, { bytes: bytes.subarray(written), position: position + written, done });
  });
}

function syncWithOthers(file: number, done: Done): void {
  waiting.push({ file, done });
  if (waiting.length > 1) return;
  setTimeout(() => {
    for (const next of waiting.splice(0)) fdatasync(next.file, next.done);
  }, SYNC_ROUND_MS);
}
