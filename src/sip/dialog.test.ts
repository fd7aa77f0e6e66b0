import { describe, expect, it } from 'vitest';
import { peerAt, request, response } from '../../test/harness/sip-network.ts';
import { DialogTable } from './dialog-table.ts';
import {
  acceptInDialogRequest,
  advanceLocalSeq,
  createAck,
  createInDialogRequest,
  createUacDialog,
  createUasDialog,
  nextHop,
  refreshTarget,
} from './dialog.ts';
import type { DialogState } from './dialog.ts';
import { parseVia } from './via.ts';
import { isPrivateAddress, responseDestination } from './transport.ts';

const INVITE = [
  'INVITE sip:0312345678@192.0.2.2 SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKd',
  'Record-Route: <sip:192.0.2.11;lr>, <sip:192.0.2.12;lr>',
  'From: "A" <sip:a@example.com>;tag=remote',
  'To: <sip:0312345678@example.com>',
  'Call-ID: d',
  'CSeq: 9 INVITE',
  'Contact: <sip:a@192.0.2.1:5070>',
];

const uas = (): DialogState =>
  createUasDialog({
    request: request(INVITE),
    localTag: 'local',
    localTarget: 'sip:192.0.2.2:5060',
    source: peerAt(11),
  });

function uac(status = 200): DialogState {
  return createUacDialog({
    request: request(INVITE),
    response: response([
      `SIP/2.0 ${status} X`,
      ...INVITE.slice(1, 4),
      'To: <sip:0312345678@example.com>;tag=peer',
      'Call-ID: d',
      'CSeq: 9 INVITE',
      'Contact: <sip:b@192.0.2.2:5080>',
    ]),
    peer: peerAt(2),
  });
}

