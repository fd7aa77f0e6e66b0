/**
 * Telephone events, RFC 4733 §2.3.
 *
 *   0                   1                   2                   3
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |     event     |E|R| volume    |          duration             |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * All packets of an event carry the timestamp of its beginning; the last one is sent three times with E.
 */
import { addTimestamp, timestampDistance } from './sequence.ts';
import { readUint16, writeUint16 } from './rtp-packet.ts';

const DIGITS = '0123456789*#ABCD';
const DTMF_PAYLOAD_BYTES = 4;
const SAMPLES_PER_MS = 8;
const LONGEST_SEGMENT = 0xffff;
/** An event of which nothing more comes for this long has lost its end. */
const LOST_END_MS = 150;

export type DtmfDigit = { digit: string; durationMs: number };

/** Reads one source's events; tells each digit once, at its end. */
export class DtmfReceiver {
  #event = -1;
  #timestamp = 0;
  #duration = 0;
  #carried = 0;
  #ended = true;
  #lastAtMs = 0;
  #started = false;

  /** A packet of the event payload type. Returns the digit that is now complete, if one is. */
  receive(payload: Uint8Array, timestamp: number, nowMs: number): DtmfDigit | undefined {
    if (payload.length < DTMF_PAYLOAD_BYTES) return undefined;
    const event = payload[0] ?? 0;
    if (event >= DIGITS.length) return undefined;
    const end = ((payload[1] ?? 0) & 0x80) !== 0;
    const duration = readUint16(payload, 2);
    const ahead = this.#started ? timestampDistance(timestamp, this.#timestamp) : 1;
    if (ahead < 0 || (ahead === 0 && this.#ended)) return undefined;
    this.#lastAtMs = nowMs;
    if (ahead === 0) {
      this.#duration = Math.max(this.#duration, duration);
      return end ? this.#finish() : undefined;
    }
    const before = this.#begin(event, timestamp, duration);
    // A packet that ends the one before and is complete itself is told at its repetition.
    return before ?? (end ? this.#finish() : undefined);
  }

  /** Returns the digit before, when its end was lost. */
  #begin(event: number, timestamp: number, duration: number): DtmfDigit | undefined {
    const continues = this.#continues(event, timestamp);
    const before = continues ? undefined : this.#finish();
    this.#carried = continues ? this.#carried + this.#duration : 0;
    this.#started = true;
    this.#event = event;
    this.#timestamp = timestamp;
    this.#duration = duration;
    this.#ended = false;
    return before;
  }

  /** Called now and then: a digit whose end was lost counts as ended. */
  poll(nowMs: number): DtmfDigit | undefined {
    return !this.#ended && nowMs - this.#lastAtMs >= LOST_END_MS ? this.#finish() : undefined;
  }

  /** RFC 4733 §2.5.1.3: an event longer than 0xFFFF goes on in a new segment. */
  #continues(event: number, timestamp: number): boolean {
    return (
      !this.#ended &&
      event === this.#event &&
      this.#duration === LONGEST_SEGMENT &&
      timestamp === addTimestamp(this.#timestamp, LONGEST_SEGMENT)
    );
  }

  #finish(): DtmfDigit | undefined {
    if (this.#ended) return undefined;
    this.#ended = true;
    const samples = this.#carried + this.#duration;
    return {
      digit: DIGITS.charAt(this.#event),
      durationMs: Math.round(samples / SAMPLES_PER_MS),
    };
  }
}

/** As many digits at once as anybody dials. */
const MAX_DIGITS = 32;

/** Whether all of a text can be sent as telephone events. */
export function areDigits(text: string): boolean {
  return text.length <= MAX_DIGITS && /^[0-9*#A-D]+$/i.test(text);
}

/**
 * The payloads of one digit in the order to send them, one per 20 ms, all with the timestamp of the
 * first: growing durations, then the end three times. Undefined for a character that is no digit.
 */
export function dtmfPayloads(digit: string, durationMs: number): Uint8Array[] | undefined {
  const event = DIGITS.indexOf(digit.toUpperCase());
  if (event < 0 || digit.length !== 1) return undefined;
  const total = Math.min(LONGEST_SEGMENT, Math.max(40, durationMs) * SAMPLES_PER_MS);
  const payloads: Uint8Array[] = [];
  for (let duration = 160; duration < total; duration += 160) {
    payloads.push(eventPayload(event, duration, false));
  }
  for (let i = 0; i < 3; i++) payloads.push(eventPayload(event, total, true));
  return payloads;
}

function eventPayload(event: number, duration: number, end: boolean): Uint8Array {
  const payload = new Uint8Array(DTMF_PAYLOAD_BYTES);
  payload[0] = event;
  payload[1] = (end ? 0x80 : 0) | 10;
  writeUint16(payload, 2, duration);
  return payload;
}
