import { z } from 'zod';
import { asId } from '../../base/index.ts';
import type { CallId } from '../../base/index.ts';
import type { CallState } from '../../calls/index.ts';
import {
  customerCallSchema,
  customerCallViewSchema,
  customerNumberSchema,
} from '../../contract/index.ts';
import type { App } from '../app.ts';
import { answerOnCall, problemOfRefusal } from '../command-refusals.ts';
import { phaseShown } from '../presenters/call.ts';
import { refuse } from '../problems.ts';
import { idParams } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'commands' | 'calls' | 'directory' | 'numbers'>;

const CUSTOMER = { kind: 'demo-or-roles', roles: ['administrator', 'supervisor'] } as const;
const numbersSchema = z.object({ numbers: z.array(customerNumberSchema) });
const placedSchema = z.object({ callId: z.string(), sdpAnswer: z.string() });

/** "Call as a customer": a caller's leg in a browser, for demonstration and test calls. */
export function registerCustomerRoutes(app: App, deps: Deps): void {
  const { directory, numbers } = deps;
  app.route({
    method: 'GET',
    url: '/api/v1/customer/numbers',
    config: { policy: CUSTOMER },
    schema: {
      summary: 'Numbers that can be called from the browser',
      tags: ['customer'],
      response: { 200: numbersSchema },
    },
    handler: (_request, reply) => {
      const all = directory.subscribers().flatMap(({ id, name }) =>
        directory.didsOf(id).map(({ number }) => {
          return { number, formatted: numbers.format(number), subscriberName: name };
        }),
      );
      void reply.send({ numbers: all });
    },
  });
  registerPlace(app, deps);
  registerFollow(app, deps);
}

function registerPlace(app: App, { commands }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/customer/calls',
    config: { policy: CUSTOMER, rateLimit: { max: 60, timeWindow: 60_000 } },
    schema: {
      summary: 'Call as a customer',
      description: 'The id in the answer is the only key to the call: keep it in the page.',
      tags: ['customer'],
      body: customerCallSchema,
      response: { 201: placedSchema },
    },
    handler: async (request, reply) => {
      const outcome = await commands.callAsCustomer(request.body);
      if (!outcome.ok) return refuse(reply, problemOfRefusal(outcome.reason));
      return reply.code(201).send(outcome.value);
    },
  });
}

/** Only calls of this page's own kind: a trunk's call is nobody's to follow here. */
async function browserCall(id: string, calls: Deps['calls']): Promise<CallState | null> {
  const record = await calls.call(asId<CallId>(id));
  return record?.state.callerLeg.kind === 'browser' ? record.state : null;
}

function registerFollow(app: App, { commands, calls }: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/customer/calls/:id',
    config: { policy: CUSTOMER },
    schema: {
      summary: 'How the call stands',
      tags: ['customer'],
      params: idParams,
      response: { 200: customerCallViewSchema },
    },
    handler: async (request, reply) => {
      const call = await browserCall(request.params.id, calls);
      if (call === null) return refuse(reply, 'no-such-call');
      const { id: callId, termination } = call;
      return { callId, phase: phaseShown(call), termination };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/customer/calls/:id',
    config: { policy: CUSTOMER },
    schema: {
      summary: 'Hang up',
      tags: ['customer'],
      params: idParams,
      response: { 204: z.undefined().describe('Hung up') },
    },
    handler: async (request, reply) => {
      const call = await browserCall(request.params.id, calls);
      if (call === null) return refuse(reply, 'no-such-call');
      const outcome = await commands.hangUpCustomer(call.id);
      return answerOnCall(reply, outcome, { callId: call.id, calls });
    },
  });
}
