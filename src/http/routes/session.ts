import { z } from 'zod';
import { changePasswordSchema, sessionViewSchema, signInSchema } from '../../contract/index.ts';
import type { SessionView } from '../../contract/index.ts';
import type { Identity } from '../../people/index.ts';
import { replyCookies } from '../access.ts';
import type { App } from '../app.ts';
import { auditOf } from '../audit.ts';
import { refuse } from '../problems.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'people' | 'directory' | 'audit' | 'clock'>;

const TRIES = { rateLimit: { max: 30, timeWindow: 60_000 } };

export function registerSessionRoutes(app: App, deps: Deps): void {
  registerSignIn(app, deps);
  registerOwnSession(app, deps);
}

function registerSignIn(app: App, { people, directory, audit, clock }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/session',
    config: { policy: { kind: 'public' }, ...TRIES },
    schema: {
      summary: 'Sign in',
      description: 'Sets the session cookie.',
      tags: ['session'],
      body: signInSchema,
      response: { 200: sessionViewSchema },
    },
    handler: async (request, reply) => {
      const { email, password } = request.body;
      const userAgent = (request.headers['user-agent'] ?? '').slice(0, 300);
      const address = request.ip;
      const outcome = await people.signIn({ email, password, address, userAgent });
      if (!outcome.ok) {
        const refused = { actorId: null, actorName: email, subjectId: null };
        const detail = { address, reason: outcome.reason };
        const action = 'session.refused';
        await audit.append({ ...refused, at: clock.now(), action, subjectType: 'session', detail });
        if (outcome.reason === 'too-many-tries') {
          reply.header('retry-after', Math.ceil(outcome.waitMs / 1000));
        }
        return refuse(reply, outcome.reason);
      }
      const { user, setCookies } = outcome;
      await audit.append({
        at: clock.now(),
        actorId: user.id,
        actorName: user.name,
        action: 'session.signed-in',
        subjectType: 'session',
        subjectId: user.id,
        detail: { address },
      });
      replyCookies(reply, setCookies);
      return presentSession({ ...user, userId: user.id }, directory);
    },
  });
}

function registerOwnSession(app: App, { people, directory, audit, clock }: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/session',
    config: { policy: { kind: 'person' } },
    schema: { summary: 'Who am I', tags: ['session'], response: { 200: sessionViewSchema } },
    handler: async (request, reply) => {
      const { identity } = request;
      if (identity.kind !== 'user') return refuse(reply, 'not-signed-in');
      replyCookies(reply, await people.renewSession(request.headers.cookie ?? ''));
      return presentSession(identity, directory);
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/session',
    config: { policy: { kind: 'person' } },
    schema: {
      summary: 'Sign out',
      tags: ['session'],
      response: { 204: z.undefined().describe('Signed out') },
    },
    handler: async (request, reply) => {
      replyCookies(reply, await people.signOut(request.headers.cookie ?? ''));
      await audit.append(auditOf(request, clock, 'session.signed-out', { type: 'session' }));
      return reply.code(204).send();
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/session/password',
    config: { policy: { kind: 'person' }, ...TRIES },
    schema: {
      summary: 'Change my password',
      description: 'Every other session of the account ends.',
      tags: ['session'],
      body: changePasswordSchema,
      response: { 204: z.undefined().describe('Changed') },
    },
    handler: async (request, reply) => {
      const { current, next } = request.body;
      const cookie = request.headers.cookie ?? '';
      const outcome = await people.changePassword(cookie, current, next);
      if (!outcome.ok) return refuse(reply, outcome.reason);
      await audit.append(auditOf(request, clock, 'password.changed', { type: 'user' }));
      replyCookies(reply, outcome.setCookies);
      return reply.code(204).send();
    },
  });
}

function presentSession(
  user: Pick<
    Extract<Identity, { kind: 'user' }>,
    'userId' | 'name' | 'email' | 'role' | 'subscriberId' | 'operatorId'
  >,
  directory: ServerDeps['directory'],
): SessionView {
  const { userId, name, email, role, subscriberId, operatorId } = user;
  const subscriberName =
    subscriberId === null ? null : (directory.subscriber(subscriberId)?.name ?? null);
  return { userId, name, email, role, subscriberId, subscriberName, operatorId };
}
