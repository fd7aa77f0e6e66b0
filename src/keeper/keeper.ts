import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deferred } from '../base/index.ts';
import type { Clock, Logger } from '../base/index.ts';
import { userRuntimeDir } from '../config/index.ts';
import type { Config } from '../config/index.ts';
import { APP_STOP, endOldApp, launchApp } from './app-process.ts';
import { claimDataFolder, openDataFolder } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { EmbeddedPostgres, POSTGRES_STOP } from './embedded-postgres.ts';
import { openListeners } from './listeners.ts';
import type { Listeners } from './listeners.ts';
import { MEDIA_STOP, MediaLauncher } from './media-process.ts';
import { Supervised } from './supervised.ts';
import { systemCalls } from './system-calls.ts';

export type KeeperOptions = {
  config: Config;
  /** The programs to run: absolute paths of the app's and the media process's entry files. */
  entries: { app: string; media: string };
  clock: Clock;
  log: Logger;
};

/** Parent of PostgreSQL, the media process and the app; owner of the listening sockets. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #children: { app?: Supervised; media?: Supervised; postgres?: Supervised } = {};
  readonly #fatal = deferred<string>();
  #folder: DataFolder | undefined;
  #listeners: Listeners | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Settles when a child ended in a way no restart mends; the keeper is to be stopped then. */
  get fatal(): Promise<string> {
    return this.#fatal.promise;
  }

  /** Resolves when everything is started; throws `AppError` with a sentence for people. */
  async start(): Promise<void> {
    const { config, clock, log, entries } = this.#options;
    const calls = systemCalls();
    const folder = openDataFolder(config.data.dir, userRuntimeDir());
    claimDataFolder(folder, calls);
    this.#folder = folder;
    const media = new MediaLauncher({ entry: entries.media, config, folder, clock, log });
    await endOldApp(entries.app, folder, clock, log);
    await media.endForeign();
    const listeners = await openListeners(config, calls, media.portInUse());
    this.#listeners = listeners;
    if (listeners.fds.length === 0) log.warn({}, 'the app opens its own sockets on this system');
    const { databaseUrl, postgres } = this.#database(folder);
    this.#writePorts(folder, listeners, databaseUrl);
    await Promise.all([
      this.#supervise('media', () => media.launch(listeners.ports.webrtc)),
      postgres && this.#supervise('postgres', (signal) => postgres.launch(signal)),
    ]);
    const { demo } = config;
    const mediaSocket = media.socket;
    await this.#supervise('app', () =>
      launchApp({
        ...{ entry: entries.app, folder, listeners, mediaSocket, databaseUrl, demo },
        ...{ clock, log },
      }),
    );
  }

  /** App, media, PostgreSQL, in this order. Asked again, it does not wait for calls to end. */
  stop(): Promise<void> {
    if (this.#stopped) {
      this.#children.app?.hurry();
      return this.#stopped;
    }
    this.#stopped = this.#stop();
    return this.#stopped;
  }

  #database(folder: DataFolder): { databaseUrl: string; postgres?: EmbeddedPostgres } {
    const { config, clock, log } = this.#options;
    if (config.database.kind === 'server') return { databaseUrl: config.database.url };
    const postgres = new EmbeddedPostgres(folder, clock, log);
    return { databaseUrl: postgres.url, postgres };
  }

  async #supervise(
    name: 'app' | 'media' | 'postgres',
    launch: ConstructorParameters<typeof Supervised>[0]['launch'],
  ): Promise<void> {
    if (this.#stopped) return;
    const { clock, log } = this.#options;
    const onFatal = (ended: string): void => this.#fatal.resolve(`${name} ended with ${ended}`);
    const child = new Supervised({ name, launch, clock, log, onFatal });
    this.#children[name] = child;
    await child.start();
  }

  async #stop(): Promise<void> {
    await this.#children.app?.stop(APP_STOP);
    await this.#children.media?.stop(MEDIA_STOP);
    await this.#children.postgres?.stop(POSTGRES_STOP);
    this.#listeners?.close();
    if (this.#folder) this.#tidy(this.#folder);
  }

  #writePorts(folder: DataFolder, listeners: Listeners, databaseUrl: string): void {
    const { config } = this.#options;
    const ports = {
      ...listeners.ports,
      rtp: config.media.rtpPorts,
      ...(config.database.kind === 'embedded' && { databaseUrl }),
    };
    writeFileSync(join(folder.runDir, 'ports.json'), JSON.stringify(ports));
  }

  #tidy({ dir, runDir, socketParent }: DataFolder): void {
    for (const name of ['app.json', 'media.json', 'postgres.json', 'ports.json', 'keeper.json']) {
      rmSync(join(runDir, name), { force: true });
    }
    if (socketParent !== dir) rmSync(socketParent, { recursive: true, force: true });
  }
}
