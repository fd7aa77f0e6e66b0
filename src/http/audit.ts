import type { FastifyRequest } from 'fastify';
import type { Clock } from '../base/index.ts';
import { actorOf } from '../people/index.ts';
import type { AuditEntry } from '../people/index.ts';

/** The audit line of what this request did. The subject is the actor unless named. */
export function auditOf(
  request: FastifyRequest,
  clock: Clock,
  action: AuditEntry['action'],
  subject: { type: AuditEntry['subjectType']; id?: string; detail?: Record<string, string> },
): AuditEntry {
  const actor = actorOf(request.identity);
  return {
    at: clock.now(),
    ...actor,
    action,
    subjectType: subject.type,
    subjectId: subject.id ?? actor.actorId,
    detail: { address: request.ip, ...subject.detail },
  };
}
