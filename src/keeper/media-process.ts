import { rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock, Logger } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { childEnv } from '../config/index.ts';
import { compileCache } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { endLeftOver } from './left-over.ts';
import { readPidFile } from './process-identity.ts';
import { NODE_FLAGS, adoptProcess, keepPidFile, startProcess } from './running-process.ts';
import type { RunningProcess } from './running-process.ts';
import type { StopStep } from './stop-steps.ts';

/** The announcements that come with the product. */
const PROMPTS_DIR = fileURLToPath(new URL('../../prompts', import.meta.url));

export const MEDIA_STOP: readonly StopStep[] = [
  { signal: 'SIGTERM', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

/** The one argument of the media process, as JSON. */
export type MediaArgument = {
  controlSocket: string;
  rtpPorts: [from: number, to: number];
  webrtcPort: number;
  bindAddress: string;
  /** What SDP and candidates name, best first. */
  mediaAddresses: string[];
  promptsDir: string;
  logLevel: string;
};

type Options = { entry: string; config: Config; folder: DataFolder; clock: Clock; log: Logger };

/** Starts the media process, or goes on with the one a dead keeper left. */
export class MediaLauncher {
  readonly #options: Options;
  readonly #pidFile: string;
  readonly socket: string;

  constructor(options: Options) {
    this.#options = options;
    const { folder } = options;
    this.#pidFile = join(folder.runDir, 'media.json');
    const isShort = folder.socketParent !== folder.dir;
    this.socket = join(isShort ? folder.socketParent : folder.runDir, 'media.sock');
  }

  /** The WebRTC port a media process has that will be adopted. */
  portInUse(): number | undefined {
    const { webrtcPort } = this.#options.config.media;
    const running = readPidFile(this.#pidFile);
    const port = Number(running?.['webrtcPort'] ?? 0);
    if (!running || (webrtcPort !== 0 && webrtcPort !== port)) return undefined;
    return running['argument'] === this.#argument(port) ? port : undefined;
  }

  /** Before the ports are opened: one that serves other settings has to go. */
  async endForeign(): Promise<void> {
    if (this.portInUse() === undefined) await this.#endLeftOver();
  }

  async launch(webrtcPort: number): Promise<RunningProcess> {
    const { entry, clock, log } = this.#options;
    const argument = this.#argument(webrtcPort);
    const left = readPidFile(this.#pidFile);
    if (left && left['argument'] === argument) {
      log.info({ pid: left.pid }, 'adopted the running media process');
      return adoptProcess({ pid: left.pid, startedAt: left.startedAt }, clock);
    }
    await this.#endLeftOver();
    rmSync(this.socket, { force: true });
    const running = await startProcess(process.execPath, [...NODE_FLAGS.media, entry, argument], {
      env: childEnv({
        DENWABAN_INTERNAL: undefined,
        NODE_COMPILE_CACHE: compileCache(this.#options.folder),
      }),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    keepPidFile(this.#pidFile, running, { clock, log, more: { argument, webrtcPort } });
    return running;
  }

  #endLeftOver(): Promise<void> {
    const { entry, clock, log } = this.#options;
    const marks = [entry, JSON.stringify(this.socket)];
    return endLeftOver({ pidFile: this.#pidFile, marks, steps: MEDIA_STOP, clock, log });
  }

  #argument(webrtcPort: number): string {
    const { config } = this.#options;
    const argument: MediaArgument = {
      controlSocket: this.socket,
      rtpPorts: config.media.rtpPorts,
      webrtcPort,
      bindAddress: config.media.bind,
      mediaAddresses: mediaAddresses(config.media),
      promptsDir: PROMPTS_DIR,
      logLevel: config.logLevel,
    };
    return JSON.stringify(argument);
  }
}

/** The announced address, else the one bound, else every address of this machine, loopback last. */
function mediaAddresses({ address, bind }: Config['media']): string[] {
  if (address !== undefined) return [address];
  if (bind !== '0.0.0.0') return [bind];
  const all = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === 'IPv4');
  const outside = all.filter(({ internal }) => !internal).map((entry) => entry.address);
  return [...new Set([...outside, '127.0.0.1'])];
}
