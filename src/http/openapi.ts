import swagger from '@fastify/swagger';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { App } from './app.ts';

/** The API's own description, drawn from the routes and the contract. */
export async function addOpenApi(
  app: App,
  about: { version: string; cookieName: string },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Denwaban',
        version: about.version,
        description:
          'Everything the pages do. Programs send `Authorization: Bearer <token>`. A token has the ' +
          'rights of one role; one of an operator acts for that operator, one of a supervisor or ' +
          'administrator for the operator named in `Denwaban-Operator: <operator id>`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: about.cookieName },
          token: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transform: jsonSchemaTransform,
  });
}
