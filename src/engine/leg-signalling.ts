import type {
  DialogState,
  StoredAnswer,
  StoredIncomingInvite,
  StoredInvite,
} from '../sip/index.ts';

/**
 * A leg's signalling as stored with the call: all that another process needs to answer, to
 * acknowledge, to cancel or to end it.
 */
export type LegSignalling =
  | {
      side: 'caller';
      /** Another process goes on with it: answers, rejects, hears its CANCEL. */
      invite: StoredIncomingInvite;
      /** The 200 as it will be or was sent; its dialog has our To tag. */
      answer: StoredAnswer;
      /** True when the INVITE carried no offer: the ACK brings the answer to ours. */
      offerless: boolean;
      /** The dialog as it stands, CSeq numbers included. */
      dialog: DialogState;
    }
  | {
      side: 'operator';
      /** As it was sent: the next process goes on with it or cancels it. */
      invite: StoredInvite;
      /** Known from the phone's 2xx on. */
      dialog: DialogState | null;
    };

export type CallerSignalling = Extract<LegSignalling, { side: 'caller' }>;
export type OperatorSignalling = Extract<LegSignalling, { side: 'operator' }>;
