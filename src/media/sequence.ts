/**
 * Arithmetic of the wrapping counters of RTP: 16-bit sequence numbers and 32-bit timestamps
 * (RFC 3550 §5.1). A difference is taken the short way round.
 */

/** `a - b` of two sequence numbers, -32768 … 32767. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

export function nextSequence(sequence: number): number {
  return (sequence + 1) & 0xffff;
}

/** `a - b` of two timestamps, -2³¹ … 2³¹ - 1. */
export function timestampDistance(a: number, b: number): number {
  return (a - b) | 0;
}

export function addTimestamp(timestamp: number, samples: number): number {
  return (timestamp + samples) >>> 0;
}
