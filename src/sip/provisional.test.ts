import { describe, expect, it } from 'vitest';
import { deferred } from '../base/index.ts';
import { placesOfRedirect } from './redirect.ts';
import { SipNetwork, countingRandom, parsed, peerAt } from '../../test/harness/sip-network.ts';
import type { DialogState } from './dialog.ts';
import { DigestSession } from './digest-client.ts';
import { glareDelayMs } from './glare.ts';
import type { IncomingInvite } from './incoming-invite.ts';
import type { OfferInUpdate } from './dialog-table.ts';
import type { InviteFailure } from './outgoing-invite.ts';
import type { InviteTarget, SipUserAgentOptions } from './user-agent.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n';
const ANSWER = 'v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\n';
const RELIABLE: Partial<SipUserAgentOptions> = { supported: ['100rel'] };
const REQUIRE = [['Require', '100rel']] as const;

/** The same dialog in the other side's words. */
const seenFrom = ({ sipCallId, localTag, remoteTag }: DialogState) => ({
  sipCallId,
  localTag: remoteTag,
  remoteTag: localTag,
});

function call(
  network: SipNetwork,
  target: Partial<InviteTarget> = {},
  onOffer?: (update: OfferInUpdate) => Promise<boolean>,
) {
  const invites: IncomingInvite[] = [];
  const callee = network.start(2, { onInvite: (invite) => invites.push(invite) }, RELIABLE);
  const caller = network.start(1, {}, RELIABLE);
  const events: string[] = [];
  let dialog: DialogState | undefined;
  let failure: InviteFailure | undefined;
  const outgoing = caller.invite({
    uri: 'sip:b@192.0.2.2',
    destination: peerAt(2),
    from: { uri: 'sip:a@192.0.2.1' },
    sdp: OFFER,
    ...target,
    observer: {
      ...(onOffer && { onOffer }),
      onProvisional: ({ response, sdp }) => events.push(`${response.status} ${sdp === ANSWER}`),
      onAnswered: (answer) => {
        events.push(`answered ${answer.sdp === ANSWER}`);
        dialog = answer.dialog;
        outgoing.acknowledge();
      },
      onFailed: (reason) => {
        failure = reason;
        events.push(reason.reason);
      },
    },
  });
  return {
    caller,
    callee,
    invites,
    events,
    outgoing,
    dialog: () => dialog!,
    failure: () => failure,
  };
}

const count = (network: SipNetwork, line: string): number =>
  network.lines().filter((one) => one === line).length;

