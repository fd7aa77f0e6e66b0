import { z } from 'zod';
import { asId } from '../../base/index.ts';
import { createUserSchema, updateUserSchema, userViewSchema } from '../../contract/index.ts';
import type { App } from '../app.ts';
import { auditOf } from '../audit.ts';
import { findPlace } from '../place.ts';
import { refuse } from '../problems.ts';
import { ADMINISTRATOR, idParams } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'people' | 'audit' | 'clock' | 'directory' | 'calls'>;

const listSchema = z.object({ users: z.array(userViewSchema) });

export function registerUserRoutes(app: App, deps: Deps): void {
  const { people } = deps;
  app.route({
    method: 'GET',
    url: '/api/v1/users',
    config: ADMINISTRATOR,
    schema: { summary: 'All accounts', tags: ['users'], response: { 200: listSchema } },
    handler: async () => ({ users: await people.users() }),
  });
  registerCreate(app, deps);
  registerUpdate(app, deps);
}

function registerCreate(app: App, { people, audit, clock, directory, calls }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/users',
    config: ADMINISTRATOR,
    schema: {
      summary: 'Make an account',
      description: 'A member needs `subscriberId`, an operator `operatorId`.',
      tags: ['users'],
      body: createUserSchema,
      response: { 201: userViewSchema },
    },
    handler: async (request, reply) => {
      const place = await findPlace(request.body, { directory, calls });
      if (!place.ok) return refuse(reply, 'invalid-request', [place.issue]);
      const { name, email, password, role } = request.body;
      const { subscriberId, operatorId } = place;
      const user = await people.createUser({
        name,
        email,
        password,
        role,
        subscriberId,
        operatorId,
      });
      const subject = { type: 'user', id: user.id, detail: { role: user.role } } as const;
      await audit.append(auditOf(request, clock, 'user.created', subject));
      return reply.code(201).send(user);
    },
  });
}

function registerUpdate(app: App, { people, audit, clock }: Deps): void {
  app.route({
    method: 'PATCH',
    url: '/api/v1/users/:id',
    config: ADMINISTRATOR,
    schema: {
      summary: 'Change an account',
      description: 'A new password, another role or disabling signs it out everywhere.',
      tags: ['users'],
      params: idParams,
      body: updateUserSchema,
      response: { 200: userViewSchema },
    },
    handler: async (request, reply) => {
      const user = await people.updateUser(asId(request.params.id), request.body);
      if (user === null) return refuse(reply, 'not-found');
      const fields = Object.keys(request.body).join(' ');
      const subject = { type: 'user', id: user.id, detail: { fields } } as const;
      await audit.append(auditOf(request, clock, 'user.changed', subject));
      return user;
    },
  });
}
