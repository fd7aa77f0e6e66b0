import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asId } from '../../src/base/index.ts';
import type { OperatorId } from '../../src/base/index.ts';
import type { CenterSpec, Storage } from '../../src/storage/index.ts';
import { testDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { CENTER, T0, applyCenter } from '../harness/storage-records.ts';
import { DEFAULT_RELAY_RULES } from '../../src/subscribers/index.ts';

let database: TestDatabase;
let storage: Storage;
beforeEach(async () => {
  database = await testDatabase();
  storage = database.open();
});
afterEach(async () => {
  await database.drop();
});

const changed = (change: (spec: CenterSpec) => void): CenterSpec => {
  const spec = structuredClone(CENTER);
  change(spec);
  return spec;
};
async function apply(
  spec: CenterSpec,
): Promise<{ created: string[]; changed: string[]; unchanged: number; warnings: string[] }> {
  const outcome = await storage.center.apply(spec);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues));
  return outcome.result;
}

describe('apply', () => {
  it('creates everything once; the second time nothing changes', async () => {
    const first = await apply(CENTER);
    expect(first).toMatchObject({ changed: [], unchanged: 0, warnings: [] });
    expect(first.created).toEqual([
      'setting name',
      'setting ringNoAnswerSeconds',
      'trunk carrier-a',
      'trunk carrier-b',
      'password of trunk carrier-b',
      'subscriber aozora',
      'number +81301234567',
      'contact aozora/yamada',
      'contact aozora/suzuki',
      'mail routes aozora',
      'operator sato',
      'operator phone-1',
      'phone 101',
    ]);
    const second = await apply(CENTER);
    expect(second).toMatchObject({ created: [], changed: [], unchanged: 13 });
  });

  it('changes only what differs, keeps ids, and leaves alone what is not named', async () => {
    const id = await applyCenter(storage);
    const result = await apply(
      changed((spec) => {
        spec.subscribers[0]!.greeting = '新しい名乗り';
        spec.subscribers[0]!.contacts.pop();
        spec.subscribers[0]!.mailRoutes[0]!.when = 'urgent';
        spec.operators = [];
        spec.trunks = [];
      }),
    );
    expect(result.changed).toEqual(['subscriber aozora', 'mail routes aozora']);
    expect(storage.directory.subscriber(id)?.greeting).toBe('新しい名乗り');
    expect(storage.directory.contactsOf(id).map((c) => c.key)).toEqual(['yamada', 'suzuki']);
    expect(storage.directory.trunkOf('192.0.2.1')?.key).toBe('carrier-a');
  });

  it('leaves where a contact is as it was told; nobody tells it of another company’s people', async () => {
    const id = await applyCenter(storage);
    const { directory } = storage;
    const [yamada] = directory.contactsOf(id);
    const meeting = { state: 'meeting', until: T0 } as const;
    expect(await directory.setPresence(id, yamada!.id, meeting)).toBe(true);
    expect(await directory.setPresence(asId('sub_other'), yamada!.id, null)).toBe(false);
    await apply(changed((spec) => (spec.subscribers[0]!.contacts[0]!.title = '部長')));
    expect(directory.contactsOf(id)[0]).toMatchObject({ title: '部長', presence: meeting });
  });

  it('does not disturb an operator at work', async () => {
    await applyCenter(storage);
    const sato = (await storage.floor.operators()).find((o) => o.key === 'sato')!;
    await storage.floor.setState(sato.id, 'busy', { callId: asId('call_1'), now: T0 });
    await apply(changed((spec) => (spec.operators[0]!.name = '佐藤 花子')));
    const after = await storage.floor.operator(sato.id);
    expect(after).toMatchObject({ name: '佐藤 花子', state: 'busy', callId: 'call_1' });
  });

  it('moves a number from one subscriber to another with a warning', async () => {
    await applyCenter(storage);
    const result = await apply(
      changed((spec) => {
        const other = structuredClone(spec.subscribers[0]!);
        spec.subscribers = [{ ...other, id: 'hikari', name: 'ひかり' }];
      }),
    );
    expect(result.warnings[0]).toContain('moves from aozora to hikari');
    const holder = storage.directory.subscriberOf(asId('+81301234567'));
    expect(storage.directory.subscriber(holder!)?.key).toBe('hikari');
  });

  it('names every fault with its place, and then changes nothing', async () => {
    const outcome = await storage.center.apply(
      changed((spec) => {
        const subscriber = spec.subscribers[0]!;
        subscriber.timeZone = 'Asia/Tokio';
        subscriber.numbers.push({ number: '+81301234567', label: '' }, { number: 'x', label: '' });
        subscriber.mailRoutes[0]!.to.push('nobody');
        subscriber.contacts[1]!.phone = '12';
        spec.trunks[0]!.addresses.push('300.1.2.3', '192.0.2.0/40');
        spec.operators[1]!.device = { kind: 'sip', available: true };
        spec.operators.push(spec.operators[0]!);
      }),
    );
    expect(outcome.ok).toBe(false);
    expect(outcome.ok ? [] : outcome.issues.map((issue) => issue.path).sort()).toEqual([
      'operators.1.device',
      'operators.2.id',
      'subscribers.0.contacts.1.phone',
      'subscribers.0.mailRoutes.0.to.1',
      'subscribers.0.numbers.1.number',
      'subscribers.0.numbers.2.number',
      'subscribers.0.timeZone',
      'trunks.0.addresses.2',
      'trunks.0.addresses.3',
    ]);
    expect(await database.sql('select 1 from subscriber')).toEqual([]);
  });

  it('names what is wrong with a trunk that registers or carries calls out', async () => {
    const outcome = await storage.center.apply(
      changed((spec) => {
        const [ip, registering] = [spec.trunks[0]!, spec.trunks[1]!];
        const outbound = registering.outbound!;
        registering.register!.registrars.push('tel:110', 'sip:user@carrier.example.jp', 'x');
        ip.outbound = { ...outbound, callerId: { ...outbound.callerId, fallbackNumber: '110' } };
        spec.trunks.push({ ...ip, id: 'nothing', addresses: [], outbound: undefined });
      }),
    );
    expect(outcome.ok ? [] : outcome.issues.map((issue) => issue.path).sort()).toEqual([
      'trunks.0.outbound',
      'trunks.0.outbound.callerId.fallbackNumber',
      'trunks.0.outbound.callerId.from',
      'trunks.1.register.registrars.2',
      'trunks.1.register.registrars.3',
      'trunks.1.register.registrars.4',
      'trunks.2',
    ]);
  });

  it('keeps a subscriber’s rules of relaying, and gives them back in the export', async () => {
    const id = await applyCenter(storage);
    expect(storage.directory.subscriber(id)?.relay).toEqual(DEFAULT_RELAY_RULES);
    const relay = { recordRelayed: false, blindTransfer: false, afterRelay: 'available' } as const;
    const declared = changed((spec) => (spec.subscribers[0]!.relay = relay));
    expect((await apply(declared)).changed).toEqual(['subscriber aozora']);
    expect(storage.directory.subscriber(id)?.relay).toEqual(relay);
    const exported = await storage.center.export();
    expect(exported.subscribers[0]?.relay).toEqual(relay);
    expect(await apply(exported)).toMatchObject({ changed: [] });
  });

  it('exports what it takes back unchanged', async () => {
    await applyCenter(storage);
    const exported = await storage.center.export();
    expect(exported.subscribers[0]).toMatchObject({
      ...CENTER.subscribers[0],
      members: [],
    });
    expect(exported.trunks[1]).toEqual({
      ...CENTER.trunks[1],
      register: { ...CENTER.trunks[1]!.register, password: undefined },
    });
    expect(JSON.stringify(exported)).not.toContain('geheim');
    const again = await apply(exported);
    expect(again).toMatchObject({ changed: [] });
    expect(again.created.filter((name) => !name.startsWith('setting'))).toEqual([]);
  });
});

