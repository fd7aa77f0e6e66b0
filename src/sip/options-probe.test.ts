import { describe, expect, it } from 'vitest';
import { SipNetwork, peerAt } from '../../test/harness/sip-network.ts';
import { OptionsProbe } from './options-probe.ts';
import type { ProbeState } from './options-probe.ts';
import type { Peer } from './transport.ts';

function probed() {
  const network = new SipNetwork();
  let status = 200;
  network.start(2, { onOptions: (request) => void request.respond(status) });
  const states: ProbeState[] = [];
  const found = { hosts: [2] };
  const locate = (): Promise<Peer[]> => Promise.resolve(found.hosts.map(peerAt));
  const probe = new OptionsProbe(
    { uri: 'sip:192.0.2.2', from: { uri: 'sip:192.0.2.1' }, locate },
    { clock: network.clock, agent: network.start(1, {}), onChange: (state) => states.push(state) },
  );
  return { network, probe, states, found, answer: (next: number) => (status = next) };
}

describe('the OPTIONS probe', () => {
  it('is up at the first answer, a refusal too, and asks again every 30 s', async () => {
    const { network, probe, states, answer } = probed();
    answer(403);
    probe.start();
    await network.pass(500);
    expect(states).toEqual(['up']);
    await network.pass(61_000);
    expect(network.lines(2)).toEqual(['OPTIONS', 'OPTIONS', 'OPTIONS']);
    probe.stop();
    await network.pass(60_000);
    expect(network.lines(2)).toHaveLength(3);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('is down after three failures in a row and up again after two answers', async () => {
    const { network, probe, states, answer } = probed();
    probe.start();
    await network.pass(500);
    answer(503);
    await network.pass(45_000);
    expect(states).toEqual(['up']);
    await network.pass(10_000);
    expect(states).toEqual(['up', 'down']);
    answer(200);
    await network.pass(30_500);
    expect(states).toEqual(['up', 'down']);
    await network.pass(10_000);
    expect(states).toEqual(['up', 'down', 'up']);
    probe.stop();
  });

  it('counts silence as a failure long before the transaction ends', async () => {
    const { network, probe, states } = probed();
    network.kill(2);
    probe.start();
    await network.pass(40_000);
    expect(probe.state).toBe('unknown');
    await network.pass(10_000);
    expect(states).toEqual(['down']);
    probe.stop();
  });

  it('believes what calls have met, too', async () => {
    const { network, probe, states } = probed();
    probe.start();
    await network.pass(500);
    probe.note(false);
    probe.note(false);
    probe.note(true);
    probe.note(false);
    probe.note(false);
    expect(states).toEqual(['up']);
    probe.note(false);
    expect(states).toEqual(['up', 'down']);
    probe.stop();
    probe.note(true);
    probe.note(true);
    expect(states).toEqual(['up', 'down']);
  });

  it('finds an address that was not to be had at first, and one that has changed', async () => {
    const { network, probe, states, found } = probed();
    found.hosts = [];
    probe.start();
    await network.pass(60_000);
    expect(states).toEqual(['down']);
    found.hosts = [2];
    await network.pass(70_000);
    expect(states).toEqual(['down', 'up']);
    network.kill(2);
    network.start(3, { onOptions: (request) => void request.respond(200) });
    found.hosts = [3];
    await network.pass(120_000);
    expect(states).toEqual(['down', 'up']);
    probe.stop();
  });

  it('asks the next server after a failure: one that answers is enough', async () => {
    const { network, probe, states, found } = probed();
    found.hosts = [9, 2];
    probe.start();
    await network.pass(300_000);
    expect(states).toEqual(['up']);
    expect(network.lines(9).length).toBeGreaterThan(0);
    probe.stop();
  });
});