const inDialog = (method: string, seq: number, more: string[] = []) =>
  request([
    `${method} sip:192.0.2.2 SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKe',
    'From: <sip:a@example.com>;tag=remote',
    'To: <sip:0312345678@example.com>;tag=local',
    'Call-ID: d',
    `CSeq: ${seq} ${method}`,
    ...more,
  ]);

describe('a dialog record', () => {
  it('of the called side holds what RFC 3261 §12.1.1 asks for', () => {
    expect(uas()).toMatchObject({
      remoteTag: 'remote',
      localTag: 'local',
      localUri: 'sip:0312345678@example.com',
      remoteUri: 'sip:a@example.com',
      remoteSeq: 9,
      localSeq: 0,
      routeSet: ['<sip:192.0.2.11;lr>', '<sip:192.0.2.12;lr>'],
      remoteTarget: 'sip:a@192.0.2.1:5070',
      role: 'uas',
    });
  });

  it('of the calling side holds what §12.1.2 asks for, routes reversed', () => {
    expect(uac()).toMatchObject({
      remoteTag: 'peer',
      localTag: 'remote',
      localSeq: 9,
      remoteSeq: null,
      inviteSeq: 9,
      routeSet: ['<sip:192.0.2.12;lr>', '<sip:192.0.2.11;lr>'],
      remoteTarget: 'sip:b@192.0.2.2:5080',
      state: 'confirmed',
    });
    expect(uac(180).state).toBe('early');
  });

  it('survives JSON unchanged', () => {
    expect(JSON.parse(JSON.stringify(uas()))).toEqual(uas());
  });

  it('makes requests with its tags, routes and next CSeq, and leaves the old record alone', () => {
    const before = uas();
    const after = advanceLocalSeq(before, 'BYE');
    const bye = createInDialogRequest(after, 'BYE');
    expect(before.localSeq).toBe(0);
    expect(bye.uri).toBe('sip:a@192.0.2.1:5070');
    expect(bye.headers.get('From')).toBe('<sip:0312345678@example.com>;tag=local');
    expect(bye.headers.get('To')).toBe('<sip:a@example.com>;tag=remote');
    expect(bye.headers.get('CSeq')).toBe('1 BYE');
    expect(bye.headers.list('Route')).toEqual(before.routeSet);
  });

  it('acknowledges with the CSeq number of its INVITE', () => {
    const later = advanceLocalSeq(uac(), 'INFO');
    expect(createAck(later).headers.get('CSeq')).toBe('9 ACK');
    expect(createAck(later, 'v=0').body).toBe('v=0');
  });

  it('puts a strict router into the Request-URI (§12.2.1.1)', () => {
    const strict = { ...uas(), routeSet: ['<sip:192.0.2.11>', '<sip:192.0.2.12;lr>'] };
    const bye = createInDialogRequest(strict, 'BYE', 1);
    expect(bye.uri).toBe('sip:192.0.2.11');
    expect(bye.headers.list('Route')).toEqual(['<sip:192.0.2.12;lr>', '<sip:a@192.0.2.1:5070>']);
  });

  it('takes requests in order and moves its target only by those that carry one', () => {
    const moved = acceptInDialogRequest(
      uas(),
      inDialog('INVITE', 10, ['Contact: <sip:moved@192.0.2.1>']),
      peerAt(11),
    );
    expect(moved).toMatchObject({
      ok: true,
      dialog: { remoteSeq: 10, remoteTarget: 'sip:moved@192.0.2.1' },
    });
    const info = acceptInDialogRequest(
      uas(),
      inDialog('INFO', 15, ['Contact: <sip:moved@192.0.2.1>']),
      peerAt(11),
    );
    expect(info).toMatchObject({ dialog: { remoteSeq: 15, remoteTarget: 'sip:a@192.0.2.1:5070' } });
    expect(acceptInDialogRequest(uas(), inDialog('INFO', 8), peerAt(11))).toEqual({
      ok: false,
      status: 500,
    });
  });

  it('moves its target by the 2xx of a re-INVITE, not by a rejection', () => {
    const answer = (status: number) =>
      response([
        `SIP/2.0 ${status} X`,
        'Via: SIP/2.0/UDP 192.0.2.2',
        'From: <sip:a@b>;tag=1',
        'To: <sip:a@b>;tag=2',
        'Call-ID: d',
        'CSeq: 1 INVITE',
        'Contact: <sip:new@192.0.2.1>',
      ]);
    expect(refreshTarget(uas(), answer(200)).remoteTarget).toBe('sip:new@192.0.2.1');
    expect(refreshTarget(uas(), answer(488)).remoteTarget).toBe('sip:a@192.0.2.1:5070');
  });
});

describe('the next hop of a dialog', () => {
  const hop = (change: Partial<DialogState>): string => {
    const { address, port } = nextHop({ ...uas(), routeSet: [], ...change });
    return `${address}:${port}`;
  };

  it('is the first route, else the Contact', () => {
    expect(hop({ routeSet: ['<sip:192.0.2.11:5065;lr>'] })).toBe('192.0.2.11:5065');
    expect(hop({})).toBe('192.0.2.1:5070');
    expect(hop({ remoteTarget: 'sip:a@[2001:db8::1]' })).toBe('2001:db8::1:5060');
  });

  it('is where the peer was seen for streams, for names, and for a private Contact behind NAT', () => {
    const peer = { protocol: 'UDP', address: '198.51.100.4', port: 40_000 } as const;
    expect(hop({ peer: { ...peer, protocol: 'TCP' } })).toBe('198.51.100.4:40000');
    expect(hop({ remoteTarget: 'sip:a@192.0.2.1;transport=tcp' })).toBe('192.0.2.1:5060');
    expect(hop({ peer, remoteTarget: 'sip:a@phone.example.com' })).toBe('198.51.100.4:40000');
    expect(hop({ peer, remoteTarget: 'sip:a@192.168.1.5:5060' })).toBe('198.51.100.4:40000');
    const inside = { ...peer, address: '192.168.1.9' };
    expect(hop({ peer: inside, remoteTarget: 'sip:a@192.168.1.5:5060' })).toBe('192.168.1.5:5060');
  });
});

const ignore = (): void => undefined;
const NOBODY = { watch: ignore, forget: ignore, clear: ignore };

describe('a dialog over a stream', () => {
  const peer = { protocol: 'TCP', address: '198.51.100.4', port: 40_000 } as const;
  const orElse = (change: Partial<DialogState>) =>
    nextHop({ ...uas(), routeSet: [], peer, ...change }).orElse;

  it('goes on over its connection, else to the Contact or the first route', () => {
    expect(orElse({})).toEqual({ address: '192.0.2.1', port: 5070 });
    expect(orElse({ routeSet: ['<sip:192.0.2.11;transport=tcp;lr>'] })?.address).toBe('192.0.2.11');
    const behindNat = { remoteTarget: 'sip:a@192.168.1.5:5090;transport=tcp' };
    expect(orElse(behindNat)).toEqual({ address: '198.51.100.4', port: 5090 });
  });

  it('follows its phone to the connection over which it registers anew', () => {
    const table = new DialogTable(NOBODY);
    const phone = 'sip:1001-0x5@192.168.1.5:40000;transport=tcp';
    table.put({ ...uas(), routeSet: [], peer, remoteTarget: phone });
    const other = { ...uas(), localTag: 'other', routeSet: [], peer, remoteTarget: 'sip:1002@a' };
    table.put(other);
    const source = { ...peer, port: 41_000 };
    table.follow('sip:1001-0x5@192.168.1.5:41000;transport=tcp', source);
    expect(table.get(uas())?.state.peer).toEqual(source);
    expect(table.get(other)?.state.peer).toEqual(peer);
    table.follow(phone, { ...source, address: '203.0.113.1' });
    expect(table.get(uas())?.state.peer).toEqual(source);
  });
});

describe('addresses', () => {
  it('a response goes to the source port with rport, to the Via port without (RFC 3581)', () => {
    const source = { protocol: 'UDP', address: '198.51.100.4', port: 40_000 } as const;
    const to = (via: string): number => responseDestination(parseVia(via)!, source).port;
    expect(to('SIP/2.0/UDP 10.0.0.1:5070;rport')).toBe(40_000);
    expect(to('SIP/2.0/UDP 10.0.0.1:5070')).toBe(5070);
    expect(to('SIP/2.0/UDP 10.0.0.1;maddr=203.0.113.9')).toBe(5060);
    const stream = { ...source, protocol: 'TCP' } as const;
    const orElse = { address: '198.51.100.4', port: 5060 };
    expect(responseDestination(parseVia('SIP/2.0/TCP 10.0.0.1')!, stream)).toEqual({
      ...stream,
      orElse,
    });
  });

  it('are private or not', () => {
    const isPrivate = [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.9.9',
      '192.168.0.1',
      '100.64.0.1',
      '::1',
      'fd00::1',
    ];
    expect(isPrivate.every(isPrivateAddress)).toBe(true);
    const isPublic = ['172.32.0.1', '100.128.0.1', '8.8.8.8', '192.0.2.1', '2001:db8::1'];
    expect(isPublic.some(isPrivateAddress)).toBe(false);
  });
});
