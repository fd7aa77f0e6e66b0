import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { AppError, toError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';

export type TlsFiles = { certPath: string; keyPath: string };

const LOOK_EVERY_MS = 5_000;

/** A plain server, or one with the certificate of the settings, which is read again on change. */
export function createServer(
  listener: RequestListener,
  tls: TlsFiles | undefined,
  log: Logger,
): Server {
  if (tls === undefined) return createHttpServer(listener);
  const server = createHttpsServer({ ...readPair(tls), minVersion: 'TLSv1.2' }, listener);
  const reload = (): void => {
    try {
      server.setSecureContext(readPair(tls));
      log.info({ certificate: tls.certPath }, 'the certificate was read again');
    } catch (thrown) {
      const err = toError(thrown);
      log.error({ err }, 'the new certificate cannot be used; the one before stays');
    }
  };
  for (const path of [tls.certPath, tls.keyPath]) {
    watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, reload);
    server.once('close', () => unwatchFile(path, reload));
  }
  return server;
}

function readPair({ certPath, keyPath }: TlsFiles): { cert: Buffer; key: Buffer } {
  try {
    const pair = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
    createSecureContext(pair);
    return pair;
  } catch (thrown) {
    const cause = toError(thrown);
    throw new AppError(
      'tls-unusable',
      `The certificate of DENWABAN_TLS_CERT (${certPath}) and the key of DENWABAN_TLS_KEY ` +
        `(${keyPath}) cannot be used together: ${cause.message}.`,
      { cause },
    );
  }
}
