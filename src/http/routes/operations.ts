import { z } from 'zod';
import { asId } from '../../base/index.ts';
import type { CallId, ContactId, OperatorId, SubscriberId } from '../../base/index.ts';
import type { CallOperations, CommandOutcome, RelayWish } from '../../calls/index.ts';
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
import { readNumber } from '../../subscribers/index.ts';
import type { NumberPlan } from '../../subscribers/index.ts';
import type { App } from '../app.ts';
import { answerDone, problemOfRefusal } from '../command-refusals.ts';
import { refuse } from '../problems.ts';
import type { ServerDeps } from '../server-deps.ts';
import { placeOf } from './desk.ts';

type Deps = Pick<ServerDeps, 'operations' | 'calls' | 'numbers'>;

const OPERATOR = { policy: { kind: 'operator' } } as const;
const SUPERVISORS = ['administrator', 'supervisor'] as const;
const STAFF = [...SUPERVISORS, 'operator'] as const;
const idParams = z.object({ id: z.string().max(60) });
const done = z.undefined().describe('Done');
/** As many telephones as a person dials by hand in a minute. */
const CALL_BACKS_PER_MINUTE = 10;

/** What is done with a call that is up: one route per operation of `operationsOf`. */
export function registerOperationsRoutes(app: App, deps: Deps): void {
  registerPlain(app, deps.operations);
  registerHold(app, deps.operations);
  registerSwitches(app, deps.operations);
  registerRelay(app, deps);
  registerParking(app, deps.operations);
  registerColleagues(app, deps);
  registerMonitor(app, deps.operations);
  registerCallBack(app, deps);
}

type Plain = 'hold' | 'connect' | 'three-way' | 'pick-up';
const PLAIN: Record<
  Plain,
  { summary: string; method: 'hold' | 'connect' | 'threeWay' | 'pickUp' }
> = {
  hold: { summary: 'Put the caller on hold: she hears music', method: 'hold' },
  connect: { summary: 'Connect caller and contact and leave', method: 'connect' },
  'three-way': { summary: 'Talk with caller and contact together', method: 'threeWay' },
  'pick-up': { summary: 'Pick up a parked call', method: 'pickUp' },
};

function registerPlain(app: App, operations: CallOperations): void {
  for (const [name, { summary, method }] of Object.entries(PLAIN)) {
    app.route({
      method: 'POST',
      url: `/api/v1/calls/:id/${name}`,
      config: OPERATOR,
      schema: { summary, tags: ['calls'], params: idParams, response: { 204: done } },
      handler: async (request, reply) => {
        const callId = asId<CallId>(request.params.id);
        return answerDone(reply, await operations[method](placeOf(request.identity), callId));
      },
    });
  }
}

function registerHold(app: App, operations: CallOperations): void {
  app.route({
    method: 'POST',
    url: '/api/v1/calls/:id/retrieve',
    config: OPERATOR,
    schema: {
      summary: 'Back to the caller, from hold, relay, consultation or hand-over',
      tags: ['calls'],
      params: idParams,
      body: retrieveSchema,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const { because } = request.body;
      const place = placeOf(request.identity);
      return answerDone(reply, await operations.retrieve(place, callId, because));
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/calls/:id/digits',
    config: OPERATOR,
    schema: {
      summary: 'Send key tones to whom I talk with',
      tags: ['calls'],
      params: idParams,
      body: digitsSchema,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const { digits } = request.body;
      const place = placeOf(request.identity);
      return answerDone(reply, await operations.sendDigits(place, callId, digits));
    },
  });
}

const SWITCHES: Record<string, { summary: string; method: 'mute' | 'pauseRecording' }> = {
  mute: { summary: 'Mute my microphone in this call, or not', method: 'mute' },
  'recording-pause': {
    summary: 'Pause the recording (silence is recorded), or go on',
    method: 'pauseRecording',
  },
};

function registerSwitches(app: App, operations: CallOperations): void {
  for (const [name, { summary, method }] of Object.entries(SWITCHES)) {
    app.route({
      method: 'PUT',
      url: `/api/v1/calls/:id/${name}`,
      config: OPERATOR,
      schema: {
        summary,
        tags: ['calls'],
        params: idParams,
        body: switchSchema,
        response: { 204: done },
      },
      handler: async (request, reply) => {
        const callId = asId<CallId>(request.params.id);
        const { on } = request.body;
        return answerDone(reply, await operations[method](placeOf(request.identity), callId, on));
      },
    });
  }
}

function registerRelay(app: App, { operations, numbers }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/calls/:id/relay',
    config: OPERATOR,
    schema: {
      summary: 'Ring contacts for the caller, who hears music (取次ぎ)',
      tags: ['calls'],
      params: idParams,
      body: relaySchema,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const { to, order, announce } = request.body;
      const wishes = wishesOf(to, numbers);
      if (wishes === null) return answerDone(reply, NO_NUMBER);
      const wish = { to: wishes, order, announce };
      return answerDone(reply, await operations.relay(placeOf(request.identity), callId, wish));
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/calls/:id/transfer',
    config: OPERATOR,
    schema: {
      summary: 'Leave the caller to a contact without asking (blind transfer)',
      tags: ['calls'],
      params: idParams,
      body: transferSchema,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const [to] = wishesOf([request.body.to], numbers) ?? [];
      if (to === undefined) return answerDone(reply, NO_NUMBER);
      return answerDone(reply, await operations.transfer(placeOf(request.identity), callId, to));
    },
  });
}

