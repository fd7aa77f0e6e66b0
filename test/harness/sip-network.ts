import { createHash } from 'node:crypto';
import { ManualClock, silentLogger } from '../../src/base/index.ts';
import type { Random } from '../../src/base/index.ts';
import { SipUserAgent, parseMessage } from '../../src/sip/index.ts';
import type {
  HashFunction,
  Peer,
  SipListener,
  SipMessage,
  SipRequest,
  SipResponse,
  SipTransport,
  SipUserAgentOptions,
} from '../../src/sip/index.ts';

export const nodeHash: HashFunction = (algorithm, text) =>
  createHash(algorithm === 'md5' ? 'md5' : 'sha256')
    .update(text, 'latin1')
    .digest('hex');

/** Repeatable "randomness": every run of a test makes the same tags and branches. */
export function countingRandom(start = 1): Random {
  let next = start;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) {
        next = (next * 1_103_515_245 + 12_345) % 2_147_483_648;
        bytes[i] = next >> 16;
      }
      return bytes;
    },
  };
}

export function request(lines: readonly string[], body = ''): SipRequest {
  const message = parsed(`${lines.join('\r\n')}\r\n\r\n${body}`);
  if (message.kind !== 'request') throw new Error('not a request');
  return message;
}

export function response(lines: readonly string[], body = ''): SipResponse {
  const message = parsed(`${lines.join('\r\n')}\r\n\r\n${body}`);
  if (message.kind !== 'response') throw new Error('not a response');
  return message;
}

export function parsed(text: string): SipMessage {
  const result = parseMessage(text);
  if (!result.ok) throw new Error(`${result.issue} at ${result.offset}: ${text.slice(0, 200)}`);
  return result.message;
}

/** What happens to one datagram: its delays in ms, one per copy; none means it is lost. */
export type Fate = (message: string, to: Peer) => readonly number[];

/** Datagrams between user agents in memory, on a manual clock. */
export class SipNetwork {
  readonly clock = new ManualClock();
  /** Everything sent, in order: first line without the version. */
  readonly sent: { to: Peer; text: string }[] = [];
  fate: Fate = () => [1];
  readonly #nodes = new Map<string, SipUserAgent>();

  /** A user agent at 192.0.2.<host>:5060; starting one at the same place again is a new process. */
  start(
    host: number,
    listener: Partial<SipListener>,
    options: Partial<SipUserAgentOptions> = {},
  ): SipUserAgent {
    const own = peerAt(host);
    const transport: SipTransport = {
      protocol: 'UDP',
      reliable: false,
      send: (text, to) => this.deliver(text, own, { protocol: 'UDP', ...to }),
    };
    const agent = new SipUserAgent({
      clock: this.clock,
      random: countingRandom(host * 7919 + this.#nodes.size + this.sent.length),
      hash: nodeHash,
      log: silentLogger,
      transports: [transport],
      localContacts: { UDP: own },
      userAgentName: `agent-${host}`,
      listener: {
        onInvite: (invite) => invite.reject(486),
        onInDialogRequest: (incoming) => incoming.respond(200),
        ...listener,
      },
      ...options,
    });
    this.#nodes.set(placeOf(own), agent);
    return agent;
  }

  /** As `kill -9`: what the agent still sends or hears is lost. */
  kill(host: number): void {
    const place = placeOf(peerAt(host));
    const agent = this.#nodes.get(place);
    this.#nodes.delete(place);
    agent?.close();
  }

  deliver(text: string, from: Peer, to: Peer): void {
    const alive = this.#nodes.get(placeOf(from));
    if (from.address.startsWith('192.0.2.') && !alive && from.port === 5060) return;
    this.sent.push({ to, text });
    for (const delayMs of this.fate(text, to)) {
      this.clock.setTimer(delayMs, () => this.#nodes.get(placeOf(to))?.receive(text, from));
    }
  }

  /** Lets time pass, promises included. */
  async pass(ms: number): Promise<void> {
    const step = 250;
    for (let left = ms; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      await settled();
    }
  }

  /** First lines of what went to this host, e.g. `INVITE`, `200 INVITE`. */
  lines(toHost?: number): string[] {
    const wanted = toHost === undefined ? undefined : placeOf(peerAt(toHost));
    return this.sent
      .filter(({ to }) => wanted === undefined || placeOf(to) === wanted)
      .map(({ text }) => summary(text));
  }
}

export function summary(text: string): string {
  const message = parsed(text);
  const method = message.headers.get('CSeq')?.split(' ')[1] ?? '';
  return message.kind === 'request' ? method : `${message.status} ${method}`;
}

export function peerAt(host: number): Peer {
  return { protocol: 'UDP', address: `192.0.2.${host}`, port: 5060 };
}

export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

function placeOf(peer: Peer): string {
  return `${peer.address}:${peer.port}`;
}
