import type { E164, SubscriberId } from '../base/index.ts';
import type { Presentation } from './outbound-rules.ts';

/** Where the called number was found, in order of trust. */
export type RecognisedBy =
  | 'request-uri'
  | 'trunk-rule'
  | 'p-called-party-id'
  | 'diversion'
  | 'history-info'
  | 'browser'
  /** We called the customer back in the subscriber's name. */
  | 'call-back'
  | 'catch-all';

/** Whom the call is for, how that is known and how surely; on screen all through the call. */
export type CalledParty = {
  /** Null only for the catch-all desk: the operator asks which company was rung. */
  subscriberId: SubscriberId | null;
  /** The number of ours the call arrived on, when one was recognised. */
  did: E164 | null;
  /** As dialled, for the eye and for the log of a number nobody knows. */
  dialedNumber: string;
  how: RecognisedBy;
  certainty: 'certain' | 'likely' | 'unknown';
};

/** Why there is no caller number (Japanese carriers say it in the From display name). */
export type WithheldReason = 'withheld' | 'payphone' | 'unavailable';

export type CallerIdentity = {
  number: E164 | null;
  /** What the trunk sent when it is no E.164 number. */
  rawNumber: string | null;
  displayName: string | null;
  withheld: WithheldReason | null;
  international: boolean;
  /** Of a customer called back: as 184 or 186 before the number asked. */
  presentation?: Presentation | undefined;
};
