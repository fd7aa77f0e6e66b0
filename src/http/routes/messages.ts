import { asId } from '../../base/index.ts';
import type { CallId, MessageId, SubscriberId, UserId } from '../../base/index.ts';
import {
  handledSchema,
  deliveryViewSchema,
  messageListSchema,
  messageQuerySchema,
  messageViewSchema,
} from '../../contract/index.ts';
import type { MessageView } from '../../contract/index.ts';
import type { Message } from '../../messages/index.ts';
import { actorOf, rowScope } from '../../people/index.ts';
import type { App } from '../app.ts';
import { placeOf } from '../place.ts';
import { presentDelivery, presentMessages } from '../presenters/message.ts';
import { refuse } from '../problems.ts';
import { idParams, OPERATOR, STAFF } from '../route-parts.ts';
import { sendMessage } from '../send-message.ts';
import type { SendDeps } from '../send-message.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = SendDeps & Pick<ServerDeps, 'deliveries' | 'recordings' | 'numbers' | 'wakeDelivery'>;

const OWN_MESSAGE = {
  policy: { kind: 'subscriber-of', resource: 'message', roles: STAFF },
} as const;

export function registerMessageRoutes(app: App, deps: Deps): void {
  registerList(app, deps);
  registerOne(app, deps);
  registerRetry(app, deps);
  registerSend(app, deps);
}

function registerList(app: App, deps: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/messages',
    config: { policy: { kind: 'own-rows', roles: STAFF } },
    schema: {
      summary: 'Messages, newest first; a member sees those of their own subscriber',
      tags: ['messages'],
      querystring: messageQuerySchema,
      response: { 200: messageListSchema },
    },
    handler: async ({ query, identity }) => {
      const { cursor, limit, handled, search } = query;
      const scope = rowScope(identity);
      const asked =
        query.subscriberId === undefined ? null : asId<SubscriberId>(query.subscriberId);
      const subscriberId = scope ?? asked;
      const { messages, nextCursor } = await deps.messages.list({
        limit,
        ...(subscriberId !== null && { subscriberId }),
        ...(handled !== 'all' && { handled: handled === 'yes' }),
        ...(search !== undefined && { search }),
        ...(cursor !== undefined && { cursor }),
      });
      return { messages: await presentMessages(messages, deps), nextCursor };
    },
  });
}

async function presentOne(message: Message, deps: Deps): Promise<MessageView> {
  const [view] = await presentMessages([message], deps);
  if (view === undefined) throw new Error('one message is presented as one view');
  return view;
}

function registerOne(app: App, deps: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/messages/:id',
    config: OWN_MESSAGE,
    schema: {
      summary: 'One message',
      tags: ['messages'],
      params: idParams,
      response: { 200: messageViewSchema },
    },
    handler: async (request, reply) => {
      const message = await deps.messages.message(asId<MessageId>(request.params.id));
      return message === null ? refuse(reply, 'not-found') : presentOne(message, deps);
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/messages/:id/handled',
    config: OWN_MESSAGE,
    schema: {
      summary: 'Mark a message 対応済, or take the mark back',
      tags: ['messages'],
      params: idParams,
      body: handledSchema,
      response: { 200: messageViewSchema },
    },
    handler: async (request, reply) => {
      const { actorId, actorName } = actorOf(request.identity);
      const handled = {
        at: deps.clock.now(),
        by: actorName,
        userId: actorId ?? asId<UserId>(actorName),
      };
      const id = asId<MessageId>(request.params.id);
      const message = await deps.messages.setHandled(id, request.body.handled ? handled : null);
      if (message === null) return refuse(reply, 'not-found');
      deps.announce({ type: 'message.changed', messageId: message.id });
      return presentOne(message, deps);
    },
  });
}

function registerRetry(app: App, { deliveries, clock, wakeDelivery, announce }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/deliveries/:id/retry',
    config: { policy: { kind: 'roles', roles: STAFF } },
    schema: {
      summary: 'Send a failed or doubtful report again, now',
      tags: ['messages'],
      params: idParams,
      response: { 200: deliveryViewSchema },
    },
    handler: async (request, reply) => {
      const known = await deliveries.delivery(asId(request.params.id));
      if (known === null) return refuse(reply, 'not-found');
      const stopped = known.state !== 'accepted' && known.state !== 'sending';
      const delivery = stopped ? await deliveries.requeue(known.id, clock.now()) : null;
      if (delivery === null) return refuse(reply, 'delivery-not-stopped');
      wakeDelivery();
      announce({ type: 'message.changed', messageId: delivery.messageId });
      return presentDelivery(delivery);
    },
  });
}

function registerSend(app: App, deps: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/calls/:id/message',
    config: OPERATOR,
    schema: {
      summary: 'Send the message of my call',
      description: 'Makes it of the draft. Sent again, the answer is the message sent first.',
      tags: ['messages'],
      params: idParams,
      response: { 200: messageViewSchema },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const outcome = await sendMessage(callId, placeOf(request.identity), deps);
      if (!outcome.ok) return refuse(reply, outcome.code, outcome.issues);
      return presentOne(outcome.message, deps);
    },
  });
}
