import { z } from 'zod';
import { asId } from '../../base/index.ts';
import type { CallId } from '../../base/index.ts';
import type { Person } from '../../calls/index.ts';
import {
  callViewSchema,
  draftViewSchema,
  fieldAckSchema,
  messageFieldSchema,
  putFieldSchema,
} from '../../contract/index.ts';
import type { Identity } from '../../people/index.ts';
import type { App } from '../app.ts';
import { answerOnCall } from '../command-refusals.ts';
import { problemOfDraft } from '../draft-refusals.ts';
import { placeIn, placeOf } from '../place.ts';
import { presentCall } from '../presenters/call.ts';
import { emptyDraft, presentDraft } from '../presenters/desk.ts';
import { refuse } from '../problems.ts';
import { done, idParams, OPERATOR, STAFF } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'commands' | 'calls' | 'messages' | 'directory' | 'numbers' | 'clock'>;

const listSchema = z.object({ calls: z.array(callViewSchema) });

type Command = 'answer' | 'decline' | 'hang-up' | 'finish';
const COMMANDS: Record<
  Command,
  { summary: string; method: 'answer' | 'decline' | 'hangUp' | 'finishWrapUp' }
> = {
  answer: { summary: 'Answer the call offered to me', method: 'answer' },
  decline: { summary: 'Pass the call offered to me on to another operator', method: 'decline' },
  'hang-up': { summary: 'End my call', method: 'hangUp' },
  finish: { summary: 'End wrap-up: ready for the next call', method: 'finishWrapUp' },
};

export function registerCallRoutes(app: App, deps: Deps): void {
  registerReads(app, deps);
  for (const command of Object.keys(COMMANDS) as Command[]) {
    registerCommand(app, deps, command);
  }
  registerDraft(app, deps);
}

function registerReads(app: App, deps: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/calls',
    config: { policy: { kind: 'roles', roles: STAFF } },
    schema: {
      summary: 'Calls that are not over, oldest first',
      tags: ['calls'],
      response: { 200: listSchema },
    },
    handler: async ({ identity }) => {
      const records = await deps.calls.openCalls();
      const who = personOf(identity);
      return { calls: records.map((record) => presentCall(record, deps, who)) };
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/calls/:id',
    config: { policy: { kind: 'subscriber-of', resource: 'call', roles: STAFF } },
    schema: {
      summary: 'One call',
      tags: ['calls'],
      params: idParams,
      response: { 200: callViewSchema },
    },
    handler: async (request, reply) => {
      const record = await deps.calls.call(asId<CallId>(request.params.id));
      return record === null
        ? refuse(reply, 'no-such-call')
        : presentCall(record, deps, personOf(request.identity));
    },
  });
}

/** Who asks, as the call domain knows people; null without a place on the floor. */
function personOf(identity: Identity): Person | null {
  const operatorId = placeIn(identity);
  if (identity.kind === 'nobody' || operatorId === null) return null;
  const supervises = identity.role === 'administrator' || identity.role === 'supervisor';
  return { operatorId, supervises };
}

function registerCommand(app: App, { commands, calls }: Deps, command: Command): void {
  const { summary, method } = COMMANDS[command];
  app.route({
    method: 'POST',
    url: `/api/v1/calls/:id/${command}`,
    config: OPERATOR,
    schema: {
      summary,
      tags: ['calls'],
      params: idParams,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const outcome = await commands[method](placeOf(request.identity), callId);
      return answerOnCall(reply, outcome, { callId, calls });
    },
  });
}

function registerDraft(app: App, { messages, clock }: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/calls/:id/draft',
    config: OPERATOR,
    schema: {
      summary: 'What was written down so far',
      tags: ['messages'],
      params: idParams,
      response: { 200: draftViewSchema },
    },
    handler: async (request, reply) => {
      const callId = asId<CallId>(request.params.id);
      const draft = await messages.draft(callId);
      if (draft === null) return emptyDraft(callId);
      const own = draft.operatorId === placeOf(request.identity);
      return own ? presentDraft(draft) : refuse(reply, 'not-your-call');
    },
  });

  app.route({
    method: 'PUT',
    url: '/api/v1/calls/:id/draft/fields/:field',
    config: OPERATOR,
    schema: {
      summary: 'Keep the text of one field',
      description: 'Acknowledged once stored; a number (`clientSeq`) seen before changes nothing.',
      tags: ['messages'],
      params: idParams.extend({ field: messageFieldSchema }),
      body: putFieldSchema,
      response: { 200: fieldAckSchema },
    },
    handler: async (request, reply) => {
      const { id, field } = request.params;
      const { value, clientSeq, deskId } = request.body;
      const callId = asId<CallId>(id);
      const operatorId = placeOf(request.identity);
      const put = { callId, operatorId, field, value, clientSeq, deskId };
      const outcome = await messages.putField(put, clock.now());
      if (!outcome.ok) return refuse(reply, problemOfDraft(outcome.reason));
      return { callId, field, version: outcome.version, clientSeq };
    },
  });
}
