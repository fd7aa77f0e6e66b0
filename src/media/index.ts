export type {
  AttachedState,
  Codec,
  LegKind,
  MediaEvent,
  MediaFigures,
  MediaPlane,
  MediaRefusal,
  MediaResult,
  OpenLegOptions,
  PlaybackSource,
  RecordOptions,
} from './plane.ts';
export {
  ALAW_DECODE,
  ALAW_ENCODE,
  ALAW_SILENCE,
  MULAW_DECODE,
  MULAW_ENCODE,
  MULAW_SILENCE,
  decodeMulaw,
  encodeInto,
  encodeMulaw,
} from './g711.ts';
export { addTimestamp, nextSequence, sequenceDistance, timestampDistance } from './sequence.ts';
export { RTP_HEADER_BYTES, emptyRtpHeader, readRtpHeader, writeRtpHeader } from './rtp-packet.ts';
export type { RtpHeader } from './rtp-packet.ts';
export { isRtcp, parseRtcp, toNtp, writeRtcp } from './rtcp.ts';
export type { ReportBlock, RtcpPacket, SenderInfo } from './rtcp.ts';
export { Reception } from './reception.ts';
export { JitterBuffer, noJitter } from './jitter-buffer.ts';
export type { FrameKind, JitterCounters } from './jitter-buffer.ts';
export { BEAT_MS, TURNS, Turn, endsFrame } from './beat.ts';
export type { Beat } from './beat.ts';
export { DtmfReceiver, areDigits, dtmfPayloads } from './dtmf-event.ts';
export type { DtmfDigit } from './dtmf-event.ts';
export { toneSamples } from './tones.ts';
export type { Tone } from './tones.ts';
export { FRAME_MS, FRAME_SAMPLES, MixFrame, SILENT_FRAME } from './mixer.ts';
export {
  RECORDING_HEADER_BYTES,
  RECORD_BYTES,
  RECORD_SAMPLES,
  newRecord,
  parseRecord,
  parseRecordingHeader,
  readRecording,
  recordCount,
  recordOffset,
  recordToPcm,
  sealRecord,
  silentSecond,
  silenceRecord,
  wavView,
  writeRecordingHeader,
} from './recording-format.ts';
export type {
  OpenRecord,
  RecordingCut,
  RecordingHeader,
  RecordingParse,
  RecordingRecord,
  WavSlice,
  WavView,
} from './recording-format.ts';
export {
  TELEPHONE_EVENT_PAYLOAD_TYPE,
  answerAudio,
  isHold,
  offerAudio,
  parseSdp,
  readAudio,
} from './sdp.ts';
export type {
  AudioAgreement,
  AudioReading,
  LocalAudio,
  SdpDirection,
  SdpMedia,
  SdpParse,
  SdpRtpMap,
  SessionDescription,
} from './sdp.ts';
export { Latch, addressBytes } from './latch.ts';
export type { LatchVerdict, MediaAddress } from './latch.ts';
export {
  CONTROL_VERSION,
  LineReader,
  LineWriter,
  encodeLine,
  parseFromController,
  parseFromProcess,
} from './control-protocol.ts';
export type {
  Attachment,
  ControlCommand,
  ControlReply,
  ControlRequest,
  FromController,
  FromProcess,
  NumberedEvent,
} from './control-protocol.ts';
export { FakeMediaPlane } from './media-plane-fake.ts';
export type { SeenCommand } from './media-plane-fake.ts';
