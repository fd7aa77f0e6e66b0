import { open } from 'node:fs/promises';

/** The disk as the recording writer sees it; every call may take as long as the disk likes. */
export interface RecordingFiles {
  /** Makes a new file; a path that exists is refused with EEXIST. */
  create(path: string): Promise<RecordingFile>;
}

export interface RecordingFile {
  /** Writes all of `bytes` at `position`; writing the same again after a failure is harmless. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Files on the machine's own disk. */
export const diskFiles: RecordingFiles = {
  create: async (path) => {
    const handle = await open(path, 'wx', 0o600);
    return {
      write: async (bytes, position) => {
        let done = 0;
        while (done < bytes.length) {
          const { bytesWritten } = await handle.write(
            bytes,
            done,
            bytes.length - done,
            position + done,
          );
          done += bytesWritten;
        }
      },
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
};
