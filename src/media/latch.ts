import { nextSequence } from './sequence.ts';

/** Where RTP goes or comes from. Addresses are the text the socket gives: no names. */
export type MediaAddress = { address: string; port: number };

export type LatchVerdict = 'accept' | 'latched' | 'drop';

/**
 * Who may speak on an RTP leg.
 *
 * Audio is accepted from the signalled address and port alone. Only if nothing ever came from there may
 * the leg move, once, to a source that has the signalling peer's IP or lies in the trunk's media
 * networks and shows two packets of a negotiated payload type in sequence (a telephone behind NAT).
 * Where the signalled address is the signalling peer's own, there is no sign of NAT: then a stranger on
 * that IP has to keep it up while the signalled port stays silent for `NO_NAT_GRACE_MS`. The signalled
 * source, should it speak later, always wins. It moves again only by a new `signal`.
 */
const NO_NAT_GRACE_MS = 3000;

export class Latch {
  #signalled: MediaAddress | undefined;
  #latched: MediaAddress | undefined;
  #heardSignalled = false;
  #candidate: (MediaAddress & { ssrc: number; sequence: number }) | undefined;
  #candidateSinceMs = 0;
  readonly #mayLatch: (address: string) => boolean;
  readonly #signallingAddress: string | undefined;
  dropped = 0;

  constructor(options: { signallingAddress?: string; mediaNetworks?: readonly string[] }) {
    this.#signallingAddress = options.signallingAddress;
    const networks = (options.mediaNetworks ?? []).map(parseNetwork);
    this.#mayLatch = (address) =>
      address === options.signallingAddress ||
      networks.some((network) => network !== undefined && network(address));
  }

  /** The SDP names this address (undefined: none yet, or on hold with 0.0.0.0). */
  signal(to: MediaAddress | undefined): void {
    const same = to?.address === this.#signalled?.address && to?.port === this.#signalled?.port;
    if (same) return;
    this.#signalled = to;
    this.#latched = undefined;
    this.#heardSignalled = false;
    this.#candidate = undefined;
  }

  /** Where to send: the latched source, else the signalled address. */
  get target(): MediaAddress | undefined {
    return this.#latched ?? this.#signalled;
  }

  /** Judges one RTP packet by its source and header. */
  judge(
    source: MediaAddress,
    packet: { ssrc: number; sequence: number; negotiated: boolean },
    nowMs: number,
  ): LatchVerdict {
    if (isSame(source, this.#signalled)) {
      this.#heardSignalled = true;
      this.#latched = undefined;
      return 'accept';
    }
    if (isSame(source, this.#latched)) return 'accept';
    if (this.#isInSequence(source, packet, nowMs)) {
      this.#latched = { address: source.address, port: source.port };
      this.#candidate = undefined;
      return 'latched';
    }
    this.dropped++;
    return 'drop';
  }

  #isInSequence(
    source: MediaAddress,
    packet: { ssrc: number; sequence: number; negotiated: boolean },
    nowMs: number,
  ): boolean {
    const open = this.#signalled && !this.#heardSignalled && !this.#latched;
    if (!open || !packet.negotiated || !this.#mayLatch(source.address)) return false;
    const before = this.#candidate;
    const follows =
      before !== undefined &&
      isSame(source, before) &&
      packet.ssrc === before.ssrc &&
      packet.sequence === nextSequence(before.sequence);
    if (!follows) this.#candidateSinceMs = nowMs;
    this.#candidate = { ...source, ssrc: packet.ssrc, sequence: packet.sequence };
    return follows && nowMs - this.#candidateSinceMs >= this.#graceMs();
  }

  #graceMs(): number {
    return this.#signalled?.address === this.#signallingAddress ? NO_NAT_GRACE_MS : 0;
  }
}

function isSame(a: MediaAddress, b: MediaAddress | undefined): boolean {
  return b !== undefined && a.port === b.port && a.address === b.address;
}

/** `192.0.2.0/24`, `2001:db8::/32` or a single address as a test; undefined when it is none. */
export function parseNetwork(cidr: string): ((address: string) => boolean) | undefined {
  const [base = '', length] = cidr.split('/');
  const bytes = addressBytes(base);
  if (!bytes) return undefined;
  const bits = length === undefined ? bytes.length * 8 : Number(length);
  if (!Number.isInteger(bits) || bits < 0 || bits > bytes.length * 8) return undefined;
  return (address) => {
    const other = addressBytes(address);
    if (other?.length !== bytes.length) return false;
    return bytes.every((byte, i) => {
      const kept = Math.max(0, Math.min(8, bits - 8 * i));
      return byte >> (8 - kept) === (other[i] ?? 0) >> (8 - kept);
    });
  };
}

/** The 4 or 16 bytes of a textual IP address; IPv4 in IPv6 (`::ffff:192.0.2.1`) counts as IPv4. */
export function addressBytes(address: string): number[] | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(mapped ?? address);
  if (v4) {
    const bytes = v4.slice(1).map(Number);
    return bytes.every((byte) => byte <= 255) ? bytes : undefined;
  }
  if (!/^[0-9a-f:]{2,39}$/i.test(address)) return undefined;
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const zeros = halves.length === 2 ? 8 - head.length - tail.length : 0;
  const groups = [...head, ...new Array<string>(Math.max(0, zeros)).fill('0'), ...tail];
  if (groups.length !== 8 || groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) {
    return undefined;
  }
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
