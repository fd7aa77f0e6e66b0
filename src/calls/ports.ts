import type { CallId, LegId, OperatorId } from '../base/index.ts';

/** Why a command was not carried out. The console says it in words; the API returns it as code. */
export type CommandRefusal =
  | 'no-such-call'
  | 'not-your-call'
  | 'not-offered'
  | 'call-over'
  | 'not-signed-in'
  | 'operator-busy'
  | 'audio-not-ready'
  | 'desk-elsewhere'
  | 'unknown-number'
  | 'too-many-calls'
  | 'bad-sdp'
  | 'no-common-codec'
  | 'media-unavailable';

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
