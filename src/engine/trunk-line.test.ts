import { expect, it } from 'vitest';
import { SipNetwork, countingRandom, peerAt } from '../../test/harness/sip-network.ts';
import { asId } from '../base/index.ts';
import type { IncomingRequest } from '../sip/index.ts';
import type { Trunk } from '../subscribers/index.ts';
import { TrunkLine } from './trunk-line.ts';

const CARRIER: Trunk = {
  id: asId('trunk_1'),
  key: 'carrier',
  name: '回線',
  addresses: [],
  mediaNetworks: [],
  dialedNumberFrom: 'request-uri',
  trustAssertedIdentity: true,
  register: {
    registrars: ['sip:one.example.jp', 'sip:two.example.jp'],
    username: '0301234567',
    authUser: null,
    domain: null,
    transport: 'udp',
    expiresSeconds: 600,
  },
  outbound: {
    host: null,
    port: null,
    transport: 'udp',
    priority: 1,
    callerId: {
      format: 'national',
      from: 'number',
      assertedIdentity: true,
      privacy: false,
      diversion: false,
      domain: null,
      fallbackNumber: null,
    },
  },
  probeSeconds: 30,
  maxCalls: null,
};

/** The names lead to hosts 2 and 3 of the network, when there is an answer at all. */
function lineOf(trunk: Trunk) {
  const network = new SipNetwork();
  const names = { areKnown: true };
  const line = new TrunkLine(trunk, 'geheim', {
    clock: network.clock,
    random: countingRandom(),
    agent: network.start(1, {}),
    locate: ({ host }) =>
      Promise.resolve(names.areKnown ? [peerAt(host.startsWith('one') ? 2 : 3)] : []),
    onChange: () => undefined,
  });
  return { network, line, names };
}

it('a trunk that registered at its second registrar is asked there, and carries calls', async () => {
  const { network, line } = lineOf(CARRIER);
  network.start(3, { onRegister: (request) => void request.respond(200) });
  line.start();
  await network.pass(120_000);
  expect(line.status).toMatchObject({ state: 'registered', carriesCalls: true });
  expect((await line.way())?.peers).toEqual([peerAt(3)]);
  line.release();
});

it('a registrar that falls silent is left for the next long before the registration ends', async () => {
  const { network, line } = lineOf(CARRIER);
  const onRegister = (request: IncomingRequest): void => void request.respond(200);
  network.start(2, { onRegister });
  network.start(3, { onRegister });
  line.start();
  await network.pass(1_000);
  expect((await line.way())?.peers).toEqual([peerAt(2)]);
  network.kill(2);
  await network.pass(150_000);
  expect(line.status).toMatchObject({ state: 'registered', carriesCalls: true });
  expect((await line.way())?.peers).toEqual([peerAt(3)]);
  line.release();
});

it('a registrar that was away and is back is asked at once: it may have forgotten us', async () => {
  const { network, line } = lineOf(CARRIER);
  let registers = 0;
  const onRegister = (request: IncomingRequest): void => {
    registers++;
    request.respond(200);
  };
  network.start(2, { onRegister });
  line.start();
  await network.pass(1_000);
  network.kill(2);
  await network.pass(120_000);
  expect(line.status).toMatchObject({ state: 'unreachable' });
  expect(registers).toBe(1);
  network.start(2, { onRegister });
  await network.pass(60_000);
  expect(line.status).toMatchObject({ state: 'registered', carriesCalls: true });
  expect(registers).toBe(2);
  line.release();
});

it('a trunk whose name could not be looked up at the start is found later', async () => {
  const outbound = CARRIER.outbound && { ...CARRIER.outbound, host: 'two.example.jp' };
  const { network, line, names } = lineOf({ ...CARRIER, register: null, outbound });
  network.start(3, {});
  names.areKnown = false;
  line.start();
  await network.pass(60_000);
  expect(line.status).toMatchObject({ state: 'unreachable', carriesCalls: false });
  names.areKnown = true;
  await network.pass(90_000);
  expect(line.status).toMatchObject({ state: 'reachable', carriesCalls: true });
  line.release();
});
