import type { RecordingId, UserId } from '../base/index.ts';

/** One line of the audit trail: who did what to whom. Never a password, token or message text. */
export type AuditEntry = {
  at: number;
  /** Null for a program and for nobody known. */
  actorId: UserId | null;
  /** A person's name, `token:cli`, `token:api`, or the address tried at sign-in. */
  actorName: string;
  action:
    | 'session.signed-in'
    | 'session.refused'
    | 'session.signed-out'
    | 'password.changed'
    | 'user.created'
    | 'user.changed'
    | 'recording.listened'
    | 'center.applied'
    | 'backup.taken'
    | 'backup.restored';
  subjectType: 'user' | 'session' | 'recording' | 'center' | 'backup';
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
