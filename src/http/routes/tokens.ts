import { z } from 'zod';
import { asId } from '../../base/index.ts';
import type { ApiTokenId } from '../../base/index.ts';
import {
  apiTokensSchema,
  createApiTokenSchema,
  createdApiTokenSchema,
} from '../../contract/index.ts';
import { actorOf } from '../../people/index.ts';
import type { App } from '../app.ts';
import { auditOf } from '../audit.ts';
import { findPlace } from '../place.ts';
import { refuse } from '../problems.ts';
import { ADMINISTRATOR, idParams } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'people' | 'audit' | 'clock' | 'directory' | 'calls'>;

const DAY_MS = 24 * 60 * 60_000;

/** Tokens for programs, made and ended by administrators. */
export function registerTokenRoutes(app: App, deps: Deps): void {
  const { people, audit, clock } = deps;
  app.route({
    method: 'GET',
    url: '/api/v1/tokens',
    config: ADMINISTRATOR,
    schema: {
      summary: 'All tokens for programs, without their secrets',
      tags: ['tokens'],
      response: { 200: apiTokensSchema },
    },
    handler: async () => ({ tokens: await people.tokens() }),
  });
  registerCreate(app, deps);

  app.route({
    method: 'DELETE',
    url: '/api/v1/tokens/:id',
    config: ADMINISTRATOR,
    schema: {
      summary: 'End a token at once',
      tags: ['tokens'],
      params: idParams,
      response: { 204: z.undefined().describe('Ended') },
    },
    handler: async (request, reply) => {
      const id = asId<ApiTokenId>(request.params.id);
      if (!(await people.revokeToken(id))) return refuse(reply, 'not-found');
      await audit.append(auditOf(request, clock, 'token.revoked', { type: 'token', id }));
      return reply.code(204).send();
    },
  });
}

function registerCreate(app: App, { people, audit, clock, directory, calls }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/tokens',
    config: ADMINISTRATOR,
    schema: {
      summary: 'Make a token for a program; its secret is shown this once',
      description:
        'It may do what its role may do. A member’s needs `subscriberId`, an operator’s ' +
        '`operatorId`.',
      tags: ['tokens'],
      body: createApiTokenSchema,
      response: { 201: createdApiTokenSchema },
    },
    handler: async (request, reply) => {
      const { name, role, expiresInDays } = request.body;
      const place = await findPlace(request.body, { directory, calls });
      if (!place.ok) return refuse(reply, 'invalid-request', [place.issue]);
      const { subscriberId, operatorId } = place;
      const { token, secret } = await people.createToken({
        name,
        role,
        subscriberId,
        operatorId,
        createdBy: actorOf(request.identity).actorName,
        expiresAt: expiresInDays === null ? null : clock.now() + expiresInDays * DAY_MS,
      });
      const subject = { type: 'token', id: token.id, detail: { name, role } } as const;
      await audit.append(auditOf(request, clock, 'token.created', subject));
      return reply.code(201).send({ ...token, secret });
    },
  });
}
