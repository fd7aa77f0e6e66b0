import type { CallId, E164, LegId, OperatorId, SubscriberId, UserId } from '../base/index.ts';
import type { CallState, NotReached } from './call.ts';

export type OperatorState = 'offline' | 'available' | 'reserved' | 'busy' | 'wrap-up' | 'away';

/** A person (or a phone) on the floor. */
export type Operator = {
  id: OperatorId;
  key: string;
  name: string;
  userId: UserId | null;
  deviceKind: 'browser' | 'sip' | 'number';
  /** `sip`: registered user name, or a fixed URI. */
  sipUsername: string | null;
  sipUri: string | null;
  /** Her telephone is asked to pick up by itself. */
  autoAnswers: boolean;
  /** `number`: the outside number. */
  number: E164 | null;
  state: OperatorState;
  stateSince: number;
  /** Since when idle: the longest-idle rule's order. */
  idleSince: number;
  callId: CallId | null;
  /** The kept-up browser leg and the desk (tab) that holds it. */
  legId: LegId | null;
  deskId: string | null;
  ringNoAnswerCount: number;
};

/** A call as stored, for screens. */
export type CallRecord = {
  state: CallState;
  operatorId: OperatorId | null;
  operatorName: string | null;
};

/** How an earlier call ended for the caller. `cancelled`: given up by our side before she answered. */
export type EarlierOutcome =
  | 'answered'
  | 'relayed'
  | 'unattended'
  | 'abandoned'
  | 'cancelled'
  | 'line-lost'
  | 'fault'
  | NotReached;

/** What screens read about calls and operators. Implemented by storage. */
export interface CallQueries {
  call(id: CallId): Promise<CallRecord | null>;
  openCalls(): Promise<CallRecord[]>;
  waitingCount(): Promise<number>;
  /** Calls anybody may pick up, longest parked first. */
  parkedCalls(): Promise<CallRecord[]>;
  operator(id: OperatorId): Promise<Operator | null>;
  operatorByUser(userId: UserId): Promise<Operator | null>;
  operators(): Promise<Operator[]>;
  /** Earlier calls of this number to this subscriber, newest first. */
  earlierCalls(options: {
    caller: E164;
    subscriberId: SubscriberId;
    before: CallId;
    limit: number;
  }): Promise<
    {
      callId: CallId;
      arrivedAt: number;
      operatorName: string | null;
      summary: string;
      outcome: EarlierOutcome | null;
    }[]
  >;
}

/** What the floor announces to screens; carried by the process's own event bus. */
export type FloorEvent =
  | { type: 'operator.changed'; operatorId: OperatorId }
  | { type: 'call.changed'; callId: CallId; operatorId: OperatorId | null }
  | { type: 'audio.reopen'; operatorId: OperatorId }
  | { type: 'desk.taken'; operatorId: OperatorId; deskId: string }
  /** Where contacts are has changed. */
  | { type: 'presence.changed' }
  | {
      type: 'notice';
      operatorId: OperatorId | null;
      callId: CallId | null;
      code:
        | 'app-restarted'
        | 'call-ended-by-fault'
        | 'still-parked'
        | 'recording-failed'
        | 'recording-again'
        | 'audio-lost'
        | 'disk-full'
        | 'disk-room'
        | 'not-saved'
        | 'saved-again'
        | 'turning-away'
        | 'all-taken'
        | 'shutting-down';
    };

export interface FloorEvents {
  publish(event: FloorEvent): void;
  subscribe(listener: (event: FloorEvent) => void): () => void;
}
