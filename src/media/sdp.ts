/**
 * SDP (RFC 8866) as far as one G.711 audio stream needs it, offer and answer (RFC 3264), and the lines
 * of WebRTC. Reading is tolerant: unknown lines are skipped, odd line ends accepted, everything bounded.
 */
import { addressBytes } from './latch.ts';
import type { Codec, LegKind } from './plane.ts';

const MAX_SDP_CHARACTERS = 20_000;
const MAX_LINES = 500;
const MAX_MEDIA = 16;
export const TELEPHONE_EVENT_PAYLOAD_TYPE = 101;

export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export type SdpRtpMap = {
  payloadType: number;
  name: string;
  clockRateHz: number;
  channels: number;
  fmtp?: string;
};

export type SdpIce = {
  ufrag?: string;
  pwd?: string;
  options: string[];
  lite: boolean;
  candidates: string[];
  endOfCandidates: boolean;
};

export type SdpDtls = { fingerprints: { hash: string; value: string }[]; setup?: string };

export type SdpMedia = {
  kind: string;
  port: number;
  protocol: string;
  payloadTypes: number[];
  address?: string;
  direction: SdpDirection;
  ptimeMs?: number;
  mid?: string;
  rtcpMux: boolean;
  rtcpPort?: number;
  rtpMaps: SdpRtpMap[];
  ssrcs: number[];
  ice: SdpIce;
  dtls: SdpDtls;
};

export type SessionDescription = {
  sessionId: string;
  sessionVersion: string;
  address?: string;
  /** Mids of each `a=group:BUNDLE`. */
  bundles: string[][];
  media: SdpMedia[];
};

export type SdpParse = { ok: true; sdp: SessionDescription } | { ok: false; reason: 'bad-sdp' };

/** RFC 3551 §6: payload types that need no rtpmap. */
const STATIC_MAPS: Readonly<Record<number, { name: string; clockRateHz: number }>> = {
  0: { name: 'PCMU', clockRateHz: 8000 },
  8: { name: 'PCMA', clockRateHz: 8000 },
  9: { name: 'G722', clockRateHz: 8000 },
  18: { name: 'G729', clockRateHz: 8000 },
};

export function parseSdp(text: string): SdpParse {
  if (text.length > MAX_SDP_CHARACTERS) return { ok: false, reason: 'bad-sdp' };
  const lines = text.split(/\r\n|\n|\r/, MAX_LINES);
  const sdp: SessionDescription = { sessionId: '0', sessionVersion: '0', bundles: [], media: [] };
  const shared = { direction: 'sendrecv' as SdpDirection, ice: emptyIce(), dtls: emptyDtls() };
  if (!lines[0]?.startsWith('v=0')) return { ok: false, reason: 'bad-sdp' };
  let media: SdpMedia | undefined;
  for (const line of lines) {
    const value = line.slice(2).trim();
    if (line.startsWith('m=')) {
      if (sdp.media.length >= MAX_MEDIA) return { ok: false, reason: 'bad-sdp' };
      media = parseMediaLine(value, shared);
      if (!media) return { ok: false, reason: 'bad-sdp' };
      sdp.media.push(media);
    } else if (line.startsWith('a=')) readAttribute(value, { sdp, shared, media });
    else if (line.startsWith('c=')) (media ?? sdp).address = value.split(/\s+/)[2]?.split('/')[0];
    else if (line.startsWith('o=')) readOrigin(value, sdp);
  }
  for (const each of sdp.media) addStaticMaps(each);
  return sdp.media.length === 0 ? { ok: false, reason: 'bad-sdp' } : { ok: true, sdp };
}

type Shared = { direction: SdpDirection; ice: SdpIce; dtls: SdpDtls };

function parseMediaLine(value: string, shared: Shared): SdpMedia | undefined {
  const [kind, port, protocol, ...formats] = value.split(/\s+/);
  const portNumber = Number(port?.split('/')[0]);
  if (!kind || !protocol || !Number.isInteger(portNumber)) return undefined;
  if (portNumber < 0 || portNumber > 65_535) return undefined;
  return {
    kind,
    port: portNumber,
    protocol,
    payloadTypes: formats.map(Number).filter((type) => Number.isInteger(type) && type <= 127),
    direction: shared.direction,
    rtcpMux: false,
    rtpMaps: [],
    ssrcs: [],
    ice: { ...shared.ice, candidates: [], options: [...shared.ice.options] },
    dtls: { ...shared.dtls, fingerprints: [...shared.dtls.fingerprints] },
  };
}