describe('our accounts at carriers', () => {
  const password = async (from: Storage = storage): Promise<string | null> => {
    const trunk = from.directory.trunks().find((one) => one.key === 'carrier-b');
    return from.trunkSecrets.password(trunk!.id);
  };

  it('keep their password sealed, until another one is given or the account goes', async () => {
    await applyCenter(storage);
    expect(await password()).toBe('geheim-carrier');
    const rows = await database.sql('select * from trunk_secret, trunk');
    expect(JSON.stringify(rows)).not.toContain('geheim');
    const silent = changed((spec) => (spec.trunks[1]!.register!.password = undefined));
    expect(await apply(silent)).toMatchObject({ changed: [], warnings: [] });
    expect(await password()).toBe('geheim-carrier');
    const other = changed((spec) => (spec.trunks[1]!.register!.password = 'geheim-2'));
    expect(await apply(other)).toMatchObject({ changed: ['password of trunk carrier-b'] });
    expect(await password()).toBe('geheim-2');
    const gone = changed((spec) => {
      spec.trunks[1]!.register = undefined;
      spec.trunks[1]!.outbound = undefined;
      spec.trunks[1]!.addresses = ['192.0.2.99'];
    });
    await apply(gone);
    expect(await database.sql('select 1 from trunk_secret')).toEqual([]);
  });

  it('cannot be read with the key of another installation, which is told what to do', async () => {
    await applyCenter(storage);
    const elsewhere = database.open({ trunkKey: 'another key' });
    await elsewhere.directory.reload();
    expect(await password(elsewhere)).toBeNull();
    const silent = changed((spec) => (spec.trunks[1]!.register!.password = undefined));
    const outcome = await elsewhere.center.apply(silent);
    expect(outcome.ok ? outcome.result.warnings[0] : '').toContain('no password yet');
  });
});

