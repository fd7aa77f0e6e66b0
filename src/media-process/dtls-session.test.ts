import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DtlsClient } from 'werift-dtls/lib/dtls/src/index.js';
import { DtlsPlaintext } from 'werift-dtls/lib/dtls/src/record/message/plaintext.js';
import { HandshakeOrder, readFragments, readRecords, writeHandshakeRecord } from './dtls-record.ts';
import { DtlsSession, createDtlsCertificate } from './dtls-session.ts';
import type { DtlsCertificate, SrtpMasters } from './dtls-session.ts';

type Meeting = {
  session: DtlsSession;
  client: DtlsClient;
  keys: SrtpMasters[];
  failures: string[];
  closed: number;
  clientClosed: number;
  /** What the browser sends passes through here on its way to the session. */
  deliver: (datagram: Buffer) => void;
};

const open: Meeting[] = [];

function meet(
  server: DtlsCertificate,
  browser: { certPem: string; keyPem: string },
  offered: DtlsCertificate['fingerprint'],
): Meeting {
  const transport = {
    type: 'udp',
    address: { address: '', family: 'IPv4', port: 0 },
    closed: false,
    onData: (_: Buffer): void => undefined,
    send: async (bytes: Buffer): Promise<void> => meeting.deliver(Buffer.from(bytes)),
    close: async (): Promise<void> => undefined,
  };
  const meeting: Meeting = {
    keys: [],
    failures: [],
    closed: 0,
    clientClosed: 0,
    deliver: (datagram) => meeting.session.receive(datagram),
    session: new DtlsSession(server, [offered], {
      send: (bytes) => queueMicrotask(() => transport.onData(Buffer.from(bytes))),
      onKeys: (keys) => meeting.keys.push(keys),
      onFailed: (cause) => meeting.failures.push(cause),
      onClosed: () => meeting.closed++,
    }),
    client: new DtlsClient({
      transport: transport,
      cert: browser.certPem,
      key: browser.keyPem,
      signatureHash: { hash: 4, signature: 3 },
      srtpProfiles: [1],
      extendedMasterSecret: true,
    }),
  };
  meeting.client.onClose.subscribe(() => meeting.clientClosed++);
  open.push(meeting);
  return meeting;
}

async function connected(meeting: Meeting): Promise<void> {
  void meeting.client.connect().catch(() => undefined);
  await vi.waitFor(() => expect(meeting.keys).toHaveLength(1), { timeout: 5_000, interval: 5 });
}

async function failed(meeting: Meeting): Promise<void> {
  void meeting.client.connect().catch(() => undefined);
  await vi.waitFor(() => expect(meeting.failures).toHaveLength(1), { timeout: 5_000, interval: 5 });
  expect(meeting.keys).toEqual([]);
}

function sealAlert(meeting: Meeting, level: number, description: number): Buffer {
  const { client } = meeting;
  const header = {
    contentType: 21,
    protocolVersion: client.dtls.version,
    epoch: 1,
    sequenceNumber: 40,
    contentLen: 2,
  };
  const alert = new DtlsPlaintext(header, Buffer.from([level, description]));
  return client.cipher.encryptPacket(alert).serialize();
}

const clearAlert = Buffer.from('15fefd0000000000000009000202' + '28', 'hex');

