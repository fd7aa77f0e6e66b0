import type { SipRequest } from './message.ts';
import { MIN_SESSION_S, isSessionTooShort } from './session-timer.ts';
import { parseDigits, parseUri } from './uri.ts';
import type { UserAgentCore } from './user-agent-core.ts';

export type Refusal = { status: number; headers: [name: string, value: string][] };

const KNOWN_METHODS = new Set(
  'INVITE ACK CANCEL BYE OPTIONS REGISTER INFO UPDATE PRACK REFER SUBSCRIBE NOTIFY MESSAGE PUBLISH'.split(
    ' ',
  ),
);

/** RFC 3261 §8.2: what is to be refused before anybody looks at the request. */
export function refusalOf(
  request: SipRequest,
  core: Pick<UserAgentCore, 'allow' | 'supported' | 'session'>,
): Refusal | undefined {
  const { method, headers } = request;
  if (!KNOWN_METHODS.has(method)) return refuse(501, ['Allow', core.allow]);
  if (!core.allow.split(', ').includes(method)) return refuse(405, ['Allow', core.allow]);
  if (parseUri(request.uri)?.scheme === 'other') return refuse(416);
  const hops = parseDigits(headers.get('Max-Forwards') ?? '70', 255);
  if (hops === undefined) return refuse(400);
  // We pass calls on, so a call that circles must end here; OPTIONS is a ping and may arrive with 0.
  if (hops === 0 && method === 'INVITE') return refuse(483);
  const unknown = headers.tokens('Require').filter((tag) => !core.supported.includes(tag));
  if (unknown.length > 0) return refuse(420, ['Unsupported', unknown.join(', ')]);
  if (core.session && isSessionTooShort(request)) {
    return refuse(422, ['Min-SE', String(MIN_SESSION_S)]);
  }
  return bodyRefusal(request);
}

function bodyRefusal({ method, headers, body }: SipRequest): Refusal | undefined {
  if (body === '') return undefined;
  const encoding = headers.get('Content-Encoding')?.toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '')
    return refuse(415, ['Accept-Encoding', 'identity']);
  if (method !== 'INVITE' && method !== 'UPDATE') return undefined;
  const type = headers.get('Content-Type')?.toLowerCase() ?? '';
  const readable = type.startsWith('application/sdp') || type.startsWith('multipart/');
  const optional = headers.get('Content-Disposition')?.toLowerCase().includes('handling=optional');
  return readable || optional === true ? undefined : refuse(415, ['Accept', 'application/sdp']);
}

function refuse(status: number, ...headers: [string, string][]): Refusal {
  return { status, headers };
}
