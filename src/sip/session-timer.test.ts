import { describe, expect, it } from 'vitest';
import { SipNetwork, parsed, peerAt } from '../../test/harness/sip-network.ts';
import type { DialogState } from './dialog.ts';
import type { IncomingInvite } from './incoming-invite.ts';
import type { SipUserAgentOptions } from './user-agent.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n';
const TIMER: Partial<SipUserAgentOptions> = { session: { intervalS: 1800 }, supported: ['timer'] };

type Setup = {
  caller?: Partial<SipUserAgentOptions>;
  callee?: Partial<SipUserAgentOptions>;
  headers?: readonly (readonly [string, string])[];
};

/** An agent that does what the timer asks as the engine does: refresh, or BYE. */
function sideAt(network: SipNetwork, host: number, options: Partial<SipUserAgentOptions>) {
  const asked: string[] = [];
  const invites: IncomingInvite[] = [];
  let dialog: DialogState | undefined;
  const will = { refresh: true };
  const side = {
    asked,
    invites,
    will,
    keep: (state: DialogState) => (dialog = state),
    dialog: (): DialogState => {
      if (!dialog) throw new Error('no dialog');
      return dialog;
    },
  };
  const agent = network.start(
    host,
    {
      onInvite: (invite) => invites.push(invite),
      onInDialogRequest: (incoming) => {
        if (incoming.dialog) dialog = incoming.dialog;
        incoming.respond(200, incoming.method === 'INVITE' ? { sdp: SDP } : {});
      },
      onSessionRefreshDue: (state, method) => {
        asked.push(method);
        if (!will.refresh) return;
        const prepared = agent.prepareInDialog(
          state,
          method,
          method === 'INVITE' ? { sdp: SDP } : {},
        );
        void prepared.send().then((outcome) => (dialog = outcome.dialog));
      },
      onSessionExpired: (state) => {
        asked.push('expired');
        void agent.prepareInDialog(state, 'BYE').send();
      },
    },
    options,
  );
  return { ...side, agent };
}

async function conversation(network: SipNetwork, setup: Setup = {}) {
  const callee = sideAt(network, 2, setup.callee ?? TIMER);
  const caller = sideAt(network, 1, setup.caller ?? TIMER);
  const outgoing = caller.agent.invite({
    uri: 'sip:b@192.0.2.2',
    destination: peerAt(2),
    from: { uri: 'sip:a@192.0.2.1' },
    sdp: SDP,
    ...(setup.headers ? { headers: setup.headers } : {}),
    observer: {
      onAnswered: ({ dialog }) => {
        caller.keep(dialog);
        outgoing.acknowledge();
      },
      onFailed: () => undefined,
    },
  });
  await network.pass(250);
  callee.invites[0]?.accept({ sdp: SDP });
  await network.pass(250);
  return { caller, callee };
}

const headersOf = (network: SipNetwork, start: string) =>
  network.sent.filter(({ text }) => text.startsWith(start)).map(({ text }) => parsed(text).headers);

