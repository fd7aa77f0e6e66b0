import type { DraftPutOutcome } from '../messages/index.ts';
import type { ProblemCode } from './problems.ts';

type Reason = Extract<DraftPutOutcome, { ok: false }>['reason'];

const CODES: Record<Reason, ProblemCode> = {
  'no-draft': 'no-draft',
  'not-yours': 'not-your-call',
  'already-sent': 'already-sent',
  'too-long': 'field-too-long',
};

export function problemOfDraft(reason: Reason): ProblemCode {
  return CODES[reason];
}
