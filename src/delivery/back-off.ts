import type { Delivery, DeliveryState, Outcome } from './ports.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** After the first, second, … attempt. The last one repeats until the delivery's deadline. */
export const RETRY_DELAYS_MS = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
] as const;
const LAST_DELAY_MS = 4 * HOUR;
const JITTER = 0.2;

/** A refused sign-in is not knocked at every five seconds: that is how accounts get locked. */
const ACCOUNT_DELAY_MS = 5 * MINUTE;

/** How long to wait after attempt number `attempts`. `chance` is from 0 to 1. */
export function retryDelayMs(attempts: number, chance: number): number {
  const base = RETRY_DELAYS_MS[Math.max(0, attempts - 1)] ?? LAST_DELAY_MS;
  return Math.round(base * (1 - JITTER + 2 * JITTER * chance));
}

export type NextStep = {
  state: DeliveryState;
  nextAttemptAt: number | null;
  possibleDuplicate: boolean;
  lastError: string | null;
};

/** What becomes of a delivery after an attempt. Past its deadline it is a person's task. */
export function nextStep(
  delivery: Delivery,
  outcome: Outcome,
  { now, chance }: { now: number; chance: number },
): NextStep {
  const possibleDuplicate = delivery.possibleDuplicate || outcome.type === 'uncertain';
  if (outcome.type === 'accepted') {
    return { state: 'accepted', nextAttemptAt: null, possibleDuplicate, lastError: null };
  }
  const end: NextStep = {
    state: 'failed',
    nextAttemptAt: null,
    possibleDuplicate,
    lastError: outcome.reason,
  };
  const delayMs = delayOf(delivery, outcome, chance);
  if (delayMs === null || now >= delivery.deadlineAt) return end;
  return {
    ...end,
    state: outcome.type === 'uncertain' ? 'uncertain' : 'retrying',
    nextAttemptAt: Math.min(now + delayMs, delivery.deadlineAt),
  };
}

/** Null: trying again cannot help. */
function delayOf(
  delivery: Delivery,
  outcome: Exclude<Outcome, { type: 'accepted' }>,
  chance: number,
): number | null {
  const delayMs = retryDelayMs(delivery.attempts, chance);
  switch (outcome.type) {
    case 'retry':
      return outcome.afterMs ?? delayMs;
    case 'uncertain':
      return delayMs;
    case 'reject.account':
    case 'quota':
      return Math.max(delayMs, ACCOUNT_DELAY_MS);
    case 'reject.message':
    case 'reject.destination':
      return null;
  }
}
