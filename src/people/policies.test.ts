import { expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { SubscriberId } from '../base/index.ts';
import { NOBODY } from './identity.ts';
import type { Identity, Role } from './identity.ts';
import { decide, rowScope } from './policies.ts';
import type { Policy } from './policies.ts';

const OWN = asId<SubscriberId>('sub_own');
const FOREIGN = asId<SubscriberId>('sub_foreign');
const person = (
  role: Role,
  place: Partial<Extract<Identity, { kind: 'user' }>> = {},
): Identity => ({
  kind: 'user',
  userId: asId('user'),
  sessionId: 'session',
  name: 'name',
  email: 'name@example.jp',
  role,
  subscriberId: null,
  operatorId: null,
  ...place,
});
const member = person('member', { subscriberId: OWN });
const owned: Policy = { kind: 'subscriber-of', resource: 'message', roles: ['operator'] };
const facts = (owner?: SubscriberId | null): Parameters<typeof decide>[2] => ({
  demo: false,
  owner,
});

it('another subscriber’s thing does not exist for a member', () => {
  expect(decide(owned, member, facts(OWN))).toEqual({ allowed: true });
  const refused = { allowed: false, reason: 'no-such-thing' };
  expect(decide(owned, member, facts(FOREIGN))).toEqual(refused);
  expect(decide(owned, member, facts(null))).toEqual(refused);
  expect(decide(owned, member, facts(undefined))).toEqual(refused);
});

it('a member without a subscriber owns nothing, not even what nobody owns', () => {
  const stray = person('member');
  expect(decide(owned, stray, facts(null))).toMatchObject({ allowed: false });
  expect(decide({ kind: 'own-rows', roles: ['operator'] }, stray, facts())).toMatchObject({
    allowed: false,
  });
});

it('the roles named see every row', () => {
  expect(decide(owned, person('operator'), facts(FOREIGN))).toEqual({ allowed: true });
  expect(decide(owned, person('operator'), facts(null))).toEqual({ allowed: true });
  expect(rowScope(person('operator'))).toBeNull();
  expect(rowScope(member)).toBe(OWN);
});

it('a place on the floor is never a member’s', () => {
  const place = { operatorId: asId('op') } as never;
  expect(decide({ kind: 'operator' }, person('operator', place), facts())).toEqual({
    allowed: true,
  });
  expect(decide({ kind: 'operator' }, person('member', place), facts())).toMatchObject({
    allowed: false,
  });
});

it('demonstration mode opens only what says so', () => {
  const demo = { demo: true };
  const customer: Policy = { kind: 'demo-or-roles', roles: ['administrator'] };
  expect(decide(customer, NOBODY, demo)).toEqual({ allowed: true });
  expect(decide({ kind: 'signed-in' }, NOBODY, demo)).toEqual({
    allowed: false,
    reason: 'not-signed-in',
  });
});
