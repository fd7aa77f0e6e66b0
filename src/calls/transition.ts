import type { CallEffect, CallPhase, CallState, CallTimerName, Step } from './call.ts';

/** Without an operator; one who has left may still have her form open. */
const ALONE: readonly CallTimerName[] = ['wrap-up', 'probe', 'recording-pause', 'max-duration'];
const OF_HER_CALL: readonly CallTimerName[] = [
  'reconnect',
  'probe',
  'recording-pause',
  'max-duration',
];

/** The timers that may run in a phase; entering a phase stops all others. */
const TIMERS_OF: Record<CallPhase, readonly CallTimerName[]> = {
  waiting: ['max-wait', 'nobody-there', 'retry-offer', 'connect', ...ALONE],
  offering: ['ring-no-answer', 'max-wait', 'connect', ...ALONE],
  connecting: ['reconnect', 'connect', 'max-duration'],
  talking: OF_HER_CALL,
  held: ['hold-reminder', ...OF_HER_CALL],
  relaying: ['contact', 'hold-reminder', 'wrap-up', ...OF_HER_CALL],
  consulting: ['hold-reminder', ...OF_HER_CALL],
  'three-way': OF_HER_CALL,
  relayed: ALONE,
  parked: ['park', ...ALONE],
  'handing-over': ['ring-no-answer', 'hold-reminder', ...OF_HER_CALL],
  'calling-contact': ['contact', 'max-duration'],
  'calling-customer': ['customer', 'reconnect', 'max-duration'],
  unattended: ['connect', 'prompt', ...ALONE],
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

/** Several changes that one event makes: one transition. */
export function inTurn(state: CallState, ...steps: ((state: CallState) => Step)[]): Step {
  let reached = state;
  const effects: CallEffect[] = [];
  for (const next of steps) {
    const made = next(reached);
    reached = made.state;
    effects.push(...made.effects);
  }
  if (reached === state) return unchanged(state);
  return { state: { ...reached, version: state.version + 1 }, effects };
}
