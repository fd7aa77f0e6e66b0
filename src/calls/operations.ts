import type { OperatorId } from '../base/index.ts';
import type { CallEvent, CallPhase, CallState } from './call.ts';

/** What a person may do to a call. */
export type Operation =
  | 'answer'
  | 'decline'
  | 'hang-up'
  | 'hold'
  | 'retrieve'
  | 'mute'
  | 'send-digits'
  | 'pause-recording'
  | 'resume-recording'
  | 'relay'
  | 'connect'
  | 'three-way'
  | 'transfer'
  | 'park'
  | 'pick-up'
  | 'hand-over'
  | 'finish'
  | 'monitor';

export type Person = { operatorId: OperatorId; supervises: boolean };

/**
 * The operator's part of the table. Nobody hangs up on a caller whom she does not hear: from
 * everywhere else she goes back first.
 */
const OF_ITS_OPERATOR: Record<CallPhase, readonly Operation[]> = {
  waiting: [],
  offering: [],
  connecting: ['hang-up'],
  talking: ['hang-up', 'hold', 'mute', 'send-digits', 'relay', 'transfer', 'park', 'hand-over'],
  held: ['retrieve', 'relay', 'transfer', 'park', 'hand-over'],
  relaying: ['retrieve', 'relay'],
  consulting: ['retrieve', 'connect', 'three-way', 'mute', 'send-digits', 'relay'],
  'three-way': ['retrieve', 'connect', 'mute', 'send-digits'],
  relayed: [],
  parked: [],
  'handing-over': ['retrieve'],
  'calling-contact': [],
  'calling-customer': ['hang-up'],
  unattended: [],
  'wrap-up': ['finish'],
  ended: [],
};

/** Phases with a conversation that a supervisor may join. */
const MONITORED: readonly CallPhase[] = [
  'talking',
  'held',
  'relaying',
  'consulting',
  'three-way',
  'handing-over',
];

/** All that this person may do to the call now: asked by the machine, by REST and by the screen. */
export function operationsOf(state: CallState, who: Person): Operation[] {
  const { operatorId } = who;
  const operations: Operation[] = [];
  if (state.offer?.operatorId === operatorId) operations.push('answer', 'decline');
  if (state.operator?.operatorId === operatorId) operations.push(...ofItsOperator(state));
  else if (state.phase === 'parked') operations.push('pick-up');
  else if (who.supervises && MONITORED.includes(state.phase) && state.operator !== null) {
    operations.push('monitor');
  }
  if (state.wrappingUp?.operatorId === operatorId) {
    operations.push('finish');
    // Nobody took the caller whom she had left to a contact.
    if (state.phase === 'waiting') operations.push('pick-up');
  }
  return operations;
}

function ofItsOperator(state: CallState): Operation[] {
  const operations = OF_ITS_OPERATOR[state.phase].filter(
    (operation) => operation !== 'transfer' || state.rules.blindTransfer,
  );
  const isRecorded = state.recordingId !== null && state.termination === null;
  if (!isRecorded) return operations;
  return [...operations, state.recordingPaused ? 'resume-recording' : 'pause-recording'];
}

type OperationEvent = Extract<
  CallEvent,
  {
    type:
      | 'operator.held'
      | 'operator.retrieved'
      | 'operator.muted'
      | 'recording.paused'
      | 'recording.resumed'
      | 'relay.started'
      | 'relay.connected'
      | 'relay.widened'
      | 'transfer.started'
      | 'call.parked'
      | 'call.picked-up'
      | 'hand-over.started'
      | 'monitor.started';
  }
>;

const OPERATION_OF: Record<OperationEvent['type'], Operation> = {
  'operator.held': 'hold',
  'operator.retrieved': 'retrieve',
  'operator.muted': 'mute',
  'recording.paused': 'pause-recording',
  'recording.resumed': 'resume-recording',
  'relay.started': 'relay',
  'relay.connected': 'connect',
  'relay.widened': 'three-way',
  'transfer.started': 'transfer',
  'call.parked': 'park',
  'call.picked-up': 'pick-up',
  'hand-over.started': 'hand-over',
  'monitor.started': 'monitor',
};

/** Whether the event is an operation that the table forbids now. */
export function isForbidden(state: CallState, event: CallEvent): event is OperationEvent {
  if (!isOperation(event)) return false;
  const who = { operatorId: event.operatorId, supervises: true };
  return !operationsOf(state, who).includes(OPERATION_OF[event.type]);
}

function isOperation(event: CallEvent): event is OperationEvent {
  return Object.hasOwn(OPERATION_OF, event.type);
}
