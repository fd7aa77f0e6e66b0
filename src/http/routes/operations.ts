import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { asId } from '../../base/index.ts';
import type { CallId, ContactId, OperatorId, SubscriberId } from '../../base/index.ts';
import type { CommandOutcome, RelayWish } from '../../calls/index.ts';
import {
  callBackSchema,
  callBackViewSchema,
  colleaguesSchema,
  digitsSchema,
  handOverSchema,
  monitorSchema,
  parkSchema,
  relaySchema,
  retrieveSchema,
  switchSchema,
  transferSchema,
} from '../../contract/index.ts';
import type { RelayTargetSpec } from '../../contract/index.ts';
import { checkOutboundNumber, OUTBOUND_WORDS } from '../../subscribers/index.ts';
import type { NumberRefusal } from '../../subscribers/index.ts';
import type { App } from '../app.ts';
import { answerOnCall, problemOfRefusal } from '../command-refusals.ts';
import { placeIn } from '../place.ts';
import { refuse } from '../problems.ts';
import { done, idParams, OPERATOR, STAFF, SUPERVISORS } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'operations' | 'calls' | 'numbers' | 'directory'>;

/** As many telephones as a person dials by hand in a minute. */
const CALL_BACKS_PER_MINUTE = 10;

/** What is done with a call that is up: one row per operation of `operationsOf`. */
export function registerOperationsRoutes(app: App, deps: Deps): void {
  for (const route of routesOnCalls(deps)) registerOnCall(app, route, deps);
  registerColleagues(app, deps);
  registerCallBack(app, deps);
}

type Outcome = CommandOutcome | NumberNotAllowed;
type Run<Body> = (operatorId: OperatorId, callId: CallId, body: Body) => Promise<Outcome>;
type OnCall<Body> = {
  /** Method and what stands behind the call's id: `POST hold`. */
  on: `${'POST' | 'PUT' | 'DELETE'} ${string}`;
  summary: string;
  description?: string;
  config?: typeof OPERATOR;
  body?: z.ZodType<Body>;
  run: Run<Body>;
};

/** Its body is checked against its schema before `run` has it. */
function row<Body = void>(route: OnCall<Body>): OnCall<unknown> {
  return {
    ...route,
    run: (operatorId, callId, body) => route.run(operatorId, callId, body as Body),
  };
}

function routesOnCalls(deps: Deps): OnCall<unknown>[] {
  return [...routesOfConversation(deps), ...routesOfRelay(deps), ...routesOfOthers(deps)];
}

function routesOfConversation({ operations }: Deps): OnCall<unknown>[] {
  return [
    row({
      on: 'POST hold',
      summary: 'Put the caller on hold: she hears music',
      run: (who, call) => operations.hold(who, call),
    }),
    row({
      on: 'POST retrieve',
      summary: 'Back to the caller, from hold, relay, consultation or hand-over',
      body: retrieveSchema,
      run: (who, call, { because }) => operations.retrieve(who, call, because),
    }),
    row({
      on: 'POST digits',
      summary: 'Send key tones to whom I talk with',
      body: digitsSchema,
      run: (who, call, { digits }) => operations.sendDigits(who, call, digits),
    }),
    row({
      on: 'PUT mute',
      summary: 'Mute my microphone in this call, or not',
      body: switchSchema,
      run: (who, call, { on }) => operations.mute(who, call, on),
    }),
    row({
      on: 'PUT recording-pause',
      summary: 'Pause the recording (silence is recorded), or go on',
      body: switchSchema,
      run: (who, call, { on }) => operations.pauseRecording(who, call, on),
    }),
  ];
}

function routesOfRelay(deps: Deps): OnCall<unknown>[] {
  const { operations } = deps;
  return [
    row({
      on: 'POST relay',
      summary: 'Ring contacts for the caller, who hears music (取次ぎ)',
      body: relaySchema,
      run: async (who, call, { to, order, announce }) => {
        const wishes = wishesOf(to, deps);
        return 'ok' in wishes
          ? wishes
          : operations.relay(who, call, { to: wishes, order, announce });
      },
    }),
    row({
      on: 'POST connect',
      summary: 'Connect caller and contact and leave',
      run: (who, call) => operations.connect(who, call),
    }),
    row({
      on: 'POST three-way',
      summary: 'Talk with caller and contact together',
      run: (who, call) => operations.threeWay(who, call),
    }),
    row({
      on: 'POST transfer',
      summary: 'Leave the caller to a contact without asking (blind transfer)',
      body: transferSchema,
      run: async (who, call, { to }) => {
        const wish = wishOf(to, deps);
        return 'ok' in wish ? wish : operations.transfer(who, call, wish);
      },
    }),
  ];
}

