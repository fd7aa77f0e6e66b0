import type { CallEffect, CallPhase, CallState, CallTimerName, Step } from './call.ts';

/** The timers that may run in a phase; entering a phase stops all others. */
const TIMERS_OF: Record<CallPhase, readonly CallTimerName[]> = {
  waiting: ['max-wait', 'nobody-there', 'retry-offer', 'connect', 'max-duration'],
  offering: ['ring-no-answer', 'max-wait', 'connect', 'max-duration'],
  connecting: ['connect', 'max-duration'],
  talking: ['max-duration'],
  reconnecting: ['reconnect', 'connect', 'max-duration'],
  unattended: ['connect', 'prompt', 'max-duration'],
  'wrap-up': ['wrap-up'],
  ended: [],
};

export type Timers = CallState['timers'];

/** The event does not fit the state: the very same state, so that nothing is stored. */
export function unchanged(state: CallState): Step {
  return { state, effects: [] };
}

export function change(
  state: CallState,
  changes: Partial<CallState>,
  effects: CallEffect[] = [],
): Step {
  return { state: { ...state, ...changes, version: state.version + 1 }, effects };
}

/** What changes when a phase is entered: running timers that belong to it, and new ones. */
export function enter(
  state: CallState,
  phase: CallPhase,
  started: Timers = {},
): Pick<CallState, 'phase' | 'timers'> {
  const timers: Timers = {};
  const all = { ...state.timers, ...started };
  for (const name of TIMERS_OF[phase]) {
    const due = all[name];
    if (due !== undefined) timers[name] = due;
  }
  return { phase, timers };
}

export function withoutTimer(timers: Timers, stopped: CallTimerName): Timers {
  const rest = { ...timers };
  Reflect.deleteProperty(rest, stopped);
  return rest;
}
