import type { E164 } from '../../base/index.ts';
import type { CallRecord } from '../../calls/index.ts';
import type { CallView } from '../../contract/index.ts';
import type { Directory, NumberPlan } from '../../subscribers/index.ts';

export type CallWords = { directory: Directory; numbers: NumberPlan };

/** A call as people see it: names, words to say and numbers written out. */
export function presentCall(record: CallRecord, words: CallWords): CallView {
  const { state } = record;
  const { id, phase, version, arrivedAt, answeredAt, endedAt, recordingId, termination } = state;
  return {
    id,
    phase,
    version,
    arrivedAt,
    answeredAt,
    endedAt,
    caller: { ...state.caller, numberFormatted: format(state.caller.number, words.numbers) },
    called: presentCalled(state.called, words),
    operatorId: record.operatorId,
    operatorName: record.operatorName,
    recordingId,
    termination,
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
