import type { OperatorId } from '../base/index.ts';
import type { Operator } from './queries.ts';

type Idle = Pick<Operator, 'id' | 'idleSince'>;

/**
 * The order in which free operators are offered a call: longest idle first, and the lower id where
 * two are equal, so that every process chooses the same. Storage does the same in SQL:
 * `ORDER BY idle_since, id`; ids are lower-case letters and digits, which every collation orders alike.
 */
export function compareIdle(a: Idle, b: Idle): number {
  if (a.idleSince !== b.idleSince) return a.idleSince - b.idleSince;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** The rule of `findOperator` over a whole floor; `reachable` is what the engine knows of devices. */
export function longestIdle(
  operators: readonly Operator[],
  excluded: readonly OperatorId[],
  reachable: (operator: Operator) => boolean,
): Operator | null {
  const free = operators.filter(
    (operator) =>
      operator.state === 'available' && !excluded.includes(operator.id) && reachable(operator),
  );
  return free.sort(compareIdle)[0] ?? null;
}

/** After so many offers in a row left to ring, an operator is not there: she is set away. */
export const RING_NO_ANSWER_LIMIT = 3;
