import { asId, silentLogger } from '../../src/base/index.ts';
import type { CallId, E164, OperatorId, RecordingId, SubscriberId } from '../../src/base/index.ts';
import type { Clock } from '../../src/base/index.ts';
import { systemClock, systemRandom } from '../../src/base/system.ts';
import type { CallCommands, CallOperations, CallState, FloorEvent } from '../../src/calls/index.ts';
import { buildServer } from '../../src/http/index.ts';
import type { App, RecordingWav, ServerDeps } from '../../src/http/index.ts';
import { ApiTokens, People } from '../../src/people/index.ts';
import type { NewUser } from '../../src/people/index.ts';
import type { MessageEvent } from '../../src/messages/index.ts';
import { readNumber } from '../../src/subscribers/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { EventBus } from '../../src/app-event-bus.ts';
import { numberPlan } from '../../src/app-number-plan.ts';
import { testDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';
import { CENTER, putCall } from './storage-records.ts';

export const ORIGIN = 'http://localhost:8080';
export const PASSWORD = 'a-long-password';
export const API_TOKEN = 'api-token-of-at-least-24-characters';
export const CLI_TOKEN = 'cli-token-of-at-least-24-characters';

/** Two companies, so that there is always a foreign one. */
const OFFICE: typeof CENTER = {
  ...CENTER,
  subscribers: [
    ...CENTER.subscribers,
    {
      ...CENTER.subscribers[0]!,
      id: 'hoshi',
      name: '星印刷株式会社',
      numbers: [{ number: '+815001234567', label: '' }],
      contacts: [],
      mailRoutes: [],
      members: [],
    },
  ],
};

export type RigUser =
  'administrator' | 'supervisor' | 'operator' | 'other-operator' | 'member' | 'foreign-member';

/** Every command is noted and succeeds, unless a refusal is set. */
export class FakeCommands {
  readonly said: [name: string, ...args: unknown[]][] = [];
  refusal: Parameters<typeof Object.keys>[0] | null = null;
  get operations(): CallOperations {
    return this.port as unknown as CallOperations;
  }

  readonly port: CallCommands = new Proxy({} as CallCommands, {
    get:
      (_target, name) =>
      async (...args: unknown[]) => {
        this.said.push([String(name), ...args]);
        if (this.refusal !== null) return { ok: false, reason: this.refusal };
        const value =
          name === 'openAudio'
            ? { legId: 'leg_1', sdpAnswer: 'v=0' }
            : name === 'callBack'
              ? { callId: 'call_back' }
              : name === 'callAsCustomer'
                ? { callId: 'call_customer', sdpAnswer: 'v=0' }
                : null;
        return { ok: true, value };
      },
  });
}

export type HttpRig = {
  app: App;
  storage: Storage;
  database: TestDatabase;
  people: People;
  commands: FakeCommands;
  floor: EventBus<FloorEvent>;
  messageEvents: EventBus<MessageEvent>;
  subscriberId: SubscriberId;
  foreignSubscriberId: SubscriberId;
  operatorId: OperatorId;
  wav: { bytes: Uint8Array; reads: number };
  /** The session cookie of one of the rig's people, signed in on first use. */
  cookie(user: RigUser): Promise<string>;
  emailOf(user: RigUser): string;
  close(): Promise<void>;
};

export type RigOptions = {
  demo?: boolean;
  publicUrl?: string;
  clock?: Clock;
  users?: boolean;
  webRoot?: string;
  tls?: { certPath: string; keyPath: string };
};

/** The HTTP side on a real database, the engine played by a fake. */
export async function httpRig(options: RigOptions = {}): Promise<HttpRig> {
  const { demo = false, publicUrl = ORIGIN, clock = systemClock } = options;
  const database = await testDatabase();
  const parseNumber = (text: string): E164 | null => readNumber(text, numberPlan);
  const storage = database.open({ clock, parseNumber });
  const applied = await storage.center.apply(OFFICE);
  if (!applied.ok) throw new Error(JSON.stringify(applied.issues));
  const people = new People({
    database: storage.pool,
    secret: 'x'.repeat(40),
    publicUrl,
    tokens: new ApiTokens({
      api: API_TOKEN,
      cli: CLI_TOKEN,
      store: storage.apiTokens,
      clock,
      random: systemRandom,
    }),
    setupLinks: storage.setupLinks,
    clock,
    random: systemRandom,
  });
  const [own, foreign] = ['aozora', 'hoshi'].map(
    (key) => storage.directory.subscribers().find((one) => one.key === key)!.id,
  );
  const operators = await storage.callQueries.operators();
  const operatorId = operators.find(({ key }) => key === 'sato')!.id;
  const otherOperatorId = operators.find(({ key }) => key === 'phone-1')!.id;
  const users = usersOf(own!, foreign!, [operatorId, otherOperatorId]);
  if (options.users !== false) {
    for (const user of Object.values(users)) await people.createUser(user);
  }
  const commands = new FakeCommands();
  const floor = new EventBus<FloorEvent>(silentLogger);
  const messageEvents = new EventBus<MessageEvent>(silentLogger);
  const wav = { bytes: Uint8Array.from({ length: 1000 }, (_, i) => i % 251), reads: 0 };
  const deps: ServerDeps = {
    config: {
      http: {
        port: 8080,
        bind: '127.0.0.1',
        publicUrl,
        trustProxy: false,
        ...(options.tls && { tls: options.tls }),
      },
      mail: { from: 'denwaban@localhost' },
      timeZone: 'Asia/Tokyo',
      demo,
    },
    version: '0.0.0-test',
    bootId: 'boot_test',
    webRoot: options.webRoot ?? null,
    demoAccounts: [],
    clock,
    random: systemRandom,
    log: silentLogger,
    people,
    audit: storage.audit,
    commands: commands.port,
    operations: commands.operations,
    calls: storage.callQueries,
    floor,
    directory: storage.directory,
    numbers: numberPlan,
    messages: storage.messages,
    messageEvents,
    announce: (event) => messageEvents.publish(event),
    deliveries: storage.deliveries,
    wakeDelivery: () => undefined,
    mailbox: storage.mailbox,
    recordings: storage.recordings,
    recordingAudio: {
      open: async (): Promise<RecordingWav> => ({
        sizeBytes: wav.bytes.length,
        async *read(from, to) {
          wav.reads++;
          yield wav.bytes.subarray(from, to);
        },
      }),
      peaks: async () => ({ caller: [1, 2], operator: [3, 4] }),
    },
    center: storage.center,
    backup: storage.backup,
    readiness: async () => ({ database: { ready: true, detail: 'PostgreSQL' } }),
    trunks: () => [],
    trunkEvents: { subscribe: () => () => undefined },
    metrics: [],
  };
  const app = await buildServer(deps).catch(async (error: unknown) => {
    await database.drop();
    throw error;
  });
  const cookies = new Map<RigUser, Promise<string>>();
  return {
    app,
    storage,
    database,
    people,
    commands,
    floor,
    messageEvents,
    subscriberId: own!,
    foreignSubscriberId: foreign!,
    operatorId,
    wav,
    emailOf: (user) => users[user].email,
    async cookie(user) {
      const known = cookies.get(user) ?? signIn(people, users[user].email);
      cookies.set(user, known);
      return known;
    },
    async close() {
      await app.close();
      await database.drop();
    },
  };
}

function usersOf(
  own: SubscriberId,
  foreign: SubscriberId,
  [operatorId, otherOperatorId]: OperatorId[],
): Record<RigUser, NewUser> {
  const person = (
    name: string,
    role: NewUser['role'],
    place: { subscriberId?: SubscriberId; operatorId?: OperatorId | undefined } = {},
  ): NewUser => ({
    name,
    role,
    email: `${name}@people.example.jp`,
    password: PASSWORD,
    subscriberId: place.subscriberId ?? null,
    operatorId: place.operatorId ?? null,
  });
  return {
    administrator: person('administrator', 'administrator'),
    supervisor: person('supervisor', 'supervisor'),
    operator: person('operator', 'operator', { operatorId }),
    'other-operator': person('other-operator', 'operator', { operatorId: otherOperatorId }),
    member: person('member', 'member', { subscriberId: own }),
    'foreign-member': person('foreign-member', 'member', { subscriberId: foreign }),
  };
}

async function signIn(people: People, email: string): Promise<string> {
  const outcome = await people.signIn({
    email,
    password: PASSWORD,
    address: '192.0.2.1',
    userAgent: 'test',
  });
  if (!outcome.ok) throw new Error(`${email} cannot sign in: ${outcome.reason}`);
  return cookieHeader(outcome.setCookies);
}

/** What a browser would send back. */
export function cookieHeader(setCookies: string[]): string {
  return setCookies.map((value) => value.split(';')[0]).join('; ');
}

/** An answered call of a subscriber, stored, with its recording. */
export async function storeCall(
  rig: HttpRig,
  number: number,
  change: { subscriberId: SubscriberId | null; state?: Partial<CallState> },
): Promise<{ callId: CallId; recordingId: RecordingId }> {
  const callId = asId<CallId>(`call_rig${number}`);
  const recordingId = asId<RecordingId>(`rec_rig${number}`);
  const arrivedAt = Date.now();
  await putCall(rig.storage, callId, {
    phase: 'talking',
    arrivedAt,
    answeredAt: arrivedAt,
    called: {
      subscriberId: change.subscriberId,
      did: asId('+81301234567'),
      dialedNumber: '0301234567',
      how: 'request-uri',
      certainty: 'certain',
    },
    callerLeg: { id: asId(`leg_rig${number}`), kind: 'sip', answered: true, gone: false },
    operator: {
      operatorId: rig.operatorId,
      legId: asId('leg_operator'),
      device: { kind: 'browser', legId: asId('leg_operator') },
      audio: 'up',
    },
    answeredBy: rig.operatorId,
    recordingId,
    timers: {},
    ...change.state,
  });
  await rig.storage.recordings.begin({
    id: recordingId,
    callId,
    subscriberId: change.subscriberId,
    path: `${recordingId}.dwr`,
    startedAt: arrivedAt,
    endedAt: null,
    seconds: 0,
    state: 'recording',
  });
  return { callId, recordingId };
}
