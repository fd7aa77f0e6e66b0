import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, sleep, toError } from './base/index.ts';
import type { Logger, Timer } from './base/index.ts';
import { systemClock, systemRandom } from './base/system.ts';
import type { FloorEvent } from './calls/index.ts';
import type { Config, Internal } from './config/index.ts';
import type { OutboxWorker } from './delivery/index.ts';
import { buildServer, listen, openWaitingServer } from './http/index.ts';
import type { App as HttpApp, Readiness, ServerDeps, WaitingServer } from './http/index.ts';
import type { MessageEvent } from './messages/index.ts';
import { ApiTokens, People, loadSecretFile, writeCliToken } from './people/index.ts';
import { createRecordingAudio, removeOldRecordings } from './recordings/index.ts';
import type { RetentionOptions } from './recordings/index.ts';
import { openStorage } from './storage/index.ts';
import type { TrunkStatus } from './subscribers/index.ts';
import type { Storage } from './storage/index.ts';
import { buildDelivery } from './app-delivery.ts';
import { DiskWatch } from './app-disk.ts';
import { loadDemo, readDemo } from './app-demo.ts';
import type { Demo } from './app-demo.ts';
import { EventBus } from './app-event-bus.ts';
import { createMessageDesk } from './app-message-desk.ts';
import { telephonyMetrics } from './app-metrics.ts';
import { numberPlan } from './app-number-plan.ts';
import { trunkMetrics, trunkReadiness } from './app-trunks.ts';
import { buildTelephony } from './app-telephony.ts';
import type { Telephony } from './app-telephony.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Between tries to reach the database: this long at first, twice as long each time, then this. */
const DATABASE_RETRY_MS = { first: 500, longest: 10_000 } as const;
/** Between two removals of what has outlived its use. */
const TIDY_INTERVAL_MS = 60 * 60_000;
/** How long running calls may take to end by themselves at an orderly stop. */
const DRAIN_MS = 25_000;

/** The app process: everybody introduced to everybody. */
export class App {
  readonly #config: Config;
  readonly #internal: Internal;
  readonly #log: Logger;
  readonly #bootId = randomBytes(8).toString('hex');
  #storage: Storage | null = null;
  #telephony: Telephony | null = null;
  #delivery: OutboxWorker | null = null;
  #server: HttpApp | null = null;
  #tidying: Timer | null = null;
  #disk: DiskWatch | null = null;
  #leaving: Promise<void> | undefined;
  readonly #demo: Demo | null;

  constructor(config: Config, internal: Internal, log: Logger) {
    this.#config = config;
    this.#internal = internal;
    this.#log = log;
    this.#demo = config.demo ? readDemo(ROOT) : null;
  }

  async start(): Promise<void> {
    const [config, log] = [this.#config, this.#log];
    const storage = openStorage({
      address: { connectionString: this.#internal.databaseUrl },
      log,
      clock: systemClock,
      parseNumber: (text) => numberPlan.toE164(text, 'JP'),
      trunkKey: await loadSecretFile(config.data.dir, 'trunk-key', systemRandom),
    });
    this.#storage = storage;
    await this.#prepareDatabase(storage);
    const floor = new EventBus<FloorEvent>(log);
    this.#disk = new DiskWatch({
      ...{ dataDir: config.data.dir, clock: systemClock, log, events: floor },
    });
    const messageEvents = new EventBus<MessageEvent>(log);
    const trunkEvents = new EventBus<TrunkStatus>(log);
    const delivery = buildDelivery({ config, storage, log, messageEvents });
    this.#delivery = delivery;
    const announce = (event: MessageEvent): void => {
      messageEvents.publish(event);
      delivery.nudge();
    };
    const messages = createMessageDesk({
      clock: systemClock,
      random: systemRandom,
      store: storage.messages,
      numbers: numberPlan,
      announce,
    });
    const telephony = await buildTelephony({
      config,
      internal: this.#internal,
      bootId: this.#bootId,
      clock: systemClock,
      random: systemRandom,
      log,
      storage,
      events: floor,
      messages,
      isAttended: (operatorId) => this.#server?.isAttended(operatorId) ?? false,
      onTrunk: (status) => trunkEvents.publish(status),
    });
    this.#telephony = telephony;
    const cliToken = await writeCliToken(this.#internal.runDir, {
      ...{ random: systemRandom, clock: systemClock, log },
    });
    const people = await this.#people(storage, cliToken);
    const server = await buildServer({
      ...this.#serverDeps(storage, telephony, people),
      floor,
      messageEvents,
      trunkEvents,
      announce,
      wakeDelivery: () => delivery.nudge(),
    });
    this.#server = server;
    await telephony.start();
    delivery.start();
    await this.#disk.start();
    this.#tidy(storage);
    // Before anybody can ask: the sign-in page offers the demonstration's accounts.
    if (this.#demo !== null) await loadDemo({ server, demo: this.#demo, cliToken, log });
    const { httpFd } = this.#internal;
    await listen(
      server,
      httpFd === undefined ? { host: config.http.bind, port: config.http.port } : { fd: httpFd },
    );
    log.info({ port: config.http.port, sip: config.sip.port }, 'ready');
    await this.#greet(people);
  }

