import { reasonPhrase, toTagOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { SipHeaders } from './sip-headers.ts';

export type ResponseOptions = {
  reason?: string;
  /** Added to To when the request had none there. */
  toTag?: string;
  headers?: readonly (readonly [name: string, value: string])[];
  sdp?: string;
};

/** RFC 3261 §8.2.6: a response to this request. Record-Route is copied for dialogs (§12.1.1). */
export function createResponse(
  request: SipRequest,
  status: number,
  options: ResponseOptions = {},
): SipResponse {
  const headers = new SipHeaders().copyFrom(request.headers, 'Via');
  if (status > 100 && status < 300) headers.copyFrom(request.headers, 'Record-Route');
  headers.copyFirst(request.headers, 'From', 'To', 'Call-ID', 'CSeq');
  if (options.toTag !== undefined && status > 100 && toTagOf(request) === '') {
    headers.set('To', `${headers.get('To') ?? ''};tag=${options.toTag}`);
  }
  for (const [name, value] of options.headers ?? []) headers.add(name, value);
  const body = options.sdp ?? '';
  if (body !== '' && !headers.has('Content-Type')) headers.add('Content-Type', 'application/sdp');
  return {
    kind: 'response',
    status,
    reason: options.reason ?? reasonPhrase(status),
    headers,
    body,
  };
}
