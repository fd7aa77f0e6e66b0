import { describe, expect, it } from 'vitest';
import {
  SipNetwork,
  countingRandom,
  nodeHash,
  peerAt,
  summary,
} from '../../test/harness/sip-network.ts';
import { silentLogger } from '../base/index.ts';
import { SipHeaders } from './sip-headers.ts';
import type { TransportProtocol } from './transport.ts';
import { SipUserAgent } from './user-agent.ts';

/** An agent whose messages are only noted, over both transports. */
function agentWith(protocols: readonly TransportProtocol[]) {
  const { clock } = new SipNetwork();
  const sent: string[] = [];
  const agent = new SipUserAgent({
    clock,
    random: countingRandom(),
    hash: nodeHash,
    log: silentLogger,
    transports: protocols.map((protocol) => ({
      protocol,
      reliable: protocol !== 'UDP',
      send: (text: string) => void sent.push(`${protocol} ${summary(text)}`),
    })),
    localContacts: { UDP: peerAt(1), TCP: peerAt(1) },
    userAgentName: 'agent',
    listener: { onInvite: () => undefined, onInDialogRequest: () => undefined },
  });
  const invite = (bytes: number) =>
    agent.invite({
      uri: 'sip:b@192.0.2.2',
      destination: peerAt(2),
      from: { uri: 'sip:a@192.0.2.1' },
      sdp: 'x'.repeat(bytes),
      patienceMs: 4_000,
      observer: { onAnswered: () => undefined, onFailed: () => undefined },
    });
  return { agent, clock, sent, invite };
}

describe('a request of more than 1300 bytes', () => {
  it('is measured without being written', () => {
    const headers = new SipHeaders().add('Via', 'SIP/2.0/UDP a').add('f', '<sip:a@b>').add('X', '');
    expect(headers.length).toBe(headers.toText().length);
  });

  it('goes over TCP, a smaller one over UDP', () => {
    const { sent, invite } = agentWith(['UDP', 'TCP']);
    expect(invite(1200).stored.peer.protocol).toBe('TCP');
    expect(invite(200).stored.peer.protocol).toBe('UDP');
    expect(sent).toEqual(['TCP INVITE', 'UDP INVITE']);
  });

  it('goes over UDP to a peer that takes no connection, the next one at once', () => {
    const { agent, sent, invite } = agentWith(['UDP', 'TCP']);
    const outgoing = invite(1200);
    agent.transportFailed({ ...peerAt(2), protocol: 'TCP' });
    expect(outgoing.state).toBe('calling');
    expect(outgoing.stored.request.match(/^Via: .*$/gm)).toHaveLength(1);
    invite(1200);
    expect(sent).toEqual(['TCP INVITE', 'UDP INVITE', 'UDP INVITE']);
  });

  it('is given time for a connection that a firewall swallows, and then anew', () => {
    const { agent, clock, sent, invite } = agentWith(['UDP', 'TCP']);
    const outgoing = invite(1200);
    clock.advance(5_000);
    agent.transportFailed({ ...peerAt(2), protocol: 'TCP' });
    clock.advance(3_900);
    expect(outgoing.state).toBe('calling');
    expect(new Set(sent)).toEqual(new Set(['TCP INVITE', 'UDP INVITE']));
    clock.advance(200);
    expect(outgoing.state).toBe('failed');
    const small = invite(200);
    clock.advance(4_100);
    expect(small.state).toBe('failed');
  });

  it('goes over UDP where there is nothing else', () => {
    const { sent, invite } = agentWith(['UDP']);
    invite(1200);
    expect(sent).toEqual(['UDP INVITE']);
  });
});
