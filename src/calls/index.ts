export { arrive, step } from './call-machine.ts';
export { DEFAULT_CALL_SETTINGS } from './call.ts';
export type {
  CallEffect,
  CallEvent,
  CallPhase,
  CallSettings,
  CallState,
  CallTimerName,
  NewCall,
  Offer,
  OperatorDevice,
  Step,
  StepContext,
  Termination,
  TerminationClass,
} from './call.ts';
export type { CallCommands, CommandOutcome, CommandRefusal } from './ports.ts';
export type {
  CallQueries,
  CallRecord,
  FloorEvent,
  FloorEvents,
  Operator,
  OperatorState,
} from './queries.ts';
export { RING_NO_ANSWER_LIMIT, compareIdle, longestIdle } from './floor.ts';
export { soundOf } from './sound.ts';
export type { Hearing, Playing, Sound, SoundSource } from './sound.ts';
export { noticeOf, terminationOf } from './termination.ts';
export type { TerminationNotice } from './termination.ts';
