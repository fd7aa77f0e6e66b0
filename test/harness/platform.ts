import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledTogether, makeReady } from './ready-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export type PlatformOptions = {
  /** More `DENWABAN_*` variables, or other values. */
  env?: Record<string, string>;
  /** Starts on an existing data folder, which `stop` then leaves there. */
  dataDir?: string;
  /** The folder it made stays when it is stopped. */
  keepsData?: boolean;
  demo?: boolean;
  /** Address everything binds to; 127.0.0.1 unless told. */
  bind?: string;
  /** Words before the command: `ip netns exec NAME`. */
  prefix?: readonly string[];
};

/** `more`: variables besides those of the first start. */
/** Characters of what the product printed. */
const OUTPUT_KEPT = 4_000_000;

type StartKeeper = (more: Record<string, string>) => ChildProcess;

export type ApiAnswer<T = unknown> = { status: number; body: T };

/** The whole product, as `npm start` runs it: keeper, PostgreSQL, media process and app. */
export class Platform {
  readonly dataDir: string;
  readonly token: string;
  readonly bind: string;
  #keeper: ChildProcess;
  readonly #start: StartKeeper;
  readonly #ownsDir: boolean;
  readonly #scheme: 'http' | 'https';
  #output = '';

  constructor(
    start: StartKeeper,
    facts: {
      dataDir: string;
      token: string;
      bind: string;
      ownsDir: boolean;
      scheme: 'http' | 'https';
    },
  ) {
    this.#start = start;
    this.#keeper = this.#startKeeper({});
    this.dataDir = facts.dataDir;
    this.token = facts.token;
    this.bind = facts.bind;
    this.#ownsDir = facts.ownsDir;
    this.#scheme = facts.scheme;
  }

  #startKeeper(more: Record<string, string>): ChildProcess {
    const keeper = this.#start(more);
    for (const stream of [keeper.stdout, keeper.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => {
        this.#output += text;
        // Seldom: cutting copies all of it, and a load that shares this process would pay for that.
        if (this.#output.length > 2 * OUTPUT_KEPT) this.#output = this.#output.slice(-OUTPUT_KEPT);
      });
    }
    return keeper;
  }

