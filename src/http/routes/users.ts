import { z } from 'zod';
import { asId } from '../../base/index.ts';
import { createUserSchema, updateUserSchema, userViewSchema } from '../../contract/index.ts';
import type { User, UserChange } from '../../people/index.ts';
import type { App } from '../app.ts';
import { auditOf } from '../audit.ts';
import { problemOfRefusal } from '../command-refusals.ts';
import { findPlace } from '../place.ts';
import { refuse } from '../problems.ts';
import type { Issue, ProblemCode } from '../problems.ts';
import { ADMINISTRATOR, idParams } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'people' | 'audit' | 'clock' | 'directory' | 'calls' | 'commands'>;

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

function registerUpdate(app: App, deps: Deps): void {
  const { people, audit, clock } = deps;
  app.route({
    method: 'PATCH',
    url: '/api/v1/users/:id',
    config: ADMINISTRATOR,
    schema: {
      summary: 'Change an account',
      description:
        'A new password, another role or disabling signs it out everywhere. A desk that an account ' +
        'loses is taken off the floor; while it is on a call, only disabling takes it away.',
      tags: ['users'],
      params: idParams,
      body: updateUserSchema,
      response: { 200: userViewSchema },
    },
    handler: async (request, reply) => {
      const known = await people.user(asId(request.params.id));
      if (known === null) return refuse(reply, 'not-found');
      const wanted = await findChange(known, request.body, deps);
      if (!wanted.ok) return refuse(reply, wanted.code, wanted.issues);
      const refusal = await leaveFloor(known, wanted.change, deps);
      if (refusal !== null) return refuse(reply, refusal);
      const user = await people.updateUser(known.id, wanted.change);
      if (user === null) return refuse(reply, 'not-found');
      const fields = Object.keys(request.body).join(' ');
      const subject = { type: 'user', id: user.id, detail: { fields } } as const;
      await audit.append(auditOf(request, clock, 'user.changed', subject));
      return user;
    },
  });
}

type Body = z.output<typeof updateUserSchema>;
type Wanted = { ok: true; change: UserChange } | { ok: false; code: ProblemCode; issues?: Issue[] };

/** What an account would be must be right as a whole; a name or password asks nothing about its place. */
async function findChange(known: User, body: Body, deps: Deps): Promise<Wanted> {
  const { subscriberId, operatorId, ...rest } = body;
  const after = { ...known, ...body };
  const moves = subscriberId !== undefined || operatorId !== undefined || after.role !== known.role;
  if (!moves && !(known.disabled && !after.disabled)) return { ok: true, change: rest };
  // Whoever comes after a stopped operator may have her desk.
  if (after.role === 'operator' && after.operatorId === null) {
    return after.disabled
      ? { ok: true, change: { ...rest, operatorId: null } }
      : { ok: false, code: 'user.place-needed' };
  }
  const place = await findPlace(after, deps);
  if (!place.ok) return { ok: false, code: 'invalid-request', issues: [place.issue] };
  return {
    ok: true,
    change: {
      ...rest,
      ...(place.subscriberId !== known.subscriberId && { subscriberId: place.subscriberId }),
      ...(place.operatorId !== known.operatorId && { operatorId: place.operatorId }),
    },
  };
}

/** No calls are offered at a desk whose person has left it. */
async function leaveFloor(
  known: User,
  { operatorId, disabled }: UserChange,
  { commands }: Deps,
): Promise<ProblemCode | null> {
  const isLeft = operatorId !== undefined || (disabled === true && !known.disabled);
  if (known.operatorId === null || !isLeft) return null;
  const outcome = await commands.setPresence(known.operatorId, 'offline');
  // Stopping an account does not wait for the end of a call.
  if (outcome.ok || outcome.reason === 'not-signed-in' || operatorId === undefined) return null;
  return outcome.reason === 'operator-busy' ? 'user.in-call' : problemOfRefusal(outcome.reason);
}
