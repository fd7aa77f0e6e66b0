import { z } from 'zod';
import { trunkViewSchema } from '../../contract/index.ts';
import type { App } from '../app.ts';
import { presentTrunk } from '../presenters/trunk.ts';
import { SUPERVISORS } from '../route-parts.ts';
import type { ServerDeps } from '../server-deps.ts';

export function registerTrunkRoutes(app: App, { trunks }: Pick<ServerDeps, 'trunks'>): void {
  app.route({
    method: 'GET',
    url: '/api/v1/trunks',
    config: SUPERVISORS,
    schema: {
      summary: 'The trunks, how they stand and since when',
      tags: ['center'],
      response: { 200: z.object({ trunks: z.array(trunkViewSchema) }) },
    },
    handler: (_request, reply) => void reply.send({ trunks: trunks().map(presentTrunk) }),
  });
}
