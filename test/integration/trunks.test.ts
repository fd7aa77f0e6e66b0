import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { CallId, E164, LegId, SubscriberId } from '../../src/base/index.ts';
import type { OutboundPlan, OutboundWish, OutboundRoute } from '../../src/engine/index.ts';
import type { InviteFailure, SipRequest } from '../../src/sip/index.ts';
import type { CenterSpec } from '../../src/storage/index.ts';
import type { TrunkStatus } from '../../src/subscribers/index.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { EngineRig, TestPhone } from '../harness/engine-rig.ts';
import { Kamailio, REALM } from '../harness/kamailio.ts';
import type { KamailioOptions } from '../harness/kamailio.ts';
import { has } from '../harness/peers.ts';
import { until } from '../harness/platform.ts';
import { Sipp } from '../harness/sipp.ts';
import { CENTER } from '../harness/storage-records.ts';

const ACCOUNT = '0301234567';
const CALLER = '+818001234567';
const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0',
  '',
].join('\r\n');

let database: TestDatabase;
let rig: EngineRig;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  database = await testDatabase();
  rig = await EngineRig.start(database);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rig.die();
  await database.drop();
});

/** Ports that were free a moment ago. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

type TrunkSpec = CenterSpec['trunks'][number];
const CALLER_ID = {
  format: 'national' as const,
  from: 'number' as const,
  assertedIdentity: true,
  privacy: false,
  diversion: false,
};

function registering(registrars: string[], change: Partial<TrunkSpec['register']> = {}): TrunkSpec {
  return {
    id: 'carrier',
    name: '回線',
    addresses: [],
    mediaNetworks: [],
    dialedNumberFrom: 'to',
    trustAssertedIdentity: true,
    register: {
      registrars,
      username: ACCOUNT,
      domain: REALM,
      password: 'geheim',
      transport: 'udp',
      expiresSeconds: 120,
      ...change,
    },
    outbound: { transport: 'udp', priority: 10, callerId: { ...CALLER_ID, domain: REALM } },
  };
}

function byAddress(id: string, port: number, priority: number): TrunkSpec {
  return {
    id,
    name: id,
    addresses: [],
    mediaNetworks: ['127.0.0.0/8'],
    dialedNumberFrom: 'request-uri',
    trustAssertedIdentity: true,
    outbound: {
      host: '127.0.0.1',
      port,
      transport: 'udp',
      priority,
      callerId: { ...CALLER_ID, domain: `${id}.example.jp`, format: 'e164' },
    },
  };
}

async function declare(trunks: TrunkSpec[]): Promise<SubscriberId> {
  const outcome = await rig.storage.center.apply({ ...CENTER, trunks });
  expect(outcome).toMatchObject({ ok: true });
  await rig.trunks.sync();
  return rig.storage.directory.subscribers()[0]!.id;
}

async function carrier(options: Partial<KamailioOptions> = {}): Promise<number> {
  const port = options.port ?? (await freePort());
  const kamailio = await Kamailio.start({ phonePort: 9, password: 'geheim', ...options, port });
  closing.push(() => kamailio.close());
  return port;
}

async function phone(): Promise<TestPhone> {
  const opened = await TestPhone.open();
  closing.push(() => opened.close());
  return opened;
}

const status = (key = 'carrier'): TrunkStatus =>
  rig.trunks.statuses().find(({ trunk }) => trunk.key === key)!;
const settled = (state: TrunkStatus['state']): Promise<void> =>
  until(
    () => status().state === state,
    30_000,
    () => JSON.stringify(status()),
  );

const soon = (condition: () => Promise<boolean> | boolean): Promise<void> =>
  until(condition, 20_000);

let legs = 0;
async function begin(
  subscriberId: SubscriberId | null,
  number: string,
  presentation?: OutboundWish['presentation'],
): Promise<OutboundPlan> {
  return rig.outbound.begin({
    presentation,
    callId: asId<CallId>(`call_${++legs}`),
    legId: asId<LegId>(`leg_${legs}`),
    subscriberId,
    purpose: 'relay',
    number: asId<E164>(number),
    callerNumber: asId<E164>(CALLER),
  });
}

/** Places the call over one route, to its end or its answer. */
function place(route: OutboundRoute): Promise<'answered' | InviteFailure> {
  return new Promise((resolve) => {
    const invite = rig.sip.agent.invite({
      ...route,
      sdp: OFFER,
      observer: {
        onProvisional: () => rig.outbound.note(route, 'ringing'),
        onAnswered: ({ dialog }) => {
          invite.acknowledge();
          rig.outbound.note(route, 'answered');
          void rig.sip.agent.prepareInDialog(dialog, 'BYE').send();
          resolve('answered');
        },
        onFailed: (failure) => {
          rig.outbound.note(route, failure);
          resolve(failure);
        },
      },
    });
  });
}

