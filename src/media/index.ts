export type {
  AttachedState,
  Codec,
  LegKind,
  MediaEvent,
  MediaPlane,
  MediaRefusal,
  MediaResult,
  OpenLegOptions,
  PlaybackSource,
  RecordOptions,
} from './plane.ts';
