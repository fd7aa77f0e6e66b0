import type { App } from './app.ts';

/** A socket that the keeper holds open, or an address of our own. */
export type ListenTarget = { fd: number } | { host: string; port: number };

/** Starts serving; the port really bound (0 asks for a free one). */
export async function listen(app: App, target: ListenTarget): Promise<number> {
  if ('fd' in target) {
    // With a named host Fastify opens no second socket of its own.
    await app.listen({ ...target, host: '127.0.0.1' });
  } else {
    await app.listen(target);
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
