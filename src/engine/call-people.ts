import type { LegId, OperatorId } from '../base/index.ts';
import type { CallState } from '../calls/index.ts';
import type { StoredCall } from './ports.ts';

/** Everybody whose desk shows this call. */
export function peopleIn({ offer, operator, wrappingUp, monitors }: CallState): OperatorId[] {
  const people = [offer, operator, wrappingUp, ...monitors];
  return people.flatMap((one) => (one === null ? [] : [one.operatorId]));
}

/** The call's telephones, and the desks' legs it names. */
export function legsOf({ legs, state }: StoredCall): LegId[] {
  const { offer, operator, monitors } = state;
  const desks = [offer, operator, ...monitors].flatMap((one) => (one === null ? [] : [one.legId]));
  return [...legs.map(({ id }) => id), ...desks];
}
