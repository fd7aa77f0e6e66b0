import type { WebSocket } from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { credentialsOf } from '../access.ts';
import type { App } from '../app.ts';
import { CLOSE } from '../live-connection.ts';
import type { LiveHub } from '../live-hub.ts';
import { refuse } from '../problems.ts';

export function registerLiveRoute(app: App, hub: LiveHub): void {
  app.route({
    method: 'GET',
    url: '/api/v1/live',
    config: { policy: { kind: 'signed-in' } },
    schema: {
      summary: 'The live connection (WebSocket)',
      description: 'Frames as in the contract; each topic has a policy of its own.',
      tags: ['live'],
    },
    handler: (_request, reply) => refuse(reply, 'invalid-request'),
    wsHandler: (socket: WebSocket, request: FastifyRequest) => {
      if (request.upgradeRefusal !== null) {
        const ended = request.upgradeRefusal === 'not-signed-in';
        socket.close(ended ? CLOSE.sessionEnded : CLOSE.notAllowed, request.upgradeRefusal);
        return;
      }
      hub.accept(socket, { identity: request.identity, credentials: credentialsOf(request) });
    },
  });
}
