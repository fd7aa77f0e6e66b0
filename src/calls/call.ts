import type {
  CallId,
  ContactId,
  E164,
  LegId,
  OperatorId,
  RecordingId,
  TrunkId,
} from '../base/index.ts';
import { DEFAULT_RELAY_RULES } from '../subscribers/index.ts';
import type {
  CalledParty,
  CallerIdentity,
  Presentation,
  RelayRules,
} from '../subscribers/index.ts';

/**
 * The call, as data. Everything from the first INVITE to the end of wrap-up.
 *
 * ```
 *            ┌──────────── ring-no-answer, declined, failed ───────────┐
 *            ▼                                                         │
 * arrived ─► waiting ─► offering ─► connecting ─► talking ─► wrap-up ─► ended
 *            │  ▲                                  │ ▲
 *            │  └── after 20 s without her audio ──┘ │   calling-contact ─► calling-customer ─┐
 *            └─► unattended (prompt) ─► ended        │   (call-back)                          │
 *                                                    │                                        ▼
 *        ┌──────────── retrieve ─────────────────────┤                              talking, relayed
 *        │                                           ▼
 *        ├── held ◄─ hold ───────────────────── talking ─ park ─► parked ─ pick-up ─► talking
 *        │    ▲  ▲                               │     └─ hand-over ─► handing-over ─► talking
 *        │    │  └── nobody took the hand-over   │                                    (another)
 *        │    └── no contact could be had        ▼
 *        ├── relaying ◄─ relay ──────────────── talking, held
 *        │    ├─ the contact answers ─► consulting ─ three-way ─► three-way
 *        │    │                          └─ connect ─► relayed ◄─ connect ─┘
 *        │    ├─ key 1, blind transfer ─► relayed ─► wrap-up or ended
 *        │    └─ a transfer nobody took ─► waiting ─ pick-up, by who had left ─► talking
 *        └── consulting, three-way, handing-over
 * ```
 * From every phase before `wrap-up` the caller may hang up. An operator may lose her audio in any
 * phase in which she has the call: what she does not hear is in `operator.audio`, not in the phase.
 */
export type CallPhase =
  | 'waiting'
  | 'offering'
  | 'connecting'
  | 'talking'
  | 'held'
  | 'relaying'
  | 'consulting'
  | 'three-way'
  | 'relayed'
  | 'parked'
  | 'handing-over'
  | 'calling-contact'
  | 'calling-customer'
  | 'unattended'
  | 'wrap-up'
  | 'ended';

/** How an operator is reached. `number`: a telephone outside, which takes a call by key only. */
export type OperatorDevice =
  | { kind: 'browser'; legId: LegId }
  | { kind: 'sip'; target: string; autoAnswer?: true }
  | { kind: 'number'; number: E164 };

export type TerminationClass =
  'caller' | 'operator' | 'contact' | 'platform' | 'upstream' | 'indeterminate';

/** Why a call or leg ended: a class and a stable reason, mapped once to SIP and to words. */
export type Termination = {
  class: TerminationClass;
  reason:
    | 'hung-up'
    | 'abandoned'
    | 'unattended'
    | 'media-lost'
    /** The far end is gone without a word: its session has run out, or it answers no more. */
    | 'line-lost'
    | 'media-plane-lost'
    | 'no-common-codec'
    | 'ack-missing'
    | 'app-restarted'
    | 'operator-lost'
    | 'shutdown'
    | 'max-duration'
    | 'internal-error'
    | NotReached;
};

/**
 * Who could not be had in a call-back, and why. `refused`: by our rules for calls out, or by the
 * carrier. `no-key`: most likely a voicemail.
 */
export type NotReached =
  | `${'contact' | 'customer'}-${'no-answer' | 'busy' | 'wrong-number' | 'refused' | 'unreachable'}`
  | 'contact-no-key';

export type Offer = {
  operatorId: OperatorId;
  /** The leg that is (or will be) the operator's: the kept-up browser leg, or a new SIP leg. */
  legId: LegId;
  device: OperatorDevice;
  since: number;
  /** A telephone outside was picked up: it hears what this is and is asked for a key. */
  asked?: boolean;
};

/** A far end that does something unusual. `sending`: it holds us and plays something meanwhile. */
export type FarEnd = {
  legId: LegId;
  held: 'sending' | 'silent' | null;
  unheard: 'never' | 'stopped' | null;
};

/** Who has the call now. `lost`: her audio is gone and may come back. */
export type CallOperator = {
  operatorId: OperatorId;
  legId: LegId;
  device: OperatorDevice;
  audio: 'up' | 'lost';
};

/** Whom to ring in a relay. The leg's id is drawn beforehand. */
export type RelayTarget = {
  legId: LegId;
  /** Null for a number that stands in no list of contacts. */
  contactId: ContactId | null;
  name: string;
  number: E164;
  /** As 184 or 186 before the number asked; else the trunk's rule holds. */
  presentation?: Presentation | undefined;
};