describe('DtlsSession', () => {
  let ours: DtlsCertificate;
  let theirs: DtlsCertificate;
  let strangers: DtlsCertificate;

  beforeAll(async () => {
    ours = await createDtlsCertificate();
    theirs = await createDtlsCertificate();
    strangers = await createDtlsCertificate();
  });

  afterEach(() => {
    for (const { session, client } of open.splice(0)) {
      session.close();
      client.dtls.flight = Number.MAX_SAFE_INTEGER;
    }
  });

  it('comes to the same SRTP keys as the browser', async () => {
    const meeting = meet(ours, theirs, theirs.fingerprint);
    await connected(meeting);
    const keys = meeting.client.extractSessionKeys(16, 14) as Record<string, Buffer>;
    const [masters] = meeting.keys;
    expect(Buffer.from(masters!.remote.key)).toEqual(keys['localKey']);
    expect(Buffer.from(masters!.remote.salt)).toEqual(keys['localSalt']);
    expect(Buffer.from(masters!.local.key)).toEqual(keys['remoteKey']);
    expect(meeting.session.isConnected).toBe(true);
  });

  it('refuses a certificate that is not the one of the offer', async () => {
    const meeting = meet(ours, strangers, theirs.fingerprint);
    await failed(meeting);
    expect(meeting.failures).toEqual(['certificate is not the one of the offer']);
  });

  it('refuses a peer that shows the right certificate without its key', async () => {
    const thief = { certPem: theirs.certPem, keyPem: strangers.keyPem };
    const meeting = meet(ours, thief, theirs.fingerprint);
    await failed(meeting);
    expect(meeting.failures).toEqual(['the browser does not own its certificate']);
  });

  it('connects when the last flight arrives back to front and twice', async () => {
    const meeting = meet(ours, theirs, theirs.fingerprint);
    const flight: Buffer[] = [];
    meeting.deliver = (datagram) => {
      const isHello = readRecords(datagram).some((record) => record.fragment[0] === 1);
      if (isHello) meeting.session.receive(datagram);
      else if (flight.push(datagram) === 1) {
        setImmediate(() => {
          for (const held of flight.toReversed()) meeting.session.receive(held);
          for (const held of flight) meeting.session.receive(held);
        });
      }
    };
    await connected(meeting);
    expect(flight.length).toBeGreaterThan(1);
  });

  it('does not start anew for an older ClientHello', async () => {
    const meeting = meet(ours, theirs, theirs.fingerprint);
    const hellos: Buffer[] = [];
    meeting.deliver = (datagram) => {
      hellos.push(datagram);
      meeting.session.receive(datagram);
      if (hellos.length === 2) {
        meeting.session.receive(hellos[0]!);
        meeting.session.receive(hellos[1]!);
      }
    };
    await connected(meeting);
    for (const hello of hellos) meeting.session.receive(hello);
    expect(meeting.session.isConnected).toBe(true);
    expect(meeting.keys).toHaveLength(1);
  });

  it('refuses a Finished that does not fit the handshake', async () => {
    const meeting = meet(ours, theirs, theirs.fingerprint);
    vi.spyOn(meeting.client.cipher, 'verifyData').mockReturnValue(Buffer.alloc(12, 1));
    await failed(meeting);
    expect(meeting.failures).toEqual(['wrong Finished']);
  });

  it('ends on an encrypted close_notify, not on a forged one', async () => {
    const meeting = meet(ours, theirs, theirs.fingerprint);
    await connected(meeting);
    meeting.session.receive(clearAlert);
    const forged = sealAlert(meeting, 1, 0);
    forged[forged.length - 1] = forged[forged.length - 1]! ^ 1;
    meeting.session.receive(forged);
    expect(meeting.closed).toBe(0);
    meeting.session.receive(sealAlert(meeting, 1, 0));
    expect(meeting.closed).toBe(1);
    meeting.session.receive(sealAlert(meeting, 1, 0));
    expect(meeting.closed).toBe(1);
  });

  it('fails on a fatal alert before the handshake is over', () => {
    const meeting = meet(ours, theirs, theirs.fingerprint);
    meeting.session.receive(clearAlert);
    expect(meeting.failures).toEqual(['the browser sent alert 40']);
  });

  it('tells the browser when it closes', async () => {
    const meeting = meet(ours, theirs, theirs.fingerprint);
    await connected(meeting);
    await vi.waitFor(() => expect(meeting.client.connected).toBe(true), { interval: 5 });
    meeting.session.close();
    await vi.waitFor(() => expect(meeting.clientClosed).toBe(1), { interval: 5 });
  });

  it('never throws, whatever arrives in whatever state', async () => {
    const meeting = meet(ours, theirs, theirs.fingerprint);
    const seen: Buffer[] = [];
    meeting.deliver = (datagram) => {
      seen.push(datagram);
      meeting.session.receive(datagram);
    };
    await connected(meeting);
    fc.assert(
      fc.property(
        fc.constantFrom(...seen),
        fc.array(fc.tuple(fc.nat(600), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        fc.nat(600),
        (datagram, edits, length) => {
          const broken = Buffer.from(datagram.subarray(0, Math.max(1, length)));
          for (const [at, value] of edits) broken[at % broken.length] = value;
          meeting.session.receive(broken);
          const fresh = meet(ours, theirs, theirs.fingerprint);
          fresh.session.receive(broken);
          fresh.session.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('HandshakeOrder', () => {
  const body = Buffer.from('0123456789');
  const piece = (
    sequence: number,
    from: number,
    to: number,
  ): Parameters<HandshakeOrder['add']>[0] => ({
    type: 11,
    length: body.length,
    sequence,
    offset: from,
    body: body.subarray(from, to),
  });

  it('joins overlapping fragments in any order', () => {
    const order = new HandshakeOrder();
    for (const [from, to] of [
      [6, 10],
      [6, 10],
      [0, 4],
    ] as const)
      order.add(piece(0, from, to));
    expect(order.take()).toBeUndefined();
    order.add(piece(0, 3, 8));
    expect(order.take()).toEqual({ type: 11, sequence: 0, body });
    expect(order.take()).toBeUndefined();
  });

  it('gives messages in sequence, each once', () => {
    const order = new HandshakeOrder();
    order.startAt(2);
    for (const sequence of [4, 3, 1]) order.add(piece(sequence, 0, 10));
    expect(order.take()).toBeUndefined();
    order.add(piece(2, 0, 10));
    expect([order.take(), order.take(), order.take()].map((m) => m?.sequence)).toEqual([2, 3, 4]);
    order.add(piece(3, 0, 10));
    expect(order.take()).toBeUndefined();
  });

  it('keeps nothing far ahead, too long, or contradicting its first fragment', () => {
    const order = new HandshakeOrder();
    order.add({ ...piece(8, 0, 10) });
    order.add({ ...piece(0, 0, 10), length: 100_000 });
    order.add(piece(0, 0, 5));
    order.add({ ...piece(0, 5, 10), type: 12 });
    expect(order.take()).toBeUndefined();
    order.startAt(8);
    expect(order.take()).toBeUndefined();
  });

  it('reads what it writes', () => {
    const record = writeHandshakeRecord({ type: 16, sequence: 3, body });
    const [read] = readRecords(record);
    expect(readFragments(read!.fragment)).toEqual([
      { type: 16, length: 10, sequence: 3, offset: 0, body },
    ]);
    expect(readRecords(record.subarray(0, -1))).toEqual([]);
    expect(readFragments(read!.fragment.subarray(0, -1))).toEqual([]);
  });
});