function routesOfOthers({ operations }: Deps): OnCall<unknown>[] {
  return [
    row({
      on: 'POST park',
      summary: 'Park the call: anybody may pick it up, the draft stays with it',
      body: parkSchema,
      run: (who, call, { note }) => operations.park(who, call, note),
    }),
    row({
      on: 'POST pick-up',
      summary: 'Pick up a parked call, or a caller of mine whom a transfer brought to nobody',
      run: (who, call) => operations.pickUp(who, call),
    }),
    row({
      on: 'POST hand-over',
      summary: 'Hand the call over to another operator, with a note',
      body: handOverSchema,
      run: (who, call, { operatorId, note }) =>
        operations.handOver(who, call, { operatorId: asId<OperatorId>(operatorId), note }),
    }),
    row({
      on: 'PUT monitor',
      summary: 'Listen to a call, whisper to its operator, or barge in',
      description: 'Needs a place on the floor with its audio open.',
      config: SUPERVISORS,
      body: monitorSchema,
      run: (who, call, { mode }) => operations.monitor(who, call, mode),
    }),
    row({
      on: 'DELETE monitor',
      summary: 'Leave a call I listen to',
      config: SUPERVISORS,
      run: (who, call) => operations.monitor(who, call, null),
    }),
  ];
}

function registerOnCall(app: App, route: OnCall<unknown>, { calls }: Pick<Deps, 'calls'>): void {
  const { on, summary, description, config = OPERATOR, body, run } = route;
  const [method = '', path = ''] = on.split(' ');
  app.route({
    method,
    url: `/api/v1/calls/:id/${path}`,
    config,
    schema: {
      summary,
      ...(description !== undefined && { description }),
      tags: ['calls'],
      params: idParams,
      ...(body !== undefined && { body }),
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const operatorId = placeIn(request.identity);
      if (operatorId === null) return refuse(reply, 'not-on-the-floor');
      const callId = asId<CallId>(request.params.id);
      const outcome = await run(operatorId, callId, request.body);
      if ('number' in outcome) return refuseNumber(reply, outcome);
      return answerOnCall(reply, outcome, { callId, calls });
    },
  });
}

type NumberNotAllowed = { ok: false; number: NumberRefusal };

/** With the rule that forbids it, as a sentence. */
function refuseNumber(reply: FastifyReply, { number }: NumberNotAllowed): FastifyReply {
  if (number === 'not-a-number') return refuse(reply, 'no-number');
  const { en, ja } = OUTBOUND_WORDS[number];
  return refuse(reply, 'number-not-allowed', [{ path: 'number', message: en, messageJa: ja }]);
}

/** What was typed is asked of the office's rules before the caller is put on hold for it. */
function wishOf(to: RelayTargetSpec, deps: Deps): RelayWish | NumberNotAllowed {
  if ('contactId' in to) return { contactId: asId<ContactId>(to.contactId) };
  const verdict = verdictOn(to.number, deps);
  return verdict.ok
    ? { number: verdict.number, name: to.name, presentation: verdict.presentation }
    : { ok: false, number: verdict.reason };
}

function wishesOf(to: readonly RelayTargetSpec[], deps: Deps): RelayWish[] | NumberNotAllowed {
  const wishes: RelayWish[] = [];
  for (const one of to) {
    const wish = wishOf(one, deps);
    if ('ok' in wish) return wish;
    wishes.push(wish);
  }
  return wishes;
}

function verdictOn(
  number: string,
  { directory, numbers }: Deps,
): ReturnType<typeof checkOutboundNumber> {
  return checkOutboundNumber(number, directory.settings().outbound, numbers);
}

function registerColleagues(app: App, { calls }: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/operators',
    config: { policy: { kind: 'roles', roles: STAFF } },
    schema: {
      summary: 'Who is on the floor, to hand a call over to',
      tags: ['calls'],
      response: { 200: colleaguesSchema },
    },
    handler: async () => {
      const operators = await calls.operators();
      return { operators: operators.map(({ id, name, state }) => ({ id, name, state })) };
    },
  });
}

function registerCallBack(app: App, deps: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/subscribers/:id/call-backs',
    config: {
      policy: { kind: 'subscriber-of', resource: 'subscriber', roles: STAFF },
      rateLimit: { max: CALL_BACKS_PER_MINUTE, timeWindow: '1 minute' },
    },
    schema: {
      summary: "Call a customer back, showing the subscriber's number",
      description: 'Rings the contact, or without one my own desk, then the customer.',
      tags: ['calls'],
      params: idParams,
      body: callBackSchema,
      response: { 201: callBackViewSchema },
    },
    handler: async (request, reply) => {
      const { contactId } = request.body;
      const verdict = verdictOn(request.body.number, deps);
      if (!verdict.ok) return refuseNumber(reply, { ok: false, number: verdict.reason });
      const operatorId = placeIn(request.identity);
      const contact = contactId === null ? null : { contactId: asId<ContactId>(contactId) };
      const first = contact ?? (operatorId === null ? null : { operatorId });
      if (first === null) return refuse(reply, 'not-on-the-floor');
      const subscriberId = asId<SubscriberId>(request.params.id);
      const { number, presentation } = verdict;
      const wish = { subscriberId, number, presentation, first };
      const placed = await deps.operations.callBack(wish);
      if (!placed.ok) return refuse(reply, problemOfRefusal(placed.reason));
      return reply.code(201).send(placed.value);
    },
  });
}
