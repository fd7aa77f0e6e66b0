import { aboutSchema } from '../../contract/index.ts';
import type { App } from '../app.ts';
import type { ServerDeps } from '../server-deps.ts';

type Deps = Pick<ServerDeps, 'config' | 'version' | 'demoAccounts' | 'people'>;

export function registerAboutRoutes(app: App, deps: Deps): void {
  const { config, version, demoAccounts, people } = deps;
  app.route({
    method: 'GET',
    url: '/api/v1/about',
    config: { policy: { kind: 'public' } },
    schema: {
      summary: 'What a page needs to know before sign-in',
      tags: ['about'],
      response: { 200: aboutSchema },
    },
    handler: async () => ({
      version,
      demo: config.demo,
      setupNeeded: !(await people.hasAdministrator()),
      smtp: config.mail.smtpUrl !== undefined,
      publicUrl: config.http.publicUrl,
      timeZone: config.timeZone,
      ...(config.demo && { demoAccounts }),
    }),
  });
}
