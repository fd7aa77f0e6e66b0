import { Readable } from 'node:stream';
import { z } from 'zod';
import { applyResultSchema, centerSpecSchema, restoreResultSchema } from '../../contract/index.ts';
import { applyAccounts } from '../accounts.ts';
import type { App } from '../app.ts';
import { auditOf } from '../audit.ts';
import { refuse } from '../problems.ts';
import { ADMINISTRATOR } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<
  ServerDeps,
  'center' | 'backup' | 'people' | 'calls' | 'directory' | 'audit' | 'clock'
>;

/** A file of ten thousand subscribers. */
const SPEC_LIMIT_BYTES = 32 * 1024 * 1024;

export function registerCenterRoutes(app: App, deps: Deps): void {
  registerApply(app, deps);
  registerBackup(app, deps);
}

function registerApply(app: App, deps: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/apply',
    config: ADMINISTRATOR,
    bodyLimit: SPEC_LIMIT_BYTES,
    schema: {
      summary: 'Declare the office: trunks, numbers, subscribers, contacts, routes, operators',
      description: 'All of it or nothing. Applying twice changes nothing.',
      tags: ['center'],
      body: centerSpecSchema,
      response: { 200: applyResultSchema },
    },
    handler: async (request, reply) => {
      const outcome = await deps.center.apply(request.body);
      if (!outcome.ok) return refuse(reply, 'center-invalid', outcome.issues);
      const result = await applyAccounts(request.body, outcome.result, deps);
      const { created, changed } = result;
      const detail = { created: String(created.length), changed: String(changed.length) };
      const subject = { type: 'center', detail } as const;
      await deps.audit.append(auditOf(request, deps.clock, 'center.applied', subject));
      return result;
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/export',
    config: ADMINISTRATOR,
    schema: {
      summary: 'The office as a file for apply, without accounts and passwords',
      tags: ['center'],
      response: { 200: centerSpecSchema },
    },
    handler: () => deps.center.export(),
  });
}

function registerBackup(app: App, { backup, directory, audit, clock }: Deps): void {
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => {
    done(null, payload);
  });

  app.route({
    method: 'GET',
    url: '/api/v1/backup',
    config: ADMINISTRATOR,
    schema: {
      summary: 'The whole database as one file',
      tags: ['center'],
      produces: ['application/octet-stream'],
      response: {
        200: {
          description: 'The backup',
          content: { 'application/octet-stream': { schema: z.any() } },
        },
      },
    },
    handler: async (request, reply) => {
      await audit.append(auditOf(request, clock, 'backup.taken', { type: 'backup' }));
      void reply.header('cache-control', 'no-store').type('application/octet-stream');
      return reply.send(Readable.from(backup.take(), { objectMode: false }));
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/restore',
    config: ADMINISTRATOR,
    schema: {
      summary: 'Put a backup into the database',
      description: 'Refused when the database holds something, unless `replace`.',
      tags: ['center'],
      consumes: ['application/octet-stream'],
      querystring: z.object({ replace: z.enum(['true', 'false']).default('false') }),
      response: { 200: restoreResultSchema },
    },
    handler: async (request, reply) => {
      const { body } = request;
      if (!(body instanceof Readable)) return refuse(reply, 'unsupported-content');
      const replace = request.query.replace === 'true';
      const result = await backup.restore(body, { replace });
      await directory.reload();
      await audit.append(auditOf(request, clock, 'backup.restored', { type: 'backup' }));
      return result;
    },
  });
}