const NO_NUMBER: CommandOutcome = { ok: false, reason: 'no-number' };

/** Null when one of them is no telephone number. */
function wishesOf(to: readonly RelayTargetSpec[], numbers: NumberPlan): RelayWish[] | null {
  const wishes: RelayWish[] = [];
  for (const one of to) {
    if ('contactId' in one) {
      wishes.push({ contactId: asId<ContactId>(one.contactId) });
      continue;
    }
    const number = readNumber(one.number, numbers);
    if (number === null) return null;
    wishes.push({ number, name: one.name });
  }
  return wishes;
}

function registerParking(app: App, operations: CallOperations): void {
  app.route({
    method: 'POST',
    url: '/api/v1/calls/:id/park',
    config: OPERATOR,
    schema: {
      summary: 'Park the call: anybody may pick it up, the draft stays with it',
      tags: ['calls'],
      params: idParams,
      body: parkSchema,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const { note } = request.body;
      return answerDone(reply, await operations.park(placeOf(request.identity), callId, note));
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/calls/:id/hand-over',
    config: OPERATOR,
    schema: {
      summary: 'Hand the call over to another operator, with a note',
      tags: ['calls'],
      params: idParams,
      body: handOverSchema,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const { operatorId, note } = request.body;
      const to = { operatorId: asId<OperatorId>(operatorId), note };
      return answerDone(reply, await operations.handOver(placeOf(request.identity), callId, to));
    },
  });
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

function registerMonitor(app: App, operations: CallOperations): void {
  const policy = { kind: 'roles', roles: SUPERVISORS } as const;
  app.route({
    method: 'PUT',
    url: '/api/v1/calls/:id/monitor',
    config: { policy },
    schema: {
      summary: 'Listen to a call, whisper to its operator, or barge in',
      description: 'Needs a place on the floor with its audio open.',
      tags: ['calls'],
      params: idParams,
      body: monitorSchema,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const { identity } = request;
      if (identity.kind === 'nobody' || identity.operatorId === null) {
        return refuse(reply, 'not-on-the-floor');
      }
      const callId = asId<CallId>(request.params.id);
      const { mode } = request.body;
      return answerDone(reply, await operations.monitor(identity.operatorId, callId, mode));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/calls/:id/monitor',
    config: { policy },
    schema: {
      summary: 'Leave a call I listen to',
      tags: ['calls'],
      params: idParams,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const { identity } = request;
      if (identity.kind === 'nobody' || identity.operatorId === null) {
        return refuse(reply, 'not-on-the-floor');
      }
      const callId = asId<CallId>(request.params.id);
      return answerDone(reply, await operations.monitor(identity.operatorId, callId, null));
    },
  });
}

function registerCallBack(app: App, { operations, numbers }: Deps): void {
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
      const { identity } = request;
      const { contactId } = request.body;
      const number = readNumber(request.body.number, numbers);
      if (number === null) return refuse(reply, problemOfRefusal('no-number'));
      const operatorId = identity.kind === 'nobody' ? null : identity.operatorId;
      const contact = contactId === null ? null : { contactId: asId<ContactId>(contactId) };
      const first = contact ?? (operatorId === null ? null : { operatorId });
      if (first === null) return refuse(reply, 'not-on-the-floor');
      const subscriberId = asId<SubscriberId>(request.params.id);
      const placed = await operations.callBack({ subscriberId, number, first });
      if (!placed.ok) return refuse(reply, problemOfRefusal(placed.reason));
      return reply.code(201).send(placed.value);
    },
  });
}
