import { asId } from '../../src/base/index.ts';
import type { MessageId, SubscriberId } from '../../src/base/index.ts';
import { DEFAULT_CALL_SETTINGS, arrive } from '../../src/calls/index.ts';
import type { CallState } from '../../src/calls/index.ts';
import type { StoredCall } from '../../src/engine/index.ts';
import type { Message } from '../../src/messages/index.ts';
import type { CenterSpec, Storage } from '../../src/storage/index.ts';
import { DEFAULT_RELAY_RULES } from '../../src/subscribers/index.ts';

export const T0 = Date.parse('2026-11-24T05:05:00.123Z');

export const CENTER: CenterSpec = {
  version: 1,
  name: 'みらい電話代行',
  settings: { ringNoAnswerSeconds: 12 },
  trunks: [
    {
      id: 'carrier-a',
      name: '回線A',
      addresses: ['192.0.2.0/28', '2001:db8::/64'],
      mediaNetworks: ['198.51.100.0/24'],
      dialedNumberFrom: 'request-uri',
      trustAssertedIdentity: true,
    },
    {
      id: 'carrier-b',
      name: '回線B',
      addresses: [],
      mediaNetworks: [],
      dialedNumberFrom: 'to',
      trustAssertedIdentity: true,
      register: {
        registrars: ['sip:carrier.example.jp', 'sip:198.51.100.7:5070'],
        username: '0301234567',
        password: 'geheim-carrier',
        transport: 'tcp',
        expiresSeconds: 600,
      },
      outbound: {
        transport: 'tcp',
        priority: 5,
        callerId: {
          format: 'national',
          from: 'account',
          assertedIdentity: true,
          privacy: false,
          diversion: false,
          fallbackNumber: '+81301234567',
        },
      },
      probeSeconds: 30,
      maxCalls: 12,
    },
  ],
  subscribers: [
    {
      id: 'aozora',
      name: '株式会社あおぞら',
      kana: 'カブシキガイシャアオゾラ',
      greeting: 'お電話ありがとうございます。株式会社あおぞらでございます。',
      greetingKana: '',
      note: '',
      timeZone: 'Asia/Tokyo',
      relay: DEFAULT_RELAY_RULES,
      numbers: [{ number: '+81301234567', label: '代表' }],
      contacts: [
        {
          id: 'yamada',
          name: '山田 太郎',
          kana: 'ヤマダ タロウ',
          title: '営業部長',
          phone: '+819001234567',
          email: 'yamada@example.jp',
        },
        { id: 'suzuki', name: '鈴木 花子', kana: '', title: '', phone: null, email: null },
      ],
      mailRoutes: [{ to: ['yamada'], when: 'always' }],
      members: [{ email: 'member@example.jp', name: '山田 太郎' }],
    },
  ],
  operators: [
    { id: 'sato', name: '佐藤', device: { kind: 'browser' }, role: 'operator' },
    {
      id: 'phone-1',
      name: '固定電話1',
      device: {
        kind: 'sip',
        username: '101',
        password: 'geheim-101',
        autoAnswer: true,
        available: true,
      },
      role: 'operator',
    },
  ],
};

/** The office above, applied. */
export async function applyCenter(storage: Storage): Promise<SubscriberId> {
  const outcome = await storage.center.apply(CENTER);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues));
  const [subscriber] = storage.directory.subscribers();
  if (!subscriber) throw new Error('no subscriber');
  return subscriber.id;
}

export function message(number: number, change: Partial<Message> = {}): Message {
  const id = String(number).padStart(4, '0');
  return {
    id: asId<MessageId>(`msg_${id}`),
    receiptNumber: `R${id}`,
    callId: asId(`call_${id}`),
    subscriberId: null,
    kind: 'taken',
    fields: {
      company: '髙島商事',
      name: 'サトウ',
      phone: '03-0123-9999',
      body: 'ﾒｰﾙを送りました。100%確認_ください。',
    },
    contactId: null,
    callerNumber: '+81301239999',
    withheld: null,
    operatorId: null,
    operatorName: '佐藤',
    arrivedAt: T0 + number * 1000,
    sentAt: T0 + number * 1000 + 500,
    handledAt: null,
    handledBy: null,
    ...change,
  };
}

/** A call that has just arrived from 090-0123-4567, with what a test changes of it. */
export function callState(id: string, change: Partial<CallState> = {}): CallState {
  const { state } = arrive(
    {
      id: asId(id),
      callerLegId: asId(`leg_${id}`),
      callerLegKind: 'sip',
      caller: {
        number: asId('+819001234567'),
        rawNumber: null,
        displayName: null,
        withheld: null,
        international: false,
      },
      called: {
        subscriberId: asId('sub_1'),
        did: asId('+81301234567'),
        dialedNumber: '0301234567',
        how: 'request-uri',
        certainty: 'certain',
      },
      trunkId: null,
    },
    { now: T0, settings: DEFAULT_CALL_SETTINGS, newRecordingId: asId('rec_1') },
  );
  return { ...state, ...change };
}

export function storedCall(state: CallState, change: Partial<StoredCall> = {}): StoredCall {
  return { state, legs: [], pendingEffects: [], owner: 'boot-1', ...change };
}

/** The call as it stands in the database, also over one of this identity that is there. */
export async function putCall(
  storage: Storage,
  id: string,
  change: Partial<CallState> = {},
): Promise<void> {
  const call = storedCall(callState(id, change));
  await storage.calls.insert(call, { from: 'none', event: 'arrived', at: T0 });
}
