import type { OperatorId } from '../../base/index.ts';
import { operationsOf } from '../../calls/index.ts';
import type { CallQueries, CallRecord } from '../../calls/index.ts';
import type { FloorView } from '../../contract/index.ts';
import type { DeliveryStore } from '../../delivery/index.ts';
import { presentCall } from './call.ts';
import type { CallWords } from './call.ts';

export type FloorSources = CallWords & {
  calls: CallQueries;
  deliveries: Pick<DeliveryStore, 'undeliveredCount'>;
};

/** The floor as a supervisor sees it, in one snapshot; `place` is her own on the floor, if any. */
export async function presentFloor(
  sources: FloorSources,
  place: OperatorId | null,
): Promise<FloorView> {
  const [operators, calls, undelivered] = await Promise.all([
    sources.calls.operators(),
    sources.calls.openCalls(),
    sources.deliveries.undeliveredCount(),
  ]);
  const names = new Map(operators.map(({ id, name }) => [id, name]));
  const modes = new Map(
    calls.flatMap(({ state }) => state.monitors.map(({ operatorId, mode }) => [operatorId, mode])),
  );
  return {
    operators: operators.map(({ id, name, deviceKind, state, stateSince, callId }) => {
      const watches = modes.get(id) ?? null;
      return { id, name, device: deviceKind, state, stateSince, callId, watches };
    }),
    calls: calls.map((record) => presentFloorCall(record, { sources, names, place })),
    undelivered,
  };
}

function presentFloorCall(
  record: CallRecord,
  around: { sources: CallWords; names: ReadonlyMap<OperatorId, string>; place: OperatorId | null },
): FloorView['calls'][number] {
  const { sources, names, place } = around;
  const { state } = record;
  const { id, phase, arrivedAt, answeredAt, called, caller, operatorName, unrecorded } =
    presentCall(record, sources);
  return {
    id,
    phase,
    arrivedAt,
    answeredAt,
    subscriberName: called.subscriberName,
    callerNumberFormatted: caller.numberFormatted,
    operatorName,
    unrecorded,
    monitors: state.monitors.map(({ operatorId, mode }) => {
      return { operatorId, name: names.get(operatorId) ?? '', mode };
    }),
    operations: place === null ? [] : operationsOf(state, { operatorId: place, supervises: true }),
  };
}
