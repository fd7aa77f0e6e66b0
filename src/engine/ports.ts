import type {
  CallId,
  E164,
  LegId,
  OperatorId,
  RecordingId,
  SubscriberId,
  TrunkId,
} from '../base/index.ts';
import type { LegSignalling } from './leg-signalling.ts';
import type { CallEffect, CallState, Operator, OperatorState } from '../calls/index.ts';
import type { RecordingCut } from '../media/index.ts';
import type { InviteFailure, OutgoingTarget } from '../sip/index.ts';
import type { Ceiling, NumberRefusal, OutboundUse, Presentation } from '../subscribers/index.ts';

/** One leg's signalling as stored, so that another process can go on with it. */
export type StoredLeg = {
  id: LegId;
  role: 'caller' | 'operator' | 'contact';
  kind: 'sip' | 'browser';
  /** Null for a browser. */
  sip: LegSignalling | null;
  localSdp: string | null;
};

export type StoredCall = {
  state: CallState;
  /** In the order in which the call got them; a leg keeps its place. */
  legs: StoredLeg[];
  /** Effects committed with the state and not yet marked done. */
  pendingEffects: CallEffect[];
  /** The app process (boot id) that works on the call. */
  owner: string;
};

/** What is known to be in the database of a call. */
export type SeenCall = { version: number; legs: readonly StoredLeg[] };

/** One line of the call's history. */
export type Transition = {
  from: string;
  event: string;
  at: number;
};

/** Calls. Every write is optimistic: false means another process took the call. */
export interface CallStore {
  /** The same call again, whose answer was lost, is stored as it is by now. */
  insert(call: StoredCall, transition: Transition): Promise<void>;
  /**
   * False when another process owns the call. The owner alone writes it, one save after another, so
   * what an earlier save of its own has done is overwritten, and never by one that was overtaken.
   * `seen` is what is known to be there: with the state's own version the legs alone are written, and of
   * the legs only those that are others by now.
   */
  save(call: StoredCall, seen: SeenCall, transition: Transition | null): Promise<boolean>;
  /** Calls not ended, whoever owned them. */
  openCalls(): Promise<StoredCall[]>;
  /** Calls that have ended after `endedSince`, with a BYE of ours from after `sentSince` that was not answered. */
  callsOwingBye(since: { endedSince: number; sentSince: number }): Promise<StoredCall[]>;
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
  /** This one, if she is in one of these states and can be reached; becomes `reserved`. */
  claim(options: {
    callId: CallId;
    operatorId: OperatorId;
    states: readonly OperatorState[];
    registered: readonly string[];
    now: number;
  }): Promise<{ operator: Operator; was: OperatorState } | null>;
  /** True when anybody is signed in (any state but `offline`), reachable or not. */
  anyoneSignedIn(): Promise<boolean>;
  /** Whether there is such an operator. */
  setState(
    id: OperatorId,
    state: OperatorState,
    options: { callId: CallId | null; now: number },
  ): Promise<boolean>;
  /**
   * Like `setState`, only if the operator is still on that call, or on none (null); whether she was. A claim
   * made since she was looked at stays.
   */
  releaseFrom(
    id: OperatorId,
    callId: CallId | null,
    state: OperatorState,
    now: number,
  ): Promise<boolean>;
  setAudio(id: OperatorId, audio: { legId: LegId; deskId: string }): Promise<Operator | null>;
  /** Only while this is the operator's leg: a newer one stays. */
  endAudio(id: OperatorId, legId: LegId): Promise<void>;
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
  /** Of each account the one that was renewed last comes last: that is where the phone is. */
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
    end: {
      endedAt: number;
      seconds: number;
      state: 'complete' | 'incomplete';
      cause?: RecordingCut;
    },
  ): Promise<void>;
  /** A part of it is missing; the end of it is told by `finish`. */
  noteCut(id: RecordingId, cause: RecordingCut): Promise<void>;
}

/**
 * Ends in the index the recordings that are not in hand: neither written any more nor of a call that
 * goes on, nor about to be ended in order. `inHand` says null while the media process is away.
 */
export type SettleRecordings = (
  inHand: (open: readonly RecordingId[]) => Promise<ReadonlySet<RecordingId> | null>,
) => Promise<unknown>;

/** Passwords of our accounts at carriers. */
export interface TrunkSecrets {
  /** Null when none was given, or when it cannot be read with this installation's key. */
  password(trunkId: TrunkId): Promise<string | null>;
}

/** Calls in and out, ringing ones included, that a trunk carries at once; null: any number. */
export type TrunkLimit = { id: TrunkId; maxCalls: number | null };

/** What was dialled; the ceilings are counted here and nowhere else. */
export interface OutboundLedger {
  /**
   * Counts what is up and what was begun within the hour, asks `ceiling`, and enters the call when
   * it says null: one step, whatever else begins at the same moment. A leg that is entered already
   * passes uncounted. It holds a line of the first of `trunks` that has one left, and is entered only
   * where one has. `full`: those that have none.
   */
  begin(
    call: Pick<OutboundWish, 'callId' | 'legId' | 'subscriberId' | 'purpose' | 'number'> & {
      now: number;
    },
    trunks: readonly TrunkLimit[],
    ceiling: (use: OutboundUse) => Ceiling | null,
  ): Promise<{ reached: Ceiling | null; full: readonly TrunkId[] }>;
  /** Over which trunk the leg is tried now. */
  noteTrunk(leg: LegId, trunkId: TrunkId): Promise<void>;
  end(leg: LegId, now: number): Promise<void>;
}

/** A telephone we want to ring from within a call. */
export type OutboundWish = {
  callId: CallId;
  /** Chosen by the caller of this port; one wish per leg. */
  legId: LegId;
  /** Whose number is shown and whose rules and ceilings hold; null: the office's own. */
  subscriberId: SubscriberId | null;
  purpose: 'relay' | 'transfer' | 'call-back' | 'operator';
  number: E164;
  /** Who rang us, where a trunk can tell it to the called party (Diversion); null when unknown. */
  callerNumber: E164 | null;
  /** As 184 or 186 before the number asked; else the trunk's rule holds. */
  presentation?: Presentation | undefined;
};

/** One way to place the call: what the INVITE needs besides its SDP. */
export type OutboundRoute = OutgoingTarget & {
  trunkId: TrunkId;
  legId: LegId;
  mediaNetworks: readonly string[];
};

export type OutboundRefusal =
  | 'number-not-allowed'
  /** The subscriber, or the office, has as many calls up, or placed this hour, as it may. */
  | 'ceiling-reached'
  /** No trunk carries calls out, or none of those that do answers now. */
  | 'no-trunk';

export type OutboundPlan =
  | { ok: true; /** In the order in which they are to be tried. */ routes: OutboundRoute[] }
  /** `because` has a sentence for the operator in `OUTBOUND_WORDS` of `subscribers`. */
  | { ok: false; reason: OutboundRefusal; because: NumberRefusal | Ceiling | 'no-trunk' };

/**
 * Whether a telephone may be rung, over which trunk, and which number it sees. Everything that
 * leaves for a telephone number passes here: a call that was not begun is not placed.
 */
export interface OutboundCalls {
  /**
   * Asks the rules; the leg counts against the ceilings from here until `end`. The same leg again,
   * as after an adoption, is not counted twice.
   */
  begin(wish: OutboundWish): Promise<OutboundPlan>;
  /** How a route went. Who answers 503, or nothing, is passed over for a while. */
  note(route: OutboundRoute, outcome: 'ringing' | 'answered' | InviteFailure): void;
  /** The leg is over or was never answered. */
  end(leg: LegId): void;
}