  /** `npm start` after the keeper was killed: the same settings and the ports of before. */
  startAgain(): void {
    const { http, sip, webrtc } = this.ports;
    this.#keeper = this.#startKeeper({
      DENWABAN_HTTP_PORT: String(http),
      DENWABAN_SIP_PORT: String(sip),
      DENWABAN_WEBRTC_PORT: String(webrtc),
    });
  }

  /** The exit code, once the keeper has ended. */
  get ended(): Promise<number | null> {
    if (this.#keeper.exitCode !== null) return Promise.resolve(this.#keeper.exitCode);
    return new Promise((resolve) => this.#keeper.once('exit', (code) => resolve(code)));
  }

  get exitCode(): number | null {
    return this.#keeper.exitCode;
  }

  /** Everything the product printed so far. */
  get output(): string {
    return this.#output;
  }

  get ports(): { http: number; sip: number; webrtc: number } {
    const text = readFileSync(join(this.dataDir, 'run', 'ports.json'), 'utf8');
    return JSON.parse(text) as { http: number; sip: number; webrtc: number };
  }

  /** The first even ports that telephone legs may get. */
  rtpPorts(count: number): number[] {
    const text = readFileSync(join(this.dataDir, 'run', 'media.json'), 'utf8');
    const { argument } = JSON.parse(text) as { argument: string };
    const [from] = (JSON.parse(argument) as { rtpPorts: [number, number] }).rtpPorts;
    return Array.from({ length: count }, (_, place) => from + 2 * place);
  }

  get url(): string {
    return `${this.#scheme}://${this.bind === '127.0.0.1' ? 'localhost' : this.bind}:${this.ports.http}`;
  }

  /** A REST call as administrator; `operatorId` acts for an operator. */
  api<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    operatorId?: string,
  ): Promise<ApiAnswer<T>> {
    return this.#ask(fetchAgain, { method, path, body, operatorId });
  }

  /** Like `api`, for what must not be heard twice: throws where the answer was lost. */
  apiOnce<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    operatorId?: string,
  ): Promise<ApiAnswer<T>> {
    return this.#ask(fetch, { method, path, body, operatorId });
  }

  async #ask<T>(
    send: (url: string, init: RequestInit) => Promise<Response>,
    what: { method: string; path: string; body: unknown; operatorId: string | undefined },
  ): Promise<ApiAnswer<T>> {
    const { method, path, body, operatorId } = what;
    const response = await send(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(operatorId === undefined ? {} : { 'denwaban-operator': operatorId }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, body: (isJson ? JSON.parse(text) : text) as T };
  }

  pidOf(name: 'app' | 'media' | 'postgres'): number {
    const text = readFileSync(join(this.dataDir, 'run', `${name}.json`), 'utf8');
    return (JSON.parse(text) as { pid: number }).pid;
  }

  get keeperPid(): number {
    return this.#keeper.pid ?? 0;
  }

  kill(name: 'app' | 'media' | 'postgres', signal: NodeJS.Signals = 'SIGKILL'): number {
    const pid = this.pidOf(name);
    process.kill(pid, signal);
    return pid;
  }

  killKeeper(): void {
    this.#keeper.kill('SIGKILL');
  }

  /** What a killed keeper has left running. */
  #endOrphans(): void {
    for (const name of ['app', 'media', 'postgres'] as const) {
      try {
        this.kill(name);
      } catch {
        // It was not there.
      }
    }
  }

  async untilReady(timeoutMs = 60_000): Promise<void> {
    const ready = async (): Promise<boolean> => {
      if (this.#keeper.exitCode !== null) throw new Error(`did not start:\n${this.#output}`);
      try {
        return (await fetch(`${this.url}/readyz`)).status === 200;
      } catch {
        return false;
      }
    };
    await until(ready, timeoutMs, () => `not ready:\n${this.#output.slice(-6000)}`);
  }

  /** Orderly stop; the data folder goes too when this platform made it. */
  async stop(): Promise<void> {
    if (this.#keeper.exitCode === null && this.#keeper.signalCode === null) {
      const gone = new Promise((resolve) => this.#keeper.once('exit', resolve));
      this.#keeper.kill('SIGTERM');
      const hurry = setTimeout(() => this.#keeper.kill('SIGTERM'), 3_000);
      await gone;
      clearTimeout(hurry);
    } else if (this.#keeper.exitCode !== 0) this.#endOrphans();
    if (this.#ownsDir) rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Started, its ports chosen, and ready for work. */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const platform = await launchPlatform(options);
  try {
    await platform.untilReady();
    return platform;
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

/** Started, its ports chosen; whether it gets ready is the caller's to see. */
export async function launchPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const ownsDir = options.dataDir === undefined;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'denwaban-test-'));
  // The database may run as another user, who has to get through.
  if (ownsDir) {
    chmodSync(dataDir, 0o755);
    makeReady(dataDir);
  }
  const removes = ownsDir && options.keepsData !== true;
  const token = randomBytes(24).toString('hex');
  const bind = options.bind ?? '127.0.0.1';
  const command = [...(options.prefix ?? []), process.execPath, 'src/keeper/main.ts'];
  const [program = '', ...args] = command;
  const env = {
    ...withoutSettings(process.env),
    ...compiledTogether(),
    DENWABAN_ENV_FILE: '/dev/null',
    DENWABAN_DATA_DIR: dataDir,
    DENWABAN_BIND: bind,
    DENWABAN_HTTP_PORT: '0',
    DENWABAN_SIP_PORT: '0',
    DENWABAN_WEBRTC_PORT: '0',
    DENWABAN_RTP_PORTS: await freeRange(),
    DENWABAN_API_TOKEN: token,
    DENWABAN_DEMO: String(options.demo ?? false),
    ...options.env,
  };
  const start: StartKeeper = (more) =>
    spawn(program, args, {
      ...{ cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, ...more } },
    });
  const scheme = options.env?.['DENWABAN_TLS_CERT'] === undefined ? 'http' : 'https';
  const platform = new Platform(start, { dataDir, token, bind, ownsDir: removes, scheme });
  try {
    await until(
      () => {
        if (platform.exitCode !== null) throw new Error(`did not start:\n${platform.output}`);
        try {
          return Promise.resolve(platform.ports.http > 0);
        } catch {
          return Promise.resolve(false);
        }
      },
      60_000,
      () => platform.output,
    );
  } catch (error) {
    await platform.stop();
    throw error;
  }
  return platform;
}

/** A test that reckons for seconds finds its kept connection closed by the server: once more, then. */
async function fetchAgain(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const isClosed = cause instanceof Error && 'code' in cause && cause.code === 'UND_ERR_SOCKET';
    if (!isClosed) throw error;
    return fetch(url, init);
  }
}

/** Polls until `condition` holds; fails with what `explain` says. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  timeoutMs: number,
  explain: () => string = () => 'condition not met',
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`after ${timeoutMs} ms: ${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !name.startsWith('DENWABAN_') || name.startsWith('DENWABAN_TEST_'),
    ),
  );
}

/**
 * Two thousand UDP ports whose first is free now; suites run side by side. Below the ports that the
 * system gives away for 0 (from 32768 on Linux), where SIP and WebRTC get theirs.
 */
async function freeRange(): Promise<string> {
  for (;;) {
    const from = 20_000 + 2 * Math.floor(Math.random() * 5_000);
    const isFree = await new Promise<boolean>((resolve) => {
      const probe = createSocket('udp4');
      probe.once('error', () => resolve(false));
      probe.bind(from, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (isFree) return `${from}-${from + 1_999}`;
  }
}
