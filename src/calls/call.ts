import type { CallId, LegId, OperatorId, RecordingId, TrunkId } from '../base/index.ts';
import type { CalledParty, CallerIdentity } from '../subscribers/index.ts';

/**
 * The call, as data. Everything from the first INVITE to the end of wrap-up.
 *
 * ```
 *            ┌──────────── ring-no-answer, declined, failed ───────────┐
 *            ▼                                                         │
 * arrived ─► waiting ─► offering ─► connecting ─► talking ─► wrap-up ─► ended
 *            │  ▲                                  │  ▲
 *            │  └── reoffer after 20 s ── reconnecting◄┘ (operator's audio lost)
 *            └─► unattended (prompt) ─► ended
 * ```
 * From every phase before `wrap-up` the caller may hang up.
 */
export type CallPhase =
  | 'waiting'
  | 'offering'
  | 'connecting'
  | 'talking'
  | 'reconnecting'
  | 'unattended'
  | 'wrap-up'
  | 'ended';

/** How an operator is reached; `number` devices come with outbound trunks. */
export type OperatorDevice = { kind: 'browser'; legId: LegId } | { kind: 'sip'; target: string };

export type TerminationClass = 'caller' | 'operator' | 'platform' | 'upstream' | 'indeterminate';

/** Why a call or leg ended: a class and a stable reason, mapped once to SIP and to words. */
export type Termination = {
  class: TerminationClass;
  reason:
    | 'hung-up'
    | 'abandoned'
    | 'unattended'
    | 'media-lost'
    | 'media-plane-lost'
    | 'no-common-codec'
    | 'ack-missing'
    | 'app-restarted'
    | 'operator-lost'
    | 'shutdown'
    | 'max-duration'
    | 'internal-error';
};

export type Offer = {
  operatorId: OperatorId;
  /** The leg that is (or will be) the operator's: the kept-up browser leg, or a new SIP leg. */
  legId: LegId;
  device: OperatorDevice;
  since: number;
};

export type CallTimerName =
  /** The offered operator does not answer. */
  | 'ring-no-answer'
  /** The longest a caller waits for an operator before the unattended prompt. */
  | 'max-wait'
  /** No operator signed in: how long the caller hears ringback before the prompt. */
  | 'nobody-there'
  /** All who are there were tried: when they may be offered the call once more. */
  | 'retry-offer'
  /** The operator's audio is gone; after it the call is offered on. */
  | 'reconnect'
  /** Answer was ordered; the caller's ACK or media did not come. */
  | 'connect'
  /** The unattended prompt does not report its end. */
  | 'prompt'
  | 'wrap-up'
  /** The last guard: no call lives longer than this. */
  | 'max-duration';

export type CallState = {
  id: CallId;
  phase: CallPhase;
  arrivedAt: number;
  /** When an operator and the caller first heard each other; a prompt does not count. */
  answeredAt: number | null;
  /** When the caller's part was over: set with `termination`, before wrap-up. */
  endedAt: number | null;
  caller: CallerIdentity;
  called: CalledParty;
  trunkId: TrunkId | null;
  callerLeg: { id: LegId; kind: 'sip' | 'browser'; answered: boolean; gone: boolean };
  offer: Offer | null;
  /** Set from accept until the call leaves this operator. */
  operator: { operatorId: OperatorId; legId: LegId; device: OperatorDevice } | null;
  /** The last operator who spoke with the caller; stays when the call has left her. */
  answeredBy: OperatorId | null;
  /** Operators who were offered this call and did not take it, oldest first. */
  triedOperators: OperatorId[];
  recordingId: RecordingId | null;
  /** Absolute due times (Unix ms); the engine arms one real timer per entry. */
  timers: Partial<Record<CallTimerName, number>>;
  termination: Termination | null;
  /** Counts transitions; the store's optimistic lock and the order of the transition log. */
  version: number;
};

export type CallSettings = {
  ringNoAnswerMs: number;
  maxWaitMs: number;
  nobodyThereMs: number;
  reconnectMs: number;
  connectMs: number;
  promptMs: number;
  wrapUpMs: number;
  maxDurationMs: number;
};

export const DEFAULT_CALL_SETTINGS: CallSettings = {
  ringNoAnswerMs: 15_000,
  maxWaitMs: 60_000,
  nobodyThereMs: 2_000,
  reconnectMs: 20_000,
  connectMs: 40_000,
  promptMs: 120_000,
  wrapUpMs: 15 * 60_000,
  maxDurationMs: 4 * 60 * 60_000,
};

