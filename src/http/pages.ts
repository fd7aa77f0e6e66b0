import { extname } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { App } from './app.ts';
import { refuse } from './problems.ts';

const FOREVER_SECONDS = 365 * 24 * 60 * 60;

/**
 * The web pages: files of `dist/web`, and for every other address outside /api its index.html,
 * where the page's own router takes over.
 */
export async function servePages(app: App, webRoot: string | null): Promise<void> {
  if (webRoot !== null) {
    await app.register(fastifyStatic, { root: webRoot, serve: false, cacheControl: false });
  }
  app.route({
    method: 'GET',
    url: '/*',
    config: { policy: { kind: 'public' } },
    schema: { hide: true },
    handler: (request, reply) => {
      const { '*': path } = request.params as { '*': string };
      if (webRoot === null || path === 'api' || path.startsWith('api/')) {
        return refuse(reply, 'not-found');
      }
      if (extname(path) === '') {
        return reply.header('cache-control', 'no-cache').sendFile('index.html');
      }
      // vite puts a hash of the content into the names of assets.
      const hashed = path.startsWith('assets/');
      void reply.header(
        'cache-control',
        hashed ? `public, max-age=${FOREVER_SECONDS}, immutable` : 'no-cache',
      );
      return reply.sendFile(path);
    },
  });
}
