import type { CallId, ContactId, E164, LegId, OperatorId, SubscriberId } from '../base/index.ts';
import type { Presentation } from '../subscribers/index.ts';
import type { Monitor, RelayReason } from './call.ts';

/** Why a command was not carried out. The console says it in words; the API returns it as code. */
export type CommandRefusal =
  | 'no-such-call'
  | 'not-your-call'
  | 'not-offered'
  | 'call-over'
  /** The call is in a phase that does not allow it; `operationsOf` says what does. */
  | 'not-possible-now'
  /** Another desk was quicker. */
  | 'already-taken'
  | 'no-such-contact'
  | 'no-number'
  | 'operator-not-free'
  | 'not-digits'
  | 'not-signed-in'
  | 'operator-busy'
  | 'audio-not-ready'
  /** Her desk is a telephone that has not registered. */
  | 'telephone-not-ready'
  /** Only a desk in a browser can do this. */
  | 'browser-needed'
  | 'desk-elsewhere'
  | 'unknown-number'
  | 'too-many-calls'
  | 'bad-sdp'
  | 'no-common-codec'
  | 'media-unavailable'
  /** It could not be stored, so it was not done. */
  | 'not-saved';

export type CommandOutcome<T = null> =
  { ok: true; value: T } | { ok: false; reason: CommandRefusal };

/**
 * What people may do to calls. Provided by `engine`, used by `http`. Every command answers after
 * its transition is stored; effects may still be on their way.
 */
export interface CallCommands {
  answer(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome>;
  decline(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome>;
  hangUp(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome>;
  finishWrapUp(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome>;
  /** 受電開始 / 離席 / 終了. `available` needs ready audio for a browser device. */
  setPresence(
    operatorId: OperatorId,
    presence: 'available' | 'away' | 'offline',
  ): Promise<CommandOutcome>;
  /**
   * The desk's kept-up audio leg: the browser's SDP offer in, our answer out. A desk that opens
   * audio again (reload, lost network, restarted media) replaces its earlier leg and, when a call
   * waits for it, has the call back.
   */
  openAudio(
    operatorId: OperatorId,
    deskId: string,
    sdpOffer: string,
  ): Promise<CommandOutcome<{ legId: LegId; sdpAnswer: string }>>;
  closeAudio(operatorId: OperatorId, deskId: string): Promise<CommandOutcome>;
  /** The operator hears herself one second later, for `seconds`. */
  echoTest(operatorId: OperatorId, seconds: number): Promise<CommandOutcome>;
  /** A caller in a browser ("call as a customer"); the answer carries our SDP. */
  callAsCustomer(options: {
    dialedNumber: string;
    callerNumber: string | null;
    sdpOffer: string;
  }): Promise<CommandOutcome<{ callId: CallId; sdpAnswer: string }>>;
  hangUpCustomer(callId: CallId): Promise<CommandOutcome>;
}

/** Whom to ring: somebody on the subscriber's list, or a number. */
export type RelayWish =
  | { contactId: ContactId }
  | { number: E164; name: string; presentation?: Presentation | undefined };

/**
 * What may be done with a call that is up. Each asks `operationsOf` first and is refused with
 * `not-possible-now` where the call's phase does not allow it.
 */
export interface CallOperations {
  hold(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome>;
  /** Back to the caller from wherever the call is; `because` is what she learned of the contact. */
  retrieve(
    operatorId: OperatorId,
    callId: CallId,
    because: RelayReason | null,
  ): Promise<CommandOutcome>;
  mute(operatorId: OperatorId, callId: CallId, on: boolean): Promise<CommandOutcome>;
  pauseRecording(operatorId: OperatorId, callId: CallId, on: boolean): Promise<CommandOutcome>;
  /** To whoever she talks with: the contact while consulting, else the caller. */
  sendDigits(operatorId: OperatorId, callId: CallId, digits: string): Promise<CommandOutcome>;
  /** 取次ぎ */
  relay(
    operatorId: OperatorId,
    callId: CallId,
    wish: {
      to: readonly RelayWish[];
      order: 'one-after-another' | 'together';
      announce: 'operator' | 'system';
    },
  ): Promise<CommandOutcome>;
  /** Caller and contact talk on; the operator leaves. */
  connect(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome>;
  threeWay(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome>;
  /** Blind: the operator leaves at once. */
  transfer(operatorId: OperatorId, callId: CallId, to: RelayWish): Promise<CommandOutcome>;
  park(operatorId: OperatorId, callId: CallId, note: string): Promise<CommandOutcome>;
  pickUp(operatorId: OperatorId, callId: CallId): Promise<CommandOutcome>;
  handOver(
    operatorId: OperatorId,
    callId: CallId,
    to: { operatorId: OperatorId; note: string },
  ): Promise<CommandOutcome>;
  /** A supervisor listens, whispers or barges in; null ends it. */
  monitor(
    supervisor: OperatorId,
    callId: CallId,
    mode: Monitor['mode'] | null,
  ): Promise<CommandOutcome>;
  /**
   * Click-to-call-back: rings the contact, or the operator at her desk, then the customer, who sees
   * the subscriber's number.
   */
  callBack(wish: {
    subscriberId: SubscriberId;
    number: E164;
    presentation?: Presentation | undefined;
    first: { contactId: ContactId } | { operatorId: OperatorId };
  }): Promise<CommandOutcome<{ callId: CallId }>>;
}
