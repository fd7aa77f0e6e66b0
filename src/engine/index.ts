export { CallDesk } from './call-desk.ts';
export { CallIntake } from './call-intake.ts';
export { Engine } from './engine.ts';
export type { EngineDeps } from './engine.ts';
export { MediaProcessClient } from './media-client.ts';
export { systemNames } from './name-lookup.ts';
export { NumberReader } from './number-reader.ts';
export { OperationDesk } from './operation-desk.ts';
export { PhoneBook } from './phone-book.ts';
export { RegistrarService, SIP_REALM } from './registrar-service.ts';
export { SipService } from './sip-service.ts';
export { SipSocket } from './sip-socket.ts';
export { SipStreams } from './sip-streams.ts';
export type { IncomingRefer, ReferOptions, ReferOutcome, ReferReport } from './sip-transfer.ts';
export { TrunkCalls } from './outbound-calls.ts';
export { TrunkService } from './trunk-service.ts';
export type { LegSignalling } from './leg-signalling.ts';
export type {
  CallStore,
  FloorStore,
  MessageDesk,
  OutboundLedger,
  TrunkLimit,
  OutboundCalls,
  OutboundPlan,
  OutboundRefusal,
  OutboundRoute,
  OutboundWish,
  RecordingIndex,
  SettleRecordings,
  RegistrationStore,
  StoredBinding,
  SeenCall,
  StoredCall,
  StoredLeg,
  Transition,
  TrunkSecrets,
} from './ports.ts';
