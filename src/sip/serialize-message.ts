import type { SipMessage } from './message.ts';

/** The message as it goes onto the wire: one character per byte, Content-Length always right. */
export function serializeMessage(message: SipMessage): string {
  const first =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  const head = first.replaceAll(/[\r\n]+/g, ' ');
  const length = message.body.length;
  return `${head}\r\n${message.headers.toText()}Content-Length: ${length}\r\n\r\n${message.body}`;
}