function readOrigin(value: string, sdp: SessionDescription): void {
  const [, sessionId, sessionVersion] = value.split(/\s+/);
  sdp.sessionId = sessionId ?? '0';
  sdp.sessionVersion = sessionVersion ?? '0';
}

type Scope = { sdp: SessionDescription; shared: Shared; media: SdpMedia | undefined };

function readAttribute(text: string, scope: Scope): void {
  const colon = text.indexOf(':');
  const name = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
  const value = colon < 0 ? '' : text.slice(colon + 1).trim();
  const target = scope.media ?? scope.shared;
  if (isDirection(name)) target.direction = name;
  else if (readTransportAttribute(name, value, target)) return;
  else if (name === 'group' && value.toUpperCase().startsWith('BUNDLE')) {
    scope.sdp.bundles.push(value.split(/\s+/).slice(1));
  } else if (scope.media) readMediaAttribute(name, value, scope.media);
}

function isDirection(name: string): name is SdpDirection {
  return ['sendrecv', 'sendonly', 'recvonly', 'inactive'].includes(name);
}

function readTransportAttribute(name: string, value: string, { ice, dtls }: Shared): boolean {
  switch (name) {
    case 'ice-ufrag':
      ice.ufrag = value;
      return true;
    case 'ice-pwd':
      ice.pwd = value;
      return true;
    case 'ice-lite':
      ice.lite = true;
      return true;
    case 'ice-options':
      ice.options = value.split(/\s+/);
      return true;
    case 'setup':
      dtls.setup = value.toLowerCase();
      return true;
    case 'fingerprint': {
      const [hash = '', digest = ''] = value.split(/\s+/);
      dtls.fingerprints.push({ hash: hash.toLowerCase(), value: digest.toUpperCase() });
      return true;
    }
  }
  return false;
}

function readMediaAttribute(name: string, value: string, media: SdpMedia): void {
  switch (name) {
    case 'rtpmap':
      readRtpMap(value, media);
      break;
    case 'fmtp':
      readFormat(value, media);
      break;
    case 'ptime':
      media.ptimeMs = Number.parseInt(value, 10) || undefined;
      break;
    case 'mid':
      media.mid = value;
      break;
    case 'rtcp-mux':
      media.rtcpMux = true;
      break;
    case 'rtcp':
      media.rtcpPort = Number.parseInt(value, 10) || undefined;
      break;
    case 'ssrc':
      readSsrc(value, media);
      break;
    case 'candidate':
      if (media.ice.candidates.length < 64) media.ice.candidates.push(value);
      break;
    case 'end-of-candidates':
      media.ice.endOfCandidates = true;
  }
}

function readRtpMap(value: string, media: SdpMedia): void {
  const match = /^(\d{1,3})\s+([^/\s]+)\/(\d+)(?:\/(\d+))?/.exec(value);
  if (!match) return;
  media.rtpMaps.push({
    payloadType: Number(match[1]),
    name: match[2] ?? '',
    clockRateHz: Number(match[3]),
    channels: Number(match[4] ?? 1),
  });
}

function readFormat(value: string, media: SdpMedia): void {
  const map = media.rtpMaps.find((each) => each.payloadType === Number.parseInt(value, 10));
  if (map) map.fmtp = value.slice(value.indexOf(' ') + 1);
}

function readSsrc(value: string, media: SdpMedia): void {
  const ssrc = Number.parseInt(value, 10);
  if (!media.ssrcs.includes(ssrc) && media.ssrcs.length < 16) media.ssrcs.push(ssrc);
}

function addStaticMaps(media: SdpMedia): void {
  for (const payloadType of media.payloadTypes) {
    const known = STATIC_MAPS[payloadType];
    if (!known || media.rtpMaps.some((map) => map.payloadType === payloadType)) continue;
    media.rtpMaps.push({ payloadType, ...known, channels: 1 });
  }
}

function emptyIce(): SdpIce {
  return { options: [], lite: false, candidates: [], endOfCandidates: false };
}

function emptyDtls(): SdpDtls {
  return { fingerprints: [] };
}

