import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SipNetwork, parsed, peerAt } from '../../test/harness/sip-network.ts';
import { cseqOf, topVia } from './message.ts';
import type { DialogState } from './dialog.ts';

/** Delays of the copies of one datagram in ms; none: lost. */
const fate = fc.oneof(
  { weight: 2, arbitrary: fc.constant<number[]>([]) },
  {
    weight: 4,
    arbitrary: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 3 }),
  },
);

type Plan = { fates: number[][]; answerAfterMs: number; cancelAfterMs: number };

const plan = fc.record<Plan>({
  fates: fc.array(fate, { maxLength: 25 }),
  answerAfterMs: fc.integer({ min: 0, max: 4000 }),
  cancelAfterMs: fc.integer({ min: 0, max: 8000 }),
});

/** One call over a network that spoils its first datagrams as planned and is sound afterwards. */
async function play(planned: Plan, cancels: boolean, isReliable = false) {
  const network = new SipNetwork();
  let datagram = 0;
  network.fate = () => planned.fates[datagram++] ?? [1];
  const events: string[] = [];
  const calls: string[] = [];
  const requests: string[] = [];
  let calleeEnd = 'none';
  const supported = isReliable ? { supported: ['100rel'] } : {};
  const callee = network.start(
    2,
    {
      onInvite: (invite) => {
        calls.push(topVia(invite.request)?.params.get('branch') ?? '');
        invite.provisional(180);
        invite.observe({
          onCancel: () => void (calleeEnd = 'cancelled'),
          onAck: () => (calleeEnd = 'acknowledged'),
          onAckTimeout: () => {
            calleeEnd = 'ack-timeout';
            void callee.prepareInDialog(invite.dialog, 'BYE').send();
          },
        });
        network.clock.setTimer(planned.answerAfterMs, () => invite.accept({ sdp: 'v=0\r\n' }));
      },
      onInDialogRequest: (incoming) => {
        requests.push(`${incoming.method} ${cseqOf(incoming.request)?.number ?? 0}`);
        incoming.respond(200);
      },
    },
    supported,
  );
  let dialog: DialogState | undefined;
  const caller = network.start(1, {}, supported);
  const outgoing = caller.invite({
    uri: 'sip:b@192.0.2.2',
    destination: peerAt(2),
    from: { uri: 'sip:a@192.0.2.1' },
    sdp: 'v=0\r\n',
    headers: isReliable ? [['Require', '100rel']] : [],
    observer: {
      onAnswered: (answer) => {
        events.push('answered');
        dialog = answer.dialog;
        outgoing.acknowledge();
      },
      onFailed: ({ reason }) => events.push(reason),
    },
  });
  if (cancels) network.clock.setTimer(planned.cancelAfterMs, () => outgoing.cancel());
  await network.pass(45_000);
  network.fate = () => [1];
  return { network, caller, callee, events, calls, requests, dialog, calleeEnd: () => calleeEnd };
}

describe('over a network that loses, repeats and reorders', () => {
  it('a call comes about once, both sides agree, and BYE ends it on both', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (planned) => {
        const call = await play(planned, false);
        const { network, caller, callee } = call;
        expect(call.events).toHaveLength(1);
        expect(new Set(call.calls).size).toBeLessThanOrEqual(1);
        if (call.dialog) {
          expect(call.calleeEnd()).toBe('acknowledged');
          const info = caller.prepareInDialog(call.dialog, 'INFO');
          void info.send();
          await network.pass(1000);
          void caller.prepareInDialog(info.dialog, 'BYE').send();
          await network.pass(1000);
          expect(call.requests).toEqual(['INFO 2', 'BYE 3']);
        } else expect(call.events).toEqual(['timeout']);
        await network.pass(250_000);
        if (call.dialog) expect(caller.counts.dialogs + callee.counts.dialogs).toBe(0);
        expect(caller.counts.transactions + callee.counts.transactions).toBe(0);
        for (const { text } of network.sent) parsed(text);
      }),
      { numRuns: 60 },
    );
  });

  it('so does one whose provisional responses are reliable, with rising CSeq', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (planned) => {
        const { network, caller, callee, ...call } = await play(planned, false, true);
        expect(call.events).toHaveLength(1);
        if (call.dialog) {
          expect(call.calleeEnd()).toBe('acknowledged');
          void caller.prepareInDialog(call.dialog, 'BYE').send();
          await network.pass(1000);
          expect(call.requests.map((line) => line.split(' ')[0])).toEqual(['BYE']);
        }
        await network.pass(250_000);
        expect(caller.counts.transactions + callee.counts.transactions).toBe(0);
        expect(network.clock.pendingTimers).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('a cancelled call ends once on both sides, however CANCEL and answer cross', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (planned) => {
        const call = await play(planned, true);
        expect(call.events).toHaveLength(1);
        await call.network.pass(100_000);
        if (call.events[0] !== 'answered' && call.calleeEnd() === 'acknowledged') {
          expect(call.requests.map((line) => line.split(' ')[0])).toEqual(['BYE']);
        }
        if (call.events[0] === 'cancelled' && call.calls.length > 0) {
          expect(call.callee.counts.dialogs).toBe(0);
        }
        expect(call.caller.counts.transactions + call.callee.counts.transactions).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
