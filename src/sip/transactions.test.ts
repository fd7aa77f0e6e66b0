import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { parsed, request } from '../../test/harness/sip-network.ts';
import { InviteClientTransaction } from './invite-client-transaction.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts';
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts';
import type { SipMessage, SipRequest, SipResponse } from './message.ts';
import { createResponse } from './response.ts';
import { DEFAULT_TIMERS } from './timers.ts';
import type { TransactionOptions } from './transaction.ts';

function requestOf(method: string): SipRequest {
  return request([
    `${method} sip:0312345678@192.0.2.2 SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone;rport',
    'Route: <sip:192.0.2.9;lr>',
    'Max-Forwards: 70',
    'From: <sip:a@example.com>;tag=from',
    'To: <sip:0312345678@192.0.2.2>',
    'Call-ID: call@example.com',
    `CSeq: 7 ${method}`,
  ]);
}

function responseOf(status: number, method: string): SipResponse {
  return createResponse(requestOf(method), status, { toTag: 'to' });
}

function bench(method: string, reliable = false) {
  const clock = new ManualClock();
  const sent: { atMs: number; message: SipMessage }[] = [];
  const events: string[] = [];
  const startMs = clock.now();
  const options: TransactionOptions = {
    clock,
    timers: DEFAULT_TIMERS,
    reliable,
    send: (text) => sent.push({ atMs: clock.now() - startMs, message: parsed(text) }),
    onTerminated: () => events.push('terminated'),
  };
  const user = {
    onResponse: (got: SipResponse) => void events.push(String(got.status)),
    onTimeout: () => void events.push('timeout'),
    onTransportError: () => void events.push('transport-error'),
  };
  const times = (): number[] => sent.map(({ atMs }) => atMs);
  return { first: requestOf(method), clock, sent, events, options, user, times };
}

describe('INVITE client transaction', () => {
  it('timer A repeats the INVITE with doubling intervals until timer B ends it', () => {
    const { first, clock, events, options, user, times } = bench('INVITE');
    const machine = new InviteClientTransaction(first, options, user);
    machine.start();
    expect(machine.state).toBe('calling');
    clock.advance(31_999);
    expect(times()).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(events).toEqual([]);
    clock.advance(1);
    expect(events).toEqual(['terminated', 'timeout']);
    expect(machine.state).toBe('terminated');
    expect(clock.pendingTimers).toBe(0);
  });

  it('sends the INVITE once over a reliable transport, timer B still runs', () => {
    const { first, clock, events, options, user, times } = bench('INVITE', true);
    new InviteClientTransaction(first, options, user).start();
    clock.advance(32_000);
    expect(times()).toEqual([0]);
    expect(events).toEqual(['terminated', 'timeout']);
  });

  it('stops repeating in Proceeding and rings for as long as it takes', () => {
    const { first, clock, events, options, user, times } = bench('INVITE');
    const machine = new InviteClientTransaction(first, options, user);
    machine.start();
    machine.receive(responseOf(100, 'INVITE'));
    machine.receive(responseOf(180, 'INVITE'));
    clock.advance(180_000);
    expect(machine.state).toBe('proceeding');
    expect(times()).toEqual([0]);
    expect(events).toEqual(['100', '180']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('acknowledges a rejection with the INVITE branch, again for each repetition, until timer D', () => {
    const { first, clock, sent, events, options, user } = bench('INVITE');
    const machine = new InviteClientTransaction(first, options, user);
    machine.start();
    machine.receive(responseOf(486, 'INVITE'));
    machine.receive(responseOf(486, 'INVITE'));
    machine.receive(responseOf(200, 'INVITE'));
    expect(machine.state).toBe('completed');
    expect(events).toEqual(['486']);
    const acks = sent.slice(1).map(({ message }) => message);
    expect(acks).toHaveLength(2);
    expect(acks[0]).toMatchObject({
      kind: 'request',
      method: 'ACK',
      uri: 'sip:0312345678@192.0.2.2',
    });
    expect(acks[0]?.headers.get('Via')).toBe(first.headers.get('Via'));
    expect(acks[0]?.headers.get('Route')).toBe('<sip:192.0.2.9;lr>');
    expect(acks[0]?.headers.get('To')).toBe('<sip:0312345678@192.0.2.2>;tag=to');
    expect(acks[0]?.headers.get('CSeq')).toBe('7 ACK');
    clock.advance(32_000);
    expect(events).toEqual(['486', 'terminated']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('timer D is zero over a reliable transport', () => {
    const { first, clock, events, options, user } = bench('INVITE', true);
    const machine = new InviteClientTransaction(first, options, user);
    machine.start();
    machine.receive(responseOf(603, 'INVITE'));
    expect(events).toEqual(['603', 'terminated']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('hands every 2xx to its user in Accepted until timer M', () => {
    const { first, clock, sent, events, options, user } = bench('INVITE');
    const machine = new InviteClientTransaction(first, options, user);
    machine.start();
    machine.receive(responseOf(200, 'INVITE'));
    machine.receive(responseOf(200, 'INVITE'));
    machine.receive(responseOf(486, 'INVITE'));
    expect(machine.state).toBe('accepted');
    expect(events).toEqual(['200', '200']);
    expect(sent).toHaveLength(1);
    clock.advance(31_999);
    expect(machine.state).toBe('accepted');
    clock.advance(1);
    machine.receive(responseOf(200, 'INVITE'));
    expect(events).toEqual(['200', '200', 'terminated']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells its user of a transport error in Calling', () => {
    const { first, clock, events, options, user } = bench('INVITE');
    const machine = new InviteClientTransaction(first, options, user);
    machine.start();
    machine.transportFailed();
    machine.transportFailed();
    expect(events).toEqual(['terminated', 'transport-error']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes on in Proceeding when it is resumed', () => {
    const { first, sent, events, options, user } = bench('INVITE');
    const machine = new InviteClientTransaction(first, options, user);
    machine.resume();
    machine.receive(responseOf(200, 'INVITE'));
    expect(sent).toEqual([]);
    expect(events).toEqual(['200']);
  });
});

describe('non-INVITE client transaction', () => {
  it('timer E repeats the request up to every T2 until timer F ends it', () => {
    const { first, clock, events, options, user, times } = bench('BYE');
    const machine = new NonInviteClientTransaction(first, options, user);
    machine.start();
    clock.advance(32_000);
    expect(times()).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
    expect(events).toEqual(['terminated', 'timeout']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('repeats every T2 in Proceeding and timer F still ends it', () => {
    const { first, clock, events, options, user, times } = bench('BYE');
    const machine = new NonInviteClientTransaction(first, options, user);
    machine.start();
    machine.receive(responseOf(100, 'BYE'));
    machine.receive(responseOf(100, 'BYE'));
    expect(machine.state).toBe('proceeding');
    clock.advance(9000);
    expect(times()).toEqual([0, 500, 4500, 8500]);
    clock.advance(23_000);
    expect(events).toEqual(['100', '100', 'terminated', 'timeout']);
  });

  it('absorbs repeated finals in Completed until timer K', () => {
    const { first, clock, events, options, user, times } = bench('BYE');
    const machine = new NonInviteClientTransaction(first, options, user);
    machine.start();
    machine.receive(responseOf(200, 'BYE'));
    machine.receive(responseOf(200, 'BYE'));
    expect(machine.state).toBe('completed');
    clock.advance(4999);
    expect(events).toEqual(['200']);
    clock.advance(1);
    expect(events).toEqual(['200', 'terminated']);
    expect(times()).toEqual([0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('timer K is zero and timer E absent over a reliable transport', () => {
    const { first, clock, events, options, user, times } = bench('BYE', true);
    const machine = new NonInviteClientTransaction(first, options, user);
    machine.start();
    clock.advance(10_000);
    machine.receive(responseOf(200, 'BYE'));
    expect(times()).toEqual([0]);
    expect(events).toEqual(['200', 'terminated']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells its user of a transport error once', () => {
    const { first, events, options, user } = bench('BYE');
    const machine = new NonInviteClientTransaction(first, options, user);
    machine.start();
    machine.transportFailed();
    machine.transportFailed();
    expect(events).toEqual(['terminated', 'transport-error']);
  });
});

describe('one request with several users', () => {
  it('all hear what comes of it, also who joins when it is answered; no more than there are places', () => {
    const { first, events, options, user, sent } = bench('BYE');
    const machine = new NonInviteClientTransaction(first, options, user);
    machine.start();
    for (let i = 0; i < 9; i++) machine.join(user);
    expect(events).toEqual([]);
    machine.join(user);
    expect(events.splice(0)).toEqual(['transport-error']);
    machine.receive(responseOf(200, 'BYE'));
    expect(events.splice(0)).toEqual(Array<string>(10).fill('200'));
    machine.join(user);
    expect(events).toEqual(['200']);
    expect(sent).toHaveLength(1);
  });
});

describe('INVITE server transaction', () => {
  const ack = (): SipRequest => requestOf('ACK');

  it('answers a repeated INVITE with the latest provisional response', () => {
    const { first, sent, options } = bench('INVITE');
    const machine = new InviteServerTransaction(first, options);
    machine.receive(requestOf('INVITE'));
    expect(sent).toHaveLength(0);
    machine.respond(responseOf(100, 'INVITE'));
    machine.respond(responseOf(180, 'INVITE'));
    machine.receive(requestOf('INVITE'));
    expect(sent.map(({ message }) => (message as SipResponse).status)).toEqual([100, 180, 180]);
    expect(machine.state).toBe('proceeding');
  });

  it('says 100 by itself when the user has said nothing for 200 ms, and only then', () => {
    const statuses = (early: number | null): (number | undefined)[] => {
      const { first, clock, sent, options } = bench('INVITE');
      const machine = new InviteServerTransaction(first, options);
      machine.awaitUser();
      clock.advance(199);
      if (early !== null) machine.respond(responseOf(early, 'INVITE'));
      clock.advance(2_000);
      return sent.map(({ message }) => (message as SipResponse).status);
    };
    expect(statuses(null)).toEqual([100]);
    expect(statuses(180)).toEqual([180]);
  });

  it('timer G repeats the rejection up to every T2 until timer H gives up', () => {
    const { first, clock, events, options, times } = bench('INVITE');
    const machine = new InviteServerTransaction(first, options);
    machine.setUser({
      onTimeout: () => void events.push('timeout'),
      onRepeatedInvite: () => void events.push('repeated'),
    });
    machine.respond(responseOf(486, 'INVITE'));
    expect(machine.state).toBe('completed');
    clock.advance(31_999);
    expect(times()).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
    clock.advance(1);
    expect(events).toEqual(['terminated', 'timeout']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('repeats the rejection at once for a repeated INVITE and is silent after the ACK until timer I', () => {
    const { first, clock, sent, events, options } = bench('INVITE');
    const machine = new InviteServerTransaction(first, options);
    machine.respond(responseOf(486, 'INVITE'));
    machine.receive(requestOf('INVITE'));
    expect(sent).toHaveLength(2);
    expect(machine.receive(ack())).toBe(true);
    expect(machine.state).toBe('confirmed');
    expect(machine.receive(ack())).toBe(true);
    machine.receive(requestOf('INVITE'));
    clock.advance(4999);
    expect(sent).toHaveLength(2);
    expect(events).toEqual([]);
    clock.advance(1);
    expect(events).toEqual(['terminated']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('has neither timer G nor timer I over a reliable transport, but timer H', () => {
    const one = bench('INVITE', true);
    const machine = new InviteServerTransaction(one.first, one.options);
    machine.respond(responseOf(486, 'INVITE'));
    one.clock.advance(10_000);
    expect(one.sent).toHaveLength(1);
    machine.receive(ack());
    expect(one.events).toEqual(['terminated']);
    const second = bench('INVITE', true);
    new InviteServerTransaction(second.first, second.options).respond(responseOf(486, 'INVITE'));
    second.clock.advance(32_000);
    expect(second.events).toEqual(['terminated']);
  });

  it('reports a repeated INVITE in Accepted, lets the ACK of the 2xx through, ends by timer L', () => {
    const { first, clock, events, options } = bench('INVITE');
    const machine = new InviteServerTransaction(first, options);
    machine.setUser({
      onTimeout: () => void events.push('timeout'),
      onRepeatedInvite: () => void events.push('repeated'),
    });
    expect(machine.accept()).toBe(true);
    expect(machine.receive(requestOf('INVITE'))).toBe(true);
    expect(machine.receive(ack())).toBe(false);
    expect(machine.respond(responseOf(486, 'INVITE'))).toBe(false);
    expect(machine.accept()).toBe(false);
    clock.advance(32_000);
    expect(events).toEqual(['repeated', 'terminated']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('non-INVITE server transaction', () => {
  it('is silent in Trying, repeats its response in Proceeding and Completed, ends by timer J', () => {
    const { clock, sent, events, options } = bench('OPTIONS');
    const machine = new NonInviteServerTransaction(options);
    machine.receive();
    expect(sent).toHaveLength(0);
    machine.respond(responseOf(100, 'OPTIONS'));
    machine.receive();
    expect(machine.state).toBe('proceeding');
    machine.respond(responseOf(200, 'OPTIONS'));
    machine.receive();
    expect(machine.respond(responseOf(500, 'OPTIONS'))).toBe(false);
    expect(sent.map(({ message }) => (message as SipResponse).status)).toEqual([
      100, 100, 200, 200,
    ]);
    clock.advance(31_999);
    expect(machine.state).toBe('completed');
    clock.advance(1);
    expect(events).toEqual(['terminated']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('timer J is zero over a reliable transport', () => {
    const { clock, events, options } = bench('OPTIONS', true);
    new NonInviteServerTransaction(options).respond(responseOf(200, 'OPTIONS'));
    expect(events).toEqual(['terminated']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends by itself when nobody answers', () => {
    const { clock, events, options } = bench('OPTIONS');
    new NonInviteServerTransaction(options);
    clock.advance(32_000);
    expect(events).toEqual(['terminated']);
  });
});