/**
 * A contact's leg. `announcing`: the system says who calls and waits for a key; `waiting`: the
 * contact pressed 3 and will be ready in a moment; `accepting`: pressed 1, both are told that they
 * are being connected; `declining`: pressed 2, which is noted already, and is told so; `joined`:
 * talks with whom the phase says.
 */
export type ContactLeg = RelayTarget & {
  state: 'dialing' | 'ringing' | 'announcing' | 'waiting' | 'accepting' | 'declining' | 'joined';
  /** When this state has lasted too long; null when joined. */
  due: number | null;
  /** Rung, and something comes from there already: a carrier's announcement, its own ringback. */
  early?: boolean;
  /** Waiting, and the words that go before the music are said. */
  told?: boolean;
  /** How many keys that mean nothing were pressed. `saying`: the words about the last are not over. */
  unknownKeys?: { count: number; saying: boolean };
};

/** Words that are said once; their end is told. */
export type Prompt =
  | 'unattended'
  | 'absent'
  | 'connecting'
  | 'relay-accepted'
  | 'relay-declined'
  | 'relay-wait'
  | 'key-unknown';

/** What can be played to a leg, in the call's words. */
export type SoundSource =
  | 'ringback'
  | 'wait-tone'
  | 'hold-music'
  | 'hold-reminder'
  | 'announce-relay'
  | 'call-back-announce'
  | Prompt;

/** Why a contact was not connected: decides the operator's next phrase. */
export type RelayReason =
  | 'busy'
  | 'no-answer'
  | 'declined'
  /** Answered, but no key was pressed: most likely a voicemail. */
  | 'no-key'
  | 'voicemail'
  | 'call-back'
  | 'wrong-number'
  | 'absent'
  | 'not-allowed'
  /** A ceiling on calls out is reached. */
  | 'too-many-calls'
  | 'unreachable'
  | 'withdrawn';

/** 取次ぎ under way, or how the last one went. */
export type Relay = {
  /** Who speaks to the contact first; `nobody`: blind transfer. */
  announce: 'operator' | 'system' | 'nobody';
  /** Still to be rung when those ringing cannot be had. */
  waiting: RelayTarget[];
  outcomes: { contactId: ContactId | null; name: string; reason: RelayReason }[];
};

/** A supervisor in the call: hears it, is heard by the operator, or by all. */
export type Monitor = {
  operatorId: OperatorId;
  legId: LegId;
  mode: 'listen' | 'whisper' | 'barge';
  /** What she was before and is again afterwards. */
  returnTo: 'available' | 'away' | 'offline';
};

