import { z } from 'zod';

const internal = z.object({
  /** Grows by one with every app process started on a data folder. */
  generation: z.number().int().nonnegative(),
  /** Listening sockets inherited from the keeper; absent where the app must bind by itself. */
  sipUdpFd: z.number().int().optional(),
  sipTcpFd: z.number().int().optional(),
  httpFd: z.number().int().optional(),
  /** The HTTP socket once more, to be served while the database cannot be used. */
  httpWaitingFd: z.number().int().optional(),
  /** Control socket of the media process. */
  mediaSocket: z.string(),
  /** For `pg`; of the embedded server (Unix socket) or of the server named in the settings. */
  databaseUrl: z.string(),
  /** 0700, for pid files and `ports.json`. */
  runDir: z.string(),
});

/** What the keeper hands to the app, in `DENWABAN_INTERNAL`. */
export type Internal = z.infer<typeof internal>;

export function parseInternal(text: string): Internal {
  return internal.parse(JSON.parse(text));
}
