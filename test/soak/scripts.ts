import { setTimeout as sleep } from 'node:timers/promises';
import type { Death } from './checks.ts';
import type { Seeded } from './seeded.ts';
import type { SoakCall, Target } from './soak-call.ts';
import type { SoakPhones } from './soak-phones.ts';
import type { SoakProduct } from './soak-product.ts';

/** Calls in which a telephone rings that nobody picks up: for so long only. */
export const TIMED: ReadonlySet<Target> = new Set([
  'relaying',
  'calling-contact',
  'calling-customer',
  'handing-over',
]);
/** A supervisor's browser without a browser: there for the few seconds until its silence is noticed. */
const SUPERVISOR_OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 0',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:soak',
  'a=ice-pwd:L0TXDMILPiNpq+DHrGZMj36a',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=rtpmap:0 PCMU/8000',
  '',
].join('\r\n');

/** Somebody who listens, if one of the calls wants to be listened to. */
export async function seatSupervisor(
  product: SoakProduct,
  calls: readonly SoakCall[],
): Promise<void> {
  if (!calls.some(({ target }) => target === 'listened-to')) return;
  const body = { deskId: 'desk-soak-1', sdpOffer: SUPERVISOR_OFFER, takeOver: true };
  await product.wish('POST', '/api/v1/desk/audio', body, { by: product.supervisor });
}

/** Everybody hangs up: some operators first, then whoever is left outside. */
export async function endAll(
  calls: readonly SoakCall[],
  { random, phones }: { random: Seeded; phones: SoakPhones },
): Promise<void> {
  const byOperator = calls.filter(
    ({ isEnding, view }) => !isEnding && view.up('operator') !== undefined && random.chance(0.3),
  );
  for (const call of byOperator) call.endByOperator();
  if (byOperator.length > 0) await sleep(700);
  // Whoever is offered a call that its operator has left lets it ring.
  for (const call of calls) {
    call.view.pickUpMs.operator = null;
    phones.look(call.view);
    call.endFromOutside();
  }
  await sleep(300);
  for (const call of calls) call.endFromOutside();
}

/** What the stored history of the calls says. */
export async function historyOf(
  product: SoakProduct,
  calls: readonly SoakCall[],
  deaths: readonly Death[],
): Promise<string[]> {
  const ids = calls.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const rows = await product.rows<{ call_id: string; at: Date; text: string }>(
    `select call_id, at, version || ' ' || from_phase || ' > ' || to_phase || ' ' || event as text
      from call_transition where call_id = any($1) order by call_id, version`,
    [ids],
  );
  const died = deaths.map(
    ({ part, atMs, readyMs }) => `${new Date(atMs).toISOString()} ${part}, ${readyMs - atMs} ms`,
  );
  const lines = calls.map(({ target, id, view }) => {
    const ends = view.lines.map(({ party, ended }) => `${party} ${ended ?? 'up'}`).join(', ');
    return `${id ?? view.number} ${target}: ${ends}; ${view.placed?.seen.statuses.join(' ') ?? ''}`;
  });
  return [
    ...died,
    ...lines,
    ...rows.map(({ call_id: id, at, text }) => `${id} ${at.toISOString()} ${text}`),
  ];
}
