import type { CallId, LegId, OperatorId, RecordingId, SubscriberId } from '../base/index.ts';
import type { LegSignalling } from './leg-signalling.ts';
import type { CallEffect, CallState, Operator, OperatorState } from '../calls/index.ts';

/** One leg's signalling as stored, so that another process can go on with it. */
export type StoredLeg = {
  id: LegId;
  role: 'caller' | 'operator';
  kind: 'sip' | 'browser';
  /** Null for a browser. */
  sip: LegSignalling | null;
  localSdp: string | null;
};

export type StoredCall = {
  state: CallState;
  legs: StoredLeg[];
  /** Effects committed with the state and not yet marked done. */
  pendingEffects: CallEffect[];
  /** The app process (boot id) that works on the call. */
  owner: string;
};

/** One line of the call's history. */
export type Transition = {
  version: number;
  from: string;
  to: string;
  event: string;
  at: number;
};

/** Calls. Every write is optimistic: false means another process took the call. */
export interface CallStore {
  insert(call: StoredCall, transition: Transition): Promise<void>;
  /** `WHERE version = seenVersion AND owner = call.owner`. */
  save(call: StoredCall, seenVersion: number, transition: Transition | null): Promise<boolean>;
  /** Calls not ended, whoever owned them. */
  openCalls(): Promise<StoredCall[]>;
  /** Takes a call over from a dead process. False when somebody else did. */
  adopt(callId: CallId, fromOwner: string, toOwner: string): Promise<boolean>;
}

/** Operators at work. State changes are single statements: two calls never get one operator. */
export interface FloorStore {
  operator(id: OperatorId): Promise<Operator | null>;
  operators(): Promise<Operator[]>;
  /** Longest idle, available, reachable, not excluded; becomes `reserved` for the call. */
  claimLongestIdle(options: {
    callId: CallId;
    excluded: readonly OperatorId[];
    /** SIP user names with a live registration. */
    registered: readonly string[];
    now: number;
  }): Promise<Operator | null>;
  /** True when anybody is signed in (any state but `offline`), reachable or not. */
  anyoneSignedIn(): Promise<boolean>;
  setState(
    id: OperatorId,
    state: OperatorState,
    options: { callId: CallId | null; now: number },
  ): Promise<Operator | null>;
  /** Like `setState`, only if the operator is still on that call. */
  releaseFrom(
    id: OperatorId,
    callId: CallId,
    state: OperatorState,
    now: number,
  ): Promise<Operator | null>;
  setAudio(
    id: OperatorId,
    audio: { legId: LegId | null; deskId: string | null },
  ): Promise<Operator | null>;
  noteRingNoAnswer(id: OperatorId): Promise<number>;
}

/** A registered phone's binding; `contact` and `path` are what the SIP module needs to reach it. */
export type StoredBinding = {
  username: string;
  contactUri: string;
  sourceAddress: string;
  sourcePort: number;
  transport: 'UDP' | 'TCP' | 'TLS' | 'WS';
  path: string[];
  sipCallId: string;
  cseq: number;
  expiresAt: number;
  userAgent: string;
};

export interface RegistrationStore {
  /** `ha1Md5`/`ha1Sha256` of `username:realm:password`, for digest. */
  credentials(
    username: string,
  ): Promise<{ ha1Md5: string; ha1Sha256: string; realm: string } | null>;
  bindings(username: string): Promise<StoredBinding[]>;
  allBindings(now: number): Promise<StoredBinding[]>;
  replaceBindings(username: string, bindings: StoredBinding[]): Promise<void>;
}

/** What the engine asks of the message side: drafts and the message without an operator. */
export interface MessageDesk {
  openDraft(call: CallState, operatorId: OperatorId): Promise<void>;
  recordUnanswered(call: CallState, kind: 'unattended' | 'abandoned'): Promise<void>;
}

/** The index of recordings as the engine writes it. */
export interface RecordingIndex {
  begin(recording: {
    id: RecordingId;
    callId: CallId;
    subscriberId: SubscriberId | null;
    path: string;
    startedAt: number;
  }): Promise<void>;
  finish(
    id: RecordingId,
    end: { endedAt: number; seconds: number; state: 'complete' | 'incomplete' },
  ): Promise<void>;
}
