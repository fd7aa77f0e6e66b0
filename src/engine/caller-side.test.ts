import { expect, it } from 'vitest';
import { lonelyActor } from '../../test/harness/lonely-actor.ts';
import { countingRandom, settled } from '../../test/harness/sip-network.ts';
import { asId, silentLogger } from '../base/index.ts';
import type { LegId } from '../base/index.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { FakeMediaPlane } from '../media/index.ts';
import type { SipTransport } from '../sip/index.ts';
import type { CallActor } from './call-actor.ts';
import { CallerSide } from './caller-side.ts';
import { SipService } from './sip-service.ts';

const LEG = asId<LegId>('leg_1');
const INVITE = [
  'INVITE sip:0301234567@192.0.2.1 SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK-1',
  'From: <sip:0901234567@192.0.2.9>;tag=there',
  'To: <sip:0301234567@192.0.2.1>',
  'Call-ID: insists@192.0.2.9',
  'CSeq: 1 INVITE',
  'Contact: <sip:192.0.2.9>',
  'Require: 100rel',
  'Content-Type: application/sdp',
  '',
  'v=0',
  '',
].join('\r\n');

it('a caller who never says that it hears our ringing is gone: nobody is rung for it any longer', async () => {
  const clock = new ManualClock();
  const sent: string[] = [];
  const transport: SipTransport = {
    protocol: 'UDP',
    reliable: false,
    send: (text) => void sent.push(text.split('\r\n')[0] ?? ''),
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
  const side = new CallerSide({ media, sip, log: silentLogger });
  const rung: CallActor[] = [];
  sip.listen({
    onInvite: (invite) => {
      const answer = invite.prepareAnswer({ sdp: '' });
      const { dialog } = answer;
      const signalling = { invite: invite.stored, answer, offerless: false, dialog };
      const actor = lonelyActor(clock, [
        {
          id: LEG,
          role: 'caller',
          kind: 'sip',
          localSdp: '',
          sip: { ...signalling, side: 'incoming' },
        },
      ]);
      side.attach(actor, LEG, invite);
      side.ring(actor);
      rung.push(actor);
      return Promise.resolve();
    },
    onRegister: () => Promise.resolve(),
    isKnownPeer: () => true,
  });
  sip.receive(INVITE, { protocol: 'UDP', address: '192.0.2.9', port: 5060 });
  await settled();
  expect(sent[0]).toContain('180');
  expect(rung[0]?.state.termination).toBeNull();
  clock.advance(33_000);
  for (let i = 0; i < 5; i++) await settled();
  expect(sent.at(-1)).toContain('504');
  expect(rung[0]?.state.termination).toMatchObject({ reason: 'ack-missing' });
});
