export type { CalledParty, CallerIdentity, RecognisedBy, WithheldReason } from './called-party.ts';
export type {
  CenterSettings,
  Contact,
  Did,
  Directory,
  PresenceBook,
  Subscriber,
  Trunk,
  TrunkOutbound,
  TrunkRegistration,
} from './ports.ts';
export {
  DEFAULT_OUTBOUND_RULES,
  OUTBOUND_WORDS,
  ceilingReached,
  checkOutboundNumber,
  digitsForTrunk,
  inFormat,
  presentationOf,
} from './outbound-rules.ts';
export type {
  Ceiling,
  NumberRefusal,
  NumberVerdict,
  OutboundRules,
  OutboundUse,
  Presentation,
} from './outbound-rules.ts';
export { presenceAt } from './presence.ts';
export type { Presence, PresenceState } from './presence.ts';
export { DEFAULT_RELAY_RULES } from './relay-rules.ts';
export type { RelayRules } from './relay-rules.ts';
export { identifyCaller } from './identify-caller.ts';
export type { CallerCandidates } from './identify-caller.ts';
export { TRUNK_TROUBLE_WORDS } from './trunk-status.ts';
export type { TrunkState, TrunkStatus, TrunkTrouble } from './trunk-status.ts';
export { dialedDigits, readNumber } from './phone-number.ts';
export type { NumberPlan } from './phone-number.ts';
export { recogniseBrowserCall, recogniseCalled } from './recognise-called.ts';
export type { CalledCandidates, DidDirectory } from './recognise-called.ts';
