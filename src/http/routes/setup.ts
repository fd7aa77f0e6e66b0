import { z } from 'zod';
import { setupSchema, sessionViewSchema } from '../../contract/index.ts';
import { replyCookies } from '../access.ts';
import type { App } from '../app.ts';
import { problemBody, refuse } from '../problems.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'people' | 'audit' | 'clock' | 'config'>;

const TRIES = { rateLimit: { max: 30, timeWindow: 60_000 } };
const stateSchema = z.object({
  needed: z.boolean(),
  /** Whether the token of the link still works; null when none was given. */
  tokenValid: z.boolean().nullable(),
  problem: z.object({ code: z.string(), message: z.string(), messageJa: z.string() }).nullable(),
});
const linkSchema = z.object({ url: z.string().nullable() });

export function registerSetupRoutes(app: App, deps: Deps): void {
  const { people, config } = deps;
  app.route({
    method: 'GET',
    url: '/api/v1/setup',
    config: { policy: { kind: 'public' }, ...TRIES },
    schema: {
      summary: 'Is a first administrator needed, and does this link still work',
      tags: ['setup'],
      querystring: z.object({ token: z.string().max(200).optional() }),
      response: { 200: stateSchema },
    },
    handler: async ({ query: { token } }) => {
      const needed = !(await people.hasAdministrator());
      if (token === undefined) return { needed, tokenValid: null, problem: null };
      const refusal = await people.checkSetupToken(token);
      if (refusal === null) return { needed, tokenValid: true, problem: null };
      return { needed, tokenValid: false, problem: problemBody(refusal) };
    },
  });

  registerSetUp(app, deps);

  app.route({
    method: 'POST',
    url: '/api/v1/setup/link',
    config: { policy: { kind: 'local-cli' } },
    schema: {
      summary: 'A new first-administrator link; null once there is an administrator',
      tags: ['setup'],
      response: { 200: linkSchema },
    },
    handler: async () => {
      const token = await people.issueSetupToken();
      return { url: token === null ? null : `${config.http.publicUrl}/setup?token=${token}` };
    },
  });
}

function registerSetUp(app: App, { people, audit, clock }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/setup',
    config: { policy: { kind: 'public' }, ...TRIES },
    schema: {
      summary: 'Make the first administrator with the one-time link, and sign in',
      tags: ['setup'],
      body: setupSchema,
      response: { 200: sessionViewSchema },
    },
    handler: async (request, reply) => {
      const { token, name, email, password } = request.body;
      const outcome = await people.setUp(token, { name, email, password });
      if (!outcome.ok) return refuse(reply, outcome.reason);
      const { user } = outcome;
      await audit.append({
        at: clock.now(),
        actorId: user.id,
        actorName: user.name,
        action: 'user.created',
        subjectType: 'user',
        subjectId: user.id,
        detail: { address: request.ip, role: user.role, by: 'setup-link' },
      });
      const address = request.ip;
      const session = await people.signIn({ email, password, address, userAgent: '' });
      if (session.ok) replyCookies(reply, session.setCookies);
      const { id: userId, role, subscriberId, operatorId } = user;
      const subscriberName = null;
      return { userId, name, email: user.email, role, subscriberId, subscriberName, operatorId };
    },
  });
}
