import { describe, expect, it } from 'vitest';
import { lonelyActor } from '../../test/harness/lonely-actor.ts';
import { countingRandom, parsed, settled } from '../../test/harness/sip-network.ts';
import { asId, silentLogger } from '../base/index.ts';
import type { LegId } from '../base/index.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { FakeMediaPlane } from '../media/index.ts';
import type { Peer, SipTransport } from '../sip/index.ts';
import { OutgoingLegs } from './outgoing-legs.ts';
import type { LegFailure, Route } from './outgoing-legs.ts';
import { SipService } from './sip-service.ts';

const LEG = asId<LegId>('leg_contact');

/** Contacts' telephones rung over servers that say what the test has them say. */
function rig() {
  const clock = new ManualClock();
  const sent: { to: number; text: string }[] = [];
  const transport: SipTransport = {
    protocol: 'UDP',
    reliable: false,
    send: (text, { port }) => void sent.push({ to: port, text }),
  };
  const media = new FakeMediaPlane();
  const sip = new SipService({
    clock,
    random: countingRandom(),
    log: silentLogger,
    media,
    transports: [transport],
    localContacts: { UDP: { address: '192.0.2.1', port: 5060 } },
    userAgentName: 'test',
  });
  const legs = new OutgoingLegs({ media, sip, clock, log: silentLogger });
  const heard: string[] = [];
  const failures: LegFailure[] = [];
  return {
    /** Rings over the servers at these ports. */
    ring: (...ports: number[]): Promise<void> =>
      legs.dial({
        actor: lonelyActor(clock),
        legId: LEG,
        role: 'contact',
        routes: ports.map(routeTo),
        onAnswered: () => Promise.resolve(),
        isWanted: () => true,
        onFailed: (why) => void failures.push(why),
        onRoute: ({ destination }, how) =>
          heard.push(`${destination.port} ${typeof how === 'string' ? how : how.reason}`),
      }),
    /** Time passes, promises included. */
    pass: async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 250) {
        clock.advance(Math.min(250, left));
        for (let i = 0; i < 5; i++) await settled();
      }
    },
    /** The server at this port answers the first INVITE it was sent. */
    says: (port: number, status: number): void => {
      const invite = sent.find(({ to, text }) => to === port && text.startsWith('INVITE'));
      const { headers } = parsed(invite?.text ?? '');
      const copied = ['Via', 'From', 'Call-ID', 'CSeq'].map(
        (name) => `${name}: ${headers.get(name)}`,
      );
      const to = `To: ${headers.get('To')}${status > 100 ? ';tag=there' : ''}`;
      const lines = [`SIP/2.0 ${status} Said`, ...copied, to, 'Content-Length: 0', '', ''];
      sip.receive(lines.join('\r\n'), peerAt(port));
    },
    /** Methods that went to this port, repetitions left out. */
    went: (port: number): string[] => [
      ...new Set(sent.filter(({ to }) => to === port).map(({ text }) => text.split(' ')[0] ?? '')),
    ],
    heard,
    failures,
  };
}

function peerAt(port: number): Peer {
  return { protocol: 'UDP', address: '192.0.2.9', port };
}

function routeTo(port: number): Route {
  return {
    uri: 'sip:0901234567@192.0.2.9',
    destination: peerAt(port),
    from: { uri: 'sip:0301234567@192.0.2.1' },
  };
}

it.each([401, 407, 402, 488, 503])(
  '%i is the trunk’s answer: the next is tried',
  async (status) => {
    const { ring, pass, says, went, failures } = rig();
    await ring(1, 2);
    says(1, status);
    await pass(250);
    expect(went(2)).toEqual(['INVITE']);
    says(2, 486);
    await pass(250);
    expect(failures).toMatchObject([{ status: 486 }]);
  },
);

describe('a server of which nothing at all is heard', () => {
  it('is left for the next one while the caller waits; what it says later is cancelled', async () => {
    const { ring, pass, says, went, heard, failures } = rig();
    await ring(1, 2);
    await pass(5_000);
    expect(went(2)).toEqual(['INVITE']);
    expect(heard).toEqual(['1 timeout']);
    says(1, 180);
    says(2, 180);
    await pass(250);
    expect(went(1)).toEqual(['INVITE', 'CANCEL']);
    expect(heard).toEqual(['1 timeout', '2 ringing']);
    // Who rings may ring on.
    await pass(20_000);
    expect(went(2)).toEqual(['INVITE']);
    expect(failures).toEqual([]);
  });

  it('is waited for when it has the call, if only by a 100', async () => {
    const { ring, pass, says, went, heard } = rig();
    await ring(1, 2);
    says(1, 100);
    await pass(20_000);
    expect([went(1), went(2), heard]).toEqual([['INVITE'], [], []]);
  });

  it('is no telephone that was not picked up, where it is the last', async () => {
    const { ring, pass, heard, failures } = rig();
    await ring(1);
    await pass(11_000);
    expect(failures).toEqual([]);
    await pass(2_000);
    expect(heard).toEqual(['1 timeout']);
    expect(failures).toMatchObject([{ status: 503 }]);
  });
});
