import rateLimit from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import fastify from 'fastify';
import type { FastifyError } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { guardRoutes, ownersFrom } from './access.ts';
import type { App } from './app.ts';
import { errorHandler } from './error-handler.ts';
import { LiveHub } from './live-hub.ts';
import { HttpCounters } from './metrics.ts';
import { addOpenApi } from './openapi.ts';
import { servePages } from './pages.ts';
import { refuse } from './problems.ts';
import { registerAboutRoutes } from './routes/about.ts';
import { registerCallRoutes } from './routes/calls.ts';
import { registerCenterRoutes } from './routes/center.ts';
import { registerCustomerRoutes } from './routes/customer.ts';
import { registerDeskRoutes } from './routes/desk.ts';
import { registerLiveRoute } from './routes/live.ts';
import { registerMessageRoutes } from './routes/messages.ts';
import { registerOperationsRoutes } from './routes/operations.ts';
import { registerRecordingRoutes } from './routes/recordings.ts';
import { registerSessionRoutes } from './routes/session.ts';
import { registerSetupRoutes } from './routes/setup.ts';
import { registerFloorRoutes, registerSubscriberRoutes } from './routes/subscribers.ts';
import { registerTokenRoutes } from './routes/tokens.ts';
import { registerTrunkRoutes } from './routes/trunks.ts';
import { registerUserRoutes } from './routes/users.ts';
import { registerWatchingRoutes } from './routes/watching.ts';
import { addSecurityHeaders } from './security-headers.ts';
import type { ServerDeps } from './server-deps.ts';
import { createServer } from './tls.ts';

const BODY_LIMIT_BYTES = 256 * 1024;
const FRAME_LIMIT_BYTES = 64 * 1024;

/** The whole HTTP side, not yet listening (see `listen`). Stop it with its `close()`. */
export async function buildServer(deps: ServerDeps): Promise<App> {
  const log = deps.log.child({ module: 'http' });
  const app: App = fastify({
    serverFactory: (handler) => createServer(handler, deps.config.http.tls, log),
    trustProxy: deps.config.http.trustProxy,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    logger: false,
    // An address that no route can have: fastify's own answer says it back, and in its own words.
    frameworkErrors: (_error, _request, reply) => void refuse(reply, 'invalid-request'),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(
    errorHandler(log, async () => {
      const { disk, database } = await deps.readiness();
      if (disk?.ready === false) return 'disk-full';
      return database?.ready === false ? 'database-unreachable' : null;
    }),
  );
  app.setNotFoundHandler((_request, reply) => {
    return refuse(reply.removeHeader('cache-control'), 'not-found');
  });
  const counters = new HttpCounters();
  app.addHook('onResponse', async (request, reply) => {
    counters.answered(request.method, reply.statusCode);
  });
  await addPlugins(app, deps);
  const hub = new LiveHub(deps);
  app.decorate('isAttended', (operatorId) => hub.isAttended(operatorId));
  app.addHook('preClose', (done) => {
    hub.close();
    done();
  });
  registerRoutes(app, deps, hub, counters);
  await servePages(app, deps.webRoot);
  await app.ready();
  return app;
}

async function addPlugins(app: App, deps: ServerDeps): Promise<void> {
  const { publicUrl } = deps.config.http;
  await app.register(websocket, { options: { maxPayload: FRAME_LIMIT_BYTES } });
  const { demo } = deps.config;
  guardRoutes(app, { people: deps.people, owners: ownersFrom(deps), demo, publicUrl });
  await addOpenApi(app, { version: deps.version, cookieName: deps.people.cookieName });
  await addSecurityHeaders(app, publicUrl);
  await app.register(rateLimit, {
    global: false,
    allowList: (request) => request.identity.kind === 'token',
    errorResponseBuilder: () => {
      const error: Partial<FastifyError> = new Error('too many requests');
      error.statusCode = 429;
      return error;
    },
  });
}

function registerRoutes(app: App, deps: ServerDeps, hub: LiveHub, counters: HttpCounters): void {
  registerAboutRoutes(app, deps);
  registerSetupRoutes(app, deps);
  registerSessionRoutes(app, deps);
  registerUserRoutes(app, deps);
  registerTokenRoutes(app, deps);
  registerDeskRoutes(app, deps);
  registerCallRoutes(app, deps);
  registerOperationsRoutes(app, deps);
  registerMessageRoutes(app, deps);
  registerRecordingRoutes(app, deps);
  registerSubscriberRoutes(app, deps);
  registerFloorRoutes(app, deps);
  registerCustomerRoutes(app, deps);
  registerCenterRoutes(app, deps);
  registerTrunkRoutes(app, deps);
  registerLiveRoute(app, hub);
  const own = (): ReturnType<HttpCounters['families']> => {
    counters.liveConnections = hub.size;
    return counters.families();
  };
  registerWatchingRoutes(app, { ...deps, metrics: [own, ...deps.metrics] });
}
