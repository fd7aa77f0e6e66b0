import { describe, expect, it } from 'vitest';
import { SipNetwork, parsed, peerAt, settled, summary } from '../../test/harness/sip-network.ts';
import type { StoredAnswer } from './answer-repeater.ts';
import type { DialogState } from './dialog.ts';
import { DigestSession } from './digest-client.ts';
import type { IncomingInvite, StoredIncomingInvite } from './incoming-invite.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { InviteFailure, OutgoingInvite, StoredInvite } from './outgoing-invite.ts';
import type { InDialogOptions, InDialogOutcome } from './outgoing-request.ts';
import type { SipListener, SipUserAgent } from './user-agent.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n';
const ANSWER = 'v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\n';

type Caller = {
  agent: SipUserAgent;
  outgoing: OutgoingInvite;
  events: string[];
  dialog: () => DialogState;
  failure: () => InviteFailure | undefined;
};

/** Host 1 calls host 2; the caller acknowledges by itself. */
function call(network: SipNetwork, listener: Partial<SipListener> = {}): Caller {
  const agent = network.start(1, listener);
  const events: string[] = [];
  let dialog: DialogState | undefined;
  let failure: InviteFailure | undefined;
  const outgoing = agent.invite({
    uri: 'sip:0312345678@192.0.2.2',
    destination: peerAt(2),
    from: { uri: 'sip:09012345678@192.0.2.1', displayName: '山田' },
    sdp: OFFER,
    observer: {
      onProvisional: ({ response }) => events.push(String(response.status)),
      onAnswered: (answer) => {
        events.push(`answered ${answer.sdp === ANSWER}`);
        dialog = answer.dialog;
        outgoing.acknowledge();
      },
      onFailed: (reason) => {
        failure = reason;
        events.push(`${reason.reason} ${reason.status}`);
      },
    },
  });
  return {
    agent,
    outgoing,
    events,
    dialog: () => {
      if (!dialog) throw new Error('not answered');
      return dialog;
    },
    failure: () => failure,
  };
}

type Callee = { agent: SipUserAgent; invites: IncomingInvite[]; requests: IncomingRequest[] };

function callee(network: SipNetwork, listener: Partial<SipListener> = {}): Callee {
  const invites: IncomingInvite[] = [];
  const requests: IncomingRequest[] = [];
  const agent = network.start(2, {
    onInvite: (invite) => invites.push(invite),
    onInDialogRequest: (incoming) => {
      requests.push(incoming);
      incoming.respond(200);
    },
    ...listener,
  });
  return { agent, invites, requests };
}

const NOTHING = { transactions: 0, dialogs: 0, openInvites: 0, answers: 0 };

