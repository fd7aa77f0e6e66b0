import { z } from 'zod';
import { asId } from '../../base/index.ts';
import type { ContactId, SubscriberId } from '../../base/index.ts';
import {
  floorViewSchema,
  mailboxMailSchema,
  presenceBodySchema,
  subscriberViewSchema,
} from '../../contract/index.ts';
import { rowScope } from '../../people/index.ts';
import type { App } from '../app.ts';
import { presentFloor } from '../presenters/floor.ts';
import { presentSubscriber } from '../presenters/subscriber.ts';
import { refuse } from '../problems.ts';
import { done, idParams, STAFF, SUPERVISORS } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

const listSchema = z.object({ subscribers: z.array(subscriberViewSchema) });
const mailboxSchema = z.object({ mails: z.array(mailboxMailSchema) });
const MAILBOX_LENGTH = 200;

export function registerSubscriberRoutes(
  app: App,
  deps: Pick<ServerDeps, 'directory' | 'numbers' | 'clock' | 'floor'>,
): void {
  const { directory, clock } = deps;
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
      const now = clock.now();
      void reply.send({ subscribers: visible.map((one) => presentSubscriber(one, deps, now)) });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/subscribers/:id',
    config: { policy: { kind: 'subscriber-of', resource: 'subscriber', roles: STAFF } },
    schema: {
      summary: 'One subscriber',
      tags: ['subscribers'],
      params: idParams,
      response: { 200: subscriberViewSchema },
    },
    handler: (request, reply) => {
      const subscriber = directory.subscriber(asId(request.params.id));
      if (subscriber === null) refuse(reply, 'not-found');
      else void reply.send(presentSubscriber(subscriber, deps, clock.now()));
    },
  });
  registerPresence(app, deps);
}

function registerPresence(
  app: App,
  { directory, floor }: Pick<ServerDeps, 'directory' | 'floor'>,
): void {
  app.route({
    method: 'PUT',
    url: '/api/v1/subscribers/:id/contacts/:contactId/presence',
    config: { policy: { kind: 'subscriber-of', resource: 'subscriber', roles: STAFF } },
    schema: {
      summary: 'Say where a contact is: in, out, in a meeting or off, and until when',
      tags: ['subscribers'],
      params: idParams.extend({ contactId: z.string().max(60) }),
      body: presenceBodySchema,
      response: { 204: done },
    },
    handler: async ({ params, body }, reply) => {
      const subscriberId = asId<SubscriberId>(params.id);
      const contactId = asId<ContactId>(params.contactId);
      const isKnown = await directory.setPresence(subscriberId, contactId, body.presence);
      if (!isKnown) return refuse(reply, 'not-found');
      floor.publish({ type: 'presence.changed' });
      return reply.code(204).send();
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
