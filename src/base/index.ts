export { asId, newId } from './ids.ts';
export type {
  Brand,
  CallId,
  ContactId,
  DeliveryId,
  E164,
  LegId,
  MessageId,
  OperatorId,
  PlaybackId,
  Random,
  RecordingId,
  SubscriberId,
  TrunkId,
  UserId,
  ApiTokenId,
} from './ids.ts';
export { sleep } from './clock.ts';
export type { Clock, Timer } from './clock.ts';
export { ManualClock } from './manual-clock.ts';
export { AppError, AssertionError, assert, assertNever, toError } from './errors.ts';
export { silentLogger } from './logger.ts';
export type { Logger } from './logger.ts';
export { formatJapanese, toZoned } from './zoned-time.ts';
export type { ZonedTime } from './zoned-time.ts';
export { SignInThrottle } from './sign-in-throttle.ts';
export { insist } from './insist.ts';
export { deferred } from './deferred.ts';
export type { Deferred } from './deferred.ts';