/** What the subscriber's or the office's rules say about this call; fixed when it arrives. */
export type CallRules = RelayRules;

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
  /** The first of the contacts who ring or are asked for a key has been at it too long. */
  | 'contact'
  /** The customer who is called back does not answer. */
  | 'customer'
  /** While the caller hears music: the operator is reminded. */
  | 'hold-reminder'
  /** Nobody picks the parked call up. */
  | 'park'
  /** A far end of which nothing is heard is asked whether it is there. */
  | 'probe'
  /** A pause of the recording that was forgotten. */
  | 'recording-pause'
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
  operator: CallOperator | null;
  /** The operator who has left the caller to a contact and still writes her form. */
  wrappingUp: CallOperator | null;
  contacts: ContactLeg[];
  relay: Relay | null;
  /** Also while the telephone is rung of who picks it up. */
  parked: { by: OperatorId; since: number; note: string } | null;
  /** Words of the operator who handed the call over, and how it went. */
  handOver: {
    from: OperatorId;
    to: OperatorId;
    note: string;
    outcome: 'pending' | 'taken' | 'no-answer' | 'declined' | 'failed';
  } | null;
  monitors: Monitor[];
  /** Far ends of legs that hold us or of which nothing is heard; absent when there was none yet. */
  farEnds?: FarEnd[];
  /** The operator is heard by nobody. */
  muted: boolean;
  recordingPaused: boolean;
  /** The recording could not be begun, has failed, or loses seconds now; absent when it never did. */
  unrecorded?: boolean;
  /** Since when the caller hears music instead of a person. */
  heldSince: number | null;
  /** The caller was told that the contacts are away; absent before. */
  absentSaid?: boolean;
  /** How often the operator was reminded of her since. */
  reminders: number;
  rules: CallRules;
  /** `call-back`: we called the customer, who is `caller` all the same. */
  direction: 'inbound' | 'call-back';
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
  /** How long a contact is rung. */
  contactRingMs: number;
  /** How long a contact may take to press a key. */
  announceMs: number;
  /** How long after key 3. */
  contactWaitMs: number;
  /** How long after key 1 or 2, where the end of the words is not reported. */
  acceptMs: number;
  holdReminderMs: number;
  parkMs: number;
  recordingPauseMs: number;
  /**
   * How long nothing is heard of a far end until it is asked whether it is there, and until it is asked
   * again. Long: people are told at once, a telephone may be silent for its own reasons, and some answer
   * a request they did not expect by ending the call.
   */
  probeMs: number;
  probeAgainMs: number;
  rules: CallRules;
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
  contactRingMs: 25_000,
  announceMs: 20_000,
  contactWaitMs: 60_000,
  acceptMs: 10_000,
  holdReminderMs: 60_000,
  parkMs: 3 * 60_000,
  recordingPauseMs: 3 * 60_000,
  probeMs: 5 * 60_000,
  probeAgainMs: 5 * 60_000,
  rules: DEFAULT_RELAY_RULES,
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
  /**
   * A telephone outside was picked up, by whom or by what is not known until a key is pressed; `wait`
   * is the key that asks for a moment more.
   */
  | { type: 'offer.picked-up'; operatorId: OperatorId; wait: boolean }
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
  /** Her telephone's BYE. With a contact on the line it connects; else she has left the call. */
  | { type: 'operator.left'; operatorId: OperatorId }
  | { type: 'operator.held'; operatorId: OperatorId }
  /** Back to the caller, whatever else was going on; `because` is what she learned of the contact. */
  | { type: 'operator.retrieved'; operatorId: OperatorId; because: RelayReason | null }
  | { type: 'operator.muted'; operatorId: OperatorId; on: boolean }
  | { type: 'recording.paused'; operatorId: OperatorId }
  | { type: 'recording.resumed'; operatorId: OperatorId }
  /** Nothing of what is said is kept, from now on or until it is mended. */
  | { type: 'recording.failing'; recordingId: RecordingId }
  | { type: 'recording.mended'; recordingId: RecordingId }
  | {
      type: 'relay.started';
      operatorId: OperatorId;
      targets: RelayTarget[];
      order: 'one-after-another' | 'together';
      announce: 'operator' | 'system';
    }
  | { type: 'relay.connected'; operatorId: OperatorId }
  | { type: 'relay.widened'; operatorId: OperatorId }
  /** `stays`: until the contact has answered, and for good when he does not. */
  | { type: 'transfer.started'; operatorId: OperatorId; target: RelayTarget; stays: boolean }
  | { type: 'contact.ringing'; legId: LegId }
  /** Sound comes before the answer (183 with SDP). */
  | { type: 'contact.early-media'; legId: LegId }
  | { type: 'contact.answered'; legId: LegId }
  | { type: 'contact.failed'; legId: LegId; reason: RelayReason }
  | { type: 'contact.hung-up'; legId: LegId }
  | { type: 'contact.pressed'; legId: LegId; digit: string }
  | { type: 'customer.failed'; reason: RelayReason }
  | { type: 'call.parked'; operatorId: OperatorId; note: string }
  /** Like `operator.found`, she is claimed for the call before; who still writes about it is held by it. */
  | {
      type: 'call.picked-up';
      operatorId: OperatorId;
      legId: LegId;
      device: OperatorDevice;
    }
  | {
      type: 'hand-over.started';
      operatorId: OperatorId;
      /** Claimed for the call before. */
      to: { operatorId: OperatorId; legId: LegId; device: OperatorDevice };
      note: string;
    }
  /** Also a change of mode. */
  | ({ type: 'monitor.started' } & Monitor)
  | { type: 'monitor.ended'; operatorId: OperatorId }
  /** The far end of a leg holds us (re-INVITE), or does so no longer. */
  | { type: 'leg.held'; legId: LegId; how: FarEnd['held'] }
  /** No sound comes from a leg that somebody should hear, or it does again. */
  | { type: 'leg.unheard'; legId: LegId; why: FarEnd['unheard'] }
  /**
   * Nobody is there any more, and nobody has hung up: the session was not refreshed (RFC 4028 §10), or
   * the far end does not answer.
   */
  | { type: 'leg.lost'; legId: LegId }
  | { type: 'prompt.done'; legId: LegId; source: SoundSource }
  | { type: 'media-plane.lost' }
  /** `due` is what the timer was armed with: where the state says otherwise, the firing is stale. */
  | { type: 'timer.fired'; timer: CallTimerName; due?: number }
  /** A new app took the call over and found these legs in the media plane; all others are lost. */
  | { type: 'adopted'; alive: readonly LegId[] }
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
  | { type: 'dialContact'; contact: RelayTarget }
  /** Whoever ended it: BYE or CANCEL where one is still owed, and the media leg is closed. */
  | { type: 'endContactLeg'; legId: LegId }
  /** Call-back: the INVITE to the customer, on the caller's leg. */
  | { type: 'dialCustomer' }
  /** BYE, CANCEL or a final refusal, whichever fits; closes the media leg. */
  | { type: 'endCallerLeg'; termination: Termination }
  /** A SIP operator's leg is ended; a browser's kept-up leg only parts from the call. */
  | { type: 'endOperatorLeg'; operatorId: OperatorId; legId: LegId; device: OperatorDevice }
  /** Ask the far end whether it still has the call; one that has not is gone, and the call is told. */
  | { type: 'probeLeg'; legId: LegId }
  | { type: 'openDraft'; operatorId: OperatorId }
  /**
   * Only while this call holds the operator (by the claim of `findOperator`); otherwise nothing:
   * a late release must not free her from another call. `available` and `away` end the hold.
   */
  | {
      type: 'setOperatorState';
      operatorId: OperatorId;
      state: 'available' | 'busy' | 'wrap-up' | 'away' | 'offline';
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
