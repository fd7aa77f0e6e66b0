import { z } from 'zod';
import {
  audioViewSchema,
  deskViewSchema,
  openAudioSchema,
  presenceSchema,
} from '../../contract/index.ts';
import type { App } from '../app.ts';
import { answerDone, problemOfRefusal } from '../command-refusals.ts';
import { placeOf } from '../place.ts';
import { presentDesk } from '../presenters/desk.ts';
import { refuse } from '../problems.ts';
import { done, OPERATOR } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'commands' | 'calls' | 'messages' | 'directory' | 'numbers' | 'clock'>;

const ECHO_SECONDS = 5;

export function registerDeskRoutes(app: App, deps: Deps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/desk',
    config: OPERATOR,
    schema: { summary: "My desk's state", tags: ['desk'], response: { 200: deskViewSchema } },
    handler: async ({ identity }, reply) => {
      const desk = await presentDesk(placeOf(identity), deps, deps.clock.now());
      return desk ?? refuse(reply, 'not-found');
    },
  });
  registerAudio(app, deps);
  registerPresence(app, deps);
}

function registerAudio(app: App, { commands, calls }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/desk/audio',
    config: OPERATOR,
    schema: {
      summary: "Open my desk's audio leg",
      description: 'Refused with `desk-elsewhere` when another tab holds it, unless `takeOver`.',
      tags: ['desk'],
      body: openAudioSchema,
      response: { 200: audioViewSchema },
    },
    handler: async (request, reply) => {
      const operatorId = placeOf(request.identity);
      const { deskId, sdpOffer, takeOver } = request.body;
      const operator = await calls.operator(operatorId);
      const elsewhere = operator?.legId != null && operator.deskId !== deskId;
      if (elsewhere && !takeOver) return refuse(reply, 'desk-elsewhere');
      const outcome = await commands.openAudio(operatorId, deskId, sdpOffer);
      return outcome.ok ? outcome.value : refuse(reply, problemOfRefusal(outcome.reason));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/desk/audio',
    config: OPERATOR,
    schema: {
      summary: "Close my desk's audio leg",
      tags: ['desk'],
      querystring: z.object({ deskId: z.string().min(8).max(64) }),
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const { deskId } = request.query;
      const outcome = await commands.closeAudio(placeOf(request.identity), deskId);
      return answerDone(reply, outcome);
    },
  });
}

function registerPresence(app: App, { commands }: Deps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/desk/echo-test',
    config: OPERATOR,
    schema: {
      summary: 'Hear myself one second later, for five seconds',
      tags: ['desk'],
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const outcome = await commands.echoTest(placeOf(request.identity), ECHO_SECONDS);
      return answerDone(reply, outcome);
    },
  });

  app.route({
    method: 'PUT',
    url: '/api/v1/desk/presence',
    config: OPERATOR,
    schema: {
      summary: 'Start, pause or end taking calls',
      tags: ['desk'],
      body: presenceSchema,
      response: { 204: done },
    },
    handler: async (request, reply) => {
      const { presence } = request.body;
      const outcome = await commands.setPresence(placeOf(request.identity), presence);
      return answerDone(reply, outcome);
    },
  });
}