describe('provisional responses', () => {
  it('183 with SDP is early media for the caller', async () => {
    const network = new SipNetwork();
    const { invites, events } = call(network);
    await network.pass(250);
    invites[0]?.provisional(183, { sdp: ANSWER });
    await network.pass(250);
    expect(events).toEqual(['183 true']);
    // Some gateways do not say it again in the 2xx.
    invites[0]?.accept();
    await network.pass(250);
    expect(events).toEqual(['183 true', 'answered true']);
  });

  it('are reliable for a caller that insists: repeated until the PRACK, which is answered', async () => {
    const network = new SipNetwork();
    const { invites, events, caller, dialog } = call(network, { headers: REQUIRE });
    let lost = 2;
    network.fate = (text) => (text.startsWith('PRACK') && lost-- > 0 ? [] : [1]);
    await network.pass(250);
    invites[0]?.provisional(183, { sdp: ANSWER });
    await network.pass(5_000);
    expect(count(network, '183 INVITE')).toBeGreaterThan(1);
    expect(events).toEqual(['183 true']);
    expect(count(network, '200 PRACK')).toBeGreaterThan(0);
    const repeated = count(network, '183 INVITE');
    await network.pass(10_000);
    expect(count(network, '183 INVITE')).toBe(repeated);
    invites[0]?.accept();
    await network.pass(500);
    // The answer came with the 183 and is not given again; the CSeq of the PRACK is used up.
    expect(events).toEqual(['183 true', 'answered true']);
    expect(dialog().localSeq).toBe(2);
    void caller.prepareInDialog(dialog(), 'BYE').send();
    await network.pass(500);
    expect(count(network, '200 BYE')).toBe(1);
  });

  it('are acknowledged with proof where the carrier has asked for it', async () => {
    const network = new SipNetwork();
    const digest = new DigestSession({ username: '0301234567', password: 'geheim' });
    const { invites, events } = call(network, { headers: REQUIRE, digest });
    await network.pass(250);
    const challenge = 'Digest realm="example.jp", nonce="n", qop="auth"';
    invites[0]?.reject(407, { headers: [['Proxy-Authenticate', challenge]] });
    await network.pass(250);
    invites[1]?.provisional(183, { sdp: ANSWER });
    await network.pass(250);
    expect(events).toEqual(['183 true']);
    const prack = network.sent.find(({ text }) => text.startsWith('PRACK'))?.text ?? '';
    expect(parsed(prack).headers.get('Proxy-Authorization')).toContain('nc=00000002');
  });

  it('wait for their turn: one at a time, the latest next, each with the next RSeq', async () => {
    const network = new SipNetwork();
    const { invites, events } = call(network, { headers: REQUIRE });
    await network.pass(250);
    invites[0]?.provisional(180);
    invites[0]?.provisional(182);
    invites[0]?.provisional(183, { sdp: ANSWER });
    await network.pass(2_000);
    expect(events).toEqual(['180 false', '183 true']);
    const rseqs = network.sent
      .filter(({ text }) => /^SIP\/2.0 18/.test(text))
      .map(({ text }) => Number(parsed(text).headers.get('RSeq')));
    expect(new Set(rseqs).size).toBe(2);
    expect(Math.max(...rseqs) - Math.min(...rseqs)).toBe(1);
  });

  it('that are never acknowledged end the call with 504', async () => {
    const network = new SipNetwork();
    const { invites, failure, caller, callee } = call(network, { headers: REQUIRE });
    network.fate = (text) => (text.startsWith('PRACK') ? [] : [1]);
    await network.pass(250);
    invites[0]?.provisional(180);
    await network.pass(33_000);
    expect(failure()?.status).toBe(504);
    await network.pass(40_000);
    expect([caller.counts.dialogs, callee.counts.dialogs]).toEqual([0, 0]);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it('are none before the 2xx for a caller that insists and leaves the offer to us', async () => {
    const network = new SipNetwork();
    const { invites, events } = call(network, { headers: REQUIRE, sdp: '' });
    await network.pass(250);
    invites[0]?.provisional(180);
    await network.pass(2_000);
    invites[0]?.accept({ sdp: ANSWER });
    await network.pass(250);
    expect(events).toEqual(['answered true']);
    expect([count(network, '180 INVITE'), count(network, '100 INVITE') > 0]).toEqual([0, true]);
  });

  it('make the offer once where the caller has none; its PRACK is answered when that is noted', async () => {
    const network = new SipNetwork();
    const { invites } = call(network, { headers: REQUIRE, sdp: '' });
    await network.pass(250);
    const [invite] = invites;
    const noted = deferred<undefined>();
    const heard: string[] = [];
    invite!.observe({
      onAnswer: (sdp) => {
        heard.push(`answer ${sdp}`);
        return noted.promise;
      },
      onMayAnswer: () => heard.push('may answer'),
    });
    expect(invite!.wantsOffer).toBe(true);
    invite!.provisional(180, { sdp: OFFER });
    await network.pass(250);
    expect([heard, invite!.isOfferOpen]).toEqual([['answer '], true]);
    expect(count(network, '200 PRACK')).toBe(0);
    noted.resolve(undefined);
    await network.pass(250);
    expect([heard, invite!.isOfferOpen]).toEqual([['answer ', 'may answer'], false]);
    expect(count(network, '200 PRACK')).toBe(1);
    expect(invite!.prepareAnswer().offers).toBe(false);
    invite!.provisional(183, { sdp: OFFER });
    await network.pass(250);
    const ringing = network.sent.filter(({ text }) => /^SIP\/2.0 18/.test(text));
    expect(ringing.map(({ text }) => text.includes(OFFER))).toEqual([true, false]);
  });

  it('a PRACK for nothing known is answered 481', async () => {
    const network = new SipNetwork();
    const { invites, caller } = call(network);
    await network.pass(250);
    invites[0]?.provisional(180);
    await network.pass(250);
    const early = network.sent.find(({ text }) => text.startsWith('SIP/2.0 180'));
    const toTag = /tag=(\w+)/.exec(parsed(early!.text).headers.get('To') ?? '')?.[1] ?? '';
    const invite = parsed(network.sent[0]!.text).headers;
    const id = {
      sipCallId: invite.get('Call-ID') ?? '',
      localTag: /tag=(\w+)/.exec(invite.get('From') ?? '')?.[1] ?? '',
      remoteTag: toTag,
    };
    for (const rack of ['1 1 INVITE', '', 'x', '1 1', '99999999999 1 INVITE']) {
      const dialog = caller.dialog(id)!;
      const outcome = caller.prepareInDialog(dialog, 'PRACK', { headers: [['RAck', rack]] }).send();
      await network.pass(250);
      expect(await outcome).toMatchObject({ response: { status: 481 }, ended: false });
    }
    invites[0]?.accept({ sdp: ANSWER });
    await network.pass(500);
  });
});

describe('the early dialog', () => {
  it('an answer that crosses our CANCEL is ended by one BYE, also when it comes again', async () => {
    const network = new SipNetwork();
    const { invites, events, outgoing } = call(network, { headers: REQUIRE });
    await network.pass(250);
    invites[0]?.provisional(183, { sdp: ANSWER });
    await network.pass(250);
    // The CANCEL comes too late, the answer twice.
    network.fate = (text) => {
      if (text.startsWith('CANCEL')) return [100];
      return /^SIP\/2.0 200 [^]*CSeq: 1 INVITE/.test(text) ? [1, 3_000] : [1];
    };
    outgoing.cancel();
    invites[0]?.accept({ sdp: ANSWER });
    await network.pass(5_000);
    expect(events).toEqual(['183 true', 'cancelled']);
    const sent = network.sent.map(({ text }) => text.split('\r\n')[0]);
    expect(sent.filter((line) => line?.startsWith('ACK'))).toHaveLength(2);
    const byes = network.sent.filter(({ text }) => text.startsWith('BYE'));
    expect(new Set(byes.map(({ text }) => /CSeq: (.*)/.exec(text)?.[1])).size).toBe(1);
  });

  it('answers a PRACK that crosses our 2xx as if it had come in time', async () => {
    const network = new SipNetwork();
    const { invites, events } = call(network, { headers: REQUIRE });
    await network.pass(250);
    network.fate = (text) => (text.startsWith('PRACK') ? [600] : [1]);
    invites[0]?.provisional(180);
    await network.pass(250);
    invites[0]?.accept({ sdp: ANSWER });
    await network.pass(2_000);
    expect(events).toEqual(['180 false', 'answered true']);
    expect([count(network, '200 PRACK') > 0, count(network, '481 PRACK')]).toEqual([true, 0]);
  });

  it('refuses an UPDATE with an offer while the first offer is open', async () => {
    const network = new SipNetwork();
    const { invites, caller, callee } = call(network);
    await network.pass(250);
    invites[0]?.provisional(180);
    await network.pass(250);
    const theirs = callee.dialog(invites[0]!.dialog)!;
    const early = caller.dialog({
      sipCallId: theirs.sipCallId,
      localTag: theirs.remoteTag,
      remoteTag: theirs.localTag,
    })!;
    const update = caller.prepareInDialog(early, 'UPDATE', { sdp: OFFER }).send();
    await network.pass(500);
    expect(await update).toMatchObject({ response: { status: 500 }, ended: false });
    const plain = caller.prepareInDialog(caller.dialog(early)!, 'UPDATE').send();
    await network.pass(500);
    expect(await plain).toMatchObject({ response: { status: 200 } });
  });

  it('moves the caller’s target by UPDATE: the answer that was prepared before goes on from there', async () => {
    const network = new SipNetwork();
    const { invites, caller, callee } = call(network);
    await network.pass(250);
    const invite = invites[0]!;
    const prepared = invite.prepareAnswer({ sdp: ANSWER });
    const moves: string[] = [];
    let store = (): void => undefined;
    invite.observe({
      onMoved: (dialog) => {
        moves.push(dialog.remoteTarget);
        return new Promise((resolve) => (store = resolve));
      },
    });
    invite.provisional(180);
    await network.pass(250);
    const early = caller.dialog(seenFrom(callee.dialog(invite.dialog)!))!;
    const elsewhere = { ...early, localTarget: 'sip:a@192.0.2.7' };
    const moved = caller.prepareInDialog(elsewhere, 'UPDATE').send();
    await network.pass(250);
    // Answered once it is stored.
    expect([moves, count(network, '200 UPDATE')]).toEqual([['sip:a@192.0.2.7'], 0]);
    store();
    await network.pass(500);
    expect(await moved).toMatchObject({ response: { status: 200 } });
    invite.sendAnswer(prepared);
    await network.pass(250);
    void callee.prepareInDialog(callee.dialog(prepared.dialog)!, 'BYE').send();
    const bye = network.sent.find(({ text }) => text.startsWith('BYE'));
    expect(bye).toMatchObject({ to: { address: '192.0.2.7' } });
    expect(bye?.text).toMatch(/^BYE sip:a@192\.0\.2\.7 /);
  });

  it('takes an offer of the called side once ours is answered reliably; before that 491', async () => {
    const network = new SipNetwork();
    const offers: OfferInUpdate[] = [];
    let decide: (agreed: boolean) => void = () => undefined;
    const { invites, callee, events } = call(network, { headers: REQUIRE }, (update) => {
      offers.push(update);
      return new Promise((resolve) => (decide = resolve));
    });
    await network.pass(250);
    const invite = invites[0]!;
    invite.provisional(180);
    await network.pass(250);
    const update = async (sdp: string) => {
      const sent = callee.prepareInDialog(callee.dialog(invite.dialog)!, 'UPDATE', { sdp }).send();
      await network.pass(500);
      return sent;
    };
    expect(await update(OFFER)).toMatchObject({ response: { status: 491 } });
    invite.provisional(183, { sdp: OFFER });
    await network.pass(500);
    const first = callee.prepareInDialog(callee.dialog(invite.dialog)!, 'UPDATE', { sdp: ANSWER });
    const served = first.send();
    await network.pass(250);
    // RFC 3311 §5.2: another one before the first is answered, with an offer or without.
    const [again, plain] = [await update(OFFER), await update('')];
    expect([again, plain]).toMatchObject([
      { response: { status: 500 } },
      { response: { status: 500 } },
    ]);
    expect(offers).toHaveLength(1);
    offers[0]!.respond(200, { sdp: OFFER });
    decide(true);
    await network.pass(250);
    expect(await served).toMatchObject({ response: { status: 200 } });
    // The 2xx repeats the first answer; what was agreed since stands.
    invite.accept({ sdp: OFFER });
    await network.pass(500);
    expect(events.at(-1)).toBe('answered true');
  });
});

describe('a 3xx to our INVITE', () => {
  it('is a failure that names other places, the preferred one first', async () => {
    const network = new SipNetwork();
    const { invites, failure } = call(network);
    await network.pass(250);
    const contacts = [
      '<sip:a@192.0.2.3>;q=0.2, "B, C" <tel:+81312345678>',
      '<sip:d@192.0.2.3>;q=x',
      '<',
    ];
    invites[0]?.reject(302, { headers: contacts.map((value) => ['Contact', value] as const) });
    await network.pass(250);
    expect(failure()).toMatchObject({ status: 302, reason: 'rejected' });
    const places = placesOfRedirect(failure()!.response!);
    expect(places).toEqual(['tel:+81312345678', 'sip:a@192.0.2.3', 'sip:d@192.0.2.3']);
    expect(placesOfRedirect({ ...failure()!.response!, status: 486 })).toEqual([]);
  });
});

describe('glare', () => {
  it('the owner of the Call-ID waits 2.1 to 4 s, the other side up to 2 s', () => {
    const random = countingRandom();
    const delays = (role: 'uac' | 'uas') =>
      Array.from({ length: 500 }, () => glareDelayMs({ role } as DialogState, random));
    const [owner, other] = [delays('uac'), delays('uas')];
    expect(Math.min(...owner)).toBeGreaterThanOrEqual(2_100);
    expect(Math.max(...owner)).toBeLessThanOrEqual(4_000);
    expect(Math.max(...other)).toBeLessThanOrEqual(2_000);
    expect(new Set(owner).size).toBeGreaterThan(50);
  });

  it('an UPDATE with an offer is refused with 491 while ours is open, one without is served', async () => {
    const network = new SipNetwork();
    const { caller, callee, invites, dialog } = call(network);
    await network.pass(250);
    invites[0]?.accept({ sdp: ANSWER });
    await network.pass(250);
    const theirs = callee.dialog(invites[0]!.dialog)!;
    // Both offers are on their way when the other side's arrives.
    const mine = caller.prepareInDialog(dialog(), 'UPDATE', { sdp: OFFER }).send();
    const cross = callee.prepareInDialog(theirs, 'UPDATE', { sdp: ANSWER });
    const other = cross.send();
    const plain = callee.prepareInDialog(cross.dialog, 'UPDATE').send();
    await network.pass(500);
    expect([await mine, await other, await plain]).toMatchObject([
      { response: { status: 491 } },
      { response: { status: 491 } },
      { response: { status: 200 } },
    ]);
  });
});
