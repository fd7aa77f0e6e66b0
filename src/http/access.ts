import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { asId, AppError } from '../base/index.ts';
import type { CallId, DeliveryId, MessageId, RecordingId, SubscriberId } from '../base/index.ts';
import { problemSchema } from '../contract/index.ts';
import type { CallQueries } from '../calls/index.ts';
import type { DeliveryStore } from '../delivery/index.ts';
import type { MessageStore } from '../messages/index.ts';
import { decide, NOBODY } from '../people/index.ts';
import type { Credentials, Identity, OwnedResource, People, Policy } from '../people/index.ts';
import type { RecordingStore } from '../recordings/index.ts';
import type { Directory } from '../subscribers/index.ts';
import type { App } from './app.ts';
import { refuse } from './problems.ts';
import type { ProblemCode } from './problems.ts';

/** Whose a thing is: a subscriber's, nobody's (null), or there is no such thing (undefined). */
export type Owners = Record<
  OwnedResource,
  (id: string) => Promise<SubscriberId | null | undefined>
>;

export type AccessDeps = {
  people: Pick<People, 'identify'>;
  owners: Owners;
  demo: boolean;
  publicUrl: string;
};

/** Looks up the owner of each kind of thing that a policy may name. */
export function ownersFrom(stores: {
  calls: CallQueries;
  messages: MessageStore;
  deliveries: DeliveryStore;
  recordings: RecordingStore;
  directory: Directory;
}): Owners {
  return {
    call: async (id) => (await stores.calls.call(asId<CallId>(id)))?.state.called.subscriberId,
    message: async (id) => (await stores.messages.message(asId<MessageId>(id)))?.subscriberId,
    delivery: async (id) => (await stores.deliveries.delivery(asId<DeliveryId>(id)))?.subscriberId,
    recording: async (id) =>
      (await stores.recordings.recording(asId<RecordingId>(id)))?.subscriberId,
    subscriber: (id) => Promise.resolve(stores.directory.subscriber(asId<SubscriberId>(id))?.id),
  };
}

/**
 * Stands before every route: who asks, from which site, and whether the route's policy lets them.
 * A route without a policy cannot be registered.
 */
export function guardRoutes(app: App, deps: AccessDeps): void {
  app.decorateRequest('identity');
  app.decorateRequest('upgradeRefusal', null);
  app.decorate('routeTable', []);
  app.addHook('onRoute', (route) => noteRoute(app, route));
  app.addHook('onRequest', async (request, reply) => {
    if (!isOwnSite(request, deps.publicUrl)) return refuse(reply, 'foreign-origin');
    request.identity = await identityOf(request, deps.people);
    const refusal = await refusalOf(request, deps);
    if (refusal === null) return;
    // A browser cannot read the status of a refused upgrade; it can read a close code.
    if (request.ws && (refusal === 'not-signed-in' || refusal === 'not-allowed')) {
      request.upgradeRefusal = refusal;
      return;
    }
    return refuse(reply, refusal);
  });
}

function noteRoute(app: App, route: RouteOptions): void {
  const policy = route.config?.policy;
  if (policy === undefined) {
    throw new AppError('route-without-policy', `${String(route.method)} ${route.url}: no policy`);
  }
  const methods = Array.isArray(route.method) ? route.method : [route.method];
  for (const method of methods) {
    if (method !== 'HEAD') app.routeTable.push({ method, url: route.url, policy });
  }
  route.schema ??= {};
  const schema = route.schema as Record<string, unknown>;
  schema['security'] ??= securityOf(policy);
  schema['operationId'] ??= operationId(String(methods[0]), route.url);
  const problems = { '4xx': problemSchema, '5xx': problemSchema };
  schema['response'] = { ...problems, ...(schema['response'] as object | undefined) };
}

/** How one may sign in for a route, as OpenAPI writes it; `{}` is "not at all". */
function securityOf({ kind }: Policy): object[] {
  const [session, token] = [{ session: [] }, { token: [] }];
  switch (kind) {
    case 'public':
      return [];
    case 'demo-or-roles':
      return [{}, session, token];
    case 'person':
      return [session];
    case 'local-cli':
      return [token];
    default:
      return [session, token];
  }
}

/** `get /api/v1/calls/:id/draft` → `getCallsByIdDraft`: a name for generated clients. */
function operationId(method: string, url: string): string {
  const words = url.replace(/^\/api(?:\/v1)?/, '').split(/[^A-Za-z0-9:]+/);
  const named = words.filter(Boolean).map((word) => word.replace(/^:/, 'by-'));
  const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  return [method.toLowerCase(), ...named.flatMap((word) => word.split('-')).map(capital)].join('');
}

/** On a public route everybody is nobody: the pages come also while the database is away. */
async function identityOf(
  request: FastifyRequest,
  people: AccessDeps['people'],
): Promise<Identity> {
  const policy = policyOf(request);
  const credentials = credentialsOf(request);
  const isAnonymous = credentials.cookie === undefined && credentials.authorization === undefined;
  return policy.kind === 'public' || isAnonymous ? NOBODY : people.identify(credentials);
}

/** What of a request says who asks. */
export function credentialsOf({ headers }: Pick<FastifyRequest, 'headers'>): Credentials {
  const { cookie, authorization, 'denwaban-operator': actAs } = headers;
  return {
    cookie,
    authorization,
    actAsOperator: typeof actAs === 'string' ? actAs : undefined,
  };
}

/** Only Fastify's own 404 handler has none; it discloses nothing. */
function policyOf(request: FastifyRequest): Policy {
  return request.routeOptions.config.policy ?? { kind: 'public' };
}

async function refusalOf(request: FastifyRequest, deps: AccessDeps): Promise<ProblemCode | null> {
  const policy = policyOf(request);
  const owner = policy.kind === 'subscriber-of' ? await ownerOf(request, policy, deps) : undefined;
  const decision = decide(policy, request.identity, { demo: deps.demo, owner });
  if (decision.allowed) return null;
  return decision.reason === 'no-such-thing' ? 'not-found' : decision.reason;
}

async function ownerOf(
  request: FastifyRequest,
  policy: { resource: OwnedResource },
  deps: AccessDeps,
): Promise<SubscriberId | null | undefined> {
  if (request.identity.kind === 'nobody') return undefined;
  const { id } = request.params as { id?: string };
  return id === undefined ? undefined : deps.owners[policy.resource](id);
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Cross-site request forgery: a request that changes something, or opens the live connection, must
 * come from our own pages. Programs that send a token carry no cookies and need no origin.
 */
export function isOwnSite(
  request: Pick<FastifyRequest, 'method' | 'headers' | 'protocol' | 'host'> & { ws?: boolean },
  publicUrl: string,
): boolean {
  const { headers } = request;
  if (SAFE_METHODS.includes(request.method) && headers.upgrade === undefined) return true;
  if (headers.authorization !== undefined) return true;
  const { origin } = headers;
  const fetchSite = headers['sec-fetch-site'];
  if (fetchSite === 'cross-site' || fetchSite === 'same-site') return false;
  if (origin !== undefined) {
    return origin === publicUrl || origin === `${request.protocol}://${request.host}`;
  }
  if (fetchSite !== undefined) return true;
  // No browser sends cookies with a changing request and no word on where it comes from.
  return headers.cookie === undefined;
}

export function replyCookies(reply: FastifyReply, setCookies: string[]): void {
  for (const value of setCookies) reply.header('set-cookie', value);
}