describe('a call', () => {
  it('rings, is answered, acknowledged and ended, and leaves nothing behind', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    const invite = called.invites[0]!;
    expect(invite.remoteSdp).toBe(OFFER);
    const acks: string[] = [];
    invite.observe({ onAck: (sdp) => acks.push(sdp) });
    invite.provisional(180);
    await network.pass(250);
    invite.accept({ sdp: ANSWER });
    await network.pass(250);
    expect(caller.events).toEqual(['180', 'answered true']);
    expect(acks).toEqual(['']);
    const prepared = called.agent.prepareInDialog(called.agent.dialog(invite.dialog)!, 'BYE');
    expect(prepared.dialog.localSeq).toBe(1);
    const ended = prepared.send();
    await network.pass(250);
    expect(await ended).toMatchObject({ kind: 'answered', ended: true });
    expect(network.lines(1)).toEqual(['100 INVITE', '180 INVITE', '200 INVITE', 'BYE']);
    await network.pass(40_000);
    expect(called.agent.counts).toEqual(NOTHING);
    expect(caller.agent.counts).toEqual(NOTHING);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('has one BYE, whoever prepares it: another process that knows the dialog makes the same', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(250);
    const stored = JSON.stringify(caller.dialog());
    const first = caller.agent.prepareInDialog(caller.dialog(), 'BYE');
    const again = caller.agent.prepareInDialog(JSON.parse(stored) as DialogState, 'BYE');
    expect(again.stored()).toEqual(first.stored());
    // What was sent once more is answered once more, and is no other request.
    void first.send();
    await network.pass(250);
    void caller.agent.sendAgain(again.stored());
    await network.pass(250);
    expect(called.requests).toHaveLength(1);
    // After any other request of ours it is another one.
    const { dialog: later } = caller.agent.prepareInDialog(
      JSON.parse(stored) as DialogState,
      'INFO',
    );
    const viaOf = (text: string) => /^Via: .*$/m.exec(text)?.[0];
    const last = caller.agent.prepareInDialog(later, 'BYE').stored().request;
    expect(viaOf(last)).not.toBe(viaOf(first.stored().request));
    await network.pass(40_000);
  });

  it('keeps one To tag in every response', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    call(network);
    await network.pass(250);
    called.invites[0]!.provisional(180);
    called.invites[0]!.provisional(183, { sdp: ANSWER });
    called.invites[0]!.accept({ sdp: ANSWER });
    const tags = network.sent
      .filter(({ text }) => /^SIP\/2.0 (18|200)/.test(text))
      .map(({ text }) => parsed(text).headers.get('To'));
    expect(tags).toHaveLength(3);
    expect(new Set(tags).size).toBe(1);
  });

  it('sends the ringing response again every minute', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    call(network);
    await network.pass(250);
    called.invites[0]!.provisional(180);
    await network.pass(125_000);
    expect(network.lines(1)).toEqual(['100 INVITE', '180 INVITE', '180 INVITE', '180 INVITE']);
    called.invites[0]!.reject(480);
    await network.pass(60_000);
    expect(network.lines(1).filter((line) => line === '180 INVITE')).toHaveLength(3);
  });

  it('repeats the 2xx with doubling intervals and reports a missing ACK after 64*T1', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    network.fate = (text) => (text.startsWith('ACK') ? [] : [1]);
    let missing = 0;
    called.invites[0]!.observe({ onAckTimeout: () => missing++ });
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(31_750);
    expect(network.lines(1).filter((line) => line === '200 INVITE')).toHaveLength(11);
    expect(network.lines(2).filter((line) => line === 'ACK')).toHaveLength(11);
    expect(missing).toBe(0);
    await network.pass(500);
    expect(missing).toBe(1);
    expect(caller.events).toEqual(['answered true']);
    await network.pass(10_000);
    expect(network.lines(1).filter((line) => line === '200 INVITE')).toHaveLength(11);
  });

  it('falls silent when the caller hangs up before its ACK arrives', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    network.fate = (text) => (text.startsWith('ACK') ? [] : [1]);
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(250);
    void caller.agent.prepareInDialog(caller.dialog(), 'BYE').send();
    await network.pass(40_000);
    expect(network.lines(1).filter((line) => line === '200 INVITE')).toHaveLength(1);
    expect(called.agent.counts).toEqual(NOTHING);
  });

  it('reports a rejection with its response', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    expect(called.invites[0]!.reject(503, { headers: [['Retry-After', '30']] })).toBe(true);
    expect(called.invites[0]!.accept({ sdp: ANSWER })).toBe(false);
    await network.pass(40_000);
    expect(caller.failure()).toMatchObject({ status: 503, reason: 'rejected' });
    expect(caller.failure()?.response?.headers.get('Retry-After')).toBe('30');
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('fails with 408 when nobody is there', async () => {
    const network = new SipNetwork();
    const caller = call(network);
    await network.pass(32_250);
    expect(caller.events).toEqual(['timeout 408']);
    expect(network.lines(2)).toHaveLength(7);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('fails at once when the socket reports that the peer cannot be reached', () => {
    const network = new SipNetwork();
    const caller = call(network);
    caller.agent.transportFailed(peerAt(2));
    network.clock.advance(1);
    expect(caller.events).toEqual(['transport-error 503']);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('forgets an INVITE that is ignored without a final answer', async () => {
    const network = new SipNetwork();
    const called = callee(network, { onInvite: (invite) => invite.ignore() });
    call(network);
    await network.pass(20);
    expect(called.agent.counts).toEqual(NOTHING);
    expect(network.lines(1)).toEqual([]);
  });
});

describe('CANCEL', () => {
  it('is sent after the first provisional response and ends the call with 487', async () => {
    const network = new SipNetwork();
    const cancelled: string[] = [];
    const called = callee(network);
    network.fate = (text) => (text.startsWith('SIP/2.0 100') ? [] : [1]);
    const caller = call(network);
    caller.outgoing.cancel();
    await network.pass(250);
    expect(network.lines(2)).toEqual(['INVITE']);
    const invite = called.invites[0]!;
    invite.observe({ onCancel: (how) => void cancelled.push(how) });
    invite.provisional(180);
    await network.pass(250);
    expect(cancelled).toEqual(['cancel']);
    expect(caller.events).toEqual(['cancelled 487']);
    expect(network.lines(2)).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(network.lines(1)).toEqual(['100 INVITE', '180 INVITE', '200 CANCEL', '487 INVITE']);
    expect(invite.accept({ sdp: ANSWER })).toBe(false);
    await network.pass(40_000);
    expect(called.agent.counts).toEqual(NOTHING);
    expect(caller.agent.counts).toEqual(NOTHING);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('that crosses the answer: the caller acknowledges and hangs up, the callee hears a BYE', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    const invite = called.invites[0]!;
    invite.provisional(180);
    await network.pass(250);
    invite.accept({ sdp: ANSWER });
    caller.outgoing.cancel();
    await network.pass(250);
    expect(caller.events).toEqual(['180', 'cancelled 487']);
    expect(called.requests.map(({ method }) => method)).toEqual(['BYE']);
    expect(network.lines(2)).toEqual(['INVITE', 'CANCEL', 'ACK', 'BYE']);
    await network.pass(40_000);
    expect(called.agent.counts).toEqual(NOTHING);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('counts as done 64*T1 after it when no final response comes', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    called.invites[0]!.provisional(180);
    await network.pass(250);
    network.kill(2);
    caller.outgoing.cancel();
    await network.pass(33_000);
    expect(caller.events).toEqual(['180', 'cancelled 487']);
    expect(caller.agent.counts).toEqual(NOTHING);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('of nothing known is answered 481', async () => {
    const network = new SipNetwork();
    callee(network);
    network.deliver(
      [
        'CANCEL sip:0312345678@192.0.2.2 SIP/2.0',
        'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnone',
        'From: <sip:a@example.com>;tag=a',
        'To: <sip:b@example.com>',
        'Call-ID: none',
        'CSeq: 1 CANCEL',
        '\r\n',
      ].join('\r\n'),
      { ...peerAt(9), port: 5999 },
      peerAt(2),
    );
    network.clock.advance(10);
    expect(network.lines().at(-1)).toBe('481 CANCEL');
  });

  it('a BYE inside the early dialog ends the INVITE too', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    const invite = called.invites[0]!;
    const how: string[] = [];
    invite.observe({ onCancel: (kind) => void how.push(kind) });
    invite.provisional(180);
    await network.pass(250);
    const early = { ...invite.dialog };
    const mirrored: DialogState = {
      ...early,
      localTag: early.remoteTag,
      remoteTag: early.localTag,
      localSeq: 1,
      remoteTarget: 'sip:192.0.2.2:5060',
      peer: peerAt(2),
    };
    void caller.agent.prepareInDialog(mirrored, 'BYE').send();
    await network.pass(250);
    expect(how).toEqual(['bye']);
    expect(caller.events).toEqual(['180', 'rejected 487']);
  });
});

describe('forks', () => {
  it('acknowledges and ends the answer of a second fork', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(250);
    const first = network.sent.find(({ text }) => text.startsWith('SIP/2.0 200'))!;
    const second = first.text.replace(/(To: .*;tag=)\w+/, '$1other');
    const before = network.sent.length;
    for (let i = 0; i < 2; i++) network.deliver(second, peerAt(2), peerAt(1));
    await network.pass(250);
    const toOther = network.sent
      .slice(before)
      .filter(({ text }) => text.includes(';tag=other') && !text.startsWith('SIP/'))
      .map(({ text }) => summary(text));
    expect(toOther).toEqual(['ACK', 'BYE', 'ACK']);
    expect(caller.events).toEqual(['answered true']);
  });

  it('has an early dialog for each fork that rings', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    called.invites[0]!.provisional(180);
    await network.pass(250);
    const ringing = network.sent.find(({ text }) => text.startsWith('SIP/2.0 180'))!;
    network.deliver(ringing.text.replace(/(To: .*;tag=)\w+/, '$1other'), peerAt(2), peerAt(1));
    await network.pass(250);
    expect(caller.agent.counts.dialogs).toBe(2);
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(250);
    expect(caller.agent.counts.dialogs).toBe(1);
  });
});

type SendArguments = [
  agent: SipUserAgent,
  dialog: DialogState,
  method: string,
  options?: InDialogOptions,
];

describe('a dialog', () => {
  async function established(listener: Partial<SipListener> = {}) {
    const network = new SipNetwork();
    const called = callee(network, listener);
    const caller = call(network, listener);
    await network.pass(250);
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(250);
    return { network, called, caller };
  }

  /** Sends and lets the answer come. */
  async function send(
    network: SipNetwork,
    ...[agent, dialog, method, options]: SendArguments
  ): Promise<InDialogOutcome> {
    const pending = agent.prepareInDialog(dialog, method, options).send();
    await network.pass(500);
    return pending;
  }

  const statusOf = (outcome: InDialogOutcome): number =>
    outcome.kind === 'answered' ? outcome.response.status : 0;

  it('outlives a NOTIFY that its peer knows no subscription for, as it does not an INFO', async () => {
    const onInDialogRequest = (request: IncomingRequest): void => void request.respond(481);
    const { network, called, caller } = await established({ onInDialogRequest });
    const ours = called.agent.dialog(called.invites[0]!.dialog)!;
    const notify = await send(network, called.agent, ours, 'NOTIFY');
    expect([statusOf(notify), notify.ended]).toEqual([481, false]);
    expect(called.agent.dialog(ours)).toBeDefined();
    const info = await send(network, called.agent, notify.dialog, 'INFO');
    expect([statusOf(info), info.ended]).toEqual([481, true]);
    expect(caller.agent.dialog(caller.dialog())).toBeDefined();
  });

  it('goes on in another process from its JSON, with the next CSeq', async () => {
    const { network, called, caller } = await established();
    const before = called.agent.dialog(called.invites[0]!.dialog)!;
    const first = await send(network, called.agent, before, 'INFO');
    const stored = JSON.stringify(first.dialog);
    network.kill(2);
    const next = callee(network);
    next.agent.adoptDialog(JSON.parse(stored) as DialogState);
    const info = await send(network, caller.agent, caller.dialog(), 'INFO');
    expect(statusOf(info)).toBe(200);
    expect(next.requests.map(({ method }) => method)).toEqual(['INFO']);
    const bye = await send(network, next.agent, JSON.parse(stored) as DialogState, 'BYE');
    expect(bye).toMatchObject({ kind: 'answered', ended: true });
    const sent = network.sent.filter(({ text }) => text.startsWith('BYE'));
    expect(parsed(sent[0]!.text).headers.get('CSeq')).toBe('2 BYE');
    expect(caller.agent.counts.dialogs).toBe(0);
  });

  it('carries a re-INVITE with ACK in both directions and follows a new Contact', async () => {
    const { network, called, caller } = await established();
    const dialog = called.agent.dialog(called.invites[0]!.dialog)!;
    const outcome = await send(network, called.agent, dialog, 'INVITE', { sdp: OFFER });
    expect(statusOf(outcome)).toBe(200);
    expect(outcome.dialog).toMatchObject({ localSeq: 1, inviteSeq: 1 });
    expect(network.lines(1).slice(-2)).toEqual(['INVITE', 'ACK']);
    const moved = { ...caller.dialog(), localTarget: 'sip:moved@192.0.2.1:5060' };
    const back = await send(network, caller.agent, moved, 'INVITE', { sdp: OFFER });
    expect(statusOf(back)).toBe(200);
    expect(called.requests.at(-1)?.sdp).toBe(OFFER);
    expect(called.agent.dialog(dialog)?.remoteTarget).toBe('sip:moved@192.0.2.1:5060');
    expect(called.agent.counts.answers).toBe(0);
    await network.pass(40_000);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('answers the offer of a 2xx in the ACK', async () => {
    const acks: string[] = [];
    const { network, called, caller } = await established({
      onInDialogRequest: (incoming) => {
        incoming.observe({ onAck: (sdp) => acks.push(sdp) });
        incoming.respond(200, { sdp: OFFER });
      },
    });
    expect(called.invites).toHaveLength(1);
    await send(network, caller.agent, caller.dialog(), 'INVITE', { ackSdp: () => ANSWER });
    expect(acks).toEqual([ANSWER]);
  });

  /** The next ACK is lost. */
  function loseAck(network: SipNetwork): void {
    let isLost = false;
    network.fate = (text) => {
      if (isLost || !text.startsWith('ACK ')) return [1];
      isLost = true;
      return [];
    };
  }

  it('takes a re-INVITE for the ACK that was lost before it', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    const heard: string[] = [];
    called.invites[0]!.observe({
      onAck: (sdp) => heard.push(`ACK ${sdp}`),
      onAckTimeout: () => heard.push('nothing'),
    });
    loseAck(network);
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(100);
    expect(heard).toEqual([]);
    const again = await send(network, caller.agent, caller.dialog(), 'INVITE', { sdp: OFFER });
    expect(statusOf(again)).toBe(200);
    await network.pass(40_000);
    expect(heard).toEqual(['ACK ']);
    expect(called.agent.counts.answers).toBe(0);
  });

  it('refuses a re-INVITE with 491 while the ACK with the answer to its offer is missing', async () => {
    const acks: string[] = [];
    const { network, caller } = await established({
      onInDialogRequest: (incoming) => {
        incoming.observe({ onAck: (sdp) => acks.push(sdp) });
        incoming.respond(200, { sdp: OFFER });
      },
    });
    loseAck(network);
    const options = { ackSdp: () => ANSWER };
    const first = caller.agent.prepareInDialog(caller.dialog(), 'INVITE', options).send();
    await network.pass(100);
    const { dialog } = await first;
    const second = caller.agent.prepareInDialog(dialog, 'INVITE', { sdp: OFFER }).send();
    await network.pass(100);
    expect(statusOf(await second)).toBe(491);
    await network.pass(2_000);
    expect(acks).toEqual([ANSWER]);
  });

  it('refuses a re-INVITE with 491 while its own is pending, and a second one with 500', async () => {
    const held: IncomingRequest[] = [];
    const { network, called, caller } = await established({
      onInDialogRequest: (incoming) => held.push(incoming),
    });
    const ours = called.agent.dialog(called.invites[0]!.dialog)!;
    const first = called.agent.prepareInDialog(ours, 'INVITE', { sdp: OFFER });
    const pending = first.send();
    await network.pass(250);
    const glare = await send(network, caller.agent, caller.dialog(), 'INVITE', { sdp: OFFER });
    expect(statusOf(glare)).toBe(491);
    const second = await send(network, called.agent, first.dialog, 'INVITE', { sdp: OFFER });
    expect(statusOf(second)).toBe(500);
    held[0]!.respond(200, { sdp: ANSWER });
    await network.pass(250);
    expect(statusOf(await pending)).toBe(200);
  });

  it('a re-INVITE that a BYE has overtaken is answered 487, and the dialog stays ended', async () => {
    const held: IncomingRequest[] = [];
    const { network, called, caller } = await established({
      onInDialogRequest: (incoming) => {
        if (incoming.method === 'INVITE') held.push(incoming);
        else incoming.respond(200);
      },
    });
    const offer = caller.agent.prepareInDialog(caller.dialog(), 'INVITE', { sdp: OFFER });
    const pending = offer.send();
    await network.pass(250);
    expect(statusOf(await send(network, caller.agent, offer.dialog, 'BYE'))).toBe(200);
    held[0]!.respond(200, { sdp: ANSWER });
    await network.pass(250);
    expect(statusOf(await pending)).toBe(487);
    expect(called.agent.counts).toMatchObject({ dialogs: 0, answers: 0 });
  });

  it('refuses a request with a CSeq lower than one it has seen with 500', async () => {
    const { network, called, caller } = await established();
    const high = { ...caller.dialog(), localSeq: 50 };
    expect(statusOf(await send(network, caller.agent, high, 'INFO'))).toBe(200);
    expect(statusOf(await send(network, caller.agent, caller.dialog(), 'INFO'))).toBe(500);
    expect(called.requests).toHaveLength(1);
  });

  it('that is unknown is refused with 481, and 481 to our request ends it here', async () => {
    const { network, called, caller } = await established();
    called.agent.forgetDialog(called.invites[0]!.dialog);
    const dialog = caller.dialog();
    // OPTIONS may ask just that.
    for (const method of ['INFO', 'OPTIONS']) {
      const outcome = await send(network, caller.agent, dialog, method);
      expect(statusOf(outcome)).toBe(481);
      expect(outcome.ended).toBe(true);
      expect(caller.agent.counts.dialogs).toBe(0);
    }
  });

  it('ends also when the BYE is never answered', async () => {
    const { network, called, caller } = await established();
    network.kill(1);
    const dialog = called.agent.dialog(called.invites[0]!.dialog)!;
    const pending = called.agent.prepareInDialog(dialog, 'BYE').send();
    await network.pass(33_000);
    expect(await pending).toMatchObject({ kind: 'timeout', ended: true });
    expect(called.agent.counts).toEqual(NOTHING);
    expect(caller.events).toEqual(['answered true']);
  });

  it('refuses methods and extensions nobody serves', async () => {
    const { network, caller } = await established();
    expect(statusOf(await send(network, caller.agent, caller.dialog(), 'SUBSCRIBE'))).toBe(405);
    expect(statusOf(await send(network, caller.agent, caller.dialog(), 'DANCE'))).toBe(501);
    const required = await send(network, caller.agent, caller.dialog(), 'INFO', {
      headers: [['Require', 'teleport']],
    });
    expect(statusOf(required)).toBe(420);
    expect(required.kind === 'answered' ? required.response.headers.get('Unsupported') : '').toBe(
      'teleport',
    );
  });
});

describe('after the death of the process', () => {
  it('a stored answer is repeated until the ACK comes', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    const stored = JSON.stringify(called.invites[0]!.prepareAnswer({ sdp: ANSWER }));
    network.kill(2);
    const next = callee(network);
    let acknowledged = 0;
    next.agent.resumeAcceptedInvite(JSON.parse(stored) as StoredAnswer, {
      onAck: () => acknowledged++,
    });
    await network.pass(250);
    expect(caller.events).toEqual(['answered true']);
    expect(acknowledged).toBe(1);
    const bye = caller.agent.prepareInDialog(caller.dialog(), 'BYE').send();
    await network.pass(250);
    expect(await bye).toMatchObject({ kind: 'answered', ended: true });
    expect(next.requests.map(({ method }) => method)).toEqual(['BYE']);
  });

  it('a call that rings is cancelled, repeated, answered or rejected at the next process', async () => {
    const ends = {
      cancel: ['180', '180', 'cancelled 487'],
      repeat: ['180', '180'],
      answer: ['180', '180', 'answered true'],
      reject: ['180', '180', 'rejected 480'],
    };
    for (const [end, events] of Object.entries(ends)) {
      const network = new SipNetwork();
      const called = callee(network);
      const caller = call(network);
      await network.pass(250);
      const before = called.invites[0]!;
      before.provisional(180);
      await network.pass(250);
      const stored = JSON.parse(JSON.stringify(before.stored)) as StoredIncomingInvite;
      network.kill(2);
      const next = callee(network);
      const invite = next.agent.resumeIncomingInvite(stored)!;
      expect(next.agent.resumeIncomingInvite(stored)).toBeUndefined();
      let cancelled = 0;
      invite.observe({
        onCancel: () => {
          cancelled++;
        },
      });
      invite.provisional(180);
      await network.pass(250);
      if (end === 'repeat') next.agent.receive(caller.outgoing.stored.request, peerAt(1));
      if (end === 'cancel') caller.outgoing.cancel();
      if (end === 'answer') invite.accept({ sdp: ANSWER });
      if (end === 'reject') invite.reject(480);
      await network.pass(250);
      expect(cancelled).toBe(end === 'cancel' ? 1 : 0);
      expect(next.invites).toEqual([]);
      const seen = end === 'repeat' ? caller.events.slice(0, 2) : caller.events;
      expect(seen).toEqual(events);
      if (end === 'answer') expect(caller.dialog().remoteTag).toBe(before.toTag);
    }
  });

  it('an answered call of a former process repeats its 2xx to a repeated INVITE, no more', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    const before = called.invites[0]!;
    const { request } = caller.outgoing.stored;
    const answer = before.prepareAnswer({ sdp: ANSWER });
    before.sendAnswer(answer);
    await network.pass(250);
    network.kill(2);
    const next = callee(network);
    next.agent.resumeIncomingInvite(before.stored)?.resumeAnswered(answer);
    await network.pass(1000);
    next.agent.receive(request, peerAt(1));
    await network.pass(1000);
    expect(next.invites).toEqual([]);
    expect(network.lines(2)).toEqual(['INVITE', 'ACK', 'ACK']);
    expect(next.agent.counts).toMatchObject({ answers: 0, openInvites: 0 });
  });

  it('a call of ours is stored as it will be sent, before it is', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const agent = network.start(1, {});
    const sent: string[] = [];
    network.fate = (text) => {
      sent.push(text);
      return [1];
    };
    const outgoing = agent.prepareInvite({
      uri: 'sip:0312345678@192.0.2.2',
      destination: peerAt(2),
      from: { uri: 'sip:09012345678@192.0.2.1' },
      sdp: OFFER,
      observer: { onAnswered: () => undefined, onFailed: () => undefined },
    });
    const { stored } = outgoing;
    await network.pass(250);
    expect(sent).toEqual([]);
    outgoing.start();
    await network.pass(250);
    expect(sent[0]).toBe(stored.request);
    expect(stored.peer).toEqual(peerAt(2));
    expect(called.invites).toHaveLength(1);
  });

  it('a ringing call of ours can be answered or cancelled by the next process', async () => {
    for (const end of ['answer', 'cancel'] as const) {
      const network = new SipNetwork();
      const called = callee(network);
      const caller = call(network);
      await network.pass(250);
      called.invites[0]!.provisional(180);
      await network.pass(250);
      const stored = JSON.parse(JSON.stringify(caller.outgoing.stored)) as StoredInvite;
      network.kill(1);
      const agent = network.start(1, {});
      const events: string[] = [];
      const outgoing = agent.resumeOutgoingInvite(stored, {
        onAnswered: () => {
          events.push('answered');
          outgoing?.acknowledge();
        },
        onFailed: ({ reason }) => events.push(reason),
      });
      if (end === 'answer') called.invites[0]!.accept({ sdp: ANSWER });
      else outgoing?.cancel();
      await network.pass(250);
      expect(events).toEqual([end === 'answer' ? 'answered' : 'cancelled']);
      expect(called.agent.counts.answers).toBe(0);
    }
  });

  it('a call that was challenged is stored anew, and that is what the next process cancels', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const agent = network.start(1, {});
    const kept: StoredInvite[] = [];
    const outgoing = agent.prepareInvite({
      uri: 'sip:0312345678@192.0.2.2',
      destination: peerAt(2),
      from: { uri: 'sip:09012345678@192.0.2.1' },
      sdp: OFFER,
      digest: new DigestSession({ username: 'office', password: 'secret' }),
      observer: {
        onSentAgain: () => kept.push(outgoing.stored),
        onAnswered: () => undefined,
        onFailed: () => undefined,
      },
    });
    outgoing.start();
    await network.pass(250);
    const challenge = 'Digest realm="carrier", nonce="n1", qop="auth", algorithm=MD5';
    called.invites[0]!.reject(407, { headers: [['Proxy-Authenticate', challenge]] });
    await network.pass(250);
    expect(called.invites).toHaveLength(2);
    called.invites[1]!.provisional(180);
    await network.pass(250);
    expect(kept).toHaveLength(1);
    expect(kept[0]!.request).toContain('Proxy-Authorization: Digest username="office"');
    network.kill(1);
    const events: string[] = [];
    network
      .start(1, {})
      .resumeOutgoingInvite(kept[0]!, {
        onAnswered: () => events.push('answered'),
        onFailed: ({ reason }) => events.push(reason),
      })
      ?.cancel();
    await network.pass(250);
    expect(events).toEqual(['cancelled']);
    expect(called.invites[1]!.state).toBe('ended');
  });

  it('a 2xx that comes again for an adopted dialog is acknowledged again', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    network.fate = (text) => (text.startsWith('ACK') ? [] : [1]);
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(250);
    const stored = JSON.stringify(caller.dialog());
    network.kill(1);
    const agent = network.start(1, {});
    agent.adoptDialog(JSON.parse(stored) as DialogState);
    network.fate = () => [1];
    await network.pass(1000);
    expect(called.agent.counts.answers).toBe(0);
  });

  it('an answer nobody remembers is acknowledged and ended when the listener says so', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    call(network);
    await network.pass(250);
    network.kill(1);
    network.start(1, { onStrayAnswer: () => 'end' });
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(250);
    expect(network.lines(2)).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(called.agent.counts).toMatchObject({ dialogs: 0, answers: 0 });
  });

  it('such an answer may come many times: there is one BYE, repeated until it is answered', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    call(network);
    await network.pass(250);
    network.kill(1);
    const agent = network.start(1, { onStrayAnswer: () => 'end' });
    network.fate = (text) => (/^(ACK|BYE)/.test(text) ? [] : [1]);
    called.invites[0]!.accept({ sdp: ANSWER });
    await network.pass(5000);
    const lines = network.lines(2);
    expect(lines.filter((line) => line === 'ACK')).toHaveLength(4);
    // Timer E: at 0, 0.5, 1.5 and 3.5 s, as one request is.
    expect(lines.filter((line) => line === 'BYE')).toHaveLength(4);
    network.fate = () => [1];
    await network.pass(3000);
    expect(network.lines(1).filter((line) => line === '200 BYE')).toHaveLength(1);
    await network.pass(6000);
    expect(network.lines(2).filter((line) => line === 'BYE')).toHaveLength(5);
    expect(agent.counts.transactions).toBe(0);
  });
});

describe('close', () => {
  it('leaves no timer behind', async () => {
    const network = new SipNetwork();
    const called = callee(network);
    const caller = call(network);
    await network.pass(250);
    called.invites[0]!.provisional(180);
    called.agent.close();
    caller.agent.close();
    await settled();
    network.clock.advance(5);
    expect(called.agent.counts).toEqual(NOTHING);
    expect(caller.agent.counts).toMatchObject({ transactions: 0, dialogs: 0 });
    expect(network.clock.pendingTimers).toBe(0);
  });
});
