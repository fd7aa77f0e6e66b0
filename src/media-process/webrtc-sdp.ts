import type { IceCredentials } from './ice-lite.ts';

const MAX_SDP_CHARS = 64 * 1024;
const MAX_MEDIA = 32;
const HOST_TYPE_PREFERENCE = 126;

export type Fingerprint = { hash: string; value: string };

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One m-line of the offer; lines keep their order and their payload types. */
type OfferedMedia = {
  kind: string;
  protocol: string;
  formats: string[];
  attributes: string[];
};

export type WebRtcOffer = {
  /** Session id of the o-line: one RTCPeerConnection (RFC 8829 §5.2.1). */
  origin: string;
  ice: IceCredentials;
  fingerprints: Fingerprint[];
  media: OfferedMedia[];
  audioIndex: number;
  mid: string | undefined;
  bundled: boolean;
  direction: Direction;
  pcmu: string;
  telephoneEvent: string | undefined;
};

export type OfferResult =
  { ok: true; offer: WebRtcOffer } | { ok: false; reason: 'bad-sdp' | 'no-common-codec' };

const BAD_SDP: OfferResult = { ok: false, reason: 'bad-sdp' };

/** Reads a browser's offer as far as an audio answer needs it (RFC 8829 §5.8). Never throws. */
export function parseOffer(sdp: string): OfferResult {
  const sections = splitSections(sdp);
  if (!sections) return BAD_SDP;
  const { session, media } = sections;
  const audioIndex = media.findIndex(isUsableAudio);
  const audio = media[audioIndex];
  if (!audio) return BAD_SDP;
  const attributes = [...audio.attributes, ...session.attributes];
  const ice = readIce(attributes);
  const fingerprints = readFingerprints(attributes);
  const setup = find(attributes, 'setup');
  // We never start DTLS, so an offerer that will not start it either cannot be answered.
  if (!ice || fingerprints.length === 0 || (setup !== 'actpass' && setup !== 'active')) {
    return BAD_SDP;
  }
  if (!attributes.includes('rtcp-mux') || session.origin === undefined) return BAD_SDP;
  const pcmu = findFormat(audio, 'pcmu/8000') ?? (audio.formats.includes('0') ? '0' : undefined);
  if (pcmu === undefined) return { ok: false, reason: 'no-common-codec' };
  const mid = find(audio.attributes, 'mid');
  return {
    ok: true,
    offer: {
      origin: session.origin,
      ice,
      fingerprints,
      media,
      audioIndex,
      mid,
      bundled: mid !== undefined && isBundled(session.attributes, mid),
      direction: readDirection(attributes),
      pcmu,
      telephoneEvent: findFormat(audio, 'telephone-event/8000'),
    },
  };
}

type SessionPart = { origin: string | undefined; attributes: string[] };

function splitSections(sdp: string): { session: SessionPart; media: OfferedMedia[] } | undefined {
  if (sdp.length > MAX_SDP_CHARS || !sdp.startsWith('v=0')) return undefined;
  const session: SessionPart = { origin: undefined, attributes: [] };
  const media: OfferedMedia[] = [];
  for (const line of sdp.split(/\r?\n/)) {
    const value = line.slice(2);
    if (line.startsWith('m=')) {
      const opened = readMediaLine(value);
      if (!opened || media.length >= MAX_MEDIA) return undefined;
      media.push(opened);
    } else if (line.startsWith('a=')) {
      (media.at(-1) ?? session).attributes.push(value);
    } else if (line.startsWith('o=')) {
      session.origin ??= /^\S+ (\d{1,20}) /.exec(value)?.[1];
    }
  }
  return { session, media };
}

function readMediaLine(value: string): OfferedMedia | undefined {
  const found = /^([a-z]+) (\d{1,5})(?:\/\d+)? ([A-Z/]+)((?: [\w-]+)+)$/i.exec(value);
  if (!found) return undefined;
  const [, kind = '', , protocol = '', formats = ''] = found;
  return { kind, protocol, formats: formats.trim().split(' '), attributes: [] };
}

/** RFC 8829 §5.1.2: the TCP spelling is also meant for UDP. */
function isUsableAudio(media: OfferedMedia): boolean {
  return media.kind === 'audio' && /^(UDP|TCP)\/TLS\/RTP\/SAVPF?$/.test(media.protocol);
}

function find(attributes: readonly string[], name: string): string | undefined {
  const prefix = `${name}:`;
  return attributes
    .find((attribute) => attribute.startsWith(prefix))
    ?.slice(prefix.length)
    .trim();
}

function readIce(attributes: readonly string[]): IceCredentials | undefined {
  const ufrag = find(attributes, 'ice-ufrag');
  const password = find(attributes, 'ice-pwd');
  if (!ufrag || !password) return undefined;
  // RFC 8839 §5.4: at least 4 and 22 ice-chars, at most 256.
  if (!/^[\w+/-]{4,256}$/.test(ufrag) || !/^[\w+/-]{22,256}$/.test(password)) return undefined;
  return { ufrag, password };
}