/** Writes a description in the order RFC 8866 asks for. */
export function serializeSdp(sdp: SessionDescription): string {
  const own = sdp.address ?? '0.0.0.0';
  const lines = [
    'v=0',
    `o=- ${sdp.sessionId} ${sdp.sessionVersion} IN ${family(own)} ${own}`,
    's=-',
    ...(sdp.address === undefined ? [] : [`c=IN ${family(own)} ${own}`]),
    't=0 0',
    ...sdp.bundles.map((mids) => `a=group:BUNDLE ${mids.join(' ')}`),
    ...(sdp.media.some((media) => media.ice.lite) ? ['a=ice-lite'] : []),
    ...sdp.media.flatMap(mediaLines),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function family(address: string): 'IP4' | 'IP6' {
  return address.includes(':') ? 'IP6' : 'IP4';
}

function mediaLines(media: SdpMedia): string[] {
  const formats = media.payloadTypes.length > 0 ? media.payloadTypes.join(' ') : '0';
  const lines = [`m=${media.kind} ${media.port} ${media.protocol} ${formats}`];
  if (media.address !== undefined) lines.push(`c=IN ${family(media.address)} ${media.address}`);
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) lines.push(`a=${name}:${value}`);
  };
  add('mid', media.mid);
  if (media.port === 0) return lines;
  for (const map of media.rtpMaps) {
    const channels = map.channels > 1 ? `/${map.channels}` : '';
    add('rtpmap', `${map.payloadType} ${map.name}/${map.clockRateHz}${channels}`);
    if (map.fmtp !== undefined) add('fmtp', `${map.payloadType} ${map.fmtp}`);
  }
  add('ptime', media.ptimeMs);
  lines.push(`a=${media.direction}`);
  if (media.rtcpMux) lines.push('a=rtcp-mux');
  add('rtcp', media.rtcpPort);
  add('ice-ufrag', media.ice.ufrag);
  add('ice-pwd', media.ice.pwd);
  for (const fingerprint of media.dtls.fingerprints) {
    add('fingerprint', `${fingerprint.hash} ${fingerprint.value}`);
  }
  add('setup', media.dtls.setup);
  for (const ssrc of media.ssrcs) add('ssrc', `${ssrc} cname:denwaban`);
  for (const candidate of media.ice.candidates) add('candidate', candidate);
  if (media.ice.endOfCandidates) lines.push('a=end-of-candidates');
  return lines;
}

/** What both sides agreed on for the one audio stream. */
export type AudioAgreement = {
  codec: Codec;
  payloadType: number;
  /** Payload type of telephone events, when the other side takes them. */
  eventPayloadType?: number;
  /** Both directions as the other side sees them. */
  remoteDirection: SdpDirection;
  /** Where to send; undefined while the other side is on hold with 0.0.0.0 or port 0. */
  remote?: { address: string; port: number };
  remoteRtcpPort?: number;
};

export type AudioReading =
  | { ok: true; audio: AudioAgreement; media: SdpMedia; index: number; sdp: SessionDescription }
  | { ok: false; reason: 'bad-sdp' | 'no-common-codec' };

