import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { AppError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import { isProblemCode, PROBLEMS, refuse } from './problems.ts';
import type { Issue, ProblemCode } from './problems.ts';

/** What nothing can be saved for: the disk's comes first, it may be why the database is away. */
export type Trouble = 'disk-full' | 'database-unreachable';

/**
 * Turns whatever a route threw into a `Problem`. What is our fault is logged, never shown. What a library threw
 * while the database is away or its disk is full is the database's: the library asks it in words of its own.
 */
export function errorHandler(
  log: Logger,
  troubleOf: () => Promise<Trouble | null>,
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (error, request, reply) => {
    const found = codeOf(error);
    const isOfDatabase = OF_DATABASE.has(found) || !(error instanceof AppError);
    const mayBeTrouble = isOfDatabase && PROBLEMS[found].status >= 500;
    const code = (mayBeTrouble ? await troubleOf() : null) ?? found;
    if (PROBLEMS[code].status >= 500) {
      const { method, routeOptions, id } = request;
      const fields = { requestId: id, method, route: routeOptions.url, err: error };
      log.error(fields, 'a request failed');
    }
    if (reply.sent) return;
    refuse(reply, code, issuesOf(error));
  };
}

const OF_DATABASE: ReadonlySet<ProblemCode> = new Set(['database-unreachable', 'not-saved']);

function codeOf(error: unknown): ProblemCode {
  if (error instanceof AppError) {
    if (isProblemCode(error.code)) return error.code;
    // The database has no room, or a lock was not to be had: nothing was done, and it may be tried again.
    return error.code === 'database-failed' && error.retryable ? 'not-saved' : 'internal';
  }
  if (hasZodFastifySchemaValidationErrors(error)) return 'invalid-request';
  if (!(error instanceof Error)) return 'internal';
  const { statusCode } = error as Partial<FastifyError>;
  switch (statusCode) {
    case 413:
      return 'too-large';
    case 415:
      return 'unsupported-content';
    case 429:
      return 'too-many-requests';
    default:
      return statusCode !== undefined && statusCode >= 400 && statusCode < 500
        ? 'invalid-request'
        : 'internal';
  }
}

function issuesOf(error: unknown): Issue[] | undefined {
  // A refusal of ours has a sentence of its own; of our failures nothing is shown.
  if (error instanceof AppError && isProblemCode(error.code) && PROBLEMS[error.code].status < 500) {
    return [{ path: '', message: error.message }];
  }
  if (!hasZodFastifySchemaValidationErrors(error)) return undefined;
  return error.validation.slice(0, 50).map((issue) => ({
    path: issue.instancePath.split('/').filter(Boolean).join('.'),
    message: issue.message ?? 'is not valid',
  }));
}
