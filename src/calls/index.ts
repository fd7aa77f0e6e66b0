export { arrive, callBack, step } from './call-machine.ts';
export { DEFAULT_CALL_SETTINGS } from './call.ts';
export type {
  CallEffect,
  CallEvent,
  CallOperator,
  CallPhase,
  CallRules,
  CallSettings,
  CallState,
  CallTimerName,
  ContactLeg,
  FarEnd,
  Monitor,
  NewCall,
  NotReached,
  Offer,
  OperatorDevice,
  Relay,
  RelayReason,
  RelayTarget,
  SoundSource,
  Step,
  StepContext,
  Termination,
  TerminationClass,
} from './call.ts';
export type {
  CallCommands,
  CallOperations,
  CommandOutcome,
  CommandRefusal,
  RelayWish,
} from './ports.ts';
export type {
  CallQueries,
  CallRecord,
  FloorEvent,
  FloorEvents,
  Operator,
  OperatorState,
  EarlierOutcome,
} from './queries.ts';
export { RING_NO_ANSWER_LIMIT } from './floor.ts';
export { heldBy, noSoundFrom } from './far-side.ts';
export type { Party } from './far-side.ts';
export { operationsOf } from './operations.ts';
export type { Operation, Person } from './operations.ts';
export { keysGoTo, soundOf } from './sound.ts';
export type { Hearing, Playing, Sound } from './sound.ts';
export { isNotReached, noticeOf } from './termination.ts';
export type { TerminationNotice } from './termination.ts';
