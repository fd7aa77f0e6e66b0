import type { CallQueries } from '../../calls/index.ts';
import type { FloorView } from '../../contract/index.ts';
import type { DeliveryStore } from '../../delivery/index.ts';
import { presentCall } from './call.ts';
import type { CallWords } from './call.ts';

export type FloorSources = CallWords & {
  calls: CallQueries;
  deliveries: Pick<DeliveryStore, 'undeliveredCount'>;
};

/** The floor as a supervisor sees it, in one snapshot. */
export async function presentFloor(sources: FloorSources): Promise<FloorView> {
  const [operators, calls, undelivered] = await Promise.all([
    sources.calls.operators(),
    sources.calls.openCalls(),
    sources.deliveries.undeliveredCount(),
  ]);
  return {
    operators: operators.map(({ id, name, deviceKind, state, stateSince, callId }) => {
      return { id, name, device: deviceKind, state, stateSince, callId };
    }),
    calls: calls.map((record) => {
      const { id, phase, arrivedAt, answeredAt, called, caller, operatorName } = presentCall(
        record,
        sources,
      );
      const { subscriberName } = called;
      const callerNumberFormatted = caller.numberFormatted;
      return {
        id,
        phase,
        arrivedAt,
        answeredAt,
        subscriberName,
        callerNumberFormatted,
        operatorName,
      };
    }),
    undelivered,
  };
}