const routesOf = (plan: OutboundPlan): OutboundRoute[] => {
  expect(plan).toMatchObject({ ok: true });
  return plan.ok ? plan.routes : [];
};
const header = (request: SipRequest | undefined, name: string): string =>
  request?.headers.get(name) ?? '';

describe.skipIf(!has('kamailio'))('a carrier that has us register (Kamailio)', () => {
  it.each([
    ['MD5', 'udp'],
    ['SHA-256', 'udp'],
    ['SHA-256', 'tcp'],
  ] as const)(
    'registers with digest %s over %s and takes its calls',
    async (algorithm, transport) => {
      const port = await carrier({ algorithm });
      await declare([registering([`sip:127.0.0.1:${port}`], { transport })]);
      await settled('registered');
      const caller = await phone();
      const { seen } = caller.call(port, ACCOUNT, { to: `sip:${ACCOUNT}@${REALM}` });
      // A call rings when it is stored.
      await soon(() => seen.statuses.includes(180));
      const [call] = await rig.storage.callQueries.openCalls();
      expect(call?.state.called).toMatchObject({ did: '+81301234567', how: 'trunk-rule' });
    },
  );

  it('goes on to the second registrar, follows 423, and says what a wrong password is', async () => {
    const nobody = await freePort();
    const port = await carrier({ minExpiresSeconds: 200 });
    await declare([registering([`sip:127.0.0.1:${nobody}`, `sip:127.0.0.1:${port}`])]);
    await settled('registered');
    await declare([registering([`sip:127.0.0.1:${port}`], { password: 'falsch' })]);
    await settled('refused');
    expect(status()).toMatchObject({ trouble: 'wrong-password', carriesCalls: false });
    const plan = await begin(null, '+819001234567');
    expect(plan).toMatchObject({ ok: false, reason: 'no-trunk' });
  });

  it('carries a call out: proxy digest, and the number of the subscriber', async () => {
    const called = await phone();
    const port = await carrier({ phonePort: called.socket.port });
    const subscriber = await declare([registering([`sip:127.0.0.1:${port}`])]);
    await settled('registered');
    called.onInvite = (invite) => {
      invite.provisional(180);
      invite.accept({ sdp: OFFER });
    };
    const [route] = routesOf(await begin(subscriber, '+819001234567'));
    expect(await place(route!)).toBe('answered');
    const request = called.invites[0]?.request;
    expect(request?.uri).toContain('sip:09001234567@');
    expect(header(request, 'From')).toContain(`<sip:${ACCOUNT}@${REALM};user=phone>`);
    expect(header(request, 'P-Asserted-Identity')).toBe(`<sip:${ACCOUNT}@${REALM};user=phone>`);
  });

  it('carries a call that a former process owed, before it has registered anew', async () => {
    const called = await phone();
    const port = await carrier({ phonePort: called.socket.port });
    called.onInvite = (invite) => invite.accept({ sdp: OFFER });
    const subscriber = await declare([registering([`sip:127.0.0.1:${port}`])]);
    expect(status().state).toBe('registering');
    const [route] = routesOf(await begin(subscriber, '+819001234567'));
    expect(await place(route!)).toBe('answered');
  });

  it('goes first over a trunk that is known to work, then over one that registers still', async () => {
    const nobody = await freePort();
    const first = registering([`sip:127.0.0.1:${nobody}`]);
    await declare([first, byAddress('second', nobody, 20)]);
    const routes = routesOf(await begin(null, '+819001234567'));
    const keyOf = new Map(rig.trunks.statuses().map(({ trunk }) => [trunk.id, trunk.key]));
    expect(routes.map(({ trunkId }) => keyOf.get(trunkId))).toEqual(['second', 'carrier']);
    // Each is sent what was judged, in its own form: not 010 30 1234567, a telephone in Greece.
    const asWritten = routesOf(await begin(null, '0301234567')).map(({ uri }) => uri.split('@')[0]);
    expect(asWritten).toEqual(['sip:+81301234567', 'sip:0301234567']);
  });

  it('says when a registrar cannot be found by its name', async () => {
    await declare([registering(['sip:carrier.invalid'])]);
    await settled('unreachable');
    expect(status()).toMatchObject({ trouble: 'no-address', sipStatus: null });
  });
});

