import type { E164 } from '../../base/index.ts';
import { heldBy, noSoundFrom, operationsOf } from '../../calls/index.ts';
import type { CallRecord, CallState, Person } from '../../calls/index.ts';
import type { CallView } from '../../contract/index.ts';
import type { Directory, NumberPlan } from '../../subscribers/index.ts';

export type CallWords = { directory: Directory; numbers: NumberPlan };

/** A call as people see it: names, words to say, numbers written out, and what `who` may do. */
export function presentCall(
  record: CallRecord,
  words: CallWords,
  who: Person | null = null,
): CallView {
  const { state } = record;
  const { id, version, arrivedAt, answeredAt, endedAt, recordingId, termination } = state;
  return {
    id,
    phase: phaseShown(state),
    version,
    arrivedAt,
    answeredAt,
    endedAt,
    caller: { ...state.caller, numberFormatted: format(state.caller.number, words.numbers) },
    called: presentCalled(state.called, words),
    operatorId: record.operatorId,
    operatorName: record.operatorName,
    recordingId,
    ...presentOperations(state, words),
    operations: who === null ? [] : operationsOf(state, who),
    termination,
  };
}

/** Talking without the operator's audio has a name of its own on screens. */
export function phaseShown({ phase, operator }: CallState): CallView['phase'] {
  const isLost = operator?.audio === 'lost';
  return isLost && (phase === 'talking' || phase === 'connecting') ? 'reconnecting' : phase;
}

function isUnrecorded({ unrecorded, termination }: CallState): boolean {
  return unrecorded === true && termination === null;
}

type OperationsView = Pick<
  CallView,
  | 'recordingPaused'
  | 'unrecorded'
  | 'muted'
  | 'direction'
  | 'heldSince'
  | 'contacts'
  | 'relay'
  | 'parked'
  | 'handOver'
  | 'monitors'
  | 'heldBy'
  | 'noSoundFrom'
>;

function presentOperations(state: CallState, { numbers }: CallWords): OperationsView {
  const { recordingPaused, muted, direction, heldSince, parked, handOver, relay } = state;
  return {
    recordingPaused,
    unrecorded: isUnrecorded(state),
    muted,
    direction,
    heldSince,
    parked,
    handOver,
    contacts: state.contacts.map(({ number, ...contact }) => {
      return { ...contact, numberFormatted: numbers.format(number) };
    }),
    relay: relay && {
      ...relay,
      waiting: relay.waiting.map(({ contactId, name }) => ({ contactId, name })),
    },
    heldBy: heldBy(state),
    noSoundFrom: noSoundFrom(state),
    monitors: state.monitors.map(({ operatorId, mode }) => ({ operatorId, mode })),
  };
}

function presentCalled(
  called: CallRecord['state']['called'],
  { directory, numbers }: CallWords,
): CallView['called'] {
  const { subscriberId, did } = called;
  const subscriber = subscriberId === null ? null : directory.subscriber(subscriberId);
  const words = subscriber ?? directory.settings().catchAll;
  return {
    ...called,
    subscriberName: subscriber?.name ?? null,
    subscriberKana: subscriber?.kana ?? null,
    didFormatted: format(did, numbers),
    didLabel: did === null ? null : (directory.did(did)?.label ?? null),
    greeting: words.greeting,
    greetingKana: words.greetingKana,
    note: words.note,
  };
}

export function format(number: E164 | null, numbers: NumberPlan): string | null {
  return number === null ? null : numbers.format(number);
}
