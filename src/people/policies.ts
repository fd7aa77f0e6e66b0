import type { SubscriberId } from '../base/index.ts';
import type { Identity, Role } from './identity.ts';

/** Things that belong to a subscriber and are reached by their own id. */
export type OwnedResource = 'message' | 'recording' | 'call' | 'delivery' | 'subscriber';

/** Who may use a route, topic or recording URL. Declared as data beside the route. */
export type Policy =
  /** Anybody, also before sign-in. */
  | { kind: 'public' }
  /** Any signed-in person or token. */
  | { kind: 'signed-in' }
  /** A person with an account of their own, not a token. */
  | { kind: 'person' }
  | { kind: 'roles'; roles: readonly Role[] }
  /** These roles see every row, a member only the rows of their own subscriber. */
  | { kind: 'own-rows'; roles: readonly Role[] }
  /** These roles always, a member when the named resource is their own subscriber's. */
  | { kind: 'subscriber-of'; resource: OwnedResource; roles: readonly Role[] }
  /** Whoever has a place on the floor, for that place alone. */
  | { kind: 'operator' }
  /** Everybody in demonstration mode, else these roles. */
  | { kind: 'demo-or-roles'; roles: readonly Role[] }
  /** This machine's own command line. */
  | { kind: 'local-cli' };

/** Facts a policy needs besides the identity. */
export type PolicyFacts = {
  demo: boolean;
  /** The owner of the resource; undefined when there is no such thing or none was named. */
  owner?: SubscriberId | null | undefined;
};

export type Decision =
  | { allowed: true }
  /** `no-such-thing` is also said of another subscriber's things: their existence is no one's. */
  | { allowed: false; reason: 'not-signed-in' | 'not-allowed' | 'no-such-thing' };

const YES: Decision = { allowed: true };
const no = (reason: Extract<Decision, { allowed: false }>['reason']): Decision => {
  return { allowed: false, reason };
};

/** May this identity do what the policy guards? Pure: every fact comes in as an argument. */
export function decide(policy: Policy, identity: Identity, facts: PolicyFacts): Decision {
  if (policy.kind === 'public') return YES;
  if (policy.kind === 'demo-or-roles' && facts.demo) return YES;
  if (identity.kind === 'nobody') return no('not-signed-in');
  if (policy.kind === 'subscriber-of') return decideOwned(policy.roles, identity, facts.owner);
  return allows(policy, identity) ? YES : no('not-allowed');
}

type Known = Exclude<Identity, { kind: 'nobody' }>;

function allows(
  policy: Exclude<Policy, { kind: 'public' | 'subscriber-of' }>,
  identity: Known,
): boolean {
  switch (policy.kind) {
    case 'signed-in':
      return true;
    case 'person':
      return identity.kind === 'user';
    case 'roles':
    case 'demo-or-roles':
      return policy.roles.includes(identity.role);
    case 'own-rows':
      return policy.roles.includes(identity.role) || isMember(identity);
    case 'operator':
      return identity.operatorId !== null && identity.role !== 'member';
    case 'local-cli':
      return identity.kind === 'token' && identity.token === 'cli';
  }
}

function decideOwned(
  roles: readonly Role[],
  identity: Known,
  owner: SubscriberId | null | undefined,
): Decision {
  const everyRow = roles.includes(identity.role);
  if (!everyRow && !isMember(identity)) return no('not-allowed');
  if (owner === undefined) return no('no-such-thing');
  if (everyRow) return YES;
  return owner !== null && owner === identity.subscriberId ? YES : no('no-such-thing');
}

function isMember(identity: Known): boolean {
  return identity.role === 'member' && identity.subscriberId !== null;
}

/** The subscriber whose rows alone this identity sees; null when it sees all. */
export function rowScope(identity: Identity): SubscriberId | null {
  return identity.kind !== 'nobody' && identity.role === 'member' ? identity.subscriberId : null;
}
