import type { ApiTokenId, OperatorId, SubscriberId, UserId } from '../base/index.ts';

export type Role = 'administrator' | 'supervisor' | 'operator' | 'member';

/** A person's account. A member belongs to one subscriber; an operator has a place on the floor. */
export type User = {
  id: UserId;
  name: string;
  email: string;
  role: Role;
  subscriberId: SubscriberId | null;
  operatorId: OperatorId | null;
  disabled: boolean;
  createdAt: number;
};

/** Who asks: a signed-in person, a program with a token, or nobody known. */
export type Identity =
  | { kind: 'nobody' }
  | {
      kind: 'user';
      userId: UserId;
      sessionId: string;
      name: string;
      email: string;
      role: Role;
      subscriberId: SubscriberId | null;
      operatorId: OperatorId | null;
    }
  | {
      kind: 'token';
      /** `cli` is this machine's own command line, `api` the token of the settings. */
      token: 'api' | 'cli' | ApiTokenId;
      name: string;
      role: Role;
      subscriberId: SubscriberId | null;
      /** The operator a program acts for: its own, or the one it names in the request. */
      operatorId: OperatorId | null;
    };

export const NOBODY: Identity = { kind: 'nobody' };

/** How an identity is named in the audit trail. */
export function actorOf(identity: Identity): { actorId: UserId | null; actorName: string } {
  switch (identity.kind) {
    case 'nobody':
      return { actorId: null, actorName: 'nobody' };
    case 'user':
      return { actorId: identity.userId, actorName: identity.name };
    case 'token':
      return { actorId: null, actorName: `token:${identity.name}` };
  }
}
