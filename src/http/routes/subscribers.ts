import { z } from 'zod';
import { asId } from '../../base/index.ts';
import { floorViewSchema, mailboxMailSchema, subscriberViewSchema } from '../../contract/index.ts';
import { rowScope } from '../../people/index.ts';
import type { App } from '../app.ts';
import { presentFloor } from '../presenters/floor.ts';
import { presentSubscriber } from '../presenters/subscriber.ts';
import { refuse } from '../problems.ts';
import type { ServerDeps } from '../server-deps.ts';

const STAFF = ['administrator', 'supervisor', 'operator'] as const;
const SUPERVISORS = {
  policy: { kind: 'roles', roles: ['administrator', 'supervisor'] },
} as const;
const listSchema = z.object({ subscribers: z.array(subscriberViewSchema) });
const mailboxSchema = z.object({ mails: z.array(mailboxMailSchema) });
const MAILBOX_LENGTH = 200;

export function registerSubscriberRoutes(
  app: App,
  deps: Pick<ServerDeps, 'directory' | 'numbers'>,
): void {
  const { directory } = deps;
  app.route({
    method: 'GET',
    url: '/api/v1/subscribers',
    config: { policy: { kind: 'own-rows', roles: STAFF } },
    schema: {
      summary: 'Subscribers; a member sees their own',
      tags: ['subscribers'],
      response: { 200: listSchema },
    },
    handler: ({ identity }, reply) => {
      const scope = rowScope(identity);
      const visible = directory.subscribers().filter(({ id }) => scope === null || id === scope);
      void reply.send({ subscribers: visible.map((one) => presentSubscriber(one, deps)) });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/subscribers/:id',
    config: { policy: { kind: 'subscriber-of', resource: 'subscriber', roles: STAFF } },
    schema: {
      summary: 'One subscriber',
      tags: ['subscribers'],
      params: z.object({ id: z.string().max(60) }),
      response: { 200: subscriberViewSchema },
    },
    handler: (request, reply) => {
      const subscriber = directory.subscriber(asId(request.params.id));
      if (subscriber === null) refuse(reply, 'not-found');
      else void reply.send(presentSubscriber(subscriber, deps));
    },
  });
}

export function registerFloorRoutes(
  app: App,
  deps: Pick<ServerDeps, 'calls' | 'deliveries' | 'directory' | 'numbers' | 'mailbox'>,
): void {
  app.route({
    method: 'GET',
    url: '/api/v1/floor',
    config: SUPERVISORS,
    schema: {
      summary: 'Operators, calls and undelivered reports',
      tags: ['floor'],
      response: { 200: floorViewSchema },
    },
    handler: ({ identity }) =>
      presentFloor(deps, identity.kind === 'nobody' ? null : identity.operatorId),
  });

  app.route({
    method: 'GET',
    url: '/api/v1/mailbox',
    config: SUPERVISORS,
    schema: {
      summary: 'Mails kept here because no SMTP server is set, newest first',
      tags: ['floor'],
      response: { 200: mailboxSchema },
    },
    handler: async (_request, reply) => {
      if (deps.mailbox === null) return refuse(reply, 'not-found');
      return { mails: await deps.mailbox.list(MAILBOX_LENGTH) };
    },
  });
}
