export type {
  CallStore,
  FloorStore,
  MessageDesk,
  RecordingIndex,
  RegistrationStore,
  StoredBinding,
  StoredCall,
  StoredLeg,
  Transition,
} from './ports.ts';
