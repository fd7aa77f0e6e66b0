import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../base/index.ts';
import type { ListenTarget } from './listen.ts';
import { problemBody } from './problems.ts';
import { createServer } from './tls.ts';
import type { TlsFiles } from './tls.ts';

/** Serves in the app's place for as long as its database cannot be used. */
export type WaitingServer = {
  /** What `/readyz` says of the database. */
  say(detail: string): void;
  close(): Promise<void>;
};

const RETRY_AFTER_SECONDS = 5;

/** Alive and not ready, with the reason; everything else is asked to come back. */
export async function openWaitingServer(
  target: ListenTarget,
  options: { tls: TlsFiles | undefined; log: Logger },
): Promise<WaitingServer> {
  let detail = '';
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    if (request.url === '/healthz') {
      send(response, 200, { status: 'ok' });
    } else if (request.url === '/readyz') {
      send(response, 503, { database: { ready: false, detail } });
    } else {
      response.setHeader('retry-after', RETRY_AFTER_SECONDS);
      send(response, 503, problemBody('database-unreachable'));
    }
  };
  const server = createServer(answer, options.tls, options.log);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(target, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    say: (text) => void (detail = text),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(JSON.stringify(body));
}
