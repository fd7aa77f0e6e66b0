import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { OperatorId } from '../base/index.ts';
import type { Identity, Policy } from '../people/index.ts';

/** Fastify as our routes see it: bodies and answers typed by zod. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** One registered route, as the access table sees it. */
export type RouteRow = { method: string; url: string; policy: Policy };

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route; registering one without it fails. */
    policy?: Policy;
  }
  interface FastifyRequest {
    identity: Identity;
    /** Set only on a WebSocket upgrade that is refused inside the connection. */
    upgradeRefusal: 'not-signed-in' | 'not-allowed' | null;
  }
  interface FastifyInstance {
    routeTable: RouteRow[];
    /** Is a person at this operator's console now. */
    isAttended: (operatorId: OperatorId) => boolean;
  }
}