function readFingerprints(attributes: readonly string[]): Fingerprint[] {
  const found: Fingerprint[] = [];
  for (const attribute of attributes) {
    const match = /^fingerprint:(sha-(?:256|384|512)) ([0-9a-f]{2}(?::[0-9a-f]{2})+)\s*$/i.exec(
      attribute,
    );
    if (match?.[1] && match[2] && found.length < 8) {
      found.push({ hash: match[1].toLowerCase(), value: match[2].toUpperCase() });
    }
  }
  return found;
}

function findFormat(audio: OfferedMedia, encoding: string): string | undefined {
  for (const attribute of audio.attributes) {
    const match = /^rtpmap:(\d{1,3}) ([\w-]+\/\d+)(?:\/1)?\s*$/.exec(attribute);
    const [, format, name] = match ?? [];
    if (format && name?.toLowerCase() === encoding && audio.formats.includes(format)) return format;
  }
  return undefined;
}

function isBundled(sessionAttributes: readonly string[], mid: string): boolean {
  return sessionAttributes.some(
    (attribute) =>
      attribute.startsWith('group:BUNDLE ') && attribute.split(' ').slice(1).includes(mid),
  );
}

const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;

function readDirection(attributes: readonly string[]): Direction {
  return DIRECTIONS.find((direction) => attributes.includes(direction)) ?? 'sendrecv';
}

/** RFC 3264 §6.1: what the offerer only sends we only receive, and the other way round. */
const ANSWERED_DIRECTION: Record<Direction, Direction> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

export type AnswerParts = {
  sessionId: string;
  version: number;
  ice: IceCredentials;
  fingerprint: Fingerprint;
  candidates: readonly { address: string; port: number }[];
  ssrc: number;
};

/** Our answer: one audio line, everything else rejected with port 0 (RFC 3264 §6). */
export function writeAnswer(offer: WebRtcOffer, parts: AnswerParts): string {
  const lines = [
    'v=0',
    `o=- ${parts.sessionId} ${parts.version} IN IP4 0.0.0.0`,
    's=-',
    't=0 0',
    'a=ice-lite',
    ...(offer.bundled ? [`a=group:BUNDLE ${offer.mid ?? ''}`] : []),
    ...offer.media.flatMap((media, index) =>
      index === offer.audioIndex ? audioLines(offer, media, parts) : rejectedLines(media),
    ),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function audioLines(offer: WebRtcOffer, media: OfferedMedia, parts: AnswerParts): string[] {
  const { pcmu, telephoneEvent } = offer;
  const formats = telephoneEvent === undefined ? pcmu : `${pcmu} ${telephoneEvent}`;
  const first = parts.candidates[0] ?? { address: '0.0.0.0', port: 9 };
  return [
    `m=audio ${first.port} ${media.protocol} ${formats}`,
    `c=IN ${first.address.includes(':') ? 'IP6' : 'IP4'} ${first.address}`,
    ...(offer.mid === undefined ? [] : [`a=mid:${offer.mid}`]),
    `a=ice-ufrag:${parts.ice.ufrag}`,
    `a=ice-pwd:${parts.ice.password}`,
    'a=ice-options:trickle',
    `a=fingerprint:${parts.fingerprint.hash} ${parts.fingerprint.value}`,
    'a=setup:passive',
    // RFC 8858 §4.3: `rtcp-mux-only` belongs to offers alone.
    'a=rtcp-mux',
    `a=${ANSWERED_DIRECTION[offer.direction]}`,
    `a=rtpmap:${pcmu} PCMU/8000`,
    ...(telephoneEvent === undefined
      ? []
      : [`a=rtpmap:${telephoneEvent} telephone-event/8000`, `a=fmtp:${telephoneEvent} 0-16`]),
    'a=ptime:20',
    'a=maxptime:20',
    'a=msid:denwaban denwaban-audio',
    `a=ssrc:${parts.ssrc} cname:denwaban`,
    `a=ssrc:${parts.ssrc} msid:denwaban denwaban-audio`,
    ...parts.candidates.map(candidateLine),
    'a=end-of-candidates',
  ];
}

/** RFC 8445 §5.1.2.1: type preference of a host, the order of the list, component 1. */
function candidateLine(candidate: { address: string; port: number }, index: number): string {
  const priority = HOST_TYPE_PREFERENCE * 2 ** 24 + (65_535 - index) * 2 ** 8 + 255;
  return `a=candidate:${index + 1} 1 udp ${priority} ${candidate.address} ${candidate.port} typ host`;
}

function rejectedLines(media: OfferedMedia): string[] {
  const mid = find(media.attributes, 'mid');
  return [
    `m=${media.kind} 0 ${media.protocol} ${media.formats.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    ...(mid === undefined ? [] : [`a=mid:${mid}`]),
    'a=inactive',
  ];
}
