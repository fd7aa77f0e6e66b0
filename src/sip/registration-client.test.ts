import { describe, expect, it } from 'vitest';
import {
  SipNetwork,
  countingRandom,
  nodeHash,
  parsed,
  peerAt,
} from '../../test/harness/sip-network.ts';
import { DigestServer } from './digest-server.ts';
import { computeHa1 } from './digest.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { processRegister } from './registrar.ts';
import type { RegistrarLimits, SipBinding } from './registrar.ts';
import { RegistrationClient } from './registration-client.ts';
import type { RegistrationOptions, RegistrationState } from './registration-client.ts';

const ACCOUNT = { username: '0301234567', realm: 'carrier.example', password: 'secret' };
const LIMITS: RegistrarLimits = {
  minExpiresS: 60,
  maxExpiresS: 3600,
  defaultExpiresS: 3600,
  maxBindings: 10,
};

type Registrar = {
  bindings: readonly SipBinding[];
  limits: RegistrarLimits;
  /** Answers instead of the registrar. */
  instead: ((request: IncomingRequest) => void) | undefined;
};

/** A carrier's registrar at this host: our own server side, with digest. */
function registrarAt(
  network: SipNetwork,
  host: number,
  algorithms: ('MD5' | 'SHA-256')[] = ['MD5'],
  seed = host,
): Registrar {
  const registrar: Registrar = { bindings: [], limits: LIMITS, instead: undefined };
  const { clock } = network;
  const random = countingRandom(seed);
  const digest = new DigestServer({
    realm: ACCOUNT.realm,
    clock,
    random,
    hash: nodeHash,
    algorithms,
    nonceLifetimeMs: 4_000_000,
  });
  network.start(host, {
    onRegister: (incoming) => {
      if (registrar.instead) {
        registrar.instead(incoming);
        return;
      }
      const { request, source } = incoming;
      const verdict = digest.verify(request, (_, algorithm) =>
        computeHa1(nodeHash, algorithm, ACCOUNT),
      );
      if (!verdict.ok) {
        const headers = verdict.challenge.map((value) => ['WWW-Authenticate', value] as const);
        incoming.respond(401, { headers });
        return;
      }
      const { bindings, limits } = registrar;
      const result = processRegister({ request, source, bindings, limits, nowMs: clock.now() });
      registrar.bindings = result.bindings;
      incoming.respond(result.status, { headers: result.headers });
    },
  });
  return registrar;
}

function clientOf(
  network: SipNetwork,
  options: Partial<RegistrationOptions> = {},
  hosts: readonly number[] = [2],
) {
  const states: RegistrationState[] = [];
  const client = new RegistrationClient(
    {
      addressOfRecord: 'sip:0301234567@carrier.example',
      credentials: ACCOUNT,
      ...options,
    },
    {
      clock: network.clock,
      random: countingRandom(5),
      agent: network.start(1, {}),
      locate: () => Promise.resolve(hosts.map(peerAt)),
      onChange: (state) => states.push(state),
    },
  );
  return { client, states, kinds: () => states.map(({ kind }) => kind) };
}

const registers = (network: SipNetwork, host: number): number =>
  network.lines(host).filter((line) => line === 'REGISTER').length;