export type CallEvent =
  /**
   * The answer to `findOperator`. `signedIn` tells "all busy" from "nobody there"; it counts the
   * excluded operators too. `operator.found` is told once for each claim.
   */
  | { type: 'operator.found'; operatorId: OperatorId; legId: LegId; device: OperatorDevice }
  | { type: 'operator.not-found'; signedIn: boolean }
  /** An operator became free while this call waits. */
  | { type: 'operator.became-available' }
  | { type: 'offer.accepted'; operatorId: OperatorId }
  | { type: 'offer.declined'; operatorId: OperatorId }
  | { type: 'offer.failed'; operatorId: OperatorId; reason: string }
  /** The caller's leg is answered (ACK received, or a browser caller at once). */
  | { type: 'caller.connected' }
  | { type: 'caller.hung-up' }
  | { type: 'caller.failed'; reason: 'media-lost' | 'ack-missing' | 'no-common-codec' }
  | { type: 'operator.hung-up'; operatorId: OperatorId }
  | { type: 'operator.audio-lost'; operatorId: OperatorId }
  | { type: 'operator.audio-back'; operatorId: OperatorId; legId: LegId }
  | { type: 'operator.wrapped-up'; operatorId: OperatorId }
  | { type: 'prompt.done' }
  | { type: 'media-plane.lost' }
  /** `due` is what the timer was armed with: where the state says otherwise, the firing is stale. */
  | { type: 'timer.fired'; timer: CallTimerName; due?: number }
  /**
   * A new app took the call over. What it found in the media plane; a leg that is gone is lost.
   * In `reconnecting` it says nothing new: audio that is back is told by `operator.audio-back`.
   */
  | { type: 'adopted'; callerLegAlive: boolean; operatorLegAlive: boolean }
  | { type: 'shutdown' }
  /** Our own bug in this call: end it alone. */
  | { type: 'failed'; detail: string };

/**
 * What the engine must do, in the domain's words. Committed with the state before any is run, run
 * in order, and run again after a crash if not marked done: every one is idempotent.
 */
export type CallEffect =
  /** Make what is heard and recorded what `soundOf` says: the first of the effects that change it. */
  | { type: 'applySound' }
  | { type: 'findOperator'; excluded: OperatorId[] }
  /** Tell a telephone that it rings (180). */
  | { type: 'ringCaller' }
  /** Browser: show the ring card. SIP: send the INVITE on `offer.legId`. */
  | { type: 'offerCall'; offer: Offer }
  | {
      type: 'withdrawOffer';
      offer: Offer;
      reason: 'answered' | 'no-answer' | 'caller-gone' | 'ended';
    }
  /** 200 OK with our SDP; `caller.connected` follows. */
  | { type: 'answerCaller' }
  /** BYE, CANCEL or a final refusal, whichever fits; closes the media leg. */
  | { type: 'endCallerLeg'; termination: Termination }
  /** A SIP operator's leg is ended; a browser's kept-up leg only parts from the call. */
  | { type: 'endOperatorLeg'; operatorId: OperatorId; legId: LegId; device: OperatorDevice }
  | { type: 'openDraft'; operatorId: OperatorId }
  /**
   * Only while this call holds the operator (by the claim of `findOperator`); otherwise nothing:
   * a late release must not free her from another call. `available` and `away` end the hold.
   */
  | {
      type: 'setOperatorState';
      operatorId: OperatorId;
      state: 'available' | 'busy' | 'wrap-up' | 'away';
    }
  /** The operator did not answer in time: count it; the floor may set the operator away. */
  | { type: 'noteRingNoAnswer'; operatorId: OperatorId }
  /**
   * A message without an operator: 不在着信. What a lost operator had already written down (the
   * call's draft) belongs into it.
   */
  | { type: 'recordUnansweredCall'; kind: 'unattended' | 'abandoned' }
  | { type: 'callEnded'; termination: Termination };

export type Step = { state: CallState; effects: CallEffect[] };

/** What an event needs besides itself. `newRecordingId` is drawn by the engine beforehand. */
export type StepContext = { now: number; settings: CallSettings; newRecordingId: RecordingId };

export type NewCall = {
  id: CallId;
  callerLegId: LegId;
  callerLegKind: 'sip' | 'browser';
  caller: CallerIdentity;
  called: CalledParty;
  trunkId: TrunkId | null;
};