describe.skipIf(!has('sipp'))('carriers known by their address (SIPp)', () => {
  async function refusing(code: number): Promise<number> {
    const port = await freePort();
    const sipp = new Sipp({
      scenario: 'uas-refuse',
      target: { address: '127.0.0.1', port: 9 },
      texts: { refusal: code },
      args: ['-i', '127.0.0.1', '-p', String(port)],
    });
    closing.push(() => sipp.close());
    return port;
  }

  it.each([403, 404, 486])(
    '%i is the answer of the telephone: the trunk stays in use',
    async (code) => {
      const port = await refusing(code);
      const subscriber = await declare([byAddress('first', port, 1)]);
      const [route] = routesOf(await begin(subscriber, '+819001234567'));
      expect(route?.uri).toBe('sip:+819001234567@first.example.jp;user=phone');
      expect(await place(route!)).toMatchObject({ status: code, reason: 'rejected' });
      expect(status('first').carriesCalls).toBe(true);
    },
  );

  it('503 passes a trunk over for a while; the next by priority takes the call', async () => {
    const [broken, called] = [await refusing(503), await phone()];
    called.onInvite = (invite) => invite.accept({ sdp: OFFER });
    const subscriber = await declare([
      byAddress('second', called.socket.port, 20),
      byAddress('first', broken, 10),
    ]);
    const routes = routesOf(await begin(subscriber, '+819001234567'));
    expect(routes.map(({ destination }) => destination.port)).toEqual([broken, called.socket.port]);
    const refused = await place(routes[0]!);
    if (refused === 'answered') throw new Error(refused);
    expect(refused).toMatchObject({ status: 503 });
    expect(await place(routes[1]!)).toBe('answered');
    expect(status('first').carriesCalls).toBe(false);
    // So does one that does not let us in.
    rig.outbound.note(routes[1]!, { ...refused, status: 407 });
    expect(status('second').carriesCalls).toBe(false);
    rig.outbound.note(routes[1]!, 'ringing');
    const again = routesOf(await begin(subscriber, '+819001234568'));
    expect(again.map(({ destination }) => destination.port)).toEqual([called.socket.port]);
    // Where no other is left, what they said of one number does not keep the next from being rung.
    called.onInvite = (invite) => invite.reject(503);
    expect(await place(again[0]!)).toMatchObject({ status: 503 });
    const last = routesOf(await begin(subscriber, '+819001234569'));
    expect(last.map(({ destination }) => destination.port)).toEqual([broken, called.socket.port]);
  });

  it('a trunk carries as many calls as it may', async () => {
    const called = await phone();
    called.onInvite = (invite) => invite.accept({ sdp: OFFER });
    const trunk = { ...byAddress('first', called.socket.port, 1), maxCalls: 1 };
    const subscriber = await declare([trunk]);
    const [route] = routesOf(await begin(subscriber, '+819001234567'));
    expect(await place(route!)).toBe('answered');
    expect(await begin(subscriber, '+819001234567')).toMatchObject({ because: 'trunks-full' });
    rig.outbound.end(route!.legId);
    await soon(async () => (await begin(subscriber, '+819001234567')).ok);
  });

  it('OPTIONS find out whether a trunk is there', async () => {
    const called = await phone();
    await declare([{ ...byAddress('first', called.socket.port, 1), probeSeconds: 10 }]);
    await soon(() => status('first').state === 'reachable');
    // Its answers are no stranger's, yet it may not send us calls.
    expect(rig.trunks.isPeer('127.0.0.1')).toBe(true);
    expect(rig.trunks.trunkOf('127.0.0.1', '0301234567')).toBeNull();
  });
});