describe('the registration client', () => {
  it.each(['MD5', 'SHA-256'] as const)('registers with digest %s', async (algorithm) => {
    const network = new SipNetwork();
    const registrar = registrarAt(network, 2, [algorithm]);
    const { client, kinds } = clientOf(network);
    client.start();
    await network.pass(500);
    expect(kinds()).toEqual(['registering', 'registered']);
    expect(registrar.bindings).toMatchObject([
      { contactUri: 'sip:0301234567@192.0.2.1:5060', source: peerAt(1) },
    ]);
    expect(network.lines(1)).toEqual(['401 REGISTER', '200 REGISTER']);
    client.release();
  });

  it('refreshes before the end with the same Call-ID, the next CSeq and the nonce it has', async () => {
    const network = new SipNetwork();
    const registrar = registrarAt(network, 2);
    registrar.limits = { ...LIMITS, maxExpiresS: 120 };
    const { client } = clientOf(network);
    client.start();
    await network.pass(59_000);
    expect(registers(network, 2)).toBe(2);
    await network.pass(2_000);
    expect(network.lines(1)).toEqual(['401 REGISTER', '200 REGISTER', '200 REGISTER']);
    const [, first, refresh] = network.sent
      .filter(({ text }) => text.startsWith('REGISTER'))
      .map(({ text }) => parsed(text).headers);
    expect(refresh?.get('Call-ID')).toBe(first?.get('Call-ID'));
    expect(refresh?.get('Authorization')).toContain('nc=00000002');
    expect(Number.parseInt(refresh?.get('CSeq') ?? '')).toBeGreaterThan(
      Number.parseInt(first?.get('CSeq') ?? ''),
    );
    expect(client.state).toMatchObject({ kind: 'registered', registrar: peerAt(2) });
    client.release();
    expect(network.clock.pendingTimers).toBeLessThan(4);
  });

  it('answers a stale nonce once more and is refused by a wrong password', async () => {
    const network = new SipNetwork();
    const registrar = registrarAt(network, 2);
    registrar.limits = { ...LIMITS, maxExpiresS: 120 };
    const { client, states } = clientOf(network);
    client.start();
    await network.pass(500);
    // Another process of the carrier: it knows nothing of the nonce.
    registrarAt(network, 2, ['MD5'], 77).limits = { ...LIMITS, maxExpiresS: 120 };
    await network.pass(61_000);
    expect(network.lines(1).slice(2)).toEqual(['401 REGISTER', '200 REGISTER']);
    client.release();

    const wrong = clientOf(network, { credentials: { ...ACCOUNT, password: 'wrong' } });
    wrong.client.start();
    await network.pass(1000);
    expect(wrong.client.state).toMatchObject({ kind: 'failed', reason: 'refused', status: 401 });
    expect(states.at(-1)?.kind).toBe('idle');
    wrong.client.release();
  });

  it('asks for longer after 423 and keeps to it', async () => {
    const network = new SipNetwork();
    const registrar = registrarAt(network, 2);
    registrar.limits = { ...LIMITS, minExpiresS: 300 };
    const { client } = clientOf(network, { expiresSeconds: 100 });
    client.start();
    await network.pass(1000);
    expect(network.lines(1)).toContain('423 REGISTER');
    const { state } = client;
    const leftMs = state.kind === 'registered' ? state.untilMs - network.clock.now() : 0;
    expect(leftMs).toBeGreaterThan(250_000);
    expect(leftMs).toBeLessThanOrEqual(300_000);
    await network.pass(160_000);
    expect(network.lines(1).filter((line) => line.startsWith('423'))).toHaveLength(1);
    client.release();
  });

  it('goes on to the next registrar when one is silent or says 503, and stays there', async () => {
    const network = new SipNetwork();
    const unable = registrarAt(network, 3);
    unable.instead = (request) => void request.respond(503);
    registrarAt(network, 4).limits = { ...LIMITS, maxExpiresS: 120 };
    // Nobody is at host 2.
    const { client, kinds } = clientOf(network, {}, [2, 3, 4]);
    client.start();
    await network.pass(15_000);
    expect(client.state).toMatchObject({ kind: 'registered', registrar: peerAt(4) });
    unable.instead = undefined;
    await network.pass(45_000);
    const tries = registers(network, 2);
    await network.pass(120_000);
    expect(registers(network, 4)).toBeGreaterThan(2);
    expect(registers(network, 3)).toBe(1);
    expect(registers(network, 2)).toBe(tries);
    expect(kinds().filter((kind) => kind === 'failed')).toEqual([]);
    client.release();
  });

  it('backs off further with each failed round and comes back by itself', async () => {
    const network = new SipNetwork();
    const registrar = registrarAt(network, 2);
    const rounds: number[] = [];
    registrar.instead = (request) => {
      rounds.push(network.clock.now());
      request.respond(503, {
        headers: rounds.length === 4 ? [['Retry-After', '100 (later)']] : [],
      });
    };
    const { client } = clientOf(network);
    client.start();
    await network.pass(200_000);
    const gaps = rounds.slice(1).map((at, index) => at - (rounds[index] ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(2_500);
    expect(gaps[0]).toBeLessThanOrEqual(6_000);
    expect(gaps[2]).toBeGreaterThanOrEqual(10_000);
    expect(gaps[3]).toBeGreaterThanOrEqual(100_000);
    registrar.instead = undefined;
    await network.pass(400_000);
    expect(client.state.kind).toBe('registered');
    client.release();
  });

  it('registers again when its connection is lost, once, and then by the back-off', async () => {
    const network = new SipNetwork();
    const registrar = registrarAt(network, 2);
    const { client } = clientOf(network);
    client.start();
    await network.pass(500);
    client.connectionLost(peerAt(3));
    await network.pass(500);
    expect(registers(network, 2)).toBe(2);
    client.connectionLost(peerAt(2));
    client.connectionLost(peerAt(2));
    await network.pass(500);
    expect(registers(network, 2)).toBe(3);
    registrar.instead = (request) => void request.respond(503);
    client.connectionLost(peerAt(2));
    await network.pass(500);
    for (let i = 0; i < 5; i++) client.connectionLost(peerAt(2));
    await network.pass(500);
    expect(registers(network, 2)).toBe(4);
    client.release();
  });

  it('says failed when the binding has run out without a refresh', async () => {
    const network = new SipNetwork();
    const registrar = registrarAt(network, 2);
    registrar.limits = { ...LIMITS, maxExpiresS: 120 };
    const { client, kinds } = clientOf(network);
    client.start();
    await network.pass(500);
    registrar.instead = (request) => void request.respond(503);
    await network.pass(100_000);
    expect(client.state.kind).toBe('registered');
    await network.pass(25_000);
    expect(client.state).toMatchObject({ kind: 'failed', reason: 'unreachable' });
    expect(kinds().at(-1)).toBe('failed');
    client.release();
  });

  it('takes its binding away at the end, and leaves it to the next process when released', async () => {
    const network = new SipNetwork();
    const registrar = registrarAt(network, 2);
    const first = clientOf(network).client;
    first.start();
    await network.pass(500);
    first.release();
    await network.pass(500);
    expect(registrar.bindings).toHaveLength(1);
    const next = clientOf(network).client;
    next.start();
    await network.pass(500);
    expect(registrar.bindings).toHaveLength(1);
    const stopped = next.stop();
    await network.pass(500);
    await stopped;
    expect(registrar.bindings).toEqual([]);
    expect(next.state.kind).toBe('idle');
  });

  it('does not wait long for a registrar that is gone when it stops', async () => {
    const network = new SipNetwork();
    registrarAt(network, 2);
    const { client } = clientOf(network);
    client.start();
    await network.pass(500);
    network.kill(2);
    let stopped = false;
    void client.stop().then(() => (stopped = true));
    await network.pass(3_500);
    expect(stopped).toBe(true);
  });

  it('says so when the registrar has no address, and asks again', async () => {
    const network = new SipNetwork();
    registrarAt(network, 2);
    const hosts: number[] = [];
    const { client } = clientOf(network, {}, hosts);
    client.start();
    await network.pass(500);
    expect(client.state).toMatchObject({ kind: 'failed', reason: 'no-address' });
    hosts.push(2);
    await network.pass(6_000);
    expect(client.state.kind).toBe('registered');
    client.release();
  });
});
