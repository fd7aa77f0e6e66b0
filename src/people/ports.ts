import type { ApiTokenId, OperatorId, RecordingId, SubscriberId, UserId } from '../base/index.ts';
import type { Role } from './identity.ts';

/** One line of the audit trail: who did what to whom. Never a password, token or message text. */
export type AuditEntry = {
  at: number;
  /** Null for a program and for nobody known. */
  actorId: UserId | null;
  /** A person's name, `token:` and a token's, or the address tried at sign-in. */
  actorName: string;
  action:
    | 'session.signed-in'
    | 'session.refused'
    | 'session.signed-out'
    | 'password.changed'
    | 'user.created'
    | 'user.changed'
    | 'token.created'
    | 'token.revoked'
    | 'recording.listened'
    | 'recording.removed'
    | 'center.applied'
    | 'backup.taken'
    | 'backup.restored';
  subjectType: 'user' | 'session' | 'token' | 'recording' | 'center' | 'backup';
  subjectId: string | null;
  /** Such as the network address of the request. */
  detail: Record<string, string>;
};

/** The audit trail. Implemented by storage. Append only. */
export interface AuditStore {
  append(entry: AuditEntry): Promise<void>;
  /** Who listened to a recording; shown to its subscriber. */
  appendListen(listen: {
    recordingId: RecordingId;
    userId: UserId | null;
    userName: string;
    at: number;
  }): Promise<void>;
}

/** Links that work once. Only hashes are stored. Implemented by storage. */
export interface SetupLinkStore {
  /** Adds a link and ends every earlier one of the same purpose. */
  replace(link: {
    purpose: 'first-administrator';
    tokenHash: string;
    createdAt: number;
    expiresAt: number;
  }): Promise<void>;
  /** Null for a hash that is not there, is used, or was replaced. */
  find(purpose: 'first-administrator', tokenHash: string): Promise<{ expiresAt: number } | null>;
  /** Marks it used; true for the first who asks, false for everyone after. */
  use(purpose: 'first-administrator', tokenHash: string, now: number): Promise<boolean>;
}

/** A token for programs: the rights of one role, for one subscriber or operator where it has one. */
export type ApiToken = {
  id: ApiTokenId;
  name: string;
  role: Role;
  /** A member's token sees this subscriber's things alone. */
  subscriberId: SubscriberId | null;
  /** An operator's token acts for this place on the floor alone. */
  operatorId: OperatorId | null;
  createdAt: number;
  createdBy: string;
  /** Null: until it is revoked. */
  expiresAt: number | null;
  lastUsedAt: number | null;
};
export type NewApiToken = Omit<ApiToken, 'id' | 'createdAt' | 'lastUsedAt'>;

/** Tokens by the hash of their secret. Implemented by storage. */
export interface ApiTokenStore {
  add(token: ApiToken, hash: string): Promise<void>;
  findByHash(hash: string): Promise<ApiToken | null>;
  noteUse(id: ApiTokenId, now: number): Promise<void>;
  /** Newest first, also those that are over. */
  list(): Promise<ApiToken[]>;
  remove(id: ApiTokenId): Promise<boolean>;
}