describe('whose number a trunk shows', () => {
  type CallerId = NonNullable<TrunkSpec['outbound']>['callerId'];
  const OWN = '<sip:+81301234567@first.example.jp;user=phone>';
  const shown = async (
    change: Partial<CallerId>,
    isOffices = false,
    presentation?: OutboundWish['presentation'],
  ): Promise<string[]> => {
    const trunk = byAddress('first', 9, 1);
    const callerId = { ...trunk.outbound!.callerId, ...change };
    const subscriber = await declare([{ ...trunk, outbound: { ...trunk.outbound!, callerId } }]);
    const wished = [isOffices ? null : subscriber, '+819001234567', presentation] as const;
    const [route] = routesOf(await begin(...wished));
    const headers = (route?.headers ?? []).map(([name, value]) => `${name}: ${value}`);
    return [`From: ${route?.from.uri ?? ''}`, ...headers];
  };

  it('the subscriber’s, the office’s own, the caller’s, or nobody’s', async () => {
    const [from, asserted] = await shown({});
    expect(from).toBe('From: sip:+81301234567@first.example.jp;user=phone');
    expect(asserted).toBe(`P-Asserted-Identity: ${OWN}`);
    expect(await shown({ format: 'national', assertedIdentity: false })).toEqual([
      'From: sip:0301234567@first.example.jp;user=phone',
    ]);
    const office = { fallbackNumber: '03-0123-9999', assertedIdentity: false };
    expect(await shown(office, true)).toEqual([
      'From: sip:+81301239999@first.example.jp;user=phone',
    ]);
    expect(await shown({}, true)).toEqual(['From: sip:anonymous@first.example.jp']);
    expect(await shown({ privacy: true, assertedIdentity: false }, true)).toEqual([
      'From: sip:anonymous@anonymous.invalid',
      'Privacy: id',
    ]);
    expect(await shown({ privacy: true })).toEqual([
      'From: sip:anonymous@anonymous.invalid',
      `P-Asserted-Identity: ${OWN}`,
      'Privacy: id',
    ]);
    const [passedOn, , diversion] = await shown({ diversion: true });
    expect(passedOn).toBe(`From: sip:${CALLER}@first.example.jp;user=phone`);
    expect(diversion).toContain(`Diversion: ${OWN};reason=unconditional`);
  });

  it('for one call as 184 or 186 asks, whatever the trunk says', async () => {
    expect(await shown({}, false, 'withheld')).toEqual([
      'From: sip:anonymous@anonymous.invalid',
      `P-Asserted-Identity: ${OWN}`,
      'Privacy: id',
    ]);
    expect(await shown({ privacy: true }, false, 'shown')).toEqual([
      'From: sip:+81301234567@first.example.jp;user=phone',
      `P-Asserted-Identity: ${OWN}`,
    ]);
    expect(await shown({}, true, 'withheld')).toEqual([
      'From: sip:anonymous@anonymous.invalid',
      'Privacy: id',
    ]);
  });
});

describe('nobody outside makes us dial', () => {
  it.each(['0105312345678', '+5312345678', '0990500000', '09001234567', '110'])(
    'a trunk that asks for %s gets the catch-all desk, and nothing leaves',
    async (dialed) => {
      const outside = await phone();
      const victim = await phone();
      await declare([{ ...byAddress('first', victim.socket.port, 1), addresses: ['127.0.0.1'] }]);
      const { seen } = outside.call(rig.port, dialed, { to: `sip:${dialed}@carrier.example.jp` });
      await soon(() => seen.statuses.length > 0);
      expect(seen.statuses[0]).toBe(180);
      const [call] = await rig.storage.callQueries.openCalls();
      expect(call?.state.called).toMatchObject({ subscriberId: null, how: 'catch-all' });
      expect(victim.invites).toEqual([]);
      expect(await database.sql('select 1 from outbound_call')).toEqual([]);
    },
  );

  it.skipIf(!has('sipp'))('a stranger, by SIPp, is refused whatever it asks for', async () => {
    await declare([{ ...CENTER.trunks[0]!, addresses: ['192.0.2.1'] }]);
    const sipp = new Sipp({
      scenario: 'uac-toll-fraud',
      target: { address: '127.0.0.1', port: rig.port },
      args: ['-i', '127.0.0.1', '-s', '0105312345678'],
    });
    closing.push(() => sipp.close());
    expect(await sipp.finished(), sipp.failure).toBe(0);
    expect(rig.engine.openCalls).toEqual([]);
  });

  it('a number that may not be rung is refused before any trunk is asked', async () => {
    const called = await phone();
    const subscriber = await declare([byAddress('first', called.socket.port, 1)]);
    for (const number of ['+5312345678', '+81990500000', '+870773111632']) {
      expect(await begin(subscriber, number)).toMatchObject({
        ok: false,
        reason: 'number-not-allowed',
      });
    }
    expect(await database.sql('select 1 from outbound_call')).toEqual([]);
  });
});