describe('registered phones', () => {
  it('sign in with the secret made from the password, and never with an old one', async () => {
    await applyCenter(storage);
    const hash = (text: string): string => createHash('md5').update(text).digest('hex');
    expect(await storage.registrations.credentials('101')).toMatchObject({
      ha1Md5: hash('101:denwaban:geheim-101'),
      realm: 'denwaban',
    });
    expect(await storage.registrations.credentials('102')).toBeNull();
    await apply(changed((spec) => (spec.operators[1]!.device = { kind: 'browser' })));
    expect(await storage.registrations.credentials('101')).toBeNull();
  });

  it('keep their bindings until they expire or are replaced', async () => {
    await applyCenter(storage);
    const binding = {
      username: '101',
      contactUri: 'sip:101@192.0.2.20:5060',
      sourceAddress: '192.0.2.20',
      sourcePort: 5060,
      transport: 'UDP' as const,
      path: ['<sip:edge.example.jp;lr>'],
      sipCallId: 'x@192.0.2.20',
      cseq: 4_294_967_295,
      expiresAt: T0 + 60_000,
      userAgent: 'phone/1.0',
    };
    const second = { ...binding, contactUri: 'sip:101@192.0.2.21', expiresAt: T0 + 1000 };
    await storage.registrations.replaceBindings('101', [binding, second]);
    expect(await storage.registrations.bindings('101')).toEqual([binding, second]);
    expect(await storage.registrations.allBindings(T0 + 1000)).toEqual([binding]);
    // The telephone was switched off and on: the next process, too, calls it where it is now.
    const before = {
      ...binding,
      contactUri: 'sip:z@192.0.2.1',
      expiresAt: binding.expiresAt - 1000,
    };
    await storage.registrations.replaceBindings('101', [before, binding]);
    expect((await storage.registrations.allBindings(T0 + 1000)).at(-1)).toEqual(binding);
    const renewed = { ...binding, expiresAt: T0 + 120_000 };
    await storage.registrations.replaceBindings('101', [renewed]);
    expect(await storage.registrations.bindings('101')).toEqual([renewed]);
    await storage.registrations.replaceBindings('101', []);
    expect(await storage.registrations.bindings('101')).toEqual([]);
  });
});

describe('the directory', () => {
  it('knows who was called and which trunk an address belongs to', async () => {
    const id = await applyCenter(storage);
    const { directory } = storage;
    expect(directory.subscriberOf(asId('+81301234567'))).toBe(id);
    expect(directory.did(asId('+81301234567'))).toMatchObject({ label: '代表' });
    expect(directory.did(asId('+81309999999'))).toBeNull();
    expect(directory.didsOf(id)).toHaveLength(1);
    expect(directory.settings()).toMatchObject({ name: 'みらい電話代行', ringNoAnswerSeconds: 12 });
    expect(directory.settings().maxWaitSeconds).toBe(60);
    const trunks = ['192.0.2.15', '::ffff:192.0.2.1', '2001:db8::5'];
    expect(trunks.map((address) => directory.trunkOf(address)?.key)).toEqual(
      trunks.map(() => 'carrier-a'),
    );
    for (const stranger of ['192.0.2.16', '2001:db9::1', 'nonsense', '']) {
      expect(directory.trunkOf(stranger)).toBeNull();
    }
  });

  it('shows a phone that is on the floor from the start', async () => {
    await applyCenter(storage);
    const phone = (await storage.callQueries.operators()).find((o) => o.key === 'phone-1');
    expect(phone).toMatchObject({ state: 'available', sipUsername: '101', deviceKind: 'sip' });
    const claimed = await storage.floor.claimLongestIdle({
      callId: asId('call_9'),
      excluded: [asId<OperatorId>('op_none')],
      registered: ['101'],
      now: T0,
    });
    expect(claimed?.key).toBe('phone-1');
  });
});