describe('session timers', () => {
  it('are asked for and granted: the caller refreshes half way, by UPDATE', async () => {
    const network = new SipNetwork();
    const { caller, callee } = await conversation(network);
    const [invite] = headersOf(network, 'INVITE');
    expect(invite?.get('Session-Expires')).toBe('1800');
    expect(invite?.get('Min-SE')).toBe('90');
    const answer = headersOf(network, 'SIP/2.0 200').at(-1);
    expect(answer?.get('Session-Expires')).toBe('1800;refresher=uac');
    expect(answer?.get('Require')).toBe('timer');
    await network.pass(899_000);
    expect(caller.asked).toEqual([]);
    await network.pass(2_000);
    expect([caller.asked, callee.asked]).toEqual([['UPDATE'], []]);
    const [update] = headersOf(network, 'UPDATE');
    expect(update?.get('Session-Expires')).toBe('1800;refresher=uac');
    await network.pass(900_000);
    expect(caller.asked).toEqual(['UPDATE', 'UPDATE']);
  });

  it('are refreshed by re-INVITE for a peer that takes no UPDATE', async () => {
    const network = new SipNetwork();
    const allow = ['INVITE', 'ACK', 'BYE', 'CANCEL'];
    const { caller, callee } = await conversation(network, { callee: { ...TIMER, allow } });
    await network.pass(902_000);
    expect(caller.asked).toEqual(['INVITE']);
    expect(network.lines(2).filter((line) => line === 'INVITE')).toHaveLength(2);
    expect(callee.dialog().session).toMatchObject({ refresher: 'them', intervalS: 1800 });
  });

  it('are refreshed by us where the caller asks for it or does not know them', async () => {
    const network = new SipNetwork();
    const { callee } = await conversation(network, {
      caller: {},
      headers: [['Session-Expires', '1000']],
    });
    const answer = headersOf(network, 'SIP/2.0 200').at(-1);
    expect(answer?.get('Session-Expires')).toBe('1000;refresher=uas');
    expect(answer?.has('Require')).toBe(false);
    await network.pass(1_200_000);
    expect(callee.asked.filter((what) => what === 'UPDATE')).toHaveLength(2);
    expect(callee.asked).not.toContain('expired');
  });

  it('end the call of a peer that does not refresh, a little before the time is over', async () => {
    const network = new SipNetwork();
    const { caller, callee } = await conversation(network);
    caller.will.refresh = false;
    await network.pass(1_760_000);
    expect(callee.asked).toEqual([]);
    await network.pass(9_000);
    expect(callee.asked).toEqual(['expired']);
    await network.pass(1_000);
    expect(network.lines()).toContain('BYE');
    await network.pass(40_000);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('go on trying to refresh, then end the call themselves', async () => {
    const network = new SipNetwork();
    const { caller, callee } = await conversation(network);
    network.fate = (text) => (text.startsWith('UPDATE') ? [] : [1]);
    caller.will.refresh = false;
    await network.pass(1_770_000);
    expect(caller.asked.filter((what) => what === 'UPDATE').length).toBeGreaterThan(3);
    expect(caller.asked.at(-1)).toBe('expired');
    expect(callee.agent.counts.dialogs + caller.agent.counts.dialogs).toBe(0);
  });

  it('survive a connection that breaks under a refresh', async () => {
    const network = new SipNetwork();
    const { caller, callee } = await conversation(network);
    network.fate = (text) => (text.startsWith('UPDATE') ? [] : [1]);
    await network.pass(901_000);
    expect(caller.asked).toEqual(['UPDATE']);
    caller.agent.transportFailed(peerAt(2));
    network.fate = () => [1];
    await network.pass(1_000_000);
    expect(caller.asked.slice(0, 2)).toEqual(['UPDATE', 'UPDATE']);
    expect([caller.asked, callee.asked].flat()).not.toContain('expired');
    expect(caller.agent.counts.dialogs).toBe(1);
  });

  it('ask again for longer after a 422, and refuse what is too short', async () => {
    const network = new SipNetwork();
    const { caller } = await conversation(network, {
      caller: { ...TIMER, session: { intervalS: 60 } },
    });
    expect(network.lines(1)).toContain('422 INVITE');
    expect(headersOf(network, 'SIP/2.0 422')[0]?.get('Min-SE')).toBe('90');
    const again = headersOf(network, 'INVITE')[1];
    expect([again?.get('Session-Expires'), again?.get('Min-SE')]).toEqual(['90', '90']);
    expect(caller.dialog().session).toMatchObject({ intervalS: 90, refresher: 'us' });
  });

  it('are taken over by the next process with the time that is left', async () => {
    const network = new SipNetwork();
    const { caller, callee } = await conversation(network);
    await network.pass(600_000);
    const stored = JSON.parse(JSON.stringify(caller.dialog())) as DialogState;
    network.kill(1);
    await network.pass(100_000);
    const next = sideAt(network, 1, TIMER);
    next.agent.adoptDialog(stored);
    next.keep(stored);
    await network.pass(198_000);
    expect(next.asked).toEqual([]);
    await network.pass(4_000);
    expect(next.asked).toEqual(['UPDATE']);
    expect(callee.asked).toEqual([]);
  });

  it('a re-INVITE of the peer renews them', async () => {
    const network = new SipNetwork();
    const { caller, callee } = await conversation(network);
    caller.will.refresh = false;
    await network.pass(1_000_000);
    void caller.agent.prepareInDialog(caller.dialog(), 'INVITE', { sdp: SDP }).send();
    await network.pass(1_000_000);
    expect(callee.asked).toEqual([]);
  });

  it.each(['', 'abc', '-1', '99999999999999999999', '100;refresher=nobody', ';;;'])(
    'read %j without harm',
    async (value) => {
      const network = new SipNetwork();
      const { callee } = await conversation(network, {
        caller: { supported: ['timer'] },
        headers: [['Session-Expires', value]],
      });
      expect(callee.invites).toHaveLength(1);
    },
  );
});