  /** `drain` lets calls end, `end` ends them, `hand-over` leaves them to the next app. */
  async stop(how: 'drain' | 'end' | 'hand-over'): Promise<void> {
    if (this.#leaving === undefined) this.#leaving = this.#leave(how);
    else if (how === 'end') await this.#telephony?.engine.drain(0);
    await this.#leaving;
  }

  async #leave(how: 'drain' | 'end' | 'hand-over'): Promise<void> {
    if (how !== 'hand-over') await this.#telephony?.engine.drain(how === 'drain' ? DRAIN_MS : 0);
    this.#tidying?.cancel();
    this.#disk?.stop();
    await this.#delivery?.stop();
    await this.#server?.close();
    await this.#telephony?.close({ keepRegistrations: how === 'hand-over' });
    await this.#storage?.close();
  }

  /** The process stays up while the database is away or refuses us, and says so in `/readyz`. */
  async #prepareDatabase(storage: Storage): Promise<void> {
    let waiting: WaitingServer | null = null;
    try {
      for (let delayMs: number = DATABASE_RETRY_MS.first; ; delayMs *= 2) {
        try {
          await storage.migrate();
          await storage.directory.reload();
          return;
        } catch (thrown) {
          if (!mayHeal(thrown)) throw thrown;
          const { message } = thrown;
          this.#log.error({ err: thrown }, `${message} Trying again.`);
          if (waiting === null) process.stderr.write(`${message}\n`);
          waiting ??= await this.#openWaitingServer();
          waiting.say(message);
          await sleep(systemClock, Math.min(delayMs, DATABASE_RETRY_MS.longest));
        }
      }
    } finally {
      await waiting?.close();
    }
  }

  #openWaitingServer(): Promise<WaitingServer> {
    const { bind: host, port, tls } = this.#config.http;
    const { httpWaitingFd: fd } = this.#internal;
    return openWaitingServer(fd === undefined ? { host, port } : { fd }, { tls, log: this.#log });
  }

  #tidy(storage: Storage): void {
    const removed = [storage.tidy(), this.#removeOldRecordings(storage)];
    for (const job of removed) {
      job.catch((thrown: unknown) => {
        this.#log.error({ err: toError(thrown) }, 'tidying failed');
      });
    }
    this.#tidying = systemClock.setTimer(TIDY_INTERVAL_MS, () => this.#tidy(storage));
  }

  async #removeOldRecordings(storage: Storage): Promise<void> {
    const { data, recordings } = this.#config;
    if (recordings.keptDays === null) return;
    const options = {
      folder: join(data.dir, 'recordings'),
      store: storage.recordings,
      clock: systemClock,
      log: this.#log,
      audit: ({ id, subscriberId, at }) =>
        storage.audit.append({
          at,
          actorId: null,
          actorName: 'retention',
          action: 'recording.removed',
          subjectType: 'recording',
          subjectId: id,
          detail: { subscriberId: subscriberId ?? '' },
        }),
    } satisfies RetentionOptions;
    await removeOldRecordings(options, recordings.keptDays);
  }

  async #people(storage: Storage, cliToken: string): Promise<People> {
    const config = this.#config;
    return new People({
      database: storage.pool,
      secret: await loadSecretFile(config.data.dir, 'session-secret', systemRandom),
      publicUrl: config.http.publicUrl,
      tokens: new ApiTokens({
        api: config.apiToken,
        cli: cliToken,
        store: storage.apiTokens,
        clock: systemClock,
        random: systemRandom,
      }),
      setupLinks: storage.setupLinks,
      clock: systemClock,
      random: systemRandom,
    });
  }

  #serverDeps(
    storage: Storage,
    telephony: Telephony,
    people: People,
  ): Omit<ServerDeps, 'floor' | 'messageEvents' | 'trunkEvents' | 'announce' | 'wakeDelivery'> {
    const config = this.#config;
    const { engine, desk, operations, trunks } = telephony;
    return {
      config,
      version: versionOfProduct(),
      bootId: this.#bootId,
      webRoot: join(ROOT, 'dist', 'web'),
      demoAccounts: this.#demo?.accounts ?? [],
      clock: systemClock,
      random: systemRandom,
      log: this.#log,
      people,
      audit: storage.audit,
      commands: desk,
      operations,
      calls: storage.callQueries,
      directory: storage.directory,
      numbers: numberPlan,
      messages: storage.messages,
      deliveries: storage.deliveries,
      mailbox: config.mail.smtpUrl === undefined ? storage.mailbox : null,
      recordings: storage.recordings,
      recordingAudio: createRecordingAudio(join(config.data.dir, 'recordings')),
      center: {
        export: () => storage.center.export(),
        apply: async (spec) => {
          const outcome = await storage.center.apply(spec);
          await trunks.sync();
          engine.wakeWaiting(null);
          return outcome;
        },
      },
      backup: {
        take: () => storage.backup.take(),
        restore: async (bytes, how) => {
          const result = await storage.backup.restore(bytes, how);
          await trunks.sync();
          return result;
        },
      },
      readiness: () => this.#readiness(storage, telephony),
      trunks: () => trunks.statuses(),
      metrics: [
        () => telephonyMetrics(telephony),
        () => trunkMetrics(trunks.statuses()),
        () => this.#disk?.metrics() ?? [],
      ],
    };
  }

  async #readiness(storage: Storage, { media, engine, trunks }: Telephony): Promise<Readiness> {
    const found = await media.inventory();
    return {
      database: await storage.health(),
      media: {
        ready: found.ok,
        detail: found.ok ? `${found.value.legs.length} legs` : 'the media process is away',
      },
      sip: {
        ready: engine.acceptsCalls,
        detail: this.#internal.sipUdpFd === undefined ? 'own socket' : 'inherited socket',
      },
      trunks: trunkReadiness(trunks.statuses()),
      ...(this.#disk && { disk: this.#disk.readiness() }),
    };
  }

  /** What a person at the terminal needs next. */
  async #greet(people: People): Promise<void> {
    const { publicUrl } = this.#config.http;
    const { port } = this.#config.sip;
    const token = await people.issueSetupToken();
    const lines = [
      '',
      `  Denwaban (電話番) is ready: ${publicUrl}`,
      ...(token === null
        ? []
        : [
            `  First administrator (works once, for one hour): ${publicUrl}/setup?token=${token}`,
            '  Another link: npm run denwaban -- first-admin',
          ]),
      ...(this.#config.demo
        ? [
            `  Try it: operator ${publicUrl}/console in one tab, caller ${publicUrl}/customer in another`,
          ]
        : [
            '  An office to try: npm start -- --demo, or npm run denwaban -- apply examples/center.yaml',
          ]),
      '  Test call by SIP: npm run denwaban -- call NUMBER, or a SIP phone or trunk that calls one of',
      `  your numbers at UDP port ${port} from an address that a trunk of the office has`,
      '',
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

/** A server that refuses the sign-in may be put right while we wait; a wrong schema may not. */
function mayHeal(thrown: unknown): thrown is AppError {
  if (!(thrown instanceof AppError)) return false;
  return thrown.retryable || thrown.code === 'database-refused';
}

function versionOfProduct(): string {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
