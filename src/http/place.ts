import { asId, assert } from '../base/index.ts';
import type { OperatorId, SubscriberId } from '../base/index.ts';
import type { CallQueries } from '../calls/index.ts';
import type { Identity, Role } from '../people/index.ts';
import type { Directory } from '../subscribers/index.ts';

type Wanted = { role: Role; subscriberId: string | null; operatorId: string | null };
type Place =
  | { ok: true; subscriberId: SubscriberId | null; operatorId: OperatorId | null }
  | { ok: false; issue: { path: string; message: string } };

/** Where an account or token belongs: a member to one subscriber, an operator to one place. */
export async function findPlace(
  { role, subscriberId, operatorId }: Wanted,
  deps: { directory: Directory; calls: Pick<CallQueries, 'operator'> },
): Promise<Place> {
  const subscriber =
    subscriberId === null ? null : deps.directory.subscriber(asId(subscriberId))?.id;
  if (subscriber === undefined || (role === 'member') !== (subscriber !== null)) {
    const message = 'a member belongs to one subscriber, another role to none';
    return { ok: false, issue: { path: 'subscriberId', message } };
  }
  const operator = operatorId === null ? null : (await deps.calls.operator(asId(operatorId)))?.id;
  if (operator === undefined || (operator === null && role === 'operator')) {
    const message = 'an operator needs the id of a place on the floor';
    return { ok: false, issue: { path: 'operatorId', message } };
  }
  if (operator !== null && role === 'member') {
    const message = 'a member has no place on the floor';
    return { ok: false, issue: { path: 'operatorId', message } };
  }
  return { ok: true, subscriberId: subscriber, operatorId: operator };
}

/** Somebody's place on the floor; a supervisor may have none. */
export function placeIn(identity: Identity): OperatorId | null {
  return identity.kind === 'nobody' ? null : identity.operatorId;
}

/** The place of whoever passed the `operator` policy. */
export function placeOf(identity: Identity): OperatorId {
  const place = placeIn(identity);
  assert(place !== null, 'the operator policy lets nobody pass without a place on the floor');
  return place;
}
