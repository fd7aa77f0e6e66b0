import { z } from 'zod';
import { readinessSchema } from '../../contract/index.ts';
import type { App } from '../app.ts';
import { renderMetrics } from '../metrics.ts';
import type { ServerDeps } from '../server-deps.ts';

const PUBLIC = { policy: { kind: 'public' } } as const;

/** For whoever watches over the machine. None of it tells of people, numbers or words. */
export function registerWatchingRoutes(
  app: App,
  deps: Pick<ServerDeps, 'readiness' | 'metrics'>,
): void {
  app.route({
    method: 'GET',
    url: '/healthz',
    config: PUBLIC,
    schema: {
      summary: 'The process lives',
      tags: ['operation'],
      response: { 200: z.object({ status: z.literal('ok') }) },
    },
    handler: (_request, reply) => void reply.send({ status: 'ok' }),
  });

  app.route({
    method: 'GET',
    url: '/readyz',
    config: PUBLIC,
    schema: {
      summary: 'Calls can be taken; what is missing otherwise',
      tags: ['operation'],
      response: { 200: readinessSchema, 503: readinessSchema },
    },
    handler: async (_request, reply) => {
      const components = await deps.readiness();
      const ready = Object.values(components).every((component) => component.ready);
      return reply.code(ready ? 200 : 503).send(components);
    },
  });

  app.route({
    method: 'GET',
    url: '/metrics',
    config: PUBLIC,
    schema: {
      summary: 'Figures for Prometheus',
      tags: ['operation'],
      produces: ['text/plain'],
      response: { 200: z.string() },
    },
    handler: async (_request, reply) => {
      const families = await Promise.all(deps.metrics.map(async (source) => source()));
      return reply
        .type('text/plain; version=0.0.4; charset=utf-8')
        .send(renderMetrics(families.flat()));
    },
  });

  app.route({
    method: 'GET',
    url: '/api/openapi.json',
    config: PUBLIC,
    schema: { summary: 'This description', tags: ['operation'], response: { 200: z.any() } },
    handler: (_request, reply) => void reply.send(app.swagger()),
  });
}
