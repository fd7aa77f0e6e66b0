import { MAX_MESSAGE_BYTES } from './parse-message.ts';
import { canonicalName } from './sip-headers.ts';
import { parseDigits } from './uri.ts';

export type FramerOutput = {
  /** Whole messages, in order. */
  messages: string[];
  /** Double CRLF pings (RFC 5626 §3.5.1), each to be answered with one CRLF. */
  pings: number;
  /** The stream cannot be understood any more: close the connection. */
  broken: boolean;
};

/** RFC 3261 §18.3: cuts a byte stream into messages by their Content-Length. */
export class StreamFramer {
  #buffer = '';
  #broken = false;

  /** The beginning of a message is there, and its end is not. */
  get isIncomplete(): boolean {
    return this.#buffer.length > 2;
  }

  /** `chunk` holds one character per byte. */
  push(chunk: string): FramerOutput {
    const output: FramerOutput = { messages: [], pings: 0, broken: this.#broken };
    if (this.#broken) return output;
    this.#buffer += chunk;
    for (;;) {
      while (this.#buffer.startsWith('\r\n\r\n')) {
        this.#buffer = this.#buffer.slice(4);
        output.pings++;
      }
      // One CRLF may be a pong, or the first half of a ping that is still on its way.
      if (this.#buffer.startsWith('\r\n') && this.#buffer.length > 3) {
        this.#buffer = this.#buffer.slice(2);
      }
      const size = this.#nextSize();
      if (size === 0) break;
      if (size < 0) {
        this.#broken = true;
        this.#buffer = '';
        output.broken = true;
        break;
      }
      output.messages.push(this.#buffer.slice(0, size));
      this.#buffer = this.#buffer.slice(size);
    }
    return output;
  }

  /** Size of the first whole message; 0 while it is not there; -1 when there can be none. */
  #nextSize(): number {
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return this.#buffer.length > MAX_MESSAGE_BYTES ? -1 : 0;
    const length = contentLength(this.#buffer.slice(0, end));
    const size = end + 4 + length;
    if (length < 0 || size > MAX_MESSAGE_BYTES) return -1;
    return size <= this.#buffer.length ? size : 0;
  }
}

/** §20.14: without Content-Length a stream cannot be cut. -1 when it is missing or not a number. */
function contentLength(head: string): number {
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0 || canonicalName(line.slice(0, colon).trim()) !== 'Content-Length') continue;
    return parseDigits(line.slice(colon + 1).trim(), MAX_MESSAGE_BYTES) ?? -1;
  }
  return -1;
}
