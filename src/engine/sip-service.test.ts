import { expect, it } from 'vitest';
import { lonelyActor } from '../../test/harness/lonely-actor.ts';
import { countingRandom, settled } from '../../test/harness/sip-network.ts';
import { asId, silentLogger } from '../base/index.ts';
import type { LegId, OperatorId } from '../base/index.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { FakeMediaPlane } from '../media/index.ts';
import type { DialogState, SipTransport } from '../sip/index.ts';
import { SipService } from './sip-service.ts';

const LEG = asId<LegId>('leg_hers');
const HER = asId<OperatorId>('op_1');
const peer = { protocol: 'UDP', address: '192.0.2.9', port: 5060 } as const;
const DIALOG: DialogState = {
  sipCallId: 'hers@192.0.2.1',
  localTag: 'ours',
  remoteTag: 'hers',
  localUri: 'sip:0301234567@192.0.2.1',
  remoteUri: 'sip:one@192.0.2.9',
  localSeq: 1,
  remoteSeq: null,
  routeSet: [],
  remoteTarget: 'sip:one@192.0.2.9',
  localTarget: 'sip:192.0.2.1',
  secure: false,
  role: 'uac',
  state: 'confirmed',
  inviteSeq: 1,
  session: { intervalS: 90, refresher: 'them', refreshedAtMs: null },
  peer,
};

it('an operator’s telephone that does not refresh is gone: the caller is not hung up on', async () => {
  const clock = new ManualClock();
  const sent: string[] = [];
  const transport: SipTransport = {
    protocol: 'UDP',
    reliable: false,
    send: (text) => void sent.push(text.split(' ')[0] ?? ''),
  };
  const sip = new SipService({
    clock,
    random: countingRandom(),
    log: silentLogger,
    media: new FakeMediaPlane(),
    transports: [transport],
    localContacts: { UDP: { address: '192.0.2.1', port: 5060 } },
    userAgentName: 'test',
  });
  const stored = { request: '', peer };
  const actor = lonelyActor(clock, [
    {
      id: LEG,
      role: 'operator',
      kind: 'sip',
      localSdp: '',
      sip: { side: 'outgoing', invite: stored, dialog: DIALOG },
    },
  ]);
  const device = { kind: 'sip', target: 'sip:one@192.0.2.9' } as const;
  await actor.post({ type: 'operator.found', operatorId: HER, legId: LEG, device });
  await actor.post({ type: 'offer.accepted', operatorId: HER });
  await actor.post({ type: 'caller.connected' });
  expect(actor.state.phase).toBe('talking');
  sip.bind(actor, LEG, DIALOG);
  for (let passed = 0; passed < 65; passed++) {
    clock.advance(1_000);
    await settled();
  }
  expect(sent).toContain('BYE');
  expect(actor.state).toMatchObject({ termination: null, operator: { audio: 'lost' } });
});
