import helmet from '@fastify/helmet';
import type { App } from './app.ts';

/** What our pages may load, and who may show them. Mantine writes style elements. */
export async function addSecurityHeaders(app: App, publicUrl: string): Promise<void> {
  const https = publicUrl.startsWith('https:');
  const own = "'self'";
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': [own],
        'base-uri': [own],
        'connect-src': [own, publicUrl.replace(/^http/, 'ws')],
        'font-src': [own, 'data:'],
        'form-action': [own],
        'frame-ancestors': ["'none'"],
        'img-src': [own, 'data:', 'blob:'],
        'media-src': [own, 'blob:'],
        'object-src': ["'none'"],
        'script-src': [own],
        'style-src': [own, "'unsafe-inline'"],
        'worker-src': [own, 'blob:'],
      },
    },
    crossOriginEmbedderPolicy: false,
    // Browsers ignore it on plain http, with a warning in the console of each page.
    crossOriginOpenerPolicy: https ? { policy: 'same-origin' } : false,
    originAgentCluster: https,
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: https ? { maxAge: 180 * 24 * 60 * 60 } : false,
    xFrameOptions: { action: 'deny' },
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header(
      'permissions-policy',
      'microphone=(self), autoplay=(self), speaker-selection=(self), camera=(), geolocation=()',
    );
  });
}
