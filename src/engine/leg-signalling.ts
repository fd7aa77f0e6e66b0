import type { LegId } from '../base/index.ts';
import type {
  DialogState,
  StoredAnswer,
  StoredIncomingInvite,
  StoredInvite,
  StoredRequest,
} from '../sip/index.ts';

/** Who sent the INVITE: the far end, or we. */
type Side = LegSignalling['side'];

/**
 * A leg's signalling as stored with the call: all that another process needs to answer, to
 * acknowledge, to cancel or to end it.
 */
export type LegSignalling = (
  | {
      side: 'incoming';
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
      side: 'outgoing';
      /** As it was sent: the next process goes on with it or cancels it. */
      invite: StoredInvite;
      /** Known from the phone's 2xx on. */
      dialog: DialogState | null;
    }
) & {
  /** The dialog is over. With our BYE, which may not have left before its process died. */
  over?: { bye: (StoredRequest & { at: number }) | null };
  /** A REFER of the far end that we took and whose end it has not been told yet. */
  refer?: PendingRefer | undefined;
};

/** `seq`: the CSeq that names its subscription (RFC 3515 §2.4.6); `target`: the leg of whom it wants called. */
export type PendingRefer = { seq: number; target: LegId };

export type IncomingSignalling = Extract<LegSignalling, { side: 'incoming' }>;
export type OutgoingSignalling = Extract<LegSignalling, { side: 'outgoing' }>;

/** As calls were stored before, by who stood at that side most often. */
const FORMER_SIDES: Record<string, Side> = { caller: 'incoming', operator: 'outgoing' };

/** Signalling as an earlier version may have stored it. */
export function readSignalling<T extends { side: string }>(stored: T | null): LegSignalling | null {
  if (stored === null) return null;
  const side = FORMER_SIDES[stored.side] ?? stored.side;
  return { ...stored, side } as unknown as LegSignalling;
}
