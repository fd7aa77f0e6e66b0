import type { Random } from '../base/index.ts';
import type { LiveDialog } from './dialog-table.ts';
import { sdpOf } from './message.ts';
import type { SipRequest } from './message.ts';

/** An INVITE without a description asks for our offer. */
export function carriesOffer(request: SipRequest): boolean {
  return request.method === 'INVITE' || (request.method === 'UPDATE' && sdpOf(request) !== '');
}

/**
 * RFC 3261 §14.2, RFC 3311 §5.2: 491 to what meets an offer of ours that is still open, 500 to what comes
 * before we have answered the one before it.
 */
export function offerRefusal(live: LiveDialog, request: SipRequest): 491 | 500 | undefined {
  const { method } = request;
  if (!carriesOffer(request)) {
    return method === 'UPDATE' && live.answerPending === 'UPDATE' ? 500 : undefined;
  }
  if (live.offerPending) return 491;
  if (live.answerPending) return 500;
  return live.answer?.awaitsSdp === true ? 491 : undefined;
}

/** "a randomly chosen value of between 0 and 10 seconds" of both sections: two sides do not meet again. */
export function retryAfter(random: Random): [name: string, value: string] {
  const [byte = 0] = random.bytes(1);
  return ['Retry-After', String(byte % 11)];
}
