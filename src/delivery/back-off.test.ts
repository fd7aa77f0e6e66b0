import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import { RETRY_DELAYS_MS, nextStep, retryDelayMs } from './back-off.ts';
import type { Delivery, Outcome } from './ports.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

function delivery(change: Partial<Delivery> = {}): Delivery {
  return {
    id: asId('dlv_1'),
    messageId: asId('msg_1'),
    subscriberId: null,
    contactId: null,
    channel: 'mail',
    destination: { name: '', address: 'a@example.jp' },
    state: 'sending',
    attempts: 1,
    nextAttemptAt: null,
    deadlineAt: NOW + 24 * HOUR,
    acceptedAt: null,
    possibleDuplicate: false,
    lastError: null,
    createdAt: NOW,
    ...change,
  };
}
const step = (outcome: Outcome, change: Partial<Delivery> = {}): ReturnType<typeof nextStep> =>
  nextStep(delivery(change), outcome, { now: NOW, chance: 0.5 });

describe('retryDelayMs', () => {
  it('grows from five seconds to four hours, a fifth more or less', () => {
    const delays = RETRY_DELAYS_MS.map((_, i) => retryDelayMs(i + 1, 0.5));
    expect(delays).toEqual([...RETRY_DELAYS_MS]);
    expect([retryDelayMs(1, 0), retryDelayMs(1, 1)]).toEqual([4000, 6000]);
    expect(retryDelayMs(50, 0.5)).toBe(4 * HOUR);
    expect(retryDelayMs(0, 0.5)).toBe(5000);
  });
});

describe('nextStep', () => {
  it('ends with acceptance, and remembers a doubt', () => {
    const accepted: Outcome = { type: 'accepted', providerId: null };
    expect(step(accepted)).toEqual({
      state: 'accepted',
      nextAttemptAt: null,
      possibleDuplicate: false,
      lastError: null,
    });
    expect(step(accepted, { possibleDuplicate: true }).possibleDuplicate).toBe(true);
  });

  it('tries again after a passing failure, later if the server said when', () => {
    const retry: Outcome = { type: 'retry', reason: '451 later' };
    expect(step(retry)).toMatchObject({ state: 'retrying', nextAttemptAt: NOW + 5000 });
    expect(step({ ...retry, afterMs: 90_000 }).nextAttemptAt).toBe(NOW + 90_000);
    expect(step(retry, { possibleDuplicate: true }).possibleDuplicate).toBe(true);
  });

  it('sends again, marked, what may have arrived', () => {
    expect(step({ type: 'uncertain', reason: 'reset' })).toEqual({
      state: 'uncertain',
      nextAttemptAt: NOW + 5000,
      possibleDuplicate: true,
      lastError: 'reset',
    });
  });

  it.each(['reject.message', 'reject.destination'] as const)('gives up on %s at once', (type) => {
    expect(step({ type, reason: '550' })).toMatchObject({ state: 'failed', lastError: '550' });
  });

  it('does not knock at a closed account every five seconds', () => {
    const next = step({ type: 'reject.account', reason: '535' });
    expect(next).toMatchObject({ state: 'retrying', nextAttemptAt: NOW + 300_000 });
  });

  it('makes a last attempt at the deadline, then it is a task for a person', () => {
    const retry: Outcome = { type: 'retry', reason: 'down' };
    const near = step(retry, { attempts: 9, deadlineAt: NOW + HOUR });
    expect(near).toMatchObject({ state: 'retrying', nextAttemptAt: NOW + HOUR });
    expect(step(retry, { deadlineAt: NOW })).toMatchObject({
      state: 'failed',
      nextAttemptAt: null,
    });
  });
});
