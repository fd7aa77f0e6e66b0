import type { FastifyReply } from 'fastify';
import type { CallId } from '../base/index.ts';
import type { CallQueries, CommandOutcome, CommandRefusal } from '../calls/index.ts';
import { refuse } from './problems.ts';
import type { ProblemCode } from './problems.ts';

const CODES: Record<CommandRefusal, ProblemCode> = {
  'no-such-call': 'no-such-call',
  'not-your-call': 'not-your-call',
  'not-offered': 'not-offered',
  'call-over': 'call-over',
  'not-possible-now': 'not-possible-now',
  'already-taken': 'already-taken',
  'no-such-contact': 'no-such-contact',
  'no-number': 'no-number',
  'operator-not-free': 'operator-not-free',
  'not-digits': 'not-digits',
  'not-signed-in': 'not-on-the-floor',
  'operator-busy': 'operator-busy',
  'audio-not-ready': 'audio-not-ready',
  'telephone-not-ready': 'telephone-not-ready',
  'browser-needed': 'browser-needed',
  'desk-elsewhere': 'desk-elsewhere',
  'unknown-number': 'unknown-number',
  'too-many-calls': 'too-many-calls',
  'bad-sdp': 'bad-sdp',
  'no-common-codec': 'no-common-codec',
  'media-unavailable': 'media-unavailable',
  'not-saved': 'not-saved',
};

/** The call domain's refusal as the API says it. */
export function problemOfRefusal(reason: CommandRefusal): ProblemCode {
  return CODES[reason];
}

/** 204, or the refusal. */
export function answerDone(reply: FastifyReply, outcome: CommandOutcome): FastifyReply {
  if (!outcome.ok) return refuse(reply, problemOfRefusal(outcome.reason));
  return reply.code(204).send();
}

/**
 * Like `answerDone`, of an operation on a call, for somebody who may know of it: one that is long over
 * is no call at work any more, and yet there was such a call.
 */
export async function answerOnCall(
  reply: FastifyReply,
  outcome: CommandOutcome,
  { callId, calls }: { callId: CallId; calls: Pick<CallQueries, 'call'> },
): Promise<FastifyReply> {
  const isUnknown = !outcome.ok && outcome.reason === 'no-such-call';
  const known = isUnknown ? await calls.call(callId) : null;
  return known === null || known.state.termination === null
    ? answerDone(reply, outcome)
    : refuse(reply, 'call-over');
}