/** RTP profiles a leg can speak: plain for telephones, DTLS-SRTP for browsers. */
const PROFILES: Readonly<Record<LegKind, readonly string[]>> = {
  rtp: ['RTP/AVP', 'RTP/AVPF'],
  webrtc: ['UDP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'RTP/SAVPF'],
};

/** The first open G.711 audio stream of an offer or answer; its first G.711 codec is chosen. */
export function readAudio(text: string, kind: LegKind = 'rtp'): AudioReading {
  const parsed = parseSdp(text);
  if (!parsed.ok) return parsed;
  for (const [index, media] of parsed.sdp.media.entries()) {
    if (media.kind !== 'audio' || media.port === 0) continue;
    const chosen = PROFILES[kind].includes(media.protocol) ? chooseCodec(media) : undefined;
    if (!chosen) continue;
    const audio = { ...chosen, ...readRemote(media, parsed.sdp) };
    // A name instead of an address would need DNS in the middle of a call.
    if (audio.remote && !addressBytes(audio.remote.address))
      return { ok: false, reason: 'bad-sdp' };
    return { ok: true, audio, media, index, sdp: parsed.sdp };
  }
  return { ok: false, reason: 'no-common-codec' };
}

function chooseCodec(
  media: SdpMedia,
): Pick<AudioAgreement, 'codec' | 'payloadType' | 'eventPayloadType'> | undefined {
  const mapOf = (type: number): SdpRtpMap | undefined =>
    media.rtpMaps.find((map) => map.payloadType === type);
  const events = media.payloadTypes.find((type) => {
    const map = mapOf(type);
    return map?.name.toLowerCase() === 'telephone-event' && map.clockRateHz === 8000;
  });
  for (const payloadType of media.payloadTypes) {
    const map = mapOf(payloadType);
    const codec = map?.name.toUpperCase();
    if ((codec !== 'PCMU' && codec !== 'PCMA') || map?.clockRateHz !== 8000) continue;
    return { codec, payloadType, ...(events === undefined ? {} : { eventPayloadType: events }) };
  }
  return undefined;
}

function readRemote(
  media: SdpMedia,
  sdp: SessionDescription,
): Pick<AudioAgreement, 'remoteDirection' | 'remote' | 'remoteRtcpPort'> {
  const address = media.address ?? sdp.address;
  const onHold = address === undefined || address === '0.0.0.0' || address === '::';
  const remoteDirection = onHold && media.direction === 'sendrecv' ? 'sendonly' : media.direction;
  if (onHold) return { remoteDirection };
  const rtcpPort = media.rtcpMux ? media.port : (media.rtcpPort ?? media.port + 1);
  return {
    remoteDirection,
    remote: { address, port: media.port },
    ...(rtcpPort <= 65_535 ? { remoteRtcpPort: rtcpPort } : {}),
  };
}

/** The other side holds the call: it does not want to hear us (RFC 3264 §8.4, and 0.0.0.0 of old). */
export function isHold(audio: Pick<AudioAgreement, 'remoteDirection' | 'remote'>): boolean {
  return audio.remoteDirection === 'sendonly' || audio.remoteDirection === 'inactive';
}

export type LocalAudio = {
  address: string;
  port: number;
  /** Constant for the leg's life; the version grows with every different description. */
  sessionId: string;
  sessionVersion: number;
};

const ANSWER_DIRECTION = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
} as const;

/** Our offer of both G.711 codecs and telephone events. */
export function offerAudio(local: LocalAudio): string {
  return describe(local, [audioMedia(local, ['PCMU', 'PCMA'], TELEPHONE_EVENT_PAYLOAD_TYPE)]);
}

/** Our answer to an offer read by `readAudio`: one stream accepted, every other one refused by port 0. */
export function answerAudio(local: LocalAudio, offer: AudioReading & { ok: true }): string {
  const { audio } = offer;
  const accepted = audioMedia(local, [audio.codec], audio.eventPayloadType);
  for (const map of accepted.rtpMaps) {
    if (map.name === audio.codec) map.payloadType = audio.payloadType;
  }
  accepted.payloadTypes = accepted.rtpMaps.map((map) => map.payloadType);
  accepted.direction = ANSWER_DIRECTION[audio.remoteDirection];
  accepted.protocol = offer.media.protocol;
  accepted.mid = offer.media.mid;
  const media = offer.sdp.media.map((each, index) =>
    index === offer.index ? accepted : refusedMedia(each),
  );
  return describe(local, media);
}

function describe(local: LocalAudio, media: SdpMedia[]): string {
  return serializeSdp({
    sessionId: local.sessionId,
    sessionVersion: String(local.sessionVersion),
    address: local.address,
    bundles: [],
    media,
  });
}

function audioMedia(
  local: LocalAudio,
  codecs: readonly Codec[],
  eventPayloadType: number | undefined,
): SdpMedia {
  const rtpMaps: SdpRtpMap[] = codecs.map((name) => ({
    payloadType: name === 'PCMU' ? 0 : 8,
    name,
    clockRateHz: 8000,
    channels: 1,
  }));
  if (eventPayloadType !== undefined) {
    rtpMaps.push({
      payloadType: eventPayloadType,
      name: 'telephone-event',
      clockRateHz: 8000,
      channels: 1,
      fmtp: '0-15',
    });
  }
  return {
    ...emptyMedia('audio', 'RTP/AVP'),
    port: local.port,
    payloadTypes: rtpMaps.map((map) => map.payloadType),
    rtpMaps,
    ptimeMs: 20,
  };
}

function refusedMedia(offered: SdpMedia): SdpMedia {
  return {
    ...emptyMedia(offered.kind, offered.protocol),
    payloadTypes: offered.payloadTypes.slice(0, 1),
    mid: offered.mid,
  };
}

function emptyMedia(kind: string, protocol: string): SdpMedia {
  return {
    kind,
    port: 0,
    protocol,
    payloadTypes: [],
    direction: 'sendrecv',
    rtcpMux: false,
    rtpMaps: [],
    ssrcs: [],
    ice: emptyIce(),
    dtls: emptyDtls(),
  };
}
